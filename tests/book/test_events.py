"""Triggers: events of both kinds, reviews, the cooldown, and which of them goes first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.plan_data import Line, Plan
from rebalance_xl.book.problems import BookError
from rebalance_xl.functions import FUNCTIONS
from tests.book.books import DAY, amounts, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx


def line(plan: Plan, asset: str) -> Line:
    return next(each for each in plan.lines if each.asset == asset)


def event(scope: str, action: str, **more: Any) -> dict[str, Any]:
    return {"Scope": scope, "Action": action, "Start": dt.date(2026, 9, 1), **more}


BOOK = [
    spot("BTC", 5000.0, 0.50, 0.10, Sector="core"),
    spot("XMR", 2000.0, 0.18, 0.10, Sector="Privacy"),
    spot("ZEC", 1000.0, 0.10, 0.10, Sector="Privacy"),
    stable(2000.0, 0.20, 0.10),
]


def test_a_crackdown_trims_every_holding_of_the_sector_at_once() -> None:
    """Inside their bands, but the event names them: both come down to half their targets."""
    plan = plan_of(BOOK, events=[event("privacy", "TRIM", Level=0.5, Note="crackdown")])
    assert plan.trigger.kind == "EVENT"
    assert plan.trigger.reasons == ("TRIM 0.5 for privacy in force since 2026-09-01: crackdown",)
    assert amounts(plan) == {"XMR": ("SELL", 1100.0), "ZEC": ("SELL", 500.0)}
    assert plan.totals.left_over == approx(1600.0)
    assert "TRIM event for privacy (crackdown): sell down to 9.00 %" in line(plan, "XMR").reason


def test_trim_without_a_level_goes_to_the_target() -> None:
    """Without a level the target itself is the destination, band or no band."""
    plan = plan_of(BOOK, events=[event("Privacy", "TRIM")])
    assert amounts(plan) == {"XMR": ("SELL", 200.0)}


def test_exit_sells_everything_and_closes_longs() -> None:
    """EXIT is a target of 0 for the scope; long futures on it are closed."""
    row = perpetual("XMRUSDT", "XMR", "long", 10.0, Quantity=10.0, EntryPrice=10.0, Margin=20.0)
    plan = plan_of(BOOK, [row], events=[event("Privacy", "EXIT")])
    assert amounts(plan) == {
        "XMR": ("SELL", 2000.0),
        "ZEC": ("SELL", 1000.0),
        "XMRUSDT": ("CLOSE", 20.0),
        "BTC": ("BUY", 10.0),
    }


def test_hold_freezes_the_scope() -> None:
    """HOLD keeps an asset out of the plan although it is beyond its band."""
    rows = [spot("BTC", 5000.0, 0.5, 0.1), spot("SOL", 5000.0, 0.2, 0.1)]
    plan = plan_of(rows, events=[event("SOL", "HOLD")])
    assert plan.nothing_to_do
    assert line(plan, "SOL").reason == "HOLD event for SOL: not traded"


def test_hold_freezes_futures_as_well() -> None:
    """No margin is posted and no position closed while the event says HOLD."""
    rows = [spot("BTC", 6000.0, 0.4, 0.1), spot("SOL", 4000.0, 0.4, 0.1)]
    futures = [
        perpetual("SOLUSDT", "SOL", "long", 10.0, Target=0.1),
        perpetual("SOLUSD", "SOL", "short", 10.0, Target=0.0, Quantity=1.0, EntryPrice=10.0, Margin=1.0),
    ]
    plan = plan_of(rows, futures, events=[event("SOL", "HOLD")])
    assert amounts(plan) == {"BTC": ("SELL", 1999.6)}
    assert line(plan, "SOLUSDT").reason == "HOLD event for SOL: not traded"


def test_an_event_never_sells_a_row_without_a_target() -> None:
    """A blank target is no target, for an event as well; the line says what is missing."""
    rows = [spot("BTC", 5000.0, 0.5, 0.1), spot("XMR", 1000.0, None, Sector="Privacy")]
    plan = plan_of(rows, events=[event("Privacy", "EXIT")])
    assert line(plan, "XMR").action == "HOLD"
    assert "needs a target to act" in line(plan, "XMR").reason


@pytest.mark.parametrize(
    "start, end, active",
    [
        (DAY, None, True),
        (DAY, DAY, True),
        (dt.date(2026, 10, 1), None, False),
        (dt.date(2026, 9, 1), dt.date(2026, 9, 29), False),
    ],
)
def test_events_count_from_their_start_to_their_last_day(start: dt.date, end: dt.date | None, active: bool) -> None:
    """Start and End are both included."""
    plan = plan_of(BOOK, events=[event("XMR", "EXIT", Start=start, End=end)])
    assert (plan.trigger.kind == "EVENT") is active


def test_the_latest_event_has_the_last_word() -> None:
    """A later HOLD ends an earlier EXIT."""
    events = [event("XMR", "EXIT"), event("XMR", "HOLD", Start=dt.date(2026, 9, 15))]
    assert plan_of(BOOK, events=events).nothing_to_do


def test_hedge_event_raises_the_hedge_on_what_remains() -> None:
    """Trim the sector, and hedge half of what remains of it."""
    short = perpetual("XMRUSDT", "XMR", "short", 10.0, Leverage=5.0)
    events = [event("Privacy", "TRIM", Level=0.5), event("Privacy", "HEDGE", Level=0.5)]
    plan = plan_of(BOOK, [short], events=events)
    assert amounts(plan)["XMR"] == ("SELL", 1100.0)
    hedge = line(plan, "XMRUSDT")
    assert hedge.action == "OPEN SHORT"
    assert hedge.futures is not None
    assert hedge.futures.notional == approx(450.0)
    assert hedge.amount == approx(90.0)


def test_a_hedge_event_never_lowers_the_hedge() -> None:
    """A HedgeRatio of 1 that is typed stands beside a HEDGE of half; a ratio of 0.25 is raised to it."""
    for typed, notional in ((1.0, 2_000.0), (0.25, 1_000.0)):
        short = perpetual("XMRUSDT", "XMR", "short", 10.0, Leverage=5.0, HedgeRatio=typed)
        hedge = line(plan_of(BOOK, [short], events=[event("XMR", "HEDGE", Level=0.5)]), "XMRUSDT")
        assert hedge.futures is not None
        assert hedge.futures.notional == approx(notional)


def test_a_hedge_event_opens_no_long() -> None:
    """Only a short hedges: a long row of the same asset is left as it is."""
    row = perpetual("XMRUSDT", "XMR", "long", 10.0, Leverage=5.0)
    assert plan_of(BOOK, [row], events=[event("XMR", "HEDGE")]).nothing_to_do


def test_long_event_is_funded_from_the_reserve() -> None:
    """A breakout raises the long to 5 % of the book; the reserve pays, down to ReserveMin."""
    row = perpetual("BTCUSDT", "BTC", "long", 10.0)
    events = [event("BTC", "LONG", Level=0.05)]
    plan = plan_of(BOOK, [row], {"ReserveMin": 0.10}, events=events)
    assert amounts(plan) == {"BTCUSDT": ("OPEN LONG", 500.0)}
    assert plan.totals.cash_used == approx(500.0)
    assert plan.totals.check == 0.0
    short = plan_of(BOOK, [row], {"ReserveMin": 0.18}, events=events)
    assert amounts(short) == {"BTCUSDT": ("OPEN LONG", 200.0)}
    assert ("BTCUSDT", 300.0) in [(each.asset, round(each.amount, 6)) for each in short.unresolved]


def test_a_long_event_never_lowers_the_target() -> None:
    """A Target of 5 % that is typed stands beside a LONG of 2 %; one of 1 % is raised to it."""
    for typed, margin in ((0.05, 500.0), (0.01, 200.0)):
        row = perpetual("BTCUSDT", "BTC", "long", 10.0, Target=typed)
        assert amounts(plan_of(BOOK, [row], events=[event("BTC", "LONG", Level=0.02)])) == {
            "BTCUSDT": ("OPEN LONG", margin)
        }


def test_long_event_is_funded_from_the_weakest_holdings() -> None:
    """EventFunding "weakest": the holding with the worst return on its cost pays first."""
    rows = [dict(row) for row in BOOK]
    rows[0]["CostBasis"], rows[1]["CostBasis"], rows[2]["CostBasis"] = 2500.0, 4000.0, 1000.0
    row = perpetual("BTCUSDT", "BTC", "long", 10.0)
    settings = {"EventFunding": "weakest"}
    plan = plan_of(rows, [row], settings, events=[event("BTC", "LONG", Level=0.05)])
    assert amounts(plan) == {"XMR": ("SELL", 500.0), "BTCUSDT": ("OPEN LONG", 500.0)}
    assert "weakest holding (return -50.00 %)" in line(plan, "XMR").reason


def test_the_weakest_holdings_pay_the_fee_of_the_margin_too() -> None:
    """500 of margin at 10x cost 2.50 of fee, and the sale its own: the weakest holding pays all of it, no other one."""
    rows = [dict(row) | {"Venue": "x"} for row in BOOK]
    rows[0]["CostBasis"], rows[1]["CostBasis"], rows[2]["CostBasis"] = 2500.0, 4000.0, 1000.0
    row = perpetual("BTCUSDT", "BTC", "long", 10.0, Venue="x")
    venues = [{"Venue": "x", "SpotFee": 0.001, "FuturesFee": 0.0005}]
    plan = plan_of(rows, [row], {"EventFunding": "weakest"}, events=[event("BTC", "LONG", Level=0.05)], venues=venues)
    (sale,) = [each for each in plan.trades if each.action == "SELL"]
    opened = line(plan, "BTCUSDT")
    assert sale.asset == "XMR"
    assert (opened.amount, opened.fee) == (approx(500.0), approx(2.5))
    stays = line(plan, "USDT").weight_after or 0.0
    assert stays == approx(0.2)
    assert sale.amount * 0.999 == approx(502.5 - (2_000.0 - 0.2 * plan.totals.value_after))


def test_breakout_acts_only_above_the_resistance() -> None:
    """BREAKOUT waits until the last close is above the highest of the lookback."""
    row = perpetual("BTCUSDT", "BTC", "long", 10.0)
    header = ["Date", "BTC"]
    closes = [[dt.date(2026, 9, day), 9.0 + day / 100] for day in range(1, 26)]
    below = [header, *closes, [dt.date(2026, 9, 26), 9.0]]
    above = [header, *closes, [dt.date(2026, 9, 26), 10.0]]
    events = [event("BTC", "BREAKOUT", Level=0.05)]
    assert plan_of(BOOK, [row], events=events, prices=below).trigger.kind == "NONE"
    assert amounts(plan_of(BOOK, [row], events=events, prices=above)) == {"BTCUSDT": ("OPEN LONG", 500.0)}
    few = plan_of(BOOK, [row], events=events, prices=[header, *closes[:5]])
    assert few.trigger.kind == "NONE"
    assert any("5 closes of BTC" in note for note in few.notes)


DRIFTED = [spot("BTC", 5800.0, 0.50, 0.10), spot("ETH", 4200.0, 0.50, 0.10)]


@pytest.mark.parametrize(
    "last, frequency, kind",
    [
        (dt.date(2026, 8, 31), "monthly", "TIME"),
        (dt.date(2026, 9, 1), "monthly", "NONE"),
        (dt.date(2026, 9, 23), "weekly", "TIME"),
        (dt.date(2026, 9, 24), "weekly", "NONE"),
        (dt.date(2026, 9, 20), 10, "TIME"),
        (None, "quarterly", "TIME"),
        (dt.date(2020, 1, 1), None, "NONE"),
    ],
)
def test_a_review_acts_on_drifts_over_five_points(last: dt.date | None, frequency: object, kind: str) -> None:
    """8 points inside a band of 10 are traded on a review day only."""
    plan = plan_of(DRIFTED, settings={"LastReview": last, "ReviewFrequency": frequency})
    assert plan.trigger.kind == kind
    expected = {"BTC": ("SELL", 800.0), "ETH": ("BUY", 800.0)} if kind == "TIME" else {}
    assert amounts(plan) == expected


def test_a_review_leaves_small_drifts_alone() -> None:
    """4 points of drift are no reason to trade on a review day."""
    rows = [spot("BTC", 5400.0, 0.50, 0.10), spot("ETH", 4600.0, 0.50, 0.10)]
    assert plan_of(rows, settings={"ReviewFrequency": "monthly"}).trigger.kind == "NONE"


def test_next_review_is_told() -> None:
    """The plan carries the next review day; month ends stay month ends."""
    plan = plan_of(DRIFTED, settings={"LastReview": dt.date(2026, 8, 31), "ReviewFrequency": "monthly"})
    assert plan.next_review == 46295.0


def test_threshold_goes_before_time() -> None:
    """A row beyond its band makes the trigger THRESHOLD although a review is due as well."""
    rows = [spot("BTC", 7000.0, 0.50, 0.10), spot("ETH", 3000.0, 0.50, 0.10)]
    assert plan_of(rows, settings={"ReviewFrequency": "monthly"}).trigger.kind == "THRESHOLD"


@pytest.mark.parametrize("days, kind", [(1, "NONE"), (6, "NONE"), (7, "THRESHOLD"), (30, "THRESHOLD")])
def test_cooldown_after_the_last_execution(days: int, kind: str) -> None:
    """For seven days after an execution only events count, and the plan says until when."""
    rows = [spot("BTC", 7000.0, 0.50, 0.10), spot("ETH", 3000.0, 0.50, 0.10)]
    book = workbook(rows, settings={"Cooldown": 7})
    book.append_row("Journal", {"Date": DAY - dt.timedelta(days=days), "Entry": "EXECUTION"})
    plan = actions.plan(book)
    assert plan.trigger.kind == kind
    if kind == "NONE":
        assert plan.nothing_to_do
        assert plan.trigger.reasons == (f"in the cooldown for another {7 - days} days: only events count",)
        assert "cooldown" in line(plan, "BTC").reason


def test_events_count_in_the_cooldown_for_the_rows_they_name() -> None:
    """The event's asset is sold; another one beyond its band waits."""
    rows = [spot("BTC", 6000.0, 0.40, 0.10), spot("XMR", 1000.0, 0.10, 0.1), spot("ETH", 3000.0, 0.50, 0.1)]
    book = workbook(rows, settings={"Cooldown": 7}, events=[event("XMR", "EXIT")])
    book.append_row("Journal", {"Date": DAY, "Entry": "EXECUTION"})
    assert amounts(actions.plan(book)) == {"XMR": ("SELL", 1000.0), "ETH": ("BUY", 1000.0)}


