"""STRESS_TABLE with what is held beside the accounts: spot at its own price, at the accounts' price, without one."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS


def values(spot: list[Any]) -> Any:
    """Return the value as it stands and after a fall of BTC by 20 %, of 0.1 BTC in a wallet and a spot row."""
    wallets = [["coin", "balance", "price"], ["BTC", 0.1, 60_000.0]]
    held = [["coin", "quantity", "price"], spot]
    found = FUNCTIONS["STRESS_TABLE"].call([["BTC"], [0.0], [-0.2]], wallets, MISSING, held)
    return found if isinstance(found, CellError) else [row[0] for row in found[1:]]


def test_spot_counts_at_its_price_and_moves_with_its_coin() -> None:
    """0.2 BTC at 50,000 are 10,000 beside the wallet's 6,000; 20 % less are 12,800 together; ETH does not move."""
    assert values(["BTC", 0.2, 50_000.0]) == pytest.approx([16_000.0, 12_800.0])
    assert values(["ETH", 2.0, 3_000.0]) == pytest.approx([12_000.0, 10_800.0])


def test_spot_without_a_price_has_that_of_the_accounts() -> None:
    """0.2 BTC at the wallet's 60,000 are 12,000; nothing prices DOGE, which matters only where some is held."""
    assert values(["btc", 0.2, None]) == pytest.approx([18_000.0, 14_400.0])
    refused = values(["DOGE", 5.0, None])
    assert (refused.code, refused.reason) == ("#N/A", "price of DOGE in spot is blank")
    assert values(["DOGE", 0.0, None]) == pytest.approx([6_000.0, 4_800.0])
