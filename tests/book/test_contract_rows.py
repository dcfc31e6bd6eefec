"""Rows of one asset, of one symbol and of money: what each sentence about them promises, one test a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.account_figures import AccountFigures
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import FILLS
from tests.book.books import DAY, amounts, line, perpetual, plan_of, spot, stable, unit, workbook

approx = pytest.approx


def sold_units(plan: Any) -> dict[str, float | None]:
    """Return the units sold, by asset and venue."""
    return {f"{each.asset} {each.venue}".strip(): each.quantity for each in plan.trades if each.action == "SELL"}


# --- what belongs to the asset ---------------------------------------------------------------------------------


def test_a_row_without_a_price_is_refused_although_the_target_stands_on_another_row() -> None:
    """The asset has a target, so the weight of each of its rows has to be known."""
    rows = [
        unit("BTC", 1.0, 10.0, 0.5, Venue="a"),
        unit("BTC", 1.0, None, None, Venue="b"),
        unit("ETH", 1.0, 10.0, 0.5),
    ]
    with pytest.raises(BookError, match=r"Portfolio!F3: the Price of BTC is blank"):
        plan_of(rows)


def test_the_band_may_stand_on_another_row_than_the_target() -> None:
    """BTC is 4 points above its target: a band of 5 points typed at the second venue holds for both rows."""
    rows = [
        unit("BTC", 0.4, 10_000.0, 0.5, Venue="a"),
        unit("BTC", 0.14, 10_000.0, None, 0.05, Venue="b"),
        spot("ETH", 4_600.0, 0.5, 0.05),
    ]
    assert plan_of(rows).nothing_to_do
    assert not plan_of([rows[0], rows[1] | {"Band": 0.03}, rows[2]]).nothing_to_do


def test_a_band_on_another_row_lets_money_trigger() -> None:
    """USDT has its Target at a and its Band at b: without the Band its surplus waits for another trigger."""
    rows = [
        spot("BTC", 7_500.0, 0.9, 0.5),
        stable(2_000.0, 0.1, Venue="a"),
        stable(500.0, None, 0.02, Venue="b"),
    ]
    assert plan_of(rows).trigger.kind == "THRESHOLD"
    rows[2]["Band"] = None
    assert plan_of(rows).trigger.kind == "NONE"


def test_the_same_words_in_other_letters_do_not_contradict_each_other() -> None:
    """A book that says BTC and btc, Privacy and privacy, means one asset and one Sector."""
    rows = [
        unit("BTC", 0.3, 10_000.0, 0.5, 0.05, Venue="a", Sector="Privacy"),
        unit("btc", 0.3, 10_000.0, None, Venue="b", Sector="privacy"),
        spot("ETH", 4_000.0, 0.5, 0.05),
    ]
    assert amounts(plan_of(rows))["BTC"] == ("SELL", 1_000.0)
    with pytest.raises(BookError, match=r"Portfolio!H3: the Target of btc is 0.4 here and 0.5 in Portfolio!H2"):
        plan_of([rows[0], rows[1] | {"Target": 0.4}, rows[2]])


def test_rows_that_contradict_each_other_are_refused_with_both_cells() -> None:
    """The second cell is where to look, the first is named in the message."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue="a"), unit("BTC", 1.0, 10.0, 0.4, Venue="b")]
    with pytest.raises(BookError, match=r"^Portfolio!H3: the Target of BTC is 0.4 here and 0.5 in Portfolio!H2"):
        plan_of(rows)