def test_a_locked_row_makes_no_trigger() -> None:
    """Only unlocked rows trigger."""
    rows = [spot("BTC", 7000.0, 0.50, 0.10, Locked="yes"), spot("ETH", 3000.0, 0.50, 0.30)]
    assert plan_of(rows).trigger.kind == "NONE"


def test_without_a_clock_reviews_are_not_judged() -> None:
    """No AsOf and no date given: the plan is made and warns."""
    book = workbook(DRIFTED, settings={"AsOf": None, "ReviewFrequency": "monthly"})
    plan = actions.plan(book)
    assert plan.trigger.kind == "NONE"
    assert any("no date is given" in warning for warning in plan.warnings)
    assert actions.plan(book, today=DAY).trigger.kind == "TIME"
    assert actions.plan(book, as_of=DAY).trigger.kind == "TIME"


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 10), st.sampled_from([None, 0.0, 0.05, 0.1])), min_size=1),
    st.sampled_from([None, dt.date(2026, 8, 1), dt.date(2026, 9, 29)]),
)
def test_the_trigger_is_that_of_the_worksheet_function(
    rows: list[tuple[int, int, float | None]], last: dt.date | None
) -> None:
    """REBALANCE_TRIGGER over the same columns says the same."""
    if sum(value for value, _, _ in rows) == 0:
        return
    whole = max(1, sum(target for _, target, _ in rows))
    portfolio = [
        spot(f"A{number}", float(value), target / whole, band) for number, (value, target, band) in enumerate(rows)
    ]
    plan = plan_of(portfolio, settings={"ReviewFrequency": "monthly", "LastReview": last})
    column = [[row["Quantity"] * row["Price"]] for row in portfolio]
    targets, bands = [[row["Target"]] for row in portfolio], [[row["Band"]] for row in portfolio]
    answer = FUNCTIONS["REBALANCE_TRIGGER"].call(column, targets, bands, last, "monthly", DAY)
    assert plan.trigger.kind == answer


