"""Sentences about orders in futures that no other test stands for: one test a sentence, in its unhappy variants too."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.plan_data import Line, Plan
from tests.book.books import DAY, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx
TIERS: list[Any] = ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"]


def line(plan: Plan, asset: str, action: str = "") -> Line:
    return next(each for each in plan.lines if each.asset == asset and action in ("", each.action))


def eth(mode: str, **more: Any) -> dict[str, Any]:
    """Return a 40x long on ETH at 100, at binance."""
    return perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="binance", MarginMode=mode, **{"Leverage": 40.0, **more})


def with_tiers(book: MemoryWorkbook, rate: float = 0.03) -> MemoryWorkbook:
    """Give ETHUSDT one tier of its own."""
    book.tables["MarginTiers"] = [TIERS, ["binance", "ETHUSDT", 0.0, None, 50.0, rate, 0.0]]
    return book


# --- what must not be opened ------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry, opened", [(100.0, True), (106.0, False)])
def test_more_of_an_isolated_position_is_judged_with_what_is_open(entry: float, opened: bool) -> None:
    """10,000 at 1,000 of margin and 600 more: 34,000 need 1,020; 1,600 is there, after a loss of 600 only 1,000."""
    equity = 1_000.0 + 100.0 * (100.0 - entry)
    row = eth("isolated", Quantity=100.0, EntryPrice=entry, Margin=1_000.0, Target=0.1)
    rows = [spot("BTC", 13_000.0 - equity, 0.5, 0.05), stable(3_000.0)]
    plan = make_plan(read_book(with_tiers(workbook(rows, [row]))))
    mine = line(plan, "ETHUSDT")
    assert plan.totals.value == approx(16_000.0)
    assert (mine.action, mine.amount) == (("OPEN LONG", approx(600.0)) if opened else ("HOLD", 0.0))
    assert ("on the wrong side of the mark" in mine.reason) is not opened


@pytest.mark.parametrize("entry, opened", [(100.0, True), (200.0, False)])
def test_more_of_a_cross_position_is_judged_with_its_entry(entry: float, opened: bool) -> None:
    """10 ETH lost 1,000 of 1,200; 1,000 more carry 41,000, which need 1,230 of the 1,200 that are left."""
    equity = 1_200.0 + 10.0 * (100.0 - entry)
    row = eth("cross", Quantity=10.0, EntryPrice=entry, Margin=1_200.0, Target=0.1)
    rows = [spot("BTC", 19_000.0 - equity, 0.5, 0.05), stable(3_000.0)]
    plan = make_plan(read_book(with_tiers(workbook(rows, [row]))))
    mine = line(plan, "ETHUSDT")
    assert plan.totals.value == approx(22_000.0)
    assert (mine.action, mine.amount) == (("OPEN LONG", approx(1_000.0)) if opened else ("HOLD", 0.0))


# --- closing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{"Lot": 0.5}, {"MinNotional": 1_000.0}, {"Lot": 2.0}])
def test_an_exit_closes_what_is_there_whatever_the_smallest_order(more: dict[str, Any]) -> None:
    """1.25 ETH are closed as a whole: venues take a remainder that only reduces, and none is left open."""
    row = eth("isolated", Quantity=1.25, EntryPrice=100.0, Margin=50.0, Target=0.0) | more
    book = workbook([spot("BTC", 6_000.0, 0.6, 0.1), stable(4_000.0, 0.4, 0.1)], [row])
    mine = line(actions.rebalance(book), "ETHUSDT")
    assert (mine.action, mine.quantity, mine.amount) == ("CLOSE", 1.25, approx(50.0))
    actions.record(book)
    header, position = book.tables["Futures"]
    assert (position[header.index("Quantity")], position[header.index("Margin")]) == (0.0, 0.0)


def inverse(symbol: str = "BTCUSD", **more: Any) -> dict[str, Any]:
    """Return a coin-margined short on BTC at 50,000, at binance."""
    return perpetual(symbol, "BTC", "short", 50_000.0, Venue="binance", Contract="inverse", **{"Leverage": 5.0, **more})


@pytest.mark.parametrize("target", [0.3, 0.9])
def test_a_hedge_in_coins_is_closed_to_what_is_left_of_its_asset(target: float) -> None:
    """Short 1.5 BTC with 0.5 BTC of margin: also where BTC is sold or bought in the same plan no net delta is left."""
    short = inverse(Quantity=60_000.0, EntryPrice=40_000.0, Margin=0.5, HedgeRatio=1.0)
    rows = [
        spot("BTC", 37_500.0, target, 0.05, Price=50_000.0, Venue="binance"),
        spot("SOL", 20_000.0, 0.05, 0.05, Venue="binance"),
        stable(20_000.0, 0.05, 0.9, Venue="binance"),
    ]
    book = workbook(rows, [short])
    plan = actions.rebalance(book)
    (delta,) = plan.deltas
    assert delta.after == approx(0.0, abs=1e-7)
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do


def test_two_hedges_in_coins_are_closed_to_what_both_leave() -> None:
    """Each closing gives back coins that are hedged no more, so that the other one is too large by them."""
    rows = [
        spot("BTC", 25_000.0, 0.4, 0.6, Price=50_000.0, Venue="binance"),
        spot("SOL", 30_000.0, 0.1, 0.05, Venue="binance"),
        stable(20_000.0, 0.1, 0.9, Venue="binance"),
    ]
    short = {"Quantity": 40_000.0, "EntryPrice": 50_000.0, "Margin": 0.3, "HedgeRatio": 0.5}
    book = workbook(rows, [inverse(**short), inverse("BTCUSD_261225", Expiry=dt.date(2026, 12, 25), **short)])
    plan = actions.rebalance(book)
    assert [line(plan, symbol).action for symbol in ("BTCUSD", "BTCUSD_261225")] == ["CLOSE", "CLOSE"]
    (delta,) = plan.deltas
    assert delta.after == approx(0.0, abs=1e-7)
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do


# --- coins as margin --------------------------------------------------------------------------------------------


def btc(value: float, target: float | None, band: float | None = 0.6, **more: Any) -> dict[str, Any]:
    """Return a row of BTC at 50,000."""
    return spot("BTC", value, target, band, Price=50_000.0, **more)


def moves(plan: Plan) -> list[tuple[str, str, float]]:
    """Return venue, destination ("" where they are bought) and money of the coins that become margin."""
    return [(each.venue, each.to_venue, round(each.amount, 2)) for each in plan.lines if each.action == "CONVERT"]


def recorded(book: MemoryWorkbook) -> dict[str, list[float]]:
    """Record a plan and return the quantities that are left of each asset."""
    actions.record(book)
    header, *rows = book.tables["Portfolio"]
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row[header.index("Quantity")])
    return found


ALT = spot("ALT", 10_000.0, 0.05, 0.05, Venue="binance")


@pytest.mark.parametrize("venue, wanted", [("kraken", 0.2), (None, 0.0), ("Binance", 0.0)])
def test_margin_is_coins_of_the_row_at_its_venue(venue: str | None, wanted: float) -> None:
    """A hedge of 1 BTC at 2x needs 0.5 BTC: 0.3 lie at binance; coins without a venue serve, those at kraken not."""
    rows = [
        btc(15_000.0, 0.4, Venue="binance"),
        btc(35_000.0, None, None, Venue=venue),
        spot("ALT", 50_000.0, 0.2, 0.05, Venue="binance"),
        stable(25_000.0, Venue="binance"),
    ]
    if venue == "Binance":
        rows[:2] = [btc(50_000.0, 0.4, Venue="Binance")]
    book = workbook(rows, [inverse(HedgeRatio=1.0, Leverage=2.0)])
    plan = actions.rebalance(book)
    bought = sum(amount for _, goal, amount in moves(plan) if not goal)
    assert bought > 0 if wanted else bought == 0.0
    assert ("kraken", "binance") not in [each[:2] for each in moves(plan)]
    assert min(recorded(book)["BTC"]) >= 0.0


def test_coins_that_are_sold_are_no_margin() -> None:
    """The 0.6 BTC at binance are sold where the money is needed: the hedge there buys its margin, or waits."""
    rows = [
        btc(30_000.0, 0.3, 0.02, Venue="binance"),
        btc(30_000.0, None, None, Venue="kraken"),
        stable(40_000.0, 0.1, 0.9, Venue="binance"),
    ]
    book = workbook(rows, [inverse(HedgeRatio=1.0, Leverage=2.0)])
    plan = actions.rebalance(book)
    sold = {each.venue: each.amount for each in plan.trades if each.action == "SELL"}
    assert sold["binance"] == approx(30_000.0)
    assert [each[1] for each in moves(plan)] == [""]
    assert min(recorded(book)["BTC"]) >= 0.0


def test_coins_become_margin_once() -> None:
    """Two longs want 6,000 of coins each, 10,000 lie there: the second one buys the 2,000 that are missing."""
    rows = [btc(10_000.0, None, None, Venue="binance"), ALT, stable(0.0, Venue="binance")]
    long = {"Side": "long", "Target": 0.3}
    book = workbook(rows, [inverse(**long), inverse("BTCUSD_261225", Expiry=dt.date(2026, 12, 25), **long)])
    plan = actions.rebalance(book)
    assert moves(plan) == [
        ("binance", "binance", 6_000.0),
        ("binance", "binance", 4_000.0),
        ("binance", "", 2_000.0),
    ]
    assert recorded(book)["BTC"] == [0.0]


@pytest.mark.parametrize("locked, moved", [("yes", 0.0), (0.15, 2_500.0), (None, 6_000.0)])
def test_locked_coins_are_no_margin(locked: Any, moved: float) -> None:
    """0.2 BTC at binance, 0.15 of them staked: 0.05 become margin, the rest of 6,000 is bought."""
    rows = [btc(10_000.0, None, None, Venue="binance", Locked=locked), ALT, stable(0.0, Venue="binance")]
    plan = plan_of(rows, [inverse(Side="long", Target=0.3)])
    assert sum(amount for _, goal, amount in moves(plan) if goal) == approx(moved)
    assert sum(amount for _, _, amount in moves(plan)) == approx(6_000.0)


def test_coins_that_an_event_holds_are_no_margin() -> None:
    """Margin kept in ETH, which HOLD freezes: the contract on BTC buys its margin."""
    rows = [
        spot("ETH", 10_000.0, None, None, Price=2_000.0, Venue="binance"),
        ALT,
        stable(0.0, Venue="binance"),
    ]
    row = inverse(Side="long", Target=0.3, MarginCoin="ETH")
    hold = [{"Scope": "ETH", "Action": "HOLD", "Start": DAY}]
    assert [each[1] for each in moves(plan_of(rows, [row]))] == ["binance"]
    assert [each[1] for each in moves(plan_of(rows, [row], events=hold))] == [""]


def test_coins_that_move_leave_the_weight_of_their_row() -> None:
    """0.2 BTC become margin: the row ends at 0, the position at its target, and all weights sum to 1."""
    rows = [btc(10_000.0, None, None, Venue="binance"), ALT, stable(0.0, Venue="binance")]
    plan = plan_of(rows, [inverse(Side="long", Target=0.5)])
    assert line(plan, "BTC", "HOLD").weight_after == approx(0.0)
    assert line(plan, "BTCUSD").weight_after == approx(0.5)
    assert sum(each.weight_after or 0.0 for each in plan.lines) == approx(1.0)
    assert plan.totals.collateral == approx(10_000.0)
    assert plan.totals.check == 0.0


# --- net delta --------------------------------------------------------------------------------------------------


def linear(side: str = "short", **more: Any) -> dict[str, Any]:
    """Return an open position on BTC at 50,000, margined in USDT."""
    row = perpetual("BTCUSDT", "BTC", side, 50_000.0, **{"Venue": "binance", "EntryPrice": 50_000.0, **more})
    return {"Quantity": 0.1, "Margin": 2_500.0} | row


USDT = stable(20_000.0, 0.2, 0.9, Venue="binance")
DELTAS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], float, float]] = {
    "bought": ([btc(20_000.0, 0.6, 0.02), USDT, spot("ALT", 20_000.0, 0.1, 0.05)], [linear()], 0.3, 0.65),
    "sold": ([btc(40_000.0, 0.4, 0.02), USDT, spot("ALT", 20_000.0, 0.4, 0.9)], [linear()], 0.7, 0.56),
    "closed": ([btc(40_000.0, 0.4, 0.9), USDT], [linear(Target=0.0)], 0.7, 0.8),
    "reduced": ([btc(40_000.0, 0.5, 0.9), USDT], [linear("long", Margin=12_500.0, Target=0.1, Band=0.01)], 0.9, 0.858),
    "opened": ([btc(40_000.0, 0.2, 0.02), USDT], [linear(Quantity=0.0, Margin=0.0, HedgeRatio=0.5)], 0.8, 0.12),
}


@pytest.mark.parametrize("case", DELTAS)
def test_the_net_delta_after_a_plan_is_that_of_the_recorded_book(case: str) -> None:
    """Whatever is sold, bought, opened or closed counts; the plan of the recorded book begins where it ended."""
    rows, futures, before, after = DELTAS[case]
    book = workbook(rows, futures)
    (delta,) = actions.rebalance(book).deltas
    assert (delta.before, delta.after) == (approx(before), approx(after, rel=1e-9))
    actions.record(book)
    found = make_plan(read_book(book)).deltas
    assert (found[0].before if found else after) == approx(after, rel=1e-9)


def test_a_position_that_is_gone_adds_nothing_to_a_net_delta() -> None:
    """0.8 BTC, a long that lost its margin and a short of 0.1: 0.7 are left."""
    gone = linear("long", Quantity=1.0, EntryPrice=90_000.0, Margin=9_000.0, MarginMode="isolated", Venue="bybit")
    plan = plan_of([btc(40_000.0, 0.4), USDT], [linear(), gone])
    assert [(each.before, each.after) for each in plan.deltas] == [(approx(0.7), approx(0.7))]


# --- spreads ----------------------------------------------------------------------------------------------------


def legs(near: dict[str, Any] | None = None, far: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return a spread of 5 % on ETH: near long at 100, far short at 104, both at 5x."""
    both = {"Venue": "binance", "Leverage": 5.0, "Spread": "eth"}
    return [
        perpetual("NEAR", "ETH", "long", 100.0, **both | {"Target": 0.05} | (near or {})),
        perpetual("FAR", "ETH", "short", 104.0, **both | {"Expiry": dt.date(2027, 3, 26)} | (far or {})),
    ]


