"""Rebalance, Record and Check: what is written, what fills do to the book, and what is refused."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.forms import plan_sentences, plan_to_dict
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.walk import carry_out, decide
from tests.book.books import ETH_MARGIN, amounts, example, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx


def column(book: MemoryWorkbook, table: str, name: str) -> dict[Any, Any]:
    """Return a column of a table by the row's first cell."""
    header, *rows = book.tables[table]
    return {row[0]: row[header.index(name)] for row in rows}


def edit(book: MemoryWorkbook, asset: str, **cells: Any) -> None:
    """Change cells of a Plan line."""
    header, *rows = book.tables["Plan"]
    row = next(row for row in rows if row[0] == asset)
    for name, value in cells.items():
        row[header.index(name)] = value


def test_sol_doubled_plan_record_nothing_to_do() -> None:
    """The whole round: the plan of the practical example, its execution, and an empty plan with reasons."""
    book = workbook(example(), [ETH_MARGIN])
    plan = actions.rebalance(book)
    assert amounts(plan)["SOL"] == ("SELL", 1600.0)
    assert book.commits == 1
    actions.record(book)
    assert column(book, "Portfolio", "Quantity") == {"BTC": 0.108, "ETH": 1.8, "SOL": 12.0}
    assert column(book, "Portfolio", "CostBasis") == {"BTC": 5400.0, "ETH": 3600.0, "SOL": 1200.0}
    assert column(book, "Futures", "Quantity") == {"ETHUSDT": 3.0}
    assert column(book, "Futures", "Margin") == {"ETHUSDT": 600.0}
    assert column(book, "Futures", "EntryPrice") == {"ETHUSDT": 2000.0}
    assert book.settings["LastReview"] is None  # a threshold trade is no review
    after = actions.plan(book)
    assert after.nothing_to_do
    assert all(line.reason for line in after.lines)
    assert plan_sentences(after)[1] == "Nothing to do."


def test_rebalance_never_writes_inputs() -> None:
    """Only Plan and Journal change."""
    book = workbook(example(), [ETH_MARGIN])
    before = copy.deepcopy((book.tables["Portfolio"], book.tables["Futures"], book.settings))
    actions.rebalance(book)
    assert (book.tables["Portfolio"], book.tables["Futures"], book.settings) == before


def test_the_journal_tells_plan_and_execution() -> None:
    """One row each, with the trigger and the money."""
    book = workbook(example(), [ETH_MARGIN])
    actions.rebalance(book)
    actions.record(book)
    header, plan, execution = book.tables["Journal"]
    planned, done = dict(zip(header, plan, strict=True)), dict(zip(header, execution, strict=True))
    assert (planned["Entry"], planned["Trigger"], planned["Sold"]) == ("PLAN", "THRESHOLD", 1600.0)
    assert "SOL: weight 33.33 %" in planned["Reason"]
    assert (done["Entry"], done["Sold"], done["Bought"], done["Margin"]) == ("EXECUTION", 1600.0, 1000.0, 600.0)
    assert (done["Trigger"], done["Realised gain"]) == ("THRESHOLD", 800.0)


def test_recording_twice_is_refused() -> None:
    """The Plan table is emptied by Record."""
    book = workbook(example())
    actions.rebalance(book)
    actions.record(book)
    before = copy.deepcopy(book.tables)
    with pytest.raises(BookError, match="nothing to record: press Rebalance first"):
        actions.record(book)
    assert book.tables == before


