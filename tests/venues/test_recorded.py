"""Recorded bodies of real venues through the real ccxt and the mappings; they stay beside the checkout."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.venues.balances import Amount, amounts_of, spot_rows, wallet_rows
from rebalance_xl.venues.funding import funding_rows
from rebalance_xl.venues.history import close_rows, funding_flows, transfer_rows
from rebalance_xl.venues.positions import position_rows
from rebalance_xl.venues.prices import mark_rows, price_rows, ticker_price
from rebalance_xl.venues.tiers import UnreadTiersError, tier_rows
from tests.venues.loopback import Venues, maker, secrets_of, serving

DAY = dt.date(2026, 11, 28)


class Recorded:
    """One recorded call: what ccxt makes of it, and the venue's markets."""

    def __init__(self, shared: Path, name: str) -> None:
        pytest.importorskip("ccxt")
        path = shared / "data" / "exchange" / f"{name}.json"
        case = json.loads(path.read_text(encoding="utf-8"))
        markets = json.loads((path.parent / "markets.json").read_text(encoding="utf-8"))
        venue = case["venue"]
        answers = Venues({venue: {"markets": markets, "answers": []}})
        bodies = case["answers"]

        def answer(request: Any) -> Any:
            found = [each for each in bodies if each["path"] == "*" or request.path.endswith(each["path"])]
            return (200, found[0]["body"], {}) if found else None

        answers.rules.append(answer)
        with serving(answers):
            exchange = maker(answers)(venue, secrets_of(venue))
            exchange.options.update(case.get("options", {}))
            call = getattr(exchange, case["call"])
            self.result: Any = call(*case.get("args", []), params=case.get("params", {}))
        self.markets: dict[str, Any] = exchange.markets
        self.by_id = {str(each["id"]): each for each in exchange.markets.values() if each["contract"]}


@pytest.fixture
def recorded(shared_dir: Path) -> Any:
    """Return a function that plays one recorded call."""
    return lambda name: Recorded(shared_dir, name)


def figures(row: Any, *names: str) -> tuple[Any, ...]:
    """Return some cells of a row, wherever they stand."""
    cells = {**row.new, **row.values, **row.key}
    return tuple(cells.get(name) for name in names)


def test_positions_of_binance_in_hedge_mode(recorded: Any) -> None:
    """Two sides of one symbol are two rows; leverage comes from the margin rate; 1000SHIB has 1,000 coins."""
    found = recorded("binance/own_positions_v3")
    rows = position_rows(found.result, found.markets, "binance", "binance", {"SHIB"}).rows
    names = ("Symbol", "Side", "MarginMode", "Quantity", "EntryPrice", "Leverage", "Margin", "VenueLiquidation")
    assert [figures(row, *names) for row in rows[:3]] == [
        ("BTCUSDT", "long", "cross", 0.15, 90000.0, 10.0, 1365.0, None),
        ("BTCUSDT", "short", "cross", 0.05, 92000.0, 10.0, 455.0, None),
        ("1000SHIBUSDT", "long", "isolated", 500000.0, 0.009, 5.0, 900.0, 0.0021),
    ]
    assert figures(rows[2], "Asset", "ContractSize") == ("SHIB", 1000.0)


def test_positions_of_bybit(recorded: Any) -> None:
    """Empty positions are no rows; the margin mode is the account's; entry values are no marks."""
    found = recorded("bybit/own_positions_hedge")
    rows = position_rows(found.result, found.markets, "bybit", "bybit", (), "cross").rows
    assert [figures(row, "Side", "MarginMode", "Quantity", "Margin", "MarkPrice") for row in rows] == [
        ("long", "cross", 0.5, 4550.0, 91000.0),
        ("short", "cross", 0.2, 1820.0, 91000.0),
    ]


