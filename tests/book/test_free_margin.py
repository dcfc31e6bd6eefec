"""The plan and the account: wallets count once, free margin pays first, one top-up saves a pool, losses stay inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.account_figures import account_figures
from rebalance_xl.book.decision import decide
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book, require_sound
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.problems import WARNING, BookError
from rebalance_xl.book.schema import JOURNAL, PLAN, WALLETS
from rebalance_xl.book.walk import carry_out
from rebalance_xl.functions import FUNCTIONS
from tests.book.books import DAY, table, workbook

TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
    ["binance", "BTCUSDT", 0.0, None, 100.0, 0.005, 0.0],
    ["binance", "ETHUSDT", 0.0, None, 100.0, 0.01, 0.0],
]
SPOT = {"Asset": "BTC", "Venue": "cold", "Quantity": 0.5, "Price": 60_000.0, "Target": 0.6, "Band": 0.3}
CASH = {"Asset": "USDT", "Kind": "stable", "Venue": "cold", "Quantity": 10_000.0, "Price": 1.0}


def position(symbol: str, **other: Any) -> dict[str, Any]:
    """Return a cross position at binance, 10x."""
    coin, mark = symbol.removesuffix("USDT"), {"BTC": 60_000.0, "ETH": 3_000.0}[symbol.removesuffix("USDT")]
    row = {"Symbol": symbol, "Asset": coin, "Venue": "binance", "Side": "long", "Contract": "linear"}
    return row | {"MarginMode": "cross", "EntryPrice": mark, "MarkPrice": mark, "Leverage": 10.0} | other


def account(
    futures: Sequence[Mapping[str, Any]],
    balance: float,
    portfolio: Sequence[Mapping[str, Any]] = (SPOT, CASH),
    settings: Mapping[str, Any] | None = None,
    mode: str = "single",
) -> MemoryWorkbook:
    """Return a book whose account at binance has a wallet of USDT."""
    book = workbook(list(portfolio), list(futures), settings, venues=[{"Venue": "binance", "FuturesFee": 0.0005}])
    book.tables["Venues"][0].append("AccountMode")
    book.tables["Venues"][1].append(mode)
    book.tables["MarginTiers"] = [list(row) for row in TIERS]
    wallet = {"Venue": "binance", "Coin": "USDT", "Balance": balance, "Ratio": 1.0}
    book.tables["Wallets"] = table([column.name for column in WALLETS.columns], [wallet])
    for each in (PLAN, JOURNAL):
        book.tables.setdefault(each.name, [[column.name for column in each.columns], [None] * len(each.columns)])
    return book


def read(port: MemoryWorkbook) -> Book:
    """Read a sound book."""
    return require_sound(read_book(port, DAY))


def recorded(port: MemoryWorkbook) -> Book:
    """Write the plan, record it as it stands and read the book again."""
    actions.rebalance(port, DAY)
    actions.record(port, DAY)
    return read(port)


def same_wallets(one: Book, other: Book) -> bool:
    """Tell whether two books have the same balances, margins and value."""
    pairs = [(a.balance, b.balance) for a, b in zip(one.wallets, other.wallets, strict=True)]
    pairs += [(a.margin, b.margin) for a, b in zip(one.positions, other.positions, strict=True)]
    return all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in [*pairs, (book_value(one), book_value(other))]
    )


def test_a_wallet_counts_once() -> None:
    """Spot 30,000, cash 10,000, and the 5,000 of the wallet: the margin of 3,000 lies in it."""
    futures = [position("BTCUSDT", Quantity=0.5, Margin=3_000.0)]
    assert book_value(read(account(futures, 5_000.0))) == pytest.approx(45_000.0)
    assert book_value(read(account([position("BTCUSDT", Quantity=0.5, Margin=0.0)], 5_000.0))) == pytest.approx(
        45_000.0
    )
    here = CASH | {"Venue": "binance"}  # the same coins stand in Portfolio
    assert book_value(read(account(futures, 5_000.0, (SPOT, here)))) == pytest.approx(43_000.0)


def test_a_cross_row_without_margin_is_no_warning_where_wallets_carry_it() -> None:
    """The wallet is its margin; without one the blank Margin is said."""
    bare = account([position("BTCUSDT", Quantity=0.5)], 5_000.0)
    assert [str(p) for p in read(bare).problems if p.severity == WARNING and "Margin" in p.where] == []
    bare.tables["Wallets"][1] = [None] * len(WALLETS.columns)
    assert any("its Margin is blank or 0" in str(p) for p in read(bare).problems if p.severity == WARNING)


def test_an_opening_takes_free_margin_before_money() -> None:
    """2,250 of margin come out of the 5,000 that are free: the stablecoins stay, the wallet pays the fee."""
    port = account([position("BTCUSDT", Quantity=0.0, Target=0.05)], 5_000.0, settings={"ReserveMax": 0.0})
    port.tables["Portfolio"][2][port.tables["Portfolio"][0].index("Target")] = 10_000.0 / 45_000.0
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Band")] = 0.05
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Target")] = 0.6
    book = read(port)
    plan = make_plan(book)
    (line,) = [line for line in plan.trades if line.action == "OPEN LONG"]
    assert line.amount == pytest.approx(2_250.0)
    fee = 22_500.0 * 0.0005
    assert plan.totals.check == 0.0
    after = carry_out(book, decide(book))
    assert after.wallets[0].balance == pytest.approx(5_000.0 - fee)
    assert after.positions[0].margin == pytest.approx(2_250.0)
    stable = math.fsum(row.value for row in after.holdings if row.stable)
    sold = math.fsum(each.amount for each in plan.trades if each.action == "SELL")
    assert stable == pytest.approx(10_000.0 + sold)
    assert same_wallets(recorded(port), after)
    assert make_plan(after).nothing_to_do


def test_free_margin_is_what_open_positions_leave() -> None:
    """Of 5,000 the initial margin of 3,000 is bound: 2,000 are free, the rest is money from outside."""
    futures = [
        position("BTCUSDT", Quantity=0.5, Margin=3_000.0),
        position("ETHUSDT", Quantity=0.0, Target=0.07),
    ]
    port = account(futures, 5_000.0, settings={"ReserveMax": 0.0})
    port.tables["Portfolio"][1][port.tables["Portfolio"][0].index("Band")] = 0.05
    book = read(port)
    decision = decide(book)
    after = carry_out(book, decision)
    (need,) = [need for need in decision.draft.needs if need.futures is not None and need.amount > 0]
    assert need.amount == pytest.approx(0.07 * 45_000.0)
    assert after.wallets[0].balance == pytest.approx(5_000.0 + need.amount - 2_000.0)
    assert book_value(after) == pytest.approx(45_000.0 - decision.fees)
    assert same_wallets(recorded(port), after)


@pytest.mark.parametrize("mode", ["single", "multi"])
def test_one_top_up_saves_the_pool(mode: str) -> None:
    """Two longs that fall together: margin is added once, until the market may fall by MarginTopUp."""
    futures = [
        position("BTCUSDT", Quantity=0.5, Margin=2_000.0),
        position("ETHUSDT", Quantity=10.0, Margin=1_500.0),
    ]
    port = account(futures, 3_500.0, settings={"MarginTopUp": 0.12}, mode=mode)
    book = read(port)
    plan = make_plan(book)
    (line,) = [line for line in plan.trades if line.action == "ADD MARGIN"]
    after = recorded(port)
    (pool,) = account_figures(after, Tiers.of(after).tables)
    assert pool.fall == pytest.approx(-0.12, rel=1e-9)
    assert after.wallets[0].balance == pytest.approx(3_500.0 + line.amount)
    assert book_value(after) == pytest.approx(book_value(book))
    assert not [line for line in make_plan(after).trades if line.action == "ADD MARGIN"]
    alone = read(account([futures[0] | {"Margin": 9_000.0}], 9_000.0, settings={"MarginTopUp": 0.12}))
    assert not [line for line in make_plan(alone).trades if line.action == "ADD MARGIN"]


def test_a_loss_beyond_the_margin_is_paid_by_the_wallet() -> None:
    """A long with 500 of margin and 1,500 of loss is closed: nothing comes back, the wallet bears 1,500."""
    futures = [position("BTCUSDT", Quantity=0.5, EntryPrice=63_000.0, Margin=500.0, Target=0.0)]
    port = account(futures, 5_000.0)
    book = read(port)
    assert book_value(book) == pytest.approx(43_500.0)
    (line,) = [line for line in make_plan(book).trades if line.action == "CLOSE"]
    assert (line.amount, line.realised_gain) == (0.0, pytest.approx(-1_500.0))
    after = recorded(port)
    assert make_plan(book).totals.check == 0.0
    assert after.wallets[0].balance == pytest.approx(3_500.0 - 15.0)
    assert book_value(after) == pytest.approx(43_500.0 - 15.0)
    assert same_wallets(after, carry_out(book, decide(book)))


def test_what_is_released_is_free() -> None:
    """Margin of a closed row leaves the account only as far as the other position does not need it."""
    futures = [
        position("BTCUSDT", Quantity=0.5, EntryPrice=63_000.0, Margin=3_000.0),
        position("ETHUSDT", Quantity=0.0, EntryPrice=None, Margin=2_000.0, Target=0.0),
    ]
    book = read(account(futures, 5_000.0))
    (line,) = [line for line in make_plan(book).trades if line.action == "RELEASE"]
    # 5,000 less the loss of 1,500 less the initial margin of 3,000.
    assert line.amount == pytest.approx(500.0)
    assert same_wallets(recorded(account(futures, 5_000.0)), carry_out(book, decide(book)))
    bound = read(account(futures, 4_500.0))
    assert make_plan(bound).nothing_to_do


def test_borrowed_beyond_the_limit_is_refused() -> None:
    """A loan above LoanLimit forbids the plan, by its cell and both numbers; at the limit it does not."""
    port = account([position("BTCUSDT", Quantity=0.5, Margin=3_000.0)], 5_000.0)
    head = port.tables["Wallets"][0]
    port.tables["Wallets"][1][head.index("Loan")] = 500.0
    port.tables["Wallets"][1][head.index("LoanLimit")] = 500.0
    assert read_book(port, DAY).problems == read(port).problems
    port.tables["Wallets"][1][head.index("LoanLimit")] = 300.0
    with pytest.raises(BookError, match=r"Wallets!C2: Wallets\[Loan\] of USDT holds 500; its LoanLimit is 300"):
        read(port)
    answer = FUNCTIONS["ACCOUNT_EQUITY"].call([["coin", "balance", "loan", "loan_limit"], ["USDT", 1.0, 5.0, 3.0]])
    assert (answer.code, answer.reason) == ("#NUM!", "loan of row 1 (USDT) of wallets is 5; its loan_limit is 3")


def test_what_a_wallet_owes_is_no_value_of_the_book() -> None:
    """Of 5,000 coins 1,200 are borrowed: spot 30,000, cash 10,000 and the 3,800 that are the book's own."""
    port = account([position("BTCUSDT", Quantity=0.5, Margin=3_000.0)], 5_000.0)
    port.tables["Wallets"][1][port.tables["Wallets"][0].index("Loan")] = 1_200.0
    assert book_value(read(port)) == pytest.approx(43_800.0)


