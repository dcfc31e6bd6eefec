"""Which stablecoins pay for what was bought, and which take what was sold; computes, never writes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rebalance_xl.book.model import Book, Holding
from rebalance_xl.book.money import spare_cash
from rebalance_xl.book.plan_lines import stable_names

#: Money by the row of Portfolio that holds it.
Purses = dict[int, float]


@dataclass(slots=True)
class Settlement:
    """Where the money is after an execution.

    Parameters
    ----------
    left
        Value of each stablecoin, by its row.
    fresh
        Stablecoins that the book does not have yet: venue and value by name.
    short
        Money that was spent and that nobody has.
    """

    left: Purses
    fresh: dict[str, tuple[str, float]] = field(default_factory=dict)
    short: float = 0.0


def settle(book: Book, came: Mapping[str, float], went: Mapping[str, float], total: float) -> Settlement:
    """Book the money of each venue on its stablecoins, as the plan does.

    What is bought is paid from cash that may be spent (see :func:`~rebalance_xl.book.money.spare_cash`), then from the
    proceeds, those of the venue first, then from any stablecoin. Proceeds that are left fill stablecoins under their
    target, then ReserveMin.

    Parameters
    ----------
    book
        The book before.
    came, went
        Money by venue that sales brought and that purchases took; "" is no venue in particular.
    total
        Value of the book after fees.
    """
    stables = [holding for holding in book.holdings if holding.stable]
    left = {holding.row: holding.value for holding in stables}
    proceeds = dict(came)
    debt = _pay(book, stables, left, proceeds, went, total)
    fresh = _keep(book, stables, left, {venue: money for venue, money in proceeds.items() if money > 0}, total)
    debt = _take(_richest(stables, left, total), debt, left, left)
    for name, (venue, money) in fresh.items():
        part = min(debt, money)
        fresh[name] = (venue, money - part)
        debt -= part
    return Settlement(left, fresh, debt)


def _pay(
    book: Book,
    stables: Sequence[Holding],
    left: Purses,
    proceeds: dict[str, float],
    went: Mapping[str, float],
    total: float,
) -> float:
    """Pay what was bought from spare cash, from the proceeds, then at each venue from any; return what is owed."""
    free = [(holding, holding.target) for holding in stables if not holding.locked]
    spare = spare_cash(book.settings, free, math.fsum(left.values()), total)
    owed = {venue: _take(_near(stables, venue), money, left, spare) for venue, money in went.items() if venue}
    owed = {venue: _take_proceeds((venue, ""), money, proceeds) for venue, money in owed.items()}
    debt = _take(stables, went.get("", 0.0), left, spare)
    debt = _take_proceeds(sorted(proceeds, key=lambda each: (bool(each), -proceeds[each])), debt, proceeds)
    for venue, money in owed.items():
        debt += _take(_richest(_near(stables, venue), left, total, venue), money, left, left)
    return debt


def _keep(
    book: Book, stables: Sequence[Holding], left: Purses, proceeds: Mapping[str, float], total: float
) -> dict[str, tuple[str, float]]:
    """Put the proceeds that are left on stablecoins; return what goes to ones that the book does not have yet."""
    names = stable_names(proceeds, stables)
    rows = {holding.asset: holding.row for holding in stables}
    fresh: dict[str, tuple[str, float]] = {}
    keeper = next((holding for holding in stables if holding.target is None), stables[0] if stables else None)
    for venue, money in proceeds.items():
        near = _near(stables, venue)
        for holding in sorted(near, key=_priority):
            part = min(money, max(0.0, (holding.target or 0.0) * total - left[holding.row]))
            left[holding.row] += part
            money -= part
        if keeper is not None and keeper in near:
            lacking = (book.settings.reserve_min or 0.0) * total - math.fsum(left.values())
            part = min(money, max(0.0, lacking))
            left[keeper.row] += part
            money -= part
        name = names[venue]
        if name in rows:
            left[rows[name]] += money
        else:
            first, held = fresh.get(name, (venue, 0.0))
            fresh[name] = (first, held + money)
    return fresh


def _take(holdings: Sequence[Holding], debt: float, left: Purses, most: Purses) -> float:
    """Pay a debt from stablecoins, from each at most what is allowed; return what is still owed."""
    for holding in holdings:
        part = min(debt, most.get(holding.row, 0.0), left[holding.row])
        left[holding.row] -= part
        debt -= part
        if most is not left:
            most[holding.row] = most.get(holding.row, 0.0) - part
    return debt


def _take_proceeds(venues: Sequence[str], debt: float, proceeds: dict[str, float]) -> float:
    for venue in venues:
        part = min(debt, proceeds.get(venue, 0.0))
        proceeds[venue] = proceeds.get(venue, 0.0) - part
        debt -= part
    return debt


def _near(stables: Sequence[Holding], venue: str) -> list[Holding]:
    here = venue.casefold()
    return [holding for holding in stables if not holding.venue or holding.venue.casefold() == here]


def _priority(holding: Holding) -> float:
    return math.inf if holding.priority is None else holding.priority


def _richest(holdings: Sequence[Holding], left: Purses, total: float, venue: str = "") -> list[Holding]:
    """Return stablecoins as they pay beyond what is spare: those of the venue first, then by surplus."""

    def surplus(holding: Holding) -> tuple[bool, float]:
        return bool(venue) and not holding.venue, (holding.target or 0.0) * total - left[holding.row]

    return sorted(holdings, key=surplus)
