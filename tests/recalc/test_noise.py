"""Excel's 15 digits: the noise of a last subtraction is 0, and numbers within texts have no more than 15 digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values


def result(tmp_path: Path, formula: str, *more: str) -> Any:
    """Return what the last of some formulas gives; they stand in D1, E1 and so on."""

    def build(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, [0.1, 0.2, 0.3])
        sheet.write_row(1, 0, [1e9 + 0.25, 1e9, "5"])
        book.define_name("Rate", "=0.07")
        for column, each in enumerate((formula, *more)):
            sheet.write_formula(0, 3 + column, each, None, 0)

    book = make(tmp_path / "b.xlsx", build)
    recalculate(book)
    return values(book).get("DEF"[len(more)] + "1")


@pytest.mark.parametrize(
    "formula",
    [
        "=A1+A2-A3",
        "=0.5-0.4-0.1",
        "=A3-A1-A2",
        "=-A3+(A1+A2)",
        "=SUM(A1:B1)-C1",
        "=30%-A1-A2",
        "=A1*3-0.3",
        "=A1 + A2 - A3",
    ],
)
def test_the_noise_of_a_last_subtraction_is_nothing(tmp_path: Path, formula: str) -> None:
    """A difference that is 0 but for the last digits of its sides is exactly 0, and so it is for what reads it."""
    sides = formula.replace("A2", "B1").replace("A3", "C1")
    assert result(tmp_path, sides) == 0.0
    assert result(tmp_path, sides, '=IF(D1=0,"agrees","differs")') == "agrees"
    assert result(tmp_path, sides, "=D1*1E20", '="off by "&E1') == "off by 0"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=(A1+B1-C1)", 0.1 + 0.2 - 0.3),
        ("=1*(0.5-0.4-0.1)", 0.5 - 0.4 - 0.1),
        ("=A1-0.1000000001", 0.1 - 0.1000000001),
        ("=1E-9+0", 1e-9),
        ("=A2-B2-0.2500001", 0.25 - 0.2500001),
        ("=5E-9/5", 1e-9),
    ],
)
def test_small_values_that_are_no_noise_stay(tmp_path: Path, formula: str, expected: float) -> None:
    """What differs within 15 digits, and what does not end with a subtraction, is left as computed."""
    assert result(tmp_path, formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=A1+B1&""', "0.3"),
        ('="Sum: "&(A1+B1)*3&" of "&1/3', "Sum: 0.9 of 0.333333333333333"),
        ("=CONCATENATE(A1+B1,1,TRUE)", "0.31TRUE"),
        ('=TEXTJOIN("; ",TRUE,A1+B1,"x")', "0.3; x"),
        ('=SUBSTITUTE(A1+B1,".",",")', "0,3"),
        ('=IF(A1>0,A1+B1&"",1)', "0.3"),
        ('="card 1234.567890123456789"&A1', "card 1234.5678901234567890.1"),
        ('=C2&"."&REPT("1",20)', "5.11111111111111111111"),
    ],
)
def test_numbers_within_texts_have_fifteen_digits(tmp_path: Path, formula: str, expected: str) -> None:
    """A number that becomes part of a text is written as Excel writes it; texts stay what they are."""
    assert result(tmp_path, formula) == expected


#: A number, the text that Excel makes of it, and how long that is.
SMALL_AND_LARGE = [
    (1e-9, "0.000000001"), (1e-18, "0.000000000000000001"), (1e-19, "1E-19"), (-1e-18, "-0.000000000000000001"),
    (1.23456789e-5, "0.0000123456789"), (1.23456789012346e-5, "1.23456789012346E-05"), (1e19, "10000000000000000000"),
    (1e20, "1E+20"), (5.6789012345e-8, "0.000000056789012345"), (5.67890123456e-8, "5.67890123456E-08"),
]  # fmt: skip


@pytest.mark.parametrize("plain", [False, True])
def test_small_and_large_numbers_within_texts(tmp_path: Path, plain: bool) -> None:
    """An exponent stands where a number would take more than 20 characters, joined, counted or computed."""

    def build(_: Any, sheet: Any) -> None:
        for row, (number, _text) in enumerate(SMALL_AND_LARGE, 1):
            sheet.write(f"A{row}", number)
            sheet.write_formula(f"B{row}", f'=A{row}&""', None, "")
            sheet.write_formula(f"C{row}", f"=LEN(A{row})", None, 0)
            sheet.write_formula(f"D{row}", f'=A{row}/4*4&""', None, "")
            sheet.write_formula(f"E{row}", f'=EXACT(A{row},A{row}&"")', None, 0)

    book = make(tmp_path / "b.xlsx", build)
    recalculate(book, plain=plain)
    found = values(book)
    for row, (_, text) in enumerate(SMALL_AND_LARGE, 1):
        assert [found[f"{letter}{row}"] for letter in "BCDE"] == [text, len(text), text, True]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=IFERROR(MATCH(A1*33&"-k",K1:K2,0),0)', 2), ('=COUNTIF(K1:K2,A1*33&"-k")', 1), ('=VALUE(A1*33&"1")', 3.31),
        ('=IFERROR(_xlfn.XLOOKUP(A1*33&"-k",K1:K2,K1:K2),0)', "3.3-k"),
        ('=IFNA(VLOOKUP(A1*33&"-k",K1:K2,1,0),0)', "3.3-k"),
        ('=SUMIF(K1:K2,A1*33&"-k",L1:L2)', 7), ('=CODE(-(A1-A1)&"")', 48),
    ],
)  # fmt: skip
def test_texts_with_computed_numbers_that_are_looked_for(tmp_path: Path, formula: str, expected: Any) -> None:
    """A number that is computed within a text has 15 digits where the text is looked for or read, too."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 0.1)
        sheet.write_column("K1", ["3.3", "3.3-k"])
        sheet.write_column("L1", [5, 7])
        sheet.write_formula("N1", formula, None, "?")

    book = make(tmp_path / "b.xlsx", build, strings_to_numbers=False)
    recalculate(book)
    assert values(book)["N1"] == expected


