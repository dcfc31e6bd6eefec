"""The functions as xlwings registers them, and the golden table through them."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import xlwings

from rebalance_xl.authoring.xlwings_generator import ImportedFunctions, import_functions
from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts import excel, excel_lite
from rebalance_xl.hosts.excel_values import ERROR_MARK, from_excel
from tests.golden.golden import differences, load

from .engine import open_book

# The reserved identifiers of VBA: [MS-VBAL] 3.3.5.1. One of them as an argument, and no wrapper compiles.
RESERVED = """
call case close const declare defbool defbyte defcur defdate defdbl defint deflng deflnglng deflngptr defobj defsng
defstr defvar dim do else elseif end endif enum erase event exit for friend function get global gosub goto if
implements input let lock loop lset next on open option print private public put raiseevent redim resume return rset
seek select set static stop sub type unlock wend while with write rem any as byref byval each in new shared until
withevents optional paramarray preserve spc tab then to addressof and eqv imp is like mod not or typeof xor abs
cbool cbyte ccur cdate cdbl cdec cint clng clnglng clngptr csng cstr cvar cverr date debug doevents fix int len lenb
me pset scale sgn string array circle inputb lbound ubound boolean byte currency double integer long longlong
longptr single variant true false nothing empty null attribute lineinput cdecl decimal defdec
""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def imported(root: Path) -> ImportedFunctions:
    """Run xlwings' Import Functions on udfs.py."""
    return import_functions(root / "udfs.py")


def from_marks(value: Any) -> Any:
    """Return an answer as the wrapper in the workbook leaves it in the cell."""
    if isinstance(value, list):
        return [[from_marks(cell) for cell in row] for row in value]
    if isinstance(value, str) and value.startswith(ERROR_MARK):
        return CellError("#" + value.removeprefix(ERROR_MARK))
    return value


def test_udfs_has_every_function() -> None:
    """The module that xlwings imports exposes the catalogue under the worksheet names, and nothing more."""
    module = importlib.import_module("udfs")
    assert {name for name in vars(module) if name.isupper() and not name.startswith("_")} == set(FUNCTIONS)


def test_star_import_brings_functions_and_buttons() -> None:
    """One line in main.py of xlwings Lite is enough, and it brings no helper names."""
    namespace: dict[str, Any] = {}
    exec("from rebalance_xl.hosts.excel import *", namespace)
    buttons = {
        "about_button",
        "check_button",
        "functions_button",
        "rebalance_button",
        "record_button",
        "refresh_button",
    }
    buttons |= {"review_button"}
    assert set(namespace) - {"__builtins__"} == buttons | set(FUNCTIONS)


@pytest.mark.parametrize("case", load(), ids=lambda case: case.id)
def test_golden_table(case: Any) -> None:
    """The function as xlwings calls it gives the golden answer."""
    count = len(FUNCTIONS[case.function].parameters)
    arguments = list(case.arguments) + [MISSING] * (count - len(case.arguments))
    function = getattr(excel, case.function)
    assert differences(from_marks(function(*map(from_excel, arguments))), case.result) == []


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_wizard_help(function: Function, imported: ImportedFunctions) -> None:
    """Every text fits into Excel's function wizard and says something."""
    category, description, arguments = imported.help[function.name]
    assert category == f"Rebalancer - {function.category.partition(' and ')[0]}"
    assert len(category) <= 32
    assert len(arguments) == len(function.parameters)
    for text in (description, *arguments):
        assert 3 <= len(text) <= 255
        assert "\n" not in text
    assert len(",".join(parameter.name for parameter in function.parameters)) <= 250


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_argument_names_are_legal_in_vba(function: Function) -> None:
    """No argument is a word of VBA or twice there, or named like a worksheet function, which it would hide."""
    names = [excel.argument_name(parameter) for parameter in (*function.parameters, *function.context)]
    assert not set(names) & set(RESERVED)
    assert not {name.upper() for name in names} & set(FUNCTIONS)
    assert len({name.casefold() for name in names}) == len(names)


def test_wrapper_hides_the_context(imported: ImportedFunctions) -> None:
    """The MarginTiers table is passed along but is no argument of the cell's formula."""
    source = imported.source
    assert "Function MAX_LEVERAGE(notional, tiers)" in source
    assert "Array(notional, tiers, margin_tiers)" in source


@pytest.mark.parametrize(
    "name, expected",
    [
        ("TRIM_AMOUNT", "Optional values, Optional targets, Optional bands, Optional trim_to, Optional band_kind"),
        ("LOT_GAIN", "sold_quantity, price, lot_quantities, lot_prices, Optional lot_dates, Optional method"),
        ("LIQUIDATION_DISTANCE", "Optional liquidation_price_value, Optional mark_price"),
        ("FUNDING_COST", "side, notional, rate, days, Optional interval_hours"),
    ],
)
def test_optional_arguments(imported: ImportedFunctions, name: str, expected: str) -> None:
    """All arguments may be left out where that means the workbook's model, else those with a default."""
    assert f"Function {name}({expected}" in imported.source


