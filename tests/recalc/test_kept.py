"""Cells that cannot be computed keep their cached value, feed it to their dependents and are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import doubts
from rebalance_xl.recalc.evaluation.engine import Engine
from rebalance_xl.recalc.files.package import Package
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, rewrite, values

SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "formula, cause",
    [
        ("=NOBODYKNOWS(A1)+1", "unknown-function:NOBODYKNOWS"),
        ("=IF(A1>1,OTHER.FN(A1),2)", "unknown-function:OTHER.FN"),
        ("=_xldudf_ACME_PRICE(A1)", "unknown-function:ACME_PRICE"),
        ("=[1]Sheet1!A1*2", "engine-unsupported: a reference to another workbook that is not cached"),
        ("=A1+Z9#", None),
    ],
)
def test_the_cached_value_is_kept_and_used(tmp_path: Path, formula: str, cause: str | None) -> None:
    """The old value 42 stays, a dependent computes with it, the cause names what was missing."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 5)
        sheet.write_formula("B1", formula, None, 42)
        sheet.write_formula("C1", "=B1*2", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    if cause is None:
        assert values(path)["B1"] == "#REF!"
        return
    assert (values(path)["B1"], values(path)["C1"]) == (42, 84)
    assert [(row.cell, row.status, row.cause) for row in report.changed] == [
        ("B1", "kept", cause),
        ("C1", "changed", ""),
    ]
    assert (report.kept, report.computed) == (1, 1)
    if cause.startswith("unknown"):
        assert report.unknown_functions == [cause.partition(":")[2]]


@pytest.mark.parametrize(
    "text", ["A1+)", "SUM(A1", "A1 A1 A1 +*", "T[[x]", '"open', "{1,2", "XLOOKUP(1,A1,A1,0,0,2,1)"]
)
def test_an_unreadable_formula_does_not_stop_the_others(tmp_path: Path, text: str) -> None:
    """One formula that is no formula keeps its value; the rest is computed."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 5)
        sheet.write_formula("B1", "=A1+999", None, 7)
        sheet.write_formula("C1", "=A1*2+B1", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    rewrite(path, {SHEET: lambda xml: xml.replace("A1+999", text)})
    report = recalculate(path)
    assert (values(path)["B1"], values(path)["C1"]) == (7, 17)
    (kept,) = [row for row in report.changed if row.status == "kept"]
    assert kept.cell == "B1"
    assert kept.cause.startswith("engine-unsupported")


def test_circular_cells_keep_their_values(tmp_path: Path) -> None:
    """A circle is reported; cells outside it are computed."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=B1+1", None, 3)
        sheet.write_formula("B1", "=A1+1", None, 4)
        sheet.write_formula("C1", "=1+1", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    assert [values(path)[cell] for cell in ("A1", "B1", "C1")] == [3, 4, 2]
    assert [(row.cell, row.cause) for row in report.changed if row.status == "kept"] == [
        ("A1", "circular"),
        ("B1", "circular"),
    ]


@pytest.mark.parametrize("formula", ["=ROW(A1)", "=IF(TRUE,1,A1)", "=COLUMN(A1)+0"])
def test_a_reference_to_oneself_that_is_not_read_is_no_circle(tmp_path: Path, formula: str) -> None:
    """What never needs its own value computes."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A1", formula, None, 0))
    report = recalculate(path)
    assert values(path)["A1"] == 1
    assert report.kept == 0


def test_a_data_table_without_inputs_keeps_its_values(tmp_path: Path) -> None:
    """A what-if table in the first column has no inputs beside it: it is not computed and says so."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A2", "=A1", None, 9))
    old, new = "<f>A1</f>", '<f t="dataTable" ref="A2:A3" dt2D="0" dtr="0" r1="A1"/>'
    rewrite(path, {SHEET: lambda xml: xml.replace(old, new)})
    report = recalculate(path)
    assert values(path)["A2"] == 9
    assert report.changed[0].cause.startswith("data-table")


