"""Tax lots: which units a sale takes, and the gain that it realises."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, date, number, price, word, worksheet_function
from rebalance_xl.functions.elementwise import NUM, TOLERANCE

FIFO, LIFO, HIFO, AVERAGE = 0.0, 1.0, 2.0, 3.0
METHODS = {"fifo": FIFO, "lifo": LIFO, "hifo": HIFO, "average": AVERAGE}


def lots_taken(
    sold_quantity: float,
    quantities: Sequence[float],
    prices: Sequence[float],
    dates: Sequence[float],
    method: float,
) -> list[float]:
    """Return the units that a sale takes from each lot.

    Parameters
    ----------
    sold_quantity : units
        Units sold; not above the sum of the lots (what exceeds it is taken from none).
    quantities, prices, dates : units, price, date; one per lot
        The lots as bought. Lots with a NaN quantity are skipped; a NaN date comes last; equal dates keep their order.
    method : 0 FIFO, 1 LIFO, 2 HIFO (highest price first), 3 average cost (every lot in proportion)

    Examples
    --------
    >>> lots_taken(3.0, [2.0, 2.0], [10.0, 20.0], [1.0, 2.0], FIFO)
    [2.0, 1.0]
    """
    usable = [i for i, quantity in enumerate(quantities) if quantity == quantity and quantity > 0.0]
    taken = [0.0] * len(quantities)
    held = math.fsum(quantities[i] for i in usable)
    if method == AVERAGE:
        for i in usable:
            taken[i] = quantities[i] * min(sold_quantity / held, 1.0)
        return taken

    def bought(i: int) -> float:
        return dates[i] if dates[i] == dates[i] else math.inf

    if method == HIFO:
        usable.sort(key=lambda i: (-prices[i], bought(i)))
    elif method == LIFO:
        usable = sorted(reversed(usable), key=lambda i: -dates[i] if dates[i] == dates[i] else math.inf)
    else:
        usable.sort(key=bought)
    left = sold_quantity
    for i in usable:
        taken[i] = min(left, quantities[i])
        left -= taken[i]
        if left <= 0.0:
            break
    return taken


@worksheet_function(
    "LOT_GAIN",
    "Allocation",
    [
        number("sold_quantity", unit="units", low=0.0),
        price("price"),
        number("lot_quantities", unit="units", low=0.0, vector=True, blank="row"),
        price("lot_prices", low=0.0, above=False, vector=True),
        date("lot_dates", vector=True, default=1.0, blank="keep"),
        word("method", METHODS, "fifo", model="LotMethod"),
    ],
    Result("money", shape="value"),
    errors={"#NUM!": "more is sold than the lots hold"},
    examples=[
        Example("=LOT_GAIN(10,200,{8;12},{50;150})", "=1300", "FIFO: 8 × (200 − 50) + 2 × (200 − 150)."),
        Example('=LOT_GAIN(10,200,{8;12},{50;150},,"HIFO")', "=500"),
        Example('=LOT_GAIN(10,200,{8;12},{50;150},,"AVERAGE")', "=900"),
    ],
)
def lot_gain(
    sold_quantity: float,
    price: float,
    lot_quantities: Sequence[float],
    lot_prices: Sequence[float],
    lot_dates: Sequence[float],
    method: float,
) -> float:
    """Return the gain that a sale realises, lot by lot.

    Parameters
    ----------
    sold_quantity : units
        Units sold; not more than the lots hold.
    price : price
        Price at which they are sold.
    lot_quantities : units, range
        Units of each lot; a blank row is skipped.
    lot_prices : price, range
        What a unit of each lot cost.
    lot_dates : date, range
        When each lot was bought; without dates the lots count as listed oldest first.
    method : word
        "FIFO" (default, oldest first), "LIFO" (newest first), "HIFO" (dearest first) or "AVERAGE".

    Notes
    -----
    Equation: Σ taken × (price − lot price) over the lots in the order of the method

    Examples
    --------
    >>> lot_gain(10.0, 200.0, [8.0, 12.0], [50.0, 150.0], [1.0], FIFO)
    1300.0
    """
    held = math.fsum(each for each in lot_quantities if each == each)
    if sold_quantity > held * (1.0 + TOLERANCE):
        return NUM
    dates = list(lot_dates) * len(lot_quantities) if len(lot_dates) == 1 else list(lot_dates)
    prices = list(lot_prices) * len(lot_quantities) if len(lot_prices) == 1 else list(lot_prices)
    if sold_quantity == 0.0:
        return 0.0
    taken = lots_taken(sold_quantity, lot_quantities, prices, dates, method)
    return math.fsum(units * (price - cost) for units, cost in zip(taken, prices, strict=True) if units)
