"""Funding rates of a venue to rows of Futures; rates are fractions of one interval, positive where longs pay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rebalance_xl.venues.rows import Found, Row, moment, number

#: WEEX gives the last settled rate as the rate, and the coming one beside it.
_COMING_IS_NEXT: Final = ("weex",)
_HOUR = 3_600_000


def funding_rows(
    rates: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, str],
    venue: str,
    venue_code: str,
    histories: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Found:
    """Return one Futures row a perpetual with its coming funding rate and the hours between settlements.

    Parameters
    ----------
    rates
        By ccxt's symbol, as ccxt unifies them.
    wanted
        The contracts of the book: ccxt's symbol to the book's.
    venue, venue_code
        The venue's name in the book, and ccxt's.
    histories
        Past settlements by ccxt's symbol, for venues that do not state the interval.

    Returns
    -------
    Found
        A rate that is left out has no cell; an interval that cannot be told leaves FundingHours and is reported.
    """
    found, without = Found(), []
    for symbol, name in wanted.items():
        rate = rates.get(symbol)
        value = _rate(rate, venue_code) if rate is not None else None
        if rate is None or value is None:
            without.append(name)
            continue
        values = {"FundingRate": value}
        hours = _hours(rate.get("interval")) or _hours_between((histories or {}).get(symbol, ()))
        if hours is not None:
            values["FundingHours"] = hours
        found.rows.append(
            Row(
                "Futures",
                {"Symbol": name, "Venue": venue},
                values,
                f"{venue} funding rate",
                moment(rate.get("timestamp")),
                missing=() if hours is not None else ("FundingHours",),
                adds=False,
            )
        )
    if without:
        found.notes.append(f"{venue}: no funding rate for {', '.join(sorted(without))}: the cell stays")
    return found


def _rate(rate: Mapping[str, Any], venue_code: str) -> float | None:
    coming = number(rate.get("nextFundingRate")) if venue_code in _COMING_IS_NEXT else None
    return coming if coming is not None else number(rate.get("fundingRate"))


def _hours(interval: object) -> float | None:
    match = re.fullmatch(r"([0-9]+)h", str(interval or ""))
    return float(match[1]) if match and int(match[1]) > 0 else None


def _hours_between(history: Sequence[Mapping[str, Any]]) -> float | None:
    times = sorted({time for each in history if (time := number(each.get("timestamp"))) is not None})
    if len(times) < 2:
        return None
    hours = round((times[-1] - times[-2]) / _HOUR)
    return float(hours) if 1 <= hours <= 24 else None