def test_a_target_of_0_is_no_blank() -> None:
    """A row that says 0 contradicts one that says 50 %."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue="a"), unit("BTC", 1.0, 10.0, 0.0, Venue="b")]
    with pytest.raises(BookError, match=r"Portfolio!H3: the Target of BTC is 0 here"):
        plan_of(rows)


def test_the_target_of_a_stablecoin_at_two_venues_counts_once() -> None:
    """20 % of USDT at a and b are below a ReserveMax of 30 %: nothing to warn of."""
    rows = [spot("BTC", 8_000.0, 0.8, 0.1), stable(1_000.0, 0.2, Venue="a"), stable(1_000.0, 0.2, Venue="b")]
    warnings = plan_of(rows, settings={"ReserveMax": 0.3}).warnings
    assert not any("targets of the stablecoins" in each for each in warnings)
    assert any("(20.0%)" in each for each in plan_of(rows, settings={"ReserveMax": 0.1}).warnings)


# --- locked ----------------------------------------------------------------------------------------------------


def test_locked_1_is_one_unit_and_yes_the_whole_row() -> None:
    """Of 4 ETH with a target of 0 three are sold where 1 is locked, none where yes stands."""
    rows = [unit("ETH", 4.0, 1_000.0, 0.0), unit("BTC", 6.0, 1_000.0, 1.0, 0.5)]
    for locked, units in ((1, 3.0), (1.0, 3.0), (4.0, None), (5.0, None), ("yes", None), (True, None), ("x", None)):
        assert sold_units(plan_of([rows[0] | {"Locked": locked}, rows[1]])).get("ETH") == units
    for free in (0, None, "no", False, "N"):
        assert sold_units(plan_of([rows[0] | {"Locked": free}, rows[1]])) == {"ETH": 4.0}


def test_locked_below_0_is_refused() -> None:
    """There are no units below 0."""
    with pytest.raises(BookError, match=r"Portfolio!K2: Portfolio\[Locked\] holds -1; it cannot be negative"):
        plan_of([unit("ETH", 4.0, 1_000.0, 0.5, Locked=-1)])


@pytest.mark.parametrize("events", [[], [{"Scope": "ETH", "Action": "TRIM", "Start": DAY, "Level": 0.2}]])
def test_a_sale_in_lots_leaves_the_locked_units(events: list[dict[str, Any]]) -> None:
    """6.5 of 10 ETH are locked; lots of 2 fit once into the 3.5 that are free, whatever the rule would sell."""
    rows = [unit("ETH", 10.0, 1_000.0, 0.4, 0.05, Locked=6.5, Lot=2.0), unit("BTC", 2.0, 1_000.0, 0.6, 0.9)]
    plan = plan_of(rows, events=events)
    assert sold_units(plan) == {"ETH": 2.0}
    assert line(plan, "ETH").amount == approx(2_000.0)


def test_a_sale_that_fees_make_larger_leaves_the_locked_units() -> None:
    """To the edge a fee of 5 % asks for a little more than the 500 that the band asks for: only 505 are free."""
    rows = [
        unit("ETH", 6.0, 1_000.0, 0.5, 0.05, Locked=5.495, Venue="a"),
        unit("BTC", 4.0, 1_000.0, 0.5, 0.2, Venue="a"),
    ]
    venues = [{"Venue": "a", "SpotFee": 0.05}]
    free = plan_of([rows[0] | {"Locked": None}, rows[1]], settings={"TrimTo": "edge"}, venues=venues)
    assert line(free, "ETH").amount > 510.0
    plan = plan_of(rows, settings={"TrimTo": "edge"}, venues=venues)
    assert (line(plan, "ETH").amount, line(plan, "ETH").quantity) == (approx(505.0), approx(0.505))


def test_what_is_locked_at_every_venue_is_locked_as_a_whole() -> None:
    """One row of two that is not locked still makes a trigger; where both are, there is none."""
    rows = [
        unit("ETH", 3.0, 1_000.0, 0.4, 0.05, Venue="a", Locked="yes"),
        unit("ETH", 3.0, 1_000.0, None, Venue="b"),
        unit("BTC", 4.0, 1_000.0, 0.6, 0.5),
    ]
    assert sold_units(plan_of(rows)) == {"ETH b": approx(2.0)}
    assert plan_of([rows[0], rows[1] | {"Locked": "yes"}, rows[2]]).trigger.kind == "NONE"


def test_locked_money_is_not_spent() -> None:
    """2,500 of 3,000 USDT are locked at one venue, or at two: 500 pay for what is bought, and no more."""
    rows = [spot("BTC", 7_000.0, 0.95, 0.05), stable(3_000.0, 0.05, Locked=2_500.0)]
    assert amounts(plan_of(rows)) == {"BTC": ("BUY", 500.0)}
    two = [rows[0], stable(1_500.0, 0.05, Locked=1_000.0, Venue="a"), stable(1_500.0, None, Locked="yes", Venue="b")]
    assert amounts(plan_of(two)) == {"BTC": ("BUY", 500.0)}


def test_locked_money_pays_neither_debts_nor_events() -> None:
    """A debt of 800 and 3,000 USDC of which 2,600 are locked: 400 are paid, and the rest is still owed."""
    rows = [spot("BTC", 7_800.0, 0.9, 0.2), stable(-800.0), stable(3_000.0, Asset="USDC", Locked=2_600.0)]
    rows[0]["Locked"] = "yes"
    event = {"Scope": "SOL", "Action": "TRIM", "Start": DAY}
    plan = plan_of([*rows, spot("SOL", 100.0, 0.0)], events=[event])
    assert line(plan, "USDC").weight_after == approx(2_600.0 / 10_100.0)
    assert "still owed" in line(plan, "USDT").reason


# --- where it is sold and bought -------------------------------------------------------------------------------


def test_no_row_gives_more_lots_than_it_has() -> None:
    """2,600 of BTC are sold in lots of 0.2: first from a, where ETH is bought, which has 0.5, then from b."""
    rows = [
        unit("BTC", 0.5, 1_000.0, 0.3, 0.05, Venue="a", Lot=0.2),
        unit("BTC", 5.1, 1_000.0, None, Venue="b", Lot=0.2),
        unit("ETH", 4.4, 1_000.0, 0.7, 0.05, Venue="a"),
    ]
    assert sold_units(plan_of(rows)) == {"BTC a": approx(0.4), "BTC b": approx(2.2)}


def test_a_payer_gives_no_locked_lots() -> None:
    """B stands 500 above its target, and 2.5 of its lots of 100 are free: A gets 200 of the 400 that it lacks."""
    rows = [
        spot("A", 3_600.0, 0.4, 0.03, Price=1.0),
        spot("B", 3_500.0, 0.3, 0.06, Price=1.0, Locked=3_250.0, Lot=100.0),
        spot("C", 2_900.0, 0.3, 0.06, Price=1.0),
    ]
    assert sold_units(plan_of(rows)) == {"B": 200.0}


def test_the_weakest_holding_gives_no_locked_lots() -> None:
    """An event needs 500; B has lost most, and of its lots of 20 one and a half are free."""
    rows = [
        spot("B", 3_000.0, 0.35, 0.2, CostBasis=9_000.0, Locked=270.0, Lot=20.0),
        spot("C", 7_000.0, 0.65, 0.2, CostBasis=1_000.0, Lot=1.0),
    ]
    long = perpetual("ETHUSDT", "ETH", "long", 100.0)
    event = {"Scope": "ETH", "Action": "LONG", "Start": DAY, "Level": 0.05}
    plan = plan_of(rows, [long], events=[event], settings={"EventFunding": "weakest"})
    assert sold_units(plan) == {"B": 20.0, "C": 30.0}


def test_the_row_with_more_to_sell_sells_first() -> None:
    """5,000 of BTC lie at a, of which 4,500 are locked; 1,500 at b are free."""
    rows = [
        unit("BTC", 5.0, 1_000.0, 0.5, 0.05, Venue="a", Locked=4.5),
        unit("BTC", 1.5, 1_000.0, None, Venue="b"),
        spot("ETH", 3_500.0, 0.5, 0.2),
    ]
    assert sold_units(plan_of(rows, settings={"BuyScope": "breaching", "FundFrom": "none"})) == {"BTC b": approx(1.5)}


def test_a_sale_starts_where_margin_is_needed() -> None:
    """BTC is sold at b, where the future is opened, although more of it lies at a."""
    rows = [
        unit("BTC", 4.0, 1_000.0, 0.6, 0.05, Venue="a"),
        unit("BTC", 3.0, 1_000.0, None, Venue="b"),
        unit("SOL", 3.0, 1_000.0, 0.3, 0.05, Venue="a"),
    ]
    future = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="b")
    for cells in ({"Target": 0.1}, {"HedgeRatio": 0.5, "Side": "short", "Asset": "SOL"}):
        assert next(iter(sold_units(plan_of(rows, [future | cells])))) == "BTC b"


def test_a_payer_sells_first_where_the_money_is_needed() -> None:
    """A is bought at b: what B sells for it is sold at b, although more of B lies at a."""
    rows = [
        unit("A", 30.0, 100.0, 0.4, 0.05, Venue="b"),
        unit("B", 22.0, 100.0, 0.3, 0.2, Venue="a"),
        unit("B", 15.0, 100.0, None, Venue="b"),
        unit("C", 33.0, 100.0, 0.3, 0.2, Venue="a"),
    ]
    assert sold_units(plan_of(rows)) == {"B b": approx(7.0), "C a": approx(3.0)}


def test_the_weakest_holding_is_sold_first_at_the_venue_of_the_event() -> None:
    """The future is opened at b: B is sold there, although more of it lies at a."""
    rows = [
        unit("B", 20.0, 100.0, 0.35, 0.2, Venue="a", CostBasis=9_000.0),
        unit("B", 15.0, 100.0, None, Venue="b", CostBasis=9_000.0),
        unit("C", 65.0, 100.0, 0.65, 0.2, Venue="a", CostBasis=1_000.0),
    ]
    long = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="b")
    event = {"Scope": "ETH", "Action": "LONG", "Start": DAY, "Level": 0.05}
    plan = plan_of(rows, [long], events=[event], settings={"EventFunding": "weakest"})
    assert sold_units(plan) == {"B b": approx(5.0)}


def test_a_purchase_is_made_where_spot_is_traded_at_the_fee_of_that_venue() -> None:
    """The money lies at futures-only a, beside a row of ETH: it is bought at b, for the fee of b."""
    rows = [
        unit("ETH", 0.1, 1_000.0, 0.5, 0.05, Venue="a"),
        unit("ETH", 0.1, 1_000.0, None, Venue="b"),
        {**stable(800.0, 0.5), "Venue": "a"},
    ]
    venues: list[dict[str, Any]] = [
        {"Venue": "a", "Products": "futures", "SpotFee": 0.01},
        {"Venue": "b", "SpotFee": 0.002},
    ]
    (bought,) = [each for each in plan_of(rows, venues=venues).trades if each.action == "BUY"]
    assert (bought.venue, bought.fee) == ("b", approx(bought.amount * 0.002))
    venues[0]["Products"] = "both"
    (bought,) = [each for each in plan_of(rows, venues=venues).trades if each.action == "BUY"]
    assert (bought.venue, bought.fee) == ("a", approx(bought.amount * 0.01))


# --- futures ---------------------------------------------------------------------------------------------------

OPEN: dict[str, Any] = {"Quantity": 10.0, "EntryPrice": 100.0, "Margin": 100.0}
BTC = spot("BTC", 9_000.0, 0.9, 0.5)


def test_two_accounts_of_a_venue_have_their_own_rows() -> None:
    """One symbol in two accounts is ordinary; twice in one account it is the same row."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="a", Account="main", **OPEN)
    assert len(plan_of([BTC], [row, row | {"Account": "sub"}]).positions) == 2
    with pytest.raises(BookError, match=r'Futures!A3: "ETHUSDT" at a is already in Futures!A2'):
        plan_of([BTC], [row, row | {"Account": "MAIN"}])


