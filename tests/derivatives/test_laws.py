"""Laws of liquidation prices and contracts, on drawn positions and thousands of random ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebalance_xl.functions import FUNCTIONS, contracts
from rebalance_xl.functions.liquidation import cross_liquidation_price, liquidation_price
from rebalance_xl.functions.liquidation_equation import is_already_liquidatable, liquidation_notional
from rebalance_xl.functions.margin import bankruptcy_price
from rebalance_xl.functions.tier_tables import shipped_tables
from rebalance_xl.functions.tiers import TierTable, position_requirement, requirement
from rebalance_xl.functions.venues import VENUE_WORDS
from tests.derivatives.strategies import (
    CONTRACTS,
    LEVERAGES,
    PRICES,
    QUANTITIES,
    RATES,
    SIDES,
    marginal_requirement,
    stepped_requirement,
    tables,
)

BINANCE, BYBIT, OKX, MEXC, WEEX = (VENUE_WORDS[name] for name in ("binance", "bybit", "okx", "mexc", "weex"))


def equity(side: float, quantity: float, entry: float, price: float, wallet: float, contract: float) -> float:
    """Return wallet and unrealised profit, from the textbook."""
    if contract == contracts.INVERSE:
        return wallet + side * quantity * (1.0 / entry - 1.0 / price)
    return wallet + side * quantity * (price - entry)


def value_at(quantity: float, price: float, contract: float) -> float:
    """Return the position value."""
    return quantity / price if contract == contracts.INVERSE else quantity * price


@given(SIDES, QUANTITIES, PRICES, LEVERAGES, CONTRACTS, tables(), st.sampled_from([0.0, 0.0006]))
def test_equity_equals_maintenance_and_fee_at_the_liquidation_price(
    side: float, quantity: float, entry: float, leverage: float, contract: float, table: TierTable, fee: float
) -> None:
    """At the liquidation price equity is the maintenance margin plus the counted fee, to 1e-9 of the position."""
    price = liquidation_price(side, quantity, entry, leverage, table, contract, OKX, 0.0, fee)
    assume(price < math.inf)
    value, start = value_at(quantity, price, contract), value_at(quantity, entry, contract)
    left = equity(side, quantity, entry, price, start / leverage, contract)
    needed = float(marginal_requirement(table, value)) + fee * value
    assert abs(left - needed) <= 1e-9 * max(value, start, start / leverage)


@given(SIDES, QUANTITIES, PRICES, st.floats(-0.5, 3.0), CONTRACTS, tables())
def test_never_exactly_where_no_positive_price_solves_it(
    side: float, quantity: float, entry: float, share: float, contract: float, table: TierTable
) -> None:
    """A position that gains with its notional is safe exactly when it is still solvent at a notional of 0."""
    start = value_at(quantity, entry, contract)
    wallet = share * start
    assume(abs(share - 1.0) > 1e-9)
    price = cross_liquidation_price(side, quantity, entry, wallet, table, 0.0, 0.0, contract)
    gains = side > 0 if contract == contracts.LINEAR else side < 0
    assert (price == math.inf) == (gains and wallet > start)
    if price < math.inf:
        assert price > 0.0


@given(QUANTITIES, PRICES, LEVERAGES, LEVERAGES, CONTRACTS, tables())
def test_long_liquidation_rises_with_leverage(
    quantity: float, entry: float, one: float, other: float, contract: float, table: TierTable
) -> None:
    """More leverage brings the liquidation price nearer: up for a long, down for a short."""
    low, high = sorted((one, other))
    assume(high > low * (1.0 + 1e-9))
    for side in (1.0, -1.0):
        calm, risky = (liquidation_price(side, quantity, entry, leverage, table, contract) for leverage in (low, high))
        if side > 0:
            calm, risky = (0.0 if price == math.inf else price for price in (calm, risky))
            assert calm <= risky * (1.0 + 1e-12)
        else:
            assert calm >= risky * (1.0 - 1e-12)


@given(SIDES, QUANTITIES, PRICES, st.floats(1.01, 200.0), CONTRACTS, RATES)
def test_liquidation_comes_before_bankruptcy(
    side: float, quantity: float, entry: float, leverage: float, contract: float, rate: float
) -> None:
    """The liquidation price lies between the bankruptcy price and wherever maintenance is lower."""
    price = liquidation_price(side, quantity, entry, leverage, rate, contract)
    bust = bankruptcy_price(side, entry, leverage, contract)
    assert side * (price - bust) >= -1e-9 * entry or bust == math.inf


def _random_positions(generator: np.random.Generator, table: TierTable, count: int) -> tuple[Any, ...]:
    last = table.rows[-1].floor or 1e6
    entry = 10.0 ** generator.uniform(-1, 5, count)
    value = np.minimum(10.0 ** generator.uniform(0, math.log10(last) + 0.2, count), last * 0.999)
    side = generator.choice([1.0, -1.0], count)
    wallet = value * generator.uniform(-0.3, 1.5, count)
    return side, value / entry, entry, wallet


def _bisect(side: Any, quantity: Any, entry: Any, wallet: Any, table: TierTable) -> Any:
    """Solve equity = requirement for linear positions by bisection over all prices; 0 where even 0 is healthy."""
    low, high = np.zeros_like(entry), np.full_like(entry, 1e12)
    for _ in range(200):
        middle = (low + high) / 2.0
        surplus = wallet + side * quantity * (middle - entry) - marginal_requirement(table, quantity * middle)
        up = np.where(side > 0, surplus <= 0, surplus > 0)
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    return low


@pytest.mark.parametrize(
    "name", ["binance:BTCUSDT", "binance:ETHUSDT", "binance:SOLUSDT", "bybit:BTCUSDT", "bingx:ETH-USDT"]
)
def test_largest_and_smallest_over_tiers_equal_a_bisection(name: str) -> None:
    """On real tables the rule of the largest (smallest) root gives what a bisection of the whole requirement gives."""
    table = shipped_tables().lookup(name)
    assert isinstance(table, TierTable)
    side, quantity, entry, wallet = _random_positions(np.random.default_rng(20261122), table, 4_000)
    found = cross_liquidation_price(side, quantity, entry, wallet, table)
    searched = _bisect(side, quantity, entry, wallet, table)
    never = np.isinf(found)
    assert 100 < never.sum() < 3_000
    assert np.all(searched[never] <= 1e-9 * entry[never])
    assert np.all(np.abs(found - searched)[~never] <= 1e-9 * np.maximum(entry, searched)[~never])


def test_tier_of_the_entry_would_be_wrong() -> None:
    """The tier at the liquidation price differs from that of the entry in a good part of cases: it must be solved."""
    table = shipped_tables().lookup("binance:BTCUSDT")
    assert isinstance(table, TierTable)
    side, quantity, entry, wallet = _random_positions(np.random.default_rng(5), table, 4_000)
    found = cross_liquidation_price(side, quantity, entry, wallet, table)
    reached = np.isfinite(found)
    floors = np.array([tier.floor for tier in table.rows])
    at_entry = np.searchsorted(floors, quantity * entry)
    at_end = np.searchsorted(floors, quantity * np.where(reached, found, entry))
    assert (at_entry != at_end).mean() > 0.1


@given(SIDES, st.floats(0.1, 1e6), st.floats(-0.2, 1.5), tables(continuous=False))
def test_stepped_tables_liquidate_at_the_first_notional_that_breaks_them(
    direction: float, entry: float, share: float, table: TierTable
) -> None:
    """Between entry and the answer every notional is healthy; at or just beyond the answer it is not."""

    def surplus(notional: float) -> float:
        return share * entry + direction * (notional - entry) - stepped_requirement(table, notional)

    assume(surplus(entry) > 1e-9 * entry)
    found = liquidation_notional(table, direction, entry, share * entry, 0.0, entry)
    end = max(found, 0.0)
    if direction > 0:
        assert end <= entry
        between = [end + (entry - end) * step / 97 for step in range(1, 98)]
    else:
        assert end >= entry
        between = [entry + (end - entry) * step / 97 for step in range(97)]
    assert all(surplus(notional) > -1e-9 * (entry + notional) for notional in between)
    if end > 0.0:
        beyond = end * (1.0 - 1e-9) if direction > 0 else end * (1.0 + 1e-9)
        assert surplus(beyond) <= 1e-8 * (entry + beyond)


def test_stepped_boundary_is_the_answer_where_no_root_lies_in_its_own_tier() -> None:
    """The short of edge case E20: both roots lie outside their tiers, so the boundary at 100,000 liquidates."""
    tiers = [[0, 50_000, None, 0.005, None], [50_000, 100_000, None, 0.01, None]]
    call = FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call
    assert call("short", 0.5, 98_000, 1_400, tiers) == 100_000.0
    assert call("short", 0.5, 98_000, 1_400, 0.005) == pytest.approx(100_298.50746268657)
    assert call("short", 0.5, 98_000, 1_400, 0.01) == pytest.approx(99_801.9801980198)


@given(SIDES, QUANTITIES, PRICES, PRICES, CONTRACTS)
def test_profit_of_opposite_sides_cancels(
    side: float, quantity: float, entry: float, end: float, contract: float
) -> None:
    """What one side wins the other loses."""
    won = contracts.futures_pnl(side, quantity, entry, end, contract)
    lost = contracts.futures_pnl(-side, quantity, entry, end, contract)
    assert won == -lost


@given(SIDES, PRICES, st.floats(-1e-4, 1e-4))
def test_linear_and_inverse_agree_for_small_moves(side: float, entry: float, move: float) -> None:
    """For the same value the coin profit times the price is the linear profit, up to the square of the move."""
    end = entry * (1.0 + move)
    linear = contracts.futures_pnl(side, 1.0, entry, end)
    inverse = contracts.futures_pnl(side, entry, entry, end, contracts.INVERSE) * entry
    assert abs(linear - inverse) <= 2.0 * entry * move * move + 1e-12 * entry


@given(SIDES, PRICES, st.floats(50.0, 5_000.0))
def test_linear_and_inverse_liquidation_agree_at_high_leverage(side: float, entry: float, leverage: float) -> None:
    """Near the entry the two contract types are liquidated at the same price, up to the square of 1/L."""
    linear = liquidation_price(side, 1.0, entry, leverage, 0.0)
    inverse = liquidation_price(side, entry, entry, leverage, 0.0, contracts.INVERSE)
    assert abs(linear - inverse) <= 1.1 * entry / leverage**2


@given(SIDES, QUANTITIES, PRICES, st.floats(1.0, 100.0), CONTRACTS, RATES, st.floats(0.0, 0.4), st.floats(0.0, 0.001))
def test_bybit_follows_its_own_formula(
    side: float,
    quantity: float,
    entry: float,
    leverage: float,
    contract: float,
    rate: float,
    share: float,
    taker: float,
) -> None:
    """Bybit's published bankruptcy and liquidation formulas give the same price as the common equation."""
    extra = share * value_at(quantity, entry, contract)
    found = liquidation_price(side, quantity, entry, leverage, rate, contract, BYBIT, extra, taker)
    if contract == contracts.LINEAR:
        bust = entry * (1 - side / leverage) - side * extra / (quantity * (1 - side * taker))
        published = bust / (1 - side * rate)
    else:
        coins = quantity / entry * (1 + side / leverage) + side * extra / (1 + side * taker)
        published = quantity * (1 + side * rate) / coins if coins > 1e-9 * quantity / entry else math.inf
    if published > 1e-9 * entry and published < 1e9 * entry:
        assert found == pytest.approx(published, rel=1e-9)
    else:
        assert found == math.inf or found > 1e8 * entry or found < 1e-8 * entry


