"""Futures in the plan: figures of open positions, hedges, margin lines, warnings."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from rebalance_xl.book.plan_data import Line, Plan
from rebalance_xl.catalogue import WHOLE_BOOK
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from tests.book.books import amounts, example, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx


def line(plan: Plan, asset: str) -> Line:
    return next(each for each in plan.lines if each.asset == asset)


def open_long(**more: Any) -> dict[str, Any]:
    """Return an open 10x long of 3 ETH, entered at 2,000 with 600 of margin."""
    row = perpetual("ETHUSDT", "ETH", "long", 2100.0, Venue="Binance", Quantity=3.0, EntryPrice=2000.0, Margin=600.0)
    return row | more


def test_figures_of_an_open_position() -> None:
    """Notional, PnL, equity, weight, liquidation price and funding of a row of Futures."""
    rows = [spot("BTC", 9100.0, 0.9), stable(0.0)]
    plan = plan_of(rows, [open_long(FundingRate=0.0001, FundingHours=8.0)])
    (figures,) = plan.positions
    assert (figures.notional, figures.pnl, figures.equity) == approx((6300.0, 300.0, 900.0))
    assert figures.weight == approx(0.09)
    assert figures.funding_per_day == approx(6300.0 * 0.0001 * 3)
    assert figures.funding_per_year == approx(0.1095)
    wanted = FUNCTIONS["LIQUIDATION_PRICE"].call("long", 3.0, 2000.0, 10.0, "binance:ETHUSDT", "linear", "binance")
    assert figures.liquidation_price == approx(wanted)
    assert figures.liquidation_distance == approx(1 - wanted / 2100.0)
    assert figures.max_leverage == 150.0
    assert figures.return_on_margin == approx(0.5)
    assert plan.totals.value == approx(10_000.0)


def test_a_position_still_to_be_opened_has_the_size_its_target_asks_for() -> None:
    """6 % of 10,000 is 600 of margin, at 10x a notional of 6,000: 3 ETH at 2,000."""
    wanted = perpetual("ETHUSDT", "ETH", "long", 2_000.0, Venue="Binance", Target=0.06)
    titles = ["Margin at target", "Size", "Notional"]
    shown = FUNCTIONS["PLAN_FIGURES"].call(
        [titles], WHOLE_BOOK, MISSING, workbook([spot("BTC", 9_000.0, 0.9), stable(1_000.0)], [wanted])
    )
    assert shown == [approx([600.0, 3.0, 6_000.0])]


def test_an_error_for_a_name_of_a_figure_is_the_answer() -> None:
    """An error is neither a name nor unknown: it comes back as it is, alone and among names."""
    book = workbook([spot("BTC", 9_000.0, 0.9), stable(1_000.0)], [])
    for asked in (CellError("#REF!"), [["Weight", CellError("#REF!")]]):
        shown = FUNCTIONS["PLAN_FIGURES"].call(asked, WHOLE_BOOK, MISSING, book)
        assert shown == CellError("#REF!")


def test_equity_of_futures_is_part_of_the_book() -> None:
    """Weights are shares of spot, stablecoins and futures equity together."""
    plan = plan_of([spot("BTC", 9100.0, 0.91)], [open_long()])
    assert line(plan, "BTC").weight_before == approx(0.91)
    assert line(plan, "ETHUSDT").weight_before == approx(0.09)


def test_an_inverse_position_counts_in_money() -> None:
    """An inverse contract has its margin and profit in coin; the book counts them at the mark."""
    row = perpetual(
        "BTCUSD",
        "BTC",
        "long",
        50_000.0,
        Venue="Bybit",
        Contract="inverse",
        Quantity=10_000.0,
        EntryPrice=40_000.0,
        Margin=0.05,
    )
    plan = plan_of([spot("BTC", 10_000.0, 0.9)], [row])
    (figures,) = plan.positions
    assert figures.notional == 10_000.0
    assert figures.margin == approx(2500.0)
    assert figures.pnl == approx((10_000 / 40_000 - 10_000 / 50_000) * 50_000)
    assert figures.liquidation_price is not None
    assert figures.liquidation_price < 50_000


def test_cross_positions_share_their_margin() -> None:
    """The second cross position at a venue lends its margin to the first, so it is liquidated further away."""
    eth = open_long(MarginMode="cross")
    btc = perpetual(
        "BTCUSDT",
        "BTC",
        "long",
        50_000.0,
        Venue="Binance",
        MarginMode="cross",
        Quantity=0.01,
        EntryPrice=50_000.0,
        Margin=400.0,
    )
    rows = [spot("SOL", 9000.0, 0.9)]
    alone = plan_of(rows, [eth]).positions[0].liquidation_price
    together = plan_of(rows, [eth, btc]).positions[0].liquidation_price
    assert alone is not None
    assert together is not None
    assert together < alone


def test_a_margin_line_has_size_liquidation_price_and_break_even() -> None:
    """600 at 10x: contracts rounded down to the lot, liquidation price and break-even of that size."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 2000.0, Venue="Binance", Target=0.05, Priority=4, Lot=0.7, FundingRate=0.0001
    )
    venues = [{"Venue": "Binance", "FuturesFee": 0.0005}]
    plan = plan_of(example(), [row], {"HoldingDays": 10}, venues=venues)
    opened = line(plan, "ETHUSDT")
    assert opened.action == "OPEN LONG"
    assert opened.quantity == approx(2.8)
    assert opened.fee == approx(5600.0 * 0.0005)
    assert opened.amount == approx(1600.0 - 1000.0 - 600.0 * 10 * 0.0005, abs=0.3)
    terms = opened.futures
    assert terms is not None
    assert terms.notional == approx(5600.0)
    price = terms.liquidation_price
    assert price is not None
    maintenance = FUNCTIONS["MAINTENANCE_MARGIN"].call(2.8 * price, "binance:ETHUSDT")
    assert opened.amount + 2.8 * (price - 2000.0) == approx(maintenance)
    funding = 0.0001 * 30
    assert terms.break_even == approx(2000.0 * (1 + 0.0005 + funding) / (1 - 0.0005))
    assert terms.funding_per_day == approx(5600.0 * 0.0003)


