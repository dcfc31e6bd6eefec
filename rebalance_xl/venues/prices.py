"""Prices of coins and marks of contracts: tickers of a venue to rows of Portfolio and Futures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

from rebalance_xl.venues.names import KNOWN_COINS
from rebalance_xl.venues.rows import Found, Row, latest, moment, positive

#: Quotes that stand for a dollar, in the order in which a market is looked for.
_DOLLARS: Final = ("USDT", "USDC", "USD", "FDUSD")
#: A last trade further than this outside of bid and ask is an old one.
_OUTSIDE = 0.01
_OLD_TRADE, _OLD_TICKER = dt.timedelta(minutes=5), dt.timedelta(minutes=15)


def ticker_price(ticker: Mapping[str, Any], now: dt.datetime) -> tuple[float | None, str]:
    """Return the price that a ticker gives, or None and why it gives none.

    Parameters
    ----------
    ticker : mapping
        A ticker as ccxt unifies it: last, bid, ask, timestamp (ms).
    now : datetime
        The time of the answer, UTC.

    Returns
    -------
    tuple of float or None, and str
        The last price; the middle of bid and ask where the last trade is older than five minutes or lies more than
        1 % outside of them. None with a reason where there is no price above 0, or the ticker is older than 15 minutes.

    Examples
    --------
    >>> ticker_price({"last": 100.0, "bid": 99.9, "ask": 100.1}, dt.datetime.now(dt.UTC))
    (100.0, '')
    >>> ticker_price({"last": 0}, dt.datetime.now(dt.UTC))
    (None, 'no price')
    """
    last, bid, ask = (positive(ticker.get(name)) for name in ("last", "bid", "ask"))
    time = moment(ticker.get("timestamp"))
    age = now - time if time is not None else dt.timedelta(0)
    middle = (bid + ask) / 2 if bid is not None and ask is not None and bid <= ask else None
    if middle is not None and bid is not None and ask is not None:
        outside = last is None or not bid * (1 - _OUTSIDE) <= last <= ask * (1 + _OUTSIDE)
        if (outside or age > _OLD_TRADE) and ask <= bid * (1 + 10 * _OUTSIDE):
            last = middle
    if last is None:
        return None, "no price"
    if age > _OLD_TICKER:
        return None, f"its last price is of {time:%Y-%m-%d %H:%M} UTC"
    return last, ""


def spot_symbols(assets: Collection[str], quote: str, markets: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the spot markets that price each asset, the one to take first.

    Parameters
    ----------
    assets
        Coins as a book names them.
    quote
        The currency of the book.
    markets
        The venue's markets by ccxt's symbol; those that are not active count as absent.
    """
    found: dict[str, list[str]] = {}
    for asset in assets:
        quotes = (*dict.fromkeys((quote, *_DOLLARS)),) if quote != "USD" else _DOLLARS
        names = [f"{asset}/{each}" for each in quotes if each != asset]
        if asset in ("USDT", "USDC") and quote not in _DOLLARS:
            names.append(f"{quote}/{asset}")
        found[asset] = [name for name in names if is_open(markets.get(name))]
    return found


def is_open(market: Mapping[str, Any] | None) -> bool:
    """Tell whether a market exists and is not delisted; a venue that says nothing of it counts as open."""
    return market is not None and market.get("active") is not False


def price_rows(
    tickers: Mapping[str, Mapping[str, Any]],
    assets: Collection[str],
    quote: str,
    markets: Mapping[str, Mapping[str, Any]],
    venue: str,
    now: dt.datetime,
) -> Found:
    """Return one Portfolio row an asset with its price in the currency of the book.

    Parameters
    ----------
    tickers, markets
        By ccxt's symbol.
    assets
        Coins to price, as a book names them.
    quote
        The currency of the book. For USD a market against USDT, USDC or USD counts as dollars; for another currency
        the coin's own market against it is taken, else its price in USDT times that of USDT.
    venue
        The venue's name in the book.
    now
        Time of the answer, UTC.

    Returns
    -------
    Found
        Rows without key Venue; assets that have no market or no fresh price are named in the notes and have no row.
    """
    found = Found()
    without: list[str] = []
    stale: list[str] = []
    dollar = _dollar_in(quote, tickers, now)
    for asset, symbols in spot_symbols(assets, quote, markets).items():
        if asset == quote or (quote == "USD" and asset in ("USDT", "USD")):
            continue  # the measure itself; a peg that moved is the user's to enter
        reason = ""
        for symbol in symbols:
            price, why = ticker_price(tickers.get(symbol, {}), now)
            base, _, against = symbol.partition("/")
            factor = 1.0 if against == quote or quote == "USD" else dollar if against in _DOLLARS else None
            if base != asset and price:  # EUR/USDT read the other way round
                price, factor = 1.0 / price, 1.0
            if price is None or factor is None:
                reason = reason or why
                continue
            via = symbol if factor == 1.0 else f"{symbol} x {against}/{quote}"
            time = moment(tickers[symbol].get("timestamp"))
            values = {"Price": price * factor}
            found.rows.append(
                Row("Portfolio", {"Asset": asset}, values, f"{venue} {via}", time, adds=False, venue=venue)
            )
            break
        else:
            (stale if reason else without).append(asset + (f" ({reason})" if reason else ""))
    if without:
        found.notes.append(f"{venue}: no market for the price of {', '.join(sorted(without))}")
    if stale:
        found.notes.append(f"{venue}: the old price stays for {', '.join(sorted(stale))}")
    return found


def _dollar_in(quote: str, tickers: Mapping[str, Mapping[str, Any]], now: dt.datetime) -> float | None:
    if quote == "USD":
        return 1.0
    for name, upside_down in ((f"USDT/{quote}", False), (f"{quote}/USDT", True), (f"{quote}/USDC", True)):
        price, _ = ticker_price(tickers.get(name, {}), now)
        if price is not None:
            return 1.0 / price if upside_down else price
    return None


def mark_price(ticker: Mapping[str, Any]) -> float | None:
    """Return the mark price in a ticker or a funding rate; MEXC calls it the fair price. A last price is no mark."""
    info = ticker.get("info")
    fair = info.get("fairPrice") if isinstance(info, Mapping) else None
    return positive(ticker.get("markPrice")) or positive(fair)


def mark_rows(
    tickers: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, str],
    venue: str,
) -> Found:
    """Return one Futures row a contract with its mark price.

    Parameters
    ----------
    tickers
        Tickers, mark prices or funding rates, by ccxt's symbol.
    wanted
        The contracts of the book: ccxt's symbol to the book's.
    venue
        The venue's name in the book.
    """
    found, without = Found(), []
    for symbol, name in wanted.items():
        ticker = tickers.get(symbol)
        mark = mark_price(ticker) if ticker is not None else None
        if ticker is None or mark is None:
            without.append(name)
            continue
        key = {"Symbol": name, "Venue": venue}
        time = latest([moment(ticker.get("timestamp"))])
        found.rows.append(Row("Futures", key, {"MarkPrice": mark}, f"{venue} mark price", time, adds=False))
    if without:
        found.notes.append(f"{venue}: no mark price for {', '.join(sorted(without))}: the cell stays")
    return found


def known_coins(markets: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the coins that have a spot market at a venue, with those that everybody knows."""
    return set(KNOWN_COINS) | {str(each.get("base")) for each in markets.values() if each.get("spot")}
