"""Books that are wrong: a clear message that names the cell and the right spelling, and no partial write."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import ERROR, NOTE, WARNING, BookError
from rebalance_xl.cells import NA
from tests.book.books import ETH_MARGIN, example, perpetual, plan_of, spot, stable, workbook


def practical() -> MemoryWorkbook:
    return workbook(example(), [ETH_MARGIN], {"TrimTo": "target", "ReviewFrequency": "monthly"})


def put(table: str, row: int, column: str, value: Any) -> Callable[[MemoryWorkbook], None]:
    """Return a change of one cell; row 1 is the first data row."""

    def change(book: MemoryWorkbook) -> None:
        rows = book.tables[table]
        rows[row][rows[0].index(column)] = value

    return change


def rename_table(old: str, new: str) -> Callable[[MemoryWorkbook], None]:
    def change(book: MemoryWorkbook) -> None:
        book.tables[new] = book.tables.pop(old)

    return change


def rename_column(table: str, old: str, new: str) -> Callable[[MemoryWorkbook], None]:
    def change(book: MemoryWorkbook) -> None:
        header = book.tables[table][0]
        header[header.index(old)] = new

    return change


def setting(name: str, value: Any) -> Callable[[MemoryWorkbook], None]:
    def change(book: MemoryWorkbook) -> None:
        book.settings[name] = value

    return change


def drop(table: str) -> Callable[[MemoryWorkbook], None]:
    def change(book: MemoryWorkbook) -> None:
        del book.tables[table]

    return change


def add_row(table: str, **cells: Any) -> Callable[[MemoryWorkbook], None]:
    def change(book: MemoryWorkbook) -> None:
        book.tables[table].append([cells.get(str(header)) for header in book.tables[table][0]])

    return change


BROKEN = [
    pytest.param(
        rename_table("Portfolio", "Portfolo"), 'the table "Portfolo" is not one of the model; did you mean "Portfolio"?'
    ),
    pytest.param(rename_table("Portfolio", "MyCoins"), 'the table "MyCoins".*did you mean "Portfolio"'),
    pytest.param(rename_table("Futures", "Future"), 'the table "Future".*did you mean "Futures"'),
    pytest.param(drop("Portfolio"), "no table Portfolio; its tables: Futures, Journal, Plan"),
    pytest.param(drop("Plan"), "no table Plan"),
    pytest.param(drop("Journal"), "no table Journal"),
    pytest.param(
        rename_column("Portfolio", "Target", "Targt"), 'Portfolio!H1: .*column "Targt".*did you mean "Target"'
    ),
    pytest.param(rename_column("Portfolio", "CostBasis", "Cost basis"), 'did you mean "CostBasis"'),
    pytest.param(rename_column("Portfolio", "Asset", "Coin"), "table Portfolio needs the column Asset"),
    pytest.param(rename_column("Plan", "Reason", "Reasons"), 'did you mean "Reason"'),
    pytest.param(put("Portfolio", 3, "Price", None), "Portfolio!F4: the Price of SOL is blank"),
    pytest.param(put("Portfolio", 3, "Asset", "btc"), 'Portfolio!A4: "btc" is already in Portfolio!A2'),
    pytest.param(put("Portfolio", 1, "Target", 0.7), r"the targets sum to 1.2 \(120.0%\).*more than 1"),
    pytest.param(
        lambda book: [put("Portfolio", row, "Target", 100 / 3)(book) for row in (1, 2, 3)],
        "targets sum to 100.05: enter fractions, 0.5",
    ),
    pytest.param(put("Portfolio", 2, "Quantity", -1.0), "Portfolio!E3: .*holds -1; it cannot be negative"),
    pytest.param(put("Portfolio", 2, "Quantity", "1.5"), 'Portfolio!E3: .*the text "1.5" where a number belongs'),
    pytest.param(put("Portfolio", 2, "Quantity", "lots"), 'Portfolio!E3: .*the text "lots" where a number belongs'),
    pytest.param(put("Portfolio", 2, "Price", 0.0), "Portfolio!F3: .*of ETH holds 0; it must be above 0"),
    pytest.param(put("Portfolio", 2, "Price", NA), "Portfolio!F3: .*holds the error #N/A"),
    pytest.param(put("Portfolio", 2, "Price", True), "Portfolio!F3: .*holds TRUE where a number belongs"),
    pytest.param(put("Portfolio", 2, "Kind", "stabel"), 'Portfolio!C3: .*"stabel".*did you mean "stable"'),
    pytest.param(put("Portfolio", 2, "Locked", "maybe"), "Portfolio!K3: .*where yes or no belongs"),
    pytest.param(put("Portfolio", 2, "Asset", None), "Portfolio!A3: .*is blank in a row with figures"),
    pytest.param(put("Portfolio", 2, "Target", -0.1), "Portfolio!H3: .*cannot be negative"),
    pytest.param(
        put("Portfolio", 2, "Band", 5.0), r"Portfolio!A3: the Band of ETH is 5; a band is a fraction \(0.05\)"
    ),
    pytest.param(put("Futures", 1, "Side", "lnog"), 'Futures!D2: .*"lnog".*did you mean "long"'),
    pytest.param(put("Futures", 1, "Side", None), "Futures!D2: the Side of ETHUSDT is blank"),
    pytest.param(put("Futures", 1, "Leverage", 0.5), "Leverage of ETHUSDT is 0.5; it is 1 or more"),
    pytest.param(put("Futures", 1, "Quantity", 1.0), "ETHUSDT is open, but its EntryPrice is blank"),
    pytest.param(put("Futures", 1, "HedgeRatio", 0.3), "has a HedgeRatio, but its Side is long"),
    pytest.param(put("Futures", 1, "Expiry", "soon"), 'the text "soon" where a date belongs'),
    pytest.param(setting("TrimTo", "midpiont"), 'TrimTo: .*"midpiont".*did you mean "midpoint"'),
    pytest.param(setting("TrimTo", 2.0), "a share of the band lies between 0 and 1"),
    pytest.param(setting("ReviewFrequency", "montly"), 'did you mean "monthly"'),
    pytest.param(setting("FuturesShare", 30.0), "FuturesShare is 30; a share lies between 0 and 1"),
    pytest.param(setting("BandKnd", "relative"), 'the name "BandKnd" is no setting; did you mean "BandKind"'),
    pytest.param(
        lambda book: [setting("ReserveMin", 0.3)(book), setting("ReserveMax", 0.2)(book)],
        r"ReserveMin \(0.3\) is above ReserveMax",
    ),
    pytest.param(
        lambda book: [put("Portfolio", row, "Quantity", 0.0)(book) for row in (1, 2, 3)],
        "worth 0.00: there are no weights",
    ),
    pytest.param(lambda book: book.tables["Portfolio"].__delitem__(slice(1, None)), "Portfolio has no holdings"),
]


@pytest.mark.parametrize("breaks, message", BROKEN)
def test_a_broken_book_is_refused_in_words_and_left_alone(
    breaks: Callable[[MemoryWorkbook], Any], message: str
) -> None:
    """Rebalance refuses with the cell and what would be right; nothing was written."""
    book = practical()
    breaks(book)
    before = copy.deepcopy((book.tables, book.settings))
    with pytest.raises(BookError, match=message):
        actions.rebalance(book)
    assert (book.tables, book.settings) == before
    assert (book.writes, book.commits) == (0, 0)


@pytest.mark.parametrize("breaks, message", BROKEN)
def test_check_lists_what_rebalance_refuses(breaks: Callable[[MemoryWorkbook], Any], message: str) -> None:
    """Check finds the same problems, errors first, and raises nothing."""
    book = practical()
    breaks(book)
    problems = actions.check(book)
    assert problems
    severities = [problem.severity for problem in problems]
    assert severities == sorted(severities, key=[ERROR, WARNING, NOTE].index)
    if "no table Plan" not in message and "no table Journal" not in message and "Reason" not in message:
        assert severities[0] == ERROR


def test_every_problem_is_named_at_once() -> None:
    """One refusal lists all errors, not only the first."""
    book = practical()
    put("Portfolio", 1, "Price", None)(book)
    put("Portfolio", 2, "Quantity", "x")(book)
    put("Futures", 1, "Side", "up")(book)
    with pytest.raises(BookError) as refusal:
        actions.rebalance(book)
    assert [problem.where for problem in refusal.value.problems] == ["Portfolio!E3", "Futures!D2", "Portfolio!F2"]


def test_a_locked_overweight_asset_is_said_and_not_sold() -> None:
    """What cannot be trimmed is unresolved; what it would have paid for is not bought."""
    rows = example()
    rows[2]["Locked"] = "yes"
    rows[0]["Target"], rows[1]["Target"] = 0.55, 0.25
    plan = plan_of(rows)
    assert plan.nothing_to_do
    sol = next(line for line in plan.lines if line.asset == "SOL")
    assert "locked, so 1,600.00 over the limit stays" in sol.reason
    assert ("SOL", 1600.0) in [(each.asset, round(each.amount, 2)) for each in plan.unresolved]
    assert "there is no money to deploy" in next(line for line in plan.lines if line.asset == "BTC").reason


def test_a_locked_overweight_asset_is_said_without_a_trigger_as_well() -> None:
    """It triggers nothing, so plan and check warn."""
    rows = [spot("BTC", 7000.0, 0.60, 0.05, Locked="yes"), spot("ETH", 3000.0, 0.35, 0.05)]
    plan = plan_of(rows)
    message = (
        "BTC is locked and cannot be trimmed: weight 70.00 % is 10.00 points above the target of 60.00 %, "
        "beyond the band of 5.00 points"
    )
    assert plan.trigger.kind == "NONE"
    assert message in plan.warnings
    assert ("Portfolio!A2", message) in [(each.where, each.message) for each in actions.check(workbook(rows))]


def test_missing_tables_and_columns_are_said_once() -> None:
    """What the workbook lacks is not used, and one note says so."""
    book = MemoryWorkbook({"Portfolio": [["Asset", "Value", "Target"], ["BTC", 60.0, 0.5], ["ETH", 40.0, 0.5]]})
    notes = [str(problem) for problem in read_book(book).problems if problem.severity == NOTE]
    assert notes == [
        "tables not in the workbook and not used: Futures, Events, Venues, MarginTiers, Wallets, "
        "CollateralTiers, Prices, Lots, Plan, Journal, Fills, CashFlows",
        "Portfolio: columns not in the table and not used: Sector, Kind, Venue, CostBasis, Band, Priority, Locked",
    ]


def test_a_book_of_values_only_is_planned_in_money() -> None:
    """Asset, Value and Target are enough: amounts without quantities."""
    book = MemoryWorkbook({"Portfolio": [["Asset", "Value", "Target"], ["BTC", 60.0, 0.5], ["ETH", 40.0, 0.5]]})
    plan = actions.plan(book)
    assert [(line.asset, line.action, round(line.amount, 9), line.quantity) for line in plan.trades] == [
        ("BTC", "SELL", 10.0, None),
        ("ETH", "BUY", 10.0, None),
    ]


def test_value_that_contradicts_quantity_times_price_is_a_warning() -> None:
    """A stale Value is not trusted: the plan uses Quantity x Price and says so."""
    book = MemoryWorkbook(
        {
            "Portfolio": [
                ["Asset", "Quantity", "Price", "Value", "Target"],
                ["BTC", 1.0, 60.0, 50.0, 0.5],
                ["ETH", 1.0, 40.0, 40.0, 0.5],
            ]
        }
    )
    found = read_book(book)
    assert found.holdings[0].value == 60.0
    assert [problem.where for problem in found.problems if problem.severity == WARNING] == ["Portfolio!D2"]


def test_extra_tables_columns_and_names_are_left_alone() -> None:
    """What has nothing to do with the model is no problem."""
    book = practical()
    book.tables["Expenses"] = [["What", "How much"], ["Tea", 3.0]]
    for row, extra in zip(book.tables["Portfolio"], ["My notes", "a", "b", "c"], strict=True):
        row.append(extra)
    book.settings["TaxRate"] = 0.25
    assert [problem for problem in read_book(book).problems if problem.severity == ERROR] == []


def test_unknown_venue_with_a_similar_name_is_an_error() -> None:
    """A venue that Venues does not list is a slip of the pen or a warning."""
    rows = [spot("BTC", 60.0, 0.5, Venue="Binanse"), stable(40.0, Venue="Bitvavo")]
    found = read_book(workbook(rows, venues=[{"Venue": "Binance"}])).problems
    told = {problem.severity: problem.message for problem in found if "venue" in problem.message}
    assert 'did you mean "Binance"' in told[ERROR]
    assert '"Bitvavo"' in told[WARNING]


def test_a_row_without_price_that_holds_nothing_is_held_with_its_reason() -> None:
    """No price and nothing held: the book is planned, the row is not bought."""
    rows = example((0.4, 0.3, 0.2))
    rows.append({"Asset": "NEW", "Quantity": 0.0, "Price": None, "Target": 0.1})
    plan = plan_of(rows)
    new = next(line for line in plan.lines if line.asset == "NEW")
    assert new.action == "HOLD"
    assert new.reason.endswith("needs 1,200.00: no price")


def test_a_blank_price_without_a_position_row_is_only_said_for_that_row() -> None:
    """A Futures row that is wanted needs a mark, open or not."""
    row = perpetual("BTCUSDT", "BTC", "long", 50_000.0, Target=0.05)
    row["MarkPrice"] = None
    messages = [str(problem) for problem in read_book(workbook(example(), [row])).problems]
    assert "Futures!I2: the MarkPrice of BTCUSDT is blank" in messages


@pytest.mark.parametrize("fee, severity", [(0.001, None), (0.1, WARNING), (0.6, ERROR)])
def test_a_fee_in_percent_is_noticed(fee: float, severity: str | None) -> None:
    """0.1 for 0.1 % is a slip that costs a hundred times the fee."""
    rows = [spot("BTC", 60.0, 0.5, Venue="Binance"), stable(40.0)]
    found = read_book(workbook(rows, venues=[{"Venue": "Binance", "SpotFee": fee}])).problems
    assert [each.severity for each in found if "SpotFee" in each.message] == ([severity] if severity else [])


def test_money_that_is_not_marked_as_stable_is_noticed() -> None:
    """USDT that its row calls spot is no reserve."""
    row = stable(40.0) | {"Kind": "spot"}
    found = read_book(workbook([spot("BTC", 60.0, 0.5), row])).problems
    assert any('USDT looks like money: give it the Kind "stable"' in each.message for each in found)
