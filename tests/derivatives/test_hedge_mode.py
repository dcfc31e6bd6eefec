"""Both legs held at once: Binance's closed form, one leg alone, and a search over all prices."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.account import Account, Leg, Wallet
from rebalance_xl.functions.account_solving import DOWN, UP, account_price
from rebalance_xl.functions.hedge_mode import (
    binance_cross_price,
    hedged_direction,
    hedged_liquidation_of,
    hedged_liquidation_price,
)
from rebalance_xl.functions.liquidation import cross_liquidation_price
from rebalance_xl.functions.tier_reading import read_tier_rows
from rebalance_xl.functions.tiers import TierTable
from rebalance_xl.functions.venues import HEDGE_ESTIMATE
from tests.derivatives.strategies import (
    CONTRACTS,
    PRICES,
    QUANTITIES,
    SIDES,
    marginal_requirement,
    stepped_requirement,
    tables,
)
from tests.derivatives.vectors import one_tier

LEGS = st.floats(0.1, 10.0)


@given(LEGS, LEGS, st.floats(0.8, 1.25), st.floats(1e-4, 0.1), st.floats(0.0, 50.0), st.floats(0.05, 0.9))
def test_one_tier_is_binances_usd_formula(
    long: float, short: float, spread: float, rate: float, amount: float, share: float
) -> None:
    """With one tier per leg the answer is Binance's USD-M formula for hedge mode."""
    assume(abs(hedged_direction(long, short, rate, rate)) > 1e-6)
    entries = 1_000.0, 1_000.0 * spread
    wallet = share * (long * entries[0] + short * entries[1])
    found = hedged_liquidation_of(one_tier(rate, amount), long, entries[0], short, entries[1], wallet)
    published = binance_cross_price(wallet, (long, entries[0], rate, amount), (short, entries[1], rate, amount))
    if published > 1e-6:
        assert found == pytest.approx(published, rel=1e-9)
    else:
        assert found == math.inf or math.isnan(found)


@given(LEGS, LEGS, st.floats(0.8, 1.25), st.floats(1e-4, 0.1), st.floats(0.05, 0.9))
def test_one_tier_is_binances_coin_formula(long: float, short: float, spread: float, rate: float, share: float) -> None:
    """With one tier per leg the answer is Binance's COIN-M formula, contracts of 100 dollars."""
    entries = 1_000.0, 1_000.0 * spread
    wallet = share * 100.0 * (long / entries[0] + short / entries[1])
    found = hedged_liquidation_of(
        one_tier(rate), 100.0 * long, entries[0], 100.0 * short, entries[1], wallet, 0.0, 0.0, 1.0
    )
    coins = wallet / 100.0 + long / entries[0] - short / entries[1]
    assume(abs(coins) > 1e-9)
    published = binance_cross_price(
        wallet, (long, entries[0], rate, 0.0), (short, entries[1], rate, 0.0), multiplier=100.0
    )
    if 1e-6 < published < 1e9:
        assert found == pytest.approx(published, rel=1e-9)
    else:
        assert found == math.inf or math.isnan(found)


@given(SIDES, QUANTITIES, PRICES, st.floats(0.01, 1.5), CONTRACTS, tables())
def test_one_leg_alone_is_the_cross_price(
    side: float, quantity: float, entry: float, share: float, contract: float, table: TierTable
) -> None:
    """Without the other leg the price is that of CROSS_LIQUIDATION_PRICE."""
    wallet = share * (quantity / entry if contract else quantity * entry)
    alone = cross_liquidation_price(side, quantity, entry, wallet, table, 0.0, 0.0, contract)
    legs = (quantity, entry, 0.0, 0.0) if side > 0 else (0.0, 0.0, quantity, entry)
    hedged = hedged_liquidation_price(*legs, wallet, table, 0.0, 0.0, contract)
    assert isinstance(alone, float)
    assume(abs(share - 1.0) > 1e-6)
    if _is_insolvent_at_entry(table, quantity, entry, wallet, contract):
        return  # both say where it would be healthy again; other tests cover a debt
    assert hedged == pytest.approx(alone, rel=1e-9)


