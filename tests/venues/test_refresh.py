"""A book filled from each of the six venues by the real ccxt, cell by cell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.cells import to_serial
from tests.venues.books import NOW, find, rows_of, venue_book, write_book
from tests.venues.conftest import Refresh
from tests.venues.loopback import CHANGING, KEY, PASSWORD, SECRET, Venues, signature_fault

VENUES = ("binance", "bybit", "okx", "bingx", "weex", "mexc")

#: Per venue: quantities of Portfolio, then Futures by symbol and side, Wallets, tiers and flows as the bodies say.
HOLDINGS = {
    "binance": {"BTC": 0.75 + 0.05 - 0.011, "SHIB": 2_000_000.0, "USDT": 1300.0 + 2000.0 - 1350.15 - 450.05 - 10.0},
    "bybit": {"BTC": 0.25 - 0.0066, "USDT": 5010.0 - 900.1},
    "okx": {"BTC": 0.02, "SOL": 15.0, "USDT": 5000.0 - 1800.2 - 3040.0},
    "bingx": {"BTC": 0.1, "ETH": 1.5, "SOL": 9.6, "USDT": 50.0 + 800.0 - 300.0},
    "weex": {"BTC": 0.1, "ETH": 0.6, "USDT": 20.0 + 300.0 - 89.4},
    "mexc": {"BTC": 0.01, "USDT": 60.0 + 500.0 - 89.0},
}
POSITIONS = {
    "binance": [
        ("BTCUSDT", "long", "cross", "linear", 0.15, 89000.0, 90010.0, 10.0, 1350.15, None, 0.00012, 8.0),
        ("BTCUSDT", "short", "cross", "linear", 0.05, 91000.0, 90010.0, 10.0, 450.05, None, 0.00012, 8.0),
        ("1000SHIBUSDT", "short", "isolated", "linear", 1000.0, 0.0092, 0.0091, 1.0, 10.0, 0.0171, -0.0003, 4.0),
        ("BTCUSD_PERP", "short", "isolated", "inverse", 2000.0, 92000.0, 90005.0, 2.0, 0.011, 180000.5, 0.0001, 8.0),
    ],
    "bybit": [
        ("BTCUSDT", "long", "cross", "linear", 0.1, 89000.0, 90010.0, 10.0, 900.1, None, 0.0001, 8.0),
        ("BTCUSD", "short", "cross", "inverse", 3000.0, 92000.0, 90005.0, 5.0, 0.0066, None, 0.0002, 8.0),
    ],
    "okx": [
        ("BTC-USDT-SWAP", "long", "cross", "linear", 0.2, 88000.0, 90010.0, 10.0, 1800.2, None, 0.00008, 8.0),
        ("BTC-USD-SWAP", "short", "isolated", "inverse", 500.0, 92000.0, 90005.0, 5.0, 0.0011, 110000.0, -0.00002, 8.0),
        ("BTC-USDT-261225", "short", "isolated", "linear", 0.1, 91000.0, 91100.0, 3.0, 3040.0, 120500.0, None, None),
    ],
    "bingx": [
        ("ETH-USDT", "short", "cross", "linear", 1.0, 3020.0, 3001.5, 10.0, 300.0, None, 0.00015, 8.0),
        ("SOL-USD", "long", "isolated", "inverse", 120.0, 148.0, 150.1, 2.0, 0.4, 75.5, 0.0003, None),
    ],
    "weex": [("ETHUSDT", "long", "cross", "linear", 0.6, 2980.0, 3001.5, 20.0, 89.4, 2500.5, 0.00005, 8.0)],
    "mexc": [("BTC_USDT", "long", "isolated", "linear", 0.01, 89000.0, 90010.0, 10.0, 89.0, 80500.0, 0.000014, 8.0)],
}
WALLETS = {
    "binance": {(None, "USDT"): 1990.0, ("COIN-M", "BTC"): 0.039},
    "bybit": {},
    "okx": {},
    "bingx": {(None, "USDT"): 800.0, ("COIN-M", "SOL"): 9.6},
    "weex": {(None, "USDT"): 300.0},
    "mexc": {(None, "USDT"): 411.0},
}
TIERS = {
    "binance": [
        ("1000SHIBUSDT", 0.0, 10000.0, 75.0, 0.01, 0.0, "USDT"),
        ("BTCUSDT", 0.0, 300000.0, 125.0, 0.004, 0.0, "USDT"),
        ("BTCUSDT", 300000.0, 800000.0, 100.0, 0.005, 300.0, "USDT"),
        ("BTCUSD_PERP", 0.0, 5.0, 125.0, 0.004, 0.0, "BTC"),
        ("BTCUSD_PERP", 5.0, 10.0, 100.0, 0.005, 0.005, "BTC"),
    ],
    "bybit": [
        ("BTCUSD", 0.0, 150.0, 100.0, 0.005, 0.0, "BTC"),
        ("BTCUSDT", 0.0, 2000000.0, 100.0, 0.005, 0.0, "USDT"),
        ("BTCUSDT", 2000000.0, 4000000.0, 50.0, 0.01, 10000.0, "USDT"),
    ],
    "okx": [
        ("BTC-USD-SWAP", 0.0, 1000.0, 100.0, 0.004, None, "contracts(100 USD)"),
        ("BTC-USDT-261225", 0.0, 4000.0, 50.0, 0.006, None, "contracts(0.01 BTC)"),
        ("BTC-USDT-SWAP", 0.0, 5000.0, 100.0, 0.004, None, "contracts(0.01 BTC)"),
        ("BTC-USDT-SWAP", 5000.0, 10000.0, 80.0, 0.005, None, "contracts(0.01 BTC)"),
    ],
    "bingx": [
        ("ETH-USDT", 0.0, 900000.0, None, 0.0033, 0.0, "USDT"),
        ("ETH-USDT", 900000.0, 1200000.0, None, 0.0056, 2070.0, "USDT"),
    ],
    "weex": [
        ("ETHUSDT", 0.0, 100000.0, 100.0, 0.004, 0.0, "USDT"),
        ("ETHUSDT", 100000.0, 500000.0, 50.0, 0.01, 600.0, "USDT"),
    ],
    "mexc": [
        ("BTC_USDT", 0.0, 1000000.0, 500.0, 0.001, None, "contracts(0.0001 BTC)"),
        ("BTC_USDT", 1000000.0, 3000000.0, 250.0, 0.002, None, "contracts(0.0001 BTC)"),
    ],
}
FLOWS = {
    "binance": [
        ("FUNDING", "BTC", 0.899, "9002"), ("DEPOSIT", "USDT", 500.0, "tx-binance-1"),
        ("WITHDRAWAL", "BTC", -907.99, "tx-binance-3"), ("FUNDING", "USDT", -1.25, "9001"),
    ],
    "bybit": [("DEPOSIT", "USDT", 1000.0, "tx-bybit-1"), ("FUNDING", "USDT", -0.9, "f-bybit-1")],
    "okx": [("FUNDING", "USDT", -0.7, "b-okx-1")],
    "bingx": [("DEPOSIT", "ETH", 1495.0, "tx-bingx-1"), ("FUNDING", "USDT", 0.45, "f-bingx-1")],
    "weex": [("FUNDING", "USDT", -0.09, "f-weex-1")],
    "mexc": [("WITHDRAWAL", "USDT", -30.0, "tx-mexc-1"), ("FUNDING", "USDT", -0.0126, "7423910")],
}  # fmt: skip


@pytest.mark.parametrize("venue", VENUES)
def test_each_venue_fills_a_book(venue: str, refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """Every table holds what the venue's answers mean: units, sides, margins, tiers, closes, flows in money."""
    book = venue_book(tmp_path / "book.xlsx", venue)
    answer = refresh(book)
    assert answer.code in (0, 4), answer.err
    portfolio = rows_of(book, "Portfolio")
    assert {row["Asset"]: row["Quantity"] for row in portfolio} == pytest.approx(HOLDINGS[venue], rel=1e-12)
    assert find(portfolio, Asset="BTC")["Price"] == 90000.0
    assert find(portfolio, Asset="BTC")["Target"] == 0.5
    assert all("Target" not in row for row in portfolio if row["Asset"] != "BTC")
    futures = rows_of(book, "Futures")
    assert len(futures) == len(POSITIONS[venue])
    names = (
        "Quantity",
        "EntryPrice",
        "MarkPrice",
        "Leverage",
        "Margin",
        "VenueLiquidation",
        "FundingRate",
        "FundingHours",
    )
    for symbol, side, mode, contract, *figures in POSITIONS[venue]:
        row = find(futures, Symbol=symbol, Side=side)
        assert (row["MarginMode"], row["Contract"], row["Venue"]) == (mode, contract, venue)
        assert {name: row.get(name) for name in names} == pytest.approx(dict(zip(names, figures, strict=True)))
    wallets = {(row.get("Account"), row["Coin"]): row["Balance"] for row in rows_of(book, "Wallets")}
    assert wallets == pytest.approx(WALLETS[venue])
    tiers = [
        tuple(row.get(name) for name in ("Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit"))
        for row in rows_of(book, "MarginTiers")
    ]
    assert tiers == TIERS[venue]
    flows = [tuple(row.get(each) for each in ("Kind", "Asset", "Amount", "Id")) for row in rows_of(book, "CashFlows")]
    assert flows[1:] == FLOWS[venue]
    assert [row["Date"] for row in rows_of(book, "Prices")] == [46351.0, 46352.0, 46353.0]


