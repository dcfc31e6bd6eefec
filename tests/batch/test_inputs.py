"""Inputs set before a recalculation, and the files that reports are written to."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from rebalance_xl.book.actions import check
from rebalance_xl.book.inputs import (
    Change,
    apply_changes,
    parse_change,
    read_prices,
    rows_without_price,
    without_row,
)
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.problems import BookError
from rebalance_xl.commands.tables import guarded, write_rows


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Portfolio[Price] where Asset=SOL = 200", Change("Portfolio", "Price", "Asset", "SOL", 200.0)),
        ("Portfolio[Price] WHERE Asset = 'SOL' = 2e2", Change("Portfolio", "Price", "Asset", "SOL", 200.0)),
        ("Portfolio[Locked] where Asset=BTC = true", Change("Portfolio", "Locked", "Asset", "BTC", True)),
        ("Portfolio[Band] = 0.05", Change("Portfolio", "Band", "", "", 0.05)),
        ("Portfolio[Band] =", Change("Portfolio", "Band", "", "", None)),
        ("AsOf = 2026-11-22", Change("", "AsOf", "", "", dt.date(2026, 11, 22))),
        ("TrimTo = midpoint", Change("", "TrimTo", "", "", "midpoint")),
        ("Spot.Book[Price] where Asset=SOL = 1", Change("Spot.Book", "Price", "Asset", "SOL", 1.0)),
        ("Fund.TrimTo = edge", Change("", "Fund.TrimTo", "", "", "edge")),
    ],
)
def test_changes_are_read_as_written(text: str, expected: Change) -> None:
    """A change names a column with a condition, a column, or a name."""
    assert parse_change(text) == expected


@pytest.mark.parametrize("text", ["", "Portfolio[Price]", "Portfolio[Price] where Asset", "=5", "a b = 3"])
def test_other_texts_are_refused_with_the_grammar(text: str) -> None:
    """What is no change is refused, and the message says what one looks like."""
    with pytest.raises(ValueError, match="Table\\[Column\\] where Key=Value = New"):
        parse_change(text)


def book() -> MemoryWorkbook:
    """Return a small book in memory."""
    return MemoryWorkbook(
        tables={"Portfolio": [["Asset", "Price"], ["BTC", 1.0], ["SOL", 2.0], [7.0, 3.0]]}, names={"TrimTo": "target"}
    )


def test_changes_reach_the_rows_they_name() -> None:
    """Only rows whose key matches (whatever the case) change; names change too."""
    port = book()
    changes = [parse_change(each) for each in ("Portfolio[Price] where Asset=sol = 200", "TrimTo = edge")]
    assert apply_changes(port, [*changes, parse_change("Portfolio[Price] where Asset=7 = 9")]) == 3
    table = port.read_table("Portfolio")
    assert table is not None
    assert [row[1] for row in table.rows] == [1.0, 200.0, 9.0]
    assert port.read_name("TrimTo") == "edge"


@pytest.mark.parametrize(
    "text, message",
    [
        ("Portfolios[Price] = 1", "no table Portfolios; it has Portfolio"),
        ("Portfolio[Pric] = 1", "no column Pric; did you mean Price"),
        ("Portfolio[Price] where Aset=BTC = 1", "no column Aset; did you mean Asset"),
        ("Portfolio[Price] where Asset=DOGE = 1", "no row where Asset is DOGE"),
        ("TrimTos = 1", "no name TrimTos; did you mean TrimTo"),
    ],
)
def test_what_does_not_exist_is_named(text: str, message: str) -> None:
    """A table, column, row or name that is not there is refused with the nearest right one."""
    with pytest.raises(BookError, match=message):
        apply_changes(book(), [parse_change(text)])


def test_price_files_fill_what_the_book_has(tmp_path: Path) -> None:
    """Prices of assets that a book does not hold are passed over; futures are filled by their symbol."""
    path = tmp_path / "prices.csv"
    path.write_text("Asset,Price,Symbol,MarkPrice\nBTC,10,BTCUSDT,11\nDOGE,0.1,,\n", encoding="utf-8")
    changes = read_prices(path).changes
    assert [(each.table, each.wanted, each.value) for each in changes] == [
        ("Portfolio", "BTC", 10.0), ("Portfolio", "DOGE", 0.1), ("Futures", "BTCUSDT", 11.0),
    ]  # fmt: skip
    port = book()
    assert apply_changes(port, changes) == 1


@pytest.mark.parametrize(
    "content, message",
    [
        ("Coin,Price\nBTC,1\n", "needs the columns Asset and Price"),
        ("Asset,Close\nBTC,1\n", "no column Price"),
        ("Asset,Price\nBTC,abc\n", 'line 2: the price of BTC is "abc"; allowed is a number above 0'),
        ("Asset,Price\nBTC,-1\n", "allowed is a number above 0"),
        ("Asset,Price\nBTC,1\nETH,1\nbtc,2\n", "line 4: btc has the price 2 here and 1 above; give one"),
        ("", "needs the columns"),
    ],
)
def test_bad_price_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """A price file without the columns, with a price that is none or with two for one asset is refused by line."""
    path = tmp_path / "prices.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_prices(path)


@pytest.mark.parametrize("text", ["1,200.50", "5%", "$200", "200,5", "1 200", "-3,000", "1_000", "12 €"])
def test_what_was_meant_as_a_number_is_no_text(text: str) -> None:
    """A number with separators, signs or percent is refused with how to write it; in quotes it is a text."""
    for change in ("TrimTo", "Portfolio[Price]", "Portfolio[Price] where Asset=BTC"):
        with pytest.raises(ValueError, match=r"is no number; write 1200\.50"):
            parse_change(f"{change} = {text}")
    for change in ("MyName", "Portfolio[Own]"):
        assert parse_change(f'{change} = "{text}"').value == text


@pytest.mark.parametrize("text", ["1INCH", "SOL", "on demand", "7 days", "3-6", "12:30", "TARGET"])
def test_texts_stay_texts(text: str) -> None:
    """Texts with digits in them are texts."""
    assert parse_change(f"MyName = {text}").value == text


@pytest.mark.parametrize(
    "text, message",
    [
        ("Portfolio[Price] where Asset=BTC = -5", r"Portfolio\[Price\] would be wrong: it would hold -5; it cannot be"),
        ("portfolio[price] = 2026-11-22", "date 2026-11-22 where a number belongs"),
        ("Portfolio[Locked] = maybe", "where yes or no belongs"),
        ("Futures[Side] = shrt", 'none of long or short; did you mean "short"'),
        ("TrimTo = edg", 'TrimTo would be wrong.* did you mean "edge"'),
        ("TrimTo = 1.5", "a share of the band lies between 0 and 1"),
        ("AsOf = tomorrow", "where a date belongs"),
        ("MinTrade = lots", "where a number belongs"),
    ],
)
def test_values_of_another_kind_or_range_are_refused(text: str, message: str) -> None:
    """A value that `check` would call an error in that column or setting is not written."""
    with pytest.raises(ValueError, match=message):
        parse_change(text)


@pytest.mark.parametrize("text", ["Portfolio[Own] = -5", "Notes[Price] = cheap", "MyName = tomorrow", "TrimTo ="])
def test_what_the_model_does_not_know_is_not_judged(text: str) -> None:
    """Columns and names of the user's own take any value, and every setting takes a blank."""
    assert parse_change(text)


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("Futures[Leverage] where Symbol=BTCUSDT = 0.5", "it is 1 or more"),
        ("ReserveMin = 1.5", "a share lies between 0 and 1"),
        ("Portfolio[Asset] where Asset=ETH = BTC", "is already in"),
        ("Futures[Leverage] where Symbol=BTCUSDT = 3", ""),
        ("ReserveMin = 0.5", ""),
        ("Portfolio[Target] where Asset=ETH = 0.6", ""),
    ],
)
def test_what_check_would_say_of_the_row_is_refused(text: str, wrong: str) -> None:
    """Errors of the written rows and names that were not there before are found; sums elsewhere are left to check."""
    port = MemoryWorkbook(
        tables={
            "Portfolio": [["Asset", "Quantity", "Price", "Target"], ["BTC", 1.0, 9.0, 0.5], ["ETH", 1.0, 9.0, 0.5]],
            "Futures": [
                ["Symbol", "Asset", "Side", "Quantity", "MarkPrice", "Leverage"],
                ["BTCUSDT", "BTC", "short", None, 9.0, 2.0],
                ["ETHUSDT", "ETH", "short", None, 9.0, 0.1],
            ],
        },
        names={"ReserveMin": None},
    )
    assert any("Leverage of ETHUSDT" in each.message for each in check(port))
    if not wrong:
        assert apply_changes(port, [parse_change(text)]) == 1
        return
    with pytest.raises(BookError, match=wrong) as failure:
        apply_changes(port, [parse_change(text)])
    assert len(failure.value.problems) == 1


