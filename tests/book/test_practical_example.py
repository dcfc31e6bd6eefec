"""The worked numbers of the practical example and of the threshold scenarios, to the cent."""

from __future__ import annotations

import pytest

from rebalance_xl.book.plan_data import Line, Plan
from tests.book.books import ETH_MARGIN, amounts, example, perpetual, plan_of, spot, stable

approx = pytest.approx


def line(plan: Plan, asset: str) -> Line:
    return next(each for each in plan.lines if each.asset == asset)


def test_variant_3_sells_sol_and_funds_btc_eth_and_margin() -> None:
    """SOL 1,600 sold; BTC 400, ETH 600 and 600 of margin bought; 45/30/20/5 % afterwards."""
    plan = plan_of(example(), [ETH_MARGIN])
    assert amounts(plan) == {
        "SOL": ("SELL", 1600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": ("OPEN LONG", 600.0),
    }
    after = {each.asset: each.weight_after for each in plan.trades}
    assert after == approx({"BTC": 0.45, "ETH": 0.30, "SOL": 0.20, "ETHUSDT": 0.05})
    assert plan.totals.check == 0.0
    assert plan.totals.left_over == approx(0.0)
    assert plan.trigger.kind == "THRESHOLD"
    assert plan.unresolved == ()


def test_sells_come_first_then_the_largest() -> None:
    """Sells before buys, largest first, openings after buys."""
    plan = plan_of(example(), [ETH_MARGIN])
    assert [each.asset for each in plan.trades] == ["SOL", "ETH", "BTC", "ETHUSDT"]


def test_realised_gain_is_800_of_1600_proceeds() -> None:
    """What cost 2,000 and is worth 4,000 gives a gain of 800 when 1,600 of it are sold."""
    sale = line(plan_of(example(), [ETH_MARGIN]), "SOL")
    assert (sale.amount, sale.realised_gain, sale.quantity) == approx((1600.0, 800.0, 8.0))


def test_weights_before() -> None:
    """5,000, 3,000 and 4,000 of 12,000 are 41.7, 25.0 and 33.3 %."""
    plan = plan_of(example(), [ETH_MARGIN])
    before = [round(100 * (line(plan, asset).weight_before or 0), 1) for asset in ("BTC", "ETH", "SOL")]
    assert before == [41.7, 25.0, 33.3]
    assert plan.totals.value == 12_000


def test_variant_1_leaves_nothing_for_futures() -> None:
    """Back to 50/30: BTC needs 1,000 and ETH 600, so nothing is left."""
    plan = plan_of(example((0.5, 0.3, 0.2)))
    assert amounts(plan) == {"SOL": ("SELL", 1600.0), "BTC": ("BUY", 1000.0), "ETH": ("BUY", 600.0)}
    assert plan.totals.left_over == approx(0.0)
    assert plan.totals.overcommitted == 0.0


def test_variant_2_is_overcommitted_by_480() -> None:
    """70 % of 1,600 is 1,120 for needs of 1,600: 480 too little, resolved by priority and said."""
    plan = plan_of(example((0.45, 0.35, 0.20)), settings={"FuturesShare": 0.30})
    assert plan.totals.overcommitted == approx(480.0)
    assert amounts(plan) == {"SOL": ("SELL", 1600.0), "BTC": ("BUY", 400.0), "ETH": ("BUY", 720.0)}
    assert plan.totals.left_over == approx(480.0)
    assert any("over-committed by 480.00" in warning for warning in plan.warnings)
    assert [(each.asset, round(each.amount, 2)) for each in plan.unresolved] == [("ETH", 480.0)]
    assert plan.totals.check == 0.0


def test_variant_2_pro_rata_shares_the_1120() -> None:
    """Pro rata, BTC gets 400/1,600 of 1,120 and ETH 1,200/1,600."""
    settings = {"FuturesShare": 0.30, "DeployMethod": "pro_rata"}
    plan = plan_of(example((0.45, 0.35, 0.20)), settings=settings)
    assert amounts(plan) == {"SOL": ("SELL", 1600.0), "BTC": ("BUY", 280.0), "ETH": ("BUY", 840.0)}


def test_variant_2_posts_480_as_margin_on_a_row_without_a_target() -> None:
    """FuturesShare funds the Futures rows when none of them has a target."""
    futures = [perpetual("ETHUSDT", "ETH", "long", 2000.0, Venue="Binance")]
    plan = plan_of(example((0.45, 0.35, 0.20)), futures, {"FuturesShare": 0.30})
    assert amounts(plan)["ETHUSDT"] == ("OPEN LONG", 480.0)
    assert plan.totals.left_over == approx(0.0)
    assert plan.totals.overcommitted == approx(480.0)


SCENARIO_B = [
    spot("BTC", 4000.0, 0.50, 0.05, Priority=1),
    spot("ETH", 2000.0, 0.30, 0.05, Priority=3),
    spot("Altcoins", 4000.0, 0.20, 0.10, Priority=4),
]


@pytest.mark.parametrize("by_share", [False, True])
def test_scenario_b_trims_to_25_percent(by_share: bool) -> None:
    """40 % altcoins come down to 25 %; 10 % go to BTC, 5 % to futures, ETH gets nothing and the plan says so."""
    row = perpetual("BTCUSDT", "BTC", "long", 50_000.0, Venue="Binance", Priority=2)
    settings: dict[str, object] = {"TrimTo": "midpoint", "FundFrom": "none"}
    if by_share:
        settings["FuturesShare"] = 1 / 3
    else:
        row["Target"] = 0.05
    plan = plan_of(SCENARIO_B, [row], settings)
    assert amounts(plan) == {
        "Altcoins": ("SELL", 1500.0),
        "BTC": ("BUY", 1000.0),
        "BTCUSDT": ("OPEN LONG", 500.0),
    }
    assert line(plan, "Altcoins").weight_after == approx(0.25)
    assert line(plan, "BTC").weight_after == approx(0.50)
    eth = line(plan, "ETH")
    assert eth.action == "HOLD"
    assert "the money went to" in eth.reason
    assert eth.wanted == approx(1000.0)
    assert [(each.asset, round(each.amount, 2)) for each in plan.unresolved] == [("ETH", 1000.0)]


@pytest.mark.parametrize(
    "asset, value, target, band", [("BTC", 55.0, 0.50, 0.05), ("ETH", 25.0, 0.30, 0.05), ("Altcoins", 20.0, 0.20, 0.10)]
)
def test_threshold_table_holds(asset: str, value: float, target: float, band: float) -> None:
    """55 % against 50 % +/- 5 % is exactly on the band: a hold, and so are the two other rows."""
    rows = [spot("BTC", 55.0, 0.5, 0.05), spot("ETH", 25.0, 0.3, 0.05), spot("Altcoins", 20.0, 0.2, 0.1)]
    plan = plan_of(rows)
    assert plan.trigger.kind == "NONE"
    assert line(plan, asset).action == "HOLD"
    assert line(plan, asset).weight_before == approx(value / 100)
    reason = line(plan, asset).reason
    if value / 100 == target:
        assert reason == "weight 20.00 % is on its target"
    else:
        assert f"target of {target:.2%}".replace("%", " %") in reason
        assert f"not beyond the band of {band * 100:.2f} points" in reason


@pytest.mark.parametrize(
    "trim_to, goal",
    [
        (None, 0.20),
        ("target", 0.20),
        ("midpoint", 0.25),
        ("edge", 0.30),
        (0.0, 0.20),
        (0.5, 0.25),
        (1.0, 0.30),
        (0.2, 0.22),
    ],
)
def test_destination_of_a_trim(trim_to: object, goal: float) -> None:
    """A trim ends at the target, the midpoint, the edge, or the share of the band given."""
    rows = [spot("BTC", 6000.0, 0.60, 0.05), spot("ALT", 4000.0, 0.20, 0.10), stable(0.0)]
    plan = plan_of(rows, settings={"TrimTo": trim_to})
    assert line(plan, "ALT").weight_after == approx(goal)


@pytest.mark.parametrize(
    "kind, target, weight, sold",
    [
        ("absolute", 0.10, 0.12, False),
        ("relative", 0.10, 0.121, True),
        ("relative", 0.10, 0.12, False),
        ("5/25", 0.10, 0.126, True),
        ("5/25", 0.10, 0.125, False),
        ("5/25", 0.50, 0.551, True),
        ("5/25", 0.50, 0.55, False),
    ],
)
def test_band_kinds(kind: str, target: float, weight: float, sold: bool) -> None:
    """Points, a share of the target (20 % of 10 % is 2 points), or the smaller of 5 points and 25 %."""
    band = 0.20 if kind == "relative" else 0.05
    rows = [spot("ALT", 10_000 * weight, target, band), stable(10_000 * (1 - weight), None)]
    plan = plan_of(rows, settings={"BandKind": kind})
    assert (line(plan, "ALT").action == "SELL") is sold


def test_reserve_is_warned_about_below_5_and_above_20_percent() -> None:
    """The standing reserve of 5 to 20 % is only a warning while ReserveMin and ReserveMax are blank."""
    low = plan_of([spot("BTC", 9600.0, 0.96, 0.1), stable(400.0)])
    fine = plan_of([spot("BTC", 9000.0, 0.90, 0.1), stable(1000.0)])
    high = plan_of([spot("BTC", 7900.0, 0.79, 0.1), stable(2100.0)])
    assert any("below the reserve of 5.00 %" in warning for warning in low.warnings)
    assert not any("stablecoins" in warning for warning in fine.warnings)
    assert any("above 20.00 %" in warning for warning in high.warnings)


def test_reserve_minimum_is_filled_in_its_priority() -> None:
    """With ReserveMin set the reserve is a need like any other."""
    rows = [
        spot("BTC", 4000.0, 0.50, 0.05, Priority=2),
        spot("ALT", 5800.0, 0.45, 0.05),
        stable(200.0, Priority=1),
    ]
    plan = plan_of(rows, settings={"ReserveMin": 0.05})
    assert amounts(plan) == {"ALT": ("SELL", 1300.0), "BTC": ("BUY", 1000.0)}
    assert plan.totals.reserve == approx(300.0)
    assert line(plan, "USDT").weight_after == approx(0.05)


def test_new_money_first() -> None:
    """Stablecoins above their target are used before the proceeds of sales; no sale is needed here."""
    rows = [spot("BTC", 5000.0, 0.60, 0.05), stable(5000.0, 0.40, 0.05)]
    plan = plan_of(rows)
    assert amounts(plan) == {"BTC": ("BUY", 1000.0)}
    assert plan.totals.cash_used == approx(1000.0)
    assert plan.totals.sold == 0.0


def test_stablecoins_above_reserve_max_are_deployed() -> None:
    """ReserveMax frees what is above it, and never below ReserveMin."""
    rows = [spot("BTC", 6000.0, 0.80, 0.05), stable(4000.0)]
    plan = plan_of(rows, settings={"ReserveMax": 0.30})
    assert amounts(plan) == {"BTC": ("BUY", 1000.0)}


def test_priority_decides_and_ties_go_to_the_largest_relative_shortfall() -> None:
    """Equal priorities: what is furthest below its target, relative to it, comes first."""
    rows = [
        spot("A", 3000.0, 0.35, 0.01),
        spot("B", 500.0, 0.10, 0.01),
        spot("C", 6500.0, 0.55, 0.05, Price=100.0),
    ]
    plan = plan_of(rows, settings={"TrimTo": "edge", "FundFrom": "none"})
    assert amounts(plan) == {"C": ("SELL", 500.0), "B": ("BUY", 500.0)}
    rows[0]["Priority"] = 1
    first = plan_of(rows, settings={"TrimTo": "edge", "FundFrom": "none"})
    assert amounts(first) == {"C": ("SELL", 500.0), "A": ("BUY", 500.0)}


def test_buy_scope_breaching_leaves_rows_inside_their_band() -> None:
    """BuyScope "breaching" buys only what is under its band; the rest stays in stablecoins."""
    plan = plan_of(example((0.5, 0.3, 0.2)), settings={"BuyScope": "breaching"})
    assert amounts(plan) == {"SOL": ("SELL", 1600.0), "BTC": ("BUY", 1000.0)}
    assert plan.totals.left_over == approx(600.0)
    assert line(plan, "USDT").weight_after == approx(0.05)


def test_a_plan_without_a_trigger_is_empty_and_says_why() -> None:
    """Inside every band nothing is traded; each row has its reason."""
    plan = plan_of(example(sol=2000.0, targets=(0.5, 0.3, 0.2)))
    assert plan.nothing_to_do
    assert plan.trigger.reasons == ("every asset is inside its band, and no review is due",)
    assert all(each.reason for each in plan.lines)
