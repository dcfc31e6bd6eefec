"""Bad input: the documented error or word, with a reason that names the argument, for every function here."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.venues import ESTIMATE, HEDGE_ESTIMATE, VENUES, estimate_label

LP, CROSS = "LIQUIDATION_PRICE", "CROSS_LIQUIDATION_PRICE"

CASES = [
    # the list
    (LP, ("long", 1, 50_000, -10, 0.005), "#NUM!", "leverage is -10; allowed is a number above 0"),
    (LP, ("long", 1, 50_000, 0, 0.005), "#NUM!", "leverage is 0"),
    (LP, ("long", 10, 100_000, 76, "binance:BTCUSDT"), "#NUM!", "allow up to 75"),
    (
        LP,
        ("long", 1, 50_000, 10, 0.005, "linear", "bitstamp"),
        "#VALUE!",
        'venue is "bitstamp"; allowed is one of "generic"',
    ),
    (LP, ("long", 1, 50_000, 10, "kraken:BTCUSD"), "#N/A", 'no tiers are known for "kraken:BTCUSD"'),
    (LP, ("long", 1, 50_000, 10, "binance:BTCUSDX"), "#N/A", 'the nearest is "binance:BTCUSDT"'),
    (LP, ("long", 0, 50_000, 10, 0.005), "#N/A", "quantity is 0"),
    (CROSS, ("short", 0, 50_000, 100, 0.004), "#N/A", "quantity is 0"),
    (CROSS, ("short", 1, 50_000, -60_000, 0.004), "#NUM!", "below the requirement at every price"),
    # sides, contracts, options
    (LP, ("up", 1, 50_000, 10, 0.005), "#VALUE!", 'side is "up"'),
    (LP, (2, 1, 50_000, 10, 0.005), "#VALUE!", "side is 2"),
    (LP, (True, 1, 50_000, 10, 0.005), "#VALUE!", "side is TRUE"),
    (LP, ("long", 1, 50_000, 10, 0.005, "quanto"), "#VALUE!", 'contract is "quanto"'),
    (LP, ("long", 1, 50_000, 10, "binance:BTCUSDT", "inverse"), "#VALUE!", 'contract must be "linear"'),
    # numbers
    (LP, ("long", -1, 50_000, 10, 0.005), "#NUM!", "quantity is -1"),
    (LP, ("long", "one", 50_000, 10, 0.005), "#VALUE!", 'quantity is "one"'),
    (LP, ("long", 1, -50_000, 10, 0.005), "#NUM!", "entry_price is -50000"),
    (LP, ("long", 1, 0, 10, 0.005), "#NUM!", "entry_price is 0"),
    (LP, ("long", 1, None, 10, 0.005), "#N/A", "entry_price is blank"),
    (LP, ("long", 1, 50_000, None, 0.005), "#N/A", "leverage is blank"),
    (LP, ("long", 1, 50_000, 10, 0.005, MISSING, MISSING, -5), "#NUM!", "extra_margin is -5"),
    (LP, ("long", 1, 50_000, 10, 0.005, MISSING, MISSING, 0, -0.001), "#NUM!", "taker_fee is -0.001"),
    (LP, ("long", 1, 50_000, 10, 0.005, MISSING, MISSING, 0, 5), "#NUM!", "fractions are meant, not percents"),
    (LP, ("long", 1, 50_000, 10, 5), "#NUM!", "fractions are meant, not percents"),
    (LP, ("long", 1, CellError("#REF!"), 10, 0.005), "#REF!", ""),
    (LP, ("long", 1, 50_000, 10), "#VALUE!", "tiers is missing"),
    (LP, ("long", 1_000_000, 50_000, 1, "binance:BTCUSDT"), "#NUM!", "beyond binance:BTCUSDT, which end at 1800000000"),
    (LP, ("long", 2_700, 50_000, 1, "okx:BTC-USDT-SWAP", "linear", "okx"), "#NUM!", "which end at 260000"),
    (CROSS, ("long", 1, 50_000, 1_000, 0.004, -1), "#NUM!", "other_maintenance is -1"),
    (CROSS, ("long", 1, 50_000, None, 0.004), "#N/A", "wallet_balance is blank"),
    (CROSS, ("long", 1, 50_000, "x", 0.004), "#VALUE!", 'wallet_balance is "x"'),
    ("INITIAL_MARGIN", (-1, 10), "#NUM!", "notional is -1"),
    ("INITIAL_MARGIN", (100, 0), "#NUM!", "leverage is 0"),
    ("MARGIN_NOTIONAL", (100, -2), "#NUM!", "leverage is -2"),
    ("MARGIN_NOTIONAL", (-100, 2), "#NUM!", "margin is -100"),
    ("MAX_LEVERAGE", (100, 0.005), "#N/A", "state no maximum leverage"),
    ("MAX_LEVERAGE", (100, "bingx:ETH-USDT"), "#N/A", "bingx:ETH-USDT state no maximum leverage"),
    ("MAX_LEVERAGE", (1e10, "binance:BTCUSDT"), "#NUM!", "beyond binance:BTCUSDT"),
    ("MAX_LEVERAGE", (100, "okx:BTC-USDT-SWAP"), "#VALUE!", "counts contracts of 0.01 coin"),
    ("MAINTENANCE_MARGIN", (-5, 0.005), "#NUM!", "notional is -5"),
    ("MAINTENANCE_MARGIN", (1e10, "binance:BTCUSDT"), "#NUM!", "beyond binance:BTCUSDT"),
    ("BANKRUPTCY_PRICE", ("long", 100, 0), "#NUM!", "leverage is 0"),
    ("BANKRUPTCY_PRICE", ("long", -100, 5), "#NUM!", "entry_price is -100"),
    ("FUTURES_PNL", ("long", -1, 100, 110), "#NUM!", "quantity is -1"),
    ("FUTURES_PNL", ("long", 1, 0, 110), "#NUM!", "entry_price is 0"),
    ("FUTURES_PNL", ("long", 1, 100, -1), "#NUM!", "exit_price is -1"),
    ("FUTURES_PNL", ("long", 1, 100, 0, "inverse"), "#NUM!", "an inverse exit price must be above 0"),
    ("RETURN_ON_MARGIN", ("long", 100, 110, -3), "#NUM!", "leverage is -3"),
    ("BREAKEVEN_PRICE", ("long", 100, -0.02, 0.001), "#NUM!", "open_fee is -0.02"),
    ("BREAKEVEN_PRICE", ("long", 100, 0.001, 0.6), "#NUM!", "close_fee is 0.6"),
    ("AVERAGE_ENTRY", ([[1], [-1]], [[10], [20]]), "#NUM!", "quantities is -1"),
    ("AVERAGE_ENTRY", ([[1], [1]], [[10], [0]]), "#NUM!", "prices is 0"),
    ("AVERAGE_ENTRY", ([[0], [0]], [[10], [20]]), "#N/A", "sum to 0"),
    ("AVERAGE_ENTRY", ([[1], [2]], [[10], [None]]), "#N/A", "prices is blank"),
    ("AVERAGE_ENTRY", ([[1], [2]], [[10], [20], [30]]), "#VALUE!", "prices has 3 rows but quantities has 2 rows"),
    ("LIQUIDATION_DISTANCE", ("never ever", 100), "#VALUE!", 'liquidation_price is "never ever"'),
    ("LIQUIDATION_DISTANCE", (90, 0), "#NUM!", "mark_price is 0"),
    ("LIQUIDATION_DISTANCE", (-90, 100), "#NUM!", "liquidation_price is -90"),
    ("FUNDING_PAYMENT", ("long", -1, 0.0001), "#NUM!", "notional is -1"),
    ("FUNDING_PAYMENT", ("long", 100, 2), "#NUM!", "rate is 2"),
    ("FUNDING_COST", ("long", 100, 0.0001, -1), "#NUM!", "days is -1"),
    ("FUNDING_COST", ("long", 100, 0.0001, 1, 0), "#NUM!", "interval_hours is 0"),
    ("FUNDING_APR", (0.0001, -8), "#NUM!", "interval_hours is -8"),
    ("FUNDING_APR", (1, 1, True), "#NUM!", "compound rate is too large"),
    ("FUNDING_APR", (0.0001, 8, "yes"), "#VALUE!", 'compound is "yes"'),
    ("BASIS", (0, 100), "#NUM!", "spot_price is 0"),
    ("BASIS_RATE", (100, -1), "#NUM!", "futures_price is -1"),
    ("ANNUALIZED_BASIS", (100, 102, 0), "#NUM!", "days is 0"),
    ("ANNUALIZED_BASIS", (100, 102, -9), "#NUM!", "days is -9"),
    ("CALENDAR_SPREAD", (100, 102, 90, 90), "#NUM!", "far_days is not above near_days"),
    ("CALENDAR_SPREAD", (100, 102, 90, 30), "#NUM!", "far_days is not above near_days"),
    ("BASIS_ZSCORE", (0.1, [[0.1]]), "#N/A", "fewer than two values"),
    ("BASIS_ZSCORE", (0.1, [[0.1], [0.1], [0.1]]), "#DIV/0!", "does not vary"),
    ("BASIS_ZSCORE", (0.1, [[0.1], ["x"], [0.3]]), "#VALUE!", 'history is "x"'),
    ("SPREAD_SIGNAL", (0.1, [[0.1], [0.2]], -1), "#NUM!", "threshold is -1"),
]


@pytest.mark.parametrize(("name", "arguments", "code", "words"), CASES)
def test_error_and_reason(name: str, arguments: tuple[Any, ...], code: str, words: str) -> None:
    """The error value is the documented one and its reason names what is wrong."""
    answer = FUNCTIONS[name].call(*arguments)
    assert isinstance(answer, CellError), answer
    assert (answer.code, words in answer.reason) == (code, True), answer.reason


@pytest.mark.parametrize(("name", "arguments", "code", "words"), CASES)
def test_same_error_in_a_column(name: str, arguments: tuple[Any, ...], code: str, words: str) -> None:
    """Filled down as a column of 20 rows, every row has the error; never text, never a number."""
    if any(isinstance(each, list) for each in arguments):
        return
    columns = [each if each is MISSING else [[each]] * 20 for each in arguments]
    answer = FUNCTIONS[name].call(*columns)
    cells = [cell for row in answer for cell in row] if isinstance(answer, list) else [answer]
    if arguments[-1] is None or any(each is None for each in arguments):
        cells = cells[:1]  # a column of blanks is all trailing blanks
    assert {str(cell) for cell in cells} == {code}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (LP, ("long", 1, 50_000, 1, 0.004)),
        (LP, ("short", 10_000, 50_000, 1, 0.004, "inverse")),
        (LP, ("short", 60_000, 50_000, 1, 0.005, "inverse", "bybit")),
        (LP, ("long", 0.1, 50_000, 1, 0.0, "linear", "mexc")),
        (CROSS, ("long", 1, 50_000, 60_000, "binance:BTCUSDT")),
        (CROSS, ("short", 10_000, 50_000, 0.3, 0.004, 0, 0, "inverse")),
        ("HEDGED_LIQUIDATION_PRICE", (1, 50_000, 0, 0, 60_000, 0.004)),
        ("BANKRUPTCY_PRICE", ("long", 50_000, 0.5)),
        ("BANKRUPTCY_PRICE", ("short", 50_000, 1, "inverse")),
        ("LIQUIDATION_DISTANCE", ("NEVER", 50_000)),
        ("LIQUIDATION_DISTANCE", ("never", 50_000)),
    ],
)
def test_never(name: str, arguments: tuple[Any, ...]) -> None:
    """Where no positive price liquidates the answer is the word NEVER, alone and in a column."""
    assert FUNCTIONS[name].call(*arguments) == "NEVER"
    assert FUNCTIONS[name].call(*([[each]] * 20 for each in arguments)) == [["NEVER"]] * 20


def test_rows_stand_for_themselves() -> None:
    """One wrong row does not spoil the others; a blank row stays blank."""
    answer = FUNCTIONS[LP].call(
        [["side"], ["long"], ["short"], [None], ["long"], ["long"]],
        [["quantity"], [1], [1], [None], [0], [1]],
        [["entry"], [50_000], [50_000], [None], [50_000], [-1]],
        10,
        0.005,
    )
    assert [str(row[0]) for row in answer[2:]] == ["", "#N/A", "#NUM!"]
    assert answer[0][0] == pytest.approx(45_000 / 0.995)
    assert answer[1][0] == pytest.approx(55_000 / 1.005)


def test_tiers_in_a_column_with_its_header() -> None:
    """Rates and names may be mixed in one column, with a header like the other columns."""
    answer = FUNCTIONS["MAINTENANCE_MARGIN"].call(
        [["Notional"], [1_000_000], [1_000_000], [1_000]], [["Tiers"], ["binance:BTCUSDT"], [0.01], ["a:b"]]
    )
    assert [row[0] for row in answer[:2]] == [5_000.0, 10_000.0]
    assert answer[2][0].code == "#N/A"


def test_one_position_against_a_column_of_tiers() -> None:
    """The result has the shape of the column of tiers."""
    answer = FUNCTIONS["MAX_LEVERAGE"].call(1_000_000, [["binance:BTCUSDT"], ["bybit:BTCUSDT"], ["weex:XAUTUSDT"]])
    assert answer == [[75.0], [100.0], [50.0]]


def test_estimates_are_labelled() -> None:
    """Help labels what no exchange's example backs; the label for one position says why."""
    assert FUNCTIONS[LP].estimate == FUNCTIONS[CROSS].estimate == ESTIMATE
    assert FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].estimate == HEDGE_ESTIMATE
    labelled = {
        (venue, mode)
        for venue in VENUES
        for mode in ("isolated", "cross")
        if estimate_label(venue, mode).startswith("estimate: ")
    }
    estimates = {(venue, mode) for venue in ("mexc", "bitget", "deribit") for mode in ("isolated", "cross")}
    estimates |= {(venue, "isolated") for venue in ("bingx", "kraken")}
    assert labelled == estimates | {(venue, "cross") for venue in ("bybit", "weex", "kucoin", "gate", "bitmex")}
    assert estimate_label("binance", "cross", hedged=True).startswith("estimate: ")
    assert estimate_label("somewhere").startswith('estimate: the rules of "somewhere" are not known')
    assert estimate_label("").startswith("estimate: no venue is named")


def test_the_help_names_every_venue() -> None:
    """What the user may type as venue stands in the help of the argument."""
    texts = {each.name: each.help for each in FUNCTIONS[LP].parameters}
    assert [name for name in VENUES if f'"{name}"' not in texts["venue"]] == []


@pytest.mark.parametrize("leverage, named", [(20.0, False), (20.0 * (1.0 + 1e-12), False), (20.01, True), (50.0, True)])
def test_a_leverage_is_blamed_above_what_its_tier_allows_only(leverage: float, named: bool) -> None:
    """A size that no number holds is an error at 20x too, which the tier allows: the reason is not the leverage."""
    tiers = [["Floor", "Cap", "MaxLeverage", "Rate", "Amount"], [0, 1000, 50, 0.01, 0], [1000, None, 20, 0.02, 10]]
    answer = FUNCTIONS[LP].call("long", 1e160, 1e160, leverage, tiers, "linear")
    assert answer.code == "#NUM!"
    assert ("allow up to 20" in answer.reason) is named
    price = FUNCTIONS[LP].call("long", 100, 100, leverage, tiers, "linear")
    assert isinstance(price, CellError) is named
