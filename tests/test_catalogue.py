"""The catalogue: contract, names, help, examples, errors, zero-argument forms."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from typing import Any

import openpyxl.utils
import pytest

import rebalance_xl.functions
from rebalance_xl import expressions
from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import (
    CATEGORIES,
    Example,
    Result,
    is_valid_name,
    number,
    worksheet_function,
)
from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.excel import argument_name
from tests.golden.golden import differences

#: Names and argument order that formulas in users' books depend on: the contract, line by line.
CONTRACT = """
WEIGHT(values, [total], [assets], [locked])
TARGET_VALUE(values, targets, [total], [assets], [locked])
DRIFT(values, targets, [kind], [total], [assets], [locked])
DRIFT_FLAG(values, targets, [bands], [band_kind], [total], [assets], [locked])
TRIM_AMOUNT(values, targets, [bands], [trim_to], [band_kind], [total], [assets], [locked])
ADD_AMOUNT(values, targets, [bands], [add_to], [band_kind], [total], [assets], [locked])
TRADE_AMOUNT(values, targets, [bands], [trade_to], [band_kind], [total], [assets], [locked])
REBALANCE_REASON(values, targets, [bands], [trim_to], [band_kind], [total], [assets], [locked])
ORDER_QUANTITY(amount, price, [lot], [min_notional])
REALIZED_GAIN(sold_value, value, cost_basis)
LOT_GAIN(sold_quantity, price, lot_quantities, lot_prices, [lot_dates], [method])
DEPLOY(proceeds, needs, [method], [priorities])
UNDEPLOYED(proceeds, needs)
OVERCOMMITTED(proceeds, needs)
RESERVE_GAP(values, kinds, [minimum], [maximum], [total])
RESERVE_FLAG(values, kinds, [minimum], [maximum], [total])
REBALANCE_PLAN(assets, values, targets, [bands], [trim_to], [method], [futures_share], [headers])
PLAN_FIGURES(figures)
NEXT_REVIEW(last_review, frequency)
REVIEW_DUE(last_review, frequency, as_of)
BREAKOUT(prices, [lookback], [buffer])
EVENT_ACTION(scope, scopes, actions, starts, [ends], [as_of])
REBALANCE_TRIGGER(values, targets, bands, last_review, frequency, as_of, [event], [review_drift])
HEDGE_NOTIONAL(spot_value, hedge_ratio, [beta], [open_short])
HEDGE_CONTRACTS(notional, price, contract_size, [contract], [rounding])
HEDGE_RATIO(spot_returns, futures_returns)
HEDGE_PNL(spot_value, hedge_notional, price_change, [funding_cost])
INITIAL_MARGIN(notional, leverage)
MARGIN_NOTIONAL(margin, leverage)
MAX_LEVERAGE(notional, tiers)
MAINTENANCE_MARGIN(notional, tiers)
LIQUIDATION_PRICE(side, quantity, entry_price, leverage, tiers, [contract], [venue], [extra_margin], [taker_fee])
CROSS_LIQUIDATION_PRICE(side, quantity, entry_price, wallet_balance, tiers, [other_maintenance], [other_pnl], \
[contract], [venue], [taker_fee])
HEDGED_LIQUIDATION_PRICE(long_quantity, long_entry, short_quantity, short_entry, wallet_balance, tiers, \
[other_maintenance], [other_pnl], [contract], [mark_price], [direction])
LIQUIDATION_DISTANCE(liquidation_price, mark_price, [side])
COLLATERAL_VALUE(amounts, prices, [ratios])
ACCOUNT_EQUITY([wallets], [positions], [mode], [ratio_on])
ACCOUNT_MAINTENANCE([positions], [wallets], [mode])
ACCOUNT_MARGIN_RATIO(equity, maintenance, [style])
ACCOUNT_LIQUIDATION_MOVE([wallets], [positions], [direction], [betas], [mode], [trigger])
ACCOUNT_LIQUIDATION_PRICE(symbol, [wallets], [positions], [moves], [direction], [mode], [trigger])
ACCOUNT_FIRST_TO_LIQUIDATE([wallets], [positions], [direction], [betas], [mode])
NET_DELTA(assets, [positions], [wallets], [spot])
HEDGE_NOTIONAL_COIN(spot, margin_coins, price, [ratio])
STRESS_TABLE(shocks, [wallets], [positions], [spot], [mode], [value_rate], [trigger])
BANKRUPTCY_PRICE(side, entry_price, leverage, [contract])
FUTURES_PNL(side, quantity, entry_price, exit_price, [contract])
RETURN_ON_MARGIN(side, entry_price, exit_price, leverage, [contract])
BREAKEVEN_PRICE(side, entry_price, open_fee, close_fee, [contract])
AVERAGE_ENTRY(quantities, prices, [contract])
FUNDING_PAYMENT(side, notional, rate)
FUNDING_COST(side, notional, rate, days, [interval_hours])
FUNDING_APR(rate, [interval_hours], [compound])
BASIS(spot_price, futures_price)
BASIS_RATE(spot_price, futures_price)
ANNUALIZED_BASIS(spot_price, futures_price, days, [compound])
CALENDAR_SPREAD(near_price, far_price, near_days, far_days)
BASIS_ZSCORE(current, history)
SPREAD_SIGNAL(current, history, [threshold])
GROWTH_RATE(values, [dates], [year])
VOLATILITY(values, [year])
SHARPE_RATIO(values, [year])
SORTINO_RATIO(values, [year])
MAX_DRAWDOWN(values)
DRAWDOWN_LENGTH(values)
DRAWDOWN(values)
TIME_WEIGHTED_RETURN(values, flows)
MONEY_WEIGHTED_RETURN(values, flows, dates)
REBALANCING_RETURN(weights, volatilities, correlations)
SIMULATE(prices, targets, [bands], [trim_to], [band_kind], [fee], [review_every], [review_drift])
BAND_SWEEP(prices, targets, bands, [trim_to], [band_kind], [fee], [review_every], [review_drift], [headers])
REVIEW(prices, portfolio, [headers])
PERFORMANCE(prices, portfolio, [fills], [cash_flows], [headers])
"""
SIGNATURES = CONTRACT.strip().splitlines()

#: The word lists that the contract fixes, in any order.
CONTRACT_WORDS = {
    "DRIFT_FLAG": {"TRIM", "ADD", "HOLD", "UNTARGETED"},
    "RESERVE_FLAG": {"LOW", "OK", "HIGH"},
    "BREAKOUT": {"UP", "DOWN", "NONE"},
    "REBALANCE_TRIGGER": {"EVENT", "THRESHOLD", "TIME", "NONE"},
    "SPREAD_SIGNAL": {"SELL_NEAR_BUY_FAR", "BUY_NEAR_SELL_FAR", "NONE"},
}

#: The contract's defaults: function, argument, default.
CONTRACT_DEFAULTS = [
    ("DRIFT", "kind", "absolute"),
    ("DRIFT_FLAG", "bands", 0.0),
    ("DRIFT_FLAG", "band_kind", "absolute"),
    ("TRIM_AMOUNT", "trim_to", "target"),
    ("LOT_GAIN", "method", "fifo"),
    ("DEPLOY", "method", "priority"),
    ("RESERVE_GAP", "minimum", 0.05),
    ("RESERVE_GAP", "maximum", 0.20),
    ("BREAKOUT", "lookback", 20.0),
    ("REBALANCE_TRIGGER", "review_drift", 0.05),
    ("HEDGE_CONTRACTS", "contract", "linear"),
    ("HEDGE_CONTRACTS", "rounding", "down"),
    ("LIQUIDATION_PRICE", "contract", "linear"),
    ("LIQUIDATION_PRICE", "venue", "generic"),
    ("FUNDING_COST", "interval_hours", 8.0),
    ("SPREAD_SIGNAL", "threshold", 2.0),
]

#: Excel's functions: those of ECMA-376 (as openpyxl lists them) and the later ones of Microsoft's alphabetical list,
#: https://support.microsoft.com/office/excel-functions-alphabetical-b3944572-255d-4efb-bb96-c6d90033e188
_LATER_FUNCTIONS = """
ACOT ACOTH ARABIC ARRAYTOTEXT BASE BITAND BITLSHIFT BITOR BITRSHIFT BITXOR BYCOL BYROW CEILING.MATH CHOOSECOLS
CHOOSEROWS COMBINA CONCAT COT COTH CSC CSCH DAYS DECIMAL DETECTLANGUAGE DROP ENCODEURL EXPAND FIELDVALUE FILTER
FILTERXML FLOOR.MATH FORECAST.ETS FORECAST.LINEAR FORMULATEXT GAMMA GAUSS GROUPBY HSTACK IFNA IFS IMAGE IMCOSH IMCOT
IMCSC IMCSCH IMSEC IMSECH IMSINH IMTAN ISFORMULA ISOMITTED ISOWEEKNUM LAMBDA LET MAKEARRAY MAP MAXIFS MINIFS MUNIT
NUMBERVALUE PDURATION PERCENTOF PERMUTATIONA PHI PIVOTBY RANDARRAY REDUCE REGEXEXTRACT REGEXREPLACE REGEXTEST RRI
SCAN SEC SECH SEQUENCE SHEET SHEETS SORT SORTBY STOCKHISTORY SWITCH TAKE TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT
TOCOL TOROW TRANSLATE TRIM TRIMRANGE UNICHAR UNICODE UNIQUE VALUETOTEXT VSTACK WEBSERVICE WRAPCOLS WRAPROWS XLOOKUP
XMATCH XOR
"""
BUILTIN = set(openpyxl.utils.FORMULAE) | set(_LATER_FUNCTIONS.split())

#: Words that VBA keeps for itself or that shadow its own functions in a wrapper (MS-VBAL 3.3.5.2, and statements).
_VBA_TEXT = """
abs addressof alias and any array as attribute boolean byref byte byval call case cbool cbyte ccur cdate cdbl cdec
cint circle class clng close const csng cstr currency cvar cverr date debug decimal declare defbool dim do double
each else elseif empty end endif enum eqv erase error event exit explicit false fix for friend function get global
gosub goto if imp implements in input inputb int integer is lbound left len lenb let lib like line loadpicture local
lock long loop lset me mid mod module name new next not nothing null object on open option optional or paramarray
preserve print private property pset public put raiseevent redim rem resume return right rset scale seek select set
sgn shared single spc static step stop string sub tab text then time to true type typeof ubound unlock until variant
version vb_name wend while width with withevents write xor
"""
VBA_WORDS = set(_VBA_TEXT.split())


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda each: each.partition("(")[0])
def test_contract(signature: str) -> None:
    """Every function of the contract exists with its arguments in their order, optional where it says so."""
    name, _, arguments = signature.rstrip(")").partition("(")
    function = FUNCTIONS[name]
    wanted = [each.strip() for each in arguments.split(",")]
    seen = [each.name if each.required else f"[{each.name}]" for each in function.parameters]
    assert seen == wanted
    assert function.signature == signature


def test_functions_beyond_the_contract_are_known() -> None:
    """A function that is not in the contract is added on purpose: here and in the reference page."""
    assert set(FUNCTIONS) - {each.partition("(")[0] for each in SIGNATURES} == set()


@pytest.mark.parametrize("name, words", CONTRACT_WORDS.items())
def test_contract_words(name: str, words: set[str]) -> None:
    """States are words from the contract's fixed lists."""
    assert set(FUNCTIONS[name].result.words) == words


