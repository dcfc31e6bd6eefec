"""Whole columns and rows of unequal length, whose cells are paired with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

#: T: names in A2:A7, 1 to 6 in B2:B7, marks in C1 and C4 alone, column D empty. U: 5 in B2 and 3 in B20.
PAIRED: list[tuple[str, Any]] = [
    ('COUNTIFS(T!C:C,"",T!B:B,">0")', 5),
    ('COUNTIFS(T!B:B,">0",T!C:C,"")', 5),
    ('COUNTIFS(T!C:C,"<>x",T!B:B,">0")', 5),
    ('SUMIF(T!C:C,"",T!B:B)', 18),
    ('SUMIF(T!C:C,"<>x",T!B1)', 18),
    ('SUMIF(marks,"",amounts)', 18),
    ('COUNTIFS(marks,"",amounts,">0")', 5),
    ('AVERAGEIF(T!C:C,"",T!B:B)', 3.6),
    ('SUMIFS(T!B:B,T!C:C,"")', 18),
    ('AVERAGEIFS(U!B:B,T!C:C,"")', 4),
    ('MAXIFS(U!B:B,T!C:C,"")', 5),
    ('MINIFS(T!B:B,T!C:C,"")', 1),
    ('SUMIF(T!C:C,"",U!B:B)', 8),
    ('AVERAGEIF(T!C1:C20,"",U!B1:B20)', 4),
    ('COUNTIFS(T!C1:C20,"",U!B1:B20,3)', 1),
    ('SUMIF(T!C1:C20,"<>x",U!B1)', 8),
    ('COUNTIF(T!C:C,"")', 1048574),
    ("SUM(moving)+SUMPRODUCT(moving*2)", 12),
    ('COUNTIFS(T!C:C,"",T!B:B,"")', 1048569),
    ('COUNTIFS(T!C:C,"<>x",U!B:B,"<>5")', 1048574),
    ('COUNTIFS(T!C:C,"",U!B:B,"",T!A:A,"<>a")', 1048572),
    ('SUM(COUNTIFS(T!C:C,{"","x"},T!B:B,""))', 1048569),
    ('COUNTIFS(INDIRECT("T!C:C"),"",INDIRECT("T!A:A"),"<>")', 5),
    ('SUMIF(INDIRECT("T!C:C"),"",INDIRECT("T!B:B"))', 18),
    ('SUMIF(INDIRECT("marks"),"",T!B:B)', 18),
    ('SUMIF(T!4:4,"<>x",T!2:2)', 3),
    ('COUNTIFS(T!3:3,"",T!4:4,"<>")', 1),
    ('SUMPRODUCT((T!C:C="")*(U!B:B=3))', 1),
    ('SUMPRODUCT(--(U!B:B=3),--(T!C:C=""))', 1),
    ("SUMPRODUCT(U!B:B,T!B:B)", 5),
    ("ROUND(CORREL(T!B:B,T!E:E),9)", 1),
    ("SLOPE(T!E:E,T!B:B)", 2),
    ("FORECAST(10,T!E:E,T!B:B)", 20),
]


def test_whole_ranges_have_one_end(tmp_path: Path) -> None:
    """A column that ends before the others is blank from there on, and none of their cells is passed over."""

    def build(book: Any, sheet: Any) -> None:
        table, other = book.add_worksheet("T"), book.add_worksheet("U")
        table.write_row("B1", ["number", "mark"])
        table.write("C4", "x")
        for number in range(1, 7):
            table.write_row(number, 0, [f"name {number}", number])
            table.write(number, 4, number * 2 if number < 6 else None)
        table.write("J3", 4)
        other.write("B2", 5)
        other.write("B20", 3)
        book.define_name("moving", "=T!A:A")  # as seen from A1, so J:J from column J
        book.define_name("marks", "=T!$C:$C")
        book.define_name("amounts", "=T!$B:$B")
        for row, (formula, _) in enumerate(PAIRED, 1):
            prefixed = formula.replace("MAXIFS", "_xlfn.MAXIFS").replace("MINIFS", "_xlfn.MINIFS")
            sheet.write_formula(f"J{row}", "=" + prefixed, None, 0)

    recalculate(make(tmp_path / "a.xlsx", build), tmp_path / "b.xlsx")
    found = values(tmp_path / "b.xlsx")
    assert [(formula, found[f"J{row}"]) for row, (formula, _) in enumerate(PAIRED, 1)] == PAIRED


def test_a_name_of_a_whole_column_is_one_in_array_formulas(tmp_path: Path) -> None:
    """What a name stands for counts as it does where it is written itself."""

    def build(book: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3])
        book.define_name("Whole", "=Sheet1!$A:$A")
        for row, name in enumerate(("ROWS", "COUNTBLANK", "COUNT"), 1):
            sheet.write_array_formula(f"C{row}", f"{{={name}(Whole)}}", None, 0)

    recalculate(make(tmp_path / "a.xlsx", build), tmp_path / "b.xlsx")
    found = values(tmp_path / "b.xlsx")
    assert [found[f"C{row}"] for row in (1, 2, 3)] == [1048576, 1048573, 3]


def test_whole_columns_are_whole_in_array_formulas(tmp_path: Path) -> None:
    """A function of ranges counts the blank cells below the used ones in an array formula, as in an ordinary one."""
    formulas = {
        'SUM(COUNTIF(A:A,""))': 1048574, 'COUNTIF(A:A,"<>1")': 1048575, "SUM(COUNTBLANK(A:A))": 1048574,
        "SUM(COUNTBLANK(A:B)+0)": 2097149, "SUM(A:A*1)": 3, "SUM(IF(ISBLANK(A:A),0,A:A))": 3, "MAX(A:A+0)": 2,
        "SUM(LARGE(A:A,{1,2}))": 3, "ROWS(A:A)": 1048576, "SUM(TRANSPOSE(A:A))": 3, "MATCH(2,A:A*1,0)": 2,
    }  # fmt: skip

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2])
        sheet.write("B9", 1)
        for row, formula in enumerate(formulas):
            sheet.write_array_formula(row, 3, row, 3, f"{{={formula}}}", None, -1)

    recalculate(make(tmp_path / "b.xlsx", build))
    found = values(tmp_path / "b.xlsx")
    assert {formula: found[f"D{row}"] for row, formula in enumerate(formulas, 1)} == formulas
