"""What differs from venue to venue in a liquidation price: a few flags each, and how sure they are.

The flags enter the formulas of :mod:`rebalance_xl.functions.liquidation` as numbers, so that a column of positions
at different venues is computed at once. Fees and tiers are never constants of a venue: they are inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rebalance_xl.functions.elementwise import Numbers


@dataclass(frozen=True, slots=True)
class Venue:
    """The rules of one venue.

    Parameters
    ----------
    name, trigger
        The venue, and the price that triggers a liquidation there.
    counts_fee
        The taker fee on the position value is part of the requirement.
    fee_on_added_margin
        Margin added to an isolated position also covers the fee to close at the bankruptcy price it moves.
    fixed_maintenance
        The requirement is that of the entry value and does not move with the price.
    estimate_isolated, estimate_cross
        Why the result is an estimate; empty where an exchange's own example or sample backs it.
    source
        Where the rule stands.
    """

    name: str
    trigger: str
    counts_fee: bool = False
    fee_on_added_margin: bool = False
    fixed_maintenance: bool = False
    estimate_isolated: str = ""
    estimate_cross: str = ""
    source: str = ""


_NO_EXAMPLE = "estimate: {} publishes no worked liquidation price"

_ALL = (
    Venue("generic", "mark price", source="equity equals maintenance margin (plus the fee given)"),
    Venue(
        "binance",
        "mark price",
        source="Binance FAQ b3c689c1f50a44cabb3a84e663b81d93 and position samples of its API",
    ),
    Venue(
        "bybit",
        "mark price",
        fee_on_added_margin=True,
        estimate_cross="estimate: Bybit publishes no worked cross liquidation price for its rules since 2025-09-02",
        source="Bybit help, UTA trading rules (since 2025-09-02), worked example",
    ),
    Venue(
        "bingx",
        "mark price",
        counts_fee=True,
        estimate_isolated="estimate: BingX's one sample is a cross position, and its help gives no worked price",
        source="BingX help: liquidation when the margin is below maintenance plus the taker fee; API position sample",
    ),
    Venue(
        "okx",
        "mark price",
        counts_fee=True,
        source="OKX help: maintenance margin plus liquidation fee; API position samples, cross and isolated",
    ),
    Venue(
        "mexc",
        "fair price",
        counts_fee=True,
        fixed_maintenance=True,
        estimate_isolated=(
            "estimate: MEXC's published formula leaves out the liquidation fee that its own positions count on the "
            "entry value; give the fee"
        ),
        estimate_cross=_NO_EXAMPLE.format("MEXC") + " for cross margin",
        source="MEXC blog, liquidation in futures: (E q + s (maintenance - position margin)) / q; a position row",
    ),
    Venue(
        "weex",
        "mark price",
        estimate_cross="estimate: WEEX's one sample is an isolated position",
        source="WEEX help: mark - (equity - maintenance) / (net quantity (1 -/+ rate)); a position's screen",
    ),
    Venue(
        "hyperliquid",
        "mark price",
        source="Hyperliquid docs, liquidations; prices it returned for 15 positions and a vault",
    ),
    Venue(
        "bitget",
        "mark price",
        counts_fee=True,
        estimate_isolated=_NO_EXAMPLE.format("Bitget"),
        estimate_cross=_NO_EXAMPLE.format("Bitget"),
        source="Bitget support 12560603839176",
    ),
    Venue(
        "kucoin",
        "mark price",
        counts_fee=True,
        fixed_maintenance=True,
        estimate_cross="estimate: KuCoin prints a cross price in which all positions move against the account at once",
        source="KuCoin support 4408061803033 (isolated); API position samples",
    ),
    Venue(
        "gate",
        "mark price",
        counts_fee=True,
        estimate_cross="estimate: Gate's one sample is an isolated position",
        source="Gate help on liquidation (taker fee counted); API position sample",
    ),
    Venue(
        "bitmex",
        "mark price",
        fixed_maintenance=True,
        estimate_cross="estimate: BitMEX's worked examples are isolated positions",
        source="BitMEX, isolated margin examples",
    ),
    Venue(
        "kraken",
        "mark price",
        estimate_isolated="estimate: Kraken's worked example is a single-collateral wallet",
        source="Kraken support 360022835671, equity protection",
    ),
    Venue(
        "deribit",
        "mark price",
        estimate_isolated=_NO_EXAMPLE.format("Deribit"),
        estimate_cross=_NO_EXAMPLE.format("Deribit"),
        source="Deribit support 25944777203869, API get_account_summaries",
    ),
)

#: The venues by name; the position in this mapping is the number inside a kernel.
VENUES: dict[str, Venue] = {venue.name: venue for venue in _ALL}

#: The words of the `venue` argument and their numbers.
VENUE_WORDS: dict[str, float] = {name: float(index) for index, name in enumerate(VENUES)}

GENERIC = 0.0

ESTIMATE = (
    "Results for MEXC, Bitget and Deribit, isolated ones at BingX and Kraken, and cross ones at Bybit, WEEX, KuCoin, "
    "Gate and BitMEX are estimates: no published example backs them."
)
HEDGE_ESTIMATE = "No exchange publishes a worked liquidation price for hedge mode."

_COUNTS_FEE = tuple(float(venue.counts_fee or venue.name == "generic") for venue in _ALL)
_FEE_ON_ADDED_MARGIN = tuple(float(venue.fee_on_added_margin) for venue in _ALL)
_CROSS_FEE = tuple(float(venue.counts_fee or venue.name in ("generic", "bybit")) for venue in _ALL)
_FIXED_MAINTENANCE = tuple(float(venue.fixed_maintenance) for venue in _ALL)


def _of(flags: tuple[float, ...], venue: Any) -> Numbers:
    if type(venue) is float:
        return flags[int(venue)] if venue == venue else venue
    import numpy as np

    # A row whose venue is an error still needs some index; the catalogue puts the error back.
    return np.array(flags)[np.nan_to_num(venue).astype(np.intp)]


def isolated_fee(venue: Numbers, taker_fee: Numbers) -> Numbers:
    """Return the fee rate in the requirement of an isolated position."""
    return _of(_COUNTS_FEE, venue) * taker_fee


def cross_fee(venue: Numbers, taker_fee: Numbers) -> Numbers:
    """Return the fee rate in the requirement of a cross position.

    At Bybit the fee to close cancels out of an isolated price only; of a cross one it is counted on the full value.
    """
    return _of(_CROSS_FEE, venue) * taker_fee


def added_margin_fee(venue: Numbers, taker_fee: Numbers) -> Numbers:
    """Return the fee rate that margin added to an isolated position has to cover as well."""
    return _of(_FEE_ON_ADDED_MARGIN, venue) * taker_fee


def has_fixed_maintenance(venue: Numbers) -> Any:
    """Tell where the requirement is that of the entry value."""
    return _of(_FIXED_MAINTENANCE, venue) == 1.0


def estimate_label(venue: str, margin_mode: str = "isolated", hedged: bool = False) -> str:
    """Return why a liquidation price is an estimate, or an empty text where a published example backs it.

    Parameters
    ----------
    venue
        A venue's name; the rule of an unknown one is not known, which makes its prices estimates.
    margin_mode
        "isolated" or "cross".
    hedged
        Both legs are held in hedge mode.
    """
    if hedged:
        return "estimate: no exchange publishes a worked liquidation price for hedge mode"
    rules = VENUES.get(venue.strip().casefold())
    if rules is None:
        named = f'the rules of "{venue.strip()}" are not known' if venue.strip() else "no venue is named"
        return f"estimate: {named}; equity is taken to meet maintenance plus the taker fee"
    return rules.estimate_cross if margin_mode.strip().casefold() == "cross" else rules.estimate_isolated