def test_rows_of_a_price_file_without_use_are_named() -> None:
    """What the book has no row for, and the rows that keep their old price, are told; stablecoins need none."""
    port = MemoryWorkbook(
        tables={
            "Portfolio": [["Asset", "Price", "Kind"], ["BTC", 1.0, ""], ["SOL", 1.0, ""], ["USDT", 1.0, "stable"]],
            "Futures": [["Symbol", "MarkPrice"], ["BTCUSDT", 1.0], [None, None]],
        }
    )
    changes = [
        Change("Portfolio", "Price", "Asset", "btc", 2.0, True, 2),
        Change("Portfolio", "Price", "Asset", "DOGE", 2.0, True, 7),
        Change("Nowhere", "Price", "Asset", "X", 2.0, True, 8),
    ]
    assert without_row(port, changes) == ["DOGE (line 7)", "X (line 8)"]
    assert rows_without_price(port, changes) == [
        "no new Price for SOL of Portfolio: the old one stays",
        "no new MarkPrice for BTCUSDT of Futures: the old one stays",
    ]
    assert rows_without_price(port, [parse_change("Portfolio[Price] where Asset=BTC = 2")]) == []


HOSTILE = {"file": "=cmd|'/c calc'!A1", "value": -1.5, "note": "+1"}


