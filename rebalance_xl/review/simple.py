"""Whether a book is simple enough for the kernel, and what it is then."""

from __future__ import annotations

import math

from rebalance_xl.book.model import Book
from rebalance_xl.functions.allocation import BAND_KINDS
from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms
from rebalance_xl.functions.triggers import FREQUENCIES


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def beyond_the_kernel(book: Book) -> str:
    """Return what of a book the kernel does not know ("" for nothing): such a book is planned by the plan itself."""
    venues = {holding.venue.casefold() for holding in book.holdings}
    stables = [holding for holding in book.holdings if holding.stable]
    names = [holding.asset.casefold() for holding in book.holdings]
    venue = book.venue(book.holdings[0].venue) if book.holdings else None
    if book.positions:
        return "futures"
    if book.events:
        return "events"
    if len(venues) > 1 or len(set(names)) < len(names):
        return "several venues"
    if len(stables) > 1 or any(holding.locked or holding.locked_units for holding in stables):
        return "several stablecoins"
    if book.lots or any(holding.lot for holding in book.holdings) or (venue is not None and venue.lot):
        return "lots"
    if book.settings.futures_share is not None or (venue is not None and (venue.credit or venue.forbids("spot"))):
        return "terms of the venue"
    if any(holding.quantity is None for holding in book.holdings):
        return "values without quantities"
    return ""


def spot_book(book: Book) -> SpotBook:
    """Return a simple book as the kernel knows it."""
    venue = book.venue(book.holdings[0].venue) if book.holdings else None
    stable = next((holding for holding in book.holdings if holding.stable), None)
    rows = tuple(
        SpotRow(
            asset=holding.asset,
            quantity=holding.quantity or 0.0,
            target=_or_nan(holding.target),
            band=holding.band,
            cost=_or_nan(holding.cost_basis),
            priority=_or_nan(holding.priority),
            minimum=holding.min_notional
            if holding.min_notional is not None
            else (venue.min_notional if venue is not None else 0.0),
            locked=holding.locked,
            locked_units=holding.locked_units,
        )
        for holding in book.holdings
        if not holding.stable
    )
    if stable is None:
        return SpotBook(rows, last_review=_or_nan(book.settings.last_review))
    return SpotBook(
        rows,
        cash=stable.value,
        stable=stable.asset,
        stable_target=_or_nan(stable.target),
        stable_band=stable.band if stable.banded else math.nan,
        stable_priority=_or_nan(stable.priority),
        last_review=_or_nan(book.settings.last_review),
        last_execution=_or_nan(book.last_execution),
    )


def terms_of(book: Book, slippage: float = 0.0) -> Terms:
    """Return the settings of a simple book as the kernel's terms."""
    settings = book.settings
    venue = book.venue(book.holdings[0].venue) if book.holdings else None
    frequency = settings.review_frequency
    return Terms(
        band_kind=BAND_KINDS[settings.band_kind],
        trim_to=settings.trim_to,
        spot_fee=venue.spot_fee if venue is not None else 0.0,
        futures_fee=venue.futures_fee if venue is not None else 0.0,
        slippage=slippage,
        min_trade=settings.min_trade,
        turnover_cap=math.inf if settings.turnover_cap is None else settings.turnover_cap,
        reserve_min=_or_nan(settings.reserve_min),
        reserve_max=_or_nan(settings.reserve_max),
        review_drift=settings.review_drift,
        cooldown=settings.cooldown,
        frequency=FREQUENCIES[frequency] if isinstance(frequency, str) else _or_nan(frequency),
        fund=settings.fund_from == "overweight",
        breaching=settings.buy_scope == "breaching",
        pro_rata=settings.deploy_method == "pro_rata",
    )
