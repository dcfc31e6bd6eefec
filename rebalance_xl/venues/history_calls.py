"""The questions about the past: daily closes, deposits, withdrawals and funding payments of one venue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rebalance_xl.venues.asking import FailedError
from rebalance_xl.venues.faults import FINAL
from rebalance_xl.venues.history import close_rows, funding_flows, transfer_rows
from rebalance_xl.venues.prices import spot_symbols


@dataclass(frozen=True, slots=True)
class _Paging:
    """How a venue cuts its answers: the longest window in days, entries of a full page, names of the two times."""

    days: int
    full: int
    first: str = ""
    last: str = "until"


_TRANSFERS: Final[Mapping[str, _Paging]] = {
    "binance": _Paging(89, 1000), "bybit": _Paging(29, 50), "okx": _Paging(89, 100), "bingx": _Paging(89, 1000),
    "mexc": _Paging(6, 1000, last="endTime"),
}  # fmt: skip
_FUNDING: Final[Mapping[str, _Paging]] = {
    "binance": _Paging(7, 1000), "bybit": _Paging(7, 50), "okx": _Paging(89, 100, "begin", "end"),
    "bingx": _Paging(7, 100), "weex": _Paging(7, 100),
}  # fmt: skip
_PLAIN: Final = _Paging(30, 100)
_FUNDING_PARAMS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "binance": ({"subType": "linear"}, {"subType": "inverse"}),
    "bybit": (
        {"type": "swap", "subType": "linear", "limit": 100},
        {"type": "swap", "subType": "inverse", "limit": 100},
    ),
}


def take(visit: Any, signed: bool) -> None:
    """Ask a venue for what happened since the dates of the wish and add it to the reply.

    Parameters
    ----------
    visit
        The round of questions (:mod:`rebalance_xl.venues.fetching`).
    signed
        Whether signed questions may be asked.
    """
    _closes(visit)
    if signed:
        _flows(visit)


def _closes(visit: Any) -> None:
    wish, api = visit.wish, visit.api
    if not wish.closes or wish.closes_since is None or not api.has.get("fetchOHLCV"):
        return
    since = int(wish.closes_since.timestamp() * 1000)
    for asset, symbols in spot_symbols(wish.closes, wish.quote, visit.markets).items():
        symbol = next((each for each in symbols if each.startswith(f"{asset}/")), None)
        if symbol is None or (wish.quote != "USD" and not symbol.endswith(f"/{wish.quote}")):
            continue
        candles = visit.attempt("daily closes", lambda symbol=symbol: _all_candles(api, symbol, since, visit.now))
        if candles is None:
            return
        visit.reply.found.rows += close_rows(asset, candles, wish.venue, visit.now)


def _all_candles(api: Any, symbol: str, since: int, now: dt.datetime) -> list[Any]:
    """Return daily candles from a time on, page by page, until a page brings nothing new."""
    found: dict[int, Any] = {}
    start = since
    while start < now.timestamp() * 1000:
        page = [each for each in api.fetch_ohlcv(symbol, "1d", start, 500) if int(each[0]) not in found]
        found.update((int(each[0]), each) for each in page)
        if len(page) < 100:  # the shortest full page of any of the venues
            break
        start = max(found) + 1
    return [found[key] for key in sorted(found)]


def _flows(visit: Any) -> None:
    wish, api, found = visit.wish, visit.api, visit.reply.found
    if wish.flows_since is None:
        return
    for kind, name, method in (
        ("DEPOSIT", "deposits", "fetchDeposits"),
        ("WITHDRAWAL", "withdrawals", "fetchWithdrawals"),
    ):
        if not api.has.get(method):
            found.notes.append(f"{wish.venue} does not give {name}: enter them by hand")
            continue
        call = api.fetch_deposits if kind == "DEPOSIT" else api.fetch_withdrawals
        entries = _walk(visit, name, call, _TRANSFERS.get(wish.code, _PLAIN), (None,), {})
        if entries is None:
            return
        found.take(transfer_rows(entries, wish.venue, kind))
    if not api.has.get("fetchFundingHistory"):
        return
    by_id = {str(market["id"]): market for market in visit.markets.values() if market.get("contract")}
    for params in _FUNDING_PARAMS.get(wish.code, ({},)):
        if wish.code == "mexc":
            entries = _pages(visit)
        else:
            paging = _FUNDING.get(wish.code, _PLAIN)
            entries = _walk(visit, "funding payments", api.fetch_funding_history, paging, (None,), params)
        if entries is None:
            return
        found.take(funding_flows(entries, {**by_id, **visit.markets}, wish.venue, wish.code))


def _mark(entry: Mapping[str, Any]) -> str:
    mark = entry.get("txid") or entry.get("id")
    return str(mark) if mark else f"{entry.get('timestamp')} {entry.get('currency')} {entry.get('amount')}"


def _walk(
    visit: Any, what: str, call: Any, paging: _Paging, before: tuple[Any, ...], params: Mapping[str, Any]
) -> list[Any] | None:
    def page(first: int, last: int) -> list[Any]:
        times = {paging.last: last, **({paging.first: first} if paging.first else {})}
        return list(call(*before, first, None, {**params, **times}))

    try:
        return list(
            visit.asking.walk(
                what,
                page,
                visit.wish.flows_since,
                visit.now,
                dt.timedelta(days=paging.days),
                paging.full,
                _mark,
            )
        )
    except FailedError as failure:
        visit.reply.fail(failure.fault)
        if failure.fault.kind in FINAL:
            visit.signed = False
        return None


def _pages(visit: Any) -> list[Any] | None:
    """Return MEXC's funding payments, which come in numbered pages, newest first."""
    found: dict[str, Any] = {}
    since = visit.wish.flows_since.timestamp() * 1000
    for number in range(1, 101):
        answer = visit.attempt(
            "funding payments",
            lambda number=number: visit.api.fetch_funding_history(None, None, 100, {"page_num": number}),
        )
        if answer is None:
            return None
        new = [each for each in answer if _mark(each) not in found]
        found.update((_mark(each), each) for each in new)
        if len(answer) < 100 or not new or min(each["timestamp"] for each in new) < since:
            break
    return [each for each in found.values() if each["timestamp"] >= since]
