"""Weights, drift against the band, and what to trim or add: the Allocation section."""

from __future__ import annotations

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import (
    Example,
    Result,
    fraction,
    money,
    number,
    price,
    word,
    worksheet_function,
)
from rebalance_xl.functions.elementwise import (
    BLANK,
    DIV0,
    NUM,
    TOLERANCE,
    Numbers,
    absolute,
    divide,
    floor,
    is_blank,
    minimum,
    where,
)

HOLD, TRIM, ADD, UNTARGETED = 0.0, 1.0, 2.0, 3.0
FLAGS = ("HOLD", "TRIM", "ADD", "UNTARGETED")
BAND_KINDS = {"absolute": 0.0, "relative": 1.0, "5/25": 2.0}
DRIFT_KINDS = {"absolute": 0.0, "relative": 1.0}
DESTINATIONS = {"target": 0.0, "midpoint": 0.5, "edge": 1.0}

VALUES = money("values", low=0.0, blank="row", model="Portfolio[Value]")
TARGETS = fraction("targets", low=0.0, high=1.0, sum_at_most=1.0, blank="keep", model="Portfolio[Target]")
BANDS = fraction("bands", low=0.0, high=1.0, default=0.0, blank="default", model="Portfolio[Band]")
BAND_KIND = word("band_kind", BAND_KINDS, "absolute", model="BandKind")
TOTAL = money("total", low=0.0, sum_of="values", data=False, model="Total")
EMPTY_BOOK = {"#DIV/0!": "the total is 0: an empty book has no weights"}


def destination(name: str) -> Parameter:
    """Declare where a trade ends: a word, or the share of the band left."""
    return word(name, DESTINATIONS, "target", or_number=True, low=0.0, high=1.0, model="TrimTo")


def band_width(target: Numbers, band: Numbers, band_kind: Numbers) -> Numbers:
    """Return the distance from the target to the band's edge, as a share of the book.

    Parameters
    ----------
    target, band : float or array, fraction
        The target weight and the band as the user wrote it.
    band_kind : float or array
        0 absolute (points of weight), 1 relative (share of the target), 2 the smaller of 5 points and 25 % of the
        target (the band is then not read).

    Notes
    -----
    A target of 0 means "sell it all" and so has no band.
    """
    five_25 = minimum(0.05 + 0.0 * target, 0.25 * target)
    width = where(band_kind == 1.0, band * target, where(band_kind == 2.0, five_25, band))
    return where(target == 0.0, 0.0, width)


@worksheet_function(
    "WEIGHT",
    "Allocation",
    [VALUES, TOTAL],
    Result("fraction"),
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[
        Example("=WEIGHT({5000;3000;4000})", "={0.4166666666666667;0.25;0.3333333333333333}"),
        Example("=WEIGHT(4000,12000)", "=0.3333333333333333"),
    ],
)
def weight(values: Numbers, total: Numbers) -> Numbers:
    """Return each holding's share of the book.

    Parameters
    ----------
    values : money, one or a range
        Market value of each holding. A blank row stays blank.
    total : money
        The book's value. Default: the sum of the range; required where values is one number.

    Notes
    -----
    Equation: value / total

    Examples
    --------
    >>> weight(4000.0, 16000.0)
    0.25
    """
    return divide(values, total)


@worksheet_function(
    "TARGET_VALUE",
    "Allocation",
    [VALUES, TARGETS, TOTAL],
    Result("money"),
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[Example("=TARGET_VALUE({5000;3000;4000},{0.45;0.3;0.2})", "={5400;3600;2400}")],
)
def target_value(values: Numbers, targets: Numbers, total: Numbers) -> Numbers:
    """Return what each holding would be worth exactly on its target.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        Target weight of each holding; a blank target is no target and gives a blank.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: target × total

    Examples
    --------
    >>> target_value(4000.0, 0.25, 12000.0)
    3000.0
    """
    return where(is_blank(targets), BLANK, where(total == 0.0, DIV0, targets * total))


@worksheet_function(
    "DRIFT",
    "Allocation",
    [VALUES, TARGETS, word("kind", DRIFT_KINDS, "absolute"), TOTAL],
    Result("fraction"),
    errors={"#DIV/0!": "the total is 0, or a relative drift is asked for a target of 0"},
    grouped=True,
    examples=[
        Example("=DRIFT({5500;2500;2000},{0.5;0.3;0.2})", "={0.05;-0.05;0}"),
        Example('=DRIFT(5500,0.5,"relative",10000)', "=0.1"),
    ],
)
def drift(values: Numbers, targets: Numbers, kind: Numbers, total: Numbers) -> Numbers:
    """Return how far each weight is from its target: above it positive, below it negative.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        As in TARGET_VALUE.
    kind : word
        "absolute" for points of weight (default), "relative" for a share of the target.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: weight − target, or (weight − target) / target

    Examples
    --------
    >>> drift(3000.0, 0.25, 0.0, 6000.0)
    0.25
    """
    points = divide(values, total) - targets
    return where(is_blank(targets), BLANK, where(kind == 1.0, divide(points, targets), points))


