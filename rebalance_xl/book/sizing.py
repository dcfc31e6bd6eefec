"""Sizes an order: rounded down to the lot, refused below the minimum notional or the smallest worthwhile trade."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from rebalance_xl.book.model import Book, Holding, Position
from rebalance_xl.book.orders import Refusal
from rebalance_xl.book.tolerances import EDGE, QUOTIENT, SLACK, WHOLE
from rebalance_xl.functions.allocation import order_quantity


@dataclass(slots=True)
class Size:
    """An order as it can be placed; `refusal` says why it cannot."""

    amount: float = 0.0
    quantity: float | None = None
    refusal: Refusal | None = None


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
    if price is None:
        quantity, amount = None, wanted
    elif price <= 0:
        return Size(refusal=Refusal("no price", (wanted,)))
    else:
        lot = lot_of(book, row)
        units = held if held is not None and not lot else whole_lots(wanted, price, lot)
        quantity, amount = units, units * price
        if amount <= 0.0:
            return Size(refusal=Refusal("lot", (wanted, lot, lot * price)))
    if topping_up:
        return Size(amount, quantity)
    minimum, smallest = minimum_of(book, row), book.settings.min_trade
    if amount < minimum * (1 - SLACK):
        venue = row.venue if row.min_notional is None else ""
        return Size(refusal=Refusal("minimum notional", (amount, minimum), (venue,)))
    if amount < smallest * (1 - SLACK):
        return Size(refusal=Refusal("MinTrade", (amount, smallest)))
    return Size(amount, quantity)


def whole_lots(amount: float, price: float, lot: float) -> float:
    """Return the units that an amount of money buys, rounded down to the lot.

    ORDER_QUANTITY for one row and no minimum, digit for digit; a plan asks it hundreds of times.

    Examples
    --------
    >>> whole_lots(1600.0, 180.0, 0.1), whole_lots(1600.0, 160.0, 0.0)
    (8.8, 10.0)
    """
    units = amount / price
    if not lot:
        return units
    if not 0.0 <= units < 1e15:
        return float(order_quantity(amount, price, lot, 0.0))
    steps = math.floor(units / lot * (1.0 + QUOTIENT) + EDGE)
    per_unit = _per_unit(lot)
    return steps / per_unit if per_unit else steps * lot


@lru_cache(maxsize=1024)
def _per_unit(lot: float) -> float:
    """Return the lots of one unit where they are a whole number, else 0."""
    count = math.floor(1.0 / lot + 0.5)
    return float(count) if count > 0 and abs(count * lot - 1.0) < WHOLE else 0.0


def rounded_up(amount: float, price: float, lot: float) -> float:
    """Return the units that cover an amount of money: rounded up to the lot.

    Examples
    --------
    >>> rounded_up(298.0, 1.0, 70.0), rounded_up(280.0, 1.0, 70.0), rounded_up(1.5, 1.0, 0.0)
    (350.0, 280.0, 1.5)
    """
    units = whole_lots(amount, price, lot)
    if not lot or units * price >= amount * (1 - SLACK):
        return units
    steps = math.floor(amount / price / lot * (1 + QUOTIENT) + EDGE) + 1
    return whole_lots(steps * lot * price, price, lot)