def test_errors_of_the_catalogue_carry_their_reason(tmp_path: Path) -> None:
    """The report says which argument was wrong; the cell shows the error value."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", '=TRIM_AMOUNT(100,0.5,0.05,"nonsense",,1000)', None, 0)
        sheet.write_formula("A2", "=WEIGHT(5)", None, 0)
        sheet.write_formula("A3", "=A1+1", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    rows = {row.cell: row for row in report.changed}
    assert values(path)["A1"] == "#VALUE!"
    assert rows["A1"].status == "error"
    assert '"nonsense"' in rows["A1"].cause
    assert "total is missing" in rows["A2"].cause
    assert rows["A3"].cause == ""
    assert report.errors == 3


def test_a_failing_function_is_reported_and_its_cell_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in a Python function costs its cell only."""
    from rebalance_xl.functions import FUNCTIONS

    def broken(*_: Any, **__: Any) -> float:
        raise RuntimeError("a defect")

    monkeypatch.setattr(type(FUNCTIONS["WEIGHT"]), "call", broken)
    monkeypatch.setattr(type(FUNCTIONS["WEIGHT"]), "scalar_call", broken)

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=WEIGHT(1,2)", None, 0.5)
        sheet.write_formula("A2", "=A1*2", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    assert (values(path)["A1"], values(path)["A2"]) == (0.5, 1)
    assert report.changed[0].cause == "function-error: WEIGHT failed: RuntimeError: a defect"


def test_an_interrupt_inside_a_function_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the recalculation and leaves the file alone."""
    from rebalance_xl.functions import FUNCTIONS

    def interrupted(*_: Any, **__: Any) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(FUNCTIONS["WEIGHT"]), "call", interrupted)
    monkeypatch.setattr(type(FUNCTIONS["WEIGHT"]), "scalar_call", interrupted)
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A1", "=WEIGHT(1,2)", None, 0))
    content = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        recalculate(path)
    assert path.read_bytes() == content


def test_characters_that_differ_between_systems_are_kept_in_books_of_macintosh(tmp_path: Path) -> None:
    """CHAR(128) is the euro sign on Windows and an umlaut on Macintosh; nobody knows where the book is opened next."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", [128, 65, "Ä", "A"])
        formulas = ["=CHAR(A1)", "=CHAR(B1)", "=CODE(C1)", "=CODE(D1)", '="a"&CHAR(10)', "=IFERROR(CHAR(200),0)"]
        for row, formula in enumerate(formulas, 1):
            sheet.write_formula(f"H{row}", formula, None, "old")

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert [values(path)[f"H{row}"] for row in range(1, 7)] == ["€", "A", 196, 65, "a\n", "È"]
    path = make(tmp_path / "b.xlsx", build)
    rewrite(path, {"docProps/app.xml": lambda text: text.replace("Microsoft Excel", "Microsoft Macintosh Excel")})
    report = recalculate(path)
    assert [values(path)[f"H{row}"] for row in range(1, 7)] == ["old", "A", "old", 65, "a\n", "old"]
    assert {row.cell for row in report.changed if row.status == "kept" and "Macintosh" in row.cause} == {
        "H1",
        "H3",
        "H6",
    }


def test_a_sheet_called_like_a_program_tells_nothing_of_who_wrote_the_book(tmp_path: Path) -> None:
    """The titles of sheets stand in the same part as the program's name."""
    path = make(tmp_path / "b.xlsx", lambda book, sheet: book.add_worksheet("openpyxl"))
    package = Package.open(path.read_bytes())
    assert not package.written_by("openpyxl")
    assert package.written_by("Microsoft Excel")


def test_an_array_is_kept_where_its_corner_alone_is_sure(tmp_path: Path) -> None:
    """A date that only the author's system tells keeps the whole array, also where its first cell is as before."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["Name", "10/02/2025", "2025-02-11"])
        sheet.write_dynamic_array_formula("C1:C3", '=IFERROR(DATEVALUE(A1:A3),"Name")', None, "Name")
        sheet.write_column("C2", [45698, 45699])
        sheet.write_formula("D1", "=SUM(C1:C3)", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    found = values(path)
    assert [found[cell] for cell in ("C1", "C2", "C3", "D1")] == ["Name", 45698, 45699, 91397]
    assert [row.cell for row in report.changed if row.status == "kept"] == ["C1"]


def test_only_the_arrays_that_a_function_failed_in_are_asked_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array whose functions all answered is not computed once more because one of them failed elsewhere."""
    set_block, asked = Engine.set_formula_block, []

    def block(engine: Engine, sheet: int, row: int, column: int, rows: list[list[str]]) -> None:
        asked.extend((row, column) for line in rows for text in line if "RXL.TELL" in text)
        set_block(engine, sheet, row, column, rows)

    monkeypatch.setattr(Engine, "set_formula_block", block)

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["2025-02-10", "2025-02-11"])
        sheet.write_column("B1", ["10/02/2025", "2025-02-11"])
        for cells, read in (("C1:C2", "A1:A2"), ("D1:D2", "B1:B2"), ("E1:E2", "A1:A2")):
            sheet.write_dynamic_array_formula(cells, f'=IFERROR(DATEVALUE({read}),"Name")', None, 5)

    report = recalculate(make(tmp_path / "b.xlsx", build))
    assert [row.cell for row in report.changed if row.status == "kept"] == ["D1"]
    assert asked == [(1, 4)]


