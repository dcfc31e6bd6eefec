"""Venues in the plan: fees, lots, minimum notional, bonus credit, KYC, withdrawals, transfers, leverage."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book.plan_data import Line, Plan
from tests.book.books import amounts, example, perpetual, plan_of, spot, stable

approx = pytest.approx


def line(plan: Plan, asset: str, action: str = "") -> Line:
    return next(each for each in plan.lines if each.asset == asset and action in ("", each.action))


def at(venue: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"Venue": venue} for row in rows]


def test_fees_are_taken_from_the_proceeds() -> None:
    """0.1 % on each leg: 1,600 sold cost 1.60; the purchases and their fees fit into the rest."""
    plan = plan_of(at("Binance", example((0.5, 0.3, 0.2))), venues=[{"Venue": "Binance", "SpotFee": 0.001}])
    assert amounts(plan)["SOL"] == ("SELL", 1600.0)
    assert line(plan, "SOL").fee == approx(1.6)
    assert amounts(plan)["BTC"] == ("BUY", 1000.0)
    assert line(plan, "ETH").amount == approx((1598.4 - 1001.0) / 1.001)
    assert plan.totals.fees == approx(1.6 + 1.0 + line(plan, "ETH").fee)
    assert plan.totals.check == 0.0
    assert plan.totals.left_over == approx(0.0, abs=1e-9)


def test_bonus_credit_pays_fees_first() -> None:
    """Credit of 2 at the venue pays the sale's fee of 1.60 and 0.40 of the next."""
    venues = [{"Venue": "MEXC", "SpotFee": 0.001, "Credit": 2.0}]
    plan = plan_of(at("MEXC", example((0.5, 0.3, 0.2))), venues=venues)
    assert line(plan, "SOL").fee == 0.0
    assert line(plan, "BTC").fee == approx(0.6)


def test_quantities_are_rounded_down_to_the_lot() -> None:
    """A lot of the row goes before that of the venue; what the lots leave stays in stablecoins."""
    rows = at("Binance", example((0.5, 0.3, 0.2)))
    rows[0]["Lot"] = 0.015
    plan = plan_of(rows, venues=[{"Venue": "Binance", "Lot": 0.25}])
    assert line(plan, "SOL").quantity == 8.0
    assert line(plan, "BTC").quantity == approx(0.015)
    assert line(plan, "BTC").reason.endswith("needs 1,000.00: filled to the lot, 250.00 short of it")
    assert line(plan, "ETH").quantity == 0.25
    assert plan.totals.left_over == approx(1600.0 - 750.0 - 500.0)
    assert plan.totals.check == 0.0


def test_a_leg_below_the_minimum_notional_is_a_line_that_does_not_trade() -> None:
    """The reason names the venue and the amount."""
    rows = at("Binance", example((0.4166, 0.3, 0.2)))
    rows[0]["Target"] = 0.42
    plan = plan_of(rows, venues=[{"Venue": "Binance", "MinNotional": 50.0}])
    btc = line(plan, "BTC")
    assert btc.action == "HOLD"
    assert "40.00 is below the minimum notional of 50.00 of Binance" in btc.reason
    assert btc.wanted == approx(40.0)
    assert ("BTC", 40.0) in [(each.asset, round(each.amount, 6)) for each in plan.unresolved]


def test_a_leg_below_min_trade_is_not_made() -> None:
    """MinTrade keeps small legs out, sales as well."""
    plan = plan_of(example((0.5, 0.3, 0.2)), settings={"MinTrade": 700.0})
    assert amounts(plan) == {"SOL": ("SELL", 1600.0), "BTC": ("BUY", 1000.0)}
    assert "below the smallest trade, MinTrade 700.00" in line(plan, "ETH").reason
    none = plan_of(example((0.5, 0.3, 0.2)), settings={"MinTrade": 2000.0})
    assert none.nothing_to_do
    assert "below the smallest trade" in line(none, "SOL").reason


@pytest.mark.parametrize("kyc", ["no", "futures"])
def test_a_sale_where_kyc_is_missing_blocks_what_it_funds(kyc: str) -> None:
    """SOL lies at a venue that has not verified the user: nothing is sold, nothing bought, and both are said."""
    rows = example((0.5, 0.3, 0.2))
    rows[2]["Venue"] = "MEXC"
    plan = plan_of(rows, venues=[{"Venue": "MEXC", "KYC": kyc}])
    assert plan.nothing_to_do
    assert "MEXC has not verified you (KYC) for spot" in line(plan, "SOL").reason
    assert "it waits for the blocked sale of SOL" in line(plan, "BTC").reason
    assert {each.asset for each in plan.unresolved} == {"SOL", "BTC", "ETH"}


def test_a_purchase_where_kyc_is_missing_leaves_the_money_to_the_next() -> None:
    """A blocked purchase is said; the next in line gets the money."""
    rows = example((0.5, 0.3, 0.2))
    rows[0]["Venue"] = "MEXC"
    plan = plan_of(rows, venues=[{"Venue": "MEXC", "KYC": "no"}])
    assert amounts(plan) == {"SOL": ("SELL", 1600.0), "ETH": ("BUY", 600.0)}
    assert "not verified you" in line(plan, "BTC").reason
    assert plan.totals.left_over == approx(1000.0)


def test_a_product_that_a_venue_does_not_trade_is_blocked() -> None:
    """A venue for futures only takes no spot order."""
    rows = example((0.5, 0.3, 0.2))
    rows[0]["Venue"] = "BingX"
    plan = plan_of(rows, venues=[{"Venue": "BingX", "Products": "futures"}])
    assert "BingX does not trade spot" in line(plan, "BTC").reason


