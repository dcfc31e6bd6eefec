"""The lots after an execution: only those that changed, and those that were bought."""

from __future__ import annotations

from dataclasses import dataclass, field

from rebalance_xl.book.forms import day_of
from rebalance_xl.book.gains import lots_of, taken_from, usable_lots
from rebalance_xl.book.interface import Cell
from rebalance_xl.book.ledger import Ledger
from rebalance_xl.book.states import rows_by_asset
from rebalance_xl.book.tolerances import SLACK


@dataclass(slots=True)
class LotChanges:
    """New quantities by the row of Lots, and the rows to add."""

    changed: dict[int, float] = field(default_factory=dict)
    added: list[dict[str, Cell]] = field(default_factory=list)


def lots_after(ledger: Ledger) -> LotChanges:
    """Return what the fills change in Lots: sold units leave by LotMethod, purchases are added.

    A lot that is sold out keeps its row with the quantity 0, and with it the user's own columns.

    Parameters
    ----------
    ledger
        The book and its fills.
    """
    book = ledger.book
    changes = LotChanges()
    if not book.lots:
        return changes
    for key, rows in rows_by_asset(book.holdings).items():
        sold = ledger.sold_lots.get(key, 0.0)
        lots = usable_lots(book, rows[0])
        if not sold or not lots:
            continue
        for lot, units in zip(lots, taken_from(lots, sold, book.settings.lot_method), strict=True):
            if units:
                left = lot.quantity - units
                changes.changed[lot.row] = left if left > SLACK * lot.quantity else 0.0
    for bought in ledger.bought_lots:
        held = sum(row.quantity or 0.0 for row in book.holdings if row.asset.casefold() == bought.asset.casefold())
        if bought.quantity and (lots_of(book, bought.asset) or not held):
            changes.added.append(
                {
                    "Asset": bought.asset,
                    "Date": day_of(bought.date),
                    "Quantity": bought.quantity,
                    "Price": bought.price,
                }
            )
    return changes
