"""The look of the workbook: colours, number formats and cell styles, each a named thing used everywhere.

Inputs are blue on pale yellow, as finance users expect; what is computed is black on white or grey.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

FONT: Final = "Calibri"
#: Points of text, and of sentences in a row of a table.
SIZE: Final = 11
SENTENCE_SIZE: Final = 10

NAVY: Final = "#1B2A41"
TEAL: Final = "#0B7A75"
SLATE: Final = "#5C6B7E"
MIST: Final = "#F2F5F8"
GOLD: Final = "#F0B429"
BRICK: Final = "#C0392B"
LINE: Final = "#D3DAE3"
INPUT_FILL: Final = "#FFFBE8"
INPUT_INK: Final = "#1D4FA3"
INK: Final = "#1F2933"
FAINT: Final = "#7B8794"

RED: Final = ("#FBE3E1", "#A61B1B")
GREEN: Final = ("#DFF3E4", "#1B6B36")
AMBER: Final = ("#FFF0D0", "#8A5A00")
BLUE: Final = ("#DEEBFA", "#1D4FA3")
GREY: Final = ("#ECEFF3", "#52606D")
#: A warning: nothing else in the workbook is as loud.
ORANGE: Final = ("#FFC48A", "#7A2E00")
VIOLET: Final = ("#ECE4FA", "#5B2C9D")

MONEY: Final = "#,##0.00;[Red]-#,##0.00;0.00"
WHOLE: Final = "#,##0;[Red]-#,##0;0"
UNITS: Final = "#,##0.########"
PRICE: Final = "#,##0.00######"
COMPUTED_PRICE: Final = "#,##0.00##"
PERCENT: Final = "0.0%"
SIGNED_PERCENT: Final = "+0.0%;-0.0%;0.0%"
RATE: Final = "0.0000%"
DATE: Final = "yyyy-mm-dd"
PLAIN: Final = "0.########"
TEXT: Final = "@"
GENERAL: Final = "General"

#: What whole numbers get in place of a format that would leave a bare decimal point behind them ("18,000.").
WHOLE_NUMBERS: Final = {UNITS: "#,##0", PLAIN: "0"}

#: Number formats by the kinds of the book's schema.
BY_KIND: Final = {
    "amount": MONEY,
    "price": PRICE,
    "share": PERCENT,
    "fraction": RATE,
    "date": DATE,
    "number": PLAIN,
}

#: Words with a colour of their own, wherever they stand.
WORD_COLOURS: Final = {
    "TRIM": RED,
    "ADD": GREEN,
    "HOLD": GREY,
    "UNTARGETED": GREY,
    "EVENT": VIOLET,
    "THRESHOLD": AMBER,
    "TIME": BLUE,
    "NONE": GREY,
    "LOW": AMBER,
    "HIGH": AMBER,
    "OK": GREEN,
    "SELL": RED,
    "BUY": GREEN,
    "OPEN LONG": GREEN,
    "OPEN SHORT": RED,
    "CLOSE": AMBER,
    "TRANSFER": BLUE,
    "REDUCE": AMBER,
    "RELEASE": BLUE,
    "CONVERT": BLUE,
    "ADD MARGIN": ORANGE,
    "CHECK": AMBER,
    "WARNING": ORANGE,
    "LIQUIDATED": RED,
    "LIQUIDATABLE": RED,
    "NEVER": GREY,
    "UP": GREEN,
    "DOWN": RED,
}


class Styles:
    """Formats of one workbook, made on first use and shared afterwards."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._make = cache(self._new)

    def __call__(self, **properties: Any) -> Any:
        """Return the format with these XlsxWriter properties on top of the house's font."""
        return self._make(tuple(sorted(properties.items())))

    def _new(self, properties: tuple[tuple[str, Any], ...]) -> Any:
        return self._workbook.add_format(
            {"font_name": FONT, "font_size": SIZE, "font_color": INK, "valign": "vcenter"} | dict(properties)
        )

    def input(self, number_format: str = GENERAL, **more: Any) -> Any:
        """Return the style of a cell the user fills in."""
        return self(
            bg_color=INPUT_FILL,
            font_color=INPUT_INK,
            num_format=number_format,
            border=1,
            border_color=LINE,
            locked=False,
            **more,
        )

    def computed(self, number_format: str = GENERAL, **more: Any) -> Any:
        """Return the style of a cell that a formula fills."""
        return self(**{"bg_color": MIST, "num_format": number_format, "border": 1, "border_color": LINE} | more)

    def ruled(self, number_format: str = GENERAL, *, yours: bool = False) -> Any:
        """Return what a rule gives a cell of a filled row: paper, lines and number format, blue ink for the user's."""
        paper, ink = (INPUT_FILL, INPUT_INK) if yours else (MIST, INK)
        return self(bg_color=paper, font_color=ink, num_format=number_format, border=1, border_color=LINE)

    def header(self, *, computed: bool = False, **more: Any) -> Any:
        """Return the style of a column header: navy over inputs, slate over what is computed."""
        return self(
            bold=True,
            font_color="#FFFFFF",
            bg_color=SLATE if computed else NAVY,
            text_wrap=True,
            align="center",
            border=1,
            border_color=LINE,
            **more,
        )

    @property
    def title(self) -> Any:
        """The sheet's title."""
        return self(bold=True, font_size=18, font_color=NAVY)

    @property
    def subtitle(self) -> Any:
        """The line under the title."""
        return self(font_color=FAINT, italic=True)

    @property
    def section(self) -> Any:
        """A heading inside a sheet."""
        return self(bold=True, font_size=12, font_color=TEAL, bottom=2, bottom_color=TEAL)

    @property
    def section_right(self) -> Any:
        """A heading over figures."""
        return self(bold=True, font_size=12, font_color=TEAL, bottom=2, bottom_color=TEAL, align="right")

    @property
    def section_indented(self) -> Any:
        """A heading over texts that stand beside figures."""
        return self(bold=True, font_size=12, font_color=TEAL, bottom=2, bottom_color=TEAL, indent=1)

    @property
    def note(self) -> Any:
        """Small print."""
        return self(font_color=FAINT, font_size=10, text_wrap=True, valign="top")
