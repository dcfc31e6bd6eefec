"""Stress: what the whole book is worth, and which account is liquidated, when all prices move together."""

from __future__ import annotations

from typing import Any, Final

from rebalance_xl.authoring import styles
from rebalance_xl.authoring.page import Page
from rebalance_xl.authoring.styles import Styles

_TOP: Final = 3
_MOVES: Final = (-0.9, -0.7, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
#: The columns that STRESS_TABLE gives, with number format and width.
_GIVEN: Final = (
    ("Value", styles.WHOLE, 14),
    ("Value if lost", styles.WHOLE, 14),
    ("Equity", styles.WHOLE, 14),
    ("Ratio", styles.PERCENT, 14),
    ("Liquidated", styles.GENERAL, 68),
)
_LEFT: Final = 2


def _figure(look: Styles, number_format: str) -> Any:
    """Return the style of a column; of many names the first two lines are whole, the rest lies below them."""
    if number_format == styles.GENERAL:
        names = {"align": "left", "valign": "top", "indent": 1, "text_wrap": True}
        return look.computed(number_format, font_size=styles.SENTENCE_SIZE, **names)
    return look.computed(number_format, align="right")


def stress_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet: moves of the user, one formula, and a chart of the value."""
    page = Page(workbook, look, "Stress", tab=styles.BRICK, height=30)
    page.title(
        "Stress",
        "All prices move at once by the yellow share; change it, or put a coin's name in place of ALL. "
        "Value if lost: liquidated accounts are gone.",
    )
    sheet = page.sheet
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 11)
    last = _TOP + len(_MOVES)
    for column, text in enumerate(("Scenario", "ALL")):
        sheet.write_string(_TOP, column, text, look.header())
    for offset, move in enumerate(_MOVES, start=1):
        row = _TOP + offset
        text = f'=IF(B{row + 1}=0,"as it is",IF(B{row + 1}<0,"fall","rise"))'
        sheet.write_formula(row, 0, text, look.computed(indent=1), "")
        sheet.write_number(row, 1, move, look.input("+0%;-0%;0%", align="right"))
    for column, (_, number_format, width) in enumerate(_GIVEN, start=_LEFT):
        style = _figure(look, number_format)
        sheet.set_column(column, column, width)
        sheet.conditional_format(
            _TOP,
            column,
            _TOP,
            column,
            {"type": "no_blanks", "format": look(bold=True, font_color="#FFFFFF", bg_color=styles.SLATE)},
        )
        for row in range(_TOP, last + 1):
            sheet.write_blank(row, column, None, look.header(computed=True) if row == _TOP else style)
    area = f"A{_TOP + 1}:B{last + 1}"
    formula = f'=IF(COUNTA(Portfolio[Asset])=0,"",STRESS_TABLE({area}))'
    header = look.header(computed=True)
    page.formula(_TOP, _LEFT, formula, header, rows=len(_MOVES) + 1, columns=len(_GIVEN))
    for column, (_, number_format, _) in enumerate(_GIVEN, start=_LEFT):
        style = _figure(look, number_format)
        for row in range(_TOP + 1, last + 1):
            sheet.write_number(row, column, 0, style)
    paper, ink = styles.RED
    loud = look(bg_color=paper, font_color=ink, bold=True)
    sheet.conditional_format(
        _TOP + 1,
        _LEFT + 3,
        last,
        _LEFT + 3,
        {"type": "cell", "criteria": "==", "value": '"LIQUIDATABLE"', "format": loud},
    )
    sheet.conditional_format(_TOP + 1, _LEFT + 4, last, _LEFT + 4, {"type": "no_blanks", "format": loud})
    # By the size of the move and not by its place in the list, whose steps grow towards the ends.
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    # Without positions both lines are one: the narrow one and the wide dashes show each other, whichever lies above.
    for column, line in (
        (_LEFT, {"color": styles.TEAL, "width": 2}),
        (_LEFT + 1, {"color": styles.BRICK, "width": 3.5, "dash_type": "dash"}),
    ):
        chart.add_series(
            {
                "name": ["Stress", _TOP, column],
                "categories": ["Stress", _TOP + 1, 1, last, 1],
                "values": ["Stress", _TOP + 1, column, last, column],
                "line": line,
            }
        )
    font = {"name": styles.FONT, "color": styles.SLATE, "size": 9}
    title = {"name": styles.FONT, "size": 12, "color": styles.NAVY}
    chart.set_title({"name": "Value of the book by move of all prices", "name_font": title, "overlay": False})
    chart.set_legend({"position": "bottom", "font": font})
    grid = {"visible": True, "line": {"color": styles.LINE, "width": 0.75}}
    axis = {"num_font": font, "label_position": "low", "major_gridlines": grid}
    chart.set_x_axis(axis | {"num_format": "+0%;-0%;0%", "line": {"color": styles.LINE}})
    chart.set_y_axis(axis | {"num_format": "#,##0", "line": {"none": True}})
    chart.set_chartarea({"border": {"color": styles.LINE}})
    chart.set_size({"width": 760, "height": 330})
    sheet.insert_chart(last + 2, 0, chart, {"description": "Lines: value of the book by move of all prices"})
    sheet.freeze_panes(_TOP + 1, 0)
    page.print_setup()
    sheet.fit_to_pages(1, 1)
    return page