def test_break_even_of_an_inverse_short_earns_its_fees_and_funding() -> None:
    """At the break-even price the profit in coin equals both fees and the funding."""
    row = perpetual(
        "BTCUSD", "BTC", "short", 50_000.0, Venue="Bybit", Contract="inverse", Target=0.05, FundingRate=-0.0001
    )
    venues = [{"Venue": "Bybit", "FuturesFee": 0.0006}]
    plan = plan_of(example(), [row], {"HoldingDays": 10}, venues=venues)
    opened = line(plan, "BTCUSD")
    assert opened.futures is not None
    exit_price, size = opened.futures.break_even, opened.quantity
    assert exit_price is not None
    assert size is not None
    profit = size * (1 / exit_price - 1 / 50_000)
    fees = 0.0006 * size * (1 / 50_000 + 1 / exit_price)
    assert profit == approx(fees + size / 50_000 * 0.0001 * 30)


def test_hedge_shorts_the_share_of_what_remains() -> None:
    """10,000 of ETH and a hedge ratio of 30 %: 3,000 notional short; with SOL trimmed to pay its margin."""
    rows = [spot("ETH", 10_000.0, 0.50, 0.01, Price=2000.0), spot("SOL", 10_000.0, 0.40, 0.05)]
    short = perpetual("ETHUSDT", "ETH", "short", 2000.0, Venue="Binance", HedgeRatio=0.3, Lot=0.01, Leverage=5.0)
    plan = plan_of(rows, [short])
    hedge = line(plan, "ETHUSDT")
    assert hedge.action == "OPEN SHORT"
    assert hedge.quantity == approx(1.5)
    assert hedge.futures is not None
    assert hedge.futures.notional == approx(3000.0)
    assert hedge.amount == approx(600.0)
    assert hedge.futures.liquidation_price is not None
    assert hedge.futures.liquidation_price > 2000.0


def test_hedge_pnl_of_the_worked_example() -> None:
    """ETH falls 10 %: spot -1,000, the short of 3,000 earns 300, net -700."""
    assert FUNCTIONS["HEDGE_PNL"].call(10_000.0, 3000.0, -0.1) == approx(-700.0)


