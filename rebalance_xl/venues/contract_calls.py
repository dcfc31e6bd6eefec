"""The questions about contracts: marks, funding rates and their intervals, margin tiers of one venue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rebalance_xl.venues.asking import FailedError
from rebalance_xl.venues.faults import SILENT
from rebalance_xl.venues.funding import funding_rows
from rebalance_xl.venues.names import plain_symbol
from rebalance_xl.venues.prices import mark_price, mark_rows
from rebalance_xl.venues.rows import Found
from rebalance_xl.venues.tiers import UnreadTiersError, tier_rows

#: Venues that ask for inverse contracts at another address.
_SPLIT: Final = ("binance", "bybit", "bingx")
_WEEX_TIERS: Final = "https://api-contract.weex.com/capi/v3/market/riskLimits"


def take(visit: Any, positions: Found) -> set[str]:
    """Take marks, funding rates and tiers of the book's contracts and open positions; return those with a mark.

    Parameters
    ----------
    visit
        The round of questions (:mod:`rebalance_xl.venues.fetching`).
    positions
        The open positions as they were read.
    """
    wish, found = visit.wish, visit.reply.found
    wanted = _wanted(visit, {str(row.key["Symbol"]) for row in positions.rows})
    if not wanted:
        return set()
    marks = Found()
    rates = _rates(visit, wanted) if {"prices", "funding"} & wish.kinds else {}
    if "funding" in wish.kinds:
        perpetual = {symbol: name for symbol, name in wanted.items() if visit.markets[symbol].get("swap")}
        found.take(funding_rows(rates, perpetual, wish.venue, wish.code, _intervals(visit, rates, perpetual)))
    if "prices" in wish.kinds:
        marks = mark_rows(_marks(visit, rates, wanted, positions), wanted, wish.venue)
        found.take(marks)
    if "tiers" in wish.kinds:
        known = {plain_symbol(each) for each in wish.tiers_of_today}
        _tiers(visit, {symbol: name for symbol, name in wanted.items() if plain_symbol(name) not in known})
    return {plain_symbol(str(row.key["Symbol"])) for row in marks.rows}


def _wanted(visit: Any, open_symbols: set[str]) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for symbol, market in visit.markets.items():
        if market.get("contract") and not market.get("option"):
            by_name.setdefault(plain_symbol(str(market["id"])), symbol)
            by_name.setdefault(plain_symbol(symbol), symbol)
    wanted: dict[str, str] = {}
    unknown = []
    for name in [*visit.wish.contracts, *sorted(open_symbols)]:
        found = by_name.get(plain_symbol(name))
        if found is None:
            unknown.append(name)
        else:
            wanted.setdefault(found, name)
    if unknown:
        visit.reply.found.notes.append(f"{visit.wish.venue} has no contract {', '.join(unknown)}: the rows stay")
    return wanted


def _rates(visit: Any, wanted: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if visit.profile.rate_params and visit.api.has.get("fetchFundingRates"):
        for params in visit.profile.rate_params:
            if params.get("subType") == "inverse" and not any(visit.markets[each].get("inverse") for each in wanted):
                continue
            if params.get("subType") == "linear" and not any(visit.markets[each].get("linear") for each in wanted):
                continue
            answer = visit.attempt(
                "funding rates",
                lambda params=params: visit.api.fetch_funding_rates(None, dict(params)),
            )
            found.update(answer if isinstance(answer, Mapping) else {})
        return found
    if not visit.api.has.get("fetchFundingRate"):
        return found
    for symbol in wanted:
        if visit.markets[symbol].get("swap"):
            answer = visit.attempt(
                "funding rates",
                lambda symbol=symbol: visit.api.fetch_funding_rate(symbol),
            )
            if not isinstance(answer, Mapping):
                break
            found[symbol] = answer
    return found


def _intervals(visit: Any, rates: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return settlements of contracts whose rate names no interval.

    They are in the market, else in the venue's one list of intervals (Binance), else two past settlements tell.
    """
    found: dict[str, Any] = {}
    lacking = [symbol for symbol in wanted if symbol in rates and not rates[symbol].get("interval")]
    listed = _listed_intervals(visit, lacking) if visit.api.has.get("fetchFundingIntervals") else {}
    for symbol in lacking:
        if symbol in listed:
            found[symbol] = listed[symbol]
            continue
        minutes = (visit.markets[symbol].get("info") or {}).get("fundingInterval")
        if minutes and str(minutes).isdigit():
            found[symbol] = [{"timestamp": 1.0}, {"timestamp": 1.0 + int(minutes) * 60_000}]
        elif visit.api.has.get("fetchFundingRateHistory"):
            answer = visit.attempt(
                "past funding rates",
                lambda symbol=symbol: visit.api.fetch_funding_rate_history(symbol, None, 2),
                optional=True,
            )
            found[symbol] = answer or []
    return found