def test_columns_of_calls_that_end_with_a_subtraction(tmp_path: Path) -> None:
    """A column of the package's own functions follows the same rule, computed at once or not."""

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 21):
            sheet.write_row(row - 1, 0, [0.1, 0.2, 0.3])
            sheet.write_formula(f"E{row}", f"=WEIGHT(A{row},1)+WEIGHT(B{row},1)-WEIGHT(C{row},1)", None, 7)

    book = make(tmp_path / "b.xlsx", build)
    recalculate(book)
    assert {values(book)[f"E{row}"] for row in range(1, 21)} == {0}


def test_long_columns_with_noise_here_and_there(tmp_path: Path) -> None:
    """A long column is computed again as a whole; gaps, other formulas and what reads it get their right values."""
    exactly = [(0.1 * row, 0.2 * row, 0.3 * row + (row % 3 == 0) * 0.01) for row in range(1, 301)]
    amounts = [[float(f"{each:.16g}") for each in line] for line in exactly]  # as the writer of the file writes them

    def build(_: Any, sheet: Any) -> None:
        for row, amount in enumerate(amounts):
            sheet.write_row(row, 0, amount)
            if row % 50 != 7:
                sheet.write_formula(row, 4, f"=A{row + 1}+B{row + 1}-C{row + 1}", None, 7)
            else:
                sheet.write_formula(row, 4, f"=(A{row + 1}+B{row + 1}-C{row + 1})", None, 7)
            sheet.write_formula(row, 5, f'=IF(E{row + 1}=0,"agrees",A{row + 1}+B{row + 1}&"")', None, "")

    book = make(tmp_path / "b.xlsx", build)
    recalculate(book)
    found = values(book)
    for row, (first, second, total) in enumerate(amounts):
        exact = first + second - total
        kept = row % 50 == 7 or abs(exact) > 1e-6
        assert found[f"E{row + 1}"] == (exact if kept else 0)
        agrees = not kept or exact == 0
        assert found[f"F{row + 1}"] == ("agrees" if agrees else f"{first + second:.15g}")


def test_a_name_does_not_hide_a_function(tmp_path: Path) -> None:
    """RATE(...) is Excel's function in a book with a cell named Rate."""
    assert result(tmp_path, "=RATE(48,-200,8000)+Rate*0") == pytest.approx(0.007701472488, rel=1e-9)
