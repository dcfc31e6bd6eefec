"""The golden table through xlwings' DLL, COM server and conversions, as Excel on Windows calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.excel import optional_flags
from tests.golden.golden import Case, differences, load

from .wine_session import WineSession

GOLDEN = load()


def excel_answers_itself(case: Case) -> bool:
    """Tell whether Excel never calls Python: an argument without a default is missing, or there are too many."""
    function = FUNCTIONS[case.function]
    flags = optional_flags(function)[: len(function.parameters)]
    given = list(case.arguments) + [MISSING] * (len(flags) - len(case.arguments))
    missing = any(value is MISSING and not may for value, may in zip(given, flags, strict=False))
    return missing or len(case.arguments) > len(flags)


def asks_for_a_missing_table(case: Case) -> bool:
    """Tell whether the answer is that the workbook lacks a table: the one that is open here has it."""
    return case.function == "PLAN_FIGURES" and case.result == CellError("#N/A")


def in_full(case: Case) -> list[Any]:
    """Return the arguments as a wrapper passes them: those left out are there as missing."""
    count = len(FUNCTIONS[case.function].parameters)
    return list(case.arguments) + [MISSING] * (count - len(case.arguments))


def as_arrays(arguments: Sequence[Any]) -> list[Any]:
    """Return the same arguments as if computed in the formula: arrays in place of Range objects."""
    return [tuple(each) if isinstance(each, list) else each for each in arguments]


def disagreements(cases: Sequence[Case], answers: Sequence[Any]) -> dict[str, list[str]]:
    """Return what differs, by case."""
    found = {case.id: differences(answer, case.result) for case, answer in zip(cases, answers, strict=True)}
    return {key: texts for key, texts in found.items() if texts}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_arrays(excel: WineSession, name: str) -> None:
    """Every golden call of a function gives the golden answer."""
    cases = [case for case in GOLDEN if case.function == name and not excel_answers_itself(case)]
    cases = [case for case in cases if not asks_for_a_missing_table(case)]
    assert cases
    answers = excel.call_many([(name, as_arrays(in_full(case))) for case in cases], from_cell=False)
    assert disagreements(cases, answers) == {}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_ranges(excel: WineSession, name: str) -> None:
    """Worked examples and edge cases from a cell: Range objects, the workbook and the caller passed along.

    Bad input comes as ranges for two functions only, because each range costs many calls back over COM.
    """
    rules = name in ("TRIM_AMOUNT", "PLAN_FIGURES")
    cases = [case for case in GOLDEN if case.function == name and (rules or case.kind != "rule")]
    cases = [case for case in cases if not excel_answers_itself(case) and not asks_for_a_missing_table(case)]
    answers = excel.call_many([(name, in_full(case)) for case in cases], from_cell=True)
    assert cases
    assert disagreements(cases, answers) == {}