def _is_insolvent_at_entry(table: TierTable, quantity: float, entry: float, wallet: float, contract: float) -> bool:
    value = quantity / entry if contract else quantity * entry
    return wallet <= float(marginal_requirement(table, value)) * (1.0 + 1e-9)


@given(LEGS, LEGS, st.floats(0.8, 1.25), st.floats(0.02, 1.5), tables())
def test_nearest_boundary_is_what_a_search_over_prices_finds(
    long: float, short: float, spread: float, share: float, table: TierTable
) -> None:
    """Every price between the average entry and the answer is healthy, and so is as far on the other side."""
    entries = 1_000.0, 1_000.0 * spread
    start = (long * entries[0] + short * entries[1]) / (long + short)
    wallet = share * (long * entries[0] + short * entries[1])

    def surplus(price: Any) -> Any:
        profit = long * (price - entries[0]) - short * (price - entries[1])
        needed = marginal_requirement(table, long * price) + marginal_requirement(table, short * price)
        return wallet + profit - needed

    assume(float(surplus(start)) > 1e-6 * wallet)
    found = hedged_liquidation_of(table, long, entries[0], short, entries[1], wallet)
    if found == math.inf:
        assert np.all(surplus(start * np.logspace(-6, 6, 2_001)) > -1e-6 * wallet)
        return
    assert abs(float(surplus(found))) <= 1e-8 * (wallet + (long + short) * found)
    ratio = max(found / start, start / found) ** 0.999999
    near = start * np.exp(np.linspace(-math.log(ratio), math.log(ratio), 2_001))
    assert np.all(surplus(near) > -1e-7 * (wallet + (long + short) * near))


@given(LEGS, LEGS, st.floats(0.05, 0.9), tables(continuous=False))
def test_stepped_tables_are_walked_as_well(long: float, short: float, share: float, table: TierTable) -> None:
    """With jumps too, every price nearer than the answer is healthy on both sides."""
    start = 1_000.0
    wallet = share * (long + short) * start

    def surplus(price: float) -> float:
        needed = stepped_requirement(table, long * price) + stepped_requirement(table, short * price)
        return wallet + (long - short) * (price - start) - needed

    assume(surplus(start) > 1e-6 * wallet)
    found = hedged_liquidation_of(table, long, start, short, start, wallet)
    ratio = 1e4 if found == math.inf else max(found / start, start / found) ** 0.999999
    for step in range(401):
        price = start * ratio ** (step / 200 - 1)
        assert surplus(price) > -1e-7 * (wallet + (long + short) * price)


def test_the_published_formula_counts_the_amounts_of_all_three_legs() -> None:
    """At 60 a wallet of 25 less 40 less 40 plus 50 is -5, and 0.1 x 60 - 10 + 2 x 0.05 x 60 - 5 - 2 is needed: -5."""
    one_way, long, short = (1.0, 1.0, 100.0, 0.1, 10.0), (1.0, 100.0, 0.05, 5.0), (1.0, 110.0, 0.05, 2.0)
    assert binance_cross_price(25.0, long, short, one_way) == pytest.approx(60.0)


def test_slightly_net_long_book_is_liquidated_by_a_rise() -> None:
    """1.00 long against 0.995 short at 2 %: the maintenance of both legs outgrows the net long."""
    assert hedged_direction(1.0, 0.995, 0.02, 0.02) < 0
    price = hedged_liquidation_price(1.0, 50_000.0, 0.995, 50_000.0, 5_000.0, 0.02)
    assert price == pytest.approx((5_000.0 - 0.005 * 50_000.0) / (1.995 * 0.02 - 0.005))
    assert price > 50_000.0


def test_two_way_danger_returns_the_nearer_price() -> None:
    """A net long in a steep table can be liquidated both ways; the nearer of both is returned."""
    steep = [[0, 60_000, None, 0.01, 0], [60_000, None, None, 0.6, 35_400]]
    call = FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].call
    near_rise = call(1, 50_000, 0.5, 50_000, 20_000, steep)
    near_fall = call(1, 50_000, 0.5, 50_000, 3_000, steep)
    assert near_rise > 50_000 > near_fall


