"""One purse for each account: what closings leave in it, openings take of it, and Record keeps of its wallets."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rebalance_xl.book.decision import decide
from rebalance_xl.book.free_margin import idle_value
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.walk import carry_out
from tests.book.test_free_margin import CASH, SPOT, account, position, read, recorded, same_wallets

approx = pytest.approx


def coin_account(futures: list[dict[str, Any]], coins: float, **settings: Any) -> MemoryWorkbook:
    """Return a book whose account at binance has a wallet of BTC, as its only wallet."""
    port = account(futures, coins, settings=settings)
    head = port.tables["Wallets"][0]
    port.tables["Wallets"][1][head.index("Coin")] = "BTC"
    port.tables["MarginTiers"].append(["binance", "BTCUSD", 0.0, None, 100.0, 0.005, 0.0])
    return port


def coin_margined(**more: Any) -> dict[str, Any]:
    """Return a cross row of BTCUSD."""
    return position("BTCUSDT", Symbol="BTCUSD", Contract="inverse", Quantity=0.0, **more)


def test_a_coin_margined_opening_takes_the_free_coins_of_its_account() -> None:
    """0.2 BTC lie free: 4,400 of margin come out of them, no coin is bought or moved, the wallet pays the fee."""
    port = coin_account([coin_margined(Target=0.08333333333, EntryPrice=None)], 0.2)
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Target")] = 0.5
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Band")] = 0.01
    book = read(port)
    plan = make_plan(book)
    assert "CONVERT" not in [each.action for each in plan.trades]
    (opened,) = [each for each in plan.trades if each.action == "OPEN LONG"]
    assert opened.amount == approx(0.08333333333 * plan.totals.value)
    assert plan.totals.check == 0.0
    walked = carry_out(book, decide(book))
    fee = opened.amount * 10.0 * 0.0005
    assert walked.wallets[0].balance == approx(0.2 - fee / 60_000.0)
    after = recorded(port)
    assert same_wallets(after, walked)
    assert book_value(after) == approx(plan.totals.value_after)
    (delta,) = plan.deltas  # the coins were the book's before: the sale and the size of the long change it
    sold = math.fsum(each.quantity or 0.0 for each in plan.trades if each.action == "SELL")
    assert delta.before == approx(0.7)
    assert delta.after == approx(0.7 - sold + (opened.quantity or 0.0) / 60_000.0, rel=1e-3)


def test_a_coin_margined_hedge_counts_the_free_coins_that_it_takes() -> None:
    """A hedge at 2x is margined with coins of its account: they count in what is hedged, so that they are hedged."""
    row = coin_margined(Side="short", HedgeRatio=1.0, Leverage=2.0, EntryPrice=None)
    port = coin_account([row], 0.2)
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Target")] = 0.2
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Band")] = 0.01
    book = read(port)
    plan = make_plan(book)
    opened = next(each for each in plan.trades if each.action == "OPEN SHORT")
    after = carry_out(book, decide(book))
    assert after.positions[0].margin > 0.0
    assert same_wallets(recorded(port), after)
    (delta,) = plan.deltas
    assert delta.after == approx(idle_value(after) / 60_000.0, abs=1e-3)  # what is idle is not hedged
    assert opened.quantity is not None
    assert make_plan(after).nothing_to_do


def test_collateral_of_a_multi_asset_account_is_margin_without_a_sale() -> None:
    """1 BTC of collateral frees 57,000: a USDT long is opened without a dollar, and nothing is sold for it."""
    port = account([position("BTCUSDT", Quantity=0.0, Target=0.05, EntryPrice=None)], 10.0, mode="multi")
    head = port.tables["Wallets"][0]
    coins = {"Venue": "binance", "Coin": "BTC", "Balance": 1.0, "Price": 60_000.0, "Ratio": 0.95}
    port.tables["Wallets"].append([coins.get(name) for name in head])
    rows = port.tables["Portfolio"]
    rows[1][rows[0].index("Band")] = 0.01
    rows[1][rows[0].index("Target")] = 0.2
    book = read(port)
    plan = make_plan(book)
    opened = next(each for each in plan.trades if each.action == "OPEN LONG")
    after = carry_out(book, decide(book))
    assert opened.amount == approx(0.05 * plan.totals.value)
    assert [each.balance for each in after.wallets] == approx([10.0 - opened.fee, 1.0])
    stable = math.fsum(row.value for row in after.holdings if row.stable)
    sold = math.fsum(each.amount - each.fee for each in plan.trades if each.action == "SELL")
    assert stable == approx(10_000.0 + sold)
    assert plan.totals.check == 0.0
    assert same_wallets(recorded(port), after)
    assert book_value(after) == approx(plan.totals.value_after)


def test_two_closings_of_one_account_share_its_free_margin() -> None:
    """5,000 under a loss of 1,500 and an initial margin of 3,000 leave 500: two releases bring 500, not 1,000."""
    futures = [
        position("BTCUSDT", Quantity=0.5, EntryPrice=63_000.0, Margin=3_000.0),
        position("ETHUSDT", EntryPrice=None, Margin=1_000.0, Target=0.0),
        position("ETHUSDT", Symbol="ETHUSDT2", EntryPrice=None, Margin=1_000.0, Target=0.0),
    ]
    port = account(futures, 5_000.0)
    book = read(port)
    plan = make_plan(book)
    assert [(each.asset, each.amount) for each in plan.trades] == [("ETHUSDT", approx(500.0))]
    kept = next(each for each in plan.lines if each.asset == "ETHUSDT2")
    assert kept.reason.endswith("the account needs the 1,000.00 for its other positions")
    after = carry_out(book, decide(book))
    assert same_wallets(recorded(port), after)
    for _ in range(3):  # nobody needs the money, so it stays in the wallet, and the rest of the margins is free there
        after = carry_out(after, decide(after))
    assert make_plan(after).nothing_to_do
    assert [each.margin for each in after.positions] == approx([3_000.0, 0.0, 0.0])
    assert after.wallets[0].balance == approx(5_000.0)


def test_an_opening_takes_what_a_closing_leaves_in_the_account() -> None:
    """A release of 500 empties the free margin: the opening beside it is paid with money."""
    futures = [
        position("BTCUSDT", Quantity=0.5, EntryPrice=63_000.0, Margin=3_000.0),
        position("ETHUSDT", EntryPrice=None, Margin=1_500.0, Target=0.0),
        position("ETHUSDT", Symbol="ETHUSDT2", EntryPrice=None, Target=0.02),
    ]
    port = account(futures, 5_000.0, settings={"ReserveMax": 0.0})
    book = read(port)
    decision = decide(book)
    (need,) = [each for each in decision.draft.needs if each.futures is not None and each.amount > 0]
    assert (need.amount, need.free) == (approx(0.02 * book_value(book)), 0.0)
    assert same_wallets(recorded(port), carry_out(book, decision))


def test_what_is_left_over_stays_in_the_wallet_of_its_venue() -> None:
    """A new row of Portfolio at the venue would make the wallet's 2,000 idle coins its own: they would be lost."""
    futures = [position("BTCUSDT", Quantity=0.5, Margin=3_000.0, Target=0.0)]
    port = account(futures, 5_000.0, (SPOT, CASH))
    book = read(port)
    plan = make_plan(book)
    (line,) = [each for each in plan.lines if each.product == "margin"]
    assert line.reason == "2,985.00 left over stays in the wallet at binance"
    walked = carry_out(book, decide(book))
    after = recorded(port)
    assert [row.venue for row in after.holdings] == ["cold", "cold"]
    assert after.wallets[0].balance == approx(5_000.0 - 15.0)
    assert same_wallets(after, walked)
    assert book_value(after) == approx(plan.totals.value_after)