OVER = [spot("SOL", 6_000.0, 0.5, 0.05), stable(4_000.0, 0.4, 0.05, Venue="binance")]


@pytest.mark.parametrize("near, far, quantity", [(5.0, 2.0, 10.0), (2.0, 5.0, 10.0), (3.0, 4.0, 12.0)])
def test_whole_lots_of_both_legs_are_one_quantity(near: float, far: float, quantity: float) -> None:
    """12.25 coins are a multiple of neither: both legs open the next quantity that is one of both lots."""
    plan = plan_of(OVER, legs({"Lot": near}, {"Lot": far}))
    assert (line(plan, "NEAR").quantity, line(plan, "FAR").quantity) == (quantity, quantity)


@pytest.mark.parametrize("near, far", [(50.0, 150.0), (150.0, 50.0), (100.0, 100.0)])
def test_the_target_of_a_spread_is_the_margin_of_both_legs(near: float, far: float) -> None:
    """200 of 500 are posted, on whichever leg: 300 are missing."""
    held = {"Quantity": 2.0}
    rows = legs(held | {"EntryPrice": 100.0, "Margin": near}, held | {"EntryPrice": 104.0, "Margin": far})
    plan = plan_of([spot("SOL", 5_800.0, 0.5, 0.05), OVER[1]], rows)
    assert plan.totals.value == approx(10_000.0)
    assert line(plan, "NEAR").amount + line(plan, "FAR").amount == approx(300.0)


