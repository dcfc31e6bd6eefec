"""Tables of tiers: what is read, what is refused and why, where names are found, how old tables are."""

from __future__ import annotations

import csv
import datetime as dt
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.tier_choice import read_tier_choice
from rebalance_xl.functions.tier_files import PackedTables
from rebalance_xl.functions.tier_reading import TierError, read_tier_rows
from rebalance_xl.functions.tier_tables import (
    age_in_days,
    read_margin_tiers,
    shipped_tables,
    tier_tables,
    workbook_tables,
)
from rebalance_xl.functions.tiers import TierTable, position_max_leverage, position_requirement

GOOD = [[0, 50_000, 100, 0.005, 0], [50_000, 400_000, 75, 0.0065, 75], [400_000, None, 50, 0.01, 1_475]]
HEADER = ["Floor", "Cap", "MaxLeverage", "Rate", "Amount"]
BOOK_HEADER = ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit", "AsOf", "Source"]


def changed(row: int, column: int, value: Any) -> list[list[Any]]:
    """Return the good table with one cell changed."""
    rows = [list(each) for each in GOOD]
    rows[row][column] = value
    return rows


def test_continuous_table_is_read() -> None:
    """A header and trailing blank rows are ignored; a blank cap in the last row has no end."""
    table = read_tier_rows([HEADER, *GOOD, [None] * 5, ["", None, None, None, None]])
    assert [tier.amount for tier in table.rows] == [0.0, 75.0, 1_475.0]
    assert table.continuous
    assert table.largest == float("inf")


def test_table_without_amounts_is_stepped() -> None:
    """Blank amounts mean that the whole position pays the rate of its tier."""
    assert read_tier_rows([row[:4] for row in GOOD]).is_stepped
    assert read_tier_rows([[*row[:4], None] for row in GOOD]).is_stepped


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "have no rows"),
        ([[1, 2, 3]], "have 3 columns"),
        (changed(1, 0, 60_000), "row 2 of the tiers begins at 60000 and leaves a gap"),
        (changed(1, 0, 40_000), "begins at 40000 and overlaps the row before it"),
        ([GOOD[0], [400_000, 500_000, 50, 0.01, 2_000], GOOD[1]], "leaves a gap"),
        ([GOOD[1], GOOD[0], GOOD[2]], "begin at 50000; the first floor must be 0"),
        ([[0, 10, 9, 0.1], [20, 30, 7, 0.2], [10, 20, 8, 0.15]], "leaves a gap"),
        ([[0, 20, 9, 0.1], [20, 30, 7, 0.2], [10, 20, 8, 0.15]], "below the row before it: sort by floor"),
        (changed(0, 1, -5), "cap of row 1 of the tiers is -5"),
        (changed(1, 3, 0.65), "rate of row 3 of the tiers is 0.01, below 0.65"),
        (changed(0, 3, 5), "fractions are meant, not percents"),
        (changed(1, 3, -0.01), "rate of row 2 of the tiers is -0.01"),
        (changed(1, 4, 80), "amount of row 2 of the tiers is 80, but continuity with the row before it needs 75"),
        (
            [[0, 50_000, 100, 0.005, 50], [50_000, None, 75, 0.0065, 125]],
            "amount of row 1 of the tiers is 50; the first tier begins at 0 and takes 0 off",
        ),
        (changed(1, 4, None), "amount of row 2 of the tiers is blank while others are given"),
        (changed(1, 2, 200), "max leverage of row 2 of the tiers is 200, above 100"),
        (changed(1, 2, 0), "max leverage of row 2 of the tiers is 0"),
        (changed(1, 3, None), "rate of row 2 of the tiers is blank"),
        (changed(0, 1, None), "cap of row 1 of the tiers is blank"),
        (changed(1, 3, "0.65 %"), 'rate of row 2 of the tiers is "0.65 %"; allowed is a number'),
        (changed(1, 3, CellError("#REF!")), "rate of row 2 of the tiers is #REF!"),
        (changed(1, 3, True), "rate of row 2 of the tiers is TRUE"),
    ],
)
def test_wrong_table_is_refused_with_its_row(rows: list[list[Any]], words: str) -> None:
    """Unsorted, gapped, overlapping, discontinuous or odd rows are named."""
    with pytest.raises(TierError) as caught:
        read_tier_rows(rows)
    assert words in str(caught.value)


