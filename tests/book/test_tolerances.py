"""Tolerances, destinations and quote coins have one home each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rebalance_xl.book import schema
from rebalance_xl.book.model import margin_coin_of
from rebalance_xl.functions import allocation
from rebalance_xl.functions.symbols import quote_of


def test_no_module_of_the_book_writes_a_tolerance_of_its_own(root: Path) -> None:
    """Every small number of the book has its name and meaning in one module."""
    written = [
        f"{path.name}:{number}"
        for path in sorted((root / "rebalance_xl" / "book").glob("*.py"))
        if path.name != "tolerances.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"\b\d(?:\.\d+)?e-\d+\b", line.partition("#")[0])
    ]
    assert written == []


def test_settings_and_functions_know_the_same_destinations() -> None:
    """The words of TrimTo are those of the argument trim_to."""
    assert schema.SETTINGS["TrimTo"].words == tuple(allocation.DESTINATIONS)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCPERP", "ETH-USDC-SWAP", "PF_XBTUSD", "BTCDAI", "BTC", "SOL_USD1"])
def test_a_book_and_a_range_see_one_margin_coin_in_a_symbol(symbol: str) -> None:
    """The plan keeps the margin of a linear contract in the coin in which the account functions see it."""
    assert margin_coin_of(symbol, "BTC", inverse=False) == quote_of(symbol)
    assert margin_coin_of(symbol, "BTC", inverse=True) == "BTC"