@pytest.mark.parametrize("scope", ["NEAR", "FAR"])
def test_hold_on_one_leg_keeps_both(scope: str) -> None:
    """An event about the symbol of either leg: none is opened without the other."""
    plan = plan_of(OVER, legs(), events=[{"Scope": scope, "Action": "HOLD", "Start": DAY}])
    assert (line(plan, "NEAR").action, line(plan, "FAR").action) == ("HOLD", "HOLD")
    assert line(plan_of(OVER, legs()), "NEAR").action == "OPEN LONG"


def test_a_spread_says_its_basis_and_its_rate_from_today() -> None:
    """A perpetual at 100 against 104 in 177 days: 4 % x 365 / 177 a year; without a day or a date there is no rate."""
    plan = plan_of(OVER, legs())
    (figures,) = plan.spreads
    assert (figures.near, figures.far, figures.basis) == ("NEAR", "FAR", approx(4.0))
    assert figures.rate == approx(0.04 * 365 / 177)
    assert "; basis 4.00, 8.25 % a year" in line(plan, "NEAR").reason
    assert "; basis 4.00, 8.25 % a year" in line(plan, "FAR").reason
    assert figures.zscore is None
    assert figures.supported is None
    (undated,) = plan_of(OVER, legs({}, {"Expiry": None})).spreads
    assert (undated.basis, undated.rate) == (approx(4.0), None)