@pytest.mark.parametrize("rows", [changed(1, 0, 60_000), changed(1, 4, 80), [GOOD[1], GOOD[0], GOOD[2]]])
@pytest.mark.parametrize(
    "call",
    [
        lambda rows: FUNCTIONS["MAINTENANCE_MARGIN"].call(1_000, rows),
        lambda rows: FUNCTIONS["MAX_LEVERAGE"].call([[1_000], [2_000]], rows)[1][0],
        lambda rows: FUNCTIONS["LIQUIDATION_PRICE"].call("long", 1, 100, 10, rows),
        lambda rows: FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call([["long"]] * 20, 1, 100, 10, rows)[19][0],
    ],
)
def test_wrong_table_is_num_in_a_cell(call: Any, rows: list[list[Any]]) -> None:
    """In a cell a table that cannot be right is #NUM! with the reason."""
    answer = call(rows)
    assert answer.code == "#NUM!"
    assert "of the tiers" in answer.reason or "the tiers begin" in answer.reason


@pytest.mark.parametrize(
    ("row", "column", "cell", "code"),
    [
        (1, 3, CellError("#REF!"), "#REF!"),
        (2, 0, CellError("#N/A"), "#N/A"),
        (1, 3, "0.65 %", "#VALUE!"),
        (1, 4, True, "#VALUE!"),
        (1, 3, None, "#N/A"),
        (0, 1, "", "#N/A"),
        (1, 3, 5, "#NUM!"),
    ],
)
def test_odd_cell_in_a_table_is_its_error(row: int, column: int, cell: Any, code: str) -> None:
    """An error among the tiers is the answer, a text #VALUE!, a blank #N/A: given as rows or by name."""
    rows = changed(row, column, cell)
    for answer in (
        FUNCTIONS["MAINTENANCE_MARGIN"].call(1_000, rows),
        FUNCTIONS["LIQUIDATION_PRICE"].call("long", 1, 100, 10, rows),
        FUNCTIONS["MAINTENANCE_MARGIN"].call(1_000, "a:b", book(*(["a", "b", *each] for each in rows))),
    ):
        assert answer.code == code
        assert f"of row {row + 1} of " in answer.reason


def test_too_many_columns_of_tiers_are_a_wrong_shape() -> None:
    """Rows of six columns are no tiers."""
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call(1_000, [[*row, 1] for row in GOOD]).code == "#VALUE!"


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("header", [[], ["Rate"]])
def test_row_of_rates_has_one_for_each_position(count: int, header: list[str]) -> None:
    """Positions side by side have rates side by side, which are not taken for the columns of one tier."""
    rates = [0.01 * (position + 1) for position in range(count)]
    notionals = [[*(["Notional"] if header else []), *([1_000.0] * count)]]
    answer = FUNCTIONS["MAINTENANCE_MARGIN"].call(notionals, [[*header, *rates]])
    assert answer == [[1_000.0 * rate for rate in rates]]


@pytest.mark.parametrize("row", [[0, 0.5, None, 0.01], [0, 0.5, 100, 0.01, 0], [0.25, 0.5, "", 0.01, 0.0]])
def test_single_tier_in_coin_stays_one_tier(row: list[Any]) -> None:
    """A tier whose limits are fractions of a coin is told from rates by its maximum leverage."""
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call([[0.3], [0.4]], [row]) == [[0.3 * 0.01], [0.4 * 0.01]]