def test_real_fills_are_recorded_as_edited() -> None:
    """Less was sold, at another price, and a fee was paid: the money that is left is right."""
    rows = [*example((0.5, 0.3, 0.2)), stable(0.0)]
    book = workbook(rows)
    actions.rebalance(book)
    edit(book, "SOL", Quantity=7.0, Price=190.0, Fee=1.5)
    edit(book, "ETH", Quantity=0.0, Amount=0.0)
    edit(book, "BTC", Quantity=0.015, Price=51_000.0)
    done = actions.record(book)
    assert column(book, "Portfolio", "Quantity") == approx(
        {"BTC": 0.115, "ETH": 1.5, "SOL": 13.0, "USDT": 7 * 190 - 1.5 - 0.015 * 51_000}
    )
    assert column(book, "Portfolio", "CostBasis")["SOL"] == approx(1300.0)
    assert column(book, "Portfolio", "CostBasis")["BTC"] == approx(5765.0)
    assert done.journal["Realised gain"] == approx(7 * 190 - 700)
    assert done.journal["Fees"] == 1.5


@pytest.mark.parametrize("asset, table", [("SOL", "Portfolio"), ("BTC", "Portfolio"), ("ETHUSDT", "Futures")])
def test_quantity_0_says_that_a_line_was_not_done(asset: str, table: str) -> None:
    """Neither units, margin nor fee of the line are booked, whatever its Amount still says."""
    book = workbook([*example((0.35, 0.2, 0.1)), stable(4000.0, 0.05)], [ETH_MARGIN])
    actions.rebalance(book)
    before = book.tables[table]
    was = next(list(row) for row in before if row[0] == asset)
    edit(book, asset, Quantity=0.0, Fee=7.0)
    done = actions.record(book)
    assert next(row for row in book.tables[table] if row[0] == asset) == was
    assert done.journal["Fees"] == 0.0
    assert f" {asset} " not in str(done.journal["Reason"])


def test_a_close_and_a_transfer_that_were_not_done_move_nothing() -> None:
    """Quantity 0 leaves position and money where they are, without fees; a transfer moves its quantity."""
    row = perpetual("ETHUSDT", "ETH", "long", 2100.0, Venue="Binance", Quantity=3.0, EntryPrice=2000.0, Margin=600.0)
    rows = [spot("BTC", 1000.0, 0.2, Venue="Bybit"), stable(5000.0, 0.2, Venue="Binance")]
    venues = [{"Venue": "Binance", "FuturesFee": 0.001, "WithdrawalFee": 1.0}, {"Venue": "Bybit"}]
    for sent, left in ((0.0, 4800.0), (250.0, 4749.0)):
        book = workbook(rows, [row | {"Target": 0.0}], venues=venues)
        plan = actions.rebalance(book)
        assert {"CLOSE", "TRANSFER", "BUY"} <= {line.action for line in plan.trades}
        header, *lines = book.tables["Plan"]
        for line in lines:
            if line[1] in ("CLOSE", "TRANSFER"):
                line[header.index("Quantity")] = sent if line[1] == "TRANSFER" else 0.0
        edit(book, "BTC", Quantity=20.0)
        actions.record(book)
        assert column(book, "Futures", "Quantity") == {"ETHUSDT": 3.0}
        header, *lines = book.tables["Portfolio"]
        money = {line[3]: line[header.index("Quantity")] for line in lines if line[0] == "USDT"}
        assert money == approx({"Binance": left} | ({"Bybit": sent - 200.0} if sent > 200.0 else {}))


def test_a_close_without_a_quantity_is_refused() -> None:
    """A blank quantity is not 0: how much was closed is not known."""
    row = perpetual("ETHUSDT", "ETH", "long", 2100.0, Quantity=3.0, EntryPrice=2000.0, Margin=600.0, Target=0.0)
    book = workbook([*example(), stable(0.0)], [row])
    actions.rebalance(book)
    edit(book, "ETHUSDT", Quantity=None)
    with pytest.raises(BookError, match="the line of ETHUSDT has no Quantity"):
        actions.record(book)


