"""STRESS_TABLE: shocks in, one row a scenario, the value and health of the book after each out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import Example, Result, number, worksheet_function
from rebalance_xl.cells import MISSING, CellError, as_float, as_rows, describe, is_range
from rebalance_xl.functions.account import SINGLE, Account
from rebalance_xl.functions.account_liquidation import TRIGGER
from rebalance_xl.functions.account_ranges import POSITIONS, WALLETS, PositionRow, RangeError, WalletRow, read_spot
from rebalance_xl.functions.account_reading import build_accounts
from rebalance_xl.functions.accounts import CATEGORY, CONTEXT, ERRORS, ESTIMATE, MODE, answer_for
from rebalance_xl.functions.haircuts import CollateralTables
from rebalance_xl.functions.stress import Holding, Outcome, Shock, stress_all
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables
from rebalance_xl.functions.wording import names_text

HEADERS = ("Value", "Value if lost", "Equity", "Ratio", "Liquidated")
#: Headers of columns that hold a name, and of those that are no coin.
#: Accounts that a row names before it counts the rest.
_NAMED = 9
_NAMES = ("scenario", "name", "shock", "")
_EVERYTHING, _CURRENCY, _FUNDING = "all", "fx", "funding"


def read_shocks(value: Any) -> list[Shock] | CellError:
    """Read a `shocks` range: a header of coins (or contracts, ALL, FX, FUNDING) and one row a scenario.

    Errors: #VALUE! for what is no range with a header or no number; #NUM! for a move below −1.
    """
    if isinstance(value, CellError):
        return value
    if not is_range(value) or len(as_rows(value)) < 2:
        return CellError("#VALUE!", f"shocks is {describe(value)}; allowed is a range with a header row of coins")
    header, *rows = as_rows(value)
    names = [str(cell).strip().casefold() if cell is not None else "" for cell in header]
    twice = next((name for name in names if name not in _NAMES and names.count(name) > 1), "")
    if twice:
        return CellError("#VALUE!", f'shocks have the column "{twice}" twice')
    found = []
    for position, row in enumerate(rows, 1):
        moves: dict[str, float] = {}
        label = ""
        for name, cell in zip(names, row, strict=False):
            if name in _NAMES:
                label = label or ("" if cell is None else str(cell))
                continue
            if cell is None or cell == "":
                continue
            where = f"{name} of row {position} of shocks"
            if isinstance(cell, CellError):
                return cell
            if isinstance(cell, bool) or not isinstance(cell, float | int):
                return CellError("#VALUE!", f"{where} is {describe(cell)}; allowed is a number")
            move = as_float(cell)
            if not math.isfinite(move) or (move < -1.0 and name != _FUNDING):
                hint = "; fractions are meant, not percents (-0.2, not -20)" if move < -1.0 else ""
                return CellError("#NUM!", f"{where} is {move:g}; allowed is a number not below -1{hint}")
            moves[name] = move
        everything, currency = moves.pop(_EVERYTHING, 0.0), moves.pop(_CURRENCY, 0.0)
        funding = moves.pop(_FUNDING, 0.0)
        found.append(Shock(moves, {}, everything, currency, funding, label))
    return found


def with_contracts(shocks: Sequence[Shock], accounts: Sequence[Account], holdings: Sequence[Holding]) -> list[Shock]:
    """Return the shocks with the columns that name a contract told apart from those that name a coin.

    Raises
    ------
    RangeError
        If a column names neither.
    """
    coins = {each.coin.casefold() for each in holdings}
    symbols: set[str] = set()
    for account in accounts:
        coins |= {each.coin.casefold() for each in account.wallets}
        coins |= {leg.coin.casefold() for leg in account.legs}
        symbols |= {leg.symbol.casefold() for leg in account.legs}
    found = []
    for shock in shocks:
        unknown = next((name for name in shock.coins if name not in coins and name not in symbols), "")
        if unknown:
            known = ", ".join(sorted(coins | symbols)).upper()
            raise RangeError("#VALUE!", f'shocks have a column "{unknown.upper()}"; the book holds {known}')
        found.append(
            Shock(
                {name: move for name, move in shock.coins.items() if name in coins},
                {name: move for name, move in shock.coins.items() if name not in coins},
                shock.everything,
                shock.currency,
                shock.funding,
                shock.name,
            )
        )
    return found


def _holdings(spot: Sequence[tuple[str, float, float | None]] | None, accounts: Sequence[Account]) -> list[Holding]:
    prices: dict[str, float] = {}
    for account in accounts:
        for leg in account.legs:
            prices.setdefault(leg.coin.casefold(), leg.mark)
        prices.update({each.coin.casefold(): each.price for each in account.wallets if each.price == each.price})
    found = []
    for coin, quantity, given in spot or ():
        known = prices.get(coin.casefold()) if given is None else given
        if known is None:
            if quantity:
                raise RangeError("#N/A", f"price of {coin} in spot is blank")
            continue
        found.append(Holding(coin, quantity, known))
    return found


def _row(outcome: Outcome) -> list[Any]:
    ratio = outcome.ratio
    return [
        outcome.value + 0.0,
        outcome.value_if_lost + 0.0,
        outcome.equity + 0.0,
        "LIQUIDATABLE" if math.isinf(ratio) else ratio,
        names_text((each.pool.label for each in outcome.dead), most=_NAMED),
    ]


@worksheet_function(
    "STRESS_TABLE",
    CATEGORY,
    [
        Parameter("shocks", kind="raw", unit="table", data=False, convert=read_shocks),
        WALLETS,
        POSITIONS,
        Parameter("spot", kind="raw", unit="table", default=MISSING, model="Portfolio[#All]", convert=read_spot),
        MODE,
        number("value_rate", low=0.0, above=True, default=1.0, blank="default", data=False),
        TRIGGER,
    ],
    Result("table", shape="table"),
    context=CONTEXT,
    from_book=("shocks",),
    errors=ERRORS
    | {
        "#NUM!": "a move is below −1, a price or quantity is out of range, or a position is beyond the last tier",
        "#VALUE!": "a column of shocks names no coin or contract held, a word is unknown, or a column is missing",
    },
    estimate=ESTIMATE,
    examples=[
        Example(
            '=STRESS_TABLE({"BTC","ETH";0,0;-0.2,-0.2},{"coin","balance","price";"USDT",5000,1},'
            '{"symbol","coin","side","quantity","entry","mark","tiers","isolated_margin";'
            '"BTCUSDT","BTC","long",0.5,60000,60000,0.005,"";"ETHUSDT","ETH","long",10,3000,3000,0.01,3000})',
            '={"Value","Value if lost","Equity","Ratio","Liquidated";8000,8000,8000,0.1,"";'
            '-1000,0,-4000,"LIQUIDATABLE","ETHUSDT, USDT"}',
            "A fall of 20 % costs at most the 8,000 that are there, not 12,000.",
        )
    ],
)
def stress_table(
    shocks: Sequence[Shock],
    wallets: Sequence[WalletRow] | None,
    positions: Sequence[PositionRow] | None = None,
    spot: Sequence[tuple[str, float, float | None]] | None = None,
    mode: float = SINGLE,
    value_rate: float = 1.0,
    trigger: float = 1.0,
    margin_tiers: TierTables | None = None,
    collateral_tiers: CollateralTables | None = None,
) -> list[list[Any]] | CellError:
    """Return what each of some shocks does: value, value if lost, equity, margin ratio, and what is liquidated.

    Without wallets and positions it judges the workbook's own book, as `rebalance-xl stress` does: the value is the
    plan's (Portfolio and the equity of Futures), accounts have their modes, fees and triggers.

    A pool that is liquidated on the straight way to the shock is dead. "Value if lost" counts dead pools and isolated
    positions as 0; an isolated position is never worth less. "Liquidated" names them in the order in which they fall.

    Parameters
    ----------
    shocks : range with a header row
        A column a coin, holding moves (−0.2); a contract's symbol moves its basis on top. ALL moves every other coin,
        FX the book's currency, FUNDING is what longs pay of their notional. One row a scenario.
    wallets : range with a header row
        As in ACCOUNT_EQUITY, every coin with its price in dollars.
    positions : range with a header row
        As in ACCOUNT_EQUITY.
    spot : range with a header row
        What is held beside the accounts: coin, quantity, price (or value). Default none.
    mode : word
        "single" (default) or "multi".
    value_rate : number
        Units of the book's currency for a dollar. Default 1.
    trigger : number
        As in ACCOUNT_LIQUIDATION_PRICE.

    Notes
    -----
    Equation: price × (1 + move), mark × (1 + move of the coin) × (1 + move of the contract); ratio = maintenance /
    equity, the highest of all pools

    Source: the definition.

    Examples
    --------
    >>> stress_table([Shock()], None)[1]
    [0.0, 0.0, 0.0, 0.0, '']
    """

    def build() -> list[Account]:
        return build_accounts(
            wallets,
            positions,
            mode,
            margin_tiers or shipped_tables(),
            collateral_tiers or CollateralTables(),
            trigger=trigger,
            needs_prices=True,
        )

    def ask(accounts: list[Account]) -> list[list[Any]]:
        holdings = _holdings(spot, accounts)
        outcomes = stress_all(accounts, holdings, with_contracts(shocks, accounts, holdings), value_rate)
        return [list(HEADERS), *(_row(each) for each in outcomes)]

    answer: list[list[Any]] | CellError = answer_for(build, ask)
    return answer
