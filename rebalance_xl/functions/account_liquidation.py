"""Where an account is liquidated: a symbol's price, the move of the market, and what falls first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import Example, Result, label, number, word, worksheet_function
from rebalance_xl.cells import MISSING, CellError, as_float, as_rows, describe, is_range
from rebalance_xl.functions.account import SINGLE, Account
from rebalance_xl.functions.account_ranges import POSITIONS, WALLETS, PositionRow, RangeError, WalletRow
from rebalance_xl.functions.account_reading import build_accounts
from rebalance_xl.functions.account_solving import DOWN, UP, Fall, account_price, liquidation_move, pool_of
from rebalance_xl.functions.accounts import CATEGORY, CONTEXT, ERRORS, ESTIMATE, MODE, answer_for
from rebalance_xl.functions.haircuts import CollateralTables
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables

_BOTH, _NEAREST = 2.0, 0.0
DIRECTIONS = {"down": DOWN, "up": UP, "both": _BOTH}
TRIGGER = number("trigger", low=1.0, default=1.0, blank="default", data=False)

_LIQUIDATABLE, _NEVER = "LIQUIDATABLE", "NEVER"

_TWO_LONGS = (
    '{"coin","balance";"USDT",5000},{"symbol","coin","side","quantity","entry","mark","tiers";'
    '"BTCUSDT","BTC","long",0.5,60000,60000,0.005;"ETHUSDT","ETH","long",10,3000,3000,0.01}'
)
_HEDGED = _TWO_LONGS.replace('"ETH","long"', '"ETH","short"')


def read_betas(value: Any) -> dict[str, float] | CellError | None:
    """Read a range of coin and beta; None where it was not given.

    Errors: #VALUE! for what is no range of two columns or no number, #NUM! for a beta that is not finite.
    """
    if value is MISSING or value is None:
        return None
    if isinstance(value, CellError):
        return value
    if not is_range(value) or any(len(row) != 2 for row in as_rows(value)):
        return CellError("#VALUE!", f"betas is {describe(value)}; allowed is a range of coin and beta")
    found: dict[str, float] = {}
    for position, (coin, beta) in enumerate(as_rows(value), 1):
        if coin is None or coin == "":
            continue
        if isinstance(beta, CellError):
            return beta
        if isinstance(beta, bool) or not isinstance(beta, float | int):
            if position == 1 and isinstance(beta, str):
                continue  # a header
            return CellError("#VALUE!", f"beta of {coin} in betas is {describe(beta)}; allowed is a number")
        if not math.isfinite(as_float(beta)):
            return CellError("#NUM!", f"beta of {coin} in betas is no finite number")
        found[str(coin).strip().casefold()] = as_float(beta)
    return found


BETAS = Parameter("betas", kind="raw", unit="table", default=MISSING, data=False, convert=read_betas)


def _accounts(
    wallets: Sequence[WalletRow] | None,
    positions: Sequence[PositionRow] | None,
    mode: float,
    trigger: float,
    margin_tiers: TierTables | None,
    collateral_tiers: CollateralTables | None,
) -> list[Account]:
    return build_accounts(
        wallets,
        positions,
        mode,
        margin_tiers or shipped_tables(),
        collateral_tiers or CollateralTables(),
        trigger=trigger,
    )


def _refuse_stated(accounts: Sequence[Account]) -> None:
    """Refuse an account whose equity a venue states: how it moves is not known."""
    stated = next((each for each in accounts if each.stated is not None), None)
    if stated is not None:
        reason = f"the equity of the account {stated.name} is given, so that it is not known how it moves"
        raise RangeError("#N/A", reason.replace("  ", " "))


def _fall(accounts: Sequence[Account], direction: float, betas: dict[str, float] | None) -> Fall:
    return liquidation_move([pool for account in accounts for pool in account.pools()], direction, betas)


def _move_cell(fall: Fall) -> float | str:
    if fall.is_now:
        return _LIQUIDATABLE
    return _NEVER if math.isinf(fall.move) else fall.move


def _price_cell(found: float) -> float | str:
    return found if math.isfinite(found) else _NEVER if found > 0.0 else _LIQUIDATABLE


@worksheet_function(
    "ACCOUNT_LIQUIDATION_MOVE",
    CATEGORY,
    [WALLETS, POSITIONS, word("direction", DIRECTIONS, "down"), BETAS, MODE, TRIGGER],
    Result("fraction", shape="table", never=True, liquidatable=True),
    context=CONTEXT,
    from_book=("direction", "betas"),
    errors=ERRORS,
    estimate=ESTIMATE,
    examples=[
        Example(
            f"=ACCOUNT_LIQUIDATION_MOVE({_TWO_LONGS})",
            "=-0.0764063811922754",
            "Each alone could fall much further: BTC by 15 %, ETH by 15 %.",
        ),
        Example(f'=ACCOUNT_LIQUIDATION_MOVE({_HEDGED},"both")', '={"NEVER",10.11111111111111}'),
    ],
)
def account_liquidation_move(
    wallets: Sequence[WalletRow] | None,
    positions: Sequence[PositionRow] | None,
    direction: float = DOWN,
    betas: dict[str, float] | None = None,
    mode: float = SINGLE,
    trigger: float = 1.0,
    margin_tiers: TierTables | None = None,
    collateral_tiers: CollateralTables | None = None,
) -> Any:
    """Return the move of the whole market that liquidates something of the account, NEVER or LIQUIDATABLE.

    Every coin moves by its beta times the move, collateral included; dollars and coins pegged to them stay. The first
    pool or isolated position to fall decides.

    Parameters
    ----------
    wallets : range with a header row
        As in ACCOUNT_EQUITY.
    positions : range with a header row
        As in ACCOUNT_EQUITY.
    direction : word
        "down" (default), "up", or "both" (two cells).
    betas : range
        Coin and beta; by default 1, and 0 for dollars and their like.
    mode : word
        "single" (default) or "multi".
    trigger : number
        Liquidated where equity is this many times the requirement. Default 1; Binance portfolio margin 1.05.

    Notes
    -----
    Equation: the first x at which Σ equity(x) = trigger × Σ maintenance(x), each coin at price × (1 + beta x)

    Source: the definition; account example of Binance FAQ b3c689c1f50a44cabb3a84e663b81d93.

    Examples
    --------
    >>> account_liquidation_move(None, None)
    'NEVER'
    """

    def ask(accounts: list[Account]) -> Any:
        _refuse_stated(accounts)
        if direction == _BOTH:
            return [[_move_cell(_fall(accounts, towards, betas)) for towards in (DOWN, UP)]]
        return _move_cell(_fall(accounts, direction, betas))

    return answer_for(lambda: _accounts(wallets, positions, mode, trigger, margin_tiers, collateral_tiers), ask)


@worksheet_function(
    "ACCOUNT_LIQUIDATION_PRICE",
    CATEGORY,
    [
        label("symbol", data=False),
        WALLETS,
        POSITIONS,
        word("moves", {"symbol": 0.0, "coin": 1.0}, "symbol"),
        word("direction", {"nearest": _NEAREST, **DIRECTIONS}, "nearest"),
        MODE,
        TRIGGER,
    ],
    Result("price", shape="table", never=True, liquidatable=True),
    context=CONTEXT,
    from_book=("symbol", "moves", "direction"),
    errors=ERRORS | {"#N/A": "the symbol is not among the positions, or a coin has no price, ratio or tiers"},
    estimate=ESTIMATE,
    examples=[
        Example(f'=ACCOUNT_LIQUIDATION_PRICE("BTCUSDT",{_TWO_LONGS})', "=50854.2713567839"),
        Example(f'=ACCOUNT_LIQUIDATION_PRICE("ETHUSDT",{_HEDGED},,"both")', '={"NEVER",3450.49504950495}'),
        Example(
            '=ACCOUNT_LIQUIDATION_PRICE("BTCUSDT",{"coin","balance","price","ratio";"BTC",0.4,60000,0.95;'
            '"USDT",8000,1,1},{"symbol","coin","side","quantity","entry","mark","tiers";'
            '"BTCUSDT","BTC","long",1.5,60000,60000,0.005},"coin",,"multi")',
            "=43791.72229639519",
            "BTC falls as collateral too: 27.0 %, not the 33.9 % of the contract alone.",
        ),
    ],
)
def account_liquidation_price(
    symbol: str,
    wallets: Sequence[WalletRow] | None,
    positions: Sequence[PositionRow] | None,
    moves: float = 0.0,
    direction: float = _NEAREST,
    mode: float = SINGLE,
    trigger: float = 1.0,
    margin_tiers: TierTables | None = None,
    collateral_tiers: CollateralTables | None = None,
) -> Any:
    """Return the mark of one contract at which its account is liquidated, NEVER or LIQUIDATABLE.

    Parameters
    ----------
    symbol : text
        One of the positions.
    wallets : range with a header row
        As in ACCOUNT_EQUITY.
    positions : range with a header row
        As in ACCOUNT_EQUITY.
    moves : word
        "symbol" (default: all else frozen, what venues print) or "coin" (all contracts on the coin and the coin as
        collateral move together).
    direction : word
        "nearest" (default: the nearer to the mark), "down", "up", or "both" (two cells).
    mode : word
        "single" (default) or "multi".
    trigger : number
        As in ACCOUNT_LIQUIDATION_MOVE. Default 1.

    Notes
    -----
    Equation: (s q E − W − c) / (q (s − r − f)) with W = equity without its own profit − maintenance of the others;
    in a multi-asset account the profit counts through the haircut of its coin

    Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; Hyperliquid clearinghouseState samples.

    Examples
    --------
    >>> account_liquidation_price("BTCUSDT", None, None).code
    '#N/A'
    """

    def ask(accounts: list[Account]) -> Any:
        holding = [account for account in accounts if pool_of(account.pools(), symbol) is not None]
        if not holding:
            _refuse_stated(accounts)
            return CellError("#N/A", f'symbol is "{symbol}", which is not among the open positions')
        if len(holding) > 1:
            names = " and ".join(account.name for account in holding)
            return CellError("#VALUE!", f'symbol "{symbol}" is held in {names}; give the rows of one account')
        whole_coin = moves == 1.0
        if direction == _BOTH:
            return [[_price_cell(account_price(holding[0], symbol, towards, whole_coin)) for towards in (DOWN, UP)]]
        return _price_cell(account_price(holding[0], symbol, direction, whole_coin))

    return answer_for(lambda: _accounts(wallets, positions, mode, trigger, margin_tiers, collateral_tiers), ask)


@worksheet_function(
    "ACCOUNT_FIRST_TO_LIQUIDATE",
    CATEGORY,
    [WALLETS, POSITIONS, word("direction", DIRECTIONS, "down"), BETAS, MODE],
    Result("text", shape="table"),
    context=CONTEXT,
    from_book=("direction", "betas"),
    errors=ERRORS,
    estimate=ESTIMATE,
    examples=[
        Example(f"=ACCOUNT_FIRST_TO_LIQUIDATE({_TWO_LONGS})", '="USDT"', "The pool of the USDT wallet."),
        Example(
            '=ACCOUNT_FIRST_TO_LIQUIDATE({"coin","balance";"USDT",5000},{"symbol","coin","side","quantity","entry",'
            '"mark","tiers","isolated_margin";"BTCUSDT","BTC","long",0.5,60000,60000,0.005,"";'
            '"ETHUSDT","ETH","long",10,3000,3000,0.01,3000})',
            '="ETHUSDT"',
            "The isolated position falls at −9.1 %, the pool at −16.2 %.",
        ),
    ],
)
def account_first_to_liquidate(
    wallets: Sequence[WalletRow] | None,
    positions: Sequence[PositionRow] | None,
    direction: float = DOWN,
    betas: dict[str, float] | None = None,
    mode: float = SINGLE,
    margin_tiers: TierTables | None = None,
    collateral_tiers: CollateralTables | None = None,
) -> Any:
    """Return what a move of the whole market liquidates first: a margin coin, "account", an isolated symbol, or NEVER.

    Parameters
    ----------
    wallets : range with a header row
        As in ACCOUNT_EQUITY.
    positions : range with a header row
        As in ACCOUNT_EQUITY.
    direction : word
        As in ACCOUNT_LIQUIDATION_MOVE.
    betas : range
        As in ACCOUNT_LIQUIDATION_MOVE.
    mode : word
        "single" (default) or "multi".

    Notes
    -----
    Equation: the pool or isolated position with the smallest |x| of ACCOUNT_LIQUIDATION_MOVE

    Source: the definition.

    Examples
    --------
    >>> account_first_to_liquidate(None, None)
    'NEVER'
    """

    def name(fall: Fall) -> str:
        return _NEVER if fall.pool is None else fall.pool.label

    def ask(accounts: list[Account]) -> Any:
        _refuse_stated(accounts)
        if direction == _BOTH:
            return [[name(_fall(accounts, towards, betas)) for towards in (DOWN, UP)]]
        return name(_fall(accounts, direction, betas))

    return answer_for(lambda: _accounts(wallets, positions, mode, 1.0, margin_tiers, collateral_tiers), ask)


__all__ = [
    "BETAS",
    "TRIGGER",
    "RangeError",
    "account_first_to_liquidate",
    "account_liquidation_move",
    "account_liquidation_price",
    "read_betas",
]
