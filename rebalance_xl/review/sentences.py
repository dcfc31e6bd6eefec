"""What the figures of a review mean, in words: what the history can tell, and what it cannot."""

from __future__ import annotations

from rebalance_xl.book.model import Book
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.simulation.curves import TOO_FEW
from rebalance_xl.review.answers import Result, Review
from rebalance_xl.review.request import Request

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
    trading = [each for each in found.results if not each.variant.hold]
    notes += list(dict.fromkeys(f"{note}." for each in trading for note in each.run.notes))
    few = [f"{each.variant.name} ({len(each.run.executions)})" for each in trading if each.run.too_few]
    if few:
        notes.append(f"Fewer than {TOO_FEW} executions, too few to judge: {', '.join(few)}.")
    parts = _halves(found.own, found.hold)
    if parts and found.own.run.executions and parts[0] * parts[1] < 0:
        notes.append(
            f"The book's own rule against holding: {parts[0]:+.1%} a year in the first half, {parts[1]:+.1%} in the "
            "second."
        )
    run = found.own.run
    if run.liquidations:
        day, symbol, price, _ = run.liquidations[-1]
        notes.append(
            f"The book's own rule: {_liquidations(len(run.liquidations))} took {run.margin_lost:,.2f} of margin, the "
            f"last of {symbol} on {day_text(day)} at {price:,.6g}."
        )
    others = [f"{each.variant.name} ({len(each.run.liquidations)})" for each in trading if each.run.liquidations]
    if len(others) > 1:
        notes.append(f"Liquidations by variant: {', '.join(others)}.")
    out = [
        f"{each.variant.name} on {each.run.out_of_band:,} closes{_cause(book, each)}"
        for each in trading
        if each.run.out_of_band and each.run.out_of_band > 0.02 * len(each.run.curve)
    ]
    if out:
        notes.append(f"Out of band after trading: {'; '.join(out)}.")
    small = [
        f"{each.variant.name} ({each.run.small} of {len(each.run.executions)})"
        for each in trading
        if each.run.small > 0.1 * max(1, len(each.run.executions))
    ]
    if small:
        notes.append(
            f"Executions that move less than 0.2 % of the book: {', '.join(small)}; MinTrade or ReserveMax would spare "
            "them."
        )
    return notes


def _liquidations(count: int) -> str:
    return "1 liquidation" if count == 1 else f"{count} liquidations"


def _cause(book: Book, result: Result) -> str:
    changes = dict(result.variant.changes)
    if changes.get("FundFrom", book.settings.fund_from) == "none":
        return " (with FundFrom none a row below its band waits for money)"
    targeted = any(holding.stable and holding.target is not None for holding in book.holdings)
    if book.settings.reserve_min is not None and book.settings.reserve_max is None and not targeted:
        return " (stablecoins are kept by ReserveMin without ReserveMax, so not all targets can be met)"
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
