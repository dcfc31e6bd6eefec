"""Write ``golden.json`` and ``docs/inputs.md`` from the catalogue's examples, the rules, edge cases and mode books.

Run ``python tests/golden/make_golden.py`` from the checkout after a declaration, a rule or an edge case changed.
The answers come from the declarations and the tables; no function is called to find one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script, too

from rebalance_xl.cells import from_serial, is_range
from rebalance_xl.functions import FUNCTIONS
from tests.golden import edge_cases, mode_books, rules
from tests.golden.golden import PATH, Case, encode

DOCS = Path(__file__).resolve().parents[2] / "docs" / "inputs.md"


def examples() -> Iterator[Case]:
    """Yield the worked examples of the catalogue."""
    for function in FUNCTIONS.values():
        for number, example in enumerate(function.examples, 1):
            result = _dated(example.result) if function.result.kind == "date" else example.result
            yield Case(f"{function.name} example {number}", function.name, example.arguments, result)


def _dated(result: Any) -> Any:
    if is_range(result):
        return [[_dated(cell) for cell in row] for row in result]
    return from_serial(result) if isinstance(result, float) else result


def all_cases() -> list[Case]:
    """Return every case of the table, in the order of the file."""
    ruled = [case for function in FUNCTIONS.values() for case in rules.cases(function)]
    found = [*examples(), *ruled, *edge_cases.cases(), *mode_books.cases()]
    names = [case.id for case in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    assert not twice, f"two cases have the same id: {twice}"
    return found


def golden_text() -> str:
    """Return the text of ``golden.json``: one case a line."""
    lines = []
    for case in all_cases():
        data = {"id": case.id, "function": case.function, "kind": case.kind}
        if case.rule:
            data["rule"] = case.rule
        data["arguments"] = [encode(each) for each in case.arguments]  # type: ignore[assignment]
        data["result"] = encode(case.result)
        lines.append(json.dumps(data, ensure_ascii=False))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def inputs_page() -> str:
    """Return the text of ``docs/inputs.md``."""
    return INPUTS.format(table=rules.table())


INPUTS = """\
# What the functions make of unusual input

The same in every function and every host; each line of the table is executed by the tests for every function and
every argument that it can concern. Written by `python tests/golden/make_golden.py`.

{table}

Where several rules meet: an error value outranks a blank row, a blank row outranks the #N/A of a blank argument, and
all of them outrank what the function itself would answer; among arguments the first one counts. Functions that answer
with one value or a table answer with the error alone.

An error carries its reason, one sentence that names argument, value and allowed range: `rebalance-xl recalc --report`
and the log show it, the cell shows the error value. No input gives text in a cell that holds a number elsewhere,
except the blank text of a blank row and the word NEVER for a price that cannot be reached.
"""


def main() -> None:
    """Write both files."""
    PATH.write_text(golden_text(), encoding="utf-8")
    DOCS.parent.mkdir(exist_ok=True)
    DOCS.write_text(inputs_page(), encoding="utf-8")
    print(f"{PATH.name}: {len(all_cases())} cases")


if __name__ == "__main__":
    main()
