"""``python -m tests.derivatives.evidence``: how many answers from outside back which function, and of what kind.

The kinds of the published answers about single positions: A produced by an exchange, B an exchange's own worked
example, C another project's test, D an article. Which function a row asks is read from what asks it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

from rebalance_xl.functions import FUNCTIONS
from tests.derivatives.vectors import ASK, DATA

ACCOUNTS = Path(__file__).parents[1] / "accounts" / "data"
_OF_KERNEL = {function.kernel.__name__: name for name, function in FUNCTIONS.items()}
NO_FUNCTION = "figures of exchanges that no function gives"


def rows(path: Path) -> list[dict[str, str]]:
    """Read one of the tables of answers."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def functions_of(category: str) -> list[str]:
    """Return the worksheet functions that a category of the published answers asks."""
    return sorted({_OF_KERNEL[name] for name in ASK[category].__code__.co_names if name in _OF_KERNEL})


def kinds() -> Counter[str]:
    """Count the published answers about single positions by kind."""
    return Counter(row["evidence"] for row in rows(DATA / "derivatives.csv"))


def by_function() -> Counter[str]:
    """Count the answers that back each function; one that needs two functions counts for both."""
    found: Counter[str] = Counter()
    for row in rows(DATA / "derivatives.csv"):
        found.update(functions_of(row["category"]) or [NO_FUNCTION])
    for row in rows(ACCOUNTS / "venues_2.csv"):
        found.update(set(re.findall(r"([A-Z_]{3,})\(", row["formula"])) & set(FUNCTIONS))
    found["whole accounts"] += len(rows(ACCOUNTS / "accounts.csv"))
    return found


if __name__ == "__main__":
    print(f"{sum(kinds().values())} about single positions:", dict(sorted(kinds().items())))
    print(len(rows(ACCOUNTS / "venues_2.csv")), "of further venues")
    for name, count in sorted(by_function().items(), key=lambda item: (-item[1], item[0])):
        print(f"{count:4} {name}")
