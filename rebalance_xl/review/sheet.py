"""Fills the sheet Review: five tables of values that its charts draw, through any host's workbook interface."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from typing import Any, Final

import numpy as np

from rebalance_xl.book.interface import Cell, WorkbookPort
from rebalance_xl.book.model import Book, read_book, require_sound
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.cells import from_serial
from rebalance_xl.review.answers import Review
from rebalance_xl.review.forms import COLUMNS
from rebalance_xl.review.history import History, history_of
from rebalance_xl.review.record import approximate, real_performance
from rebalance_xl.review.request import Request
from rebalance_xl.review.reviews import Progress, review
from rebalance_xl.review.sentences import headline

NOTES, VARIANTS, CURVES, GRID, RETURNS = (
    "ReviewNotes",
    "ReviewVariants",
    "ReviewCurves",
    "ReviewGrid",
    "ReviewReturns",
)
#: The bootstrap and what its chart draws; a workbook made before it had them goes without.
BOOTSTRAP, BARS = "ReviewBootstrap", "ReviewBars"
#: Variants that the curves show beside holding and the book's own rule.
DRAWN: Final = ("monthly", "threshold")
CURVE_HEADERS: Final = (
    "Date",
    "Hold",
    "Book",
    "Monthly",
    "Threshold",
    "Hold drawdown",
    "Book drawdown",
    "Monthly drawdown",
    "Threshold drawdown",
)
VARIANT_HEADERS: Final = ("Variant", *(header for header, _, _ in COLUMNS), "Settings")
#: Characters of a note in one row of the sheet.
MOST_CHARACTERS: Final = 200
#: Points of a curve on the sheet; a chart shows no more.
MOST_POINTS: Final = 260
#: The sweep of the sheet where none is asked for: widths of the band by where a trim ends.
GRID_BANDS: Final = (0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20, 0.25)
GRID_DESTINATIONS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
GRID_HEADERS: Final = (
    "Band",
    *(f"TrimTo {each:g}" for each in GRID_DESTINATIONS),
    *(f"Executions {each:g}" for each in GRID_DESTINATIONS),
)
RETURN_HEADERS: Final = ("Line", "Start", "Bought", "Sold", "Fees", "End", "Profit", "Contribution")
NOTE_HEADERS: Final = ("What", "Text")
#: One row a length of the blocks.
BOOTSTRAP_HEADERS: Final = ("Blocks", "5 %", "Median", "95 %", "This history", "Above 0")
#: The pieces of its stacked bar: what lies left of 0 and right of it.
BAR_HEADERS: Final = ("Bar", "Left gap", "Left", "Right gap", "Right")
SHEET_SWEEPS: Final = (
    "Band=" + ",".join(f"{each:g}" for each in GRID_BANDS),
    "TrimTo=" + ",".join(f"{each:g}" for each in GRID_DESTINATIONS),
)


def history_of_workbook(port: WorkbookPort) -> History:
    """Return the history that the table Prices holds.

    Raises
    ------
    BookError
        If the workbook has no table Prices.
    """
    data = port.read_table("Prices")
    if data is None:
        raise BookError(Problem(ERROR, "Prices", "the workbook has no table Prices: add it, or give --prices FILE"))
    offset = port.date_offset
    rows: list[list[Any]] = [list(row) for row in data.rows]
    if offset and (at := data.column("Date")) is not None:
        for row in rows:
            if isinstance(row[at], int | float) and not isinstance(row[at], bool):
                row[at] += offset
    return history_of(data.headers, rows, "Prices")


def fill_review(
    port: WorkbookPort,
    request: Request | None = None,
    history: History | None = None,
    today: dt.date | None = None,
    progress: Progress | None = None,
) -> Review:
    """Review a workbook's book and write the sheet Review; inputs are never changed.

    Parameters
    ----------
    port
        The workbook; it needs the tables of the sheet Review.
    request, history
        What is reviewed, over which prices; the table Prices by default.
    today
        The clock, for the date of the run.
    progress
        Told what is being done.

    Raises
    ------
    BookError
        If the book or the history is refused, or the sheet is missing; nothing was written.
    """
    missing = [name for name in (NOTES, VARIANTS, CURVES, GRID, RETURNS) if port.read_table(name) is None]
    if missing:
        message = f"the workbook has no table {missing[0]}: take the sheet Review of a workbook from `rebalance-xl new`"
        raise BookError(Problem(ERROR, "Review", message))
    found = review_workbook(port, request or Request(sweeps=SHEET_SWEEPS), history, today, progress)
    write_review(port, found, today)
    port.commit()
    return found


def review_workbook(
    port: WorkbookPort,
    request: Request,
    history: History | None = None,
    today: dt.date | None = None,
    progress: Progress | None = None,
    real: bool = True,
) -> Review:
    """Return the review of a workbook's book, with its real performance where it records any; nothing is written."""
    book = require_sound(read_book(port, None, today))
    history = history_of_workbook(port) if history is None else history
    found = review(book, history, request, progress)
    if real:
        add_performance(port, book, found, history, request)
    return found


