"""Liquidation prices of isolated and cross positions: the worksheet functions, and why one has no answer."""

from __future__ import annotations

from rebalance_xl.catalogue import Example, Result, fraction, money, word, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.contracts import (
    CATEGORY,
    CONTRACT,
    ENTRY_PRICE,
    LEVERAGE,
    LINEAR,
    QUANTITY,
    SIDE,
    position_value,
)
from rebalance_xl.functions.elementwise import TOLERANCE, Numbers
from rebalance_xl.functions.liquidation_equation import (
    cross_liquidation_of,
    isolated_liquidation_of,
    mismatches,
)
from rebalance_xl.functions.margin import beyond_message
from rebalance_xl.functions.tier_choice import MARGIN_TIERS, TierChoice, for_each_table, tiers_parameter
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables
from rebalance_xl.functions.tiers import TierTable, is_beyond, leverage_at, tier_size
from rebalance_xl.functions.venues import ESTIMATE, GENERIC, VENUE_WORDS

TIERS = tiers_parameter(model='Futures[Venue]&":"&Futures[Symbol]')
VENUE = word("venue", VENUE_WORDS, "generic", model="Futures[Venue]")
TAKER_FEE = fraction("taker_fee", low=0.0, high=0.1, default=0.0, blank="default", data=False)

_ERRORS = {
    "#N/A": "the quantity is 0, or no tiers are known by this name",
    "#NUM!": "a number is out of range, the leverage is above the tier's maximum, the position is beyond the last "
    "tier, the wallet is used up at every price, or the tiers cannot be right (unsorted, a gap, not continuous)",
    "#VALUE!": "an unknown word, or the tiers belong to the other contract type",
}


@worksheet_function(
    "LIQUIDATION_PRICE",
    CATEGORY,
    [
        SIDE,
        QUANTITY,
        ENTRY_PRICE,
        LEVERAGE,
        TIERS,
        CONTRACT,
        VENUE,
        money("extra_margin", low=0.0, default=0.0, blank="default", data=False),
        TAKER_FEE,
    ],
    Result("price", never=True),
    context=[MARGIN_TIERS],
    from_book=(),
    estimate=ESTIMATE,
    errors=_ERRORS,
    examples=[
        Example(
            '=LIQUIDATION_PRICE("long",1,40000,50,0.005,"linear","bybit",3000,0.00055)',
            "=36380.2503437192",
            "Bybit help, UTA trading rules: 36,380.25.",
        ),
        Example(
            '=LIQUIDATION_PRICE("long",0.1,50000,25,0.004,,"mexc")',
            "=48200",
            "MEXC blog, liquidation in futures (estimate).",
        ),
        Example('=LIQUIDATION_PRICE("long",10,100000,75,"binance:BTCUSDT",,"binance")', "=99161.2145613152"),
        Example('=LIQUIDATION_PRICE("long",1,50000,1,0.004)', '="NEVER"', "A 1x linear long."),
    ],
)
def liquidation_price(
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    leverage: Numbers,
    tiers: TierChoice | list[TierChoice],
    contract: Numbers = LINEAR,
    venue: Numbers = GENERIC,
    extra_margin: Numbers = 0.0,
    taker_fee: Numbers = 0.0,
    margin_tiers: TierTables | None = None,
) -> Numbers | CellError:
    """Return the price at which an isolated position is liquidated, or NEVER.

    Without arguments it gives the plan's own price of every row of Futures: with the margin posted, the margin mode,
    the wallet of the account and the fee of the venue.

    NEVER is an answer: no positive price liquidates, as for a 1x linear long or an inverse short at 1x. The tier is
    the one in force at the liquidation price, not at the entry. Shipped tiers are those of a day: the cell shows no
    age, the plan, the column Estimate beside Futures and `rebalance-xl tiers` do.

    Parameters
    ----------
    side : word
        "long" or "short" (also buy, sell, 1, -1). A blank row stays blank.
    quantity : units, one or a range
        Units of the coin (linear) or US dollars (inverse).
    entry_price : price
        As in FUTURES_PNL.
    leverage : factor
        Leverage at entry, above 0 and not above the maximum of the tier of the entry notional.
    tiers : rate, rows or name
        A flat maintenance rate (0.005); rows of floor, cap, max leverage, rate, amount (one row: the tier in force);
        or a name ("binance:BTCUSDT") in MarginTiers, else in the shipped tables, whose age "rebalance-xl tiers" shows.
    contract : word
        As in HEDGE_CONTRACTS.
    venue : word
        "generic" (default: equity meets maintenance plus the fee given), "binance", "bybit" (rules since
        2025-09-02), "bingx", "okx", "mexc", "weex", "hyperliquid",
        "bitget", "kucoin", "gate", "bitmex", "kraken", "deribit".
    extra_margin : money
        Margin added to the position after opening. Default 0.
    taker_fee : fraction
        Taker fee rate, used where the venue counts it (generic, bingx, okx; bybit with extra margin). Default 0.

    Notes
    -----
    Equation: linear (s q E − W − c) / (q (s − r − f)), inverse Q (s + r + f) / (s Q/E + W + c), with W = value / L +
    extra margin, rate r and amount c of the tier, fee f; the largest over the tiers where a fall liquidates, the
    smallest where a rise does; without amounts the root inside its own tier, else the boundary

    Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; Bybit help, UTA trading rules; MEXC blog, liquidation in
    futures; OKX, BingX and WEEX help (no worked examples there).

    Examples
    --------
    >>> round(liquidation_price(1.0, 10.0, 100000.0, 75.0, "binance:BTCUSDT"), 4)
    99161.2146
    """
    columns = [side, quantity, entry_price, leverage, contract, venue, extra_margin, taker_fee]
    tables = margin_tiers or shipped_tables()
    return for_each_table(tiers, tables, isolated_liquidation_of, columns, _explain_isolated)