@worksheet_function(
    "DRIFT_FLAG",
    "Allocation",
    [VALUES, TARGETS, BANDS, BAND_KIND, TOTAL],
    Result("word", words=FLAGS),
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[
        Example(
            "=DRIFT_FLAG({55;25;20},{0.5;0.3;0.2},{0.05;0.05;0.1})",
            '={"HOLD";"HOLD";"HOLD"}',
            "Exactly on the band is a hold.",
        ),
        Example(
            "=DRIFT_FLAG({40;20;40},{0.5;0.3;0.2},{0.05;0.05;0.1})",
            '={"ADD";"ADD";"TRIM"}',
        ),
    ],
)
def drift_flag(values: Numbers, targets: Numbers, bands: Numbers, band_kind: Numbers, total: Numbers) -> Numbers:
    """Return TRIM, ADD or HOLD for each holding: whether its drift exceeds its band.

    Exactly on the band is a hold. A target of 0 means "sell it all" and has no band. A blank target gives
    UNTARGETED: the holding is kept and never traded.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        Target weight of each holding; blank for no target.
    bands : fraction
        Tolerance on either side of the target. Default 0; a blank band is 0.
    band_kind : word
        "absolute" for points of weight (default), "relative" for a share of the target, "5/25" for the smaller of
        5 points and 25 % of the target (bands is then not read).
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: TRIM where weight − target > band, ADD where target − weight > band, else HOLD

    Source: the 5/25 rule is Larry Swedroe's; bands as such: Daryanani, Journal of Financial Planning, January 2008

    Examples
    --------
    >>> FLAGS[int(drift_flag(55.0, 0.5, 0.05, 0.0, 100.0))]
    'HOLD'
    """
    share = divide(values, total)
    width = band_width(targets, bands, band_kind)
    flag = where(share - targets > width + TOLERANCE, TRIM, where(targets - share > width + TOLERANCE, ADD, HOLD))
    return where(share != share, share, where(is_blank(targets), UNTARGETED, flag))


@worksheet_function(
    "TRIM_AMOUNT",
    "Allocation",
    [VALUES, TARGETS, BANDS, destination("trim_to"), BAND_KIND, TOTAL],
    Result("money"),
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[
        Example(
            "=TRIM_AMOUNT({5000;3000;4000},{0.45;0.3;0.2},0.05)",
            "={0;0;1600}",
            "SOL doubled to 4,000 of 12,000: 1,600 are sold to come back to 20 %.",
        ),
        Example(
            '=TRIM_AMOUNT({40;20;40},{0.5;0.3;0.2},{0.05;0.05;0.1},"midpoint")',
            "={0;0;15}",
            "From 40 % down to 25 %, halfway between the target and the band's edge.",
        ),
    ],
)
def trim_amount(
    values: Numbers, targets: Numbers, bands: Numbers, trim_to: Numbers, band_kind: Numbers, total: Numbers
) -> Numbers:
    """Return the money to sell from each holding that is above its band; 0 for all others.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        Target weight of each holding; a blank target is no target and nothing is sold; 0 means sell it all.
    bands : fraction
        As in DRIFT_FLAG.
    trim_to : word or number
        Where a trim ends: "target" (default), "midpoint", "edge", or the share of the band left, 0 to 1.
    band_kind : word
        As in DRIFT_FLAG.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: value − (target + trim_to × band) × total where weight − target > band, else 0

    Source: destination of a trim: Dybvig and Pezzo 2019 (proportional costs favour the edge, fixed costs the
    interior); half the band: Daryanani 2008

    Examples
    --------
    >>> trim_amount(4000.0, 0.2, 0.05, 0.0, 0.0, 12000.0)
    1600.0
    """
    share = divide(values, total)
    width = band_width(targets, bands, band_kind)
    amount = values - (targets + trim_to * width) * total
    return where(share != share, share, where(share - targets > width + TOLERANCE, amount, 0.0))


@worksheet_function(
    "ADD_AMOUNT",
    "Allocation",
    [VALUES, TARGETS, BANDS, destination("add_to"), BAND_KIND, TOTAL],
    Result("money"),
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[
        Example("=ADD_AMOUNT({5000;3000;4000},{0.45;0.3;0.2})", "={400;600;0}"),
        Example('=ADD_AMOUNT({40;20;40},{0.5;0.3;0.2},{0.05;0.05;0.1},"edge")', "={5;5;0}"),
    ],
)
def add_amount(
    values: Numbers, targets: Numbers, bands: Numbers, add_to: Numbers, band_kind: Numbers, total: Numbers
) -> Numbers:
    """Return the money to buy for each holding that is below its band; 0 for all others.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        Target weight of each holding; a blank target is no target and nothing is bought.
    bands : fraction
        As in DRIFT_FLAG.
    add_to : word or number
        Where an addition ends: "target" (default), "midpoint", "edge", or the share of the band left, 0 to 1.
    band_kind : word
        As in DRIFT_FLAG.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: (target − add_to × band) × total − value where target − weight > band, else 0

    Examples
    --------
    >>> add_amount(3000.0, 0.3, 0.0, 0.0, 0.0, 12000.0)
    600.0
    """
    share = divide(values, total)
    width = band_width(targets, bands, band_kind)
    amount = (targets - add_to * width) * total - values
    return where(share != share, share, where(targets - share > width + TOLERANCE, amount, 0.0))