@pytest.mark.parametrize(
    ("choice", "code", "words"),
    [
        (None, "#N/A", "blank"),
        ("", "#N/A", "blank"),
        ("BTCUSDT", "#VALUE!", 'a name ("binance:BTCUSDT")'),
        ("0.005", "#VALUE!", "allowed is a rate"),
        (True, "#VALUE!", "tiers is TRUE"),
        (-0.1, "#NUM!", "allowed is a rate from 0"),
        (0.5 * 100, "#NUM!", "fractions are meant"),
        (CellError("#REF!"), "#REF!", ""),
        ("kraken:BTCUSD", "#N/A", "there are tables of binance, bingx, bitget, bybit, gate"),
        ("binance:BTCUSD", "#N/A", 'the nearest is "binance:BTCUSDT"'),
        ("weex:TRBUSDT", "#N/A", "counts contracts without saying how large one is"),
    ],
)
def test_choice_that_cannot_be_used(choice: Any, code: str, words: str) -> None:
    """Each wrong choice has its error and reason, for one position and in a column."""
    call = FUNCTIONS["LIQUIDATION_PRICE"].call
    answer = call("long", 1, 50_000, 10, choice)
    assert (answer.code, words in answer.reason) == (code, True), answer.reason
    column = call([["long"]] * 20, 1, 50_000, 10, [[0.005]] * 19 + [[choice]])
    assert column[0][0] == call("long", 1, 50_000, 10, 0.005)
    # A blank at the end of one column only is a blank argument, not the end of the data.
    assert column[19][0].code == code


def test_missing_choice() -> None:
    """Omitted tiers are named."""
    answer = FUNCTIONS["MAINTENANCE_MARGIN"].call(1_000)
    assert (answer.code, answer.reason) == ("#VALUE!", "tiers is missing")
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call(1_000, MISSING).code == "#VALUE!"


def test_shipped_tables_are_the_shared_ones(shared_dir: Path) -> None:
    """Every shared row ships, with its table's unit and source."""
    with open(shared_dir / "data" / "margin_tiers.csv", newline="", encoding="utf-8") as file:
        shared = list(csv.DictReader(file))
    listed = {each.name: each for each in tier_tables(dt.date(2026, 11, 22))}
    found = 0
    for (venue, symbol), group in groupby(shared, key=lambda row: (row["exchange"], row["symbol"])):
        rows = list(group)
        listing = listed[f"{venue}:{symbol}"]
        assert (listing.unit, listing.contract) == (rows[0]["unit"], rows[0]["contract_type"])
        assert all(row["source"] in listing.source for row in rows)
        found += 1
        if not listing.problem:
            assert [tier.rate for tier in listing.tiers] == [float(row["mmr"]) for row in rows]
            assert [tier.floor for tier in listing.tiers] == [float(row["min_notional"]) for row in rows]
            assert [tier.cap for tier in listing.tiers] == [float(row["max_notional"]) for row in rows]
            assert [tier.amount for tier in listing.tiers] == [float(row["maint_amount"] or 0) for row in rows]
    assert found == 16


SHARED_TABLES = {"binance": 907, "bybit": 35, "bitget": 43, "hyperliquid": 39, "mexc": 1, "gate": 1}


@pytest.mark.parametrize("venue", SHARED_TABLES)
def test_tables_of_the_whole_market_are_the_shared_ones(shared_dir: Path, venue: str) -> None:
    """Every table of a venue ships row by row, unless a newer one of the same symbol does."""
    with open(shared_dir / "data" / f"{venue}_tiers.csv", newline="", encoding="utf-8") as file:
        shared = {name: list(rows) for name, rows in groupby(csv.DictReader(file), key=lambda row: row["table"])}
    with open(shared_dir / "data" / f"{venue}_tables.csv", newline="", encoding="utf-8") as file:
        heads = {row["table"]: row for row in csv.DictReader(file)}
    assert len(shared) == len(heads) == SHARED_TABLES[venue]
    for name, rows in shared.items():
        raw = shipped_tables().raw(name)
        if raw.as_of >= heads[name]["as_of"] and raw.source != heads[name]["source"]:
            continue
        assert (raw.unit, raw.contract, raw.source) == tuple(
            heads[name][each] for each in ("unit", "contract", "source")
        )
        wanted = [[float(row[each]) if row[each] else None for each in COLUMNS] for row in rows]
        assert raw.cells == wanted
        assert isinstance(shipped_tables().lookup(name), TierTable)


