"""KuCoin's printed cross price, which is another rule: every position moves against the account at once.

The account's risk ratio is its margin over the sum of all values; a price is shown for each position as if its own
share of the margin were lost. Source: KuCoin support 35084431335065. It is no part of the product, whose questions
are others (`account_solving`); it is here to show that the sample's other figures are understood.
"""

from __future__ import annotations

from typing import Any


def joint_price(given: dict[str, Any], symbol: str) -> float:
    """Return the price that KuCoin prints for a symbol."""
    values = [each["qty"] * each["mark"] for each in given["positions"]]
    ratio = given["margin"] / sum(values)
    position = next(each for each in given["positions"] if each["symbol"] == symbol)
    side = 1.0 if position["side"] == "long" else -1.0
    size = side * position["qty"]
    value = size * position["mark"]
    return float((value - abs(value) * ratio) / (size * (1.0 - side * (position["tiers"] + position["fee"]))))
