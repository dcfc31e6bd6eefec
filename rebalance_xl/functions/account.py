"""A derivatives account: wallets, loans and positions, the pools that live and die together, and what each is worth.

A **pool** is what one liquidation takes: in a single-asset account the cross positions of one margin coin with that
coin's wallet; in a multi-asset account all cross positions with every collateral; and each isolated position alone.
The money of a single-coin pool is that coin, of a multi-asset pool the US dollar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rebalance_xl.functions.haircuts import IN_FULL, Haircut
from rebalance_xl.functions.tiers import TierTable, largest_line, position_requirement

SINGLE, MULTI = 0.0, 1.0
#: The words of the `mode` argument.
MODES = {"single": SINGLE, "multi": MULTI}

#: Coins that do not move with the market: dollars, euros, and coins pegged to them.
STEADY = frozenset(
    {"USD", "USDT", "USDC", "DAI", "FDUSD", "TUSD", "PYUSD", "USDE", "USDS", "USD1", "BUSD", "USDD", "RLUSD", "GUSD"}
    | {"USDP", "EUR", "GBP", "CHF", "JPY", "EURC", "EURI", "EURT"}
)


@dataclass(frozen=True, slots=True)
class Wallet:
    """The balance of one coin in a derivatives account.

    Parameters
    ----------
    coin
        Its name.
    balance
        Cross wallet without unrealised profit and without isolated margins; may be negative.
    price
        In US dollars; NaN where nobody needs it.
    haircut
        What counts of it in a multi-asset account.
    loan, loan_rate
        Borrowed units, and the maintenance rate of the loan.
    """

    coin: str
    balance: float = 0.0
    price: float = math.nan
    haircut: Haircut = IN_FULL
    loan: float = 0.0
    loan_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Leg:
    """A position.

    Parameters
    ----------
    symbol, coin, margin_coin
        The contract, what it is on, and the coin in which it is margined and settled.
    side
        1 long, -1 short.
    quantity, entry, mark
        Coins (linear) or US dollars (inverse); prices.
    table
        Maintenance tiers, in the money of the margin coin.
    inverse
        Whether quantity is in dollars and money in the coin.
    isolated
        Its own margin without unrealised profit; None for a cross position.
    fee
        The fee rate that the venue counts in the requirement.
    fixed
        The requirement, and the fee with it, is that of the entry value (MEXC, KuCoin, BitMEX).
    """

    symbol: str
    coin: str
    margin_coin: str
    side: float
    quantity: float
    entry: float
    mark: float
    table: TierTable
    inverse: bool = False
    isolated: float | None = None
    fee: float = 0.0
    fixed: bool = False

    def value(self, price: float) -> float:
        """Return the notional at a price, in the margin coin."""
        return self.quantity / price if self.inverse else self.quantity * price

    def pnl(self, price: float) -> float:
        """Return the unrealised profit at a price, in the margin coin."""
        if self.inverse:
            return self.side * self.quantity * ((price - self.entry) / (self.entry * price))
        return self.side * self.quantity * (price - self.entry)

    def requirement(self, price: float) -> float:
        """Return maintenance margin and counted fee at a price, in the margin coin; never below 0."""
        at, table = self.entry if self.fixed else price, self.table
        value = self.quantity / at if self.inverse else self.quantity * at
        if table.continuous and not table.unit_quantity and type(value) is float:
            kept = largest_line(table.rows, value)  # asked for every leg at every shock
        else:
            kept = float(position_requirement(table, self.quantity, value))
        return max(0.0, kept) + self.fee * value


@dataclass(frozen=True, slots=True)
class Account:
    """A derivatives account.

    Parameters
    ----------
    wallets, legs
        Coins and positions.
    mode
        :data:`SINGLE` (each margin coin its own wallet) or :data:`MULTI` (one account with collateral ratios).
    trigger
        Liquidated where equity is this many times the requirement: 1, at Binance portfolio margin 1.05.
    ratio_on_profit
        Whether the collateral ratio multiplies unrealised profit as well as the balance.
    other_maintenance
        Maintenance of positions that are not listed: by margin coin (single), under "" in dollars (multi).
    name
        Which account; empty where there is one only.
    stated
        Equity and requirement as the venue states them, of an account whose wallets and positions do not tell.
    """

    wallets: tuple[Wallet, ...] = ()
    legs: tuple[Leg, ...] = ()
    mode: float = SINGLE
    trigger: float = 1.0
    ratio_on_profit: bool = True
    other_maintenance: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    stated: tuple[float, float] | None = None

    def wallet(self, coin: str) -> Wallet:
        """Return the wallet of a coin, an empty one where there is none."""
        folded = coin.casefold()
        return next((each for each in self.wallets if each.coin.casefold() == folded), Wallet(coin))

    def pools(self) -> list[Pool]:
        """Return what can be liquidated on its own, in the order of wallets and positions."""
        return list(_pools(self))


@dataclass(frozen=True, slots=True)
class ReadyAccounts:
    """Accounts that need no reading: those of a workbook's own book, each with its mode, stand in for its wallets."""

    accounts: tuple[Account, ...]


