"""What a real account may hold that a plain one does not: bodies of the venues, each changed in that one point."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.venues.books import find, rows_of, venue_book
from tests.venues.conftest import Refresh
from tests.venues.loopback import Venues, market

VENUES = ("binance", "bybit", "okx", "bingx", "weex", "mexc")
FIRST = {
    "binance": "BTCUSDT", "bybit": "BTCUSDT", "okx": "BTC-USDT-SWAP", "bingx": "ETH-USDT", "weex": "ETHUSDT",
    "mexc": "BTC_USDT",
}  # fmt: skip


def everywhere(value: Any, change: Callable[[dict[str, Any]], None]) -> None:
    """Apply a change to every object of a body."""
    if isinstance(value, dict):
        change(value)
        for each in value.values():
            everywhere(each, change)
    elif isinstance(value, list):
        for each in value:
            everywhere(each, change)


def positions_of(server: Venues, venue: str) -> list[dict[str, Any]]:
    """Return the list of open positions in the venue's first body of them."""
    paths = {
        "binance": "/fapi/v3/positionRisk", "bybit": "/v5/position/list", "okx": "/account/positions",
        "bingx": "/openApi/swap/v2/user/positions", "weex": "/capi/v3/account/position/allPosition",
        "mexc": "/api/v1/private/position/open_positions",
    }  # fmt: skip
    body = next(each["body"] for each in server.bodies[venue]["answers"] if each["path"] == paths[venue])
    if venue == "bybit":
        body = body["result"]["list"]
    found: list[dict[str, Any]] = body["data"] if isinstance(body, dict) else body
    return found