def test_both_legs_of_a_cross_account_have_one_liquidation_price() -> None:
    """Long 20 and short 10 of one symbol stand together: one price, below the mark, as that of 10 long would be."""
    both = {"Venue": "binance", "MarginMode": "cross", "EntryPrice": 100.0}
    long = perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=20.0, Margin=300.0, **both)
    short = perpetual("ETHUSDT", "ETH", "short", 100.0, Quantity=10.0, Margin=0.0, **both)
    prices = [each.liquidation_price for each in plan_of([BTC], [long, short]).positions]
    assert prices[0] == prices[1]
    assert prices[0] is not None
    assert 60.0 < prices[0] < 80.0


@pytest.mark.parametrize("legs", [["long"], ["long", "long"], ["long", "short", "short"]])
def test_a_spread_is_of_two_opposite_legs(legs: list[str]) -> None:
    """One leg, two of one side and three legs are refused, whatever letters the name is written in."""
    rows = [
        perpetual(f"ETHUSDT_{place}", "ETH", side, 100.0, Spread="Carry" if place else "carry")
        for place, side in enumerate(legs)
    ]
    with pytest.raises(BookError, match=rf"needs two legs, one long and one short; it has {len(legs)}"):
        plan_of([BTC], rows)


def test_the_target_of_a_spread_is_the_margin_of_both_legs() -> None:
    """90 % of spot and 10 % of a spread are 100 %, whether its Target stands on one leg or on both."""
    legs = [
        perpetual("ETHUSDT", "ETH", "long", 100.0, Spread="carry", Target=0.1),
        perpetual("ETHUSDT_Q", "ETH", "short", 101.0, Spread="Carry", Target=0.1),
    ]
    for second in (0.1, None):
        plan = plan_of([BTC], [legs[0], legs[1] | {"Target": second}])
        assert not any("cannot all be reached" in each for each in plan.warnings)
        assert [each.name for each in plan.spreads] == ["carry"]
    lone = [each | {"Spread": None} for each in legs]
    assert any("cannot all be reached" in each for each in plan_of([BTC], lone).warnings)