def test_failures_are_heard_while_formulas_are_computed_the_careful_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No further calculation is needed to know why an error came out, or that a function failed."""
    evaluate, times = Engine.evaluate, []

    def counted(engine: Engine) -> None:
        times.append(1)
        evaluate(engine)

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", "1/2/2020")
        sheet.write_formula("B1", "=A1*2", None, 7)
        sheet.write_formula("C1", "=TRIM_AMOUNT(A1,2)", None, 7)
        sheet.write_formula("D1", "=B1+1", None, 8)

    monkeypatch.setattr(Engine, "evaluate", counted)
    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    found = values(path)
    causes = {row.cell: (row.status, row.cause) for row in report.changed}
    assert [found[each] for each in ("B1", "D1")] == [7, 8]
    assert causes["B1"][0] == "kept"
    assert "function-error" in causes["B1"][1]
    assert causes["C1"][0] == "error"
    assert causes["C1"][1]
    assert len(times) == 3  # quick, careful, and with the values that are kept


def test_hearing_reasons_adds_nothing_to_whole_rows(tmp_path: Path) -> None:
    """What is computed once more to be explained counts in a row or column that another formula reads as before."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A5", 3)
        sheet.write("A6", "x")
        sheet.write_formula("B5", '=IFERROR("1/2/2020"+1,0)', None, 44000)
        sheet.write_formula("C6", "=A6*2", None, 7)
        sheet.write_formula("A8", "=COUNT(5:5)", None, 9)
        sheet.write_formula("A9", "=COUNTA(6:6)", None, 9)
        sheet.write_formula("A10", "=COUNTA(XFA:XFD)", None, 9)
        sheet.write_formula("A11", '=COUNTA(INDIRECT("6:"&A5+3))', None, 9)

    path = make(tmp_path / "b.xlsx", build)
    assert recalculate(path).kept == 1
    found = values(path)
    assert [found[each] for each in ("B5", "A8", "A9", "A10", "A11")] == [44000, 2, 2, 0, 2]


#: Formulas over A1: 24/05/2009, A2: x, A3: 3, A4: #VALUE!, A5: 05/24/2009, A6: "", A8 blank, with their causes.
UNSURE: list[tuple[str, str | None]] = [
    ("A1-A3", "24/05/2009"),
    ("(A1+A8)*-A3", "24/05/2009"),
    ("A5-A1", "24/05/2009"),
    ("A1/$A$5+A2", "05/24/2009"),
    ("A1+A4", "24/05/2009"),
    ("A4+A1", "24/05/2009"),
    ("A4*(A1-A3)", "24/05/2009"),
    ("A1*0.5-A4", "24/05/2009"),
    ("A2-A3", None),
    ("A6+A3", None),
    ("IF(A3>5,A1+1,A2+1)", None),
    ("SUM(A1-A3)", "24/05/2009"),
]


@pytest.mark.parametrize("plain", [False, True])
def test_arithmetic_with_dates_of_unknown_order(tmp_path: Path, plain: bool) -> None:
    """What one text makes unsure is kept with the cause that computing the careful way would tell."""

    def build(_: Any, sheet: Any) -> None:
        for row, value in enumerate(["24/05/2009 10:00", "x", 3, None, "05/24/2009 10:00", ""]):
            sheet.write(row, 0, value)
        sheet.write_formula("A4", "=A2*1", None, "#VALUE!")
        for row, (formula, _) in enumerate(UNSURE):
            sheet.write_formula(row, 1, f"={formula}", None, 42)
            sheet.write_formula(row, 2, f"=B{row + 1}+1", None, 43)

    path = make(tmp_path / "b.xlsx", build)
    told = {row.cell: row.cause for row in recalculate(path, plain=plain).changed if row.status == "kept"}
    causes = [told.get(f"B{row}") for row in range(1, len(UNSURE) + 1)]
    expected = [cause and f"function-error: the order of day and month in '{cause} 10:00'" for _, cause in UNSURE]
    assert expected == [cause and cause.removesuffix(" is the author's system's") for cause in causes]
    assert [values(path)[f"C{row}"] for row, cause in enumerate(expected, 1) if cause] == [43] * sum(
        map(bool, expected)
    )


def test_dates_of_unknown_order_need_no_careful_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of them is decided on as it is; only what a function computes from them is computed once more."""
    asked: list[str] = []

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", "24/05/2009 10:00")
        sheet.write_formula("B1", "=A1-1", None, 42)
        sheet.write_formula("B2", "=ABS(A1-1)", None, 42)
        sheet.write_formula("B3", "=A1-A9", None, 42)

    def carefully(calculation: Any, cells: Any) -> bool:
        asked.extend(cell.formula for cell in cells)
        return bool(compute(calculation, cells))

    compute = doubts.compute_carefully
    monkeypatch.setattr(doubts, "compute_carefully", carefully)
    recalculate(make(tmp_path / "b.xlsx", build))
    assert asked == ["ABS(A1-1)"]
