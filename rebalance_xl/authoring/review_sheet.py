"""The sheet Review: the table of variants, value and drawdown, the heat map, and the performance of the real book.

All of it are values that the Review button writes; the charts draw them. The tables have spare rows, so that nothing
moves when they are filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from xlsxwriter.utility import xl_range_abs

from rebalance_xl.authoring import styles
from rebalance_xl.authoring.page import Page
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.review import sheet as tables
from rebalance_xl.review.forms import COLUMNS

_HEADLINE: Final = 3
_VARIANTS: Final = 6
_MOST_VARIANTS: Final = 18
_CHARTS: Final = _VARIANTS + _MOST_VARIANTS + 3
_GRID: Final = _CHARTS + 18
_RETURNS: Final = _GRID + len(tables.GRID_BANDS) + 4
_MOST_RETURNS: Final = 14
_NOTES: Final = _RETURNS + _MOST_RETURNS + 4
_MOST_NOTES: Final = 40
_CURVES: Final = 30
#: The bars of the bootstrap stand beside the heat map.
_BOOT: Final = len(tables.GRID_HEADERS) + 1
_MOST_BOOT: Final = 3
_BARS: Final = _CURVES + len(tables.CURVE_HEADERS) + 1
_FORMATS: Final = {
    "share": styles.PERCENT,
    "signed": styles.SIGNED_PERCENT,
    "ratio": "0.00",
    "count": "#,##0",
    "money": styles.WHOLE,
}
_DRAWN: Final = (("Hold", "#A3ADB9"), ("Book", styles.TEAL), ("Monthly", styles.GOLD), ("Threshold", styles.BRICK))


def review_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet that the Review button fills."""
    page = Page(workbook, look, "Review", tab=styles.TEAL)
    sheet = page.sheet
    page.title(
        "Review", "Which rules would have served this book over the closes of Prices, and how it has really done."
    )
    # Narrow, so that all of it is one page wide and can still be read there.
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, len(COLUMNS), 8.8)
    sheet.set_column(1 + len(COLUMNS), 1 + len(COLUMNS), 46)
    sheet.insert_button(
        0,
        8,
        {
            "macro": "ReviewThisBook",
            "caption": "Review",
            "width": 150,
            "height": 30,
            "y_offset": 4,
            "description": "Lay the rules side by side over the history in Prices and fill this sheet",
        },
    )
    sheet.set_row(_HEADLINE, 48)
    sheet.merge_range(
        _HEADLINE,
        0,
        _HEADLINE,
        13,
        "",
        look(bg_color=styles.MIST, left=5, left_color=styles.TEAL, text_wrap=True, font_size=12, indent=1, bold=True),
    )
    sheet.write_formula(
        _HEADLINE,
        0,
        f'=IF({page.address(_NOTES + 1, 1)}="","Press Review to fill this sheet from the closes in Prices.",'
        f"{page.address(_NOTES + 1, 1)})",
        look(bg_color=styles.MIST, left=5, left_color=styles.TEAL, text_wrap=True, font_size=12, indent=1, bold=True),
    )
    _section(page, _VARIANTS - 1, "Rules side by side (own settings marked)", 2 + len(COLUMNS))
    formats = [styles.GENERAL, *(_FORMATS[kind] for _, _, kind in COLUMNS), styles.GENERAL]
    _table(page, tables.VARIANTS, tables.VARIANT_HEADERS, _VARIANTS, 0, _MOST_VARIANTS, formats)
    own = look(bold=True, bg_color=styles.BLUE[0])
    first, last = _VARIANTS + 1, _VARIANTS + _MOST_VARIANTS
    sheet.conditional_format(
        first,
        0,
        last,
        1 + len(COLUMNS),
        {"type": "formula", "criteria": f'=RIGHT($A{first + 1},14)="(own settings)"', "format": own},
    )
    _section(page, _CHARTS - 1, "Value and drawdown", 14)
    _curve_charts(workbook, page)
    _section(
        page,
        _GRID - 1,
        "Growth a year against holding, by band and TrimTo; grey: inside the bootstrap's band",
        _BOOT - 1,
    )
    _section(page, _GRID - 1, "How sure: the same difference in drawn histories", len(tables.BOOTSTRAP_HEADERS), _BOOT)
    count = len(tables.GRID_DESTINATIONS)
    grid_formats = [styles.PERCENT, *([styles.SIGNED_PERCENT] * count), *(["#,##0"] * count)]
    bands = len(tables.GRID_BANDS)
    _table(page, tables.GRID, tables.GRID_HEADERS, _GRID, 0, bands, grid_formats)
    _heat(page, bands)
    boot_formats = [styles.GENERAL, *([styles.SIGNED_PERCENT] * 4), "0%"]
    _table(page, tables.BOOTSTRAP, tables.BOOTSTRAP_HEADERS, _GRID, _BOOT, _MOST_BOOT, boot_formats)
    _bootstrap_bars(workbook, page)
    _section(page, _RETURNS - 1, "The real book: profit and contribution", 8)
    money = [styles.GENERAL, *([styles.MONEY] * 6), "+0.00%;-0.00%;0.00%"]
    _table(page, tables.RETURNS, tables.RETURN_HEADERS, _RETURNS, 0, _MOST_RETURNS, money)
    _contributions(workbook, page)
    _section(page, _NOTES - 1, "What to know, and what every figure rests on", 14)
    _table(page, tables.NOTES, tables.NOTE_HEADERS, _NOTES, 0, _MOST_NOTES, [styles.GENERAL, styles.GENERAL])
    _section(page, _VARIANTS - 1, "What the charts draw", len(tables.CURVE_HEADERS), left=_CURVES)
    values = [styles.DATE, *([styles.WHOLE] * 4), *([styles.PERCENT] * 4)]
    _table(page, tables.CURVES, tables.CURVE_HEADERS, _VARIANTS, _CURVES, tables.MOST_POINTS, values)
    bar_formats = [styles.GENERAL, *([styles.SIGNED_PERCENT] * 4)]
    _table(page, tables.BARS, tables.BAR_HEADERS, _VARIANTS, _BARS, _MOST_BOOT, bar_formats)
    sheet.set_column(_CURVES, _BARS + len(tables.BAR_HEADERS) - 1, 11)
    sheet.freeze_panes(3, 1)
    sheet.set_zoom(90)
    page.print_setup()
    sheet.set_h_pagebreaks([_RETURNS - 1])
    sheet.print_area(0, 0, _NOTES + _MOST_NOTES, 1 + len(COLUMNS))
    return page


