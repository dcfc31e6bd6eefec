"""The gain that a sale realises, by lots or at the average cost, and the lots that are left after it."""

from __future__ import annotations

import math

from rebalance_xl.book.model import Book, Holding, Lot
from rebalance_xl.book.tolerances import DUST
from rebalance_xl.functions.allocation import realized_gain
from rebalance_xl.functions.lots import METHODS, lots_taken


def lots_of(book: Book, asset: str) -> list[Lot]:
    """Return the lots of an asset, as listed."""
    if not book.lots:
        return []
    wanted = asset.casefold()
    return [lot for lot in book.lots if lot.asset.casefold() == wanted]


def usable_lots(book: Book, holding: Holding) -> list[Lot]:
    """Return the lots of a holding, none where they do not add up to what is held."""
    lots = lots_of(book, holding.asset)
    if not lots:
        return []
    held = math.fsum(lot.quantity for lot in lots)
    asset = holding.asset.casefold()
    quantity = math.fsum([row.quantity or 0.0 for row in book.holdings if row.asset.casefold() == asset])
    return lots if lots and abs(held - quantity) <= DUST * max(held, quantity) else []


def taken_from(lots: list[Lot], quantity: float, method: str) -> list[float]:
    """Return the units that a sale takes from each lot."""
    return lots_taken(
        quantity,
        [lot.quantity for lot in lots],
        [lot.price for lot in lots],
        [math.nan if lot.date is None else lot.date for lot in lots],
        METHODS[method.casefold()],
    )


def _lots_sold(book: Book, lots: list[Lot], quantity: float, before: float) -> list[float]:
    """Return the units that a sale takes from each lot when `before` units were sold earlier on."""
    taken = taken_from(lots, before + quantity, book.settings.lot_method)
    if not before:
        return taken
    gone = taken_from(lots, before, book.settings.lot_method)
    return [units - earlier for units, earlier in zip(taken, gone, strict=True)]


def sale_gain(
    book: Book,
    holding: Holding,
    amount: float,
    quantity: float | None,
    price: float | None = None,
    before: float = 0.0,
) -> float | None:
    """Return the gain in a sale, before fees; None where the cost is not known.

    Parameters
    ----------
    book, holding
        What is sold from.
    amount
        Proceeds.
    quantity
        Units sold; None in a book that keeps values only.
    price
        Price of the sale where it is not the holding's.
    before
        Units of the holding that an earlier line sold.
    """
    lots = usable_lots(book, holding)
    if lots and quantity is not None:
        price = holding.price if price is None else price
        taken = _lots_sold(book, lots, quantity, before)
        return math.fsum(units * ((price or 0.0) - lot.price) for units, lot in zip(taken, lots, strict=True) if units)
    if holding.cost_basis is None or holding.value <= 0:
        return None
    if quantity is not None and holding.quantity and price is not None:
        return amount - holding.cost_basis * min(1.0, quantity / holding.quantity)
    return float(realized_gain(min(amount, holding.value), holding.value, holding.cost_basis))


def cost_sold(book: Book, holding: Holding, quantity: float, amount: float, before: float = 0.0) -> float | None:
    """Return the cost of what a sale takes away, which leaves the cost basis; None where it is not known.

    `before` are the units that an earlier line sold.
    """
    lots = usable_lots(book, holding)
    if lots:
        taken = _lots_sold(book, lots, quantity, before)
        return math.fsum(units * lot.price for units, lot in zip(taken, lots, strict=True))
    if holding.cost_basis is None:
        return None
    share = quantity / holding.quantity if holding.quantity else amount / holding.value if holding.value else 0.0
    return holding.cost_basis * min(1.0, share)
