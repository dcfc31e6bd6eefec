"""Maintenance margin tiers of a venue to rows of MarginTiers; the venue's own answer is read before ccxt's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rebalance_xl.venues.rows import Row, number, positive

#: Where the deduction stands in the venue's own answer.
_DEDUCTIONS: Final = {"binance": "cum", "bybit": "mmDeduction", "bingx": "maintAmount", "gate": "deduction"}
#: Venues that apply the tier's rate to the whole position: no deduction.
_FLAT: Final = ("okx", "myokx", "okxus", "mexc", "kucoin", "kucoinfutures")
#: Venues continuous by their own word, whose deduction follows from the rates.
_CONTINUOUS: Final = ("binance", "bybit", "bitget", "bingx", "gate", "hyperliquid", "weex")


class UnreadTiersError(ValueError):
    """Tiers that the venue gives in a form that cannot be trusted; the text says why."""


def tier_rows(
    tiers: Sequence[Mapping[str, Any]],
    market: Mapping[str, Any],
    venue: str,
    venue_code: str,
    day: dt.date,
) -> list[Row]:
    """Return the MarginTiers rows of one contract.

    Parameters
    ----------
    tiers : sequence of mapping
        As ccxt unifies them, each with the venue's own object in ``info``; for WEEX its brackets.
    market : mapping
        The contract as ccxt unifies it.
    venue, venue_code : str
        The venue's name in the book (lower case), and ccxt's.
    day : date
        The day on which the tiers were read.

    Returns
    -------
    list of Row
        Floor, Cap (blank in the last tier where there is no end), MaxLeverage, Rate, Amount, Unit, AsOf, Source.

    Raises
    ------
    UnreadTiersError
        No tier, a rate that is missing or outside 0 to 1, or floors that do not rise.

    Notes
    -----
    Amount where a continuous venue states none: A(1) = 0, A(i) = A(i-1) + Floor(i) x (Rate(i) - Rate(i-1)).
    """
    raw = _custom(tiers, venue_code) or _plain(tiers, venue_code)
    if not raw:
        raise UnreadTiersError("it has no tiers")
    raw.sort(key=lambda each: each[1] if each[1] is not None else float("inf"))
    flat, rows, amount = venue_code in _FLAT, [], 0.0
    before_rate, floor = 0.0, 0.0
    deductions = [each[4] for each in raw]
    stated = any(each is not None for each in deductions)
    for position, (low, cap, rate, leverage, deduction) in enumerate(raw):
        if rate is None or not 0 < rate < 1:
            raise UnreadTiersError(f"tier {position + 1} has no maintenance rate between 0 and 1")
        floor = low if low is not None else floor
        if cap is not None and cap <= floor:
            raise UnreadTiersError(f"tier {position + 1} ends at {cap:g} and begins at {floor:g}")
        if position:
            amount += floor * (rate - before_rate)
        values: dict[str, Any] = {
            "Cap": cap,
            "MaxLeverage": leverage,
            "Rate": rate,
            "Amount": None if flat else deduction if deduction is not None else float(f"{amount:.12g}"),
            "Unit": _unit(market, venue_code),
            "AsOf": day,
            "Source": f"{venue} API" + ("" if flat or stated else ", amount computed"),
        }
        if not flat and not stated and venue_code not in _CONTINUOUS:
            raise UnreadTiersError("it states no deduction and does not say that its margin is continuous")
        key: dict[str, Any] = {"Venue": venue, "Symbol": str(market["id"]), "Floor": floor}
        rows.append(Row("MarginTiers", key, values, f"{venue} tiers"))
        before_rate = rate
        if cap is not None:
            floor = cap
    return rows


Raw = tuple[float | None, float | None, float | None, float | None, float | None]


def _plain(tiers: Sequence[Mapping[str, Any]], venue_code: str) -> list[Raw]:
    """Return floor, cap, rate, leverage and deduction of each tier; the floor is the cap before it."""
    found: list[Raw] = []
    key = _DEDUCTIONS.get(venue_code)
    previous = 0.0
    for tier in sorted(tiers, key=lambda each: number(each.get("maxNotional")) or float("inf")):
        info = tier.get("info")
        info = info if isinstance(info, Mapping) else {}
        cap = positive(tier.get("maxNotional"))
        deduction = number(info.get(key)) if key else None
        if venue_code == "bybit" and info.get("mmDeduction") == "":
            deduction = 0.0
        rate, leverage = number(tier.get("maintenanceMarginRate")), positive(tier.get("maxLeverage"))
        found.append((previous, cap, rate, leverage, deduction))
        previous = cap if cap is not None else previous
    return found


def _custom(tiers: Sequence[Mapping[str, Any]], venue_code: str) -> list[Raw]:
    """Return MEXC's own list of tiers, which ccxt does not read, and WEEX's brackets."""
    found: list[Raw] = []
    info = tiers[0].get("info") if tiers else None
    if venue_code == "mexc":
        own = info if isinstance(info, Mapping) else {}
        entries = own.get("riskLimitCustom")
        if own.get("riskLimitMode") != "CUSTOM" or not isinstance(entries, Sequence):
            raise UnreadTiersError("MEXC gives no list of tiers for it (riskLimitCustom)")
        previous = 0.0
        for entry in entries:
            cap = positive(entry.get("maxVol"))
            found.append((previous, cap, number(entry.get("mmr")), positive(entry.get("maxLeverage")), None))
            previous = cap or previous
    if venue_code == "weex":
        for tier in tiers:
            cap, floor = positive(tier.get("notionalCap")), number(tier.get("notionalFloor"))
            rate, leverage = number(tier.get("maintMarginRatio")), positive(tier.get("initialLeverage"))
            found.append((floor, cap, rate, leverage, None))
    return found


def _unit(market: Mapping[str, Any], venue_code: str) -> str:
    base, settle = str(market.get("base")), str(market.get("settle"))
    size = number(market.get("contractSize")) or 1.0
    if venue_code in ("okx", "myokx", "okxus"):
        return f"contracts({size:.12g} {'USD' if market.get('inverse') else base})"
    if venue_code == "mexc":
        return f"contracts({size:.12g} {base})"
    return base if market.get("inverse") else settle
