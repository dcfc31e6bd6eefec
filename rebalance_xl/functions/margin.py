"""Margin: what opens a position, what keeps it, what the tiers allow, and where the margin is gone."""

from __future__ import annotations

import math

from rebalance_xl.catalogue import Example, Result, money, price, word, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.contracts import (
    CATEGORY,
    CONTRACT,
    ENTRY_PRICE,
    LEVERAGE,
    LINEAR,
    SIDE,
    SIDES,
    is_inverse,
)
from rebalance_xl.functions.elementwise import INFINITY, NUM, Numbers, divide, where
from rebalance_xl.functions.tier_choice import MARGIN_TIERS, TierChoice, for_each_table, tiers_parameter
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables
from rebalance_xl.functions.tiers import (
    TierTable,
    is_beyond,
    maintenance_margin_of,
    max_leverage_of,
    size_of_notional,
)

_LEVERAGE = LEVERAGE


@worksheet_function(
    "INITIAL_MARGIN",
    CATEGORY,
    [money("notional", low=0.0, blank="row"), _LEVERAGE],
    Result("money"),
    examples=[
        Example("=INITIAL_MARGIN(5000,5)", "=1000", "1,000 of margin control 5,000 at 5x."),
        Example("=INITIAL_MARGIN(8.353,6)", "=1.3921666666666666", "BingX LTC-USDT position sample: 1.3922."),
    ],
)
def initial_margin(notional: Numbers, leverage: Numbers) -> Numbers:
    """Return the margin that opens a position, without fees.

    Parameters
    ----------
    notional : money, one or a range
        Value of the position at entry. A blank row stays blank.
    leverage : factor
        Leverage, above 0.

    Notes
    -----
    Equation: notional / leverage

    Source: every venue's help; Bybit adds the fee to close and MEXC one taker fee.

    Examples
    --------
    >>> initial_margin(6000.0, 10.0)
    600.0
    """
    return where((notional < 0.0) | (leverage <= 0.0), NUM, divide(notional, leverage, NUM))


@worksheet_function(
    "MARGIN_NOTIONAL",
    CATEGORY,
    [money("margin", low=0.0, blank="row"), _LEVERAGE],
    Result("money"),
    examples=[Example("=MARGIN_NOTIONAL(600,10)", "=6000", "600 at 10x control 6,000.")],
)
def margin_notional(margin: Numbers, leverage: Numbers) -> Numbers:
    """Return the notional that a margin controls.

    Parameters
    ----------
    margin : money, one or a range
        Margin to commit. A blank row stays blank.
    leverage : factor
        Leverage, above 0.

    Notes
    -----
    Equation: margin × leverage

    Source: the definition of leverage.

    Examples
    --------
    >>> margin_notional(600.0, 10.0)
    6000.0
    """
    return where((margin < 0.0) | (leverage <= 0.0), NUM, margin * leverage)


@worksheet_function(
    "MAX_LEVERAGE",
    CATEGORY,
    [money("notional", low=0.0, blank="row"), tiers_parameter()],
    Result("number"),
    context=[MARGIN_TIERS],
    errors={
        "#N/A": "the tiers state no maximum leverage, or no tiers are known by this name",
        "#NUM!": "the notional is beyond the last tier, or the tiers cannot be right (unsorted, a gap, not continuous)",
        "#VALUE!": "the tiers count contracts in coin, whose number a notional alone does not tell",
    },
    examples=[
        Example('=MAX_LEVERAGE(1000000,"binance:BTCUSDT")', "=75", "Tier 3: 800,000 to 3,000,000."),
        Example("=MAX_LEVERAGE({20000;60000},{0,50000,100,0.005,0;50000,100000,50,0.01,250})", "={100;50}"),
    ],
)
def max_leverage(
    notional: Numbers,
    tiers: TierChoice | list[TierChoice],
    margin_tiers: TierTables | None = None,
) -> Numbers | CellError:
    """Return the largest leverage that the tiers allow for a position of this size.

    Parameters
    ----------
    notional : money, one or a range
        Value of the position in the money of the tiers (the coin where they are in coin). A blank row stays blank.
    tiers : rate, rows or name
        Rows of floor, cap, max leverage, rate, amount; or a name such as "binance:BTCUSDT", looked up in the
        MarginTiers table, then in the shipped tables. A cap belongs to its tier.

    Notes
    -----
    Equation: the max leverage of the tier with floor < notional ≤ cap

    Source: the tier tables of the venues; `rebalance-xl tiers` shows each with its date and source.

    Examples
    --------
    >>> max_leverage(1000000.0, "binance:BTCUSDT")
    75.0
    """
    tables = margin_tiers or shipped_tables()
    return for_each_table(tiers, tables, max_leverage_of, [notional], _explain_notional)


