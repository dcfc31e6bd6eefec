"""Where the money is while a plan is made: cash and proceeds by venue, transfers, fees and bonus credit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rebalance_xl.book.model import Book, Holding, Settings
from rebalance_xl.book.tolerances import SLACK

#: Whose money it is: cash that was there, proceeds of trims and closes, and what was raised for rows below their band.
CASH, PROCEEDS, RAISED = "cash", "proceeds", "raised"
_KINDS = {CASH: 0, PROCEEDS: 1, RAISED: 2}
ANY, SPOT, FUTURES, EVENT = "any", "spot", "futures", "event"
#: What the pool of an account's free margin begins with: only cross positions of that account may use it.
ACCOUNT = "account "


@dataclass(slots=True)
class Source:
    """Money that may be spent: whose it was, where it lies and what it may be spent on."""

    kind: str
    venue: str
    amount: float
    pool: str = ANY
    row: int | None = None
    left: float = 0.0
    here: str = ""

    def __post_init__(self) -> None:
        self.left = self.amount
        self.here = self.venue.casefold()


#: A purse at a point of the plan: sources with what was in them and what is left, transfers, their fees, what is stuck.
PurseMark = tuple[
    list[tuple[Source, float, float]], dict[tuple[str, str], float], dict[tuple[str, str], float], dict[str, float]
]


@dataclass(slots=True)
class Fees:
    """Fees by venue, paid from the venue's bonus credit first."""

    book: Book
    credit_used: dict[str, float] = field(default_factory=dict)
    paid: float = 0.0
    granted: bool = field(init=False)

    def __post_init__(self) -> None:
        self.granted = any([venue.credit for venue in self.book.venues.values()])

    def credit(self, venue: str) -> float:
        """Return the credit that is left at a venue."""
        return self.book.venue(venue).credit - self.credit_used.get(venue.casefold(), 0.0)

    def charge(self, venue: str, gross: float) -> float:
        """Take a fee and return what it cost in money."""
        if not self.granted and not self.credit_used and gross >= 0.0:  # no credit, and no rebate that became one
            self.paid += gross
            return gross
        here = venue.casefold()
        used = self.credit_used.get(here, 0.0)
        net = max(0.0, gross - (self.book.venue(venue).credit - used))
        self.credit_used[here] = used + gross - net
        self.paid += net
        return net

    def affordable(self, venue: str, money: float, rate: float) -> float:
        """Return the largest amount whose cost, with a fee of `rate` of it, is not above `money`."""
        if money <= 0:
            return 0.0
        credit = self.credit(venue) if self.granted or self.credit_used else 0.0
        return money if rate * money <= credit else (money + credit) / (1.0 + rate)