def add_performance(port: WorkbookPort, book: Book, found: Review, history: History, request: Request) -> None:
    """Add the real book's performance: exact where fills or flows are recorded, else by the Journal's values."""
    if book.fills or book.cash_flows:
        try:
            found.performance = real_performance(book, history, request.fill_gaps)
        except BookError as refusal:
            found.warnings += [f"Performance: {problem}" for problem in refusal.problems]
        return
    found.approximate = approximate(port, book)
    if found.approximate is not None:
        found.warnings.append(
            f"Performance: without fills only the Journal's values are there; {found.approximate.total:+.2%} over "
            f"{len(found.approximate.days)} of them is approximate."
        )


def write_review(port: WorkbookPort, found: Review, today: dt.date | None = None) -> None:
    """Write the tables of the sheet Review."""
    port.write_table(NOTES, list(NOTE_HEADERS), note_rows(found, today))
    port.write_table(VARIANTS, list(VARIANT_HEADERS), variant_rows(found))
    port.write_table(CURVES, list(CURVE_HEADERS), curve_rows(found))
    port.write_table(GRID, list(GRID_HEADERS), grid_rows(found))
    port.write_table(RETURNS, list(RETURN_HEADERS), return_rows(found))
    for name, headers, rows in (
        (BOOTSTRAP, BOOTSTRAP_HEADERS, bootstrap_rows(found)),
        (BARS, BAR_HEADERS, bar_rows(found)),
    ):
        if port.read_table(name) is not None:
            port.write_table(name, list(headers), rows)


def bootstrap_rows(found: Review) -> list[list[Cell]]:
    """Return the band of the difference to holding for blocks as asked, twice and half as long."""
    boot = found.bootstrap
    if boot is None:
        return [["nothing was drawn", *[None] * (len(BOOTSTRAP_HEADERS) - 1)]]
    rows: list[list[Cell]] = [[f"{boot.block:g} days", boot.q05, boot.q50, boot.q95, boot.point, boot.above]]
    for ends, factor in ((boot.longer, 2.0), (boot.shorter, 0.5)):
        if ends is not None:
            rows.append([f"{factor * boot.block:g} days", ends[0], None, ends[1], None, None])
    return rows


def bar_rows(found: Review) -> list[list[Cell]]:
    """Return the four pieces of each stacked bar from 5 to 95 %, whichever side of 0 the two lie on."""
    rows: list[list[Cell]] = []
    for name, low, _, high, *_ in bootstrap_rows(found):
        if not isinstance(low, float) or not isinstance(high, float):
            return [[None] * len(BAR_HEADERS)]
        left, right = min(high, 0.0), max(low, 0.0)
        rows.append([name, left, min(low, 0.0) - left, right, max(high, 0.0) - right])
    return rows


