"""Contract arithmetic: value, profit, return, break-even and average entry of futures.

A **linear** contract counts its quantity in the base coin and its money in the quote currency. An **inverse**
contract counts its quantity in US dollars (contracts times their value) and its money in the coin. The side is
+1 for long and -1 for short; prices are in the quote currency for both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, fraction, number, price, word, worksheet_function
from rebalance_xl.functions.elementwise import NA, NUM, Booleans, Numbers, divide, where

CATEGORY = "Margin and liquidation"

LINEAR, INVERSE = 0.0, 1.0
CONTRACTS = {"linear": LINEAR, "inverse": INVERSE}
SIDES = {"long": 1.0, "short": -1.0, "buy": 1.0, "sell": -1.0, "1": 1.0, "-1": -1.0}

#: The largest maker rebate that a venue pays; a fee below it is a slip of the pen.
LARGEST_REBATE = -0.01

SIDE = word("side", SIDES, data=True, blank="row", model="Futures[Side]")
QUANTITY = number("quantity", unit="units", low=0.0, blank="row", model="Futures[Quantity]")
ENTRY_PRICE = price("entry_price", model="Futures[EntryPrice]")
CONTRACT = word("contract", CONTRACTS, "linear", model="Futures[Contract]")
LEVERAGE = number("leverage", unit="factor", low=0.0, above=True, model="Futures[Leverage]")


def is_inverse(contract: Numbers) -> Booleans:
    """Tell where a contract is inverse."""
    return contract == INVERSE


def position_value(quantity: Numbers, price: Numbers, contract: Numbers = LINEAR) -> Numbers:
    """Return the value of a position: quantity × price (linear), quantity / price in coin (inverse)."""
    return where(is_inverse(contract), divide(quantity, price, NUM), quantity * price)


@worksheet_function(
    "FUTURES_PNL",
    CATEGORY,
    [SIDE, QUANTITY, ENTRY_PRICE, price("exit_price", above=False, model="Futures[MarkPrice]"), CONTRACT],
    Result("money"),
    errors={"#NUM!": "a price or quantity is out of range (an inverse exit price must be above 0)"},
    examples=[
        Example('=FUTURES_PNL("short",23,40,43.816)', "=-87.768", "OctoBot-Trading, test_linear_position.py."),
        Example('=FUTURES_PNL("long",1000,1000,1250,"inverse")', "=0.2", "BitMEX PnL guide: 0.2 coin."),
    ],
)
def futures_pnl(
    side: Numbers, quantity: Numbers, entry_price: Numbers, exit_price: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return the profit of a futures position from its entry to an exit (or mark) price, before fees.

    Parameters
    ----------
    side : word
        "long" or "short" (also buy, sell, 1, -1).
    quantity : units, one or a range
        Units of the coin (linear) or US dollars (inverse). A blank row stays blank.
    entry_price : price
        Average entry price, above 0.
    exit_price : price
        Exit or mark price.
    contract : word
        "linear" (default; profit in the quote currency) or "inverse" (profit in the coin).

    Notes
    -----
    Equation: linear s q (X − E); inverse s Q (1/E − 1/X); s = 1 long, −1 short

    Source: BitMEX PnL guide; Binance, Bybit and OKX help pages on profit and loss agree.

    Examples
    --------
    >>> futures_pnl(1.0, 1000.0, 1000.0, 1250.0, INVERSE)
    0.2
    """
    inverse = is_inverse(contract)
    wrong = (quantity < 0.0) | (entry_price <= 0.0) | (exit_price < 0.0) | (inverse & (exit_price == 0.0))
    move = where(inverse, divide(exit_price - entry_price, entry_price * exit_price, NUM), exit_price - entry_price)
    return where(wrong, NUM, side * quantity * move)


