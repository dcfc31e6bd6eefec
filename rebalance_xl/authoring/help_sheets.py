"""Functions: every worksheet function with its arguments and live examples. xlwings.conf: where Python is."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from rebalance_xl.authoring import styles
from rebalance_xl.authoring.page import Page
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.catalogue import CATEGORIES, Example, Function
from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS

_RESULT_FORMATS: Final = {
    "money": styles.MONEY,
    "units": styles.PRICE,
    "fraction": "0.00##%",
    "price": styles.PRICE,
    "date": styles.DATE,
    "number": "#,##0.00####",
}
_TEXT_WIDTH: Final = 80
_NOTE_WIDTH: Final = 42
_NOTE: Final = 2
_RESULT: Final = 3
_COLUMNS: Final = 9
#: An array constant with a blank in it, which the catalogue's examples may have and Excel has not.
_BLANK_IN_ARRAY: Final = re.compile(r"\{[;,]|[;,][;,}](?=[^{]*\}|$)")

#: The packages of the interpreter in B1. xlwings puts PYTHONPATH before everything else, also before the folder that
#: Excel happens to run in, so that a strange udfs.py there is never the one that is imported.
_SITE_PACKAGES: Final = (
    r'=SUBSTITUTE(SUBSTITUTE(SUBSTITUTE(LOWER(B1),"pythonw.exe",""),"python.exe",""),"scripts\","")&"lib\site-packages"'
)

#: Where the installer puts Python, and how xlwings finds the functions.
CONFIGURATION: Final = (
    ("Interpreter_Win", r"%LOCALAPPDATA%\Rebalancer\venv\Scripts\pythonw.exe"),
    ("Interpreter_Mac", "$HOME/.rebalancer/venv/bin/python"),
    ("PYTHONPATH", _SITE_PACKAGES),
    ("ADD_WORKBOOK_TO_PYTHONPATH", "False"),
    ("UDF Modules", "udfs"),
    ("Use UDF Server", "True"),
    ("Debug UDFs", "False"),
    ("Show Console", "False"),
)


def functions_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with help: name, arguments, worked examples that are live formulas."""
    page = Page(workbook, look, "Functions")
    page.title(
        "Functions",
        "Type them in any cell. Without arguments most of them read this workbook's own tables: =TRIM_AMOUNT().",
    )
    sheet = page.sheet
    for column, width in enumerate((27, _TEXT_WIDTH, _NOTE_WIDTH, 17, 11, 11, 11, 11, 11)):
        sheet.set_column(column, column, width)
    headers = ("Function", "What it gives, its arguments, examples", "What the example shows", "Result")
    for column, text in enumerate(headers):
        sheet.write_string(2, column, text, look.header(computed=column >= _RESULT))
    for column in range(_RESULT + 1, _COLUMNS):
        sheet.write_string(2, column, "", look.header(computed=True))
    row = 3
    for category in CATEGORIES:
        functions = [each for each in FUNCTIONS.values() if each.category == category]
        if functions:
            for column in range(_COLUMNS):
                sheet.write_string(row, column, category if column == 0 else "", look.section)
            row += 1
        for function in functions:
            row = _function(page, row, function) + 1
    sheet.freeze_panes(3, 1)
    sheet.print_area(0, 0, row - 1, _COLUMNS - 1)
    page.print_setup(repeat=2)
    return page


def _function(page: Page, top: int, function: Function) -> int:
    """Write one function's block, arguments first, then the examples; the first row after it."""
    look, sheet = page.look, page.sheet
    sheet.write_string(top, 0, function.name, look(bold=True, font_color=styles.NAVY, valign="top"))
    summary = function.summary + (f" Estimate: {function.estimate}" if function.estimate else "")
    _text(page, top, summary, look(text_wrap=True, valign="top"))
    row = top + 1
    for parameter in function.parameters:
        name = parameter.name if parameter.required else f"[{parameter.name}]"
        sheet.write_string(row, 0, name, look(indent=1, font_color=styles.SLATE, valign="top"))
        _text(page, row, parameter.help, look(text_wrap=True, valign="top", font_color=styles.SLATE))
        row += 1
    for example in function.examples:
        row = _example(page, row, function, example)
    return row


def _text(page: Page, row: int, text: str, style: Any, room: float = 1.15, note: str = "") -> None:
    """Write a text that may wrap, in a row high enough for it and for the note beside it."""
    page.sheet.write_string(row, 1, text, style)
    lines = max(len(text) / (_TEXT_WIDTH * room), len(note) / _NOTE_WIDTH, 0.1)
    page.sheet.set_row(row, 4 + 15 * math.ceil(lines))


def _example(page: Page, top: int, function: Function, example: Example) -> int:
    look, sheet = page.look, page.sheet
    result = example.result
    rows, columns = (len(result), len(result[0])) if isinstance(result, list) else (1, 1)
    code = look(font_name="Consolas", font_size=10, font_color=styles.INPUT_INK, text_wrap=True, valign="top")
    _text(page, top, example.formula, code, room=0.9, note=example.note)
    sheet.write_string(
        top, _NOTE, example.note, look(font_color=styles.FAINT, valign="top", font_size=10, text_wrap=True)
    )
    kind = function.result.kind
    number_format = _RESULT_FORMATS.get(kind, styles.GENERAL)
    if kind in ("text", "table"):
        style = look(num_format=number_format, align="left", valign="top")
    else:
        style = look.computed(number_format, align="right", valign="top")
    # An example of a refusal would be an error on a sheet that has none otherwise.
    is_refusal = isinstance(result, CellError)
    if _BLANK_IN_ARRAY.search(example.formula) or columns > _COLUMNS - _RESULT or is_refusal:
        sheet.write_string(top, _RESULT, example.expected, look(align="left", valign="top"))
        return top + 1
    page.formula(top, _RESULT, example.formula, style, rows=rows, columns=columns)
    return top + rows


def configuration_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet that xlwings reads; its rows begin in A1 and leave no gap."""
    page = Page(workbook, look, "xlwings.conf")
    sheet = page.sheet
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 70)
    for row, (key, value) in enumerate(CONFIGURATION):
        sheet.write_string(row, 0, key, look(bold=True))
        if value.startswith("="):
            sheet.write_formula(row, 1, value, look.computed(align="left"), "")
        else:
            sheet.write_string(row, 1, value, look.input())
    sheet.write_string(
        len(CONFIGURATION) + 1,
        0,
        "Read by xlwings. install.ps1 makes the Python environment that Interpreter_Win names.",
        look.subtitle,
    )
    page.print_setup()
    return page
