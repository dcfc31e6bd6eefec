"""The prices that a review walks through: closes by asset, and where given highs, lows, futures and funding."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.reading import UnreadableError, date_of, is_blank
from rebalance_xl.functions.simulation.rules import Array

#: Fewer closes than this tell nothing.
FEWEST = 30
#: A longer pause between two closes is a hole in the history, in days.
LONGEST_GAP = 7.0
_HIGH, _LOW, _FUNDING = " high", " low", " funding"
_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class History:
    """Closes of every asset on every day, oldest first.

    Parameters
    ----------
    days
        (n + 1,) serial numbers.
    columns
        By header in lower case: closes of an asset (``btc``) or future (``btcusdt``), ``btc high``, ``btc low`` and
        ``btcusdt funding``; NaN where a cell is blank.
    where
        What it was read from, for messages.
    notes
        What was done to it.
    """

    days: Array
    columns: dict[str, Array]
    where: str = "Prices"
    notes: tuple[str, ...] = field(default=())

    @property
    def year(self) -> float:
        """Closes in a year, by the usual distance of two: 365 for daily, 8,760 for hourly ones."""
        if len(self.days) < 2:
            return _YEAR
        step = float(np.median(np.diff(self.days)))
        return _YEAR / step if step > 0 else _YEAR

    def close(self, name: str) -> Array | None:
        """Return the closes of an asset or future, None where there are none."""
        return self.columns.get(name.casefold())

    def between(self, first: float | None, last: float | None) -> History:
        """Return the part from one day to another, both included."""
        low = -math.inf if first is None else first
        high = math.inf if last is None else math.floor(last) + 1 - 1e-9
        kept = (self.days >= low) & (self.days <= high)
        return replace(
            self, days=self.days[kept], columns={name: values[kept] for name, values in self.columns.items()}
        )

    def joined(self, other: History) -> History:
        """Return the history with the columns of another one on the same days; days that only one has are refused."""
        if len(self.days) != len(other.days) or not bool((self.days == other.days).all()):
            alone = set(self.days.tolist()) ^ set(other.days.tolist())
            day = min(alone, default=0.0)
            raise _refuse(other.where, f"has not the days of {self.where}: {_text(day)} is only in one of them")
        return replace(self, columns=self.columns | other.columns)

    def matrix(self, assets: Sequence[str]) -> Array:
        """Return closes with one column an asset."""
        found = [self.close(asset) for asset in assets]
        return np.column_stack([each for each in found if each is not None]) if found else np.empty((len(self.days), 0))


def _refuse(where: str, message: str) -> BookError:
    return BookError(Problem(ERROR, where, message))


def history_of(headers: Sequence[str], rows: Iterable[Sequence[Any]], where: str = "Prices") -> History:
    """Return a history from a table: wide (Date and a column an asset) or long (Date, Asset, Price, High, Low, ...).

    Raises
    ------
    BookError
        If there is no column Date, or a cell is neither a number nor blank.
    """
    names = [str(header or "").strip().casefold() for header in headers]
    if "date" not in names:
        raise _refuse(where, "has no column Date")
    at = names.index("date")
    price = next((names.index(each) for each in ("price", "close") if each in names), None)
    kept = [row for row in rows if not all(is_blank(cell) for cell in row)]
    days = [_day(row[at], where) for row in kept]
    if "asset" in names and price is not None:
        return _long(names, kept, days, price, where)
    columns = {
        name: np.array([_number(row[place], where, headers[place], days[i]) for i, row in enumerate(kept)])
        for place, name in enumerate(names)
        if place != at and name
    }
    return History(np.array(days, dtype=float), columns, where)


def _long(names: list[str], rows: list[Sequence[Any]], days: list[float], price: int, where: str) -> History:
    asset = names.index("asset")
    parts = {"": price} | {
        suffix: names.index(suffix.strip()) for suffix in (_HIGH, _LOW, _FUNDING) if suffix.strip() in names
    }
    known = sorted(set(days))
    place = {day: i for i, day in enumerate(known)}
    columns: dict[str, Array] = {}
    for row, day in zip(rows, days, strict=True):
        for suffix, column in parts.items():
            if is_blank(row[column]):
                continue
            name = str(row[asset]).strip().casefold() + suffix
            values = columns.setdefault(name, np.full(len(known), math.nan))
            if not math.isnan(values[place[day]]):
                raise _refuse(where, f"has two prices of {row[asset]} on {_text(day)}")
            values[place[day]] = _number(row[column], where, name, day)
    return History(np.array(known, dtype=float), columns, where)


def _day(cell: Any, where: str) -> float:
    if isinstance(cell, str):
        try:
            cell = dt.datetime.fromisoformat(cell.strip())
        except ValueError:
            raise _refuse(where, f'Date "{cell}" is no date such as 2026-11-22') from None
    try:
        return date_of(cell)
    except UnreadableError as why:
        raise _refuse(where, f"Date {why}") from None


def _number(cell: Any, where: str, column: object, day: float) -> float:
    if is_blank(cell):
        return math.nan
    if isinstance(cell, str):
        try:
            return float(cell)
        except ValueError:
            raise _refuse(where, f'{column} on {_text(day)} is "{cell}", no number') from None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise _refuse(where, f"{column} on {_text(day)} is {cell}, no number")
    return float(cell)


def _text(day: float) -> str:
    from rebalance_xl.cells import from_serial

    found = from_serial(day)
    return f"{found:%Y-%m-%d}" if day == math.floor(day) else f"{found:%Y-%m-%d %H:%M}"


def read_history(path: Path) -> History:
    """Return the history of a CSV or Parquet file.

    Raises
    ------
    BookError
        If the file cannot be read or is no table of prices.
    """
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            import pandas as pd

            frame = pd.read_parquet(path)
            if "date" not in {str(each).casefold() for each in frame.columns}:
                frame = frame.reset_index()
            rows = [[_cell(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
            return history_of([str(each) for each in frame.columns], rows, path.name)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error, ImportError, ValueError) as why:
        reason = why.strerror if isinstance(why, OSError) else None
        raise _refuse(str(path), f"cannot be read: {reason or why}") from None
    if not lines:
        raise _refuse(str(path), "is empty")
    width = len(lines[0])
    return history_of(lines[0], [[*line, *[""] * width][:width] for line in lines[1:]], path.name)


def _cell(cell: Any) -> Any:
    if hasattr(cell, "to_pydatetime"):
        return cell.to_pydatetime()
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return cell.item() if hasattr(cell, "item") else cell


def check_history(history: History, assets: Sequence[str], fill_gaps: bool = False) -> History:
    """Return the history from the first close of every asset on, or refuse it.

    Parameters
    ----------
    history
        As read.
    assets
        Of the book: each needs a close on every day.
    fill_gaps
        Carry the last close over holes instead of refusing them; the result says so.

    Raises
    ------
    BookError
        If an asset has no prices, days are doubled or out of order, a price is not above 0, there are fewer than 30
        closes or a hole of more than 7 days.
    """
    where = history.where
    problems = [
        Problem(ERROR, where, f"has no prices of {asset}: add a column, or leave it out with --without {asset}")
        for asset in assets
        if history.close(asset) is None or bool(np.isnan(history.columns[asset.casefold()]).all())
    ]
    if problems:
        raise BookError(problems)
    steps = np.diff(history.days)
    if (steps <= 0).any():
        late = int(np.flatnonzero(steps <= 0)[0]) + 1
        word = "twice" if steps[late - 1] == 0 else "out of order"
        raise _refuse(where, f"has {_text(history.days[late])} {word}: days must rise, each once")
    history = _from_first_close(history, assets)
    if len(history.days) < FEWEST:
        raise _refuse(where, f"has {len(history.days)} closes of all assets; a review needs at least {FEWEST}")
    history = _without_holes(history, assets, fill_gaps)
    for name, values in history.columns.items():
        bad = values <= 0.0 if not name.endswith(_FUNDING) else np.zeros(len(values), dtype=bool)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise _refuse(where, f"{name} on {_text(history.days[at])} is {values[at]:g}; allowed is a price above 0")
    return history


def _from_first_close(history: History, assets: Sequence[str]) -> History:
    begin = max((int(np.argmax(~np.isnan(history.columns[asset.casefold()]))) for asset in assets), default=0)
    if not begin:
        return history
    latest = [asset for asset in assets if np.isnan(history.columns[asset.casefold()][:begin]).all()]
    note = f"it begins on {_text(history.days[begin])}, with the first close of {', '.join(latest)}"
    cut = {name: values[begin:] for name, values in history.columns.items()}
    return replace(history, days=history.days[begin:], columns=cut, notes=(*history.notes, note))


def _without_holes(history: History, assets: Sequence[str], fill_gaps: bool) -> History:
    where, columns, notes = history.where, dict(history.columns), list(history.notes)
    for asset in assets:
        values = columns[asset.casefold()]
        blank = np.isnan(values)
        if not blank.any():
            continue
        at = int(np.flatnonzero(blank)[0])
        if not fill_gaps:
            raise _refuse(
                where, f"{asset} is blank on {_text(history.days[at])}: fill it in, or carry closes over (--fill-gaps)"
            )
        last = np.maximum.accumulate(np.where(blank, 0, np.arange(len(values))))
        columns[asset.casefold()] = values[last]
        notes.append(f"{int(blank.sum())} blank closes of {asset} carry the close before")
    gaps = np.diff(history.days)
    wide = np.flatnonzero(gaps > LONGEST_GAP)
    if len(wide) and not fill_gaps:
        at = int(wide[0])
        raise _refuse(
            where,
            f"has no close for {gaps[at]:g} days after {_text(history.days[at])}; more than {LONGEST_GAP:g} days are "
            "a hole: complete it, or carry closes over (--fill-gaps)",
        )
    if not len(wide):
        return replace(history, columns=columns, notes=tuple(notes))
    step = float(np.median(gaps))
    days, take = [], []
    for i, day in enumerate(history.days):
        days.append(float(day))
        take.append(i)
        if i in wide:
            extra = round(gaps[i] / step) - 1
            days += [float(day) + step * (k + 1) for k in range(extra)]
            take += [i] * extra
    notes.append(
        f"{len(days) - len(history.days)} closes were filled in over {len(wide)} holes: trades there are not real"
    )
    return History(np.array(days), {name: values[take] for name, values in columns.items()}, where, tuple(notes))