def _listed_intervals(visit: Any, symbols: Sequence[str]) -> dict[str, Any]:
    """Return settlements from the venue's list of intervals; a contract that it leaves out is not in the result.

    A list that is refused is no fault: two past settlements tell the same.
    """
    found: dict[str, Any] = {}
    for some in _parts(visit, symbols):
        if visit.silent:
            break
        try:
            answer = visit.asking.ask(
                "funding intervals",
                lambda some=some: visit.api.fetch_funding_intervals(some),
            )
        except FailedError as failure:
            if failure.fault.kind in SILENT:
                visit.silent = True
                visit.reply.fail(failure.fault)
            continue
        for symbol, entry in answer.items() if isinstance(answer, Mapping) else ():
            hours = str(entry.get("interval") or "").removesuffix("h")
            if hours.isdigit():
                found[symbol] = [{"timestamp": 1.0}, {"timestamp": 1.0 + int(hours) * 3_600_000}]
    return found


def _marks(visit: Any, rates: Mapping[str, Any], wanted: Mapping[str, str], positions: Found) -> dict[str, Any]:
    """Return something with a mark price for each contract: its funding rate, the venue's marks, its ticker."""
    found = {symbol: rate for symbol, rate in rates.items() if symbol in wanted and mark_price(rate) is not None}
    held = {str(row.key["Symbol"]) for row in positions.rows if "MarkPrice" in row.values}
    lacking = [each for each in wanted if each not in found and str(visit.markets[each]["id"]) not in held]
    for symbols in _parts(visit, lacking):
        if not symbols:
            continue
        marks = visit.api.has.get("fetchMarkPrices") and visit.wish.code != "weex"
        call = visit.api.fetch_mark_prices if marks else visit.api.fetch_tickers
        answer = visit.attempt("mark prices", lambda call=call, symbols=symbols: call(symbols))
        found.update(answer if isinstance(answer, Mapping) else {})
    for row in positions.rows:
        symbol = next((each for each in wanted if str(visit.markets[each]["id"]) == row.key["Symbol"]), None)
        if symbol is not None and symbol not in found and "MarkPrice" in row.values:
            found[symbol] = {"markPrice": row.values["MarkPrice"]}
    return found


def _parts(visit: Any, symbols: Sequence[str]) -> list[list[str]]:
    """Return symbols in the parts in which a venue takes them: some have a separate address for inverse ones."""
    if visit.wish.code not in _SPLIT:
        return [list(symbols)] if symbols else []
    parts = [[each for each in symbols if bool(visit.markets[each].get("inverse")) is kind] for kind in (False, True)]
    return [part for part in parts if part]


def _tiers(visit: Any, wanted: Mapping[str, str]) -> None:
    wish, found = visit.wish, visit.reply.found
    tables = _tier_tables(visit, list(wanted))
    for symbol, name in wanted.items():
        if symbol not in tables:
            continue
        try:
            rows = tier_rows(tables[symbol], visit.markets[symbol], wish.venue, wish.code, visit.now.date())
        except UnreadTiersError as failure:
            found.notes.append(f"{wish.venue}: the tiers of {name} are not taken: {failure}")
            continue
        found.rows += rows
        found.complete.add(("MarginTiers", f"{wish.venue}:{visit.markets[symbol]['id']}"))


def _tier_tables(visit: Any, symbols: list[str]) -> dict[str, Any]:
    api = visit.api
    if visit.wish.code == "weex":
        answer = visit.attempt("margin tiers", lambda: api.fetch(api.options.get("tiersUrl", _WEEX_TIERS)))
        entries = answer.get("data") if isinstance(answer, Mapping) else answer
        tables = {}
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, Mapping):
                continue
            market = next((each for each in symbols if api.markets[each]["id"] == entry.get("symbol")), None)
            if market is not None:
                tables[market] = [each for each in entry.get("brackets") or [] if isinstance(each, Mapping)]
        return tables
    signed = visit.wish.code in ("binance", "bingx")
    if signed and not visit.signed:
        visit.reply.found.notes.append(f"{visit.wish.venue}: margin tiers need a key: they stay")
        return {}
    if api.has.get("fetchLeverageTiers") and visit.wish.code != "bybit":  # it gives 15 contracts a page
        found: dict[str, Any] = {}
        for some in _parts(visit, symbols):
            params = {"subType": "inverse"} if api.markets[some[0]].get("inverse") and signed else {}
            answer = visit.attempt(
                "margin tiers",
                lambda some=some, params=params: api.fetch_leverage_tiers(some, params),
            )
            found.update(answer if isinstance(answer, Mapping) else {})
        return found
    if not api.has.get("fetchMarketLeverageTiers"):
        return {}
    found = {}
    for symbol in symbols:
        if visit.wish.code == "bingx" and api.markets[symbol].get("inverse"):
            continue
        answer = visit.attempt(
            "margin tiers",
            lambda symbol=symbol: api.fetch_market_leverage_tiers(symbol),
        )
        if answer is None:
            break
        found[symbol] = answer
    return found
