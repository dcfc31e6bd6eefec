"""Spreads of two futures legs: the basis at entry, its annualised rate, and how unusual it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance_xl.book.model import Book
from rebalance_xl.book.plan_data import SpreadFigures
from rebalance_xl.book.rows import Position
from rebalance_xl.functions.plan_table import percent
from rebalance_xl.functions.spreads import SELL_NEAR, basis_zscore, calendar_spread, spread_signal

if TYPE_CHECKING:
    from rebalance_xl.book.draft import Draft
    from rebalance_xl.book.orders import Order

_THRESHOLD = 2.0


def spread_of(book: Book, legs: tuple[Position, Position]) -> SpreadFigures:
    """Return the figures of a spread: basis, rate a year, z-score, and whether the signal supports it.

    Parameters
    ----------
    book
        For the day and the history: a Prices column for each symbol gives the z-score.
    legs
        The two positions; the one that expires first is the near leg, a perpetual before any date.

    Notes
    -----
    The z-score is that of the near contract's premium, near / far - 1, against its own history without the last close.
    """
    near, far = sorted(legs, key=lambda leg: leg.expiry or 0.0)
    basis = far.mark - near.mark
    days = [0.0 if leg.expiry is None or book.as_of is None else leg.expiry - book.as_of for leg in (near, far)]
    rate = None
    if book.as_of is not None and far.expiry is not None and days[1] > max(days[0], 0.0):
        rate = float(calendar_spread(near.mark, far.mark, max(days[0], 0.0), days[1]))
    premium = near.mark / far.mark - 1.0
    history = _premiums(book, near.symbol, far.symbol)
    score = supported = None
    if len(history) > 2:
        found = basis_zscore(premium, history)
        if found == found:
            score = float(found)
            signal = spread_signal(premium, history, _THRESHOLD)
            wanted = SELL_NEAR if near.side == "short" else 2.0
            supported = signal == wanted
    return SpreadFigures(near.spread, near.symbol, far.symbol, basis, rate, score, supported)


def _premiums(book: Book, near: str, far: str) -> list[float]:
    """Return the near contract's premium on the days that both symbols have a close."""
    first, second = book.dated.get(near.casefold(), {}), book.dated.get(far.casefold(), {})
    return [first[day] / second[day] - 1.0 for day in sorted(first) if second.get(day)]


def spread_text(draft: Draft, need: Order) -> str:
    """Return the figures of a spread as the end of a reason."""
    if need.partner is None:
        return ""
    figures = spread_of(draft.book, (need.position, need.partner.position))
    text = f"; basis {figures.basis:,.2f}"
    if figures.rate is not None:
        text += f", {percent(figures.rate)} a year"
    if figures.zscore is not None:
        text += f", z-score {figures.zscore:.2f}"
    return text