def test_a_spread_says_its_z_score_where_prices_has_both_symbols() -> None:
    """Closes of 99 and 101 against 104 twice; with three days of either symbol, or one of them only, none is said."""
    days = [
        [DAY - dt.timedelta(days=back), near, 104.0] for back, near in ((4, 99.0), (3, 101.0), (2, 99.0), (1, 101.0))
    ]
    plan = plan_of(OVER, legs(), prices=[["Date", "NEAR", "FAR"], *days])
    (figures,) = plan.spreads
    assert figures.zscore == approx(0.0)
    assert "z-score 0.00" in line(plan, "NEAR").reason
    for closes in ([["Date", "NEAR", "FAR"], *days[:2]], [["Date", "NEAR"], *[row[:2] for row in days]]):
        plan = plan_of(OVER, legs(), prices=closes)
        assert plan.spreads[0].zscore is None
        assert "z-score" not in line(plan, "NEAR").reason


def test_a_spread_that_is_neither_held_nor_wanted_is_not_shown() -> None:
    """With a Target of 0 and nothing open there are no figures of it, and no warning of its sides."""
    assert plan_of(OVER, legs({"Target": 0.0})).spreads == ()
    assert len(plan_of(OVER, legs()).spreads) == 1


# --- estimates --------------------------------------------------------------------------------------------------