def test_shortened_keeps_whole_sentences() -> None:
    """Help that is too long ends with a sentence, or else with a word."""
    assert excel.shortened("One. " * 60) == ("One. " * 51).strip()
    cut = excel.shortened("word " * 60)
    assert cut.endswith("word...")
    assert len(cut) <= 255
    assert excel.shortened("a\n  b") == "a b"


# --- the calling workbook -------------------------------------------------------------------------------------

PORTFOLIO = [["Asset", "Value", "Target", "Band"], ["BTC", 5000.0, 0.45, 0.05], ["SOL", 4000.0, 0.2, 0.05]]
TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
    ["binance", "BTCUSDT", 0.0, 1000000.0, 10.0, 0.02, 0.0],
]


@pytest.fixture
def calling(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let calls come from a workbook with the tables given."""

    def call_from(tables: dict[str, Any], settings: dict[str, Any] | None = None) -> None:
        book, _ = open_book(tables, settings)
        monkeypatch.setattr(xlwings.Book, "caller", lambda: book)

    return call_from


def test_model_of_the_calling_workbook(calling: Callable[..., None]) -> None:
    """Without arguments the amounts are those of the calling workbook's Portfolio table."""
    calling({"Portfolio": PORTFOLIO}, {"TrimTo": "edge", "BandKind": None})
    assert excel.answer(FUNCTIONS["TRIM_AMOUNT"], [MISSING] * 6) == [
        [pytest.approx(5000 - 0.5 * 9000)],
        [pytest.approx(4000 - 0.25 * 9000)],
    ]


def test_missing_column_is_named(calling: Callable[..., None]) -> None:
    """A column that the table lacks is #N/A with its name as the reason."""
    calling({"Portfolio": [row[:2] for row in PORTFOLIO]})
    found = excel.answer(FUNCTIONS["TRIM_AMOUNT"], [])
    assert found == CellError("#N/A")
    assert "Portfolio[Target]" in found.reason


def test_tiers_come_from_the_table_of_the_wrapper_then_the_workbook_then_the_package(
    calling: Callable[..., None],
) -> None:
    """The hidden argument, where the wrapper gives one; else the workbook's table; else the shipped data."""
    function = FUNCTIONS["MAX_LEVERAGE"]
    own = [*TIERS[:1], ["binance", "BTCUSDT", 0.0, 1000000.0, 33.0, 0.02, 0.0]]
    calling({"MarginTiers": TIERS})
    assert excel.answer(function, [20000.0, "binance:BTCUSDT", own]) == 33.0
    assert excel.answer(function, [20000.0, "binance:BTCUSDT", None]) == 10.0
    assert excel.answer(function, [20000.0, [["binance:BTCUSDT"]], MISSING]) == 10.0
    calling({})
    assert excel.answer(function, [20000.0, "binance:BTCUSDT", None]) == 150.0


def test_workbook_is_not_opened_without_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call with all it needs never asks Excel for the workbook: each question costs more than the answer."""
    monkeypatch.setattr(excel, "calling_book", lambda: pytest.fail("the workbook was asked for"))
    assert excel.answer(FUNCTIONS["TRIM_AMOUNT"], [[[40.0], [60.0]], [[0.2], [0.8]]]) == [[20.0], [0.0]]
    assert excel.answer(FUNCTIONS["MAX_LEVERAGE"], [100.0, [[0.0, 1000.0, 20.0, 0.01, 0.0]], None]) == 20.0


def test_1904_workbook(calling: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Dates that arrive as numbers count from 1904 there, and so does the answer."""
    calling({})
    monkeypatch.setattr(excel.ExcelWorkbook, "has_1904_dates", lambda self: True)
    assert excel.answer(FUNCTIONS["NEXT_REVIEW"], [44591.0, "monthly"]) == 44619.0  # 31 January, 28 February 2026
    monkeypatch.undo()


def test_lite_has_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, buttons are scripts that take the workbook; xlwings knows by the type what to hand over."""
    decorated: list[str] = []
    monkeypatch.setattr(xlwings, "script", lambda script: decorated.append(script.__name__) or script)
    found = excel_lite.scripts()
    assert decorated == list(found) == ["rebalance_book", "check_book"]
    assert all(get_type_hints(script)["book"] is xlwings.Book for script in found.values())
    book, behind = open_book({"Portfolio": PORTFOLIO})
    found["check_book"](book)
    assert "Portfolio" in behind.app.alerts[0][0]
    found["rebalance_book"](book)
    assert behind.app.alerts[1][1] == "critical"


def test_lite_has_no_hidden_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """In xlwings Lite the user sees every argument, so there are no others."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    names = list(inspect.signature(excel.worksheet_functions()["MAX_LEVERAGE"]).parameters)
    assert names == ["notional", "tiers"]