@worksheet_function(
    "MAINTENANCE_MARGIN",
    CATEGORY,
    [money("notional", low=0.0, blank="row"), tiers_parameter()],
    Result("money"),
    context=[MARGIN_TIERS],
    errors={
        "#N/A": "no tiers are known by this name",
        "#NUM!": "the notional is beyond the last tier, or the tiers cannot be right (unsorted, a gap, not continuous)",
        "#VALUE!": "the tiers count contracts in coin, whose number a notional alone does not tell",
    },
    examples=[
        Example(
            '=MAINTENANCE_MARGIN(500000,{0,200000,"",0.005,0;200000,1000000,"",0.01,1000;1000000,"","",0.025,16000})',
            "=4000",
            "500,000 at 1 % less 1,000: Bybit's rule.",
        ),
        Example('=MAINTENANCE_MARGIN(1000000,"binance:BTCUSDT")', "=5000", "0.65 % less 1,500."),
        Example("=MAINTENANCE_MARGIN(50000,0.004)", "=200"),
    ],
)
def maintenance_margin(
    notional: Numbers,
    tiers: TierChoice | list[TierChoice],
    margin_tiers: TierTables | None = None,
) -> Numbers | CellError:
    """Return the margin that keeps a position of this size from liquidation.

    Parameters
    ----------
    notional : money, one or a range
        Value of the position at the mark, in the money of the tiers. A blank row stays blank.
    tiers : rate, rows or name
        A flat rate (0.005); rows of floor, cap, max leverage, rate, amount (a single row is the tier in force, as it
        is); or a name such as "binance:BTCUSDT".

    Notes
    -----
    Equation: rate × notional − amount of its tier, which for continuous tables is the largest of all tiers'

    Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; Bybit help on maintenance margin.

    Examples
    --------
    >>> maintenance_margin(1000000.0, "binance:BTCUSDT")
    5000.0
    """
    tables = margin_tiers or shipped_tables()
    return for_each_table(tiers, tables, maintenance_margin_of, [notional], _explain_notional)


def _explain_notional(table: TierTable, notional: float) -> str:
    if table.by_quantity and table.contract != "inverse":
        return (
            f"{table.label} counts contracts of {table.unit_quantity:g} coin, "
            "whose number depends on a price that a notional does not tell; give the rate itself"
        )
    if is_beyond(table, size_of_notional(table, notional)):
        return beyond_message(table, size_of_notional(table, notional))
    if all(math.isnan(tier.max_leverage) for tier in table.rows):
        return f"{table.label} state no maximum leverage"
    return ""


def beyond_message(table: TierTable, size: Numbers) -> str:
    """Say that a size is above the last cap."""
    return f"a position of {size:.10g} is beyond {table.label}, which end at {table.rows[-1].cap:.10g}"


