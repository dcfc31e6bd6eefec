"""Number formats and languages: names by a tag, and formats that are not read because nobody tells their language."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.recalc.native.faults import UNDECIDED
from rebalance_xl.recalc.native.format_language import names_of, undecided
from rebalance_xl.recalc.workbook import recalculate
from tests.native.calls import call


@pytest.mark.parametrize(
    "tag, march, wednesday",
    [
        ("407", "März", "Mittwoch"),
        ("0407", "März", "Mittwoch"),
        ("de-DE", "März", "Mittwoch"),
        ("40C", "mars", "mercredi"),
        ("410", "marzo", "mercoledì"),
        ("413", "maart", "woensdag"),
        ("C0A", "marzo", "miércoles"),
        ("416", "março", "quarta-feira"),
        ("809", "March", "Wednesday"),
        ("10409", "March", "Wednesday"),
        ("en-GB", "March", "Wednesday"),
    ],
)
def test_a_tag_fixes_the_language_of_names(tag: str, march: str, wednesday: str) -> None:
    """The names of 15 March 2023 follow the tag in the format, whatever the system's language is."""
    assert call("TEXT", 45000.0, f"[$-{tag}]mmmm dddd") == f"{march} {wednesday}"


@pytest.mark.parametrize("tag", ["407", "40C", "410", "413", "409", "C0A", "416"])
def test_names_are_complete(tag: str) -> None:
    """Every language has twelve months and seven days, and short names for all of them or for none."""
    names = names_of(tag)
    assert names is not None
    assert (len(names.months), len(names.days)) == (12, 7)
    assert len(names.short_months) in (0, 12)
    assert len(names.short_days) in (0, 7)


@pytest.mark.parametrize(
    "text",
    ["TT.MM.JJJJ", "jj/mm/aaaa", "dd/mm/aaaa", "0,00%", "0,0", "#.##0,00", "# ##0", "yyyy年m月d日", "[$-411]ggge",
     "[$-F800]dddd, mmmm dd, yyyy", "[DBNum1]0", "[$-1070000]d/mm/yyyy"],
)  # fmt: skip
def test_formats_in_an_unknown_language_are_not_read(text: str) -> None:
    """Codes, decimal commas, digits and calendars of a system that the file does not name give no value."""
    assert undecided(text)
    assert call("TEXT", 45000.5, text).code == UNDECIDED


@pytest.mark.parametrize(
    "text",
    ["0", "0.00", "#,##0", "#,##0.00", "0,000", "#,#", "#,##0.0,,", '$#,##0.0,,"M"', "0.0x", "0.0%", "yyyy-mm-dd",
     "dd.mm.yyyy", "d mmm yy", "hh:mm AM/PM", "[h]:mm:ss", "0.00E+00", "# ?/?", "#,##0;(#,##0);-", "[>1]0;General",
     "[$€-407] #,##0.00", "@", "000-00-0000", '"Total: "0', "[Red]0"],
)  # fmt: skip
def test_ordinary_formats_are_read(text: str) -> None:
    """What reads the same in English and is no other language's spelling is read as English."""
    assert undecided(text) == ""
    assert isinstance(call("TEXT", 45000.5, text), str)


@pytest.mark.parametrize("text", ["[$-40A]mmm", "[$-416]ddd"])
def test_short_names_that_systems_write_differently_are_not_shown(text: str) -> None:
    """With or without a point is a matter of the system's version, so that the value is not written."""
    assert call("TEXT", 45000.0, text).code == UNDECIDED
    assert call("TEXT", 45047.0, "[$-40A]mmmm") == "mayo"


@pytest.mark.parametrize("month, short", [(5, "May"), (6, "Jun"), (7, "Jul"), (9, "Sep")])
def test_short_names_have_three_letters_in_english(month: int, short: str) -> None:
    """Months whose whole names are short are shortened as well."""
    assert call("TEXT", call("DATE", 2024.0, float(month), 1.0), "mmm") == short


def test_a_cell_keeps_its_value_where_the_language_is_unknown(tmp_path: Path) -> None:
    """Neither a constant format nor one in a cell is guessed: the cells keep their values and the report says why."""
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([46346, "TT.MM.JJJJ"])
    sheet["D1"], sheet["D2"], sheet["D3"] = '=TEXT(A1,"TT.MM.JJJJ")', "=TEXT(A1,B1)", '=TEXT(A1,"yyyy")'
    book.save(path)
    result = recalculate(path)
    kept = {cell.cell: cell for cell in result.changed if cell.status == "kept"}
    assert set(kept) == {"D1", "D2"}
    assert "another language" in kept["D1"].cause
    assert openpyxl.load_workbook(path, data_only=True).active["D3"].value == "2026"


@pytest.mark.parametrize("cached, kept", [("星期日", True), ("Sunday", False), ("Sonntag", True), ("", False)])
def test_names_follow_what_the_workbook_shows(tmp_path: Path, cached: str, kept: bool) -> None:
    """Where cached texts show another language's days, names without a tag are kept; others are written in English."""
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write(0, 0, 45001)
    sheet.write_formula(0, 1, '=TEXT(A1,"dddd")', None, cached)
    sheet.write_formula(1, 1, '=TEXT(A1,"[$-409]dddd")', None, "?")
    book.close()
    result = recalculate(path)
    assert bool(result.kept) is kept
    values = openpyxl.load_workbook(path, data_only=True).active
    assert [values["B1"].value, values["B2"].value] == [cached if kept else "Thursday", "Thursday"]