def test_a_top_up_is_not_paid_with_coins_that_are_collateral_already() -> None:
    """USDT of Portfolio that Wallets names lies in the account: only money of another venue helps it."""
    here = CASH | {"Venue": "binance", "Quantity": 500.0}
    futures = [position("BTCUSDT", Quantity=0.5, Margin=2_000.0)]
    port = account(futures, 2_500.0, (SPOT, CASH, here), {"MarginTopUp": 0.12})
    book = read(port)
    plan = make_plan(book)
    (add,) = [each for each in plan.trades if each.action == "ADD MARGIN"]
    (transfer,) = [each for each in plan.trades if each.action == "TRANSFER"]
    assert transfer.amount == approx(add.amount)
    after = recorded(port)
    assert after.wallets[0].balance == approx(2_500.0 + add.amount)
    assert same_wallets(after, carry_out(book, decide(book)))
    again = make_plan(after)
    assert again.positions[0].liquidation_distance == approx(0.12)
    assert "ADD MARGIN" not in [each.action for each in again.trades]


def test_the_wallet_of_coins_that_portfolio_has_follows_them() -> None:
    """BTC at the venue, in Portfolio and in Wallets: what is sold there leaves the wallet as well."""
    here = SPOT | {"Venue": "binance", "Target": 0.2, "Band": 0.01}
    port = coin_account([coin_margined(EntryPrice=None)], 0.5)
    port.tables["Portfolio"][1] = [here.get(name) for name in port.tables["Portfolio"][0]]
    book = read(port)
    plan = make_plan(book)
    (sale,) = [each for each in plan.trades if each.action == "SELL"]
    after = recorded(port)
    assert after.wallets[0].balance == approx(0.5 - (sale.quantity or 0.0))
    assert same_wallets(after, carry_out(book, decide(book)))


def test_margin_moved_into_a_wallet_that_holds_a_part_of_the_coins_fills_it() -> None:
    """10,000 USDT at the venue, of which the account has none yet: what is posted is then in its wallet."""
    here = CASH | {"Venue": "binance"}
    futures = [position("BTCUSDT", EntryPrice=None, Target=0.05)]
    port = account(futures, 0.0, (SPOT | {"Band": 0.01, "Target": 0.5}, here))
    book = read(port)
    after = recorded(port)
    assert after.positions[0].margin == approx(0.05 * book_value(book))
    assert after.wallets[0].balance == approx(after.positions[0].margin)
    assert same_wallets(after, carry_out(book, decide(book)))
    assert make_plan(after).nothing_to_do


def test_flows_find_the_cross_position_beside_an_isolated_one() -> None:
    """An isolated row of the same account and coin stands first: the fee still leaves the wallet in the walk."""
    futures = [
        position("ETHUSDT", MarginMode="isolated", Quantity=1.0, Margin=1_000.0),
        position("BTCUSDT", EntryPrice=None, Target=0.05),
    ]
    port = account(futures, 5_000.0, (SPOT | {"Band": 0.01, "Target": 0.5}, CASH))
    book = read(port)
    walked = carry_out(book, decide(book))
    assert walked.wallets[0].balance < 5_000.0
    assert same_wallets(recorded(port), walked)
