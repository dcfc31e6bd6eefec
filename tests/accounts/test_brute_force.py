"""Random accounts against a search over the whole requirement that shares no code with the product's walk."""

from __future__ import annotations

import math
from functools import partial

import pytest

from rebalance_xl.functions.account_solving import DOWN, UP, account_price, liquidation_move
from tests.accounts import brute_force
from tests.accounts.accounts import random_account

#: What the search's grid can see.
NEAREST, FURTHEST = 1.1e-4, 2.9e4
FAST = 150


def agrees(found: float, searched: float, start: float, at: object) -> bool:
    """Tell whether the walk and the search found the same, or the walk a thin dip between two points of the grid.

    Where a table jumps, the surplus may be gone for less than a step of the grid; it must then really be gone just
    behind what the walk found, and there just before.
    """
    if found == searched or (math.isfinite(searched) and abs(found - searched) <= 1e-9 * max(1.0, abs(searched))):
        return True
    if not math.isfinite(found):
        return False
    span = abs(found - start)
    if math.isinf(searched) and (span > FURTHEST * max(start, 1.0) or abs(found) < NEAREST * start or found < -0.9998):
        return True
    step = math.copysign(1e-9 * max(abs(found), span), found - start)
    earlier = math.isinf(searched) or span < abs(searched - start)
    return earlier and at(found + step) <= 0.0 < at(found - step)  # type: ignore[operator]


def compare(seed: int) -> list[str]:
    """Return how walk and search differ on one account."""
    account = random_account(seed)
    wrong = []
    for direction in (DOWN, UP):
        found = liquidation_move(account.pools(), direction).move
        searched = brute_force.first_move(account, direction)
        if not agrees(found, searched, 0.0, lambda x: min(brute_force.at_move(account, x).values())):
            wrong.append(f"account {seed}: move {found}, searched {searched}")
        symbol, mark = account.legs[0].symbol, account.legs[0].mark
        price = account_price(account, symbol, direction)
        wanted = brute_force.first_price(account, symbol, direction)
        if not agrees(price, wanted, mark, partial(brute_force.at_price, account, symbol)):
            wrong.append(f"account {seed}: {symbol} {price}, searched {wanted}")
    return wrong


@pytest.mark.parametrize("part", range(3))
def test_walk_agrees_with_search(part: int) -> None:
    """The move of the market and a symbol's price, both ways, are those of the search on some random accounts."""
    assert [text for seed in range(part * FAST // 3, (part + 1) * FAST // 3) for text in compare(seed)] == []


@pytest.mark.slow
def test_walk_agrees_with_search_often() -> None:
    """The same on 2,500 more; `python -m tests.accounts.test_brute_force 20000` runs as many as are asked for."""
    assert [text for seed in range(1_000_000, 1_002_500) for text in compare(seed)] == []


def test_every_kind_of_account_is_drawn() -> None:
    """The random accounts have both modes and contracts, haircuts, loans, jumps and isolated positions."""
    accounts = [random_account(seed) for seed in range(FAST)]
    legs = [leg for account in accounts for leg in account.legs]
    wallets = [wallet for account in accounts for wallet in account.wallets]
    assert {account.mode for account in accounts} == {0.0, 1.0}
    assert {account.ratio_on_profit for account in accounts} == {True, False}
    assert {leg.inverse for leg in legs} == {leg.table.continuous for leg in legs} == {True, False}
    assert any(leg.isolated is None for leg in legs)
    assert any(leg.isolated is not None for leg in legs)
    assert any(wallet.loan for wallet in wallets)
    assert any(len(wallet.haircut.bands) > 1 for wallet in wallets)
    assert any(wallet.balance < 0.0 for wallet in wallets)
    moves = [liquidation_move(account.pools(), direction).move for account in accounts for direction in (DOWN, UP)]
    assert math.inf in moves
    assert 0.0 in moves
    assert any(0.0 < abs(move) < 0.5 for move in moves)


if __name__ == "__main__":
    import sys

    differences = [text for seed in range(int(sys.argv[1])) for text in compare(seed)]
    print(*differences, f"{sys.argv[1]} accounts, {len(differences)} differences", sep="\n")