def test_money_that_moves_between_venues_is_a_line_of_its_own() -> None:
    """SOL is sold at Bybit, BTC and ETH bought at Binance: 1,599 arrive, 1 is the withdrawal fee."""
    rows = at("Binance", example((0.5, 0.3, 0.2)))
    rows[2]["Venue"] = "Bybit"
    venues = [{"Venue": "Binance"}, {"Venue": "Bybit", "WithdrawalFee": 1.0}]
    plan = plan_of(rows, venues=venues)
    transfer = next(each for each in plan.lines if each.action == "TRANSFER")
    assert (transfer.asset, transfer.venue, transfer.to_venue) == ("USDT", "Bybit", "Binance")
    assert (transfer.amount, transfer.fee) == approx((1599.0, 1.0))
    assert [each.action for each in plan.trades] == ["SELL", "TRANSFER", "BUY", "BUY"]
    assert plan.totals.bought == approx(1599.0)
    assert plan.totals.check == 0.0


def test_money_that_cannot_be_withdrawn_blocks_what_it_funds() -> None:
    """Proceeds at a venue without withdrawals stay there; the purchases elsewhere say so."""
    rows = at("Binance", example((0.5, 0.3, 0.2)))
    rows[2]["Venue"] = "WEEX"
    plan = plan_of(rows, venues=[{"Venue": "Binance"}, {"Venue": "WEEX", "Withdrawals": "no"}])
    assert amounts(plan) == {"SOL": ("SELL", 1600.0)}
    assert "1,600.00 at WEEX cannot be withdrawn" in line(plan, "BTC").reason
    assert any("WEEX does not let you withdraw" in warning for warning in plan.warnings)
    assert plan.totals.left_over == approx(1600.0)


def test_money_at_the_venue_is_used_before_a_transfer() -> None:
    """Cash where the purchase is made spares the transfer."""
    rows = [
        spot("BTC", 4000.0, 0.50, 0.01, Venue="Binance"),
        {**stable(3000.0, 0.20, 0.01), "Venue": "Binance"},
        {**stable(3000.0, 0.30, 0.01), "Asset": "USDC", "Venue": "Bybit"},
    ]
    plan = plan_of(rows, venues=[{"Venue": "Binance"}, {"Venue": "Bybit"}])
    assert amounts(plan) == {"BTC": ("BUY", 1000.0)}
    assert plan.cash == approx({"USDT": -1000.0, "USDC": 0.0})


@pytest.mark.parametrize(
    "leverage, venue, message",
    [
        (20.0, {"MaxLeverage": 10.0}, "leverage 20 is above the 10 that Binance allows you"),
        (200.0, {}, "leverage 200 is above 150, the maximum of the tier"),
        (10.0, {"KYC": "spot"}, "has not verified you (KYC) for futures"),
        (10.0, {"Products": "spot"}, "does not trade futures"),
    ],
)
def test_a_futures_leg_that_may_not_be_opened_is_blocked(leverage: float, venue: dict[str, Any], message: str) -> None:
    """Leverage above the venue's or the tier's maximum and missing KYC keep the margin out of the position."""
    row = perpetual("BTCUSDT", "BTC", "long", 50_000.0, Venue="Binance", Target=0.05, Leverage=leverage)
    plan = plan_of(example(), [row], venues=[{"Venue": "Binance", **venue}])
    futures = line(plan, "BTCUSDT")
    assert futures.action == "HOLD"
    assert message in futures.reason
    assert plan.totals.left_over == approx(600.0)


def test_turnover_cap_cuts_the_sales_in_proportion() -> None:
    """TurnoverCap 10 % of 10,000 lets 1,000 be sold of 2,000 wanted."""
    rows = [
        spot("A", 4000.0, 0.25, 0.05),
        spot("B", 2500.0, 0.20, 0.01, Price=2.5),
        spot("C", 3500.0, 0.55, 0.05),
    ]
    plan = plan_of(rows, settings={"TurnoverCap": 0.1})
    assert amounts(plan) == {"A": ("SELL", 750.0), "B": ("SELL", 250.0), "C": ("BUY", 1000.0)}
    assert "by TurnoverCap 10.00 % of the book" in line(plan, "A").reason
    assert {each.asset: round(each.amount, 6) for each in plan.unresolved} == {"A": 750.0, "B": 250.0, "C": 1000.0}


def test_turnover_cap_counts_what_can_be_sold() -> None:
    """5,000 of A lie on a locked row: of the 1,000 that the cap allows, its free 1,000 and B's 1,000 get half each."""
    rows = [
        spot("A", 5_000.0, 0.4, 0.05, Venue="ledger", Locked="yes"),
        spot("A", 1_000.0, None, None, Venue="binance"),
        spot("B", 3_000.0, 0.2, 0.05, Venue="binance"),
        spot("C", 1_000.0, 0.4, 0.05, Venue="binance"),
    ]
    assert amounts(plan_of(rows, settings={"TurnoverCap": 0.1, "FundFrom": "none"})) == {
        "A": ("SELL", 500.0),
        "B": ("SELL", 500.0),
        "C": ("BUY", 1_000.0),
    }


def test_pro_rata_leaves_no_dust_that_a_lot_could_use() -> None:
    """What the lots leave of the shares is placed by priority."""
    rows = [
        spot("A", 1000.0, 0.20, 0.01, Lot=10.0),
        spot("B", 1000.0, 0.20, 0.01, Lot=10.0),
        spot("C", 8000.0, 0.60, 0.05),
    ]
    plan = plan_of(rows, settings={"DeployMethod": "pro_rata", "TrimTo": 0.9, "FundFrom": "none"})
    assert plan.totals.sold == approx(1550.0)
    assert amounts(plan) == {"C": ("SELL", 1550.0), "A": ("BUY", 800.0), "B": ("BUY", 700.0)}
    assert plan.totals.left_over == approx(50.0)
