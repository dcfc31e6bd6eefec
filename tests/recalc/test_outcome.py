"""What is told about the cells that an array fills, and what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.cells import CellError
from rebalance_xl.recalc import outcome
from rebalance_xl.recalc.evaluation.spills import Anchor
from rebalance_xl.recalc.files.parts import to_xml
from rebalance_xl.recalc.outcome import differing, first_difference, same
from rebalance_xl.recalc.references import Area, cell_name
from rebalance_xl.recalc.sheets import scan, sheet_scan
from rebalance_xl.recalc.sheets.scan import scan_sheet
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan
from rebalance_xl.recalc.sheets.splice import SheetChanges
from rebalance_xl.recalc.sheets.splice_rows import REMOVED, typed_value
from rebalance_xl.recalc.workbook import recalculate, recalculate_bytes
from tests.recalc.books import make

#: What a cell of the sheet holds: nothing, a value, or a formula.
HELD = st.sampled_from([None, None, 0.0, 1.0, 1.0 + 1e-15, 2.5, "text", True, CellError("#N/A"), "=A1"])
COMPUTED = st.sampled_from([0.0, 1.0, 2.5, "text", False, CellError("#N/A"), CellError("#NUM!")])
Cells = dict[tuple[int, int], Any]


def sheet_with(cells: Cells, arrays: bool) -> SheetScan:
    """Return the scan of a sheet that holds these cells, indexed with arrays or not."""
    rows: dict[int, str] = {}
    for (row, column), value in sorted(cells.items()):
        if value == "=A1":
            content = "><f>A1</f><v>7</v></c>"
        else:
            kind, data = typed_value(value)
            content = f' t="{kind or "n"}"><v>{to_xml(data)}</v></c>'
        rows[row] = rows.get(row, "") + f'<c r="{cell_name(row, column)}"{content}'
    body = "".join(f'<row r="{row}">{text}</row>' for row, text in rows.items())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BULK", "LOADS"):
            patch.setattr(scan, name, 0 if arrays else 2**60)
        return scan_sheet(f"<worksheet><sheetData>{body}</sheetData></worksheet>", "utf-8", [], False, "the part")


def expected(cells: Cells, before: Area, area: Area, rows: list[list[Any]]) -> tuple[list[Any], Cells]:
    """Return what changes, cell by cell: what is told in order, and what is written."""
    told, written = [], {}
    for row in range(1, 20):
        for column in range(1, 20):
            old = cells.get((row, column))
            if old == "=A1":
                continue
            if area.contains(row, column):
                new = rows[row - area.top][column - area.left]
                changed = old is None or not same(old, new)
                if changed or isinstance(new, CellError):
                    told.append((row, column, old, new))
                if changed:
                    written[row, column] = new
            elif before.contains(row, column) and old is not None:
                told.append((row, column, old, None))
                written[row, column] = REMOVED
    return told, written


def told_and_written(
    cells: Cells, before: Area, area: Area, rows: list[list[Any]], arrays: bool
) -> tuple[list[Any], Cells]:
    """Return the same as `expected`, from the code."""
    found = sheet_with(cells, arrays)
    own = next(cell for cell in found.formulas if (cell.row, cell.column) == (area.top, area.left))
    changes = SheetChanges()
    anchor = Anchor(0, own, area, True, before, active=True, rows=rows)
    told = outcome._compare_children("Sheet1", found, anchor, changes)
    written = {(row, column): value for column, each in changes.columns.items() for row, value in each.items()}
    return [line[1:3] + line[4:] for line in told], written


def test_an_unchanged_cell_above_empty_ones_is_not_told() -> None:
    """Cells below the array that are empty make nothing in it new."""
    cells = {(1, 2): "=A1", (1, 3): "text"}
    before, area = Area(1, 2, 3, 3), Area(1, 2, 1, 3)
    for arrays in (True, False):
        assert told_and_written(cells, before, area, [[1.0, "text"]], arrays) == ([], {})


@given(st.data(), st.booleans(), st.sampled_from([1, 32]))
def test_every_cell_an_array_fills_or_filled(data: st.DataObject, arrays: bool, many: int) -> None:
    """New, changed, unchanged and emptied cells, errors, and formulas in the way."""
    top, left = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))

    def size() -> Area:
        return Area(top, left, top + data.draw(st.integers(0, 4)), left + data.draw(st.integers(0, 3)))

    before, area = size(), size()
    places = [(row, column) for row in range(1, 9) for column in range(1, 8)]
    cells = {place: value for place in places if (value := data.draw(HELD)) is not None}
    cells[top, left] = "=A1"
    rows = [[data.draw(COMPUTED) for _ in range(area.width)] for _ in range(area.height)]
    alone = area.height * area.width == before.height * before.width == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheet_scan, "MANY_COLUMNS", many)
        found = told_and_written(cells, before, area, rows, arrays)
    assert found == (([], {}) if alone else expected(cells, before, area, rows))


@pytest.mark.parametrize(
    ("old", "new", "alike"),
    [(0.3, 0.1 + 0.2, True), (1.0, True, False), ("a", "a", True), ("a", "A", False), (0.3, 0.3001, False)],
)
def test_the_noise_of_the_last_digits_is_no_difference(old: Any, new: Any, alike: bool) -> None:
    """Numbers are the same within it, whatever else is among the values; a truth value is no number."""
    assert same(old, new) is alike
    assert differing([old, "x", True], [new, "x", True]) == ([] if alike else [0])


def test_cells_that_show_another_value_are_counted(tmp_path: Path) -> None:
    """What is kept and an error that stood there before are told, but show nothing new."""
    cells = {"=1/0": "#DIV/0!", "=NA()": 5, "=NOSUCH(1)": 3, "=1+1": 0, "=2+2": 4, "=NA()+1": "#VALUE!"}

    def build(_: Any, sheet: Any) -> None:
        for row, (formula, cached) in enumerate(cells.items()):
            sheet.write_formula(row, 0, formula, None, cached)

    report = recalculate(make(tmp_path / "b.xlsx", build))
    assert [(each.cell, each.status) for each in report.changed] == [
        ("A1", "error"), ("A2", "error"), ("A3", "kept"), ("A4", "changed"), ("A6", "error"),
    ]  # fmt: skip
    assert (report.changed_cells, report.errors, report.kept, report.computed) == (3, 3, 1, 5)


def test_the_first_cell_in_which_two_ways_differ_is_named(tmp_path: Path) -> None:
    """Cells that agree come before it, and what is unchanged in one of them is told so."""

    def outcome_of(number: int) -> tuple[bytes, outcome.Recalculation]:
        def build(_: Any, sheet: Any) -> None:
            sheet.write("A1", number)
            sheet.write_formula("B1", "=1+1", None, 0)
            sheet.write_formula("B2", "=A1+1", None, 4)
            sheet.write_formula("B3", "=A1+2", None, 0)

        return recalculate_bytes(make(tmp_path / f"{number}.xlsx", build).read_bytes())

    one, other = outcome_of(3), outcome_of(5)
    assert first_difference(one, (one[0], other[1])) == ""
    assert first_difference(one, other) == "Sheet1!B3 gives 5.0 (changed) and 7.0 (changed)"
    assert first_difference((other[0], one[1]), one) == "the reports agree, the files do not"