@pytest.mark.parametrize("venue", VENUES)
def test_requests_are_signed_and_only_read(venue: str, refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """Signatures follow the venue's rule, public questions carry no key, and nothing asks to change anything."""
    refresh(venue_book(tmp_path / "book.xlsx", venue))
    signed = [each for each in server.seen if each.signed]
    assert len(signed) >= 5
    assert [fault for each in signed if (fault := signature_fault(each))] == []
    assert any(not each.signed for each in server.seen)
    for each in server.seen:
        assert SECRET not in f"{each.text} {each.headers} {each.body}"
        reads = each.method == "GET" or each.path.endswith("/account/income")  # WEEX asks for its history by POST
        assert reads, each.text
        if each.method == "POST":
            assert not any(word in each.path for word in CHANGING)


@pytest.mark.parametrize("venue", VENUES)
def test_a_second_refresh_changes_no_byte(venue: str, refresh: Refresh, tmp_path: Path) -> None:
    """The same answers three minutes later leave the file as it is, flows and closes are not doubled."""
    book = venue_book(tmp_path / "book.xlsx", venue)
    refresh(book)
    first = book.read_bytes()
    answer = refresh(book, now=NOW + dt.timedelta(minutes=3))
    assert book.read_bytes() == first
    assert "nothing to write" in answer.out


def test_six_venues_fill_one_book(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """One book with a row at each venue is filled side by side; the same coin stands once a venue."""
    rows = [{"Asset": "BTC", "Venue": each, "Quantity": 1.0, "Price": 80000.0} for each in VENUES]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    answer = refresh(book, only="balances,prices")
    assert answer.code == 0, answer.err
    portfolio = rows_of(book, "Portfolio")
    for venue in ("binance", "bybit", "okx", "mexc"):
        wanted = HOLDINGS[venue]["BTC"]
        assert find(portfolio, Asset="BTC", Venue=venue)["Quantity"] == pytest.approx(wanted, rel=1e-12)
    assert {row["Price"] for row in portfolio if row["Asset"] == "BTC"} == {90000.0}
    assert {each.venue for each in server.seen} == set(VENUES)


def test_a_dry_run_shows_and_writes_nothing(refresh: Refresh, tmp_path: Path) -> None:
    """Cell, old, new, source and time are shown; the file stays."""
    book = venue_book(tmp_path / "book.xlsx", "binance")
    before = book.read_bytes()
    answer = refresh(book, dry_run=True, as_json=True)
    assert book.read_bytes() == before
    quantity = find(answer.data["differences"], row="BTC binance", column="Quantity")
    assert (quantity["cell"], quantity["old"], quantity["new"]) == ("Portfolio!E2", 0.1, 0.789)
    assert (quantity["source"], quantity["time"]) == ("binance balances", "2026-11-28T20:59:30+00:00")
    assert answer.data["written"] is False


def test_source_and_time_stand_beside_the_figures(refresh: Refresh, tmp_path: Path) -> None:
    """A row that was written names its source, and the time that the venue gives in UTC."""
    book = venue_book(tmp_path / "book.xlsx", "binance")
    refresh(book)
    row = find(rows_of(book, "Portfolio"), Asset="BTC")
    assert row["Source"] == "binance balances, binance BTC/USDT"
    assert row["Updated"] == pytest.approx(to_serial(dt.datetime(2026, 11, 28, 21, 59)), abs=1e-9)


def test_without_a_key_only_public_figures_come(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """No signed question is asked; prices, marks and closes are written, balances stay and the note says why."""
    book = venue_book(tmp_path / "book.xlsx", "bybit", Futures=[{"Symbol": "BTCUSDT", "Asset": "BTC", "Venue": "bybit",
                      "Side": "long", "MarkPrice": 80000.0, "Quantity": 0.0}])  # fmt: skip
    answer = refresh(book, keyed=False)
    assert answer.code == 0
    assert not any(each.signed for each in server.seen)
    row = find(rows_of(book, "Portfolio"), Asset="BTC")
    assert (row["Quantity"], row["Price"]) == (0.1, 90000.0)
    assert find(rows_of(book, "Futures"), Symbol="BTCUSDT")["MarkPrice"] == 90010.0
    assert "bybit: no key: balances and positions are not asked for" in answer.out


def test_only_and_venue_narrow_what_is_asked(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """--only prices asks for tickers alone; --venue leaves the other venues of the book unasked."""
    rows = [{"Asset": "BTC", "Venue": each, "Quantity": 1.0, "Price": 80000.0} for each in ("binance", "okx")]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    refresh(book, only="prices", venues=["OKX"])
    assert server.asked() == ["GET /host/api/v5/market/tickers"]


def test_wrong_words_are_refused(refresh: Refresh, tmp_path: Path) -> None:
    """A kind, a date, a target and a venue that do not exist are named with what is allowed."""
    book = venue_book(tmp_path / "book.xlsx", "binance")
    for options, word in (
        ({"only": "balance"}, "prices, balances, positions, funding, tiers, history"),
        ({"since": "yesterday"}, "--since"),
        ({"notify": ["telegram"]}, "mail:COMMAND"),
        ({"notify": ["file:x"], "notify_fields": "secrets"}, "trigger, trades"),
        ({"dry_run": True, "output": tmp_path / "x.xlsx"}, "--dry-run"),
    ):
        answer = refresh(book, **options)
        assert (answer.code, word in answer.err) == (2, True), answer.err
    answer = refresh(book, venues=["nowhere"])
    assert (answer.code, "names no venue to ask" in answer.err) == (1, True)


def test_a_price_that_jumps_is_held_back(refresh: Refresh, tmp_path: Path) -> None:
    """A price that moved by more than half is shown, not written; --accept-jumps writes it."""
    rows = [{"Asset": "BTC", "Venue": "binance", "Quantity": 0.75, "Price": 40000.0}]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    answer = refresh(book, only="prices")
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Price"] == 40000.0
    assert "not written: moved by +125%" in answer.out
    refresh(book, only="prices", accept_jumps=True)
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Price"] == 90000.0


def test_a_coin_without_a_venue_is_not_counted_twice(refresh: Refresh, tmp_path: Path) -> None:
    """A row of the asset without a venue stops the venue's row from being added beside it."""
    rows = [
        {"Asset": "BTC", "Quantity": 0.75, "Price": 89000.0},
        {"Asset": "USDT", "Venue": "binance", "Quantity": 5.0},
    ]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    answer = refresh(book, only="balances,prices")
    row = find(rows_of(book, "Portfolio"), Asset="BTC")
    assert (row["Quantity"], row["Price"]) == (0.75, 90000.0)
    assert "BTC of binance: stands in Portfolio without a venue" in answer.out


def test_formulas_stay(refresh: Refresh, tmp_path: Path) -> None:
    """A quantity that is a formula is kept and named."""
    rows = [{"Asset": "BTC", "Venue": "binance", "Quantity": "=0.2+0.3", "Price": 89000.0}]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    answer = refresh(book, only="balances")
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Quantity"] == 0.5
    assert "Portfolio[Quantity]: 1 cell is a formula and stays" in answer.out


def test_what_is_gone_stays_until_told(refresh: Refresh, tmp_path: Path) -> None:
    """A position that the venue does not name is reported; --zero-missing sets its quantity to 0."""
    gone = {"Symbol": "ETHUSDT", "Asset": "ETH", "Venue": "bybit", "Side": "long", "MarkPrice": 3000.0, "Quantity": 2.0}
    book = venue_book(tmp_path / "book.xlsx", "bybit", Futures=[gone])
    answer = refresh(book, only="positions")
    assert find(rows_of(book, "Futures"), Symbol="ETHUSDT")["Quantity"] == 2.0
    assert "ETHUSDT bybit long: in Futures, but the venue names none" in answer.out
    refresh(book, only="positions", zero_missing=True)
    assert find(rows_of(book, "Futures"), Symbol="ETHUSDT")["Quantity"] == 0.0


def test_rows_of_the_user_are_found_by_his_spelling(refresh: Refresh, tmp_path: Path) -> None:
    """Btcusdt at "OKX" is BTC-USDT-SWAP; his columns stay; a wanted row takes the venue's margin mode."""
    mine = {"Symbol": "BTCUSDT", "Asset": "BTC", "Venue": "OKX", "Side": "buy", "MarkPrice": 89000.0, "Target": 0.1,
            "Priority": 2.0}  # fmt: skip
    book = venue_book(tmp_path / "book.xlsx", "OKX", Futures=[mine])
    refresh(book)
    row = find(rows_of(book, "Futures"), Symbol="BTCUSDT")
    assert (row["Quantity"], row["MarginMode"], row["Target"], row["Priority"]) == (0.2, "cross", 0.1, 2.0)


def test_a_field_that_is_left_out_keeps_the_cell(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """The hours of a rate that the venue states nowhere stay as typed, and the note says so."""
    nowhere = ("/fundingInfo", "/fundingRate")
    server.rules.append(lambda request: (200, [], {}) if request.path.endswith(nowhere) else None)
    mine = {"Symbol": "1000SHIBUSDT", "Asset": "SHIB", "Venue": "binance", "Side": "short", "MarginMode": "isolated",
            "MarkPrice": 0.009, "FundingHours": 4.0, "ContractSize": 1000.0}  # fmt: skip
    book = venue_book(tmp_path / "book.xlsx", "binance", Futures=[mine])
    answer = refresh(book)
    row = find(rows_of(book, "Futures"), Symbol="1000SHIBUSDT")
    assert (row["FundingHours"], row["FundingRate"], row["Quantity"]) == (4.0, -0.0003, 1000.0)
    assert "leaves out FundingHours: the cell stays" in answer.out


def test_intervals_are_asked_for_in_one_list(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """Binance's list of intervals is asked once; only a contract that it leaves out is looked up in its past rates."""
    refresh(venue_book(tmp_path / "book.xlsx", "binance"), only="positions,funding")
    asked = [each for each in server.seen if each.path.endswith(("/fundingInfo", "/fapi/v1/fundingRate"))]
    assert [each.path.rpartition("/")[2] for each in asked if "fapi" in each.path] == ["fundingInfo", "fundingRate"]
    assert asked[-1].query.get("symbol") != "1000SHIBUSDT"


def test_tiers_of_today_are_not_asked_for_again(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """A second refresh of a day asks no tiers, the next day's and one of tiers alone do; the rows stay the same."""
    book = venue_book(tmp_path / "book.xlsx", "bybit")

    def asked(**how: Any) -> int:
        server.seen.clear()
        assert refresh(book, **how).code == 0
        return sum("risk-limit" in each.path for each in server.seen)

    assert asked() == 2
    before = rows_of(book, "MarginTiers")
    assert asked() == 0
    assert rows_of(book, "MarginTiers") == before
    assert asked(only="tiers") == 2
    assert asked(now=NOW + dt.timedelta(days=1)) == 2


def test_tiers_are_laid_over_the_old_ones(refresh: Refresh, tmp_path: Path) -> None:
    """A table of three old tiers becomes the venue's two; the row left over is blank, other symbols stay."""
    old = [{"Venue": "weex", "Symbol": "ETHUSDT", "Floor": floor, "Rate": 0.5} for floor in (0.0, 1.0, 2.0)]
    other = {"Venue": "weex", "Symbol": "XRPUSDT", "Floor": 0.0, "Rate": 0.02, "Amount": 0.0}
    book = venue_book(tmp_path / "book.xlsx", "weex", MarginTiers=[*old, other])
    refresh(book, only="positions,tiers")
    rows = rows_of(book, "MarginTiers")
    assert [(row["Symbol"], row["Floor"], row["Rate"]) for row in rows] == [
        ("ETHUSDT", 0.0, 0.004), ("ETHUSDT", 100000.0, 0.01), ("XRPUSDT", 0.0, 0.02),
    ]  # fmt: skip


def test_a_book_in_euros_gets_euros(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """With Quote EUR a coin without a market in EUR is priced in USDT times the price of USDT."""
    from tests.venues.loopback import market

    server.bodies["okx"]["markets"].append(market("EUR/USDT", "EUR-USDT"))
    tickers = next(each for each in server.bodies["okx"]["answers"] if each["path"] == "/market/tickers")
    euro = {**tickers["body"]["data"][0], "instId": "EUR-USDT", "last": "1.25", "bidPx": "1.2499", "askPx": "1.2501"}
    tickers["body"]["data"].append(euro)
    rows = [
        {"Asset": each, "Venue": "okx", "Quantity": 1.0, "Price": price}
        for each, price in (("BTC", 70000.0), ("USDT", 0.9))
    ]
    book = write_book(tmp_path / "book.xlsx", {"Portfolio": rows}, {"Quote": "EUR"})
    refresh(book, only="prices")
    portfolio = rows_of(book, "Portfolio")
    assert find(portfolio, Asset="BTC")["Price"] == pytest.approx(72000.0)
    assert find(portfolio, Asset="USDT")["Price"] == pytest.approx(0.8)


def test_the_key_appears_in_no_byte(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """Key, secret and passphrase are in no file, no output and no message, also when every answer is an error."""
    mail = tmp_path / "mail.txt"
    for broken in (False, True):
        if broken:
            server.rules.append(
                lambda request: (400, {"code": -2015, "msg": f"bad {request.text} {request.headers}"}, {})
            )
        rows = [{"Asset": "BTC", "Venue": each, "Quantity": 1.0, "Price": 80000.0} for each in VENUES]
        book = venue_book(tmp_path / f"book-{broken}.xlsx", "binance", Portfolio=rows)
        target = {"notify": [f"file:{tmp_path / 'notes.jsonl'}", f"mail:tee {mail}"]}
        fields = {"notify_fields": "trigger,trades,reasons,lines,value,faults"}
        for as_json in (False, True):
            answer = refresh(book, as_json=as_json, **target, **fields)
            for word in (KEY, SECRET, PASSWORD):
                assert word not in answer.out + answer.err
    import zipfile

    written = b""
    for path in tmp_path.rglob("*"):
        written += path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as package:
                written += b"".join(package.read(name) for name in package.namelist())
    assert mail.exists()
    for word in (KEY, SECRET, PASSWORD):
        assert word.encode() not in written


def test_two_hundred_positions_are_walked_page_by_page(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """A full page of Bybit's positions is not taken for all of them: the cursor is followed."""
    from tests.venues.loopback import Answer, Request, market

    names = [f"Q{k:03d}USDT" for k in range(250)]
    server.bodies["bybit"]["markets"] += [market(f"Q{k:03d}/USDT:USDT", name) for k, name in enumerate(names)]

    def positions(request: Request) -> Answer | None:
        if not request.path.endswith("/position/list") or request.query.get("settleCoin") != "USDT":
            return None
        if request.query.get("category") != "linear":
            return None
        first = 200 if request.query.get("cursor") == "next" else 0
        rows = [
            {"positionIdx": 0, "symbol": name, "side": "Buy", "size": "2", "avgPrice": "10", "positionValue": "20",
             "leverage": "2", "markPrice": "10", "liqPrice": "", "positionIM": "10", "updatedTime": "1795903000000"}
            for name in names[first : first + 200]
        ]  # fmt: skip
        result = {"category": "linear", "list": rows, "nextPageCursor": "" if first else "next"}
        return 200, {"retCode": 0, "retMsg": "OK", "result": result, "time": 1795903000000}, {}

    server.rules.append(positions)
    book = venue_book(tmp_path / "book.xlsx", "bybit")
    answer = refresh(book, only="positions")
    assert answer.code == 0, answer.err
    found = {row["Symbol"] for row in rows_of(book, "Futures")}
    assert set(names) <= found