def test_a_linear_position_counts_in_the_currency_of_the_book() -> None:
    """In EUR at 0.90: 10 ETH at 110 USDT, entered at 100, are 990 EUR of notional, with 90 of margin and 90 of gain."""
    row = perpetual("ETHUSDT", "ETH", "long", 110.0, **OPEN)
    plan = plan_of([BTC, {**stable(90.0), "Quantity": 100.0, "Price": 0.9}], [row], settings={"Quote": "EUR"})
    (figures,) = plan.positions
    assert (figures.notional, figures.margin, figures.pnl) == (approx(990.0), approx(90.0), approx(90.0))
    assert plan.totals.value == approx(9_000.0 + 90.0 + 180.0)


def test_a_coin_margined_position_counts_at_the_price_of_its_coin() -> None:
    """In EUR: 9,000 USD short at a mark of 100,000, BTC at 90,000 EUR: 8,100 EUR hedged with 0.02 BTC of margin."""
    row = perpetual(
        "BTCUSD", "BTC", "short", 100_000.0, Contract="inverse", Quantity=9_000.0, EntryPrice=100_000.0, Margin=0.02
    )
    rows = [unit("BTC", 0.1, 90_000.0, 0.5, 0.5), spot("ETH", 9_000.0, 0.4, 0.5)]
    (figures,) = plan_of(rows, [row], settings={"Quote": "EUR"}).positions
    assert (figures.notional, figures.margin) == (approx(8_100.0), approx(1_800.0))