def test_a_position_whose_figures_disagree_is_refused(recorded: Any) -> None:
    """The sample of OKX's page states a mark of 4,786 beside an entry of 34,131: size and value agree by the entry."""
    found = recorded("okx/positions_linear_cross")
    rows = position_rows(found.result, found.markets, "okx", "okx")
    assert [figures(row, "Quantity", "EntryPrice", "Leverage", "Margin") for row in rows.rows] == [
        (0.01, 34131.1, 2.0, 170.66093041794787)
    ]
    wrong = [{**found.result[0], "notional": 20000.0}]
    refused = position_rows(wrong, found.markets, "okx", "okx")
    assert (refused.rows, len(refused.notes)) == ([], 1)
    assert "are not the stated value 20000" in refused.notes[0]


def test_weex_states_sizes_in_units(recorded: Any) -> None:
    """0.036 contracts of 0.001 worth 82.06 at 2,279.56 are 0.036 ETH."""
    found = recorded("weex/rec_positions")
    rows = position_rows(found.result, found.markets, "weex", "weex")
    assert figures(rows.rows[0], "Quantity", "Leverage", "VenueLiquidation") == (0.036, 20.0, 2019.83)
    assert rows.notes == ["weex ETHUSDT: the size is stated in units, not in contracts"]


def test_a_liquidation_price_of_nothing_is_no_price(recorded: Any) -> None:
    """BingX states 0 for none; the cell is not written."""
    found = recorded("bingx/positions_linear")
    row = position_rows(found.result, found.markets, "bingx", "bingx").rows[0]
    assert figures(row, "Quantity", "EntryPrice", "Leverage", "Margin") == (0.1, 83.53, 6.0, 1.3922)
    assert "VenueLiquidation" not in row.values


@pytest.mark.parametrize(
    "name, account, wanted",
    [
        ("binance/balance_spot", "spot", {"BTC": 0.00219821, "LDBTC": 0.5, "USDT": 1300.0, "BNB": 1e-08}),
        ("binance/rec_balance_swap", "futures", {"USDT": 31.022612}),
        ("binance/rec_balance_portfolio_margin", "futures", {"ETH": 0.00057786, "USDT": 136.03451668, "LTC": 0.000636,
                                                               "USDC": 0.0, "ADA": 10.0325}),
        ("bybit/balance_unified", "unified", {"BTC": 0.805994}),
        ("bybit/balance_funding", "funding", {"USDT": 1010.0, "USDC": 0.0}),
        ("okx/balance_simple", "trading", {"BTC": 0.049}),
        ("okx/balance_funding", "funding", {"BTC": 5.426e-05}),
        ("bingx/balance_linear", "futures", {"USDT": 194.8211}),
        ("bingx/balance_inverse", "futures", {"SOL": 0.3579105}),
        ("bingx/balance_spot", "spot", {"USDT": 45.733046995800514}),
        ("weex/balance_spot", "spot", {"USDT": 20.0}),
        ("weex/balance_swap", "futures", {"USDT": 20.0}),
        ("mexc/own_balance_swap", "futures", {"USDT": 500.0}),
    ],
)  # fmt: skip
def test_balances(name: str, account: str, wanted: dict[str, float], recorded: Any) -> None:
    """Totals without unrealised profit, with the margin of open positions, whatever the venue calls a total."""
    found = recorded(name)
    amounts = amounts_of(found.result, name.partition("/")[0], account)
    assert {coin: amount.total for coin, amount in amounts.items()} == pytest.approx(wanted, abs=1e-15)


def test_flexible_earn_counts_once_and_dust_is_counted(recorded: Any) -> None:
    """LDBTC is BTC; coins worth less than a dollar are not added, and said."""
    amounts = amounts_of(recorded("binance/balance_spot").result, "binance", "spot")
    found = spot_rows({"spot": amounts}, "binance", "binance", prices={"BTC": 90000.0, "BNB": 800.0})
    assert {row.key["Asset"]: (row.values["Quantity"], row.adds) for row in found.rows} == {
        "BNB": (1e-08, False),
        "BTC": (0.50219821, True),
        "USDT": (1300.0, True),
    }
    assert any("LDBTC (flexible earn) 0.5" in note for note in found.notes)
    assert any("1 below 1 each" in note for note in found.notes)


