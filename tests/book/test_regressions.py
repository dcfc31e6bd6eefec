"""Books that once broke a law, kept by what broke."""

from __future__ import annotations

import datetime as dt

from rebalance_xl.book import actions
from rebalance_xl.book.forms import plan_to_dict
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from tests.book.books import line, perpetual, plan_of, share_after, spot, stable, workbook


def rebalanced(book: MemoryWorkbook) -> list[tuple[str, str]]:
    """Return what a book still wants to trade after one plan was recorded."""
    actions.rebalance(book)
    actions.record(book)
    return [(line.asset, line.action) for line in make_plan(read_book(book)).trades]


def test_a_lot_and_a_fee_left_the_row_beyond_its_band() -> None:
    """Rounded down, the trim ended beyond the band once the fees had shrunk the book, and one more lot was sold."""
    rows = [spot("ADA", 21.098109810981097 * 333.3, 0.5, 0.01, Price=333.3, Venue="Binance", Lot=0.1)]
    settings = {"TrimTo": "midpoint", "BandKind": "relative"}
    assert rebalanced(workbook(rows, settings=settings, venues=[{"Venue": "Binance", "SpotFee": 0.001}])) == []


def test_money_that_could_not_leave_its_venue_freed_the_reserve_elsewhere() -> None:
    """Proceeds stuck at one venue fill the reserve, so that cash at another one is above ReserveMax at once."""
    rows = [
        spot("BTC", 2258.0, 1 / 9, 0.0, Venue="Binance", Lot=1.0),
        spot("ETH", 991.0, 2 / 3, 0.1, Venue="MEXC", Locked="yes"),
        {**stable(3865.0), "Venue": "MEXC"},
    ]
    venues = [{"Venue": "Binance", "Withdrawals": "no"}, {"Venue": "MEXC", "SpotFee": 0.006, "Lot": 0.01}]
    settings = {"BuyScope": "breaching", "ReserveMax": 0.2, "MinTrade": 20.0}
    assert rebalanced(workbook(rows, settings=settings, venues=venues)) == []


def test_proceeds_without_a_stablecoin_row_lost_their_venue() -> None:
    """Money left at Binance could be spent at Bybit without the transfer that the first plan could not pay."""
    rows = [spot("ADA", 1.0, 0.0, Venue="Binance"), spot("XRP", 0.0, 1.0, Venue="Bybit")]
    venues = [{"Venue": "Binance", "WithdrawalFee": 1.0}, {"Venue": "Bybit"}]
    book = workbook(rows, venues=venues)
    assert rebalanced(book) == []
    assert book.tables["Portfolio"][3][:6] == ["USDT", None, "stable", "Binance", 1.0, 1.0]


def quarters(last: float) -> list[dict[str, object]]:
    """Return four assets of 4,000 in all, three with a target of a quarter."""
    targets = (0.25, 0.25, 0.25, last)
    return [spot(name, value, share) for name, value, share in zip("ABCD", (1500, 900, 800, 800), targets, strict=True)]


def test_a_sliver_left_over_was_missing_from_the_weights() -> None:
    """Cents in stablecoins, a hundred-thousandth of the book, were shown by no line."""
    plan = plan_of(quarters(0.24999))
    assert line(plan, "USDT").reason == "0.04 left over stays in stablecoins (a new row)"
    assert abs(sum(each.weight_after or 0.0 for each in plan.lines) - 1.0) < 1e-9


def test_less_than_a_cent_left_over_made_a_line() -> None:
    """Targets that sum to 1 less a millionth left "0.00 left over stays in stablecoins (a new row)" in the plan."""
    book = workbook(quarters(0.249999))
    plan = make_plan(read_book(book))
    assert 0.003 < plan.totals.left_over < 0.005
    assert {each.asset for each in plan.lines} == {"A", "B", "C", "D"}
    assert abs(share_after(read_book(book)) - 1.0) < 1e-9
    assert rebalanced(book) == []
    assert [row[0] for row in book.tables["Portfolio"][1:]] == ["A", "B", "C", "D"]


def test_a_stablecoin_received_less_than_a_cent() -> None:
    """The reason of a stable row said "receives 0.00"."""
    reason = line(plan_of([*quarters(0.2499989), stable(0.0)]), "USDT").reason
    assert "receives" not in reason


def test_a_review_beyond_the_year_9999() -> None:
    """The next review of a book from the year 9999 is no date, not a crash."""
    settings = {"LastReview": dt.date(9999, 12, 31), "ReviewFrequency": "monthly"}
    plan = plan_of([spot("BTC", 1.0, 1.0)], settings=settings)
    assert plan_to_dict(plan)["next_review"] is None


def test_a_stablecoin_target_above_reserve_max() -> None:
    """Target and ReserveMax contradicted each other, so each plan moved a little more; the target holds."""
    rows = [spot("BTC", 1.0, 0.0), spot("ETH", 1.0, None), spot("ADA", 0.0, 0.5), stable(1.0, 0.5)]
    settings = {"ReserveMax": 0.2, "DeployMethod": "pro_rata"}
    events = [{"Scope": "BTC", "Action": "TRIM", "Start": dt.date(2026, 9, 30)}]
    assert rebalanced(workbook(rows, settings=settings, events=events)) == []