@dataclass(slots=True)
class Purse:
    """All sources of a plan, and the transfers that spending from them causes."""

    book: Book
    sources: list[Source] = field(default_factory=list)
    transfers: dict[tuple[str, str], float] = field(default_factory=dict)
    transfer_fees: dict[tuple[str, str], float] = field(default_factory=dict)
    stuck: dict[str, float] = field(default_factory=dict)

    def add(self, kind: str, venue: str, amount: float, pool: str = ANY, row: int | None = None) -> None:
        """Put money in; the proceeds at one venue are one source."""
        if amount <= 0:
            return
        if row is None:
            for source in self.sources:
                if (source.kind, source.venue, source.pool, source.row) == (kind, venue, pool, None):
                    source.amount += amount
                    source.left += amount
                    return
        self.sources.append(Source(kind, venue, amount, pool, row))

    def take(self, kind: str, venue: str, amount: float, pool: str) -> None:
        """Note money that is spent where it lies, before any need is served."""
        source = Source(kind, venue, amount, pool)
        source.left = 0.0
        self.sources.append(source)

    def _is_far(self, source: Source, venue: str) -> bool:
        return bool(source.here and venue and source.here != venue.casefold())

    def usable(self, venue: str, pools: Sequence[str], kinds: Sequence[str]) -> list[Source]:
        """Return the sources in the order of spending: at the venue before transfers, cash before proceeds."""
        found, here = [], venue.casefold()
        for source in self.sources:
            if source.left <= 0 or source.pool not in pools or source.kind not in kinds:
                continue
            far = source.here and here and source.here != here
            if far and not self.book.venue(source.venue).withdrawals:
                self.stuck[source.venue] = max(self.stuck.get(source.venue, 0.0), source.left)
                continue
            found.append(source)
        if len(found) > 1:
            found.sort(key=lambda s: (bool(s.here and here and s.here != here), _KINDS[s.kind], s.pool == EVENT))
        return found

    def _transfer_fee(self, source: Source, venue: str) -> float:
        if not self._is_far(source, venue) or (source.venue, venue) in self.transfers:
            return 0.0
        return self.book.venue(source.venue).withdrawal_fee

    def available(self, venue: str, sources: Sequence[Source]) -> float:
        """Return what usable sources come to at a venue, after the fees of the transfers that it would take."""
        if not sources:
            return 0.0
        if len(sources) == 1:
            return max(0.0, sources[0].left - self._transfer_fee(sources[0], venue))
        reachable = 0.0
        by_origin: dict[str, list[Source]] = {}
        for source in sources:
            by_origin.setdefault(source.venue, []).append(source)
        for near in by_origin.values():
            money = near[0].left if len(near) == 1 else math.fsum([source.left for source in near])
            reachable += max(0.0, money - self._transfer_fee(near[0], venue))
        return reachable

    def spend(self, cost: float, venue: str, sources: Sequence[Source]) -> float:
        """Take money of usable sources, transferring where needed; return the transfer fees, which come on top."""
        asked = cost
        fees, here = 0.0, venue.casefold()
        for source in sources:
            if cost <= 0:
                break
            far = source.here and here and source.here != here
            fee = self._transfer_fee(source, venue) if far else 0.0
            money = min(cost, source.left - fee)
            if money <= 0:
                continue
            source.left -= money + fee
            cost -= money
            fees += fee
            if far:
                key = (source.venue, venue)
                self.transfers[key] = self.transfers.get(key, 0.0) + money
                self.transfer_fees[key] = self.transfer_fees.get(key, 0.0) + fee
        if cost > SLACK * asked:
            raise ValueError(f"{cost:,.2f} of {asked:,.2f} to be spent at {venue or 'no venue'} is missing")
        if cost > 0 and self.sources:
            # What rounding asks for beyond the last source: the largest one gives it.
            max(self.sources, key=lambda source: source.left).left -= cost
        return fees

    def mark(self) -> PurseMark:
        """Return the purse as it stands, to come back to with :meth:`rewind`."""
        sources = [(source, source.amount, source.left) for source in self.sources]
        return sources, dict(self.transfers), dict(self.transfer_fees), dict(self.stuck)

    def rewind(self, mark: PurseMark) -> None:
        """Come back to a mark: what was spent and put in since is undone."""
        sources, transfers, fees, stuck = mark
        self.sources = []
        for source, amount, left in sources:
            source.amount, source.left = amount, left
            self.sources.append(source)
        self.transfers, self.transfer_fees, self.stuck = dict(transfers), dict(fees), dict(stuck)

    def at(self, venue: str, pools: Sequence[str], kinds: Sequence[str]) -> float:
        """Return the money that lies at a venue."""
        here = venue.casefold()
        return math.fsum([s.left for s in self.sources if s.here == here and s.pool in pools and s.kind in kinds])

    def used(self, kind: str) -> float:
        """Return what was spent of a kind of money."""
        return math.fsum(source.amount - source.left for source in self.sources if source.kind == kind)

    def left(self, kind: str) -> float:
        """Return what was not spent of a kind of money."""
        return math.fsum([source.left for source in self.sources if source.kind == kind])


def spare_cash(
    settings: Settings, stables: Sequence[tuple[Sequence[Holding], float | None]], held: float, total: float
) -> dict[int, float]:
    """Return, by row, the stablecoins above their target (without one: above ReserveMax), never below ReserveMin.

    Parameters
    ----------
    settings
        For ReserveMin and ReserveMax.
    stables
        The stablecoins whose money may be spent: their rows, and the target in force.
    held
        All stablecoins of the book, debts taken off.
    total
        Book value after fees.
    """
    spare: dict[int, float] = {}
    if settings.reserve_max is None and not any([target is not None for _, target in stables]):
        return spare
    targeted = 0.0
    for rows, target in stables:
        if target is not None:
            above = max(0.0, math.fsum([row.value for row in rows]) - target * total)
            targeted += above
            _share_out(rows, above, spare)
    if settings.reserve_max is not None:
        above = held - settings.reserve_max * total - targeted
        for rows, target in stables:
            if target is None:
                worth = max(0.0, math.fsum([row.value for row in rows]))
                _share_out(rows, min(max(above, 0.0), worth), spare)
                above -= min(max(above, 0.0), worth)
    if not any(spare.values()):
        return spare
    offered = math.fsum(spare.values())
    most = max(0.0, held - (settings.reserve_min or 0.0) * total)
    factor = min(1.0, most / offered) if offered > 0 else 0.0
    return {row: money * factor for row, money in spare.items()}


def _share_out(rows: Sequence[Holding], money: float, spare: dict[int, float]) -> None:
    """Take money from a stablecoin's rows in proportion to what may be spent of each."""
    if len(rows) == 1:
        part = max(0.0, rows[0].free_value)
        spare[rows[0].row] = min(part, money * part / part) if part > 0 else 0.0
        return
    free = [max(0.0, row.free_value) for row in rows]
    whole = math.fsum(free)
    for row, part in zip(rows, free, strict=True):
        spare[row.row] = min(part, money * part / whole) if whole > 0 else 0.0