@pytest.mark.parametrize(
    "contract, cells, margin",
    [
        ("linear", {}, 600.0),
        ("linear", {"Quantity": 1.5}, 300.0),
        ("linear", {"Quantity": 1.5, "Price": 2100.0}, 315.0),
        ("linear", {"Quantity": 1.5, "Amount": 450.0}, 450.0),
        ("inverse", {"Quantity": 3000.0}, 300.0),
    ],
)
def test_the_margin_of_an_opening_follows_its_fill(contract: str, cells: dict[str, Any], margin: float) -> None:
    """Half of the position was opened, so half of the margin was posted; a margin that was edited is taken as it is."""
    book = workbook(example(), [ETH_MARGIN | {"Contract": contract}])
    actions.rebalance(book)
    edit(book, "ETHUSDT", **cells)
    done = actions.record(book)
    assert done.journal["Margin"] == approx(margin)
    assert column(book, "Futures", "Margin")["ETHUSDT"] == approx(margin / (2000.0 if contract == "inverse" else 1.0))
    assert column(book, "Portfolio", "Quantity").get("USDT", 0.0) == approx(600.0 - margin)


def test_the_journal_names_what_a_close_really_brought() -> None:
    """A third was closed at another price: the Journal's words agree with its figures."""
    row = perpetual("ETHUSDT", "ETH", "long", 2100.0, Quantity=3.0, EntryPrice=2000.0, Margin=600.0, Target=0.0)
    book = workbook([*example(), stable(0.0)], [row])
    actions.rebalance(book)
    for asset in ("SOL", "BTC", "ETH"):
        edit(book, asset, Quantity=0.0)
    edit(book, "ETHUSDT", Quantity=1.0, Price=2050.0)
    done = actions.record(book)
    assert done.journal["Sold"] == approx(250.0)
    assert done.journal["Reason"] == "CLOSE ETHUSDT 250.00"


@pytest.mark.parametrize(
    "asset, cells, message",
    [
        ("SOL", {"Quantity": 21.0}, "21 of SOL sold, but only 20 held"),
        ("BTC", {"Quantity": 1.0}, "the fills spend 49,600.00 more than they bring"),
        ("SOL", {"Asset": "DOGE"}, "DOGE is not in Portfolio"),
        ("SOL", {"Quantity": "all"}, 'Plan!D2: .*the text "all" where a number belongs'),
        ("SOL", {"Action": "SEL"}, 'Plan!B2: .*did you mean "SELL"'),
        ("ETHUSDT", {"Action": "OPEN SHORT"}, "OPEN SHORT does not fit ETHUSDT, which is long"),
        ("ETHUSDT", {"Action": "CLOSE"}, "3 of ETHUSDT closed, but only 0 open"),
        ("ETHUSDT", {"Asset": "ETHUSD"}, "ETHUSD is not in Futures"),
    ],
)
def test_impossible_fills_are_refused_and_nothing_is_written(asset: str, cells: dict[str, Any], message: str) -> None:
    """The refusal names the Plan line; the book stays as it was."""
    book = workbook(example(), [ETH_MARGIN])
    actions.rebalance(book)
    edit(book, asset, **cells)
    before = copy.deepcopy((book.tables, book.settings))
    with pytest.raises(BookError, match=message):
        actions.record(book)
    assert (book.tables, book.settings) == before


def test_no_date_no_writing() -> None:
    """Without AsOf and clock nothing is dated, so nothing is written."""
    book = workbook(example(), settings={"AsOf": None})
    with pytest.raises(BookError, match="fill in the setting AsOf"):
        actions.rebalance(book)
    assert book.writes == 0
    actions.rebalance(book, today=dt.date(2026, 10, 1))
    assert book.tables["Journal"][1][0] == dt.datetime(2026, 10, 1)


LOTS = [
    {"Asset": "SOL", "Date": dt.date(2025, 1, 1), "Quantity": 5.0, "Price": 50.0},
    {"Asset": "SOL", "Date": dt.date(2025, 6, 1), "Quantity": 10.0, "Price": 150.0},
    {"Asset": "SOL", "Date": dt.date(2026, 1, 1), "Quantity": 5.0, "Price": 100.0},
]