def test_the_weakest_holding_is_sold_to_the_lower_edge_of_its_band_at_most() -> None:
    """A has lost most and gives 500, down to 25 %; the rest of the event's margin comes from B."""
    rows = [
        spot("A", 3_000.0, 0.30, 0.05, CostBasis=9_000.0),
        spot("B", 4_000.0, 0.40, 0.10, CostBasis=5_000.0),
        spot("C", 3_000.0, 0.30, 0.05, CostBasis=1_000.0),
    ]
    long = perpetual("CUSDT", "C", "long", 10.0, Leverage=2.0)
    events = [{"Scope": "CUSDT", "Action": "LONG", "Start": DAY, "Level": 0.08}]
    plan = plan_of(rows, [long], {"EventFunding": "weakest"}, events)
    assert amounts(plan) == {"A": ("SELL", 500.0), "B": ("SELL", 300.0), "CUSDT": ("OPEN LONG", 800.0)}


@pytest.mark.parametrize(
    "spared", [{"Target": None}, {"Locked": "yes"}, {"Sector": "kept"}], ids=["no target", "locked", "named by HOLD"]
)
def test_a_weakest_holding_that_may_not_be_traded_is_left_alone(spared: dict[str, Any]) -> None:
    """A has lost most, but has no target, is locked, or an event names it: B, the next weakest, pays."""
    rows = [
        spot("A", 3_000.0, 0.30, 0.05, CostBasis=9_000.0) | spared,
        spot("B", 4_000.0, 0.40, 0.10, CostBasis=5_000.0),
        spot("C", 3_000.0, 0.30, 0.05, CostBasis=1_000.0),
    ]
    long = perpetual("CUSDT", "C", "long", 10.0, Leverage=2.0)
    events = [
        {"Scope": "CUSDT", "Action": "LONG", "Start": DAY, "Level": 0.08},
        {"Scope": "kept", "Action": "HOLD", "Start": DAY},
    ]
    plan = plan_of(rows, [long], {"EventFunding": "weakest"}, events if "Sector" in spared else events[:1])
    assert amounts(plan) == {"B": ("SELL", 800.0), "CUSDT": ("OPEN LONG", 800.0)}