def test_debts_and_bonus_are_named() -> None:
    """A borrowed coin is not written as a holding; a bonus that cannot be withdrawn is told."""
    owed = spot_rows({"unified": {"USDT": Amount(50.0, debt=20.0)}}, "bybit", "bybit")
    assert (owed.rows, "20 USDT are borrowed" in owed.notes[0]) == ([], True)
    wallet = wallet_rows({"USDT": Amount(500.0, note="25 of it is bonus that cannot be withdrawn")}, "mexc")
    assert "bonus" in wallet.notes[0]


def test_prices_and_marks(recorded: Any) -> None:
    """The last trade within bid and ask; a mark is a mark, never a last price; MEXC calls it fair."""
    found = recorded("mexc/own_tickers_two")
    now = dt.datetime(2025, 11, 27, 21, 47, tzinfo=dt.UTC)
    rows = price_rows(found.result, ["BTC", "ETH", "NOPE"], "USD", found.markets, "mexc", now)
    assert figures(rows.rows[0], "Asset", "Price") == ("BTC", 91000.34)
    assert rows.notes == ["mexc: no market for the price of NOPE"]
    late = price_rows(found.result, ["BTC"], "USD", found.markets, "mexc", now + dt.timedelta(hours=1))
    assert (late.rows, "the old price stays for BTC" in late.notes[0]) == ([], True)
    weex = recorded("weex/tickers_swap")
    assert figures(mark_rows(weex.result, {"ETH/USDT:USDT": "ETHUSDT"}, "weex").rows[0], "MarkPrice") == (2081.8,)
    bingx = recorded("bingx/ticker_inverse")
    assert mark_rows({"SOL/USD:SOL": bingx.result}, {"SOL/USD:SOL": "SOL-USD"}, "bingx").rows == []


def test_a_last_trade_outside_of_the_quotes_is_not_taken() -> None:
    """More than 1 % outside of bid and ask, or five minutes old, gives way to their middle; 0 is no price."""
    now = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    old = (now - dt.timedelta(minutes=6)).timestamp() * 1000
    assert ticker_price({"last": 120.0, "bid": 99.0, "ask": 101.0}, now) == (100.0, "")
    assert ticker_price({"last": 99.5, "bid": 99.0, "ask": 101.0, "timestamp": old}, now) == (100.0, "")
    assert ticker_price({"last": 99.5, "bid": 50.0, "ask": 101.0}, now) == (99.5, "")
    assert ticker_price({"last": 0.0, "bid": 0.0, "ask": 0.0}, now) == (None, "no price")


def test_funding_rates(recorded: Any) -> None:
    """WEEX's coming rate is its next one; hours come from the interval, else from two settlements."""
    weex = recorded("weex/funding_rates")
    row = funding_rows(weex.result, {"ETH/USDT:USDT": "ETHUSDT"}, "weex", "weex").rows[0]
    assert figures(row, "FundingRate", "FundingHours") == (5.618e-05, 8.0)
    bybit = recorded("bybit/funding_rates")
    bare = funding_rows(bybit.result, {"BTC/USDT:USDT": "BTCUSDT"}, "bybit", "bybit").rows[0]
    assert (figures(bare, "FundingRate", "FundingHours"), bare.missing) == ((0.0001, None), ("FundingHours",))
    times = {"BTC/USDT:USDT": [{"timestamp": 0.0}, {"timestamp": 4 * 3_600_000.0}]}
    told = funding_rows(bybit.result, {"BTC/USDT:USDT": "BTCUSDT"}, "bybit", "bybit", times).rows[0]
    assert figures(told, "FundingHours") == (4.0,)
    okx = recorded("okx/funding_rate")
    inverse = funding_rows({"BTC/USD:BTC": okx.result}, {"BTC/USD:BTC": "BTC-USD-SWAP"}, "okx", "okx").rows[0]
    assert figures(inverse, "FundingRate", "FundingHours") == (0.00027815, 8.0)


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("binance/rec_funding_history", [("USDT", -0.04618913)]),
        ("bybit/rec_funding_history", [("USDT", -0.0007797), ("USDT", 0.00708126)]),
        ("bingx/rec_funding_history", [("USDT", -9.521e-05), ("USDT", -0.00056154)]),
        ("weex/funding_history", [("USDT", 3.78e-06)]),
        ("mexc/funding_history", [("USDT", 0.00076180624), ("USDT", 0.0014748588)]),
        ("okx/funding_history", [("ETH", 1.4875271224e-05)]),
    ],
)
def test_funding_payments(name: str, wanted: list[tuple[str, float]], recorded: Any) -> None:
    """Paid is negative at every venue; Bybit's sign is turned by side and rate; a missing coin is the market's."""
    found, venue = recorded(name), name.partition("/")[0]
    rows = funding_flows(found.result, {**found.by_id, **found.markets}, venue, venue).rows
    assert [figures(row, "Asset", "Amount") for row in rows] == wanted
    assert all(row.key["Id"] for row in rows)