@worksheet_function(
    "CROSS_LIQUIDATION_PRICE",
    CATEGORY,
    [
        SIDE,
        QUANTITY,
        ENTRY_PRICE,
        money("wallet_balance"),
        TIERS,
        money("other_maintenance", low=0.0, default=0.0, blank="default", data=False),
        money("other_pnl", default=0.0, blank="default", data=False),
        CONTRACT,
        VENUE,
        TAKER_FEE,
    ],
    Result("price", never=True),
    context=[MARGIN_TIERS],
    estimate=ESTIMATE,
    errors=_ERRORS,
    examples=[
        Example(
            '=CROSS_LIQUIDATION_PRICE("long",109.488,32481.98,1535443.01,{1000000,5000000,"",0.025,16300},'
            '356512.508122,-448192.885139999,,"binance")',
            "=26316.89326451877",
            "Binance FAQ b3c689c1: 26,316.89.",
        ),
        Example(
            '=CROSS_LIQUIDATION_PRICE("long",200,37643.10000021,0.00268058,0.004,,,"inverse","binance")',
            "=25119.97445760947",
            "COIN-M position sample of Binance's API: 25,119.97445760.",
        ),
        Example('=CROSS_LIQUIDATION_PRICE("long",1,50000,-1000,0.004)', "=51204.81927710843", "Already liquidatable."),
        Example('=CROSS_LIQUIDATION_PRICE("long",1,50000,60000,0.004)', '="NEVER"'),
    ],
)
def cross_liquidation_price(
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    wallet_balance: Numbers,
    tiers: TierChoice | list[TierChoice],
    other_maintenance: Numbers = 0.0,
    other_pnl: Numbers = 0.0,
    contract: Numbers = LINEAR,
    venue: Numbers = GENERIC,
    taker_fee: Numbers = 0.0,
    margin_tiers: TierTables | None = None,
) -> Numbers | CellError:
    """Return the price at which a cross position (or an isolated one with a known wallet) is liquidated, or NEVER.

    With a negative wallet the price lies beyond the entry: above it for a long, below it for a short. The position is
    then liquidatable already.

    Parameters
    ----------
    side : word
        As in LIQUIDATION_PRICE.
    quantity : units, one or a range
        As in LIQUIDATION_PRICE.
    entry_price : price
        As in FUTURES_PNL.
    wallet_balance : money
        Wallet without unrealised profit, in the quote currency (linear) or the coin (inverse). May be negative.
    tiers : rate, rows or name
        As in LIQUIDATION_PRICE.
    other_maintenance : money
        As in HEDGED_LIQUIDATION_PRICE.
    other_pnl : money
        Unrealised profit of all other positions on the wallet. Default 0.
    contract : word
        As in HEDGE_CONTRACTS.
    venue : word
        As in LIQUIDATION_PRICE.
    taker_fee : fraction
        Taker fee rate, used where the venue counts it (generic, bingx, okx, bybit). Default 0.

    Notes
    -----
    Equation: as LIQUIDATION_PRICE with W = wallet balance − maintenance of the others + their unrealised profit

    Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93 and position samples of its USD-M and COIN-M interfaces.

    Examples
    --------
    >>> round(cross_liquidation_price(1.0, 1.0, 50000.0, -1000.0, 0.004), 4)
    51204.8193
    """
    columns = [
        side,
        quantity,
        entry_price,
        wallet_balance,
        other_maintenance,
        other_pnl,
        contract,
        venue,
        taker_fee,
    ]
    tables = margin_tiers or shipped_tables()
    return for_each_table(tiers, tables, cross_liquidation_of, columns, _explain_cross)


def _explain_isolated(
    table: TierTable,
    side: float,
    quantity: float,
    entry_price: float,
    leverage: float,
    contract: float,
    venue: float,
    extra_margin: float,
    taker_fee: float,
) -> str:
    known = _explain_position(table, quantity, entry_price, contract)
    if known:
        return known
    size = tier_size(table, quantity, position_value(quantity, entry_price, contract))
    allowed = leverage_at(table, size)
    if leverage > allowed * (1.0 + TOLERANCE):
        return (
            f"leverage is {leverage:g}; {table.label} allow up to {allowed:g} for a position of "
            f"{size:.10g}{' contracts' if table.by_quantity else ''}"
        )
    return ""


def _explain_cross(
    table: TierTable,
    side: float,
    quantity: float,
    entry_price: float,
    wallet_balance: float,
    other_maintenance: float,
    other_pnl: float,
    contract: float,
    venue: float,
    taker_fee: float,
) -> str:
    known = _explain_position(table, quantity, entry_price, contract)
    if known:
        return known
    wallet = wallet_balance - other_maintenance + other_pnl
    return f"a wallet of {wallet:.10g} after the other positions is below the requirement at every price"


def _explain_position(table: TierTable, quantity: float, entry_price: float, contract: float) -> str:
    if mismatches(table, contract):
        return f'{table.label} are tiers of {table.contract} contracts; contract must be "{table.contract}"'
    if quantity == 0.0:
        return "quantity is 0: there is nothing to liquidate"
    if quantity < 0.0 or entry_price <= 0.0:
        return f"quantity is {quantity:g} and entry_price {entry_price:g}; allowed are numbers above 0"
    size = tier_size(table, quantity, position_value(quantity, entry_price, contract))
    return beyond_message(table, size) if is_beyond(table, size) else ""