def test_margin_is_posted_in_coins_at_their_price() -> None:
    """A hedge of 9,000 EUR with leverage 10: Record posts 900 EUR, which are 0.01 BTC at 90,000 EUR."""
    row = perpetual("BTCUSD", "BTC", "short", 100_000.0, Contract="inverse", HedgeRatio=1.0)
    rows = [unit("BTC", 0.1, 90_000.0, 0.4, 0.5), spot("ETH", 9_000.0, 0.4, 0.01)]
    book = workbook(rows, [row], {"Quote": "EUR"})
    opened = line(actions.rebalance(book), "BTCUSD")
    actions.record(book)
    (position,) = read_book(book).positions
    assert opened.amount > 700.0
    assert position.margin == approx(opened.amount / 90_000.0)
    assert position.quantity == approx(opened.amount * 10.0 / 0.9)


# --- tables ----------------------------------------------------------------------------------------------------


def test_the_kinds_of_cash_flows() -> None:
    """Five kinds, in any letters; out of the book is negative, and another word is refused with its cell."""
    book = workbook([BTC])
    kinds = ["DEPOSIT", "withdrawal", "FUNDING", "Fee", "INCOME"]
    book.tables["CashFlows"] = [["Date", "Kind", "Asset", "Amount", "Venue", "Note"]]
    book.tables["CashFlows"] += [
        [DAY, kind, "USDT", amount, "a", ""] for kind, amount in zip(kinds, (5, -4, -3, -2, 1), strict=True)
    ]
    flows = read_book(book).cash_flows
    assert [each.kind for each in flows] == [kind.upper() for kind in kinds]
    assert [each.amount for each in flows] == [5.0, -4.0, -3.0, -2.0, 1.0]
    book.tables["CashFlows"].append([DAY, "GIFT", "USDT", 1.0, "", ""])
    with pytest.raises(BookError, match=r"CashFlows!B7: .*none of DEPOSIT, WITHDRAWAL, FUNDING, FEE or INCOME"):
        actions.plan(book)