def test_csv_reports_hold_no_formulas(tmp_path: Path) -> None:
    """Texts that a spreadsheet program would run are made harmless; numbers stay numbers."""
    path = tmp_path / "report.csv"
    write_rows(path, list(HOSTILE), [HOSTILE])
    with path.open(encoding="utf-8-sig", newline="") as stream:
        [row] = csv.DictReader(stream)
    assert row == {"file": "'=cmd|'/c calc'!A1", "value": "-1.5", "note": "'+1"}
    assert guarded("@SUM(1)") == "'@SUM(1)"


def test_json_reports_are_strict(tmp_path: Path) -> None:
    """Infinity is NEVER and NaN is null, so that every JSON reader takes the file."""
    path = tmp_path / "report.json"
    write_rows(path, ["a", "b"], [{"a": float("inf"), "b": float("nan")}])
    assert json.loads(path.read_text(encoding="utf-8")) == [{"a": "NEVER", "b": None}]


@pytest.mark.parametrize("ending", [".xlsx", pytest.param(".parquet", marks=pytest.mark.slow)])
def test_frames_are_written_by_ending(tmp_path: Path, ending: str) -> None:
    """An .xlsx and a Parquet summary hold the same rows; .xlsx holds no formulas."""
    pd = pytest.importorskip("pandas")
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"summary{ending}"
    write_rows(path, list(HOSTILE), [HOSTILE])
    frame = pd.read_excel(path) if ending == ".xlsx" else pd.read_parquet(path)
    expected = guarded(HOSTILE["file"]) if ending == ".xlsx" else HOSTILE["file"]
    assert frame["file"].tolist() == [expected]
    assert frame["value"].tolist() == [-1.5]


def test_a_failed_write_leaves_the_old_report(tmp_path: Path) -> None:
    """A report that cannot be made leaves the old file and no other."""
    path = tmp_path / "report.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="must end in"):
        write_rows(path, ["a"], [{"a": 1}])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