def with_age(as_of: Any, venue: str = "binance", **more: Any) -> MemoryWorkbook:
    """Return a book with 10,000 of ETH at 10x on 1,000 of margin, and 1,000 more wanted; tiers of a day."""
    row = {"Quantity": 100.0, "EntryPrice": 100.0, "Margin": 1_000.0, "Target": 0.2, "Leverage": 10.0} | more
    book = workbook([spot("BTC", 8_000.0, 0.5, 0.05), stable(1_000.0)], [eth("isolated", **row) | {"Venue": venue}])
    book.tables["MarginTiers"] = [[*TIERS, "AsOf"], [venue, "ETHUSDT", 0.0, None, 50.0, 0.03, 0.0, as_of]]
    return book


@pytest.mark.parametrize(
    "as_of, told",
    [
        (DAY - dt.timedelta(days=90), ""),
        (DAY - dt.timedelta(days=91), "estimate: its tiers are of 2026-07-01, 91 days old"),
        ("last summer", "estimate: the day of its tiers is not known"),
        (None, ""),
    ],
)
def test_tiers_older_than_90_days_say_their_age(as_of: Any, told: str) -> None:
    """Beside the position, in the reason of its line and in both warnings; own tiers without a day are the user's."""
    plan = make_plan(read_book(with_age(as_of)))
    assert plan.positions[0].estimate == told
    mine = line(plan, "ETHUSDT")
    assert mine.action == "OPEN LONG"
    assert mine.futures is not None
    assert mine.futures.estimate == told
    assert mine.reason.endswith(f"; the liquidation price is an {told}" if told else ": filled")
    near = [warning for warning in plan.warnings if "from liquidation" in warning]
    assert len(near) == 2
    assert all((f"({told})" in warning) is bool(told) for warning in near)


def test_an_unbacked_rule_and_old_tiers_are_both_said() -> None:
    """BingX backs no isolated price, and its tiers are 91 days old: the label names both."""
    plan = make_plan(read_book(with_age(DAY - dt.timedelta(days=91), "bingx")))
    label = plan.positions[0].estimate
    assert label.startswith("estimate: BingX's one sample is a cross position")
    assert label.endswith("; its tiers are of 2026-07-01, 91 days old")