@pytest.mark.parametrize(
    "method, gain, left",
    [
        ("FIFO", 5 * 150 + 3 * 50, [(0.0, 50.0), (7.0, 150.0), (5.0, 100.0)]),
        ("LIFO", 5 * 100 + 3 * 50, [(5.0, 50.0), (7.0, 150.0), (0.0, 100.0)]),
        ("HIFO", 8 * 50, [(5.0, 50.0), (2.0, 150.0), (5.0, 100.0)]),
        ("AVERAGE", 8 * (200 - 112.5), [(3.0, 50.0), (6.0, 150.0), (3.0, 100.0)]),
    ],
)
def test_lots_give_the_gain_and_leave_the_table(method: str, gain: float, left: list[tuple[float, float]]) -> None:
    """Eight of twenty SOL are sold by the method set; the purchase of ETH becomes a lot of its own."""
    lots = [*LOTS, {"Asset": "ETH", "Date": dt.date(2025, 1, 1), "Quantity": 1.5, "Price": 2000.0}]
    book = workbook(example((0.5, 0.3, 0.2)), settings={"LotMethod": method}, lots=lots)
    plan = actions.rebalance(book)
    assert next(line for line in plan.lines if line.asset == "SOL").realised_gain == approx(gain)
    done = actions.record(book)
    changed = [place for place, (units, _) in enumerate(left) if units != LOTS[place]["Quantity"]]
    assert [row for name, row, _ in done.cells if name == "Lots"] == changed  # the others are not written at all
    sol = [(row[2], row[3]) for row in book.tables["Lots"][1:] if row[0] == "SOL"]
    eth = [(row[1], row[2], row[3]) for row in book.tables["Lots"][1:] if row[0] == "ETH"]
    assert [units for units, _ in sol] == approx([units for units, _ in left])
    assert [price for _, price in sol] == [price for _, price in left]
    assert eth[1] == (dt.datetime(2026, 9, 30), approx(0.3), approx(2000.0))
    assert [row for row in book.tables["Lots"][1:] if row[0] == "BTC"] == []


@pytest.mark.parametrize("method", ["FIFO", "LIFO", "HIFO", "AVERAGE"])
def test_a_sale_filled_in_parts_takes_each_lot_once(method: str) -> None:
    """A fill written as two lines realises the gain and leaves the cost basis of one line."""

    def recorded(parts: list[float]) -> tuple[Any, Any]:
        book = workbook([*example((0.5, 0.3, 0.2)), stable(0.0)], settings={"LotMethod": method}, lots=LOTS)
        actions.rebalance(book)
        header, *lines = book.tables["Plan"]
        sale = next(line for line in lines if line[:2] == ["SOL", "SELL"])
        fills = [
            [part if name == "Quantity" else cell for name, cell in zip(header, sale, strict=True)] for part in parts
        ]
        book.tables["Plan"] = [header, *fills]
        done = actions.record(book)
        return done.journal["Realised gain"], column(book, "Portfolio", "CostBasis")["SOL"]

    assert recorded([5.0, 3.0]) == approx(recorded([8.0]))


def test_lots_that_do_not_add_up_are_said_and_not_used() -> None:
    """The gain then comes from the average cost."""
    plan = plan_of(example(), lots=LOTS[:2])
    assert next(line for line in plan.lines if line.asset == "SOL").realised_gain == approx(800.0)
    assert any("the Lots of SOL sum to 15, but 20 are held" in warning for warning in plan.warnings)


def test_no_cost_no_gain() -> None:
    """Without cost basis or lots the gain is not known, which is not 0."""
    plan = plan_of([spot("BTC", 60.0, 0.5), spot("ETH", 40.0, 0.5)])
    assert next(line for line in plan.lines if line.asset == "BTC").realised_gain is None