def _heat(page: Page, bands: int) -> None:
    """Colour the cells: one colour for all inside the band of the bootstrap, which the history does not tell apart."""
    first = _GRID + 1
    low, high = (xl_range_abs(first, _BOOT + column, first, _BOOT + column).split(":")[0] for column in (1, 3))
    cell = f"B{first + 1}"
    rules: tuple[tuple[str, str], ...] = (
        (f"=AND(ISNUMBER({cell}),ISNUMBER({low}),{cell}>={low},{cell}<={high})", "#E8EDF3"),
        (f"=AND(ISNUMBER({cell}),{cell}>0)", "#A9D8B8"),
        (f"=AND(ISNUMBER({cell}),{cell}<0)", "#F4B6AE"),
    )
    for criteria, colour in rules:
        rule = {"type": "formula", "criteria": criteria, "format": page.look(bg_color=colour), "stop_if_true": True}
        page.sheet.conditional_format(first, 1, _GRID + bands, len(tables.GRID_DESTINATIONS), rule)


def _bootstrap_bars(workbook: Any, page: Page) -> None:
    """Draw the bars from 5 to 95 % across 0: one a length of the blocks."""
    chart = workbook.add_chart({"type": "bar", "subtype": "stacked"})
    first, last = _VARIANTS + 1, _VARIANTS + _MOST_BOOT
    for offset, visible in ((1, False), (2, True), (3, False), (4, True)):
        chart.add_series(
            {
                "name": tables.BAR_HEADERS[offset],
                "categories": f"=Review!{xl_range_abs(first, _BARS, last, _BARS)}",
                "values": f"=Review!{xl_range_abs(first, _BARS + offset, last, _BARS + offset)}",
                "fill": {"color": styles.TEAL} if visible else {"none": True},
                "border": {"none": True},
                "gap": 45,
            }
        )
    font = {"name": styles.FONT, "color": styles.SLATE, "size": 9}
    title = {"name": styles.FONT, "size": 11, "color": styles.NAVY}
    chart.set_title({"name": "Difference to holding, a year: 90 of 100 drawn histories", "name_font": title})
    chart.set_legend({"none": True})
    line = {"color": styles.NAVY, "width": 1.25}
    chart.set_x_axis({"num_font": font, "num_format": "+0%;-0%;0%", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"num_font": font, "reverse": True, "label_position": "low", "line": line})
    chart.set_chartarea({"border": {"color": styles.LINE}})
    chart.set_size({"width": 640, "height": 160})
    text = "Bars: where the difference to holding lies in drawn histories, by length of the blocks"
    page.sheet.insert_chart(_GRID + _MOST_BOOT + 1, _BOOT, chart, {"object_position": 2, "description": text})