@dataclass(frozen=True)
class Pool:
    """What one liquidation takes; see the module.

    Parameters
    ----------
    name
        The margin coin, "account" for a multi-asset pool, the symbol of an isolated position.
    wallets, legs
        Its coins and positions.
    in_dollars
        Whether its money is the US dollar and haircuts count.
    trigger, ratio_on_profit, other
        As in :class:`Account`.
    """

    name: str
    wallets: tuple[Wallet, ...]
    legs: tuple[Leg, ...]
    in_dollars: bool = False
    trigger: float = 1.0
    ratio_on_profit: bool = True
    other: float = 0.0
    account: str = ""

    @property
    def is_at_stake(self) -> bool:
        """Whether there is anything that could be liquidated: a position, a loan or unlisted positions."""
        return bool(self.other) or any(leg.quantity for leg in self.legs) or any(each.loan for each in self.wallets)

    @property
    def label(self) -> str:
        """The name with its account where there are several."""
        return f"{self.account} {self.name}".strip()

    @cached_property
    def places(self) -> tuple[int, ...]:
        """For each leg the place of its margin coin among the wallets."""
        place = {wallet.coin.casefold(): index for index, wallet in enumerate(self.wallets)}
        return tuple(place[leg.margin_coin.casefold()] for leg in self.legs)

    @cached_property
    def is_concave(self) -> bool:
        """Whether the surplus is a concave function of all prices: no table jumps, no ratio rises with the amount."""
        smooth = all(not leg.table.is_stepped for leg in self.legs)
        return smooth and (not self.in_dollars or all(each.haircut.is_falling for each in self.wallets))

    def equity(self, prices: Sequence[float], marks: Sequence[float]) -> float:
        """Return the equity that counts, in the pool's money.

        Parameters
        ----------
        prices, marks
            One for each of `wallets` and `legs`.
        """
        profits: list[list[float]] = [[] for _ in self.wallets]
        for leg, mark, place in zip(self.legs, marks, self.places, strict=True):
            profits[place].append(leg.pnl(mark))
        parts: list[float] = []
        for wallet, price, earned in zip(self.wallets, prices, profits, strict=True):
            balance = wallet.balance - wallet.loan
            if not self.in_dollars:
                parts += [balance, *earned]
            elif self.ratio_on_profit:
                parts.append(wallet.haircut.count(math.fsum([balance, *earned]), price))
            else:
                parts += [wallet.haircut.count(balance, price), *(profit * price for profit in earned)]
        return math.fsum(parts)

    def owned(self, prices: Sequence[float], marks: Sequence[float]) -> float:
        """Return what the pool is worth in dollars, without haircuts; an isolated position at least nothing."""
        parts = [(each.balance - each.loan) * price for each, price in zip(self.wallets, prices, strict=True)]
        parts += [leg.pnl(mark) * prices[place] for leg, mark, place in zip(self.legs, marks, self.places, strict=True)]
        found = math.fsum(parts)
        # An isolated position loses what was posted for it and no more: the plan values it so.
        return max(0.0, found) if self.legs and self.legs[0].isolated is not None else found

    def requirement(self, prices: Sequence[float], marks: Sequence[float]) -> float:
        """Return maintenance margin, counted fees and the maintenance of loans, in the pool's money."""
        parts = [self.other]
        for leg, mark, place in zip(self.legs, marks, self.places, strict=True):
            needed = leg.requirement(mark)
            parts.append(needed * prices[place] if self.in_dollars else needed)
        for wallet, price in zip(self.wallets, prices, strict=True):
            if wallet.loan:
                parts.append(wallet.loan * wallet.loan_rate * (price if self.in_dollars else 1.0))
        return math.fsum(parts)

    def figures(self) -> tuple[float, float]:
        """Return equity and requirement as things stand."""
        prices, marks = [each.price for each in self.wallets], [each.mark for each in self.legs]
        return self.equity(prices, marks), self.requirement(prices, marks)


def _pools(account: Account) -> Iterator[Pool]:
    cross = [leg for leg in account.legs if leg.isolated is None]
    trigger, on_profit, name = account.trigger, account.ratio_on_profit, account.name
    if account.mode == MULTI:
        names = {each.coin.casefold() for each in account.wallets}
        missing = dict.fromkeys(leg.margin_coin for leg in cross if leg.margin_coin.casefold() not in names)
        wallets = (*account.wallets, *(Wallet(coin) for coin in missing))
        other = account.other_maintenance.get("", 0.0)
        yield Pool("account", wallets, tuple(cross), True, trigger, on_profit, other, name)
    else:
        for coin in _margin_coins(account, cross):
            legs = tuple(leg for leg in cross if leg.margin_coin.casefold() == coin.casefold())
            other = account.other_maintenance.get(coin, 0.0)
            yield Pool(coin, (account.wallet(coin),), legs, False, trigger, True, other, name)
    for leg in account.legs:
        if leg.isolated is not None:
            own = Wallet(leg.margin_coin, leg.isolated, account.wallet(leg.margin_coin).price)
            yield Pool(leg.symbol, (own,), (leg,), False, trigger, True, 0.0, name)


def _margin_coins(account: Account, cross: Sequence[Leg]) -> list[str]:
    found: dict[str, str] = {}
    for coin in [*(each.coin for each in account.wallets), *(leg.margin_coin for leg in cross)]:
        found.setdefault(coin.casefold(), coin)
    return list(found.values())
