"""Laws of accounts: one position, other wallets, synthetic dollars, the worked accounts of the reference."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.cells import MISSING
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.account import MULTI, SINGLE, Account, Leg, Wallet
from rebalance_xl.functions.account_solving import DOWN, UP, account_price, liquidation_move
from rebalance_xl.functions.haircuts import flat_haircut
from rebalance_xl.functions.stress import Shock, stress
from rebalance_xl.functions.tiers import Tier, TierTable, flat_table
from tests.accounts.accounts import random_account
from tests.derivatives.strategies import tables

SHARES = st.floats(0.02, 3.0)


def position(side: float, price: float, inverse: bool, table: TierTable, fee: float = 0.0, **more: Any) -> Leg:
    """Return a position of 2 coins (linear) or of 2 coins' worth of dollars."""
    quantity = 2.0 * price if inverse else 2.0
    coin = "BTC" if inverse else "USDT"
    return Leg("BTCX", "BTC", coin, side, quantity, price, price, table, inverse, fee=fee, **more)


@given(
    st.sampled_from([1.0, -1.0]), st.floats(0.01, 1e5), st.booleans(), SHARES, tables(), st.sampled_from([0.0, 5e-4])
)
def test_one_cross_position_gives_the_bits_of_the_single_function(
    side: float, price: float, inverse: bool, share: float, table: TierTable, fee: float
) -> None:
    """CROSS_LIQUIDATION_PRICE and the account of that one position agree in every bit, where it is not dead already."""
    leg = position(side, price, inverse, table, fee)
    wallet = share * leg.value(price)
    account = Account((Wallet(leg.margin_coin, wallet),), (leg,))
    found = account_price(account, "BTCX", 0.0)
    word = "inverse" if inverse else "linear"
    side_word = "long" if side > 0 else "short"
    alone = FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call(
        side_word, leg.quantity, price, wallet, table, 0.0, 0.0, word, "generic", fee
    )
    if found == -math.inf:
        assert wallet <= leg.requirement(price)
    elif isinstance(alone, float):
        assert found == alone
    elif alone == "NEVER":
        assert found == math.inf


@given(st.sampled_from([1.0, -1.0]), st.floats(0.01, 1e5), st.booleans(), st.floats(1.5, 100.0))
def test_one_isolated_position_gives_the_bits_of_the_single_function(
    side: float, price: float, inverse: bool, leverage: float
) -> None:
    """LIQUIDATION_PRICE and the account with that one isolated position agree in every bit."""
    leg = position(side, price, inverse, flat_table(0.004))
    leg = replace(leg, isolated=leg.value(price) / leverage)
    account = Account((Wallet(leg.margin_coin, 1e9),), (leg,))
    alone = FUNCTIONS["LIQUIDATION_PRICE"].call(
        "long" if side > 0 else "short", leg.quantity, price, leverage, 0.004, "inverse" if inverse else "linear"
    )
    found = account_price(account, "BTCX", 0.0)
    assert found == (math.inf if alone == "NEVER" else alone)


@pytest.mark.parametrize("seed", range(40))
def test_wallets_that_are_not_shared_change_nothing(seed: int) -> None:
    """In a single-asset account a wallet of another coin moves no pool's figures."""
    account = replace(random_account(seed), mode=SINGLE)
    richer = replace(account, wallets=(*account.wallets, Wallet("XRP", 1e9, 0.5), Wallet("FDUSD", -5e6, 1.0)))
    for direction in (DOWN, UP):
        before, after = (liquidation_move(each.pools(), direction) for each in (account, richer))
        assert before.move == after.move
        for leg in account.legs:
            assert account_price(account, leg.symbol, direction) == account_price(richer, leg.symbol, direction)


@given(st.floats(1.0, 1e5), st.floats(0.1, 10.0), st.floats(0.5, 2.0))
def test_a_short_of_its_own_coin_is_a_dollar(entry: float, coins: float, mark_share: float) -> None:
    """A 1x short margined in its coin has delta 0 and is liquidated by no move of the market."""
    dollars = coins * entry
    leg = Leg("BTCUSD", "BTC", "BTC", -1.0, dollars, entry, entry * mark_share, flat_table(0.005), True)
    account = Account((Wallet("BTC", coins),), (leg,))
    assert liquidation_move(account.pools(), DOWN).move == math.inf
    assert liquidation_move(account.pools(), UP).move == math.inf
    header = ["symbol", "coin", "side", "quantity", "entry", "mark", "contract"]
    rows = [header, ["BTCUSD", "BTC", "short", dollars, entry, entry * mark_share, "inverse"]]
    delta = FUNCTIONS["NET_DELTA"].call("BTC", rows, [["coin", "balance"], ["BTC", coins]])
    assert delta == pytest.approx(0.0, abs=1e-12 * coins)


# --- the worked accounts of the reference -------------------------------------------------------------------------

BTC = flat_table(0.005)
ETH = flat_table(0.01)


