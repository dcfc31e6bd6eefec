"""Where the money of a plan lies: the stable rows that receive what is left, and that pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rebalance_xl.book.draft import Draft
from rebalance_xl.book.model import Holding
from rebalance_xl.book.money import PROCEEDS, RAISED
from rebalance_xl.book.orders import KEPT


def stable_rows(venues: Iterable[str], stables: Sequence[Holding], new: str) -> dict[str, Holding | str]:
    """Return, for each venue, the stable row that its money belongs to, or the name of a new one there."""
    found: dict[str, Holding | str] = {}
    for venue in sorted(set(venues), key=str.casefold):
        near = [holding for holding in stables if holding.venue.casefold() == venue.casefold()]
        anywhere = [holding for holding in stables if not holding.venue or not venue]
        rows = near or anywhere
        found[venue] = rows[0] if rows else new
    return found


def cash_changes(draft: Draft) -> dict[int | str, float]:
    """Return by how much each stable row changes, by its row; a venue without one gets a row, by the venue's name."""
    stables = [row for row in draft.book.holdings if row.stable]
    changes: dict[int | str, float] = {row.row: 0.0 for row in stables}
    proceeds = [s for s in draft.purse.sources if s.kind in (PROCEEDS, RAISED) and s.left > 0]
    homes = stable_rows([source.venue for source in proceeds], stables, draft.new_stable)
    for source in draft.purse.sources:
        if source.kind in (PROCEEDS, RAISED):
            if source.venue not in homes:
                key: int | str = stables[0].row if stables else source.venue
            else:
                home = homes[source.venue]
                key = home.row if isinstance(home, Holding) else source.venue
            changes[key] = changes.get(key, 0.0) + source.left
        elif source.row is not None:
            changes[source.row] -= source.amount - source.left
    for need in draft.needs:
        if need.kind in KEPT and need.amount:
            key = need.row.row if need.row is not None else need.venue
            changes[key] = changes.get(key, 0.0) + need.amount
    venues = [key for key in changes if isinstance(key, str) and key]
    if "" in changes and venues:  # a reserve without a row lies where the proceeds do
        changes[venues[0]] += changes.pop("")
    return changes