@given(SIDES, QUANTITIES, PRICES, st.floats(1.01, 100.0), RATES, st.floats(0.0, 0.4))
def test_mexc_and_weex_follow_their_published_formulas(
    side: float, quantity: float, entry: float, leverage: float, rate: float, share: float
) -> None:
    """MEXC keeps the requirement of the entry; WEEX divides the free equity by the net quantity less maintenance."""
    margin = quantity * entry / leverage
    extra = share * margin
    mexc = liquidation_price(side, quantity, entry, leverage, rate, 0.0, MEXC, extra, 0.0006)
    published = (entry * quantity + side * ((rate + 0.0006) * quantity * entry - margin - extra)) / quantity
    assume(abs(published) > 1e-6 * entry)  # nearer to 0 both sides are what rounding leaves
    assert mexc == (pytest.approx(published, rel=1e-8) if published > 0.0 else math.inf)
    weex = liquidation_price(side, quantity, entry, leverage, rate, 0.0, WEEX, extra, 0.0006)
    free = margin + extra - rate * quantity * entry
    published = entry - free / (side * quantity * (1 - side * rate))
    assume(abs(published) > 1e-6 * entry)
    assert weex == (pytest.approx(published, rel=1e-8) if published > 0.0 else math.inf)


@given(SIDES, QUANTITIES, PRICES, st.floats(1.01, 100.0), CONTRACTS, RATES, st.floats(1e-5, 0.001))
def test_only_venues_that_count_the_fee_move_with_it(
    side: float, quantity: float, entry: float, leverage: float, contract: float, rate: float, fee: float
) -> None:
    """A fee brings liquidation nearer at OKX, BingX and MEXC and changes nothing at Binance and WEEX."""

    def price(venue: float, taker: float) -> float:
        return float(liquidation_price(side, quantity, entry, leverage, rate, contract, venue, 0.0, taker))

    for venue in (BINANCE, WEEX, BYBIT):
        assert price(venue, fee) == price(venue, 0.0)
    for name in ("okx", "bingx", "generic", "mexc", "kucoin"):
        assert side * price(VENUE_WORDS[name], fee) > side * price(VENUE_WORDS[name], 0.0)