@pytest.mark.parametrize("name, argument, default", CONTRACT_DEFAULTS)
def test_contract_defaults(name: str, argument: str, default: Any) -> None:
    """Omitted options are what the contract says."""
    parameter = next(each for each in FUNCTIONS[name].parameters if each.name == argument)
    found = parameter.default.casefold() if isinstance(parameter.default, str) else parameter.default
    assert found == default


@pytest.mark.parametrize("name", FUNCTIONS)
def test_names_are_legal(name: str) -> None:
    """A name is upper case, no cell address, no built-in function, and short enough for every host."""
    assert is_valid_name(name)
    assert name not in BUILTIN
    assert name.casefold() not in VBA_WORDS
    assert len(name) <= 31


@pytest.mark.parametrize(
    "name, valid",
    [("TRIM_AMOUNT", True), ("RSI14", False), ("AB", False), ("Trim", False), ("1ABC", False), ("ABCD14", True),
     ("A.B.C", False), ("X_1", True)],
)  # fmt: skip
def test_is_valid_name(name: str, valid: bool) -> None:
    """Cell addresses, lower case, dots, leading digits and two letters are refused."""
    assert is_valid_name(name) is valid


@pytest.mark.parametrize("name", FUNCTIONS)
def test_argument_names_are_legal(name: str) -> None:
    """Arguments are lower_snake, in Excel no VBA words, different from each other, and fit into the wizard."""
    names = [each.name for each in FUNCTIONS[name].parameters]
    assert all(each == each.lower() and each.replace("_", "").isalnum() and each[0].isalpha() for each in names)
    assert not {argument_name(each) for each in FUNCTIONS[name].parameters} & VBA_WORDS
    assert len(set(names)) == len(names)
    assert len(", ".join(names)) < 250


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_is_complete(name: str) -> None:
    """Summary, a description for every argument, equation, examples and source where the formula is someone's."""
    function = FUNCTIONS[name]
    assert function.category in CATEGORIES
    assert 0 < len(function.summary) <= 255
    assert function.summary.endswith(".") or function.summary.endswith("NEVER.")
    assert "\n" not in function.summary
    for parameter in (*function.parameters, *function.context):
        assert 0 < len(parameter.help) <= 255, parameter.name
        assert "`" not in parameter.help, parameter.name
        assert parameter.unit or parameter.kind in ("word", "switch", "raw", "number"), parameter.name
    assert function.equation
    assert function.source or function.category not in ("Margin and liquidation", "Carry")
    assert function.examples
    assert set(function.errors) <= {"#VALUE!", "#NUM!", "#N/A", "#DIV/0!"}
    assert all(len(reason) <= 255 and reason for reason in function.errors.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_names_the_default(name: str) -> None:
    """An optional argument's help says what it is when omitted."""
    for parameter in FUNCTIONS[name].parameters:
        if not parameter.required and not parameter.clock:
            text = parameter.help.casefold()
            assert any(word in text for word in ("default", "without", "blank", "omitted", "as in")), parameter.name


@pytest.mark.parametrize(
    "name, example", [(each.name, example) for each in FUNCTIONS.values() for example in each.examples],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_worked_example(name: str, example: Example) -> None:
    """Every worked example comes out, within 1e-9 of its size."""
    call = expressions.parse(example.formula)
    assert isinstance(call, expressions.Call)
    assert call.name == name
    assert differences(FUNCTIONS[name].call(*example.arguments), example.result) == []


#: One call for each error that a function declares: the declared reasons are reachable and stand in the answer.
WITNESSES = {
    ("WEIGHT", "#DIV/0!"): "{0;0}",
    ("TARGET_VALUE", "#DIV/0!"): "{0;0},{0.5;0.5}",
    ("DRIFT", "#DIV/0!"): "{0;0},{0.5;0.5}",
    ("DRIFT_FLAG", "#DIV/0!"): "5,0.5,,,0",
    ("TRIM_AMOUNT", "#DIV/0!"): "5,0.5,,,,0",
    ("ADD_AMOUNT", "#DIV/0!"): "5,0.5,,,,0",
    ("TRADE_AMOUNT", "#DIV/0!"): "5,0.5,,,,0",
    ("REBALANCE_REASON", "#DIV/0!"): "5,0.5,,,,0",
    ("REALIZED_GAIN", "#NUM!"): "5,4,3",
    ("LOT_GAIN", "#NUM!"): "5,1,{4},{3}",
    ("RESERVE_GAP", "#DIV/0!"): '{0;0},{"spot";"stable"}',
    ("RESERVE_GAP", "#NUM!"): '{1;1},{"spot";"stable"},0.5,0.4',
    ("RESERVE_GAP", "#VALUE!"): '{1;1},{"spot";"coin"}',
    ("RESERVE_FLAG", "#DIV/0!"): '{0;0},{"spot";"stable"}',
    ("RESERVE_FLAG", "#NUM!"): '{1;1},{"spot";"stable"},0.5,0.4',
    ("RESERVE_FLAG", "#VALUE!"): '{1;1},{"spot";"coin"}',
    ("PLAN_FIGURES", "#N/A"): '"Weight"',
    ("PLAN_FIGURES", "#VALUE!"): '"Wieght"',
    ("REBALANCE_PLAN", "#DIV/0!"): '{"A";"B"},{0;0},{0.5;0.5}',
    ("REBALANCE_PLAN", "#VALUE!"): '{"A";"a"},{1;1},{0.5;0.4}',
    ("NEXT_REVIEW", "#NUM!"): 'DATE(9999,12,1),"yearly"',
    ("BREAKOUT", "#N/A"): "{1;2},5",
    ("REBALANCE_TRIGGER", "#DIV/0!"): '{0;0},{0.5;0.5},0,46000,"weekly",46001',
    ("HEDGE_RATIO", "#N/A"): "{0.1},{0.1}",
    ("HEDGE_RATIO", "#DIV/0!"): "{0.1;0.2},{0.1;0.1}",
    ("MAX_LEVERAGE", "#N/A"): '1000,"binance:NOSUCH"',
    ("MAX_LEVERAGE", "#NUM!"): "3000,{0,1000,10,0.01;1000,2000,5,0.02}",
    ("MAINTENANCE_MARGIN", "#N/A"): '1000,"binance:NOSUCH"',
    ("MAINTENANCE_MARGIN", "#NUM!"): "3000,{0,1000,10,0.01;1000,2000,5,0.02}",
}


@pytest.mark.parametrize("name, code", WITNESSES)
def test_declared_errors_are_reachable(name: str, code: str) -> None:
    """A declared error comes out of a call that deserves it, with a reason."""
    assert code in FUNCTIONS[name].errors
    call = expressions.parse(f"={name}({WITNESSES[name, code]})")
    assert isinstance(call, expressions.Call)
    answer = FUNCTIONS[name].call(*map(expressions.evaluate, call.arguments))
    cell = answer[0][0] if isinstance(answer, list) else answer
    assert cell == CellError(code)
    assert cell.reason


def test_every_declared_error_of_the_spot_sections_has_a_witness() -> None:
    """No error is declared that cannot happen."""
    sections = ("Allocation", "Deployment", "Triggers", "Hedging")
    declared = {(each.name, code) for each in FUNCTIONS.values() if each.category in sections for code in each.errors}
    assert declared - set(WITNESSES) == set()


MODULES = [path for path in sorted(Path(rebalance_xl.__file__).parent.rglob("*.py")) if ">>> " in path.read_text()]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_examples_in_docstrings(path: Path) -> None:
    """The examples in the docstrings come out, in every module that has any."""
    name = ".".join(path.relative_to(Path(rebalance_xl.__file__).parents[1]).with_suffix("").parts)
    found = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert found.attempted > 0 or path.read_text().count(">>> ") == path.read_text().count("doctest: +SKIP")
    assert found.failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_kernels_are_plain_functions(name: str) -> None:
    """The decorator returns the kernel itself: same name in snake case, one parameter per argument."""
    import inspect

    function = FUNCTIONS[name]
    module = importlib.import_module(function.kernel.__module__)
    assert getattr(module, name.lower()) is function.kernel
    names = list(inspect.signature(function.kernel).parameters)
    # Labels and locks of rows are dealt with before the kernel, once for all functions that take them.
    assert names == [each.name for each in (*function.plain.parameters, *function.context)]


def test_sections_come_in_order() -> None:
    """Lists of functions show the sections in the order of the reference page."""
    order = [CATEGORIES.index(each.category) for each in FUNCTIONS.values()]
    assert order == sorted(order)


def test_a_name_can_be_declared_once() -> None:
    """Declaring a function twice is refused."""
    with pytest.raises(ValueError, match="WEIGHT is declared twice"):
        worksheet_function("WEIGHT", "Allocation", [number("x")], Result("number"))(lambda x: x)


def test_a_failing_kernel_is_an_error_value() -> None:
    """An exception inside a kernel becomes #VALUE! with the exception in its reason, for every kind of call."""

    def broken(x: float) -> float:
        raise KeyError("boom")

    try:
        worksheet_function("BROKEN_TEST", "Allocation", [number("x")], Result("number"))(broken)
        answer = FUNCTIONS["BROKEN_TEST"].call([[1.0], [2.0]])
    finally:
        FUNCTIONS.pop("BROKEN_TEST", None)
    assert answer == CellError("#VALUE!")
    assert answer.reason.startswith("internal error in BROKEN_TEST: KeyError")


def test_allowed_values_in_words() -> None:
    """A message tells the allowed range in words."""
    assert Parameter("x", low=0.0).allowed() == "a number not below 0"
    assert Parameter("x", low=0.0, above=True).allowed() == "a number above 0"
    assert Parameter("x", low=0.0, high=1.0).allowed() == "a number from 0 to 1"
    assert Parameter("x", high=1.0).allowed() == "a number up to 1"
    assert Parameter("x", kind="date").allowed() == "a date"
    assert Parameter("x", words={"a": 0.0, "b": 1.0}).allowed() == 'one of "a", "b"'
    both = Parameter("x", words={"a": 0.0}, or_number=True, low=0.0, high=1.0)
    assert both.allowed() == 'one of "a" or a number from 0 to 1'


def test_a_text_that_functions_share_is_written_once() -> None:
    """Long texts of arguments stand in one docstring; others refer to it, and the user sees the text itself."""
    written: dict[tuple[str, str], list[str]] = {}
    for function in FUNCTIONS.values():
        for name, text in function.documentation.parameters.items():
            if not text.startswith("As in"):
                written.setdefault((name, text), []).append(function.name)
    twice = {name: places for (name, text), places in written.items() if len(places) > 1 and len(text) >= 40}
    assert twice == {}
    referring = [
        (function.name, each.name)
        for function in FUNCTIONS.values()
        for each in function.parameters
        if function.documentation.parameters.get(each.name, "").startswith("As in")
    ]
    assert len(referring) > 50
    shown = {each.name: each.help for each in FUNCTIONS["TRADE_AMOUNT"].parameters}
    assert shown["bands"] == FUNCTIONS["DRIFT_FLAG"].documentation.parameters["bands"]
    assert not any("As in" in each.help for function in FUNCTIONS.values() for each in function.parameters)


def test_what_follows_a_reference_is_kept() -> None:
    """A reference such as "As in X. Default 1." shows the text of X and then the default."""
    shown = {each.name: each.help for each in FUNCTIONS["ACCOUNT_LIQUIDATION_PRICE"].parameters}
    written = FUNCTIONS["ACCOUNT_LIQUIDATION_PRICE"].documentation.parameters
    added = [name for name, text in written.items() if text.startswith("As in ") and text.endswith("Default 1.")]
    assert added
    assert all(shown[name].endswith("Default 1.") and len(shown[name]) > len(written[name]) for name in added)
