"""Write ``synthetic_prices.csv``: invented closes, so that the review of the example book has something to walk.

They are no market data. A linear congruential generator makes them, so everyone gets the same file; they end on
2026-11-20 at the prices of the example book. Run ``python examples/make_prices.py`` from the checkout.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

PRICES = Path(__file__).with_name("synthetic_prices.csv")
LAST = dt.date(2026, 11, 20)
DAYS = 1096
SEED = 20_261_120
#: Price on the last day, volatility a day, drift a day, share of the common move.
ASSETS = {
    "BTC": (50_000.0, 0.026, 0.0004, 0.8),
    "ETH": (2_500.0, 0.034, 0.0, 0.75),
    "SOL": (160.0, 0.045, 0.0002, 0.7),
}


class Numbers:
    """Pseudo-random numbers that any language can make again."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def normal(self) -> float:
        """Return a number with mean 0 and deviation 1, the sum of four even ones."""
        total = 0.0
        for _ in range(4):
            self._state = (1103515245 * self._state + 12345) % 2**31
            total += self._state / 2**31
        return (total - 2.0) * math.sqrt(3.0)


def rows() -> list[list[str]]:
    """Return the header and one row a day."""
    numbers = Numbers(SEED)
    moves = []
    for _ in range(DAYS - 1):
        common = numbers.normal()
        day = []
        for _, volatility, drift, share in ASSETS.values():
            own = numbers.normal()
            day.append(drift + volatility * (share * common + math.sqrt(1.0 - share**2) * own))
        moves.append(day)
    logs = [0.0] * len(ASSETS)
    path = [list(logs)]
    for day in moves:
        logs = [level + move for level, move in zip(logs, day, strict=True)]
        path.append(list(logs))
    found = [["Date", *ASSETS, "ETH high", "ETH low", "ETHUSDT funding"]]
    first = LAST - dt.timedelta(days=DAYS - 1)
    for number, levels in enumerate(path):
        closes = [
            price * math.exp(level - last)
            for (price, *_), level, last in zip(ASSETS.values(), levels, path[-1], strict=True)
        ]
        wide = 0.012 + 0.018 * abs(numbers.normal())
        funding = round(0.0001 + 0.00008 * numbers.normal(), 6)
        extremes = [closes[1] * (1.0 + wide), closes[1] * (1.0 - wide)]
        date = f"{first + dt.timedelta(days=number)}"
        found.append([date, *(f"{close:.8g}" for close in (*closes, *extremes)), f"{funding:.6f}"])
    return found


def main() -> None:
    """Write the file."""
    PRICES.write_text("".join(",".join(row) + "\n" for row in rows()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
