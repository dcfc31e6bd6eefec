"""From the rows of `wallets` and `positions` to accounts: tiers and collateral ratios looked up, everything checked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.cells import CellError
from rebalance_xl.functions.account import MULTI, Account, Leg, ReadyAccounts, Wallet
from rebalance_xl.functions.account_ranges import PositionRow, RangeError, WalletRow
from rebalance_xl.functions.contracts import INVERSE, LINEAR
from rebalance_xl.functions.haircuts import IN_FULL, CollateralTables, Haircut, read_haircut
from rebalance_xl.functions.liquidation_equation import mismatches
from rebalance_xl.functions.tier_choice import read_tier_choice, resolve
from rebalance_xl.functions.tier_tables import TierTables
from rebalance_xl.functions.tiers import TierTable, is_beyond, tier_size
from rebalance_xl.functions.venues import GENERIC, VENUE_WORDS, has_fixed_maintenance


def build_accounts(
    wallets: Sequence[WalletRow] | ReadyAccounts | None,
    positions: Sequence[PositionRow] | None,
    mode: float,
    tier_tables: TierTables,
    collateral: CollateralTables,
    *,
    trigger: float = 1.0,
    ratio_on_profit: bool = True,
    needs_prices: bool = False,
    needs_wallets: bool = True,
) -> list[Account]:
    """Return the accounts of the rows, one for each name in their account columns.

    Parameters
    ----------
    wallets, positions
        Rows as read; without wallets the margin column of the cross positions makes them.
    mode
        Single or multi, for all accounts.
    tier_tables, collateral
        Where names of tiers and of ratios are looked up.
    trigger, ratio_on_profit
        As in :class:`~rebalance_xl.functions.account.Account`.
    needs_prices
        Every coin must have a price (a value in dollars is asked for).
    needs_wallets
        Equity is asked for, so that every cross position needs a wallet.

    Raises
    ------
    RangeError
        With the documented error: #N/A no tiers, price or ratio; #NUM! a position beyond its tiers; #VALUE! a margin
        coin without a wallet.
    """
    if isinstance(wallets, ReadyAccounts):
        return list(wallets.accounts)
    held, legs = list(wallets or ()), list(positions or ())
    if not held and legs and needs_wallets:
        held = _from_margins(legs)
    named = [*(leg.account for leg in legs), *(row.account for row in held)]
    names = {name.casefold(): name for name in named}
    if len({row.account.casefold() for row in legs}) <= 1 and all(not row.account for row in held):
        names = {"": ""}
        held_of, legs_of = {"": held}, {"": legs}
    else:
        held_of = {key: [row for row in held if row.account.casefold() == key] for key in names}
        legs_of = {key: [row for row in legs if row.account.casefold() == key] for key in names}
    several = len(names) > 1
    return [
        Account(
            tuple(_wallets(held_of[key], legs_of[key], mode, collateral, needs_prices, needs_wallets)),
            tuple(_leg(row, tier_tables) for row in legs_of[key]),
            mode,
            trigger,
            ratio_on_profit,
            name=name if several else "",
        )
        for key, name in names.items()
    ]


def _from_margins(legs: Sequence[PositionRow]) -> list[WalletRow]:
    """Return the wallets of a book without a Wallets table: the margins of the cross rows, coin by coin."""
    found: dict[tuple[str, str], float] = {}
    names: dict[tuple[str, str], PositionRow] = {}
    for row in legs:
        key = (row.account.casefold(), row.margin_coin.casefold())
        names.setdefault(key, row)
        found[key] = found.get(key, 0.0) + (row.margin if row.isolated is None else 0.0)
    return [
        WalletRow(
            f"the margins in {row.margin_coin}",
            row.account,
            row.margin_coin,
            found[key],
            row.mark if row.inverse else 1.0,
            1.0,
            0.0,
            0.0,
        )
        for key, row in names.items()
    ]


def _wallets(
    rows: Sequence[WalletRow],
    legs: Sequence[PositionRow],
    mode: float,
    collateral: CollateralTables,
    needs_prices: bool,
    needs_wallets: bool,
) -> list[Wallet]:
    settled = {leg.margin_coin.casefold(): leg for leg in legs}
    found: dict[str, Wallet] = {}
    for row in rows:
        key = row.coin.casefold()
        if key in found:
            raise RangeError("#VALUE!", f"{row.where}: the coin {row.coin} stands in wallets twice")
        used = bool(row.balance or row.loan or key in settled)
        if row.price is None and used and (needs_prices or mode == MULTI):
            raise RangeError("#N/A", f"price of {row.where} is blank; {row.coin} has no price in US dollars")
        haircut = _haircut(row, key in settled, collateral) if mode == MULTI else IN_FULL
        price = math.nan if row.price is None else row.price
        found[key] = Wallet(row.coin, row.balance, price, haircut, row.loan, row.loan_rate)
    for leg in legs:
        if not needs_wallets or leg.margin_coin.casefold() in found:
            continue
        if mode == MULTI:
            raise RangeError("#N/A", f"wallets have no row for {leg.margin_coin}, the margin coin of {leg.where}")
        if leg.isolated is None or needs_prices:
            reason = f"margin_coin of {leg.where} is {leg.margin_coin}, which wallets do not have"
            raise RangeError("#VALUE!", reason)
    return list(found.values())


def _haircut(row: WalletRow, is_settled: bool, collateral: CollateralTables) -> Haircut:
    given = row.ratio
    if isinstance(given, str) and given.strip() and ":" not in given:
        given = f"{given.strip()}:{row.coin}"
    choice = read_haircut(given, f"ratio of {row.where}")
    if given is None or (isinstance(given, str) and not given.strip()):
        if row.balance - row.loan > 0.0 or is_settled:
            reason = f"ratio of {row.where} is blank; a multi-asset account needs the collateral ratio of {row.coin}"
            raise RangeError("#N/A", reason)
        return IN_FULL
    if isinstance(choice, CellError):
        raise RangeError(choice.code, choice.reason)
    found = collateral.lookup(choice)
    if isinstance(found, CellError):
        raise RangeError(found.code, f"ratio of {row.where}: {found.reason}")
    return found


def _leg(row: PositionRow, tier_tables: TierTables) -> Leg:
    venue = VENUE_WORDS.get(row.venue.casefold(), GENERIC)
    return Leg(
        symbol=row.symbol,
        coin=row.coin,
        margin_coin=row.margin_coin,
        side=row.side,
        quantity=row.quantity,
        entry=row.entry,
        mark=row.mark,
        table=_table(row, tier_tables),
        inverse=row.inverse,
        isolated=row.isolated,
        fee=row.fee,
        fixed=bool(has_fixed_maintenance(venue)),
    )


def _table(row: PositionRow, tier_tables: TierTables) -> TierTable:
    given = row.tiers
    if given is None or (isinstance(given, str) and not given.strip()):
        if not row.venue:
            raise RangeError("#N/A", f"tiers of {row.where} is blank")
        given = f"{row.venue}:{row.symbol}"
    choice = read_tier_choice(given)
    table = choice if isinstance(choice, CellError) else resolve(choice, tier_tables)
    if isinstance(table, CellError):
        raise RangeError(table.code, f"tiers of {row.where}: {table.reason}")
    if bool(mismatches(table, INVERSE if row.inverse else LINEAR)):
        raise RangeError("#VALUE!", f"tiers of {row.where}: {table.label} are tiers of {table.contract} contracts")
    value = row.quantity / row.mark if row.inverse else row.quantity * row.mark
    size = tier_size(table, row.quantity, value)
    if bool(is_beyond(table, size)):
        reason = (
            f"{row.where} is a position of {size:.10g}, beyond {table.label}, which end at {table.rows[-1].cap:.10g}"
        )
        raise RangeError("#NUM!", reason)
    return table