def test_what_is_left_of_a_position_has_its_label() -> None:
    """A part of it is closed: the line names the price of the rest, and why it is an estimate."""
    book = with_age(DAY - dt.timedelta(days=91), Target=0.05, Band=0.01)
    mine = line(make_plan(read_book(book)), "ETHUSDT")
    assert mine.action == "REDUCE"
    assert mine.reason.endswith("the liquidation price is an estimate: its tiers are of 2026-07-01, 91 days old")


@pytest.mark.parametrize("margin, words", [(600.0, "a fall of the whole market by"), (150.0, "is liquidatable")])
def test_the_move_of_an_account_has_its_label(margin: float, words: str) -> None:
    """Two longs in one wallet at Bybit, whose cross rule no example backs: the warning says so."""
    both = {"Venue": "bybit", "MarginMode": "cross", "Quantity": 50.0, "EntryPrice": 100.0, "Margin": margin}
    rows = [perpetual(f"{asset}USDT", asset, "long", 100.0, **both) for asset in ("ETH", "SOL")]
    book = workbook([spot("BTC", 8_000.0, 0.5, 0.6), stable(1_000.0)], rows)
    book.tables["MarginTiers"] = [TIERS, *(["bybit", row["Symbol"], 0.0, None, 50.0, 0.03, 0.0] for row in rows)]
    plan = make_plan(read_book(book))
    (warning,) = [each for each in plan.warnings if words in each]
    assert warning.endswith(
        "(estimate: Bybit publishes no worked cross liquidation price for its rules since 2025-09-02)"
    )


def test_the_pool_of_an_isolated_position_has_the_label_of_isolated_ones() -> None:
    """BingX backs cross prices only: of the account's isolated position that is said, of its wallet not."""
    mine = {"Venue": "bingx", "Quantity": 10.0, "EntryPrice": 100.0, "Margin": 200.0}
    rows = [
        perpetual("ETHUSDT", "ETH", "long", 100.0, MarginMode="isolated", **mine),
        perpetual("SOLUSDT", "SOL", "long", 100.0, MarginMode="cross", **mine),
    ]
    book = workbook([spot("BTC", 8_000.0, 0.5, 0.6), stable(1_000.0)], rows)
    book.tables["MarginTiers"] = [TIERS, *(["bingx", row["Symbol"], 0.0, None, 50.0, 0.03, 0.0] for row in rows)]
    labels = {each.pool: each.estimate for each in make_plan(read_book(book)).accounts}
    assert labels["ETHUSDT"].startswith("estimate: BingX's one sample is a cross position")
    assert labels["USDT"] == ""


# --- margin in danger -------------------------------------------------------------------------------------------


def test_margin_is_added_before_anything_is_sold() -> None:
    """In the order of the lines: margin in danger, sales, closings, purchases, openings."""
    rows = [
        spot("SOL", 6_000.0, 0.3, 0.05, Venue="binance"),
        spot("ADA", 1_000.0, 0.2, 0.02, Venue="binance"),
        stable(2_000.0, Venue="binance"),
    ]
    long = eth("isolated", Quantity=10.0, EntryPrice=100.0, Margin=60.0, Leverage=20.0)
    other = perpetual("BTCUSDT", "BTC", "long", 100.0, Venue="binance", Leverage=5.0, Target=0.05)
    done = perpetual(
        "OLD", "OLD", "long", 100.0, Venue="binance", Quantity=1.0, EntryPrice=90.0, Margin=20.0, Target=0.0
    )
    book = with_tiers(workbook(rows, [long, other, done], {"MarginTopUp": 0.2}), 0.01)
    actions_of = [each.action for each in make_plan(read_book(book)).trades]
    assert actions_of == ["ADD MARGIN", "SELL", "CLOSE", "BUY", "OPEN LONG"]


def test_a_position_without_tiers_gets_no_margin() -> None:
    """How far it is from liquidation nobody knows: nothing is invented, and the plan says that tiers are missing."""
    row = perpetual("XYZUSDT", "XYZ", "long", 100.0, Venue="binance", Quantity=10.0, EntryPrice=100.0, Margin=60.0)
    plan = plan_of([spot("SOL", 6_000.0, 0.3, 0.05), stable(2_000.0)], [row], {"MarginTopUp": 0.2})
    assert "ADD MARGIN" not in [each.action for each in plan.trades]
    assert any("XYZUSDT: no liquidation price" in warning for warning in plan.warnings)
