"""Which stablecoins pay for what was bought, and which take what was sold; computes, never writes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rebalance_xl.book.model import Book, Holding
from rebalance_xl.book.money import spare_cash
from rebalance_xl.book.plan_cash import stable_rows
from rebalance_xl.book.states import rows_by_asset

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
        Money at venues where the book has no stablecoin yet, by the venue.
    short
        Money that was spent and that nobody has, by the venue that spent it.
    left_over
        Money that came in and was not used: neither spent nor owed, nor lacking in a target or in ReserveMin.
    """

    left: Purses
    fresh: dict[str, float] = field(default_factory=dict)
    short: dict[str, float] = field(default_factory=dict)
    left_over: float = 0.0


def settle(book: Book, came: Mapping[str, float], went: Mapping[str, float], total: float) -> Settlement:
    """Book the money of each venue on its stablecoins, as the plan does.

    Debts are paid first. What is bought is paid from cash that may be spent (see
    :func:`~rebalance_xl.book.money.spare_cash`), then from the proceeds, those of the venue first, then from any
    stablecoin. Proceeds that are left fill stablecoins under their target, then ReserveMin.

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
    spare = _spare(book, stables, left, total)
    _repay(stables, left, proceeds, spare)
    debts = _pay(stables, left, proceeds, went, spare, total)
    rest = {venue: money for venue, money in proceeds.items() if money > 0}
    fresh, left_over = _keep(book, stables, left, rest, total)
    for venue, debt in debts.items():
        debts[venue] = _take(_richest(stables, left, total), debt, left, left)
        for place, money in fresh.items():
            part = min(debts[venue], money)
            fresh[place] = money - part
            debts[venue] -= part
    return Settlement(left, fresh, {venue: debt for venue, debt in debts.items() if debt > 0}, left_over)


def _spare(book: Book, stables: Sequence[Holding], left: Purses, total: float) -> Purses:
    groups = [(rows, rows[0].target) for rows in rows_by_asset(stables).values()]
    return spare_cash(book.settings, groups, math.fsum(left.values()), total)


def _repay(stables: Sequence[Holding], left: Purses, proceeds: dict[str, float], spare: Purses) -> None:
    """Pay balances below 0: from the proceeds of the venue, then from spare cash, then from any stablecoin."""
    for row in stables:
        owed = -left[row.row]
        if owed <= 0:
            continue
        rest = _take_proceeds((row.venue, "") if row.venue else tuple(proceeds), owed, proceeds)
        others = [each for each in _near(stables, row.venue) if each is not row and left[each.row] > 0]
        rest = _take(others, rest, left, spare)
        rest = _take([each for each in others if not each.locked], rest, left, left)
        left[row.row] += owed - rest


def _pay(
    stables: Sequence[Holding],
    left: Purses,
    proceeds: dict[str, float],
    went: Mapping[str, float],
    spare: Purses,
    total: float,
) -> dict[str, float]:
    """Pay what was bought from spare cash, from the proceeds, then at each venue from any; return what is owed."""
    owed = {venue: _take(_near(stables, venue), money, left, spare) for venue, money in went.items() if venue}
    owed = {venue: _take_proceeds((venue, ""), money, proceeds) for venue, money in owed.items()}
    debt = _take(stables, went.get("", 0.0), left, spare)
    debts = {"": _take_proceeds(sorted(proceeds, key=lambda each: (bool(each), -proceeds[each])), debt, proceeds)}
    for venue, money in owed.items():
        debts[venue] = _take(_richest(_near(stables, venue), left, total, venue), money, left, left)
    return debts


def _keep(
    book: Book, stables: Sequence[Holding], left: Purses, proceeds: Mapping[str, float], total: float
) -> tuple[dict[str, float], float]:
    """Put the proceeds that are left on stablecoins; return what goes to venues that have none, and what is over."""
    homes = stable_rows(proceeds, stables, "")
    fresh: dict[str, float] = {}
    over = 0.0
    by_asset = rows_by_asset(stables)
    keeper = next((holding for holding in stables if holding.target is None), stables[0] if stables else None)
    for venue, money in proceeds.items():
        near = _near(stables, venue)
        for holding in sorted(near, key=_priority):
            held = math.fsum([left[row.row] for row in by_asset[holding.asset.casefold()]])
            part = min(money, max(0.0, (holding.target or 0.0) * total - held))
            left[holding.row] += part
            money -= part
        if keeper is not None and keeper in near:
            lacking = (book.settings.reserve_min or 0.0) * total - math.fsum(left.values())
            part = min(money, max(0.0, lacking))
            left[keeper.row] += part
            money -= part
        home = homes[venue]
        over += money
        if isinstance(home, Holding):
            left[home.row] += money
        else:
            fresh[venue] = fresh.get(venue, 0.0) + money
    return fresh, over


def _take(holdings: Sequence[Holding], debt: float, left: Purses, most: Purses) -> float:
    """Pay a debt from stablecoins, from each at most what is allowed; return what is still owed."""
    for holding in holdings:
        part = max(0.0, min(debt, most.get(holding.row, 0.0), left[holding.row]))
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