def leg_of(symbol: str, side: float, quantity: float, margin: str = "USDT", **more: Any) -> Leg:
    """Return a position at BTC 60,000 or ETH 3,000, entered at its mark."""
    coin = symbol[:3]
    price = 60_000.0 if coin == "BTC" else 3_000.0
    return Leg(
        symbol, coin, margin, side, quantity, price, price, BTC if coin == "BTC" else ETH, margin == coin, **more
    )


def moves(account: Account) -> tuple[float, float]:
    """Return the moves down and up."""
    return liquidation_move(account.pools(), DOWN).move, liquidation_move(account.pools(), UP).move


def test_coin_margined_pools() -> None:
    """Wallets of .1 BTC (long 30,000 USD) and 5 ETH (short 3,000 USD) are two pools; the BTC pool falls at -16.25 %."""
    legs = (leg_of("BTCUSD", 1.0, 30_000.0, "BTC"), leg_of("ETHUSD", -1.0, 3_000.0, "ETH"))
    account = Account((Wallet("BTC", 0.1, 60_000.0), Wallet("ETH", 5.0, 3_000.0)), legs)
    ratios = [requirement / equity for equity, requirement in (pool.figures() for pool in account.pools())]
    assert ratios == pytest.approx([0.025, 0.002])
    assert account_price(account, "BTCUSD", 0.0) == pytest.approx(50_250.0)
    assert account_price(account, "ETHUSD", 0.0) == math.inf
    fall = liquidation_move(account.pools(), DOWN)
    assert fall.move == pytest.approx(-0.1625)
    assert fall.pool is not None
    assert fall.pool.name == "BTC"


def test_full_hedge_on_own_margin() -> None:
    """.5 ETH of margin under a short of 6,000 USD against 1.5 ETH of spot is liquidated at 3,960."""
    account = Account((Wallet("ETH", 0.5, 3_000.0),), (leg_of("ETHUSD", -1.0, 6_000.0, "ETH"),))
    assert account_price(account, "ETHUSD", 0.0) == pytest.approx(3_960.0)


def test_pool_that_dies_on_the_way_lacks_what_it_lacks_there() -> None:
    """Where 1 BTC of value becomes 1.25 the rate jumps to .3: .35 BTC for .375 lack .025, 1,500 dollars of today."""
    rows = (Tier(0.0, 1.25, math.nan, 0.01, 0.0), Tier(1.25, math.inf, math.nan, 0.3, 0.0))
    short = replace(leg_of("BTCUSD", -1.0, 60_000.0, "BTC"), table=TierTable(rows, continuous=False))
    account = Account((Wallet("BTC", 0.1, 60_000.0),), (short,))
    # At a third less 1.5 BTC of value need .45 and have .6: the ends alone would show nothing.
    fall = Shock({"btc": -1.0 / 3.0})
    found = stress((account,), (), fall)
    assert found.pools[0].equity > found.pools[0].requirement
    assert found.pools[0].is_dead
    assert found.missing == pytest.approx(1_500.0)
    for coins, dead in ((0.0249, True), (0.0251, False)):
        richer = replace(account, wallets=(Wallet("BTC", 0.1 + coins, 60_000.0),))
        assert stress((richer,), (), fall).pools[0].is_dead == dead


def test_two_longs_on_one_wallet() -> None:
    """5,000 USDT under .5 BTC and 10 ETH: each alone falls 15 %, both together 7.64 %; a hedge dies by a rise."""
    longs = Account((Wallet("USDT", 5_000.0, 1.0),), (leg_of("BTCUSDT", 1.0, 0.5), leg_of("ETHUSDT", 1.0, 10.0)))
    assert account_price(longs, "BTCUSDT", 0.0) == pytest.approx(50_854.27, abs=0.005)
    assert account_price(longs, "ETHUSDT", 0.0) == pytest.approx(2_540.40, abs=0.005)
    assert moves(longs)[0] == pytest.approx(-0.0764, abs=5e-5)
    hedge = replace(longs, legs=(longs.legs[0], leg_of("ETHUSDT", -1.0, 10.0)))
    assert account_price(hedge, "BTCUSDT", 0.0) == pytest.approx(50_854.27, abs=0.005)
    assert account_price(hedge, "ETHUSDT", 0.0) == pytest.approx(3_450.50, abs=0.005)
    assert moves(hedge) == (math.inf, pytest.approx(10.11, abs=0.005))
    apart = replace(longs, legs=(longs.legs[0], leg_of("ETHUSDT", 1.0, 10.0, isolated=3_000.0)))
    assert account_price(apart, "BTCUSDT", 0.0) == pytest.approx(50_251.26, abs=0.005)
    assert account_price(apart, "ETHUSDT", 0.0) == pytest.approx(2_727.27, abs=0.005)
    assert moves(apart)[0] == pytest.approx(-0.0909, abs=5e-5)


