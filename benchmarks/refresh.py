"""Processor time of a refresh: a book of a thousand symbols over six venues, each of which lists them all.

The venues are served by another process on this computer.

    python -m benchmarks.refresh [symbols]

The time of ccxt's import is told beside it; it is paid once a process.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from rebalance_xl.venues.keys import Secrets
from tests.venues.books import NOW, write_book
from tests.venues.loopback import Request, Venues, environment, maker, market, serving

VENUES = ("binance", "bybit", "okx", "bingx", "weex", "mexc")
#: History is one question a column of closes and one a week of flows, so its cost is the venues' and not ours.
KINDS = "prices,balances,positions,funding,tiers"
_T = int(NOW.timestamp() * 1000) - 30_000


def coins(count: int) -> list[str]:
    """Return made-up coins: AAA, AAB, ..."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [f"Q{letters[k // 676 % 26]}{letters[k // 26 % 26]}{letters[k % 26]}" for k in range(count)]


def names(venue: str, coin: str) -> tuple[str, str]:
    """Return the venue's ids of a coin's spot market and perpetual."""
    return {
        "okx": (f"{coin}-USDT", f"{coin}-USDT-SWAP"),
        "bingx": (f"{coin}-USDT", f"{coin}-USDT"),
        "mexc": (f"{coin}USDT", f"{coin}_USDT"),
    }.get(venue, (f"{coin}USDT", f"{coin}USDT"))


def markets(venue: str, count: int) -> list[dict[str, Any]]:
    """Return the markets of a venue."""
    found = []
    for coin in coins(count):
        spot, swap = names(venue, coin)
        found += [market(f"{coin}/USDT", spot), market(f"{coin}/USDT:USDT", swap, info={"instFamily": f"{coin}-USDT"})]
    return found


def answer(request: Request, count: int, shift: float) -> Any:
    """Return a body in the form of the venue, for all its coins."""
    venue, path = request.venue, request.path
    some = coins(count)
    prices = {coin: 10.0 + k % 90 + shift for k, coin in enumerate(some)}
    if "ticker" in path and "premium" not in path:
        rows = [
            {
                "symbol": names(venue, coin)["spot" not in path and "contract" in path], "instId": f"{coin}-USDT",
                "lastPrice": str(price), "last": str(price), "bidPrice": str(price), "askPrice": str(price),
                "bid1Price": str(price), "ask1Price": str(price), "bidPx": str(price), "askPx": str(price),
                "closeTime": _T, "ts": str(_T), "markPrice": str(price), "fairPrice": price, "timestamp": _T,
                "fundingRate": "0.0001", "nextFundingTime": str(_T), "instType": "SPOT",
            }
            for coin, price in prices.items()
        ]  # fmt: skip
        return wrapped(venue, path, rows)
    if "fundingInfo" in path:
        return [{"symbol": names(venue, coin)[1], "fundingIntervalHours": 8} for coin in some]
    if (tiers := brackets(request, some)) is not None:
        return tiers
    if "premiumIndex" in path or "funding-rate" in path or "mark-price" in path:
        rows = [
            {"symbol": names(venue, coin)[1], "instId": names(venue, coin)[1], "markPrice": str(price), "time": _T,
             "markPx": str(price), "lastFundingRate": "0.0001", "fundingRate": "0.0001", "fundingTime": str(_T),
             "nextFundingTime": str(_T + 8 * 3_600_000), "forecastFundingRate": "0.0001", "collectCycle": 480,
             "fundingIntervalHours": 8, "ts": str(_T), "instType": "SWAP"}
            for coin, price in prices.items()
        ]  # fmt: skip
        return wrapped(venue, path, rows)
    return private(venue, path, some[VENUES.index(venue) :: 6], shift)


def brackets(request: Request, some: list[str]) -> Any:
    """Return four margin tiers of each contract that is asked for, None where something else is asked for."""
    path, tiers = (
        request.path,
        [(0, 1e5, 0.004, 100), (1e5, 5e5, 0.01, 50), (5e5, 2e6, 0.025, 20), (2e6, 5e6, 0.05, 10)],
    )
    if path.endswith("/leverageBracket"):
        rows = [
            {
                "notionalFloor": low,
                "notionalCap": cap,
                "maintMarginRatio": rate,
                "initialLeverage": most,
                "cum": low * rate,
            }
            for low, cap, rate, most in tiers
        ]
        return [{"symbol": names("binance", coin)[1], "brackets": rows} for coin in some]
    if path.endswith("/riskLimits"):
        rows = [
            {"notionalFloor": str(low), "notionalCap": str(cap), "maintMarginRatio": str(rate), "initialLeverage": most}
            for low, cap, rate, most in tiers
        ]
        return [{"symbol": names("weex", coin)[1], "brackets": rows} for coin in some]
    name = request.query.get("symbol") or request.query.get("instFamily")
    if path.endswith("/risk-limit"):
        rows = [
            {"symbol": name, "riskLimitValue": str(cap), "maintenanceMargin": str(rate), "initialMargin": "0.1",
             "maxLeverage": str(most), "mmDeduction": str(low * rate)}
            for low, cap, rate, most in tiers
        ]  # fmt: skip
        return {"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}, "time": _T}
    if path.endswith("/position-tiers"):
        rows = [
            {"instFamily": name, "instId": "", "minSz": str(low), "maxSz": str(cap), "mmr": str(rate), "maxLever": most}
            for low, cap, rate, most in tiers
        ]
        return {"code": "0", "data": rows}
    if path.endswith("/maintMarginRatio"):
        rows = [
            {"symbol": name, "tier": "Tier 1", "minPositionVal": str(low), "maxPositionVal": str(cap),
             "maintMarginRatio": str(rate), "maintAmount": str(low * rate)}
            for low, cap, rate, _ in tiers
        ]  # fmt: skip
        return {"code": 0, "data": rows}
    return None


def wrapped(venue: str, path: str, rows: list[Any]) -> Any:
    """Return rows in the envelope of a venue."""
    if venue == "bybit":
        return {"retCode": 0, "result": {"list": rows}, "time": _T}
    if venue in ("okx", "bingx") or (venue == "mexc" and "contract" in path):
        return {"code": 0 if venue != "okx" else "0", "success": True, "data": rows, "msg": ""}
    return rows


def private(venue: str, path: str, some: list[str], shift: float) -> Any:
    """Return balances, rights and no positions."""
    free = str(2.0 + shift)
    if "apiRestrictions" in path:
        return {"enableReading": True, "ipRestrict": True}
    if "query-api" in path:
        return {"retCode": 0, "result": {"readOnly": 1}}
    if "account/config" in path:
        return {"code": "0", "data": [{"perm": "read_only"}]}
    if venue in ("binance", "mexc", "weex") and "/api/v3/account" in path:
        return {"updateTime": _T, "balances": [{"asset": coin, "free": free, "locked": "0"} for coin in some]}
    if venue == "binance" and path.endswith("/account"):
        return {"assets": [], "positions": []}
    if "wallet-balance" in path:
        rows = [{"coin": coin, "walletBalance": free, "equity": free, "locked": "0"} for coin in some]
        return {"retCode": 0, "result": {"list": [{"accountType": "UNIFIED", "coin": rows}]}, "time": _T}
    if "query-account-coins" in path:
        return {"retCode": 0, "result": {"balance": []}}
    if venue == "okx" and path.endswith("/account/balance"):
        rows = [{"ccy": coin, "cashBal": free, "eq": free, "availBal": free, "frozenBal": "0"} for coin in some]
        return {"code": "0", "data": [{"details": rows, "uTime": str(_T)}]}
    if venue == "bingx" and "spot" in path:
        return {"code": 0, "data": {"balances": [{"asset": coin, "free": free, "locked": "0"} for coin in some]}}
    if venue == "bybit":
        return {"retCode": 0, "result": {"list": [], "marginMode": "REGULAR_MARGIN"}, "time": _T}
    if venue == "weex" or path.endswith(("positionRisk", "leverageBracket")):
        return []
    return {"code": "0" if venue == "okx" else 0, "success": True, "data": []}


def serve(count: int, pipe: Any) -> None:
    """Serve until told to stop; bodies are made once a path."""
    venues = Venues({each: {"answers": []} for each in VENUES})
    kept: dict[tuple[Any, ...], bytes] = {}

    def rule(request: Request) -> Any:
        key = (request.venue, request.path, request.query.get("category"), request.query.get("symbol"),
               request.query.get("instFamily"), venues_shift[0])  # fmt: skip
        if key not in kept:
            kept[key] = json.dumps(answer(request, count, venues_shift[0])).encode()
        return 200, kept[key], {}

    venues_shift = [0.0]
    venues.rules.append(rule)
    with serving(venues):
        pipe.send(venues.base)
        while (word := pipe.recv()) is not None:
            venues_shift[0] = word
            pipe.send("ready")


def main() -> None:
    """Measure the first refresh, one in which every figure moved, one of the tiers alone, and one with nothing new."""
    from rebalance_xl.commands import refresh

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(count, there), daemon=True)
    process.start()
    venues = Venues({each: {"markets": markets(each, count)} for each in VENUES}, base=here.recv())
    os.environ.update(environment(*VENUES))
    begin = time.process_time()
    import ccxt  # noqa: F401

    imported = time.process_time() - begin
    ready = {each: maker(venues)(each, Secrets(each)) for each in VENUES}

    def make(code: str, secrets: Any) -> Any:
        """Return an exchange whose markets were read before, as a day's later refreshes do."""
        for part, value in secrets.parts.items():
            setattr(ready[code], part, value)
        return ready[code]

    held = [
        {"Asset": coin, "Venue": VENUES[k % 6], "Quantity": 1.0, "Price": 10.0} for k, coin in enumerate(coins(count))
    ]
    futures = [
        {
            "Symbol": names(VENUES[k % 6], coin)[1],
            "Asset": coin,
            "Venue": VENUES[k % 6],
            "Side": "long",
            "MarkPrice": 10.0,
        }
        for k, coin in enumerate(coins(count))
        if VENUES[k % 6] != "mexc"  # it gives funding rates one by one only
    ]
    with tempfile.TemporaryDirectory() as folder:
        book = write_book(Path(folder) / "book.xlsx", {"Portfolio": held, "Futures": futures, "MarginTiers": []})
        plain = KINDS.removesuffix(",tiers")
        rounds = (
            ("first, without tiers", 0.0, plain),
            ("all figures moved, without tiers", 0.5, plain),
            ("tiers of all contracts, once a day", 0.5, "tiers"),
            ("all figures moved, all kinds, the tiers are of today", 1.0, KINDS),
            ("nothing moved", 1.0, KINDS),
        )
        for title, shift, kinds in rounds:
            here.send(shift)
            here.recv()
            request = refresh.Request(book, make=make, now=NOW, only=kinds, accept_jumps=True)
            begin, clock, said = time.process_time(), time.perf_counter(), io.StringIO()
            with redirect_stdout(said):
                code = refresh.run(request)
            work, passed = time.process_time() - begin, time.perf_counter() - clock
            print(f"{title}: exit {code}, {said.getvalue().splitlines()[-1].partition(': ')[2]}; "
                  f"{work:.2f} s of processor time, {passed:.2f} s by the clock")  # fmt: skip
    print(f"import of ccxt: {imported:.2f} s of processor time")
    here.send(None)
    process.join()


if __name__ == "__main__":
    main()