@worksheet_function(
    "BANKRUPTCY_PRICE",
    CATEGORY,
    [SIDE, ENTRY_PRICE, _LEVERAGE, CONTRACT],
    Result("price", never=True),
    examples=[
        Example('=BANKRUPTCY_PRICE("short",60000,50)', "=61200", "Bybit, 50x short."),
        Example('=BANKRUPTCY_PRICE("long",100,7,"inverse")', "=87.5", "OctoBot-Trading, test_inverse_position.py."),
        Example('=BANKRUPTCY_PRICE("short",100,1,"inverse")', '="NEVER"'),
    ],
)
def bankruptcy_price(side: Numbers, entry_price: Numbers, leverage: Numbers, contract: Numbers = LINEAR) -> Numbers:
    """Return the price at which the whole initial margin is lost; liquidation comes before it.

    NEVER where no price loses it: an inverse short at or below 1x, a linear long below 1x.

    Parameters
    ----------
    side : word
        As in RETURN_ON_MARGIN.
    entry_price : price
        As in FUTURES_PNL.
    leverage : factor
        Leverage at entry, above 0.
    contract : word
        As in HEDGE_CONTRACTS.

    Notes
    -----
    Equation: linear E (1 − s/L); inverse E L / (L + s)

    Source: Bybit help on bankruptcy prices; OctoBot-Trading test_linear_position.py and test_inverse_position.py.

    Examples
    --------
    >>> bankruptcy_price(1.0, 100.0, 100.0)
    99.0
    """
    wrong = (entry_price <= 0.0) | (leverage <= 0.0)
    linear = entry_price * (1.0 - divide(side, leverage, NUM))
    inverse = divide(entry_price * leverage, leverage + side, INFINITY)
    found = where(is_inverse(contract), inverse, linear)
    return where(wrong, NUM, where(found < 0.0, INFINITY, found))


@worksheet_function(
    "LIQUIDATION_DISTANCE",
    CATEGORY,
    [
        price(
            "liquidation_price",
            above=False,
            never=True,
            blank="row",
            model=(
                "LIQUIDATION_PRICE(Futures[Side],Futures[Quantity],Futures[EntryPrice],Futures[Leverage],"
                'Futures[Venue]&":"&Futures[Symbol],Futures[Contract],Futures[Venue])'
            ),
        ),
        price("mark_price", model="Futures[MarkPrice]"),
        word("side", {**SIDES, "none": 0.0}, "none", model="Futures[Side]"),
    ],
    Result("fraction", never=True),
    from_book=(),
    examples=[
        Example("=LIQUIDATION_DISTANCE(45000,50000)", "=0.1", "A fall of 10 % liquidates."),
        Example('=LIQUIDATION_DISTANCE(51000,50000,"long")', "=-0.02", "The mark has passed the price of a long."),
        Example('=LIQUIDATION_DISTANCE("NEVER",50000)', '="NEVER"'),
    ],
)
def liquidation_distance(liquidation_price: Numbers, mark_price: Numbers, side: Numbers = 0.0) -> Numbers:
    """Return how far the mark is from the liquidation price, as a share of the mark; NEVER stays NEVER.

    Without arguments it takes the plan's own price of every row of Futures, with its side.

    With a side the distance is negative where the mark has passed the price already (a long below it, a short above
    it); without one it is how far they are apart.

    Parameters
    ----------
    liquidation_price : price or NEVER, one or a range
        As LIQUIDATION_PRICE gives it. A blank row stays blank.
    mark_price : price
        The mark price (the fair price at MEXC), above 0.
    side : word
        "long" or "short" (also buy, sell, 1, -1). Default "none": the distance has no sign.

    Notes
    -----
    Equation: |liquidation price / mark price − 1|; long 1 − liquidation price / mark price, short the negative of that

    Source: the definition.

    Examples
    --------
    >>> round(liquidation_distance(45000.0, 50000.0), 12)
    0.1
    """
    wrong = (mark_price <= 0.0) | (liquidation_price < 0.0)
    apart = divide(liquidation_price, mark_price, NUM) - 1.0
    signed = where(side == 0.0, abs(apart), 0.0 - side * apart)
    return where(wrong, NUM, where(liquidation_price == INFINITY, INFINITY, signed))


def round_to_tick(side: float, exact: float, tick: float) -> float:
    """Round a liquidation or bankruptcy price to the tick as exchanges do: longs up, shorts down.

    The rounded price is never further from the mark than the exact one.
    """
    steps = exact / tick
    nearest = round(steps)
    if abs(steps - nearest) < 1e-9 * max(1.0, abs(steps)):
        return nearest * tick
    return (math.ceil(steps) if side > 0 else math.floor(steps)) * tick
