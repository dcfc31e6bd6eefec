"""Collateral ratios: how much of a coin counts as margin, by tiers of its amount, and the tables that say so.

A debt counts in full. What is held counts tier by tier, like an income tax: the first 10 BTC at one ratio, the next
10 at another. Tiers are by amount of the coin (Bybit, OKX, MEXC) or by its value in dollars (Gate's loans).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from rebalance_xl.arguments import BlankError, Parameter
from rebalance_xl.cells import MISSING, CellError, as_float, as_rows, describe, is_range

_COLUMNS = ("venue", "coin", "from", "to", "ratio", "unit", "asof", "source")
_ALLOWED = 'allowed is a ratio from 0 to 1, rows of from, to, ratio, or a name in CollateralTiers ("bybit:BTC")'


class Band(NamedTuple):
    """One row of a haircut: what lies between `start` and `end` counts at `ratio`."""

    start: float
    end: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Haircut:
    """How much of a coin counts.

    Parameters
    ----------
    bands
        From the smallest amount up, without gaps; what lies above the last end does not count.
    in_dollars
        The bands are values in US dollars, not amounts of the coin.
    """

    bands: tuple[Band, ...]
    in_dollars: bool = False

    @property
    def is_falling(self) -> bool:
        """Whether more of a coin never counts at a higher ratio, so that what counts is a concave function."""
        ratios = [1.0, *(band.ratio for band in self.bands)]
        return all(before >= after for before, after in pairwise(ratios))

    def line(self, held: float, price: float) -> tuple[float, float]:
        """Return the ratio of the next unit, and the money that the bands below add to ratio × value.

        Parameters
        ----------
        held, price
            Amount of the coin and its price in dollars.
        """
        if held <= 0.0 or price <= 0.0:
            return 1.0, 0.0
        unit = 1.0 if self.in_dollars else price
        value, below = held * price, 0.0
        for band in self.bands:
            if value <= band.end * unit:
                return band.ratio, below - band.ratio * band.start * unit
            below += band.ratio * (band.end - band.start) * unit
        return 0.0, below

    def count(self, held: float, price: float) -> float:
        """Return what an amount counts in dollars; a debt in full."""
        ratio, constant = self.line(held, price)
        return held * price * ratio + constant


def flat_haircut(ratio: float) -> Haircut:
    """Return the haircut of one ratio for every amount."""
    return Haircut((Band(0.0, math.inf, ratio),))


#: Everything counts in full: the wallet of a single-asset account.
IN_FULL = flat_haircut(1.0)


# --- reading -----------------------------------------------------------------------------------------------------


def read_bands(cells: Iterable[Sequence[Any]], name: str = "ratios", unit: str = "") -> Haircut | CellError:
    """Read rows of from, to and ratio; the message names row, value and allowed range.

    Errors: #N/A for no rows or a blank ratio; #VALUE! for text or a wrong number of columns; #NUM! for a ratio outside
    0 to 1 and for rows that leave a gap, overlap or do not begin at 0.
    """
    rows = [list(row) for row in cells if any(cell is not None and cell != "" for cell in row)]
    if len(rows) > 1 and all(isinstance(cell, str) or cell is None for cell in rows[0]):
        rows.pop(0)
    if not rows:
        return CellError("#N/A", f"{name} have no rows")
    bands: list[Band] = []
    for position, row in enumerate(rows, 1):
        if len(row) != 3:
            return CellError("#VALUE!", f"{name} have {len(row)} columns; allowed are from, to and ratio")
        found: list[float] = []
        for column, cell, blank in zip(("from", "to", "ratio"), row, (0.0, math.inf, None), strict=True):
            where = f"{column} of row {position} of {name}"
            if cell is None or cell == "":
                if blank is None or (column == "to" and position < len(rows)):
                    return CellError("#N/A", f"{where} is blank")
                found.append(blank)
                continue
            if isinstance(cell, CellError):
                return cell
            if isinstance(cell, bool) or not isinstance(cell, float | int):
                return CellError("#VALUE!", f"{where} is {describe(cell)}; allowed is a number")
            found.append(as_float(cell))
        band = Band(*found)
        if not 0.0 <= band.ratio <= 1.0:
            return CellError("#NUM!", _ratio_message(f"ratio of row {position} of {name}", band.ratio))
        expected = bands[-1].end if bands else 0.0
        if band.start != expected or band.end <= band.start:
            where = f"row {position} of {name} goes from {band.start:g} to {band.end:g}"
            return CellError("#NUM!", f"{where}; it must begin at {expected:g} and end above that")
        bands.append(band)
    return Haircut(tuple(bands), unit.strip().casefold() in ("usd", "dollars", "$"))


def _ratio_message(name: str, ratio: float) -> str:
    hint = "; fractions are meant, not percents (0.95, not 95)" if ratio > 1.0 else ""
    return f"{name} is {ratio:g}; allowed is a number from 0 to 1{hint}"


#: What one cell, or a range of rows, of a ratio is read as; a text is a name to look up.
HaircutChoice = Haircut | str


def is_band_rows(rows: Sequence[Sequence[Any]]) -> bool:
    """Tell whether a range is one table of from, to, ratio rather than one ratio a coin."""
    return len(rows[0]) == 3


def read_haircut(value: Any, name: str = "ratios") -> HaircutChoice | CellError:
    """Return what a ratio says: a haircut, or a name in CollateralTiers.

    Errors: #NUM! for a ratio outside 0 to 1, #N/A for a blank, #VALUE! for other text.
    """
    if isinstance(value, Haircut | CellError):
        return value
    if is_range(value):
        return read_bands(as_rows(value), name)
    if value is MISSING or isinstance(value, bool):
        return CellError("#VALUE!", f"{name} is {describe(value)}; {_ALLOWED}")
    if value is None or (isinstance(value, str) and not value.strip()):
        return BlankError("#N/A", f"{name} is blank")
    if isinstance(value, float | int):
        ratio = as_float(value)
        return flat_haircut(ratio) if 0.0 <= ratio <= 1.0 else CellError("#NUM!", _ratio_message(name, ratio))
    if isinstance(value, str):
        venue, colon, coin = value.partition(":")
        if colon and venue.strip() and coin.strip():
            return f"{venue.strip()}:{coin.strip()}"
    return CellError("#VALUE!", f"{name} is {describe(value)}; {_ALLOWED}")


class CollateralTables:
    """The haircuts of the workbook's CollateralTiers table by name, such as "bybit:BTC".

    Parameters
    ----------
    rows
        The table's rows with its header row (Venue, Coin, From, To, Ratio, Unit, AsOf, Source in any order).
    """

    def __init__(self, rows: Sequence[Sequence[Any]] = ()) -> None:
        self._rows: dict[str, list[list[Any]]] = {}
        self._units: dict[str, str] = {}
        self.problem = ""
        filled = [row for row in rows if any(cell is not None and cell != "" for cell in row)]
        if not filled:
            return
        columns = {re.sub(r"[\s_]", "", str(cell)).casefold(): i for i, cell in enumerate(filled[0]) if cell}
        missing = [name for name in ("venue", "coin", "ratio") if name not in columns]
        if missing:
            self.problem = f"the CollateralTiers table has no column {' and '.join(missing)}"
            return
        for row in filled[1:]:
            cells = {name: row[columns[name]] if name in columns else None for name in _COLUMNS}
            key = _key(f"{cells['venue'] or ''}:{cells['coin'] or ''}")
            self._rows.setdefault(key, []).append([cells["from"], cells["to"], cells["ratio"]])
            self._units.setdefault(key, str(cells["unit"] or ""))

    def lookup(self, choice: HaircutChoice) -> Haircut | CellError:
        """Return the haircut that a choice stands for; #N/A for a name that the table does not have."""
        if isinstance(choice, Haircut):
            return choice
        if self.problem:
            return CellError("#VALUE!", self.problem)
        rows = self._rows.get(_key(choice))
        if rows is None:
            known = ", ".join(sorted(self._rows)) or "nothing"
            return CellError("#N/A", f'no ratio is known for "{choice}"; the CollateralTiers table has {known}')
        return read_bands(rows, f"the tiers {choice}", self._units[_key(choice)])


def _key(name: str) -> str:
    return re.sub(r"\s", "", name).casefold()


def read_collateral_tiers(value: Any) -> CollateralTables:
    """Return the haircuts behind the hidden `collateral_tiers` argument; none where a book has no such table."""
    if isinstance(value, CollateralTables):
        return value
    return CollateralTables(as_rows(value)) if is_range(value) else CollateralTables()


#: The hidden argument that hosts append: the workbook's CollateralTiers table with its header row.
COLLATERAL_TIERS = Parameter(
    "collateral_tiers",
    kind="raw",
    unit="table",
    help="The workbook's CollateralTiers table.",
    default=MISSING,
    data=False,
    model="CollateralTiers[#All]",
    convert=read_collateral_tiers,
)
