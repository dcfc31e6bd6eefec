"""The known answers of the review, where they are at hand, as books of the kernel."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from rebalance_xl.cells import to_serial
from rebalance_xl.functions.allocation import BAND_KINDS, DESTINATIONS
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms
from rebalance_xl.functions.triggers import FREQUENCIES

PATH = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "review_cases.json"


def known() -> dict[str, Any]:
    """Return the file, empty lists where it is not at hand."""
    if not PATH.exists():
        return {"cases": [], "performance": []}
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def generated(seed: int, start: list[float], vol: list[float], drift: list[float], closes: int) -> Array:
    """Return closes that anyone can compute again: a linear congruential generator, four draws a return."""
    state, rows = seed, [list(start)]
    for _ in range(closes - 1):
        row = []
        for i, before in enumerate(rows[-1]):
            total = 0.0
            for _ in range(4):
                state = (1103515245 * state + 12345) % 2**31
                total += state / 2**31
            row.append(round(before * (1 + drift[i] + vol[i] * math.sqrt(3) * (total - 2)), 6))
        rows.append(row)
    return np.array(rows)


def closes_of(case: dict[str, Any]) -> Array:
    """Return the closes of a case."""
    given = case["prices"]
    if "seed" in given:
        return generated(given["seed"], given["start"], given["vol"], given["drift"], given["n"])
    closes = given["closes"]
    if isinstance(closes, list):
        return np.array(closes, dtype=float)
    return np.array([closes[asset] for asset in given["assets"]], dtype=float).T


def day_of(text: str) -> float:
    """Return the serial number of a day."""
    return to_serial(dt.date.fromisoformat(text))


def spot_case(case: dict[str, Any]) -> tuple[SpotBook, Terms, Array, Array]:
    """Return the book, terms, days and closes of a case without lots, events and futures."""
    settings, venue = case["settings"], case["venue"]
    stable = next(row for row in case["portfolio"] if row.get("Kind") == "stable")
    rows = tuple(
        SpotRow(
            asset=row["Asset"],
            quantity=row["Quantity"],
            target=row.get("Target", math.nan),
            band=row.get("Band", 0.0),
            cost=row.get("CostBasis", math.nan),
        )
        for row in case["portfolio"]
        if row is not stable
    )
    frequency = settings.get("ReviewFrequency", math.nan)
    trim_to = settings.get("TrimTo", "target")
    terms = Terms(
        band_kind=BAND_KINDS[settings.get("BandKind", "absolute")],
        trim_to=DESTINATIONS[trim_to] if isinstance(trim_to, str) else trim_to,
        spot_fee=venue.get("SpotFee", 0.0),
        futures_fee=venue.get("FuturesFee", 0.0),
        min_trade=settings.get("MinTrade", 0.0),
        reserve_min=settings.get("ReserveMin", math.nan),
        reserve_max=settings.get("ReserveMax", math.nan),
        review_drift=settings.get("ReviewDrift", 0.05),
        frequency=FREQUENCIES[frequency] if isinstance(frequency, str) else frequency,
        fund=settings.get("FundFrom", "overweight") == "overweight",
        pro_rata=settings.get("DeployMethod") == "pro_rata",
    )
    last = settings.get("LastReview")
    book = SpotBook(
        rows,
        stable["Quantity"],
        stable["Asset"],
        stable.get("Target", math.nan),
        stable.get("Band", math.nan),
        last_review=day_of(last) if last else math.nan,
    )
    closes = closes_of(case)
    return book, terms, day_of(case["start"]) + np.arange(len(closes)), closes


def anywhere() -> tuple[SpotBook, Array, Array]:
    """Return a book of five assets over five years of generated closes; see docs/review.md for its figures."""
    start, weights = [100.0, 20.0, 3.0, 2500.0, 0.5], [0.38, 0.2375, 0.1425, 0.095, 0.095]
    closes = generated(41, start, [0.035, 0.04, 0.05, 0.045, 0.055], [0.0008, 0.0006, 0.0006, 0.0006, 0.0004], 1826)
    rows = tuple(
        SpotRow(name, 100_000.0 * weight / price, weight, 0.05, 100_000.0 * weight)
        for name, weight, price in zip("ABCDE", weights, start, strict=True)
    )
    first = day_of("2021-01-04")
    return SpotBook(rows, 5_000.0, last_review=first), first + np.arange(1826.0), closes