@given(SIDES, QUANTITIES, PRICES, st.floats(-2.0, -0.01), tables())
def test_negative_wallet_is_already_liquidatable(
    side: float, quantity: float, entry: float, share: float, table: TierTable
) -> None:
    """With a debt the price lies beyond the entry, or no price keeps the position alive (#NUM!)."""
    price = cross_liquidation_price(side, quantity, entry, share * quantity * entry, table)
    if isinstance(price, float):
        assert is_already_liquidatable(side, price, entry)
    else:
        assert side < 0
        assert (price.code, "at every price" in price.reason) == ("#NUM!", True)


@given(tables(), st.floats(0.0, 1e9))
def test_requirement_is_the_sum_over_the_tiers(table: TierTable, notional: float) -> None:
    """The largest of the tiers' lines is the requirement added up tier by tier."""
    assert requirement(table, notional) == pytest.approx(float(marginal_requirement(table, notional)), rel=1e-9)


@given(
    tables() | tables(continuous=False) | tables().map(lambda table: replace(table, unit_quantity=1.0)),
    st.lists(st.floats(0.0, 1e9) | st.just(math.nan), max_size=6),
)
def test_requirement_of_a_column_is_that_of_each_value(table: TierTable, others: list[float]) -> None:
    """A column has the bits of its values one by one, by value or quantity, on borders and beside them; blanks too."""
    borders = [tier.floor for tier in table.rows[1:]]
    edges = [border * (1.0 + share) for border in borders for share in (-1e-15, 1e-15, -1e-6, 1e-6)]
    values = [math.nan, 0.0, *borders, *edges, *others, math.nan]
    column = position_requirement(table, np.array(values), np.array(values))
    assert np.array_equal(column, [position_requirement(table, value, value) for value in values], equal_nan=True)
    assert np.isnan(column).tolist() == [math.isnan(value) for value in values]