COLUMNS = ("floor", "cap", "max_leverage", "rate", "amount")


def test_only_the_venue_that_is_asked_for_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup opens one file; loading the catalogue opens none."""
    opened: list[str] = []
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path.name) or read(path))
    tables = PackedTables()
    assert opened == []
    assert tables.get("binance:xrpusdt") is not None
    assert tables.get("binance:dogeusdt") is not None
    assert opened == ["binance.txt.gz"]


def test_every_shipped_table_is_read_and_checked() -> None:
    """All but the one whose contract size is not published can be used; each has a date and a source."""
    listed = tier_tables(dt.date(2026, 11, 22))
    assert [each.name for each in listed if each.problem] == ["weex:TRBUSDT"]
    assert len(listed) == 1037
    assert all(each.source for each in listed)
    assert {each.name.partition(":")[0] for each in listed if each.age is None} == {"hyperliquid"}
    stepped = {each.name for each in listed if len(each.tiers) > 1 and not any(tier.amount for tier in each.tiers)}
    assert {name.partition(":")[0] for name in stepped} == {"bingx", "bybit", "mexc", "okx", "weex"}


def test_listing_says_what_is_stale() -> None:
    """Older than 90 days is stale, counted from the day that is handed in."""
    (binance,) = tier_tables(dt.date(2026, 11, 22), "binance:btcusdt")
    assert (binance.as_of, binance.age, binance.is_stale, len(binance.tiers)) == ("2026-09-29", 54, False, 12)
    assert tier_tables(dt.date(2026, 12, 28), "binance:BTCUSDT")[0].is_stale is False
    assert tier_tables(dt.date(2026, 12, 29), "binance:BTCUSDT")[0].is_stale is True
    assert {each.name for each in tier_tables(dt.date(2026, 11, 22), "okx")} == {
        "okx:BTC-USD-FUTURES",
        "okx:BTC-USDT-SWAP",
        "okx:ETH-USDT-SWAP",
    }
    assert tier_tables(dt.date(2026, 11, 22), "kraken") == []


@pytest.mark.parametrize(
    ("as_of", "age"),
    [("2026-11-21", 1), ("2026-11", 21), ("2026", 325), ("", None), ("soon", None), ("2026-13", None)],
)
def test_age(as_of: str, age: int | None) -> None:
    """A date that is stated roughly counts from its beginning, which is the careful side."""
    assert age_in_days(as_of, dt.date(2026, 11, 22)) == age


def book(*rows: list[Any], header: list[str] = BOOK_HEADER) -> list[list[Any]]:
    """Return a MarginTiers table."""
    return [list(header), *([*row, *[None] * (len(header) - len(row))] for row in rows)]


OWN = book(
    ["Binance", "btcusdt", 0, 1_000, 20, 0.01, 0, "USDT", 46_300.0, "my account"],
    ["Binance", "btcusdt", 1_000, None, 10, 0.02, 10, "USDT", 46_290.0, "my account"],
    ["okx", "TRB-USDT-SWAP", 0, 100, 20, 0.01, None, "contracts(0.1 TRB)", None, None],
    ["okx", "TRB-USDT-SWAP", 100, 500, 10, 0.05, None, "contracts(0.1 TRB)", None, None],
    ["kraken", "PI_XBTUSD", 0, 500_000, 50, 0.01, None, "contracts (1 USD)", None, None],
    [None] * 10,
)


def test_workbook_tables_come_first() -> None:
    """A table of the workbook overrides the shipped one of the same name; others are still found."""
    call = FUNCTIONS["MAINTENANCE_MARGIN"].call
    assert call(2_000, "binance:BTCUSDT", OWN) == 30.0
    assert call(2_000, "binance:BTCUSDT") == 8.0
    assert call(2_000, "binance:ETHUSDT", OWN) == 8.0
    assert call(20_000, "kraken:PI_XBTUSD", OWN) == 200.0
    assert call(600_000, "kraken:PI_XBTUSD", OWN).code == "#NUM!"


def test_workbook_table_in_contracts() -> None:
    """20 TRB are 200 contracts of 0.1, the second tier, at any price."""
    call = FUNCTIONS["LIQUIDATION_PRICE"].call
    price = call("long", 20, 100, 5, "okx:TRB-USDT-SWAP", "linear", "okx", 0, 0, OWN)
    assert price == pytest.approx((100 - 20) / (1 - 0.05))
    assert (
        "allow up to 10 for a position of 200 contracts"
        in call("long", 20, 100, 15, "okx:TRB-USDT-SWAP", "linear", "okx", 0, 0, OWN).reason
    )
    assert call("long", 51, 100, 5, "okx:TRB-USDT-SWAP", "linear", "okx", 0, 0, OWN).code == "#NUM!"
    answer = FUNCTIONS["MAINTENANCE_MARGIN"].call(2_000, "okx:TRB-USDT-SWAP", OWN)
    assert (answer.code, "give the rate itself" in answer.reason) == ("#VALUE!", True)


def test_workbook_listing_has_the_oldest_date_and_the_origin() -> None:
    """The listing shows where a table was found; its date is the oldest of its rows."""
    listed = {each.name: each for each in tier_tables(dt.date(2026, 11, 22), tables=workbook_tables(OWN))}
    assert listed["Binance:btcusdt"].as_of == "2026-09-25"
    assert listed["Binance:btcusdt"].origin == "the MarginTiers table"
    assert "binance:BTCUSDT" not in listed
    assert listed["binance:ETHUSDT"].origin == "the shipped data"
    assert listed["okx:TRB-USDT-SWAP"].is_stale


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        (book(["a", "b", 0, 10, 9, 0.1, None], ["a", "b", 20, 30, 9, 0.2, None]), "#NUM!", "row 2 of a:b begins"),
        (book(["a", "b", 0, 10, 9, 0.1, None, "contracts"]), "#N/A", "how large one is"),
        (book(["a", "b", 0, 9], header=["Venue", "Symbol", "Floor", "MMR"]), "#VALUE!", "has no column rate"),
        (
            book(["a", "b", 0, 9, 0.1, 1], header=["Venue", "Symbol", "Floor", "Cap", "Rate", "Amout"]),
            "#VALUE!",
            "amount",
        ),
        (
            book(["a", "b", 0, 10, 9, 0.1, 0, "contracts(1 X)"], ["a", "b", 10, 30, 9, 0.2, 1, "contracts(1 X)"]),
            "#NUM!",
            "cannot have maintenance amounts",
        ),
    ],
)
def test_wrong_workbook_table_is_said(rows: list[list[Any]], code: str, words: str) -> None:
    """A wrong MarginTiers table is named as such, and does not fall back silently."""
    answer = FUNCTIONS["MAINTENANCE_MARGIN"].call(5, "a:b", rows)
    assert (answer.code, words in answer.reason) == (code, True), answer.reason


@pytest.mark.parametrize("name", ["a:b-c", "A:B-C", "a:bc", "A : b_c"])
def test_rows_of_one_table_match_without_case_and_dashes(name: str) -> None:
    """Rows that spell the name of their table differently are one table, not two of which the last is taken."""
    venue, _, symbol = name.partition(":")
    rows = book(["a", "b-c", 0, 1_000, 20, 0.01, 0], [venue, symbol, 1_000, None, 10, 0.02, 10])
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call([[500], [2_000]], "a:bc", rows) == [[5.0], [30.0]]


def test_columns_of_its_own_do_not_harm_a_workbook_table() -> None:
    """A column that resembles none of the model's is the user's own."""
    header = ["Venue", "Symbol", "Floor", "Cap", "Rate", "Note", "Initial margin"]
    assert (
        FUNCTIONS["MAINTENANCE_MARGIN"].call(5, "a:b", book(["a", "b", 0, 9, 0.1, "mine", 0.2], header=header)) == 0.5
    )


def test_workbook_rows_are_read_anew_when_they_change() -> None:
    """A host may change the very rows that it handed over before."""
    rows = book(["a", "b", 0, None, 9, 0.1, None])
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call(5, "a:b", rows) == 0.5
    rows[1][5] = 0.2
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call(5, "a:b", rows) == 1.0
    ready = read_margin_tiers(rows)
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call(5, "a:b", ready) == 1.0


def test_names_match_without_case_and_dashes() -> None:
    """binance:btc-usdt is binance:BTCUSDT."""
    tables = shipped_tables()
    assert tables.lookup("Binance:btc-usdt") is not None
    found = tables.lookup(" OKX : btc-usdt_swap ")
    assert isinstance(found, TierTable)
    assert found.name == "okx:BTC-USDT-SWAP"


def test_dollar_tiers_of_inverse_contracts_do_not_move_with_the_price() -> None:
    """BingX coin-M limits are in dollars: the tier of 300,000 dollars holds at every price."""
    price = FUNCTIONS["LIQUIDATION_PRICE"].call("long", 300_000, 50_000, 10, "bingx:BTC-USD", "inverse", "bingx")
    coins = 6.0
    assert price == pytest.approx(300_000 * 1.005 / (coins + coins / 10))
    assert FUNCTIONS["MAINTENANCE_MARGIN"].call(300_000, "bingx:BTC-USD") == 1_500.0


def test_tiers_in_coin_of_bybit() -> None:
    """Bybit's inverse tiers are in coin; a quantity of 10 million dollars at 50,000 is 200 BTC, tier 2."""
    call = FUNCTIONS["LIQUIDATION_PRICE"].call
    answer = call("long", 10_000_000, 50_000, 100, "bybit:BTCUSD", "inverse", "bybit")
    assert "allow up to 66 for a position of 200" in answer.reason
    assert call("long", 10_000_000, 50_000, 50, "bybit:BTCUSD").reason.endswith('contract must be "inverse"')


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.005, 0.005), (0, 0.0), (" binance : BTCUSDT ", "binance:BTCUSDT")],
)
def test_choice_is_read(value: Any, expected: Any) -> None:
    """A rate stays a rate and a name loses its blanks."""
    assert read_tier_choice(value) == expected