@worksheet_function(
    "TRADE_AMOUNT",
    "Allocation",
    [VALUES, TARGETS, BANDS, destination("trade_to"), BAND_KIND, TOTAL],
    Result("money"),
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[Example("=TRADE_AMOUNT({5000;3000;4000},{0.45;0.3;0.2})", "={400;600;-1600}")],
)
def trade_amount(
    values: Numbers, targets: Numbers, bands: Numbers, trade_to: Numbers, band_kind: Numbers, total: Numbers
) -> Numbers:
    """Return the money to trade in each holding that is outside its band: buy positive, sell negative.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        Target weight of each holding; a blank target is no target and nothing is traded; 0 means sell it all.
    bands : fraction
        As in DRIFT_FLAG.
    trade_to : word or number
        Where a trade ends: "target" (default), "midpoint", "edge", or the share of the band left, 0 to 1.
    band_kind : word
        As in DRIFT_FLAG.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: ADD_AMOUNT − TRIM_AMOUNT

    Examples
    --------
    >>> trade_amount(4000.0, 0.2, 0.05, 0.0, 0.0, 12000.0)
    -1600.0
    """
    added = add_amount(values, targets, bands, trade_to, band_kind, total)
    return added - trim_amount(values, targets, bands, trade_to, band_kind, total)


@worksheet_function(
    "ORDER_QUANTITY",
    "Allocation",
    [
        money("amount", blank="row", model="Plan[Amount]"),
        price("price", model="Plan[Price]"),
        number("lot", unit="units", low=0.0, default=0.0, blank="default", data=False),
        money("min_notional", low=0.0, default=0.0, blank="default", data=False),
    ],
    Result("units"),
    examples=[
        Example("=ORDER_QUANTITY(1600,180,0.1)", "=8.8", "8.888… units rounded down to the lot."),
        Example("=ORDER_QUANTITY(4,180,0.001,5)", "=0", "3.96 is below the minimum notional of 5."),
    ],
)
def order_quantity(amount: Numbers, price: Numbers, lot: Numbers, min_notional: Numbers) -> Numbers:
    """Return the units to order for an amount of money, rounded down to the lot; 0 below the minimum notional.

    Parameters
    ----------
    amount : money, one or a range
        Money to buy (positive) or sell (negative). A blank row stays blank.
    price : price
        Price of one unit; a blank price is #N/A.
    lot : units
        Smallest step of the quantity. Default 0: no rounding.
    min_notional : money
        Smallest order the venue takes. Default 0.

    Notes
    -----
    Equation: ⌊|amount| / price / lot⌋ × lot with the sign of the amount, 0 where quantity × price < min_notional

    Examples
    --------
    >>> order_quantity(-1600.0, 180.0, 0.1, 0.0)
    -8.8
    """
    units = absolute(amount) / price
    step = where(lot > 0.0, lot, 1.0)
    steps = floor(units / step * (1.0 + 1e-14) + TOLERANCE)
    # 3 x 0.1 is 0.30000000000000004; dividing by the ten lots of a unit gives the 0.3 that a person expects.
    per_unit = floor(1.0 / step + 0.5)
    exact = (per_unit > 0.0) & (absolute(per_unit * step - 1.0) < 1e-12)
    rounded = where(exact, steps / where(exact, per_unit, 1.0), steps * step)
    quantity = where(lot > 0.0, rounded, units)
    placed = where(quantity * price < min_notional - TOLERANCE, 0.0, quantity)
    return where(amount < 0.0, 0.0 - placed, placed)


@worksheet_function(
    "REALIZED_GAIN",
    "Allocation",
    [
        money("sold_value", low=0.0, blank="row", model="TRIM_AMOUNT()"),
        money("value", low=0.0, blank="row", model="Portfolio[Value]"),
        money("cost_basis", low=0.0, model="Portfolio[CostBasis]"),
    ],
    Result("money"),
    errors={"#NUM!": "sold_value is above value: no more can be sold than is held"},
    examples=[Example("=REALIZED_GAIN(1600,4000,2000)", "=800", "1,600 are the proceeds; the gain in them is 800.")],
)
def realized_gain(sold_value: Numbers, value: Numbers, cost_basis: Numbers) -> Numbers:
    """Return the gain that a sale realises, at the holding's average cost.

    Parameters
    ----------
    sold_value : money, one or a range
        Proceeds of the sale; not above value. A blank row stays blank.
    value : money
        Market value of the whole holding before the sale.
    cost_basis : money
        What the whole holding cost; a blank cost is #N/A.

    Notes
    -----
    Equation: sold_value × (1 − cost_basis / value)

    Examples
    --------
    >>> realized_gain(1600.0, 4000.0, 2000.0)
    800.0
    """
    gain = sold_value * (1.0 - divide(cost_basis, value))
    return where(sold_value > value * (1.0 + TOLERANCE), NUM, where(sold_value == 0.0, 0.0, gain))