def test_deposits(recorded: Any) -> None:
    """Only what came from outside: transfers between the user's own accounts are no flow."""
    rows = transfer_rows(recorded("binance/deposits").result, "binance", "DEPOSIT").rows
    assert [figures(row, "Asset", "Amount") for row in rows] == [("BCH", 0.01844487)]
    bybit = transfer_rows(recorded("bybit/deposits").result, "bybit", "DEPOSIT").rows
    assert [figures(row, "Asset", "Amount", "Kind") for row in bybit] == [("USDT", 10000.0, "DEPOSIT")]


def test_tiers(recorded: Any) -> None:
    """Deductions from the venue's own answer, flat tables without, contracts as the unit, MEXC's own list."""
    names = ("Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit")

    def rows(name: str, symbol: str) -> list[tuple[Any, ...]]:
        found, venue = recorded(name), name.partition("/")[0]
        tiers = found.result[symbol] if isinstance(found.result, dict) else found.result
        return [figures(row, *names) for row in tier_rows(tiers, found.markets[symbol], venue, venue, DAY)]

    assert rows("binance/own_leverage_tiers", "BTC/USDT:USDT") == [
        (0.0, 300000.0, 150.0, 0.004, 0.0, "USDT"), (300000.0, 800000.0, 100.0, 0.005, 300.0, "USDT"),
    ]  # fmt: skip
    assert rows("okx/own_market_leverage_tiers", "BTC/USDT:USDT") == [
        (0.0, 5000.0, 100.0, 0.004, None, "contracts(0.01 BTC)"),
        (5000.0, 10000.0, 80.0, 0.005, None, "contracts(0.01 BTC)"),
    ]
    assert rows("bingx/rec_leverage_tiers", "ETH/USDT:USDT")[1] == (900000.0, 1200000.0, None, 0.0056, 2070.0, "USDT")
    bybit = rows("bybit/own_market_leverage_tiers", "BTC/USDT:USDT")
    assert bybit[0][4] == 0.0
    custom = rows("mexc/own_leverage_tiers_custom", "BTC/USDT:USDT")
    assert all(0 < tier[3] < 1 and tier[4] is None for tier in custom)
    with pytest.raises(UnreadTiersError, match="riskLimitCustom"):
        rows("mexc/leverage_tiers_old_shape", "BTC/USDT:USDT")


def test_closes_leave_out_the_unfinished_day(recorded: Any) -> None:
    """A day that is not over has no close; the day is that of the candle's start in UTC."""
    start = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
    candles = [[(start + dt.timedelta(days=k)).timestamp() * 1000, 1.0, 2.0, 0.5, 1.5 + k, 9.0] for k in (0, 1)]
    rows = close_rows("BTC", candles, "okx", start + dt.timedelta(days=1, hours=22))
    assert [(row.key["Date"], row.values) for row in rows] == [(dt.date(2026, 11, 27), {"BTC": 1.5})]
    assert close_rows("BTC", recorded("okx/rec_ohlcv").result, "okx", start)[0].key["Date"] == dt.date(2024, 1, 30)