def test_record_appends_one_row_of_fills_for_each_line() -> None:
    """A sale with a known cost and a purchase: day, asset, action, units, price, money, fee, venue and gain of each."""
    rows = [
        unit("BTC", 6.0, 1_000.0, 0.5, 0.05, Venue="a", CostBasis=3_000.0),
        unit("ETH", 40.0, 100.0, 0.5, 0.05, Venue="a"),
        {**stable(0.0), "Venue": "a"},
    ]
    book = workbook(rows, venues=[{"Venue": "a", "SpotFee": 0.001}])
    columns = [column.name for column in FILLS.columns]
    book.tables["Fills"] = [columns]
    plan = actions.rebalance(book)
    actions.record(book)
    done = [dict(zip(columns, row, strict=True)) for row in book.tables["Fills"][1:]]
    names = ["Asset", "Action", "Quantity", "Price", "Amount", "Fee", "Venue", "Realised gain"]
    assert [[each[name] for name in names] for each in done] == [
        [each.asset, each.action, each.quantity, each.price, approx(each.amount), each.fee, "a", each.realised_gain]
        for each in plan.trades
    ]
    assert [each["Date"].date() for each in done] == [DAY, DAY]
    assert [each["Realised gain"] for each in done] == [approx(500.0), None]
    assert read_book(book).fills[0].fee == approx(1.0)


def accounts_of(mode: str | None, trigger: float | None = None) -> list[AccountFigures]:
    """Return the accounts of a book with a cross position of 1,000 and wallets of USDT and USDC at a."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="a", MarginMode="cross", **OPEN)
    book = workbook([BTC], [row])
    book.tables["Venues"] = [["Venue", "AccountMode", "Trigger"], ["a", mode, trigger]]
    columns = ["Venue", "Coin", "Balance", "Price", "Ratio", "Equity", "Maintenance"]
    book.tables["Wallets"] = [
        columns,
        ["a", "USDT", 100.0, 1.0, 1.0, 500.0, 40.0],
        ["a", "USDC", 50.0, 1.0, 0.5, 20.0, 2.0],
    ]
    return list(actions.plan(book).accounts)


def test_the_mode_of_an_account() -> None:
    """Single by default: USDT alone; multi: USDC counts by its ratio; given: the figures that were entered."""
    assert [each.equity for each in accounts_of(None)] == [each.equity for each in accounts_of("single")]
    assert next(each.equity for each in accounts_of("single")) == approx(100.0)
    assert [each.equity for each in accounts_of("multi")] == [approx(125.0)]
    (given,) = accounts_of("given")
    assert (given.equity, given.requirement) == (approx(520.0), approx(42.0))


def test_an_account_is_liquidated_at_its_trigger() -> None:
    """Left blank it is 1; at 1.5 half as much again has to be there, so that a smaller fall liquidates it."""
    alone, same, more = (accounts_of("multi", trigger)[0].fall for trigger in (None, 1.0, 1.5))
    assert alone is not None
    assert more is not None
    assert alone == same
    assert alone < more < 0.0