def note_rows(found: Review, today: dt.date | None = None) -> list[list[Cell]]:
    """Return the sentences: the headline first, then what the sweep and the bootstrap say, then warnings."""
    rows: list[list[Cell]] = [["Headline", headline(found)]]
    if today is not None:
        rows.append(["Reviewed on", f"{today:%Y-%m-%d}"])
    if found.sweep is not None:
        rows.append(["Sweep", found.sweep.sentence()])
    boot = found.bootstrap
    if boot is not None:
        rows.append(
            [
                "Bootstrap",
                f"{boot.variant} against holding, a year: 5 % {boot.q05:+.2%}, half {boot.q50:+.2%}, 95 % "
                f"{boot.q95:+.2%}; above 0 in {boot.above:.0%} of {boot.paths:,} histories (blocks of {boot.block:g} "
                f"days, seed {boot.seed}).",
            ]
        )
    real = found.performance
    if real is not None:
        money = "" if real.money_weighted != real.money_weighted else f", money-weighted {real.money_weighted:+.2%}"
        ahead = float(real.values[-1]) - real.benchmark_value
        side = "ahead of" if ahead >= 0 else "behind"
        rows.append(
            [
                "Performance",
                f"The real book: time-weighted {real.time_weighted:+.2%}{money}; holding what it had "
                f"{real.benchmark:+.2%}, {abs(ahead):,.2f} {side} that.",
            ]
        )
    rows += [["Note", text] for text in found.warnings]
    rows += [["Assumption", text] for text in found.assumptions]
    return [rows[0], *(line for what, text in rows[1:] for line in _lines(str(what), str(text)))]


def _lines(what: str, text: str) -> list[list[Cell]]:
    """Cut a long sentence into rows that fit the width of the sheet; only the first says what it is."""
    parts = textwrap.wrap(text, MOST_CHARACTERS) or [""]
    return [[what if number == 0 else None, part] for number, part in enumerate(parts)]


def variant_rows(found: Review) -> list[list[Cell]]:
    """Return the table of variants; a measure without a value stays blank."""
    rows: list[list[Cell]] = []
    for each in found.results:
        name = f"{each.variant.name} (own settings)" if each.variant.own else each.variant.name
        rows.append([name, *(each.measures.get(key) for _, key, _ in COLUMNS), each.variant.settings_text() or None])
    return rows


def curve_rows(found: Review) -> list[list[Cell]]:
    """Return value and drawdown of holding, the own rule and two others at up to 260 closes."""
    by_name = {each.variant.name: each.run.curve for each in found.results}
    curves = [found.hold.run.curve, found.own.run.curve, *(by_name.get(name) for name in DRAWN)]
    count = len(found.history.days)
    places = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))
    falls = [None if curve is None else curve / np.maximum.accumulate(curve) - 1.0 for curve in curves]
    rows: list[list[Cell]] = []
    for place in places:
        row: list[Cell] = [from_serial(float(found.history.days[place]))]
        row += [None if curve is None else float(curve[place]) for curve in curves]
        row += [None if fall is None else float(fall[place]) for fall in falls]
        rows.append(row)
    return rows


def grid_rows(found: Review) -> list[list[Cell]]:
    """Return the heat map: growth against holding by band and destination, with the executions of every cell."""
    sweep = found.sweep
    if sweep is None or tuple(axis.name for axis in sweep.axes) != ("Band", "TrimTo"):
        return [[None] * len(GRID_HEADERS)]
    columns = {value: place for place, value in enumerate(sweep.axes[1].values)}
    rows: list[list[Cell]] = []
    for place, band in enumerate(sweep.axes[0].values):
        row: list[Cell] = [float(band)]
        row += [
            float(sweep.difference[place, columns[each]]) if each in columns else None for each in GRID_DESTINATIONS
        ]
        row += [
            float(sweep.executions[place, columns[each]]) if each in columns else None for each in GRID_DESTINATIONS
        ]
        rows.append(row)
    return rows


def return_rows(found: Review) -> list[list[Cell]]:
    """Return profit and contribution of every row of the real book, its sum, and the benchmark."""
    real = found.performance
    if real is None:
        return [["no fills or cash flows are recorded", *[None] * (len(RETURN_HEADERS) - 1)]]
    rows: list[list[Cell]] = [
        [row.name, row.start, row.bought, row.sold, row.fees, row.end, row.profit, row.contribution]
        for row in real.rows
    ]
    start, end = float(real.values[0]), float(real.values[-1])
    flows = math.fsum(real.flows[1:])
    rows.append(["Book", start, max(flows, 0.0), max(-flows, 0.0), None, end, end - start - flows, real.time_weighted])
    rows.append(["Benchmark: what it had, held", start, None, None, None, real.benchmark_value, None, real.benchmark])
    return rows
