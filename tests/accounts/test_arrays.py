"""Many accounts at once against the single account's walk."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accounts import columns
from rebalance_xl.functions.account import MULTI, Account, Leg, Wallet
from rebalance_xl.functions.account_arrays import AccountColumns, market_moves, symbol_prices
from rebalance_xl.functions.account_solving import DOWN, UP, account_price, liquidation_move
from rebalance_xl.functions.tiers import Tier, TierTable

COUNT = 400


@pytest.fixture(scope="module")
def many() -> AccountColumns:
    return columns(COUNT, seed=11)


@pytest.fixture(scope="module")
def single(many: AccountColumns) -> list[Account]:
    """Return the same accounts one by one: dollars, a coin as collateral, five positions."""
    found = []
    for number in range(COUNT):
        own = np.nonzero(many.account == number)[0]
        legs = tuple(
            Leg(
                f"C{place}USDT",
                f"C{place}",
                "USDT",
                float(many.side[place]),
                float(many.quantity[place]),
                float(many.entry[place]),
                float(many.mark[place]),
                many.tables[many.table[place]],
            )
            for place in own
        )
        wallets = (Wallet("USDT", float(many.steady[number]), 1.0), Wallet("COIN", float(many.moving[number]), 1.0))
        found.append(Account(wallets, legs, MULTI))
    return found


@pytest.mark.parametrize("direction", [DOWN, UP])
def test_moves_of_many_are_those_of_each(many: AccountColumns, single: list[Account], direction: float) -> None:
    """The uniform move, never and already liquidatable, account by account."""
    found = market_moves(many, direction)
    wanted = np.array([liquidation_move(account.pools(), direction).move for account in single])
    assert np.array_equal(np.isinf(found), np.isinf(wanted))
    known = np.isfinite(wanted)
    assert found[known] == pytest.approx(wanted[known], rel=1e-9, abs=1e-12)
    assert np.count_nonzero(known) > COUNT / 8
    assert np.count_nonzero(~known) > COUNT / 8


@pytest.mark.parametrize("direction", [DOWN, UP])
def test_accounts_without_positions_beside_others_never_move(many: AccountColumns, direction: float) -> None:
    """Neither one with money nor one that owes some, beside accounts that have positions."""
    rich_and_poor = replace(
        many, steady=np.append(many.steady, [1_000.0, -50.0]), moving=np.append(many.moving, [0.0, 0.0])
    )
    found = market_moves(rich_and_poor, direction)
    assert found[-2:].tolist() == [math.inf, math.inf]
    assert np.array_equal(found[:-2], market_moves(many, direction))


def test_prices_of_many_are_those_of_each(many: AccountColumns, single: list[Account]) -> None:
    """The price of every position with the others frozen, in the direction that hurts it."""
    found = symbol_prices(many)
    for number, account in enumerate(single):
        for place, leg in zip(np.nonzero(many.account == number)[0], account.legs, strict=True):
            wanted = account_price(account, leg.symbol, DOWN if leg.side > 0.0 else UP)
            if math.isinf(wanted):
                assert found[place] == wanted
            else:
                assert found[place] == pytest.approx(wanted, rel=1e-9)


def test_tables_that_jump_are_refused(many: AccountColumns) -> None:
    """A table without amounts is for the single account's walk, and says so."""
    rows = (Tier(0.0, 10.0, math.nan, 0.01, 0.0), Tier(10.0, math.inf, math.nan, 0.02, 0.0))
    with pytest.raises(ValueError, match="walk these accounts one by one"):
        AccountColumns(
            many.steady,
            many.moving,
            many.account,
            many.side,
            many.quantity,
            many.entry,
            many.mark,
            many.table,
            many.fee,
            [TierTable(rows, continuous=False)],
        )


def test_an_account_without_positions_is_never_liquidated() -> None:
    """Accounts that hold nothing have no move."""
    empty = np.zeros(0)
    nothing = AccountColumns(
        np.array([100.0]), np.array([0.0]), empty.astype(int), empty, empty, empty, empty, empty.astype(int), empty,
        [TierTable((Tier(0.0, math.inf, math.nan, 0.01, 0.0),))],
    )  # fmt: skip
    assert market_moves(nothing, DOWN).tolist() == [math.inf]


@pytest.mark.parametrize("scale", [1e-9, 1e-5, 1e6])
def test_a_coin_of_any_price_is_liquidated_where_its_money_is_lost(many: AccountColumns, scale: float) -> None:
    """The same money in a billion times the coins at a billionth of the price: prices and moves follow the scale."""
    scaled = AccountColumns(
        many.steady, many.moving, many.account, many.side, many.quantity / scale, many.entry * scale,
        many.mark * scale, many.table, many.fee, many.tables,
    )  # fmt: skip
    assert symbol_prices(scaled) == pytest.approx(symbol_prices(many) * scale, rel=1e-9)
    assert market_moves(scaled, DOWN) == pytest.approx(market_moves(many, DOWN), rel=1e-9)
