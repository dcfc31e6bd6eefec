"""The workbook at any size: what a book of 4, 40 or 200 assets and 0, 1 or 50 positions gets from its file."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from rebalance_xl.recalc.workbook import recalculate_bytes

from .growing import assets, grown, positions, tiers

pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")

# The largest takes long to grow and to calculate.
SIZES = [
    pytest.param((4, 0), id="4-0"),
    pytest.param((40, 50), id="40-50"),
    pytest.param((200, 1), id="200-1", marks=pytest.mark.slow),
]
HEADER = 4


@dataclass(frozen=True)
class Grown:
    """A workbook whose tables have grown: its sizes, its cells with values, its cells with formulas."""

    assets: int
    positions: int
    values: openpyxl.Workbook
    formulas: openpyxl.Workbook

    def rows(self, sheet: str) -> int:
        """Return the rows of the sheet's table."""
        return max(1, self.assets if sheet == "Portfolio" else self.positions)


@pytest.fixture(scope="module", params=SIZES)
def book(request: pytest.FixtureRequest, workbook: Path) -> Grown:
    """Grow the workbook's tables as Excel writes them, and calculate it."""
    count, open_positions = request.param
    futures = positions(open_positions)
    tables: dict[str, list[dict[str, Any]]] = {"Portfolio": assets(count), "Futures": futures}
    package = grown(workbook.read_bytes(), tables | {"MarginTiers": tiers(futures)})
    package, report = recalculate_bytes(package)
    assert (report.kept, report.unknown_functions) == (0, [])
    with warnings.catch_warnings(action="ignore"):
        values = openpyxl.load_workbook(io.BytesIO(package), data_only=True)
        return Grown(count, open_positions, values, openpyxl.load_workbook(io.BytesIO(package)))


def computed_columns(sheet: Worksheet) -> Iterator[tuple[int, str]]:
    """Yield the number and title of each column beside the sheet's table."""
    (table,) = sheet.tables.values()
    right = openpyxl.utils.range_boundaries(table.ref)[2]
    for column in range(right + 2, sheet.max_column + 1):
        yield column, sheet.cell(HEADER, column).value


@pytest.mark.parametrize("name", ["Portfolio", "Futures"])
def test_every_row_has_its_figures(book: Grown, name: str) -> None:
    """Each computed column has a value on every row of the table and none below; no cell shows an error."""
    sheet, rows = book.values[name], book.rows(name)
    filled = bool(sheet.cell(HEADER + 1, 1).value)
    assert len(list(computed_columns(sheet))) >= 7
    for column, title in computed_columns(sheet):
        cells = [sheet.cell(HEADER + row, column).value for row in range(1, rows + 2)]
        assert cells.pop() is None, title
        assert not any(isinstance(cell, str) and cell.startswith("#") for cell in cells), title
        blank = {"Realised gain", "Estimate"} if filled else {title}
        assert title in blank or all(cell not in (None, "") for cell in cells), title


def rules_at(sheet: Worksheet, row: int, column: int) -> list[Any]:
    """Return the conditional formats whose range covers a cell."""
    where = f"{get_column_letter(column)}{row}"
    return [
        rule
        for area in sheet.conditional_formatting
        if any(where in each for each in area.sqref.ranges)
        for rule in area.rules
    ]


@pytest.mark.parametrize("name", ["Portfolio", "Futures", "Plan", "Journal", "Lots", "Fills", "CashFlows", "Wallets"])
def test_a_new_row_has_paper_lines_and_number_format(book: Grown, name: str) -> None:
    """A rule on the row's first cell gives every column its fill, border and number format, down to row 1,000."""
    sheet = book.formulas[name]
    (table,) = sheet.tables.values()
    right = openpyxl.utils.range_boundaries(table.ref)[2]
    columns = [*range(1, right + 1), *(column for column, _ in computed_columns(sheet))]
    for row in (HEADER + book.rows(name), HEADER + 1000):
        for column in columns:
            rules = [rule for rule in rules_at(sheet, row, column) if rule.formula == [f'$A{HEADER + 1}<>""']]
            assert len(rules) == 1, (name, row, column)
            assert rules[0].dxf.fill.bgColor.rgb in ("FFFFFBE8", "FFF2F5F8")
            assert rules[0].dxf.border.left.style == "thin"