def test_adding_to_a_position_averages_its_entry() -> None:
    """2 ETH entered at 1,000 and 4 more at 2,000 have an entry of 1,666.67."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 2000.0, Quantity=2.0, EntryPrice=1000.0, Margin=200.0, Target=0.08, Leverage=10.0
    )
    book = workbook([*example((0.4, 0.25, 0.2)), stable(0.0)], [row])
    plan = actions.rebalance(book)
    added = next(line for line in plan.lines if line.asset == "ETHUSDT")
    actions.record(book)
    quantity = 2.0 + (added.quantity or 0.0)
    assert column(book, "Futures", "Quantity")["ETHUSDT"] == approx(quantity)
    assert column(book, "Futures", "EntryPrice")["ETHUSDT"] == approx(
        (2 * 1000 + (added.quantity or 0.0) * 2000) / quantity
    )
    assert column(book, "Futures", "Margin")["ETHUSDT"] == approx(200.0 + added.amount)


def test_closing_brings_margin_and_profit_back() -> None:
    """A closed long leaves a row without quantity and margin; its equity is in stablecoins or spent."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 2100.0, Quantity=3.0, EntryPrice=2000.0, Margin=600.0, Target=0.0, Leverage=10.0
    )
    book = workbook([spot("BTC", 9100.0, 0.91, 0.05), stable(0.0)], [row])
    actions.rebalance(book)
    actions.record(book)
    assert column(book, "Futures", "Quantity")["ETHUSDT"] == 0.0
    assert column(book, "Futures", "Margin")["ETHUSDT"] == 0.0
    assert column(book, "Portfolio", "Quantity")["USDT"] == approx(900.0)


def test_a_transfer_moves_money_between_the_venues() -> None:
    """The stablecoins of each venue end where the plan says."""
    rows = [
        spot("BTC", 3000.0, 0.5, 0.05, Venue="Binance"),
        {**stable(1000.0, 0.10), "Venue": "Binance"},
        {**stable(6000.0, 0.40), "Asset": "USDC", "Venue": "Bybit"},
    ]
    book = workbook(rows, venues=[{"Venue": "Binance"}, {"Venue": "Bybit", "WithdrawalFee": 1.0}])
    plan = actions.rebalance(book)
    assert amounts(plan)["BTC"][1] == approx(2000.0, abs=1.5)
    actions.record(book)
    after = column(book, "Portfolio", "Quantity")
    assert after["USDT"] == approx(1000.0, abs=1.5)
    assert sum(after[asset] for asset in ("USDT", "USDC")) == approx(7000.0 - amounts(plan)["BTC"][1] - 1.0)


