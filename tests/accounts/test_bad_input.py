"""Wrong wallets, positions and shocks are answered by the documented error, naming row, column and value."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.commands.recalc_book import summarise
from rebalance_xl.functions import FUNCTIONS
from tests.fixtures.make_account_fixtures import HERE

HEAD = ["symbol", "coin", "side", "quantity", "entry", "mark", "tiers"]
LONG = ["BTCUSDT", "BTC", "long", 1.0, 60_000.0, 60_000.0, 0.005]
USDT = [["coin", "balance", "price", "ratio"], ["USDT", 5_000.0, 1.0, 1.0]]


def changed(column: str, value: Any) -> list[list[Any]]:
    """Return one long with a cell replaced, or a column added."""
    if column in HEAD:
        return [HEAD, [value if name == column else cell for name, cell in zip(HEAD, LONG, strict=True)]]
    return [[*HEAD, column], [*LONG, value]]


@pytest.mark.parametrize(
    ("positions", "code", "words"),
    [
        (changed("mark", -1.0), "#NUM!", "mark of row 1 (BTCUSDT) of positions is -1; allowed is a number above 0"),
        (changed("mark", None), "#N/A", "mark of row 1 (BTCUSDT) of positions is blank"),
        (changed("quantity", "many"), "#VALUE!", 'quantity of row 1 (BTCUSDT) of positions is "many"'),
        (changed("side", "up"), "#VALUE!", 'side of row 1 (BTCUSDT) of positions is "up"'),
        (changed("tiers", None), "#N/A", "tiers of row 1 (BTCUSDT) of positions is blank"),
        (changed("tiers", "binance:NOSUCH"), "#N/A", 'no tiers are known for "binance:NOSUCH"'),
        (changed("tiers", 5.0), "#NUM!", "tiers of row 1 (BTCUSDT) of positions: tiers is 5"),
        (changed("quantity", 1e9), "#VALUE!", ""),
        (changed("contract", "square"), "#VALUE!", 'contract of row 1 (BTCUSDT) of positions is "square"'),
        (changed("margin_coin", "EUR"), "#VALUE!", "is EUR, which wallets do not have"),
        (changed("fee", 0.6), "#NUM!", "fee of row 1 (BTCUSDT) of positions is 0.6"),
        ([[*HEAD[:-2]], LONG[:-2]], "#VALUE!", "mark is missing"),
        (changed("mark", CellError("#REF!")), "#REF!", "mark of row 1 (BTCUSDT) of positions is #REF!"),
        (7.0, "#VALUE!", "positions is 7; allowed is a range with a header row"),
    ],
)
def test_positions(positions: Any, code: str, words: str) -> None:
    """Each wrong cell of positions has its error and reason."""
    if words == "":  # a size that a table does not reach
        positions = changed("tiers", "binance:BTCUSDT")
        positions[1][3] = 1e9
        code, words = "#NUM!", "row 1 (BTCUSDT) of positions is a position of 6e+13, beyond binance:BTCUSDT"
    answer = FUNCTIONS["ACCOUNT_LIQUIDATION_MOVE"].call(USDT, positions)
    assert isinstance(answer, CellError)
    assert (answer.code, words in answer.reason) == (code, True), answer.reason


@pytest.mark.parametrize(
    ("wallets", "mode", "code", "words"),
    [
        ([["coin", "balance", "price", "ratio"], ["BTC", 1.0, 6e4, 1.5]], "multi", "#NUM!", "ratio of row 1 (BTC)"),
        ([["coin", "balance", "price", "ratio"], ["BTC", 1.0, 6e4, "x"]], "multi", "#N/A", 'is known for "x:BTC"'),
        ([["coin", "balance", "price", "ratio"], ["BTC", 1.0, None, 1.0]], "multi", "#N/A", "BTC has no price"),
        ([["coin", "balance", "price"], ["BTC", 1.0, 6e4]], "multi", "#N/A", "needs the collateral ratio of BTC"),
        ([["coin", "balance", "price"], ["BTC", 1.0, -6e4]], "single", "#NUM!", "price of row 1 (BTC) of wallets is"),
        ([["coin", "balance", "loan"], ["BTC", 1.0, -1.0]], "single", "#NUM!", "loan of row 1 (BTC) of wallets is -1"),
        ([["coin", "balance", "loan_rate"], ["BTC", 1.0, 2.0]], "single", "#NUM!", "loan_rate of row 1 (BTC)"),
        ([["coin", "balance"], ["BTC", "all"]], "single", "#VALUE!", 'balance of row 1 (BTC) of wallets is "all"'),
        ([["coin", "balance"], ["BTC", 1.0]], "portfolio", "#VALUE!", 'mode is "portfolio"'),
    ],
)
def test_wallets(wallets: Any, mode: str, code: str, words: str) -> None:
    """Each wrong cell of wallets has its error and reason."""
    answer = FUNCTIONS["ACCOUNT_EQUITY"].call(wallets, MISSING, mode)
    assert isinstance(answer, CellError)
    assert (answer.code, words in answer.reason) == (code, True), answer.reason


def test_trigger_and_symbol() -> None:
    """A trigger below 1 and a symbol that is not held are told."""
    positions = [HEAD, LONG]
    low = FUNCTIONS["ACCOUNT_LIQUIDATION_MOVE"].call(USDT, positions, MISSING, MISSING, MISSING, 0.5)
    assert (low.code, "trigger is 0.5" in low.reason) == ("#NUM!", True)
    other = FUNCTIONS["ACCOUNT_LIQUIDATION_PRICE"].call("ETHUSDT", USDT, positions)
    assert (other.code, '"ETHUSDT", which is not among' in other.reason) == ("#N/A", True)


def test_a_summary_names_the_account_nearest_to_liquidation() -> None:
    """A line of a batch's summary has the account's ratio and the fall of the market that liquidates it."""
    figures = summarise(HERE / "account_single.xlsx", None)
    assert (figures["account"], figures["account_ratio"]) == ("binance USDT", pytest.approx(0.09))
    assert figures["market_fall"] == pytest.approx(-4_550 / 59_550)