@given(SIDES, PRICES, st.floats(0.0, 0.01), st.floats(0.0, 0.01), CONTRACTS)
def test_breakeven_pays_both_fees(side: float, entry: float, opened: float, closed: float, contract: float) -> None:
    """At the break-even price the profit is the sum of both fees, each on its own value."""
    end = contracts.breakeven_price(side, entry, opened, closed, contract)
    profit = contracts.futures_pnl(side, 1.0, entry, end, contract)
    fees = value_at(1.0, entry, contract) * opened + value_at(1.0, end, contract) * closed
    assert profit == pytest.approx(fees, rel=1e-6, abs=1e-12 * value_at(1.0, entry, contract))


@given(st.lists(st.tuples(QUANTITIES, PRICES), min_size=1, max_size=8), PRICES, CONTRACTS)
def test_average_entry_keeps_the_profit(fills: list[tuple[float, float]], end: float, contract: float) -> None:
    """A position at its average entry earns what its fills earn one by one."""
    quantities, prices = [each[0] for each in fills], [each[1] for each in fills]
    average = contracts.average_entry(quantities, prices, contract)
    together = contracts.futures_pnl(1.0, math.fsum(quantities), average, end, contract)
    singly = math.fsum(contracts.futures_pnl(1.0, q, p, end, contract) for q, p in fills)
    scale = math.fsum(value_at(q, min(p, end), contract) + value_at(q, max(p, end), contract) for q, p in fills)
    assert together == pytest.approx(singly, abs=1e-9 * scale)


