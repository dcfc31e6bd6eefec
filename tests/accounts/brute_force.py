"""Liquidation found by search over the whole requirement, written again from the equations and nothing else.

Nothing of the product's solver is used: prices are moved, equity and requirement are computed from the definitions,
and the first place where the surplus is gone is searched on a fine grid and bisected.
"""

from __future__ import annotations

import math

import numpy as np

from rebalance_xl.functions.account import MULTI, Account, Leg
from rebalance_xl.functions.haircuts import Haircut

STEADY = ("USDT", "USDC", "USD")


def counted(haircut: Haircut, amount: float, price: float) -> float:
    """Return what an amount counts: a debt in full, what is held tier by tier."""
    if amount <= 0.0:
        return amount * price
    unit = price if haircut.in_dollars else 1.0
    whole = amount * unit
    below = sum((min(whole, end) - start) * ratio for start, end, ratio in haircut.bands if whole > start)
    return below if haircut.in_dollars else below * price


def needed(leg: Leg, price: float) -> float:
    """Return maintenance and fee of a position at a price."""
    value = leg.quantity / price if leg.inverse else leg.quantity * price
    rows = leg.table.rows
    if leg.table.continuous:
        kept = max(value * row.rate - row.amount for row in rows)
    else:
        row = next((each for each in rows if value <= each.cap), rows[-1])
        kept = value * row.rate
    return max(0.0, kept) + leg.fee * value


def profit(leg: Leg, price: float) -> float:
    """Return the profit of a position at a price."""
    if leg.inverse:
        return leg.side * leg.quantity * (1.0 / leg.entry - 1.0 / price)
    return leg.side * leg.quantity * (price - leg.entry)


def surpluses(account: Account, prices: dict[str, float], marks: dict[str, float]) -> dict[str, float]:
    """Return equity less trigger times requirement of everything that can be liquidated by itself."""
    found: dict[str, float] = {}
    cross = [leg for leg in account.legs if leg.isolated is None]
    for leg in account.legs:
        if leg.isolated is not None:
            mark = marks[leg.symbol]
            found[leg.symbol] = leg.isolated + profit(leg, mark) - account.trigger * needed(leg, mark)
    held = {each.coin: each for each in account.wallets}
    if account.mode == MULTI:
        equity = requirement = 0.0
        for coin, wallet in held.items():
            own = wallet.balance - wallet.loan
            earned = sum(profit(leg, marks[leg.symbol]) for leg in cross if leg.margin_coin == coin)
            if account.ratio_on_profit:
                equity += counted(wallet.haircut, own + earned, prices[coin])
            else:
                equity += counted(wallet.haircut, own, prices[coin]) + earned * prices[coin]
            requirement += wallet.loan * wallet.loan_rate * prices[coin]
            requirement += (
                sum(needed(leg, marks[leg.symbol]) for leg in cross if leg.margin_coin == coin) * prices[coin]
            )
        if cross or any(each.loan for each in account.wallets):
            found["account"] = equity - account.trigger * requirement
        return found
    for coin, wallet in held.items():
        own = [leg for leg in cross if leg.margin_coin == coin]
        if own or wallet.loan:
            equity = wallet.balance - wallet.loan + sum(profit(leg, marks[leg.symbol]) for leg in own)
            requirement = sum(needed(leg, marks[leg.symbol]) for leg in own) + wallet.loan * wallet.loan_rate
            found[coin] = equity - account.trigger * requirement
    return found


def at_move(account: Account, x: float) -> dict[str, float]:
    """Return the surpluses after the market's move."""
    factor = {each.coin: 1.0 if each.coin in STEADY else 1.0 + x for each in account.wallets}
    prices = {each.coin: each.price * factor[each.coin] for each in account.wallets}
    return surpluses(account, prices, {leg.symbol: leg.mark * (1.0 + x) for leg in account.legs})


def at_price(account: Account, symbol: str, price: float) -> float:
    """Return the surplus of a symbol's pool when its mark alone is another."""
    leg = next(each for each in account.legs if each.symbol == symbol)
    prices = {each.coin: each.price for each in account.wallets}
    marks = {each.symbol: each.mark for each in account.legs} | {symbol: price}
    name = symbol if leg.isolated is not None else "account" if account.mode == MULTI else leg.margin_coin
    return surpluses(account, prices, marks)[name]


def grid(direction: float) -> list[float]:
    """Return moves outward from 0, fine near it."""
    if direction < 0.0:
        return [-float(each) for each in np.linspace(0.0, 0.9999, 400)[1:]]
    return [float(each) for each in np.geomspace(1e-4, 3e4, 500)]


def bisect(bad: float, good: float, is_bad: object) -> float:
    """Return the border between a bad and a good place."""
    for _ in range(200):
        middle = 0.5 * (bad + good)
        if middle in (bad, good):
            break
        if is_bad(middle):  # type: ignore[operator]
            bad = middle
        else:
            good = middle
    return bad


def first_move(account: Account, direction: float) -> float:
    """Return the first move at which something is liquidated; infinite where the grid finds none."""

    def is_bad(x: float) -> bool:
        return any(value <= 0.0 for value in at_move(account, x).values())

    if is_bad(0.0):
        return 0.0
    before = 0.0
    for x in grid(direction):
        if is_bad(x):
            return bisect(x, before, is_bad)
        before = x
    return math.inf


def first_price(account: Account, symbol: str, direction: float) -> float:
    """Return the first mark of a symbol at which its pool is liquidated, minus infinity where it already is."""
    mark = next(each.mark for each in account.legs if each.symbol == symbol)
    if at_price(account, symbol, mark) <= 0.0:
        return -math.inf
    before = mark
    for x in grid(direction):
        price = mark * (1.0 + x)
        if at_price(account, symbol, price) <= 0.0:
            return bisect(price, before, lambda each: at_price(account, symbol, each) <= 0.0)
        before = price
    return math.inf
