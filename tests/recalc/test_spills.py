"""Dynamic arrays: spilling, growing, shrinking, blocked, chained, large."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.recalc.evaluation.engine import Engine
from rebalance_xl.recalc.evaluation.spills import places_in
from rebalance_xl.recalc.formulas.compiling import Template
from rebalance_xl.recalc.references import Area, place_of
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, rewrite, values

SHEET = "xl/worksheets/sheet1.xml"


def _sheet_xml(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(SHEET).decode()


def _spill(path: Path, formula: str, rows: int, extra: Any = None) -> Path:
    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", rows)
        sheet.write_dynamic_array_formula("C1", formula, None, 0)
        if extra is not None:
            extra(sheet)

    return make(path, build)


def test_a_spill_writes_its_children_and_its_area(tmp_path: Path) -> None:
    """The children get values, the anchor its area, the sheet its dimension."""
    path = _spill(tmp_path / "b.xlsx", "=SEQUENCE(A1,2)", 3)
    report = recalculate(path)
    assert report.spills == {"Sheet1!C1": "C1:D3"}
    found = values(path)
    assert [[found[f"{column}{row}"] for column in "CD"] for row in (1, 2, 3)] == [[1, 2], [3, 4], [5, 6]]
    xml = _sheet_xml(path)
    assert 'ref="C1:D3"' in xml
    assert '<dimension ref="A1:D3"/>' in xml


def test_a_shrinking_spill_removes_its_old_children(tmp_path: Path) -> None:
    """Cells that are not filled any more are empty, and formulas that read them see blanks."""
    path = _spill(
        tmp_path / "b.xlsx", "=SEQUENCE(A1)", 5, lambda sheet: sheet.write_formula("E1", "=SUM(C1:C9)", None, 0)
    )
    recalculate(path)
    assert values(path)["E1"] == 15
    rewrite(path, {SHEET: lambda text: text.replace('<c r="A1"><v>5</v></c>', '<c r="A1"><v>2</v></c>')})
    recalculate(path)
    assert values(path) == {"A1": 2, "C1": 1, "C2": 2, "E1": 3}
    assert 'ref="C1:C2"' in _sheet_xml(path)
    assert not re.search(r'<c r="C[345]"', _sheet_xml(path))


def test_growing_again(tmp_path: Path) -> None:
    """The same book spills further after its input grows."""
    path = _spill(tmp_path / "b.xlsx", "=SEQUENCE(A1)", 2)
    recalculate(path)
    rewrite(path, {SHEET: lambda text: text.replace('<c r="A1"><v>2</v></c>', '<c r="A1"><v>4</v></c>')})
    recalculate(path)
    assert [values(path)[f"C{row}"] for row in range(1, 5)] == [1, 2, 3, 4]


def test_a_blocked_spill_keeps_its_value_with_its_cause(tmp_path: Path) -> None:
    """Where a value is in the way the value stays, and so does what the anchor showed; its dependents use that."""

    def extra(sheet: Any) -> None:
        sheet.write("C3", "in the way")
        sheet.write_formula("E1", "=C1+1", None, 0)

    path = _spill(tmp_path / "b.xlsx", "=SEQUENCE(A1)", 4, extra)
    report = recalculate(path)
    assert {row.cell: row.cause for row in report.changed if row.cause} == {"C1": "spill-blocked"}
    found = values(path)
    assert (found["C1"], found["C3"], found["E1"]) == (0, "in the way", 1)
    assert "C2" not in found


def test_arrays_that_contain_themselves_are_circular(tmp_path: Path) -> None:
    """Arrays that spill into the ranges they read keep their values with the cause; all else is computed."""

    def extra(sheet: Any) -> None:
        sheet.write_dynamic_array_formula("H2:H5", "=H2:H5*1", None, 0)
        sheet.write_dynamic_array_formula("H4:H9", "=H1:H9*2", None, 0)

    path = _spill(tmp_path / "b.xlsx", "=SEQUENCE(A1)", 3, extra)
    report = recalculate(path)
    assert {row.cell: (row.status, row.cause) for row in report.changed if row.cause} == {
        "H2": ("kept", "circular"), "H4": ("kept", "circular"),
    }  # fmt: skip
    assert [values(path)[f"C{row}"] for row in range(1, 4)] == [1, 2, 3]


def test_spills_feed_spills(tmp_path: Path) -> None:
    """A chain of arrays settles, through the spill operator as well."""

    def extra(sheet: Any) -> None:
        sheet.write_dynamic_array_formula("E1", "=C1#*2", None, 0)
        sheet.write_dynamic_array_formula("G1", "=FILTER(E1#,E1#>4)", None, 0)
        sheet.write_formula("I1", "=SUM(G1#)+ROWS(_xlfn.ANCHORARRAY(C1))", None, 0)

    path = _spill(tmp_path / "b.xlsx", "=SEQUENCE(A1)", 4, extra)
    report = recalculate(path)
    assert report.spills == {"Sheet1!C1": "C1:C4", "Sheet1!E1": "E1:E4", "Sheet1!G1": "G1:G2"}
    assert values(path)["I1"] == 6 + 8 + 4
    assert not recalculate(path).stale


def test_rows_to_the_last_column_end_with_what_spills(tmp_path: Path) -> None:
    """Arrays that grow beyond the used columns count in ranges that go to the last column."""
    path = _spill(
        tmp_path / "b.xlsx",
        "=SEQUENCE(1,A1)",
        9,
        lambda sheet: sheet.write_column(
            "A2", ["=COUNTA(C1:XFD1)", "=SUM($C$1:$XFD$9)", "=MAX(XFC1:XFD9)", "=SUM(A1:C1)", "=COUNTA(F2:XFD2)"]
        ),
    )
    recalculate(path)
    found = values(path)
    assert [found[f"A{row}"] for row in range(2, 7)] == [9, 45, 0, 10, 0]


def test_only_used_columns_of_a_row_go_to_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine would look at all 16,384 columns, which takes 50 ms for every formula."""
    given: list[str] = []
    monkeypatch.setattr(Engine, "load", lambda *_: (_ for _ in ()).throw(OSError))
    monkeypatch.setattr(Engine, "set_formula_block", lambda *where: given.extend(line[0] for line in where[-1]))
    path = _spill(tmp_path / "b.xlsx", "=SEQUENCE(2)", 1, lambda sheet: sheet.write_formula("E5", "=COUNTA(A1:XFD1)"))
    recalculate(path)
    assert "=COUNTA(A1:E1)" in given


