"""What goes wrong at a venue: the line that is printed, and the book that stays whole."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.venues.faults import fault_of
from tests.venues.books import find, rows_of, venue_book
from tests.venues.conftest import Refresh
from tests.venues.loopback import Answer, Request, Venues, environment, maker

CASES: list[tuple[str, Answer, str]] = [
    ("401", (401, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY", "data": []}, {}), "okx does not accept the key"),
    ("418", (418, {"code": "50011", "msg": "banned"}, {}), "okx asks to wait"),
    ("429 for an hour", (429, {"code": "50011", "msg": "slow"}, {"Retry-After": "3600"}), "okx asks to wait 3600 s"),
    ("500", (500, {"code": "50000", "msg": "oops"}, {}), "okx"),
    ("503", (503, {"code": "50001", "msg": "down"}, {}), "okx is down for maintenance"),
    ("502 in HTML", (502, b"<html>Bad Gateway</html>", {}), "okx is not available"),
    ("half a body", (200, b'{"code":"0","data":[{"ccy":"US', {"Length": "4000"}), "in a form that cannot be read"),
    ("cut JSON", (200, b'{"code":"0","data":[{"ccy":"US', {}), "in a form that cannot be read"),
    ("another JSON", (200, [1, "two", None], {}), "in a form that cannot be read"),
    ("no JSON", (200, b"hello", {}), "in a form that cannot be read"),
    (
        "clock",
        (401, {"code": "50102", "msg": "Timestamp request expired"}, {}),
        "this computer's clock differs from okx's",
    ),
    ("right", (401, {"code": "50120", "msg": "no permission"}, {}), "the key of okx may not read"),
    ("address", (401, {"code": "50110", "msg": "Your IP 10.0.0.1 is not included"}, {}), "may not read"),
]


@pytest.mark.parametrize("answer, line", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_venue_fails_and_the_other_is_written(
    answer: Answer, line: str, refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """OKX fails at everything: its cells stay, the line says why, Binance is written, the code is 4."""
    rows = [{"Asset": "BTC", "Venue": each, "Quantity": 1.0, "Price": 80000.0} for each in ("binance", "okx")]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    server.rules.append(lambda request: (answer[0], answer[1], dict(answer[2])) if request.venue == "okx" else None)
    said = refresh(book, only="balances,positions")
    assert said.code == 4, said.out
    assert line in said.err
    assert "10.0.0.1" not in said.err + said.out
    portfolio = rows_of(book, "Portfolio")
    assert find(portfolio, Asset="BTC", Venue="okx") == {**rows[1]}
    assert find(portfolio, Asset="BTC", Venue="binance")["Quantity"] == 0.789


@pytest.mark.parametrize("answer, line", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_only_venue_fails_and_no_byte_changes(
    answer: Answer, line: str, refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """Where no venue answers the file stays as it is and the code is 1."""
    book = venue_book(tmp_path / "book.xlsx", "okx")
    before = book.read_bytes()
    server.rules.append(lambda request: (answer[0], answer[1], dict(answer[2])))
    said = refresh(book)
    assert (said.code, book.read_bytes() == before) == (1, True), said.out
    assert line in said.err


def test_a_venue_that_does_not_answer_costs_two_time_outs_not_twenty(
    refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """A silent venue is asked twice, then left alone; the others are not kept waiting for its other questions."""

    def sleep(request: Request) -> Answer | None:
        if request.venue == "okx":
            time.sleep(0.7)
        return None

    server.rules.append(sleep)
    rows = [{"Asset": "BTC", "Venue": each, "Quantity": 1.0, "Price": 80000.0} for each in ("binance", "okx")]
    book = venue_book(tmp_path / "book.xlsx", "binance", Portfolio=rows)
    said = refresh(book, timeout=300)
    assert said.code == 4
    assert "no answer from okx" in said.err
    assert len([each for each in server.seen if each.venue == "okx"]) <= 2


def test_a_short_wait_is_waited_for(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """429 with Retry-After of one second is answered by one more question after it."""
    times: list[float] = []

    def once(request: Request) -> Answer | None:
        if request.path.endswith("/market/tickers"):
            times.append(request.arrived)
            if len(times) == 1:
                return 429, {"code": "50011", "msg": "Too Many Requests"}, {"Retry-After": "1"}
        return None

    server.rules.append(once)
    book = venue_book(tmp_path / "book.xlsx", "okx")
    assert refresh(book, only="prices").code == 0
    assert len(times) == 2
    assert times[1] - times[0] >= 0.95
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Price"] == 90000.0


def test_a_clock_that_is_off_is_corrected_once(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """A refused timestamp makes the venue's time be asked for, and the question be signed again with it."""
    state = {"told": False, "refused": 0}

    def skewed(request: Request) -> Answer | None:
        if request.path.endswith("/api/v3/time"):
            state["told"] = True
            return 200, {"serverTime": int(time.time() * 1000) + 60_000}, {}
        if request.path.endswith("/api/v3/account") and not state["told"]:
            state["refused"] += 1
            return 400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}, {}
        return None

    server.rules.append(skewed)
    book = venue_book(tmp_path / "book.xlsx", "binance")
    said = refresh(book, only="balances")
    assert (said.code, state) == (0, {"told": True, "refused": 1}), said.err
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Quantity"] == 0.789
    signed = [each for each in server.seen if each.path.endswith("/api/v3/account")]
    shift = int(signed[1].query["timestamp"]) - int(signed[0].query["timestamp"])
    assert shift > 50_000