def test_stepped_table_above_a_healthy_entry_is_not_met_on_the_way_down() -> None:
    """A 300x long just below a boundary would break the next tier's rate above its entry; a fall meets its own tier."""
    entry, kept = 49_990.0, 49_990.0 * (1 - 1 / 300)
    found = liquidation_price(1.0, 1.0, entry, 300.0, "weex:XAUTUSDT", 0.0, WEEX)
    assert found == pytest.approx(kept / (1 - 0.002))
    assert found < entry < kept / (1 - 0.005)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0, 50_000, None, 0.005], [50_000, 100_000, None, 0.01]], 140_000 / 1.01),
        ([[0, 50_000, None, 0.005, 0], [50_000, 100_000, None, 0.01, 250]], 140_250 / 1.01),
    ],
)
def test_last_tier_continues_above_its_cap(rows: list[list[Any]], expected: float) -> None:
    """A short of 90,000 that dies beyond the table's end of 100,000 dies at the last tier's rate, alone or hedged."""
    assert FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call("short", 1, 90_000, 50_000, rows) == pytest.approx(expected)
    hedged = FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].call(0, 0, 1, 90_000, 50_000, rows)
    assert hedged == pytest.approx(expected)


@pytest.mark.parametrize("venue", ["generic", "bybit", "bingx", "okx"])
def test_cross_counts_the_fee_where_the_venue_does(venue: str) -> None:
    """A cross long at these venues is liquidated at (E - W) / (1 - r - f); elsewhere the fee changes nothing."""

    def price(name: str) -> Any:
        return cross_liquidation_price(1.0, 1.0, 50_000.0, 5_000.0, 0.005, 0.0, 0.0, 0.0, VENUE_WORDS[name], 0.0006)

    assert price(venue) == pytest.approx(45_000 / (1 - 0.005 - 0.0006))
    assert price("binance") == price("weex") == pytest.approx(45_000 / (1 - 0.005))
    assert price("mexc") == pytest.approx(50_000 + (250 + 30 - 5_000))
