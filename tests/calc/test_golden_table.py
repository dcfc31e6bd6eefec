"""The golden table in a running Calc: the same answers as in every other host, except where Calc cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS
from tests.golden.golden import Case, differences, load

from .office import Office
from .sheets import Worksheet

BY_FUNCTION = {name: [case for case in load() if case.function == name] for name in FUNCTIONS}


def why_different(case: Case) -> str:
    """Return the reason why Calc's answer to a call is another one, an empty text where it must be the same."""
    ranges = [cell for each in case.arguments if isinstance(each, list) for row in each for cell in row]
    singles = [each for each in case.arguments if not isinstance(each, list)]
    if any(isinstance(cell, CellError) for cell in ranges):
        return "Calc refuses a range with an error value (Err:504) without calling the function"
    if any(isinstance(cell, bool) for cell in [*ranges, *singles]):
        return "Calc hands TRUE and FALSE over as 1 and 0"
    if any(each is None or each in ([[None]], [[""]]) for each in case.arguments):
        return "Calc hands a single blank cell over as 0"
    if len(case.arguments) > len(FUNCTIONS[case.function].parameters):
        return "Calc refuses too many arguments itself (Err:504)"
    return ""


@pytest.fixture(scope="module")
def sheet(office: Office) -> Iterator[Worksheet]:
    """Open a document for calls."""
    opened = Worksheet(office)
    yield opened
    opened.close()


@pytest.mark.parametrize("function", list(FUNCTIONS))
def test_calc_gives_the_answers_of_the_table(sheet, function):
    """Every call of a function, as a formula in a sheet, gives the answer of the table."""
    cases = [case for case in BY_FUNCTION[function] if not why_different(case)]
    answers = sheet.calls([(case.function, case.arguments, case.result) for case in cases])
    wrong = [
        f"{case.id}: {text}"
        for case, answer in zip(cases, answers, strict=True)
        for text in differences(answer, case.result, flags_are_numbers=True)
    ]
    assert wrong == []


def test_the_listed_differences_are_there(sheet):
    """Calc does differ for the listed reasons: a reason that no longer holds has to go."""
    seen: dict[str, bool] = {}
    for cases in BY_FUNCTION.values():
        for case in cases:
            reason = why_different(case)
            if reason and not seen.get(reason):
                answer = sheet.call(case.function, case.arguments, case.result)
                seen[reason] = bool(differences(answer, case.result, flags_are_numbers=True))
    assert len(seen) == 4
    assert all(seen.values())