def test_an_empty_account_is_said_and_sets_nothing_to_zero(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """An account without coins leaves the rows of the book and says that it is empty."""

    def empty(request: Request) -> Answer | None:
        if request.path.endswith("/account/balance") or request.path.endswith("/asset/balances"):
            return 200, {"code": "0", "msg": "", "data": [{"details": [], "uTime": ""}]}, {}
        if request.path.endswith("/account/positions"):
            return 200, {"code": "0", "msg": "", "data": []}, {}
        return None

    server.rules.append(empty)
    book = venue_book(tmp_path / "book.xlsx", "okx")
    before = rows_of(book, "Portfolio")
    said = refresh(book, only="balances,positions")
    assert said.code == 0
    assert "okx: the account is empty" in said.out
    assert rows_of(book, "Portfolio") == before


def test_positions_that_fail_keep_unified_balances(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """Where it is not known which part of a unified balance is margin, the balance is not written."""
    server.rules.append(
        lambda request: (
            (200, {"retCode": 10005, "retMsg": "Permission denied", "result": {}}, {})
            if request.path.endswith("/position/list")
            else None
        )
    )
    book = venue_book(tmp_path / "book.xlsx", "bybit")
    said = refresh(book, only="balances,positions")
    assert said.code == 1
    assert "may not read positions" in said.err
    assert find(rows_of(book, "Portfolio"), Asset="USDT")["Quantity"] == 1.0


@pytest.mark.parametrize(
    "path, body, word",
    [
        ("/account/apiRestrictions", {"enableReading": True, "enableWithdrawals": True}, "withdraw"),
        ("/account/apiRestrictions", {"enableReading": True, "enableFutures": True}, "trade futures"),
        ("/user/query-api", {"retCode": 0, "result": {"readOnly": 0}}, "no read-only key"),
        ("/account/config", {"code": "0", "data": [{"perm": "read_only,trade"}]}, "trade"),
    ],
)
def test_a_key_that_may_do_more_is_refused(
    path: str, body: Any, word: str, refresh: Refresh, tmp_path: Path, server: Venues
) -> None:
    """A key that may trade or withdraw signs nothing after the question that told so."""
    server.rules.append(lambda request: (200, body, {}) if request.path.endswith(path) else None)
    venue = {"/account/apiRestrictions": "binance", "/user/query-api": "bybit", "/account/config": "okx"}[path]
    book = venue_book(tmp_path / "book.xlsx", venue)
    said = refresh(book)
    assert word in said.err
    assert "it is not used" in said.err
    assert [each.path.endswith(path) for each in server.seen if each.signed] == [True]
    assert find(rows_of(book, "Portfolio"), Asset="USDT")["Quantity"] == 1.0


def test_pages_are_walked_until_nothing_is_new(refresh: Refresh, tmp_path: Path, server: Venues) -> None:
    """2,500 funding payments in pages of 1,000 come whole, each once."""
    import datetime as dt

    start = int(dt.datetime(2026, 11, 2, tzinfo=dt.UTC).timestamp() * 1000)
    entries = [
        {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.5", "asset": "USDT",
         "time": start + k * 400_000, "info": "", "tranId": 100 + k, "tradeId": ""}
        for k in range(2500)
    ]  # fmt: skip

    def pages(request: Request) -> Answer | None:
        if not request.path.endswith("/fapi/v1/income"):
            return None
        first, last = int(request.query["startTime"]), int(request.query["endTime"])
        return 200, [each for each in entries if first <= each["time"] <= last][:1000], {}

    server.rules.append(pages)
    book = venue_book(tmp_path / "book.xlsx", "binance", CashFlows=[])
    refresh(book, only="history", since="2026-11-01")
    flows = [row for row in rows_of(book, "CashFlows") if row["Kind"] == "FUNDING" and row["Note"] == "BTCUSDT"]
    assert len(flows) == 2500
    assert len({row["Id"] for row in flows}) == 2500


@pytest.mark.parametrize("limit", [0.1])
def test_rate_limits_of_ccxt_hold(limit: float, server: Venues) -> None:
    """With ccxt's own limits on, questions to one venue keep its distance."""
    from tests.venues.loopback import secrets_of

    exchange = maker(server, limits=True)("bingx", secrets_of("bingx"))
    for _ in range(4):
        exchange.fetch_balance({"type": "spot"})
    times = [each.arrived for each in server.seen]
    assert times[-1] - times[0] >= limit


def recorded_errors(shared: Path) -> list[dict[str, Any]]:
    """Return the error bodies that were recorded."""
    found: list[dict[str, Any]] = json.loads((shared / "data" / "exchange" / "errors.json").read_text(encoding="utf-8"))
    return found


MEANINGS = {
    "key": ("key",), "secret": ("key",), "passphrase": ("key",), "clock": ("clock",), "too many": ("wait",),
    "right missing": ("right",), "IP": ("right",), "country": ("country",), "down": ("down", "maintenance"),
    "nonce": ("clock",), "expired": ("key",), "wrong key": ("key",), "IP banned": ("wait",), "key mistyped": ("key",),
    "too many requests": ("wait",), "secret wrong": ("key",), "key or passphrase": ("key",),
}  # fmt: skip


def test_recorded_errors_say_what_they_mean(shared_dir: Path) -> None:
    """Each of the recorded error bodies of nine venues leads to the line that it means."""
    import ccxt

    from tests.venues.loopback import Venues as Answers
    from tests.venues.loopback import secrets_of, serving

    wrong = []
    for case in recorded_errors(shared_dir):
        venue = case["venue"]
        answers = Answers({venue: {"markets": [], "answers": []}})
        answers.rules.append(lambda request, case=case: (case["status"], case["body"], {}))
        with serving(answers):
            exchange = maker(answers)(venue, secrets_of(venue))
            exchange.set_markets([])
            try:
                exchange.fetch_balance()
                wrong.append((venue, case["means"], "no error"))
            except ccxt.BaseError as failure:
                fault = fault_of(failure, venue, venue, "balances")
        means = case["means"].split(" (")[0].split(",")[0].split(" for a")[0]
        if fault.kind not in MEANINGS[means]:
            wrong.append((venue, case["means"], fault.kind))
        assert "10.0.0.1" not in fault.line
    assert wrong == []


def test_keys_from_the_environment_only_for_its_venue() -> None:
    """Half a key is refused by name; the text of a key shows nothing."""
    from rebalance_xl.venues.keys import VenueKeyError, find_secrets

    found = find_secrets("okx", environment("okx"))
    assert found.parts["password"] == "pass-phrase-of-tests"
    assert "reading" not in repr(found)
    assert found.hint() == "...0001"
    with pytest.raises(VenueKeyError, match="half a key"):
        find_secrets("okx", {"REBALANCE_XL_OKX_KEY": "x"})