def test_json_has_every_part_of_the_plan() -> None:
    """The JSON form is valid JSON; infinite prices read NEVER, dates are ISO."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 2000.0, Venue="Binance", Quantity=1.0, EntryPrice=2000.0, Margin=2000.0, Leverage=1.0
    )
    data = json.loads(json.dumps(plan_to_dict(plan_of(example((0.4, 0.2, 0.2)), [row])), allow_nan=False))
    assert data["as_of"] == "2026-09-30"
    assert data["trigger"]["kind"] == "THRESHOLD"
    assert data["positions"][0]["liquidation_price"] == "NEVER"
    assert data["totals"]["check"] == 0.0
    assert {line["action"] for line in data["lines"]} >= {"SELL", "BUY"}
    assert {"asset", "amount", "quantity", "price", "fee", "weight_before", "weight_after", "reason"} <= data["lines"][
        0
    ].keys()


def test_sentences_tell_the_plan_in_words() -> None:
    """The plain form names every trade with its reason, the money and what is missing."""
    sentences = plan_sentences(plan_of(example((0.45, 0.35, 0.2)), settings={"FuturesShare": 0.3}))
    assert sentences[0].startswith("Trigger THRESHOLD: ")
    assert any(
        sentence.startswith("SELL SOL 1,600.00 (8 at 200), 33.33 % to 20.00 %, realised gain 800.00:")
        for sentence in sentences
    )
    assert any(sentence.startswith("Sold 1,600.00 + cash used 0.00 = bought 1,120.00") for sentence in sentences)
    assert any("difference 0.00" in sentence for sentence in sentences)
    why = "the money went to BTC; FuturesShare 30.00 % keeps 480.00 of the proceeds for margin"
    assert f"Not placed: ETH 480.00: {why}." in sentences


@pytest.mark.parametrize("eth", [4_000.0, 0.0])
def test_a_row_that_keeps_its_value_beside_a_price_is_traded_in_money(eth: float) -> None:
    """Without a Quantity, what is bought adds to the Value of its row, and the book then plans to nothing."""
    names = ["Asset", "Price", "Value", "Target", "Band"]
    rows = [["BTC", 100.0, 10_000.0 - eth, 0.5, 0.05], ["ETH", 10.0, eth, 0.5, 0.05]]
    tables = {"Portfolio": [names, *rows]} | {name: workbook([]).tables[name] for name in ("Plan", "Journal")}
    book = MemoryWorkbook(tables, {"AsOf": dt.date(2026, 9, 30)})
    read = read_book(book)
    walked = carry_out(read, decide(read))
    actions.rebalance(book)
    actions.record(book)
    assert column(book, "Portfolio", "Value") == approx({"BTC": 5_000.0, "ETH": 5_000.0})
    assert [row.value for row in walked.holdings] == approx([5_000.0, 5_000.0])
    assert actions.plan(book).nothing_to_do


def test_an_edited_quantity_of_a_row_that_keeps_its_value_adds_to_it() -> None:
    """90 ETH at 11 were bought beside a Value of 4,000: 4,990 are held after it, and not 990."""
    rows = [["BTC", 100.0, 6_000.0, 0.5, 0.05], ["ETH", 10.0, 4_000.0, 0.5, 0.05]]
    tables = {"Portfolio": [["Asset", "Price", "Value", "Target", "Band"], *rows]}
    tables |= {name: workbook([]).tables[name] for name in ("Plan", "Journal")}
    book = MemoryWorkbook(tables, {"AsOf": dt.date(2026, 9, 30)})
    actions.rebalance(book)
    edit(book, "ETH", Quantity=90.0, Price=11.0)
    actions.record(book)
    assert column(book, "Portfolio", "Value")["ETH"] == approx(4_990.0)


@pytest.mark.parametrize("held, cost", [(0.0, 5_000.0), (1_000.0, None)])
def test_a_purchase_is_a_cost_where_nothing_of_unknown_cost_is_held(held: float, cost: float | None) -> None:
    """CostBasis is blank: the first purchase is all the cost there is, one beside unknown costs tells nothing."""
    book = workbook([spot("BTC", 10_000.0 - held, 0.5), spot("ETH", held, 0.5)])
    actions.rebalance(book)
    actions.record(book)
    assert column(book, "Portfolio", "CostBasis")["ETH"] == cost


def test_the_walk_leaves_the_costs_that_record_leaves() -> None:
    """From book to book or by fills, 40 % of SOL take 40 % of its cost along, and ETH costs what was bought more."""
    book = workbook(example((0.5, 0.3, 0.2)))
    read = read_book(book)
    walked = carry_out(read, decide(read))
    actions.rebalance(book)
    actions.record(book)
    costs = column(book, "Portfolio", "CostBasis")
    assert costs["SOL"] == approx(1_200.0)
    assert {row.asset: row.cost_basis for row in walked.holdings} == approx(costs)


def test_a_book_of_values_is_recorded_in_values() -> None:
    """Without quantities the Value column itself is written."""
    book = MemoryWorkbook(
        {
            "Portfolio": [["Asset", "Value", "Target"], ["BTC", 60.0, 0.5], ["ETH", 40.0, 0.5]],
            "Plan": workbook([]).tables["Plan"],
            "Journal": workbook([]).tables["Journal"],
        },
        {"AsOf": dt.date(2026, 9, 30)},
    )
    actions.rebalance(book)
    actions.record(book)
    assert column(book, "Portfolio", "Value") == approx({"BTC": 50.0, "ETH": 50.0})
    assert actions.plan(book).nothing_to_do