@worksheet_function(
    "RETURN_ON_MARGIN",
    CATEGORY,
    [SIDE, ENTRY_PRICE, price("exit_price", above=False, model="Futures[MarkPrice]"), LEVERAGE, CONTRACT],
    Result("fraction"),
    errors={"#NUM!": "a price or the leverage is out of range (an inverse exit price must be above 0)"},
    examples=[
        Example('=RETURN_ON_MARGIN("long",3000,3300,10)', "=1", "A 10 % move at 10x doubles the margin."),
        Example('=RETURN_ON_MARGIN("long",1000,1250,2,"inverse")', "=0.4"),
    ],
)
def return_on_margin(
    side: Numbers, entry_price: Numbers, exit_price: Numbers, leverage: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return the profit as a share of the initial margin, before fees.

    Parameters
    ----------
    side : word
        "long" or "short". A blank row stays blank.
    entry_price : price
        As in FUTURES_PNL.
    exit_price : price
        Exit or mark price.
    leverage : factor
        Leverage at entry, above 0.
    contract : word
        As in HEDGE_CONTRACTS.

    Notes
    -----
    Equation: profit / (value at entry / L): linear s L (X/E − 1), inverse s L (1 − E/X)

    Source: OKX position history (pnlRatio without its fees); Binance help on ROE.

    Examples
    --------
    >>> return_on_margin(-1.0, 100.0, 90.0, 5.0)
    0.5
    """
    inverse = is_inverse(contract)
    wrong = (entry_price <= 0.0) | (exit_price < 0.0) | (leverage <= 0.0) | (inverse & (exit_price == 0.0))
    move = divide(exit_price - entry_price, where(inverse, exit_price, entry_price), NUM)
    return where(wrong, NUM, side * leverage * move)


@worksheet_function(
    "BREAKEVEN_PRICE",
    CATEGORY,
    [
        SIDE,
        ENTRY_PRICE,
        fraction("open_fee", low=LARGEST_REBATE, high=0.5),
        fraction("close_fee", low=LARGEST_REBATE, high=0.5),
        CONTRACT,
    ],
    Result("price"),
    examples=[
        Example(
            '=BREAKEVEN_PRICE("long",65000,0.0002,0.0002)',
            "=65026.00520104021",
            "tradingcalc.io shows 65,026.",
        ),
        Example('=BREAKEVEN_PRICE("long",50000,0.0005,0.0005,"inverse")', "=50050.02501250625"),
    ],
)
def breakeven_price(
    side: Numbers, entry_price: Numbers, open_fee: Numbers, close_fee: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return the exit price that just pays the fees of opening and closing.

    Exact: each fee is charged on the value at its own price. Many calculators add the fees instead, which differs in
    the second order. Funding is not in it.

    Parameters
    ----------
    side : word
        As in RETURN_ON_MARGIN.
    entry_price : price
        As in FUTURES_PNL.
    open_fee, close_fee : fraction
        Fee rates on opening and closing (0.0005 = 0.05 %). A maker rebate is a negative fee, down to −1 %.
    contract : word
        As in HEDGE_CONTRACTS.

    Notes
    -----
    Equation: linear E (1 + s fo) / (1 − s fc); inverse E (1 + s fc) / (1 − s fo)

    Source: profit = fees, solved for the exit price; agrees with tradingcalc.io's break-even calculator.

    Examples
    --------
    >>> round(breakeven_price(1.0, 50000.0, 0.0005, 0.0005), 2)
    50050.03
    """
    inverse = is_inverse(contract)
    wrong = (entry_price <= 0.0) | (open_fee < LARGEST_REBATE) | (close_fee < LARGEST_REBATE)
    wrong = wrong | (open_fee > 0.5) | (close_fee > 0.5)
    raised = 1.0 + side * where(inverse, close_fee, open_fee)
    lowered = 1.0 - side * where(inverse, open_fee, close_fee)
    return where(wrong, NUM, divide(entry_price * raised, lowered, NUM))


@worksheet_function(
    "AVERAGE_ENTRY",
    CATEGORY,
    [
        number("quantities", unit="units", low=0.0, vector=True, blank="row"),
        price("prices", vector=True),
        CONTRACT,
    ],
    Result("price", shape="value"),
    errors={"#N/A": "nothing was filled: the quantities sum to 0"},
    examples=[
        Example("=AVERAGE_ENTRY({10;10},{10;20})", "=15", "OctoBot-Trading, test_linear_position.py."),
        Example('=AVERAGE_ENTRY({10;10},{10;20},"inverse")', "=13.333333333333334", "The harmonic mean."),
    ],
)
def average_entry(quantities: Sequence[float], prices: Sequence[float], contract: float = LINEAR) -> float:
    """Return the average entry price of several fills of one side.

    Parameters
    ----------
    quantities : units, a range
        Quantity of each fill: units of the coin (linear) or US dollars (inverse). A blank row is skipped.
    prices : price, a range
        Price of each fill.
    contract : word
        As in HEDGE_CONTRACTS.

    Notes
    -----
    Equation: linear Σ(q P) / Σ q; inverse Σ Q / Σ(Q / P), the harmonic mean

    Source: OctoBot-Trading test_linear_position.py and test_inverse_position.py.

    Examples
    --------
    >>> average_entry([10.0, 10.0], [10.0, 20.0])
    15.0
    """
    fills = [(quantity, price) for quantity, price in zip(quantities, prices, strict=True) if quantity == quantity]
    for quantity, fill_price in fills:
        if fill_price != fill_price:
            return fill_price
        if quantity < 0.0 or fill_price <= 0.0:
            return NUM
    filled = math.fsum(quantity for quantity, _ in fills)
    if filled == 0.0:
        return NA
    if contract == INVERSE:
        return filled / math.fsum(quantity / fill_price for quantity, fill_price in fills)
    return math.fsum(quantity * fill_price for quantity, fill_price in fills) / filled