def test_hedge_counts_the_short_that_is_open() -> None:
    """Of 3,000 wanted 2,000 are short already: 1,000 more; when 4,000 are, 1,000 are closed."""
    rows = [spot("ETH", 10_000.0, 0.45, 0.01, Price=2000.0), spot("SOL", 10_000.0, 0.35, 0.05)]

    def hedge(quantity: float) -> Line:
        row = perpetual(
            "ETHUSDT",
            "ETH",
            "short",
            2000.0,
            Venue="Binance",
            HedgeRatio=0.3,
            Quantity=quantity,
            EntryPrice=2000.0,
            Margin=400.0,
            Leverage=5.0,
        )
        return line(plan_of(rows, [row], {"TrimTo": "edge", "BuyScope": "breaching"}), "ETHUSDT")

    more, less = hedge(1.0), hedge(2.0)
    spot_after = 20_400.0 * 0.46
    assert more.action == "OPEN SHORT"
    assert more.quantity == approx((0.3 * spot_after - 2000.0) / 2000.0)
    assert less.action == "CLOSE"
    assert less.quantity == approx((4000.0 - 0.3 * spot_after) / 2000.0)
    assert less.amount == approx(400.0 * (less.quantity or 0.0) / 2.0)


def test_hedges_are_measured_on_what_is_held_after_the_plan() -> None:
    """ETH is bought in the same plan: the hedge covers the new holding."""
    rows = example((0.40, 0.30, 0.20))
    short = perpetual("ETHUSDT", "ETH", "short", 2000.0, Venue="Binance", HedgeRatio=0.5, Priority=9)
    plan = plan_of(rows, [short])
    hedge = line(plan, "ETHUSDT")
    assert hedge.futures is not None
    assert amounts(plan)["ETH"] == ("BUY", 600.0)
    assert hedge.futures.notional == approx(1800.0)
    assert amounts(plan)["ETHUSDT"] == ("OPEN SHORT", 180.0)


def test_target_zero_closes_the_position_and_frees_its_equity() -> None:
    """Margin 600 and profit 300 come back as proceeds and are deployed."""
    rows = [spot("BTC", 9100.0, 1.0, 0.05), stable(0.0)]
    plan = plan_of(rows, [open_long(Target=0.0)])
    assert plan.trigger.kind == "THRESHOLD"
    assert amounts(plan) == {"ETHUSDT": ("CLOSE", 900.0), "BTC": ("BUY", 900.0)}
    assert line(plan, "ETHUSDT").realised_gain == approx(300.0)
    assert plan.totals.check == 0.0


def warned(plan: Plan, text: str) -> bool:
    return any(text in warning for warning in plan.warnings)


def test_warnings_of_open_positions() -> None:
    """Near liquidation, funding, paying twice, leverage, margin share, venue."""
    row = open_long(MarkPrice=1850.0, FundingRate=0.0005, Leverage=200.0, Target=0.02)
    venues = [{"Venue": "Binance", "KYC": "spot", "MaxLeverage": 20.0}]
    plan = plan_of([spot("ETH", 9000.0, 0.9, 0.2, Price=1850.0)], [row], venues=venues)
    assert warned(plan, "from liquidation")
    assert warned(plan, "ETHUSDT pays 54.75 % of its notional a year in funding")
    assert warned(plan, "long ETH in spot and in ETHUSDT: funding is paid for a view that is held already")
    assert warned(plan, "leverage 200 is above 150, the maximum of its tier at Binance")
    assert warned(plan, "leverage 200 is above 20, the maximum at Binance (Venues)")
    assert warned(plan, "the margin of ETHUSDT is 6.56 % of the book, above the 2.00 % set for it")
    assert warned(plan, "ETHUSDT is open, but Binance has not verified you (KYC) for futures")


def test_no_warning_without_a_cause() -> None:
    """A quiet book has no warnings at all."""
    row = open_long(FundingRate=0.0001, Leverage=2.0, Margin=3000.0, Quantity=3.0, MarkPrice=2000.0)
    plan = plan_of([spot("BTC", 6000.0, 0.6, 0.1), stable(1000.0, 0.1, 0.1)], [row], venues=[{"Venue": "Binance"}])
    assert plan.warnings == ()


@pytest.mark.parametrize("limit, expected", [(0.05, False), (0.10, True)])
def test_liquidation_warning_has_a_threshold(limit: float, expected: bool) -> None:
    """LiquidationWarning says from which distance on a position is named."""
    row = open_long(MarkPrice=2000.0)
    plan = plan_of([spot("BTC", 6000.0, 0.9, 0.2)], [row], {"LiquidationWarning": limit})
    assert warned(plan, "from liquidation") is expected