def test_help_says_estimate() -> None:
    """No exchange backs hedge mode with an example, and the function says so."""
    assert FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].estimate == HEDGE_ESTIMATE


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((0, 50_000, 0, 50_000, 1_000, 0.005), "#N/A", "both quantities are 0"),
        ((1, None, 0, None, 1_000, 0.005), "#N/A", "long_entry is blank"),
        ((1, 0, 0, 0, 1_000, 0.005), "#NUM!", "long_entry is 0"),
        ((-1, 50_000, 0, 0, 1_000, 0.005), "#NUM!", "long_quantity is -1"),
        ((0, 0, 1, 50_000, -60_000, 0.005), "#NUM!", "at every price"),
        ((1_000_000, 50_000, 0, 0, 1_000, "binance:BTCUSDT"), "#NUM!", "beyond binance:BTCUSDT"),
        ((1, 50_000, 0, 0, 1_000, "bybit:BTCUSD"), "#VALUE!", 'contract must be "inverse"'),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], code: str, words: str) -> None:
    """Bad input gives its error, with a reason that names it."""
    answer = FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].call(*arguments)
    assert (answer.code, words in answer.reason) == (code, True), answer.reason


@pytest.mark.parametrize("contract", ["linear", "inverse"])
@pytest.mark.parametrize("seed", range(25))
def test_both_prices_are_those_of_the_account(contract: str, seed: int) -> None:
    """Below and above the mark the hedge is liquidated where the account's walk through all prices says."""
    draw = random.Random(seed)
    inverse = contract == "inverse"
    unit = 50_000.0 if inverse else 1.0
    quantities = [draw.uniform(0.1, 2.0) * unit for _ in range(2)]
    entries = [draw.uniform(45_000.0, 55_000.0) for _ in range(2)]
    mark = draw.uniform(45_000.0, 55_000.0)
    value = sum(quantities) / mark if inverse else sum(quantities) * mark
    wallet = draw.uniform(0.02, 1.5) * value
    tiers = [[0, 0.4 * value, None, 0.005, 0], [0.4 * value, None, None, 0.02, 0.4 * value * 0.015]]
    found = FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].call(
        quantities[0], entries[0], quantities[1], entries[1], wallet, tiers, 0, 0, contract, mark, "both"
    )
    table = read_tier_rows(tiers)
    coin = "BTC" if inverse else "USDT"
    legs = tuple(
        Leg("BTCX", "BTC", coin, side, quantity, entry, mark, table, inverse)
        for side, quantity, entry in zip((1.0, -1.0), quantities, entries, strict=True)
    )
    account = Account((Wallet(coin, wallet),), legs)
    for cell, direction in zip(found[0], (DOWN, UP), strict=True):
        wanted = account_price(account, "BTCX", direction)
        if wanted == -math.inf:
            continue  # liquidatable at the mark: the prices are those that would cure it
        assert cell == ("NEVER" if wanted == math.inf else pytest.approx(wanted, rel=1e-9))


def test_the_mark_decides_which_price_is_nearer() -> None:
    """A book of 1.2 long and 1 short dies at 37,037 and, where its tiers grow steep, at 61,739."""
    call = FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].call
    book = (1.2, 50_000, 1.0, 50_000, 3_000, [[0, 60_000, None, 0.005, 0], [60_000, None, None, 0.3, 17_700]])
    low, high = call(*book, 0, 0, "linear", 50_000, "both")[0]
    assert (low, high) == pytest.approx((7_000 / 0.189, 28_400 / 0.46))
    assert call(*book) == call(*book, 0, 0, "linear", 50_000) == call(*book, 0, 0, "linear", 40_000, "up") == high
    assert call(*book, 0, 0, "linear", 40_000) == call(*book, 0, 0, "linear", 60_000, "down") == low
    assert call(*book, 0, 0, "linear", -1).code == "#NUM!"
    assert call(*book, 0, 0, "linear", 50_000, "sideways").code == "#VALUE!"