def test_multi_asset_accounts() -> None:
    """Collateral falls with its coin, a stablecoin below its peg counts less, a debt counts in full."""
    wallets = (Wallet("BTC", 0.4, 60_000.0, flat_haircut(0.95)), Wallet("USDT", 8_000.0, 1.0))
    account = Account(wallets, (leg_of("BTCUSDT", 1.0, 1.5),), MULTI)
    assert account.pools()[0].figures() == pytest.approx((30_800.0, 450.0))
    assert account_price(account, "BTCUSDT", 0.0) == pytest.approx(39_664.99, abs=0.005)
    assert account_price(account, "BTCUSDT", 0.0, whole_coin=True) == pytest.approx(60_000 * (1 - 0.2701), abs=5)
    assert moves(account)[0] == pytest.approx(-0.270, abs=5e-4)
    depegged = (Wallet("USDC", 20_000.0, 0.90, flat_haircut(0.9999)), Wallet("USDT", 0.0, 1.0))
    account = Account(depegged, (leg_of("BTCUSDT", 1.0, 1.0),), MULTI)
    assert account.pools()[0].figures()[0] == pytest.approx(17_998.20)
    assert account_price(account, "BTCUSDT", 0.0) == pytest.approx(42_212.86, abs=0.005)
    owing = (Wallet("BTC", 1.0, 60_000.0, flat_haircut(0.95)), Wallet("USDT", -15_000.0, 1.0))
    account = Account(owing, (leg_of("ETHUSDT", 1.0, 8.0),), MULTI)
    assert account.pools()[0].figures()[0] == pytest.approx(42_000.0)
    assert account_price(account, "ETHUSDT", 0.0) == math.inf
    assert moves(account)[0] == pytest.approx(-0.517, abs=5e-4)


@pytest.mark.parametrize(("share", "rise"), [(0.1, 0.107), (0.2, 0.245), (0.25, 0.328), (0.5, 0.992), (1.0, math.inf)])
def test_moving_own_coins_into_the_margin(share: float, rise: float) -> None:
    """A full hedge with the share g of the own coins as margin is liquidated at E (1 - r) / (1 - g)."""
    leg = Leg("BTCUSD", "BTC", "BTC", -1.0, 60_000.0, 60_000.0, 60_000.0, flat_table(0.004), True)
    found = account_price(Account((Wallet("BTC", share),), (leg,)), "BTCUSD", 0.0)
    assert found / 60_000.0 - 1.0 == pytest.approx(rise, abs=5e-4)


def test_betas_scale_the_moves() -> None:
    """With beta 2 the coin needs half the market's move, and a coin at 0 stays there while others go on falling."""
    account = Account((Wallet("USDT", 5_000.0, 1.0),), (leg_of("ETHUSDT", 1.0, 10.0),))
    whole = liquidation_move(account.pools(), DOWN).move
    assert liquidation_move(account.pools(), DOWN, {"eth": 2.0}).move == pytest.approx(whole / 2.0)
    assert liquidation_move(account.pools(), DOWN, {"eth": 0.0}).move == math.inf
    assert liquidation_move(account.pools(), UP, {"eth": -1.0}).move == pytest.approx(-whole)
    both = Account((Wallet("USDT", 45_000.0, 1.0),), (leg_of("BTCUSDT", 1.0, 1.0), leg_of("ETHUSDT", 1.0, 5.0)))
    # ETH is worth 0 from -50 % on: 45,000 - 15,000 - 60,000 y = 300 (1 - y) at y = 29,700 / 59,700.
    assert liquidation_move(both.pools(), DOWN, {"eth": 4.0}).move == pytest.approx(-29_700 / 59_700)


def test_the_tables_of_the_workbook_are_understood() -> None:
    """The book's column names, a margin mode, and margins without a Wallets table give the same answers."""
    futures = [
        ["Symbol", "Asset", "Venue", "Side", "Contract", "MarginMode", "Quantity", "EntryPrice", "MarkPrice", "Margin"],
        ["BTCUSDT", "BTC", "binance", "long", None, "cross", 0.5, 60_000.0, 60_000.0, 3_000.0],
        ["ETHUSDT", "ETH", "binance", "long", None, "cross", 10.0, 3_000.0, 3_000.0, 2_000.0],
        ["SOLUSDT", "SOL", "binance", "long", None, "cross", 0.0, None, 150.0, 0.0],
    ]
    function = FUNCTIONS["ACCOUNT_LIQUIDATION_MOVE"]
    alone = function.call(MISSING, futures)
    wallets = [["Account", "Coin", "Balance"], ["binance", "usdt", 5_000.0]]
    assert alone == function.call(wallets, futures)
    assert alone == pytest.approx(-0.08, abs=0.005)


def test_maintenance_asks_wallets_only_where_they_are_given() -> None:
    """Positions alone have their requirement; wallets that are given must have the margin coin of a cross position."""
    header = ["symbol", "coin", "side", "quantity", "entry", "mark", "tiers"]
    positions = [header, ["BTCUSDT", "BTC", "long", 1.0, 60_000.0, 60_000.0, 0.01]]
    call = FUNCTIONS["ACCOUNT_MAINTENANCE"].call
    assert call(positions) == [["USDT", 600.0]]
    assert call(positions, [["coin", "balance"], ["USDT", 50.0]]) == [["USDT", 600.0]]
    other = call(positions, [["coin", "balance"], ["USDC", 50.0]])
    assert (other.code, "USDT, which wallets do not have" in other.reason) == ("#VALUE!", True)
