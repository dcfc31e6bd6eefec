"""What a plan says of the risks that it leaves: legs alone, positions whose account it takes money from."""

from __future__ import annotations

import datetime as dt

import pytest

from rebalance_xl.book.money import ANY, CASH, Purse
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.walk import carry_out, decide
from tests.book.books import perpetual, plan_of, stable
from tests.book.test_free_margin import CASH as MONEY
from tests.book.test_free_margin import SPOT, account, position, read


def test_a_leg_whose_other_leg_has_expired_is_warned_of() -> None:
    """The near leg is settled; the far one stays, alone, and the plan says so until it is closed."""
    near = perpetual("NEAR", "BTC", "short", 100.0, Quantity=5.0, EntryPrice=100.0, Margin=100.0, Spread="calendar")
    far = perpetual("FAR", "BTC", "long", 101.0, Quantity=5.0, EntryPrice=101.0, Margin=100.0, Spread="calendar")
    expired = near | {"Expiry": dt.date(2026, 9, 1)}
    words = "FAR stays open alone: NEAR, the other leg of its spread, has expired"
    assert words in plan_of([stable(5_000.0)], [expired, far]).warnings
    assert words not in plan_of([stable(5_000.0)], [near, far]).warnings
    assert words not in plan_of([stable(5_000.0)], [expired | {"Target": 0.0}, far | {"Target": 0.0}]).warnings


def test_a_position_whose_account_loses_margin_to_a_closing_is_warned_of() -> None:
    """BTC is closed and takes 4,000 along: what is left under ETH is nearer than 12 %, and the next plan adds it."""
    futures = [
        position("BTCUSDT", Quantity=0.1, Margin=4_000.0, Target=0.0),
        position("ETHUSDT", Quantity=10.0, Margin=1_500.0),
    ]
    wanting = SPOT | {"Target": 0.9, "Band": 0.01}  # it buys with what the closing brings
    port = account(futures, 7_000.0, (wanting, MONEY), {"MarginTopUp": 0.12})
    book = read(port)
    (words,) = [each for each in make_plan(book).warnings if "after the plan, as" in each]
    after = carry_out(book, decide(book))
    (add,) = [each for each in make_plan(after).trades if each.action == "ADD MARGIN"]
    assert words == (
        "ETHUSDT would be nearer to liquidation than MarginTopUp after the plan, as BTCUSDT leaves its account: "
        f"the next plan adds {add.amount:,.2f}"
    )
    safe = read(account(futures, 20_000.0, (wanting, MONEY), {"MarginTopUp": 0.12}))
    assert not [each for each in make_plan(safe).warnings if "after the plan, as" in each]


def test_money_that_is_not_there_is_named() -> None:
    """A purse that is asked for more than it holds says what is missing; the last digit is rounding."""
    purse = Purse(read(account([], 0.0)))
    purse.add(CASH, "binance", 100.0)
    sources = purse.usable("binance", (ANY,), (CASH,))
    with pytest.raises(ValueError, match=r"50\.00 of 150\.00 to be spent at binance is missing"):
        purse.spend(150.0, "binance", sources)
    purse = Purse(read(account([], 0.0)))
    purse.add(CASH, "binance", 100.0)
    purse.spend(100.0 * (1 + 1e-15), "binance", purse.usable("binance", (ANY,), (CASH,)))
    assert purse.sources[0].left == pytest.approx(0.0, abs=1e-12)