def _section(page: Page, row: int, text: str, width: int, left: int = 0) -> None:
    for column in range(width):
        page.sheet.write_string(row, left + column, text if column == 0 else "", page.look.section)


def _table(
    page: Page, name: str, headers: Sequence[str], top: int, left: int, rows: int, formats: Sequence[str]
) -> None:
    """Write an empty table with spare rows in the look of what is computed."""
    look, sheet = page.look, page.sheet
    columns = []
    for position, (header, number_format) in enumerate(zip(headers, formats, strict=True)):
        text = number_format == styles.GENERAL
        style = look.computed(number_format, align="left" if text else "right", indent=1 if text else 0)
        columns.append({"header": header, "header_format": look.header(computed=True, font_size=9), "format": style})
        for offset in range(rows):
            sheet.write_blank(top + 1 + offset, left + position, None, style)
    sheet.set_row(top, 32)
    sheet.add_table(
        top,
        left,
        top + rows,
        left + len(headers) - 1,
        {"name": name, "columns": columns, "style": None, "autofilter": False},
    )


def _curve_charts(workbook: Any, page: Page) -> None:
    """Draw values on a logarithmic axis and drawdowns beside them, holding in grey."""
    first, last = _VARIANTS + 1, _VARIANTS + tables.MOST_POINTS
    dates = f"=Review!{xl_range_abs(first, _CURVES, last, _CURVES)}"
    for place, (title, offset, number_format) in enumerate((("Value", 1, "#,##0"), ("Drawdown", 5, "0%"))):
        chart = workbook.add_chart({"type": "line"})
        for number, (name, colour) in enumerate(_DRAWN):
            column = _CURVES + offset + number
            chart.add_series(
                {
                    "name": name,
                    "categories": dates,
                    "values": f"=Review!{xl_range_abs(first, column, last, column)}",
                    "line": {"color": colour, "width": 2.25 if name == "Book" else 1.5},
                }
            )
        font = {"name": styles.FONT, "color": styles.SLATE, "size": 9}
        chart.set_title({"name": title, "name_font": {"name": styles.FONT, "size": 12, "color": styles.NAVY}})
        chart.set_legend({"position": "bottom", "font": font})
        chart.set_x_axis(
            {
                "date_axis": True,
                "num_format": "yyyy-mm",
                "num_font": font,
                "line": {"color": styles.LINE},
                "label_position": "low",
                "major_unit": 3,
                "major_unit_type": "months",
            }
        )
        axis: dict[str, Any] = {
            "num_font": font,
            "num_format": number_format,
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": styles.LINE, "width": 0.75}},
        }
        if title == "Value":
            axis["log_base"] = 2
        chart.set_y_axis(axis)
        chart.show_blanks_as("gap")
        chart.set_chartarea({"border": {"color": styles.LINE}})
        chart.set_size({"width": 640, "height": 360})
        text = f"Lines: {title.lower()} of holding, the book's own rule, a monthly rule and a threshold rule"
        page.sheet.insert_chart(
            _CHARTS, 0, chart, {"x_offset": 4 + place * 652, "object_position": 2, "description": text}
        )


def _contributions(workbook: Any, page: Page) -> None:
    """Draw the contribution of each row of the real book as bars."""
    chart = workbook.add_chart({"type": "bar"})
    last = _RETURNS + 8
    chart.add_series(
        {
            "name": "Contribution",
            "categories": f"=Review!{xl_range_abs(_RETURNS + 1, 0, last, 0)}",
            "values": f"=Review!{xl_range_abs(_RETURNS + 1, 7, last, 7)}",
            "fill": {"color": styles.TEAL},
            "invert_if_negative": True,
            "invert_if_negative_color": styles.BRICK,
            "gap": 60,
        }
    )
    font = {"name": styles.FONT, "color": styles.SLATE, "size": 9}
    chart.set_title({"name": "Contribution", "name_font": {"name": styles.FONT, "size": 12, "color": styles.NAVY}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_font": font, "num_format": "+0.0%;-0.0%;0%", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"num_font": font, "reverse": True, "label_position": "low", "line": {"color": styles.LINE}})
    chart.set_chartarea({"border": {"color": styles.LINE}})
    chart.set_size({"width": 460, "height": 340})
    page.sheet.insert_chart(
        _RETURNS, 10, chart, {"object_position": 2, "description": "Bars: contribution of each row to the return"}
    )
