"""How much to hedge, with how many contracts, and what the hedge earns: the Hedging section."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, fraction, money, number, price, word, worksheet_function
from rebalance_xl.functions.elementwise import DIV0, NA, TOLERANCE, Numbers, absolute, floor, where

CONTRACTS = {"linear": 0.0, "inverse": 1.0}
ROUNDINGS = {"down": 0.0, "nearest": 1.0, "none": 2.0}


@worksheet_function(
    "HEDGE_NOTIONAL",
    "Hedging",
    [
        money("spot_value", low=0.0, blank="row"),
        fraction("hedge_ratio", low=0.0, high=5.0),
        number("beta", default=1.0, blank="default", data=False),
        money("open_short", low=0.0, default=0.0, blank="default", data=False),
    ],
    Result("money"),
    examples=[
        Example("=HEDGE_NOTIONAL(10000,0.3)", "=3000", "Hold 10,000 of ETH, hedge 30 % of it."),
        Example("=HEDGE_NOTIONAL(10000,0.3,1.2,4000)", "=-400", "400 of the open short are too much."),
    ],
)
def hedge_notional(spot_value: Numbers, hedge_ratio: Numbers, beta: Numbers, open_short: Numbers) -> Numbers:
    """Return the short notional still to open (positive) or to close (negative).

    Parameters
    ----------
    spot_value : money, one or a range
        Market value of the spot held. A blank row stays blank.
    hedge_ratio : fraction
        Share of it to hedge.
    beta : number
        How much the asset moves when the hedge's underlying moves by 1. Default 1.
    open_short : money
        Notional of the short that is open already. Default 0.

    Notes
    -----
    Equation: spot_value × hedge_ratio × beta − open_short

    Examples
    --------
    >>> hedge_notional(10000.0, 0.3, 1.0, 0.0)
    3000.0
    """
    return spot_value * hedge_ratio * beta - open_short


@worksheet_function(
    "HEDGE_CONTRACTS",
    "Hedging",
    [
        money("notional", blank="row"),
        price("price"),
        number("contract_size", unit="units", low=0.0, above=True),
        word("contract", CONTRACTS, "linear"),
        word("rounding", ROUNDINGS, "down"),
    ],
    Result("number"),
    examples=[
        Example("=HEDGE_CONTRACTS(3000,2500,0.01)", "=120", "1.2 ETH in contracts of 0.01."),
        Example('=HEDGE_CONTRACTS(3050,2500,10,"inverse")', "=305", "Contracts of 10 USD."),
        Example('=HEDGE_CONTRACTS(3000,2600,0.01,,"none")', "=115.38461538461539"),
    ],
)
def hedge_contracts(
    notional: Numbers, price: Numbers, contract_size: Numbers, contract: Numbers, rounding: Numbers
) -> Numbers:
    """Return the number of contracts for a notional.

    Parameters
    ----------
    notional : money, one or a range
        Notional to hedge; negative to close. A blank row stays blank.
    price : price
        Price of the underlying (not used by inverse contracts).
    contract_size : units
        Units of the coin per linear contract, or USD per inverse contract.
    contract : word
        "linear" (default) or "inverse".
    rounding : word
        "down" (default, towards 0), "nearest" or "none".

    Notes
    -----
    Equation: linear notional / (price × contract_size), inverse notional / contract_size

    Examples
    --------
    >>> hedge_contracts(3000.0, 2500.0, 0.01, 0.0, 0.0)
    120.0
    """
    exact = notional / where(contract == 1.0, contract_size, price * contract_size)
    size = absolute(exact)
    whole = where(rounding == 1.0, floor(size + 0.5), floor(size + TOLERANCE))
    return where(rounding == 2.0, exact, where(exact < 0.0, 0.0 - whole, whole))


@worksheet_function(
    "HEDGE_RATIO",
    "Hedging",
    [
        fraction("spot_returns", vector=True, blank="row"),
        fraction("futures_returns", vector=True, blank="row"),
    ],
    Result("number", shape="value"),
    errors={
        "#N/A": "there are fewer than two rows with both returns",
        "#DIV/0!": "the futures returns do not vary",
    },
    examples=[Example("=HEDGE_RATIO({0.02;-0.01;0.03;-0.02},{0.01;-0.005;0.015;-0.01})", "=2")],
)
def hedge_ratio(spot_returns: Sequence[float], futures_returns: Sequence[float]) -> float:
    """Return the minimum-variance hedge ratio: futures to short per unit of spot.

    Parameters
    ----------
    spot_returns : fraction, range
        Returns of the spot held.
    futures_returns : fraction, range
        Returns of the futures over the same periods; rows with a blank on either side are skipped.

    Notes
    -----
    Equation: covariance(spot, futures) / variance(futures) = correlation × σ spot / σ futures

    Source: Ederington, Journal of Finance 34, 1979

    Examples
    --------
    >>> hedge_ratio([0.02, -0.02], [0.01, -0.01])
    2.0
    """
    if len(spot_returns) != len(futures_returns):
        return NA
    pairs = [(s, f) for s, f in zip(spot_returns, futures_returns, strict=True) if s == s and f == f]
    if len(pairs) < 2:
        return NA
    mean_spot = math.fsum(s for s, _ in pairs) / len(pairs)
    mean_futures = math.fsum(f for _, f in pairs) / len(pairs)
    variance = math.fsum((f - mean_futures) ** 2 for _, f in pairs)
    # Equal returns leave rounding dust, not a variance.
    if variance == 0.0 or math.sqrt(variance / len(pairs)) <= 1e-14 * max(abs(f) for _, f in pairs):
        return DIV0
    return math.fsum((s - mean_spot) * (f - mean_futures) for s, f in pairs) / variance


@worksheet_function(
    "HEDGE_PNL",
    "Hedging",
    [
        money("spot_value", low=0.0, blank="row"),
        money("hedge_notional"),
        fraction("price_change", low=-1.0),
        money("funding_cost", default=0.0, blank="default", data=False),
    ],
    Result("money"),
    examples=[
        Example("=HEDGE_PNL(10000,3000,-0.1)", "=-700", "Spot loses 1,000, the short of 3,000 earns 300."),
    ],
)
def hedge_pnl(spot_value: Numbers, hedge_notional: Numbers, price_change: Numbers, funding_cost: Numbers) -> Numbers:
    """Return what a hedged holding gains or loses when the price changes.

    Parameters
    ----------
    spot_value : money, one or a range
        As in HEDGE_NOTIONAL.
    hedge_notional : money
        Notional of the short.
    price_change : fraction
        Change of the price, −0.1 for a fall by 10 %.
    funding_cost : money
        Funding paid while the hedge is held; negative when received. Default 0.

    Notes
    -----
    Equation: spot_value × change − hedge_notional × change − funding_cost

    Examples
    --------
    >>> hedge_pnl(10000.0, 3000.0, -0.1, 0.0)
    -700.0
    """
    return spot_value * price_change - hedge_notional * price_change - funding_cost