@pytest.mark.parametrize("venue", ["binance", "bingx", "weex", "mexc"])
def test_what_orders_hold_counts(venue: str, refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """0.1 free and 0.4 in open orders are 0.5 held."""
    coin = "ETH" if venue in ("bingx", "weex") else "BTC"

    def lock(row: dict[str, Any]) -> None:
        if row.get("asset") == coin and "locked" in row:
            row["free"], row["locked"] = "0.1", "0.4"

    everywhere(server.bodies[venue]["answers"], lock)
    book = venue_book(tmp_path / "book.xlsx", venue)
    refresh(book, only="balances,positions")
    held = {"binance": 0.25 + 0.05 - 0.011}.get(venue, 0.0)  # flexible earn and the coin-margined account
    assert find(rows_of(book, "Portfolio"), Asset=coin)["Quantity"] == pytest.approx(0.5 + held)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("nothing", [None, "", "0", 0])
def test_no_mark_price_keeps_the_cell(
    venue: str, nothing: Any, refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """A mark that is null, blank or 0 in every answer leaves the cell as typed; it never becomes a last price or 0."""

    def blank(row: dict[str, Any]) -> None:
        for name in ("markPrice", "markPx", "fairPrice"):
            if name in row:
                row[name] = nothing

    everywhere(server.bodies[venue]["answers"], blank)
    side = "short" if venue == "bingx" else "long"
    typed = {"Symbol": FIRST[venue], "Asset": FIRST[venue][:3], "Venue": venue, "Side": side, "MarkPrice": 12_345.0,
             "MarginMode": "isolated" if venue == "mexc" else "cross"}  # fmt: skip
    book = venue_book(tmp_path / "book.xlsx", venue, Futures=[typed])
    refresh(book, only="prices,positions,funding", accept_jumps=True)
    row = find(rows_of(book, "Futures"), Symbol=FIRST[venue], Side=side)
    assert row["MarkPrice"] == 12_345.0
    assert row["Quantity"] > 0


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("nothing", ["0", 0, None, ""])
def test_no_liquidation_price_is_no_price(
    venue: str, nothing: Any, refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """0 and blank say that none is near; the column stays blank, and nothing that ccxt works out stands in it."""

    def blank(row: dict[str, Any]) -> None:
        for name in ("liquidationPrice", "liqPrice", "liqPx", "liquidatePrice"):
            if name in row:
                row[name] = nothing

    everywhere(server.bodies[venue]["answers"], blank)
    book = venue_book(tmp_path / "book.xlsx", venue)
    refresh(book, only="positions")
    rows = rows_of(book, "Futures")
    assert rows
    assert [(row["Symbol"], row["VenueLiquidation"]) for row in rows if "VenueLiquidation" in row] == []


@pytest.mark.parametrize("venue", ["bybit", "okx", "bingx", "weex", "mexc"])
def test_both_sides_of_a_symbol_are_two_rows(venue: str, refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """Hedge mode: the second side of a symbol stands beside the first, with its own size and entry."""
    rows = positions_of(server, venue)
    other = copy.deepcopy(rows[0])
    turned = {
        "bybit": {"positionIdx": 2, "side": "Sell", "size": "0.04", "avgPrice": "91000", "positionValue": "3640"},
        "okx": {"posSide": "short", "pos": "8", "avgPx": "91000", "notionalUsd": "7200.8", "posId": "77"},
        "bingx": {"positionSide": "LONG", "positionAmt": "0.5", "avgPrice": "2950", "positionValue": "1500.75",
                  "positionId": "77"},
        "weex": {"side": "SHORT", "size": "0.2", "openValue": "600", "id": "77"},
        "mexc": {"positionType": 2, "holdVol": 40, "holdAvgPrice": 91000, "openAvgPrice": 91000, "positionId": 77},
    }[venue]  # fmt: skip
    rows.append({**other, **turned})
    book = venue_book(tmp_path / "book.xlsx", venue)
    refresh(book, only="positions")
    found = {row["Side"]: row["Quantity"] for row in rows_of(book, "Futures") if row["Symbol"] == FIRST[venue]}
    first = {"bybit": 0.1, "okx": 0.2, "bingx": 1.0, "weex": 0.6, "mexc": 0.01}[venue]
    second = {"bybit": 0.04, "okx": 0.08, "bingx": 0.5, "weex": 0.2, "mexc": 0.004}[venue]
    assert found == ({"short": first, "long": second} if venue == "bingx" else {"long": first, "short": second})


@pytest.mark.parametrize("name", ["1000PEPEUSDT", "PEPE1000USDT"])
def test_a_contract_on_a_thousand_coins(name: str, refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    base = name.removesuffix("USDT")
    server.bodies["bybit"]["markets"].append(market(f"{base}/USDT:USDT", name))
    rows = positions_of(server, "bybit")
    small = {"symbol": name, "size": "500", "avgPrice": "0.012", "positionValue": "6", "markPrice": "0.0125",
             "positionIM": "0.6", "unrealisedPnl": "0.25"}  # fmt: skip
    rows.append({**copy.deepcopy(rows[0]), **small})
    book = venue_book(tmp_path / "book.xlsx", "bybit")
    refresh(book, only="positions")
    row = find(rows_of(book, "Futures"), Symbol=name)
    assert (row["Asset"], row["ContractSize"], row["Quantity"]) == ("PEPE", 1000.0, 500.0)
    assert (row["EntryPrice"], row["MarkPrice"]) == (0.012, 0.0125)


@pytest.mark.parametrize("size", [1.0, 10.0, 100.0])
def test_the_contract_size_of_coin_margined_contracts(
    size: float, refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """Five OKX contracts are five times their dollars; Bybit states dollars, whatever ccxt calls a contract."""
    for venue, name in (("okx", "BTC-USD-SWAP"), ("bybit", "BTCUSD")):
        for each in server.bodies[venue]["markets"]:
            if each["id"] == name:
                each["contractSize"] = size
        book = venue_book(tmp_path / f"{venue}.xlsx", venue)
        refresh(book, only="positions")
        row = find(rows_of(book, "Futures"), Symbol=name)
        assert row["Quantity"] == (5 * size if venue == "okx" else 3000.0)
        assert row["Contract"] == "inverse"


def test_earn_under_its_own_name(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """LDBTC is BTC in flexible earn, LDO is a coin; both come out once."""
    answer = next(
        each["body"] for each in server.bodies["binance"]["answers"] if each["path"].endswith("/api/v3/account")
    )
    answer["balances"] = [
        {"asset": "BTC", "free": "0.2", "locked": "0"},
        {"asset": "LDBTC", "free": "0.3", "locked": "0"},
        {"asset": "LDO", "free": "40", "locked": "2"},
    ]
    server.bodies["binance"]["markets"].append(market("LDO/USDT", "LDOUSDT"))
    book = venue_book(tmp_path / "book.xlsx", "binance")
    done = refresh(book, only="balances,positions")
    held = {row["Asset"]: row["Quantity"] for row in rows_of(book, "Portfolio")}
    assert held["BTC"] == pytest.approx(0.5 + 0.05 - 0.011)
    assert held["LDO"] == 42.0
    assert "BTC includes LDBTC (flexible earn) 0.3" in done.out
