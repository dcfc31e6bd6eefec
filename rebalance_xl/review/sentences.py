"""What the figures of a review mean, in words: what the history can tell, and what it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance_xl.book.model import Book
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.simulation.curves import TOO_FEW

if TYPE_CHECKING:
    from rebalance_xl.review.reviews import Request, Result, Review

#: Halves of which one is better than holding and the other worse point nowhere.
_YEAR = 365.0


def day_text(serial: float) -> str:
    """Write a day as 2026-11-20."""
    return f"{from_serial(serial):%Y-%m-%d}"


def headline(found: Review) -> str:
    """Return the sentence that stands on top: what this history tells about the book's own rule."""
    own, days = found.own, found.history.days
    span = f"{len(days):,} closes from {day_text(days[0])} to {day_text(days[-1])}"
    count = len(own.run.executions)
    if not count:
        return f"Over {span} the book's own rule never traded: it is buy and hold here."
    few = f" {count} executions are too few to judge a rule (fewer than {TOO_FEW})." if own.run.too_few else ""
    if found.bootstrap is not None:
        return f"Over {span}: {found.bootstrap.sentence()}{few}"
    return f"Over {span} the book's own rule traded on {count} days.{few} How sure the differences are was not tested."


def _halves(result: Result, hold: Result) -> tuple[float, float] | None:
    pairs = [(result.measures[name], hold.measures[name]) for name in ("first_half", "second_half")]
    if any(value is None or other is None for value, other in pairs):
        return None
    first, second = ((value or 0.0) - (other or 0.0) for value, other in pairs)
    return first, second


def warnings_of(found: Review, book: Book) -> list[str]:
    """Return what a reader must know before believing a figure."""
    notes = [f"The history: {note}." for note in found.history.notes]
    for result in found.results:
        name, run = result.variant.name, result.run
        notes += [f"{name}: {note}." for note in run.notes]
        if run.too_few:
            notes.append(f"{name}: {len(run.executions)} executions are too few to judge it.")
        if run.liquidations:
            last = run.liquidations[-1]
            notes.append(
                f"{name}: {len(run.liquidations)} liquidations took {run.margin_lost:,.2f} of margin, the last on "
                f"{day_text(last[0])} at {last[2]:,.6g}."
            )
        parts = _halves(result, found.hold)
        if parts and run.executions and parts[0] * parts[1] < 0 and result.variant.own:
            notes.append(
                f"{name}: against holding {parts[0]:+.1%} a year in the first half and {parts[1]:+.1%} in the second."
            )
        if run.out_of_band and run.out_of_band > 0.02 * len(run.curve):
            notes.append(f"{name}: {run.out_of_band} closes out of band after trading{_cause(book, result)}.")
        if run.small > 0.1 * max(1, len(run.executions)):
            notes.append(
                f"{name}: {run.small} of {len(run.executions)} executions move less than 0.2 % of the book; "
                "MinTrade or ReserveMax would spare them."
            )
    return notes


def _cause(book: Book, result: Result) -> str:
    changes = dict(result.variant.changes)
    if changes.get("FundFrom", book.settings.fund_from) == "none":
        return ": with FundFrom none a row below its band waits for money"
    targeted = any(holding.stable and holding.target is not None for holding in book.holdings)
    if book.settings.reserve_min is not None and book.settings.reserve_max is None and not targeted:
        return ": stablecoins are kept (ReserveMin without ReserveMax), so not all targets can be met"
    return ""


def assumptions_of(found: Review, book: Book, request: Request) -> list[str]:
    """Return what every figure rests on."""
    days = found.history.days
    notes = [
        "Hindsight: the assets of the book are those that are left today, and targets and events were chosen later.",
        "Prices are closes; what happens between two of them is not seen"
        + ("" if _has_extremes(found) else ", liquidations among them (no highs and lows were given)")
        + ".",
        "Every trade is filled at the close that caused it."
        if request.fill == "close"
        else "Every trade is filled at the close after the one that caused it.",
        f"Fees are those of Venues; slippage {request.slippage:.2%}, spread, transfer fees and tax 0.",
        f"Quantities are those of the book today, from {day_text(days[0])} on; LastReview counts as done then.",
        "A year has 365 days; the risk-free rate is 0.",
    ]
    if len(days) - 1 < found.history.year:
        notes.append("The period is shorter than a year: annual figures exaggerate it.")
    if book.positions and not all(found.history.close(f"{each.symbol} funding") is not None for each in book.positions):
        notes.append("No funding rates were given for all futures: the rate of the Futures table is held constant.")
    if any(found.history.close(each.symbol) is None for each in book.positions):
        notes.append("Futures without prices of their own are marked at the close of their asset.")
    if book.events:
        notes.append("Events act on the days of the table Events, which was written with hindsight.")
    return notes


def _has_extremes(found: Review) -> bool:
    return any(name.endswith((" low", " high")) for name in found.history.columns)
