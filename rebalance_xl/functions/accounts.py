"""What an account has and must have: collateral, equity, maintenance and margin ratio, as worksheet functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import Example, Result, money, price, word, worksheet_function
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions.account import MODES, MULTI, SINGLE, Account, Pool
from rebalance_xl.functions.account_ranges import POSITIONS, WALLETS, PositionRow, RangeError, WalletRow
from rebalance_xl.functions.account_reading import build_accounts
from rebalance_xl.functions.elementwise import INFINITY, NUM, Numbers, divide, where
from rebalance_xl.functions.haircuts import (
    COLLATERAL_TIERS,
    IN_FULL,
    CollateralTables,
    Haircut,
    HaircutChoice,
    is_band_rows,
    read_haircut,
)
from rebalance_xl.functions.tier_choice import MARGIN_TIERS
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables

CATEGORY = "Accounts"
CONTEXT = (MARGIN_TIERS, COLLATERAL_TIERS)
MODE = word("mode", MODES, "single")
#: What `ratio_on` may say: whether the collateral ratio multiplies balance and profit, or the balance alone.
RATIO_ON = {"equity": 1.0, "balance": 0.0}
STYLES = {"rate": 0.0, "level": 1.0}

ERRORS = {
    "#N/A": "a coin has no price or no collateral ratio, or a position no tiers; the reason names it",
    "#NUM!": "a price or quantity is out of range, a ratio is outside 0 to 1, more is borrowed than loan_limit allows, "
    "or a position is beyond the last tier",
    "#VALUE!": "a column is missing, a word is unknown, or a margin coin has no wallet",
}
ESTIMATE = (
    "Open orders, scenario margin (portfolio modes) and automatic top-ups are not counted: figures of accounts with "
    "these are estimates. So are those of a venue whose rule no published example backs."
)


def _read_ratios(value: Any) -> HaircutChoice | CellError:
    return IN_FULL if value is MISSING else read_haircut(value)


@worksheet_function(
    "COLLATERAL_VALUE",
    CATEGORY,
    [
        money("amounts", blank="row"),
        price("prices", above=False),
        Parameter(
            "ratios", kind="raw", unit="ratio", default=MISSING, data=False, convert=_read_ratios, whole=is_band_rows
        ),
    ],
    Result("money"),
    context=[COLLATERAL_TIERS],
    row_by_row=True,
    errors={
        "#N/A": "a ratio is blank, or no ratio is known by this name",
        "#NUM!": "a ratio is outside 0 to 1, or its rows leave a gap",
        "#VALUE!": "a ratio is no number, no rows and no name",
    },
    examples=[
        Example("=COLLATERAL_VALUE(0.4,60000,0.95)", "=22800", "0.4 BTC at 95 %."),
        Example(
            "=COLLATERAL_VALUE(25,1,{0,10,0.98;10,20,0.95;20,30,0.9})",
            "=23.8",
            "Bybit's tiers of 2025-09-18: 10 at .98, 10 at .95, 5 at .90.",
        ),
        Example("=COLLATERAL_VALUE({1;-10000},{100000;1},{0.98;0.9})", "={98000;-10000}", "A debt counts in full."),
    ],
)
def collateral_value(
    amounts: float, prices: float, ratios: HaircutChoice, collateral_tiers: CollateralTables | None = None
) -> float | CellError:
    """Return what coins count as collateral, in money.

    Parameters
    ----------
    amounts : units, one or a range
        Coins held; a debt (below 0) counts in full. A blank row stays blank.
    prices : price
        Price of one coin, not below 0.
    ratios : number, rows or name
        Collateral ratio 0 to 1 of each coin; rows of from, to, ratio by amount of the coin, filled one after the other;
        or a name in CollateralTiers ("bybit:BTC"). Default 1.

    Notes
    -----
    Equation: Σ (min(amount, to) − from) × ratio × price over the tiers below the amount; amount × price for a debt

    Source: Bybit help, Understanding Collateral Value Ratios; OKX API, discount-rate sample.

    Examples
    --------
    >>> collateral_value(0.4, 60000.0, IN_FULL)
    24000.0
    """
    if amounts != amounts or prices != prices or not isinstance(ratios, Haircut | str):
        return NUM
    found = (collateral_tiers or CollateralTables()).lookup(ratios)
    return found if isinstance(found, CellError) else found.count(amounts, prices)


# --- equity and maintenance ---------------------------------------------------------------------------------------


def answer_for(build: Callable[[], list[Account]], ask: Callable[[list[Account]], Any]) -> Any:
    """Return what is asked of the accounts, or the documented error of rows that cannot be used."""
    try:
        return ask(build())
    except RangeError as failure:
        return failure.error


def _per_pool(accounts: Sequence[Account], figure: Callable[[Pool], float], stated: int) -> Any:
    """Return one value for a multi-asset account, else a table of coin (and account) and figure.

    Parameters
    ----------
    accounts, figure
        What is asked of the pools of which accounts.
    stated
        Which of the two figures that a venue states stands for it where it states them.
    """
    rows: list[list[Any]] = []
    whole = 0
    for account in accounts:
        if account.stated is not None:
            rows.append([account.name, account.stated[stated]])
            whole += 1
            continue
        for pool in account.pools():
            if pool.legs and pool.legs[0].isolated is not None:
                continue
            whole += account.mode == MULTI
            rows.append([account.name if account.mode == MULTI else pool.label, figure(pool) + 0.0])
    return rows[0][1] if whole == len(rows) == 1 else rows or [["", ""]]


@worksheet_function(
    "ACCOUNT_EQUITY",
    CATEGORY,
    [WALLETS, POSITIONS, MODE, word("ratio_on", RATIO_ON, "equity")],
    Result("table", shape="table"),
    context=CONTEXT,
    from_book=(),
    errors=ERRORS,
    estimate=ESTIMATE,
    examples=[
        Example(
            '=ACCOUNT_EQUITY({"coin","balance","price","ratio";"BTC",0.4,60000,0.95;"USDT",8000,1,1},'
            '{"symbol","coin","side","quantity","entry","mark","tiers";"BTCUSDT","BTC","long",1.5,60000,60000,0.005},'
            '"multi")',
            "=30800",
            "0.4 BTC at 95 % and 8,000 USDT.",
        ),
        Example(
            '=ACCOUNT_EQUITY({"coin","balance";"BTC",0.1;"ETH",5})',
            '={"BTC",0.1;"ETH",5}',
            "Each wallet for itself, in its coin.",
        ),
    ],
)
def account_equity(
    wallets: Sequence[WalletRow] | None,
    positions: Sequence[PositionRow] | None = None,
    mode: float = SINGLE,
    ratio_on: float = 1.0,
    margin_tiers: TierTables | None = None,
    collateral_tiers: CollateralTables | None = None,
) -> Any:
    """Return the equity that counts against liquidation: one value for a multi-asset account, else coin by coin.

    Isolated positions do not count; each has its own margin.

    Parameters
    ----------
    wallets : range with a header row
        Columns coin, balance (without open profit and isolated margins); price in dollars and ratio where the
        account is multi-asset; loan, loan_rate, loan_limit, account. Without rows: the margins of the cross positions.
    positions : range with a header row
        Columns symbol, coin, side, quantity, entry, mark, tiers; margin_coin, contract, isolated_margin (blank: cross),
        fee, account.
    mode : word
        "single" (default: each margin coin its own wallet) or "multi" (one account with collateral ratios).
    ratio_on : word
        What the collateral ratio multiplies: "equity" (default: balance and profit) or "balance".

    Notes
    -----
    Equation: coin equity = balance − loan + Σ profit; multi: Σ price × haircut(coin equity), a debt in full

    Source: Binance FAQ 29b45c485d664028b9ca1cdf90b24f6f; Bybit wallet message (totalMarginBalance).

    Examples
    --------
    >>> from rebalance_xl.functions.account_ranges import read_wallets
    >>> account_equity(read_wallets([["coin", "balance"], ["USDT", 5000.0]]))
    [['USDT', 5000.0]]
    """
    return answer_for(
        lambda: build_accounts(
            wallets,
            positions,
            mode,
            margin_tiers or shipped_tables(),
            collateral_tiers or CollateralTables(),
            ratio_on_profit=bool(ratio_on),
        ),
        lambda accounts: _per_pool(accounts, lambda pool: pool.figures()[0], 0),
    )


@worksheet_function(
    "ACCOUNT_MAINTENANCE",
    CATEGORY,
    [POSITIONS, WALLETS, MODE],
    Result("table", shape="table"),
    context=CONTEXT,
    from_book=(),
    errors=ERRORS,
    estimate=ESTIMATE,
    examples=[
        Example(
            '=ACCOUNT_MAINTENANCE({"symbol","coin","side","quantity","entry","mark","tiers";'
            '"BTCUSDT","BTC","long",0.5,60000,60000,0.005;"ETHUSDT","ETH","long",10,3000,3000,0.01})',
            '={"USDT",450}',
        ),
        Example(
            '=ACCOUNT_MAINTENANCE({"symbol","coin","side","quantity","entry","mark","tiers";'
            '"BTCUSDT","BTC","long",1.5,60000,60000,0.005},'
            '{"coin","balance","price","ratio";"USDT",8000,1,1},"multi")',
            "=450",
        ),
    ],
)
def account_maintenance(
    positions: Sequence[PositionRow] | None,
    wallets: Sequence[WalletRow] | None = None,
    mode: float = SINGLE,
    margin_tiers: TierTables | None = None,
    collateral_tiers: CollateralTables | None = None,
) -> Any:
    """Return what the account must hold: maintenance margin, the fees that count, and the maintenance of loans.

    Parameters
    ----------
    positions : range with a header row
        As in ACCOUNT_EQUITY. Isolated positions do not count.
    wallets : range with a header row
        As in ACCOUNT_EQUITY.
    mode : word
        "single" (default) or "multi".

    Notes
    -----
    Equation: Σ max(0, rate × notional − amount) + fee × notional + Σ loan × loan rate; multi: in dollars

    Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; portfolio-margin sample (loan maintenance).

    Examples
    --------
    >>> account_maintenance(None)
    [['', '']]
    """
    needs_wallets = mode == MULTI or wallets is not None
    return answer_for(
        lambda: build_accounts(
            wallets,
            positions,
            mode,
            margin_tiers or shipped_tables(),
            collateral_tiers or CollateralTables(),
            needs_wallets=needs_wallets,
        ),
        lambda accounts: _per_pool(accounts, lambda pool: pool.figures()[1], 1),
    )


@worksheet_function(
    "ACCOUNT_MARGIN_RATIO",
    CATEGORY,
    [money("equity", blank="row"), money("maintenance", low=0.0), word("style", STYLES, "rate")],
    Result("number", never=True, liquidatable=True),
    examples=[
        Example("=ACCOUNT_MARGIN_RATIO(5000,450)", "=0.09", "Binance, Bybit: liquidated at 100 %."),
        Example(
            '=ACCOUNT_MARGIN_RATIO(122607.35137903,23.72469206,"level")',
            "=5167.921719233988",
            "uniMMR of Binance's portfolio-margin sample: 5,167.92171923.",
        ),
        Example("=ACCOUNT_MARGIN_RATIO(-10,450)", '="LIQUIDATABLE"'),
    ],
)
def account_margin_ratio(equity: Numbers, maintenance: Numbers, style: Numbers = 0.0) -> Numbers:
    """Return how near an account is to liquidation: LIQUIDATABLE where no equity is left.

    Parameters
    ----------
    equity : money, one or a range
        Equity that counts. A blank row stays blank.
    maintenance : money
        What must be held, not below 0.
    style : word
        "rate" (default: maintenance / equity; 1 liquidates; Binance, Bybit, KuCoin, Deribit) or "level" (equity /
        maintenance; 1 liquidates; OKX, Gate, Binance portfolio margin).

    Notes
    -----
    Equation: maintenance / equity, or equity / maintenance; without positions 0, as a level NEVER

    Source: Binance portfolio-margin sample (uniMMR); OKX account sample (mgnRatio); Gate unified account sample.

    Examples
    --------
    >>> account_margin_ratio(5000.0, 450.0)
    0.09
    """
    nothing = maintenance == 0.0
    rate = where(nothing, 0.0, divide(maintenance, equity, -INFINITY))
    level = where(nothing, INFINITY, divide(equity, where(nothing, 1.0, maintenance), INFINITY))
    found = where(style == 1.0, level, rate)
    return where((equity <= 0.0) & (maintenance > 0.0), -math.inf, found)