def test_the_last_row_looks_like_the_first(book: Grown) -> None:
    """Number format and alignment of a computed column are those of the column itself, which new cells take."""
    for name in ("Portfolio", "Futures"):
        sheet = book.formulas[name]
        for column, title in computed_columns(sheet):
            own = sheet.cell(HEADER + 1, column)
            # openpyxl keeps equal neighbours as one group, under the first one's letter.
            whole = next(each for each in sheet.column_dimensions.values() if each.min <= column <= each.max)
            assert (whole.number_format, whole.alignment.horizontal) == (
                own.number_format,
                own.alignment.horizontal,
            ), title


def test_words_and_warnings_are_coloured_on_every_row(book: Grown) -> None:
    """The colours of TRIM and ADD, and of a near liquidation, reach the last row."""
    words = {"TRIM", "ADD", "HOLD", "UNTARGETED"}
    sheet = book.formulas["Portfolio"]
    flag = next(column for column, title in computed_columns(sheet) if title == "Flag")
    found = {rule.formula[0].strip('"') for rule in rules_at(sheet, HEADER + book.assets, flag) if rule.operator}
    assert found == words
    sheet = book.formulas["Futures"]
    distance = next(column for column, title in computed_columns(sheet) if title == "Distance")
    rules = rules_at(sheet, HEADER + book.rows("Futures"), distance)
    assert any("LiquidationWarning" in rule.formula[0] for rule in rules)


def test_the_dashboard_shows_the_largest_and_the_rest(book: Grown) -> None:
    """Twelve rows by size, then one for the others; their sum is the book's."""
    sheet = book.values["Dashboard"]
    table = [[sheet.cell(row, column).value for column in range(2, 10)] for row in range(24, 37)]
    shown = [row for row in table if row[0]]
    held = {row[0].value: row[6].value for row in book.values["Portfolio"].iter_rows(min_row=5) if row[0].value}
    largest = sorted(held, key=lambda name: -held[name])[:12]
    assert [row[0] for row in shown[:12]] == largest
    assert [row[1] for row in shown[:12]] == pytest.approx([held[name] for name in largest])
    assert sum(row[1] for row in shown) == pytest.approx(sum(held.values()))
    if book.assets > 12:
        assert shown[-1][0] == f"Other ({book.assets - 12})"
        assert len(shown) == 13
        targets = [row[8].value or 0 for row in book.values["Portfolio"].iter_rows(min_row=5) if row[0].value]
        assert sum(row[3] for row in shown) == pytest.approx(sum(targets))
    flags = {row[0].value: row[flag_column(book)].value for row in book.values["Portfolio"].iter_rows(min_row=5)}
    assert [row[7] for row in shown[:12]] == [flags[name] for name in largest]
    symbols = [sheet.cell(row, 11).value for row in range(24, 37)]
    if not book.positions:
        assert symbols[0] == "No positions"
        assert sheet["O5"].value == "none"
    if book.positions > 12:
        assert symbols[-1] == f"Other ({book.positions - 12})"


def flag_column(book: Grown) -> int:
    """Return the position of Flag in a row of the sheet Portfolio."""
    return next(column for column, title in computed_columns(book.values["Portfolio"]) if title == "Flag") - 1


def test_charts_follow(book: Grown) -> None:
    """Every series is a name that ends with the rows shown: all of them, or twelve and the row Other."""
    names = book.formulas["Dashboard"].defined_names
    charts = {name: each.value for name, each in names.items() if name.startswith("Chart")}
    assert len(charts) == 10
    sheet = book.values["Dashboard"]
    for name, text in charts.items():
        count = sheet[re.search(r"MIN\(Dashboard!(\$[ST]\$22),12\)", text)[1].replace("$", "")].value
        assert count == (
            book.positions if name in ("ChartSymbol", "ChartSpotHeld", "ChartNotional", "ChartMargin") else book.assets
        )
        first, last = re.match(r"Dashboard!\$([A-Q])\$24:INDEX\(Dashboard!\$[A-Q]\$24:\$[A-Q]\$(\d+),", text).groups()
        assert int(last) == 36
        rows = max(1, min(count, 12) + (count > 12))
        shown = [sheet[f"{first}{row}"].value for row in range(24, 37)]
        assert all(each in (None, "") for each in shown[rows:]), name


def test_it_prints_to_the_last_row(book: Grown) -> None:
    """No print area cuts a table; headers repeat on every page, one page wide; the Dashboard is one page."""
    for name in ("Portfolio", "Futures", "Plan"):
        sheet = book.formulas[name]
        assert not sheet.print_area
        assert sheet.print_title_rows == "$4:$4"
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert book.formulas["Dashboard"].print_area == "'Dashboard'!$A$1:$Q$36"