def test_a_position_past_its_liquidation_price_says_so() -> None:
    """A mark below the liquidation price of a long is distance 0."""
    plan = plan_of([spot("BTC", 6000.0, 0.9, 0.2)], [open_long(MarkPrice=1801.0, Margin=590.0)])
    assert plan.positions[0].liquidation_distance == 0.0
    assert warned(plan, "has reached its liquidation price")


def test_estimates_are_labelled() -> None:
    """BingX publishes no worked example: its liquidation price is an estimate."""
    plan = plan_of([spot("BTC", 6000.0, 0.9)], [open_long(Venue="BingX", Symbol="ETH-USDT")])
    assert plan.positions[0].estimate.startswith("estimate")


def test_never_liquidated_is_infinite() -> None:
    """A long with more margin than notional never is."""
    plan = plan_of([spot("BTC", 6000.0, 0.5)], [open_long(Margin=7000.0, Leverage=1.0)])
    assert plan.positions[0].liquidation_price == math.inf


def test_unknown_tiers_are_said_and_nothing_is_invented() -> None:
    """Without tiers there is no liquidation price, and the plan says which table is missing."""
    plan = plan_of([spot("BTC", 6000.0, 0.9)], [open_long(Symbol="NEWUSDT")])
    assert plan.positions[0].liquidation_price is None
    assert warned(plan, 'NEWUSDT: no liquidation price, no tiers are known for "Binance:NEWUSDT"')


def test_the_workbooks_own_tiers_go_before_the_shipped_ones() -> None:
    """A MarginTiers table in the book changes the liquidation price."""
    book = workbook([spot("BTC", 6000.0, 0.9)], [open_long(MarkPrice=2000.0)])
    from rebalance_xl.book import actions

    shipped = actions.plan(book).positions[0].liquidation_price
    book.tables["MarginTiers"] = [
        ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
        ["binance", "ETHUSDT", 0.0, None, 20.0, 0.02, 0.0],
    ]
    own = actions.plan(book).positions[0]
    assert own.liquidation_price == approx((3.0 * 2000.0 - 600.0) / (3.0 * 0.98))
    assert own.liquidation_price != approx(shipped)
    assert own.max_leverage == 20.0


def test_a_contract_that_expires_pays_no_funding() -> None:
    """Only perpetuals settle funding."""
    row = open_long(FundingRate=0.001, Expiry=dt.date(2026, 12, 25))
    plan = plan_of([spot("BTC", 6000.0, 0.9)], [row])
    assert plan.positions[0].funding_per_day == 0.0


def test_tiers_of_the_other_contract_type_are_named() -> None:
    """An inverse row under the symbol of a linear contract has no liquidation price, and a warning says why."""
    row = open_long(Contract="inverse", Quantity=6000.0, Margin=0.3)
    plan = plan_of([spot("BTC", 9100.0, 0.9), stable(0.0)], [row])
    assert plan.positions[0].liquidation_price is None
    assert (
        "ETHUSDT: no liquidation price, the tiers of binance:ETHUSDT are of linear contracts, and its row says inverse"
        in plan.warnings
    )


def test_an_expired_contract_is_warned_of_and_never_opened() -> None:
    """A delivery date before the day of the plan: the open row is named, and a target buys nothing in it."""
    dead = {"Symbol": "ETHUSDT_260925", "Expiry": dt.date(2026, 9, 25)}
    plan = plan_of([spot("BTC", 6000.0, 0.9), stable(0.0)], [open_long(**dead)])
    assert warned(plan, "ETHUSDT_260925 expired on 2026-09-25: it is closed at its mark")
    wanted = perpetual("ETHUSDT_260925", "ETH", "long", 2000.0, Target=0.05, Expiry=dead["Expiry"])
    plan = plan_of(example(), [wanted])
    assert line(plan, "ETHUSDT_260925").action == "HOLD"
    assert line(plan, "ETHUSDT_260925").reason.endswith("it expired on 2026-09-25")
    today = plan_of(example(), [wanted | {"Expiry": dt.date(2026, 9, 30)}])
    assert line(today, "ETHUSDT_260925").action == "OPEN LONG"