def test_positions_find_their_tier_by_value_or_by_contracts() -> None:
    """30 BTC are 3,000 contracts of 0.01 at OKX, tier 2; at Binance their value counts; at BingX the dollars do."""

    def named(name: str) -> TierTable:
        table = shipped_tables().lookup(name)
        assert isinstance(table, TierTable)
        return table

    assert position_requirement(named("okx:BTC-USDT-SWAP"), 30.0, 1.5e6) == pytest.approx(1.5e6 * 0.005)
    assert position_max_leverage(named("okx:BTC-USDT-SWAP"), 30.0, 1.5e6) == 66.66
    assert position_requirement(named("binance:BTCUSDT"), 30.0, 1.5e6) == pytest.approx(1.5e6 * 0.0065 - 1_500)
    assert position_requirement(named("bingx:BTC-USD"), 300_000.0, 6.0) == pytest.approx(6.0 * 0.005)
    beyond = position_max_leverage(named("okx:BTC-USDT-SWAP"), 2_700.0, 1e8)
    assert beyond != beyond


def test_a_size_on_a_cap_lies_in_the_tier_that_ends_there() -> None:
    """At 50,000 and at 400,000, rounding included, the lower tier holds, 1 above the next: alone and in rows."""
    table = read_tier_rows(GOOD)
    sizes = [50_000.0, 50_000.0 * (1 + 1e-12), 50_001.0, 400_000.0, 400_001.0]
    allowed = [100.0, 100.0, 75.0, 75.0, 50.0]
    assert [position_max_leverage(table, 1.0, size) for size in sizes] == allowed
    assert list(position_max_leverage(table, np.ones(5), np.array(sizes))) == allowed