@pytest.mark.parametrize("rows", [10_001, 20_000])
def test_spills_beyond_the_engines_own_limit(tmp_path: Path, rows: int) -> None:
    """Arrays of more than 10,000 cells arrive whole."""
    path = _spill(
        tmp_path / "b.xlsx", "=SEQUENCE(A1)", rows, lambda sheet: sheet.write_formula("E1", "=SUM(C:C)", None, 0)
    )
    report = recalculate(path)
    assert report.spills == {"Sheet1!C1": f"C1:C{rows}"}
    found = values(path)
    assert [found[f"C{row}"] for row in range(1, rows + 1)] == list(range(1, rows + 1))
    assert found["E1"] == rows * (rows + 1) / 2


def test_children_of_every_type(tmp_path: Path) -> None:
    """Text, truth values, errors and blanks inside an array are written as what they are."""

    def extra(sheet: Any) -> None:
        sheet.write_column("E1", ["a & b", True, None, 2.5])
        sheet.write_formula("E5", "=NA()", None, "#N/A")

    path = _spill(tmp_path / "b.xlsx", "=E1:E5", 0, extra)
    recalculate(path)
    assert [values(path)[f"C{row}"] for row in range(1, 6)] == ["a & b", True, 0, 2.5, "#N/A"]


def test_an_ordinary_formula_spills_only_on_request(tmp_path: Path) -> None:
    """Without the mark a formula shows one value; with the option it spills and the file says so."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [3, 1, 2])
        sheet.write_formula("C1", "=WEIGHT(A1:A3)", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path, tmp_path / "one.xlsx")
    assert {cell: value for cell, value in values(tmp_path / "one.xlsx").items() if cell[0] == "C"} == {"C1": 0.5}
    recalculate(path, tmp_path / "all.xlsx", spill_plain=True)
    assert [values(tmp_path / "all.xlsx")[f"C{row}"] for row in (1, 2, 3)] == [3 / 6, 1 / 6, 2 / 6]
    with zipfile.ZipFile(tmp_path / "all.xlsx") as archive:
        assert b'fDynamic="1"' in archive.read("xl/metadata.xml")
        assert b"/xl/metadata.xml" in archive.read("[Content_Types].xml")
        assert b"sheetMetadata" in archive.read("xl/_rels/workbook.xml.rels")
        assert 't="array" ref="C1:C3"' in archive.read(SHEET).decode()
    assert not recalculate(tmp_path / "all.xlsx").stale


def test_books_by_openpyxl_spill_the_catalogues_functions(tmp_path: Path) -> None:
    """Books by openpyxl mark no array, so they may spill without an option."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sheet1"
    for row, value in enumerate([5000, 3000, 3600], start=1):
        sheet.cell(row, 1, value)
    sheet["C1"] = "=WEIGHT(A1:A3)"
    book.save(tmp_path / "b.xlsx")
    recalculate(tmp_path / "b.xlsx")
    assert [values(tmp_path / "b.xlsx")[f"C{row}"] for row in (1, 2, 3)] == pytest.approx(
        [5000 / 11600, 3000 / 11600, 3600 / 11600]
    )


def test_array_formulas_filled_down_are_written_from_some_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a column of array formulas gives the engine follows from three of its cells, but not in the plain way."""
    counted: list[str] = []
    render = Template.render

    def rendered(self: Template, *given: Any) -> str:
        counted.append(render(self, *given))
        return counted[-1]

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", range(100))
        for row in range(1, 101):
            sheet.write_array_formula(
                row - 1, 2, row - 1, 2, f"{{=SUM((A$1:A$100>A{row})*(A$2:A$101+A{row}))}}", None, 1
            )

    monkeypatch.setattr(Template, "render", rendered)
    found = []
    for plain, most in ((True, 200), (False, 20)):
        path = make(tmp_path / "b.xlsx", build)
        recalculate(path, plain=plain)
        found.append(values(path))
        assert 0 < len(counted) < most
        counted.clear()
    assert found[0] == found[1]
    assert found[0]["C98"] == (99 + 97) + (0 + 97)


@pytest.mark.parametrize("area", [Area(2, 3, 4, 3), Area(2, 3, 3, 5), Area(7, 1, 7, 2), Area(1, 1, 1, 1)])
def test_every_cell_of_an_area_has_a_place(area: Area) -> None:
    """What lies in the way of an array is looked for in all its cells, to the last one of each row."""
    assert [*places_in(area)] == [place_of(row, column) for row, column in area.cells()]
