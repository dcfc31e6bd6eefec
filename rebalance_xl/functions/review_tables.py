"""The tables of a workbook as the functions of the review read them: closes by day, amounts, and a spot book."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions.review_prices import Table, column_of, numbers_of

_FEWEST = 30


def maybe(name: str, convert: Callable[[Any], Any], model: str, help_text: str = "") -> Parameter:
    """Declare a table that may be missing."""

    def read(value: Any) -> Any:
        return None if value is MISSING or value is None else convert(value)

    return Parameter(
        name, kind="raw", unit="table", default=MISSING, data=False, model=model, convert=read, help=help_text
    )


def price_table(found: Table) -> tuple[list[float], dict[str, list[float]]] | CellError:
    """Return days and closes by asset of a wide table of prices."""
    headers, rows = found
    if "date" not in headers:
        return CellError("#VALUE!", "prices has no column Date")
    at = headers.index("date")
    days = numbers_of([row[at] for row in rows], math.nan)
    if isinstance(days, CellError):
        return days
    if any(day != day for day in days):
        return CellError("#N/A", "prices has a blank Date")
    if any(later <= earlier for earlier, later in itertools.pairwise(days)):
        return CellError("#NUM!", "the days of prices must rise, each once")
    closes: dict[str, list[float]] = {}
    for place, header in enumerate(headers):
        if place == at or not header:
            continue
        column = numbers_of([row[place] for row in rows], math.nan)
        if isinstance(column, CellError):
            return column
        closes[header] = column
    return days, closes


def closes_of(name: str, days: Sequence[float], closes: dict[str, list[float]]) -> list[float] | CellError:
    """Return the closes of an asset, all above 0, or what is wrong with them."""
    found = closes.get(name.casefold())
    if found is None:
        return CellError("#N/A", f"prices has no column {name}")
    for day, close in zip(days, found, strict=True):
        if close != close:
            return CellError("#N/A", f"{name} is blank on day {day:g} of prices")
        if close <= 0.0:
            return CellError("#NUM!", f"{name} is {close:g} on day {day:g} of prices; allowed is a price above 0")
    return found


def texts_in(found: Table, name: str) -> list[str]:
    """Return a column as texts, blank where the table lacks it."""
    cells = column_of(found, name) or [None] * len(found[1])
    return ["" if cell is None else str(cell).strip() for cell in cells]


def numbers_in(found: Table, name: str, blank: float) -> list[float] | CellError:
    """Return a column as numbers, `blank` for blank cells and for all where the table lacks it."""
    cells = column_of(found, name)
    return [blank] * len(found[1]) if cells is None else numbers_of(cells, blank)


def spot_fee(venues: Table | None, name: str) -> float | CellError:
    """Return the SpotFee of a venue, 0 for one that the table does not list."""
    if venues is None:
        return 0.0
    fees = numbers_in(venues, "SpotFee", 0.0)
    if isinstance(fees, CellError):
        return fees
    for venue, fee in zip(texts_in(venues, "Venue"), fees, strict=True):
        if venue.casefold() == name.casefold():
            return fee
    return 0.0


def locked_units(cell: Any) -> float:
    """Return how many units are locked, infinity for all."""
    if cell is True or (isinstance(cell, str) and cell.strip().casefold() in ("yes", "true", "y", "x")):
        return math.inf
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else 0.0


def simple_book(
    prices: Table, portfolio: Table, venues: Table | None
) -> tuple[Any, list[float], list[list[float]], float] | CellError:
    """Return the spot book of the tables, its days and closes, and the fee; or what is wrong with them."""
    from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow

    read = price_table(prices)
    if isinstance(read, CellError):
        return read
    days, known = read
    if len(days) < _FEWEST:
        return CellError("#N/A", f"prices has {len(days)} closes; a review needs at least {_FEWEST}")
    assets, kinds, places = (texts_in(portfolio, name) for name in ("Asset", "Kind", "Venue"))
    numbers: dict[str, list[float]] = {}
    for name, blank in (
        ("Quantity", 0.0),
        ("CostBasis", math.nan),
        ("Target", math.nan),
        ("Band", math.nan),
        ("Priority", math.nan),
        ("MinNotional", 0.0),
    ):
        column = numbers_in(portfolio, name, blank)
        if isinstance(column, CellError):
            return column
        numbers[name] = column
    if len({asset.casefold() for asset in assets if asset}) < sum(1 for asset in assets if asset):
        return CellError("#VALUE!", "portfolio names an asset twice; REVIEW takes one venue")
    locked = [locked_units(cell) for cell in column_of(portfolio, "Locked") or [None] * len(assets)]
    rows, closes, fee = [], [], 0.0
    cash, stable_target, stable_band, stable_priority = 0.0, math.nan, math.nan, math.nan
    for i, asset in enumerate(assets):
        if not asset:
            continue
        if kinds[i].casefold() == "stable":
            cash += numbers["Quantity"][i]
            if numbers["Target"][i] == numbers["Target"][i]:
                stable_target, stable_band = numbers["Target"][i], numbers["Band"][i]
            stable_priority = numbers["Priority"][i]
            continue
        if not numbers["Quantity"][i] and numbers["Target"][i] != numbers["Target"][i]:
            continue
        column = closes_of(asset, days, known)
        if isinstance(column, CellError):
            return column
        found_fee = spot_fee(venues, places[i])
        if isinstance(found_fee, CellError):
            return found_fee
        fee = max(fee, found_fee)
        closes.append(column)
        rows.append(
            SpotRow(
                asset=asset,
                quantity=numbers["Quantity"][i],
                target=numbers["Target"][i],
                band=numbers["Band"][i] if numbers["Band"][i] == numbers["Band"][i] else 0.0,
                cost=numbers["CostBasis"][i],
                priority=numbers["Priority"][i],
                minimum=numbers["MinNotional"][i],
                locked=locked[i] == math.inf,
                locked_units=locked[i] if locked[i] < math.inf else 0.0,
            )
        )
    if not rows:
        return CellError("#N/A", "portfolio has no row whose price moves")
    book = SpotBook(
        tuple(rows),
        cash=cash,
        stable_target=stable_target,
        stable_band=stable_band,
        stable_priority=stable_priority,
        last_review=days[0],
    )
    return book, days, [list(row) for row in zip(*closes, strict=True)], fee
