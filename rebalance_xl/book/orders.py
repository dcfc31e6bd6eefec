"""Sizes an order: rounded down to the lot, refused below the minimum notional or the smallest worthwhile trade."""

from __future__ import annotations

from dataclasses import dataclass

from rebalance_xl.book.model import Book, Holding, Position
from rebalance_xl.functions.allocation import order_quantity
from rebalance_xl.functions.plan_table import amount_text

#: A leg below this share of the book is rounding dust, not a trade.
DUST = 1e-6


@dataclass(frozen=True, slots=True)
class Size:
    """An order as it can be placed; `refusal` says why it cannot."""

    amount: float = 0.0
    quantity: float | None = None
    refusal: str = ""


def lot_of(book: Book, row: Holding | Position) -> float:
    """Return the smallest step of a row's quantity, 0 for none."""
    if row.lot is not None:
        return row.lot
    return book.venue(row.venue).lot or 0.0


def minimum_of(book: Book, row: Holding | Position) -> float:
    """Return the smallest order of a row, in money."""
    return row.min_notional if row.min_notional is not None else book.venue(row.venue).min_notional


def size_order(
    book: Book,
    row: Holding | Position,
    wanted: float,
    price: float | None,
    held: float | None = None,
    topping_up: bool = False,
) -> Size:
    """Return the order for an amount of money.

    Parameters
    ----------
    book, row
        Where lot, minimum notional and smallest trade come from.
    wanted
        Money, not negative.
    price
        Money of one unit; None in a book that keeps values only, whose amounts are not rounded.
    held
        For a sale of everything: the quantity to sell, which is not rounded where there is no lot.
    topping_up
        The money adds to an order that is large enough already.
    """
    minimum, smallest = minimum_of(book, row), book.settings.min_trade
    where = f" of {row.venue}" if row.min_notional is None and row.venue else ""
    if price is None:
        quantity, amount = None, wanted
    else:
        lot = lot_of(book, row)
        units = held if held is not None and not lot else float(order_quantity(wanted, price, lot, 0.0))
        quantity, amount = units, units * price
        if amount <= 0.0:
            worth = f"one lot of {lot:g}, which is worth {amount_text(lot * price)}"
            return Size(refusal=f"{amount_text(wanted)} is less than {worth}")
    if topping_up:
        return Size(amount, quantity)
    if amount < minimum * (1 - 1e-9):
        return Size(refusal=f"{amount_text(amount)} is below the minimum notional of {amount_text(minimum)}{where}")
    if amount < smallest * (1 - 1e-9):
        return Size(refusal=f"{amount_text(amount)} is below the smallest trade, MinTrade {amount_text(smallest)}")
    return Size(amount, quantity)
