"""Closes of a venue to the Prices table; deposits, withdrawals and funding payments to CashFlows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rebalance_xl.venues.rows import Found, Row, moment, number, positive

_DAY: Final = 86_400_000
#: ccxt gives Bybit's funding as the venue states it: positive where it was paid.
_PAID_IS_POSITIVE: Final = ("bybit",)


def close_rows(asset: str, candles: Sequence[Sequence[Any]], venue: str, now: dt.datetime) -> list[Row]:
    """Return one Prices row a finished day.

    Parameters
    ----------
    asset : str
        The coin as the book names it: the column.
    candles : sequence of sequence
        Daily candles: start in ms, open, high, low, close, volume; the day is the UTC day of the start.
    venue : str
        The venue's name in the book.
    now : datetime
        UTC. A candle that is not over is left out.
    """
    rows, limit = [], now.timestamp() * 1000
    for candle in candles:
        start = positive(candle[0]) if len(candle) >= 5 else None
        close = positive(candle[4]) if start is not None else None
        time = moment(start)
        if start is None or close is None or time is None or start + _DAY > limit:
            continue
        rows.append(Row("Prices", {"Date": time.date()}, {asset: close}, f"{venue} daily close", time))
    return rows


def transfer_rows(transactions: Sequence[Mapping[str, Any]], venue: str, kind: str) -> Found:
    """Return one CashFlows row a deposit or withdrawal that is done and came from outside the venue.

    Parameters
    ----------
    transactions
        As ccxt unifies them; only those with status ok count, and none between the user's own wallets.
    venue
        The venue's name in the book.
    kind
        DEPOSIT or WITHDRAWAL.
    """
    found, waiting = Found(), 0
    for each in transactions:
        amount, coin, time = positive(each.get("amount")), each.get("currency"), moment(each.get("timestamp"))
        if each.get("internal") is True:
            continue
        if each.get("status") != "ok":
            waiting += each.get("status") == "pending"
            continue
        mark = each.get("txid") or each.get("id")
        if amount is None or not coin or time is None or not mark:
            found.notes.append(f"{venue}: a {kind.lower()} without amount, coin, time or id is left out")
            continue
        fee = each.get("fee")
        cost = positive(fee.get("cost")) if isinstance(fee, Mapping) and fee.get("currency") == coin else None
        out = amount + (cost or 0.0) if kind == "WITHDRAWAL" else amount
        found.rows.append(_flow(time, kind, str(coin), out if kind == "DEPOSIT" else -out, venue, f"{mark}", ""))
    if waiting:
        found.notes.append(f"{venue}: {waiting} {kind.lower()}s are not confirmed yet: not taken")
    return found


def funding_flows(
    payments: Sequence[Mapping[str, Any]],
    markets: Mapping[str, Mapping[str, Any]],
    venue: str,
    venue_code: str,
) -> Found:
    """Return one CashFlows row a funding payment: negative where it was paid.

    Parameters
    ----------
    payments
        As ccxt unifies them.
    markets
        By ccxt's symbol and by the venue's id, to find the coin of a payment that names none.
    venue, venue_code
        The venue's name in the book, and ccxt's.

    Notes
    -----
    Bybit's amounts are positive where they were paid. The sign is decided by side and rate where the answer holds
    them (a long pays a positive rate), and turned round for Bybit only where it does not.
    """
    found = Found()
    for each in payments:
        amount, time = number(each.get("amount")), moment(each.get("timestamp"))
        name = str(each.get("symbol") or _info(each, "symbol") or "")
        market = markets.get(name, {})
        coin = each.get("code") or market.get("settle")
        mark = each.get("id")
        if amount is None or time is None or not coin or mark is None:
            found.notes.append(f"{venue}: a funding payment without amount, time, coin or id is left out")
            continue
        if amount == 0:
            continue
        mark = f"{mark:.0f}" if isinstance(mark, float) else str(mark)
        signed = _signed(amount, each, venue_code)
        symbol = str(market.get("id") or name)
        found.rows.append(_flow(time, "FUNDING", str(coin), signed, venue, mark, symbol))
    return found


def _info(entry: Mapping[str, Any], key: str) -> Any:
    info = entry.get("info")
    return info.get(key) if isinstance(info, Mapping) else None


def _signed(amount: float, payment: Mapping[str, Any], venue_code: str) -> float:
    rate = number(payment.get("rate")) or number(_info(payment, "feeRate"))
    side = str(_info(payment, "side") or "").casefold()
    if venue_code in _PAID_IS_POSITIVE:
        if rate and side in ("buy", "sell"):
            paid = (rate > 0) == (side == "buy")
            return -abs(amount) if paid else abs(amount)
        return -amount
    return amount


def _flow(time: dt.datetime, kind: str, coin: str, amount: float, venue: str, mark: str, note: str) -> Row:
    """Return a CashFlows row; its amount is in coin until :func:`in_money` knows the price."""
    values: dict[str, Any] = {
        "Date": time.date(),
        "Kind": kind,
        "Asset": coin,
        "Amount": amount,
        "Venue": venue,
        "Note": note,
    }
    return Row("CashFlows", {"Id": mark, "Venue": venue}, values, f"{venue} history", time)