@pytest.mark.parametrize(
    "band, margin, action, amount",
    [(None, 800.0, "OPEN SHORT", 1_200.0), (0.0, 800.0, "OPEN SHORT", 1_000.0), (0.0, 1_900.0, "REDUCE", 100.0)],
)
def test_an_event_fills_a_row_with_a_band_up_to_its_equity(
    band: float | None, margin: float, action: str, amount: float
) -> None:
    """SHORT 20 % of 10,000, a profit of 200: margin up to 2,000, with a Band equity up to 2,000, and no second plan."""
    row = perpetual("BTCUSDT", "BTC", "short", 100.0, Venue="binance", Leverage=3.0, Band=band)
    row |= {"Quantity": 20.0, "EntryPrice": 110.0, "Margin": margin}
    cash = stable(10_000.0 - margin - 200.0, Venue="binance")
    book = workbook([cash], [row], {"ReserveMin": 0.0}, [event("BTC", "SHORT", Level=0.2)])
    assert amounts(actions.rebalance(book)) == {"BTCUSDT": (action, amount)}
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do


@pytest.mark.parametrize("scope", ["BTCUSDT_Q", "btcusdt_q"])
def test_an_event_may_name_the_symbol_of_a_future(scope: str) -> None:
    """EXIT for one contract closes that one, and leaves the asset and its other contract alone."""
    futures = [
        perpetual(symbol, "BTC", "long", 10.0, Quantity=10.0, EntryPrice=10.0, Margin=10.0)
        for symbol in ("BTCUSDT", "BTCUSDT_Q")
    ]
    event = {"Scope": scope, "Action": "EXIT", "Start": DAY}
    plan = plan_of([spot("BTC", 6_000.0, 0.6, 0.2), stable(4_000.0, 0.4)], futures, events=[event])
    assert [(each.asset, each.action) for each in plan.trades if each.product == "futures"] == [("BTCUSDT_Q", "CLOSE")]
    with pytest.raises(BookError, match=r'Events!A2: .*is no asset, sector or symbol.*did you mean "BTCUSDT"'):
        plan_of([spot("BTC", 6_000.0, 0.6, 0.2)], futures[:1], events=[event | {"Scope": "BTCUSD"}])