def test_a_coin_without_a_price_is_named() -> None:
    """A wallet of a coin that nothing prices counts 0, and its cell is named."""
    port = account([position("BTCUSDT", Quantity=0.5, Margin=3_000.0)], 5_000.0)
    port.tables["Wallets"].append([None, "binance", "XYZ", 7.0, *[None] * (len(WALLETS.columns) - 4)])
    (found,) = [str(each) for each in read(port).problems if "XYZ" in str(each)]
    assert found.startswith("Wallets!C3: the price of XYZ is not known, so 7 of it count 0")


def test_the_legs_of_one_symbol_are_judged_together() -> None:
    """A short beside a larger long in one account is liquidated by the fall that liquidates the long."""
    futures = [
        position("BTCUSDT", Quantity=0.15, Margin=1_000.0),
        position("BTCUSDT", Quantity=0.05, Side="short", Margin=990.0),
    ]
    plan = make_plan(read(account(futures, 1_990.0)))
    long, short = plan.positions
    assert long.liquidation_price == pytest.approx(short.liquidation_price)
    assert long.liquidation_price is not None
    assert long.liquidation_price < 60_000.0
    assert short.liquidation_distance == pytest.approx(long.liquidation_distance)
    assert short.liquidation_distance is not None
    assert short.liquidation_distance > 0.05
    assert not [each for each in plan.warnings if "has reached" in each]