def test_an_exited_long_was_opened_again() -> None:
    """Once the EXIT event had closed the position, its target asked for it anew."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=1.5, EntryPrice=90.0, Margin=40.0, Target=0.5)
    events = [{"Scope": "ETH", "Action": "EXIT", "Start": dt.date(2026, 9, 30)}]
    assert rebalanced(workbook([spot("BTC", 277.0, 0.0, 0.01), stable(1024.0)], [row], events=events)) == []


def test_a_sale_just_below_min_trade_was_above_it_after_fees() -> None:
    """Who acts is judged once, before fees: what the fees of other legs put above MinTrade is the next plan's sale."""
    rows = [
        spot("BTC", 418.0, 3 / 17, 0.0, Lot=1.0, Venue="Binance"),
        spot("ETH", 5.0, 5 / 34, 0.01, Lot=1.0, Venue="Bybit"),
        spot("SOL", 175.38, 4 / 17, 0.01, Venue="MEXC"),
    ]
    venues = [
        {"Venue": "Binance", "SpotFee": 0.006, "WithdrawalFee": 1.0},
        {"Venue": "Bybit", "SpotFee": 0.006},
        {"Venue": "MEXC", "SpotFee": 0.001, "Withdrawals": "no"},
    ]
    settings = {"TrimTo": "midpoint", "BandKind": "5/25", "BuyScope": "breaching", "ReserveMin": 0.05, "MinTrade": 20.0}
    book = workbook(rows, settings=settings, venues=venues)
    first = next(line for line in actions.plan(book).lines if line.asset == "SOL")
    assert "19.63 is below the smallest trade" in first.reason
    assert rebalanced(book) == [("SOL", "SELL")]
    assert rebalanced(book) == []


def test_a_purchase_at_no_venue_was_paid_from_the_wrong_one() -> None:
    """Record took the money from the reserve at MEXC and left the proceeds at Bybit, where the plan had spent them."""
    rows = [
        spot("BTC", 500.0, 0.25, 0.05),
        spot("SOL", 2500.0, 0.25, 0.0, Venue="Bybit"),
        {**stable(3000.0, 0.50), "Venue": "MEXC"},
    ]
    book = workbook(rows, venues=[{"Venue": "Bybit", "Withdrawals": "no"}, {"Venue": "MEXC"}])
    assert rebalanced(book) == []
    header, *lines = book.tables["Portfolio"]
    money = {(row[0], row[3]): row[header.index("Quantity")] for row in lines}
    assert (money["USDT", "MEXC"], money.get(("USDT", "Bybit"), 0.0)) == (3000.0, 0.0)


def test_record_booked_proceeds_and_payments_on_another_stablecoin() -> None:
    """The plan paid from USDC above its target and left the proceeds in USDT; Record set one off against the other."""
    rows = [
        spot("BTC", 5000.0, 0.2, 0.02, Venue="Binance"),
        spot("SOL", 0.0, 0.2, 0.02, Venue="Binance"),
        {**stable(500.0, 0.05), "Venue": "Binance"},
        {**stable(4500.0, 0.05), "Asset": "USDC", "Venue": "Binance"},
    ]
    book = workbook(rows, venues=[{"Venue": "Binance"}])
    plan = actions.rebalance(book)
    after = {line.asset: (line.weight_after or 0.0) * plan.totals.value_after for line in plan.lines}
    assert plan.cash["USDT"] > 0 > plan.cash["USDC"]
    actions.record(book)
    header, *lines = book.tables["Portfolio"]
    for row in lines[2:]:
        assert abs(row[header.index("Quantity")] - after[row[0]]) < 1e-6, row[0]


def test_money_kept_by_futures_share_was_denied() -> None:
    """A need that FuturesShare left without money read "there is no money to deploy" beside what was left over."""
    rows = [spot("BTC", 5000.0, 0.5, 0.05), spot("SOL", 5000.0, 0.2, 0.05), spot("ETH", 2000.0, 0.3, 0.05)]
    plan = plan_of([*rows, stable(0.0)], settings={"FuturesShare": 1.0})
    reasons = {line.asset: line.reason for line in plan.lines}
    assert plan.totals.left_over == plan.totals.sold == 2600.0
    assert "no money" not in reasons["ETH"]
    assert reasons["ETH"].endswith("none placed, FuturesShare 100.00 % keeps 2,600.00 of the proceeds for margin")


def test_a_need_without_money_blamed_the_lot() -> None:
    """Cents that were left over are too little for a lot, but the reason is that the money is spent."""
    rows = [
        spot("SOL", 6000.0, 0.4, 0.05),
        spot("BTC", 4000.0, 0.55, 0.05, Price=50000.0, Lot=0.0007, Priority=1),
        spot("ETH", 0.0, 0.05, 0.05, Lot=10.0, Priority=2),
    ]
    plan = plan_of(rows, settings={"TrimTo": "edge"})
    reason = next(line for line in plan.lines if line.asset == "ETH").reason
    assert reason.endswith("only 30.00 is left for it, and 30.00 is less than one lot of 10, which is worth 100.00")


def test_what_rounding_left_was_a_trigger() -> None:
    """Cash a billionth above its target made the trigger THRESHOLD, with "is on its target" as its reason."""
    rows = [spot("BTC", 9500.0, 0.95), stable(500.0 + 1e-3, 0.05, 0.0)]
    plan = plan_of(rows)
    assert (plan.trigger.kind, plan.trades) == ("NONE", ())
    rows = [spot("BTC", 9500.0, 0.95), stable(500.4, 0.05, 0.0)]
    plan = plan_of(rows)
    assert plan.trigger.kind == "THRESHOLD"
    assert plan.trigger.reasons == (
        "USDT: weight 5.00 % is 0.0038 points above the target of 5.00 %, beyond the band of 0.00 points",
    )
