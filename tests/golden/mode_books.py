"""The account functions on the very tables of the fixture books, one per account mode, worked out by brute force.

Wallets, positions and what is held beside them are read from the committed books, so that both stay in step; the
answers come from the definitions alone: balance plus profit, what must be held, and a search for the place where the
two meet. `tests/accounts/test_golden_mode_books.py` asks plan and stress of each book for the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import openpyxl

from rebalance_xl.cells import MISSING
from tests.fixtures.fixture_book import HERE

from .golden import Case

Row = dict[str, Any]
Prices = Callable[[Row], float]

#: The books of shared and isolated margin; of a "given" account there are only the venue's own two figures.
MODES: Final = ("single", "coin_margined", "bybit_isolated", "multi", "bybit_unified", "okx_multi")
GIVEN: Final = "given"
MOVES: Final = (-0.5, -0.2, 0.0, 0.2)
FAR: Final = 1e6


@cache
def table(mode: str, name: str) -> list[Row]:
    """Return the rows of a table of a mode's book; none where it has no such table."""
    book = openpyxl.load_workbook(HERE / f"account_{mode}.xlsx", read_only=True)
    if name not in book.sheetnames:
        return []
    header, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def as_range(rows: list[Row]) -> list[list[Any]]:
    """Return rows as a range below their header."""
    return [list(rows[0]), *([float(cell) if type(cell) is int else cell for cell in row.values()] for row in rows)]


@dataclass(frozen=True)
class Pool:
    """What lives and dies together: its name, wallets and positions."""

    name: str
    wallets: list[Row]
    positions: list[Row]
    is_multi: bool

    def owned(self, marks: Prices) -> dict[str, float]:
        """Return the coins of the pool, profit included."""
        coins = {row["Coin"]: float(row["Balance"]) for row in self.wallets}
        for row in self.positions:
            coin = margin_coin(row)
            coins[coin] = coins.get(coin, 0.0) + profit(row, marks(row))
        return coins

    def equity(self, marks: Prices, prices: Prices) -> float:
        """Return what counts, in dollars."""
        coins = self.owned(marks)
        worth = {row["Coin"]: prices(row) for row in self.wallets}
        if not self.is_multi:
            return math.fsum(amount * worth[coin] for coin, amount in coins.items())
        rows = {row["Coin"]: row for row in self.wallets}
        return math.fsum(counted(rows[coin], amount) * worth[coin] for coin, amount in coins.items())

    def need(self, marks: Prices, prices: Prices) -> float:
        """Return what must be held, in dollars."""
        worth = {row["Coin"]: prices(row) for row in self.wallets}
        return math.fsum(
            size(row, marks(row)) * (row["Tiers"] + row["Fee"]) * worth[margin_coin(row)] for row in self.positions
        )

    def value(self, marks: Prices, prices: Prices) -> float:
        """Return what the pool is worth in dollars; an isolated position is worth at least nothing."""
        worth = {row["Coin"]: prices(row) for row in self.wallets}
        found = math.fsum(amount * worth[coin] for coin, amount in self.owned(marks).items())
        return max(0.0, found) if self.is_isolated else found

    @property
    def is_isolated(self) -> bool:
        """Whether it is one isolated position."""
        return any(row["MarginMode"] == "isolated" for row in self.positions)

    def falls_at(self, direction: float) -> float:
        """Return the move of the whole market that liquidates it, infinite where none does."""
        if not self.positions:
            return math.inf
        return first_zero(lambda move: self._surplus(*moved(move)), -1.0 + 1e-12 if direction < 0 else FAR)

    def price(self, position: Row) -> float:
        """Return the mark of one position at which the pool falls, all else frozen; the nearer of two."""
        mark = float(position["MarkPrice"])

        def surplus(move: float) -> float:
            return self._surplus(
                lambda row: row["MarkPrice"] * (1.0 + move * (row is position)), lambda row: row["Price"]
            )

        moves = [first_zero(surplus, end) for end in (-1.0 + 1e-12, FAR)]
        return min((mark * (1.0 + move) for move in moves if math.isfinite(move)), default=math.inf)

    def _surplus(self, marks: Prices, prices: Prices) -> float:
        return self.equity(marks, prices) - self.need(marks, prices)


def first_zero(surplus: Callable[[float], float], end: float) -> float:
    """Return where a falling surplus meets 0 between no move and an end, infinite where it never does."""
    if surplus(end) > 0.0:
        return math.inf
    healthy, dead = 0.0, end
    while True:
        middle = (healthy + dead) / 2.0
        if middle in (healthy, dead):
            return middle
        if surplus(middle) > 0.0:
            healthy = middle
        else:
            dead = middle


def margin_coin(row: Row) -> str:
    """Return the coin in which a position's profit is paid."""
    return str(row["Asset"]) if row["Contract"] == "inverse" else "USDT"


def profit(row: Row, mark: float) -> float:
    """Return the profit of a position in its margin coin."""
    side = 1.0 if row["Side"] == "long" else -1.0
    if row["Contract"] == "inverse":
        return float(side * row["Quantity"] * (1.0 / row["EntryPrice"] - 1.0 / mark))
    return float(side * row["Quantity"] * (mark - row["EntryPrice"]))


def size(row: Row, mark: float) -> float:
    """Return the notional of a position in its margin coin."""
    return float(row["Quantity"] / mark if row["Contract"] == "inverse" else row["Quantity"] * mark)


def counted(wallet: Row, amount: float) -> float:
    """Return how many coins of an amount are collateral: a debt in full."""
    return amount if amount <= 0.0 else amount * float(wallet["Ratio"])


def moved(move: float) -> tuple[Prices, Prices]:
    """Return marks and prices after a move of the whole market; the dollar's coins stay."""
    return (
        lambda row: row["MarkPrice"] * (1.0 + move),
        lambda row: row["Price"] * (1.0 if row.get("Coin", row.get("Asset")) == "USDT" else 1.0 + move),
    )


# --- the books as arguments ---------------------------------------------------------------------------------------


def bands(mode: str, coin: str, name: str) -> list[list[float]]:
    """Return from, to and ratio of a coin in the book's CollateralTiers; the last one may have no end."""
    rows = [row for row in table(mode, "CollateralTiers") if (row["Venue"], row["Coin"]) == (name, coin)]
    return [[float(row["From"]), float(FAR if row["To"] is None else row["To"]), row["Ratio"]] for row in rows]


def share_of(rows: list[list[float]], amount: float) -> float:
    """Return which share of an amount counts in bands that are filled one after the other."""
    return math.fsum((min(amount, end) - start) * ratio for start, end, ratio in rows if amount > start) / amount


def wallets(mode: str) -> list[Row]:
    """Return the book's Wallets; a name in CollateralTiers becomes the share that counts of this balance."""
    found = [dict(row) for row in table(mode, "Wallets")]
    for row in found:
        if isinstance(row["Ratio"], str):
            row["Ratio"] = share_of(bands(mode, row["Coin"], row["Ratio"]), row["Balance"])
    return found


def positions(mode: str) -> list[Row]:
    """Return the book's Futures with the rate of MarginTiers and the fee of Venues."""
    rates = {row["Symbol"]: row["Rate"] for row in table(mode, "MarginTiers")}
    fees = {row["Venue"]: row.get("FuturesFee") or 0.0 for row in table(mode, "Venues")}
    return [row | {"Tiers": rates[row["Symbol"]], "Fee": fees[row["Venue"]]} for row in table(mode, "Futures")]


def word(mode: str) -> str:
    """Return the account mode of the book."""
    return str(next(row["AccountMode"] for row in table(mode, "Venues")))


def pools(mode: str) -> list[Pool]:
    """Return what lives together: all of a multi-asset account, or margin coins and isolated positions."""
    held, open_ = wallets(mode), positions(mode)
    if word(mode) == "multi":
        return [Pool("account", held, open_, True)]
    cross = [row for row in open_ if row["MarginMode"] == "cross"]
    found = [
        Pool(row["Coin"], [row], [each for each in cross if margin_coin(each) == row["Coin"]], False) for row in held
    ]
    for row in open_:
        if row["MarginMode"] == "isolated":
            own = {"Coin": margin_coin(row), "Balance": row["Margin"], "Price": 1.0}
            found.append(Pool(row["Symbol"], [own], [row], False))
    return found


# --- answers ------------------------------------------------------------------------------------------------------


def never(figure: float) -> float | str:
    """Return a figure as a cell."""
    return figure if math.isfinite(figure) else "NEVER"


def first_of(mode: str, direction: float) -> tuple[float, str]:
    """Return the nearest move in a direction and what it liquidates."""
    falls = [(each.falls_at(direction), each.name) for each in pools(mode)]
    return min(falls, key=lambda fall: abs(fall[0]))


def stressed(mode: str, move: float) -> list[Any]:
    """Return a row of the stress table; every pool of these books gets worse all the way to its end."""
    at, found = moved(move), pools(mode)
    beside = math.fsum(row["Quantity"] * at[1](row) for row in table(mode, "Portfolio"))
    staked = [each for each in found if each.positions]
    ratios = [math.inf if (own := each.equity(*at)) <= 0.0 else each.need(*at) / own for each in staked]
    direction = math.copysign(1.0, move)
    falls = {each.name: each.falls_at(direction) for each in staked} if move else {}
    dead = sorted((name for name, fall in falls.items() if abs(fall) <= abs(move)), key=lambda name: abs(falls[name]))
    return [
        math.fsum([beside, *(each.value(*at) for each in found)]),
        math.fsum([beside, *(each.value(*at) for each in found if each.name not in dead)]),
        math.fsum(each.equity(*at) for each in found),
        "LIQUIDATABLE" if max(ratios) == math.inf else max(ratios),
        ", ".join(dead),
    ]


def _per_coin(mode: str, figure: Callable[[Pool], float]) -> Any:
    """Return one figure for a multi-asset account, else those of the wallets in their own coins."""
    found = [each for each in pools(mode) if not each.is_isolated]
    if word(mode) == "multi":
        return figure(found[0])
    return [[each.name, figure(each) / each.wallets[0]["Price"]] for each in found]


def _calls(mode: str) -> Iterator[tuple[str, str, tuple[Any, ...], Any]]:
    held, open_, style = as_range(wallets(mode)), as_range(positions(mode)), word(mode)
    spot = as_range(table(mode, "Portfolio"))
    now, found = moved(0.0), [each for each in pools(mode) if each.positions]
    yield "ACCOUNT_EQUITY", "", (held, open_, style), _per_coin(mode, lambda pool: pool.equity(*now))
    yield "ACCOUNT_MAINTENANCE", "", (open_, held, style), _per_coin(mode, lambda pool: pool.need(*now))
    equities, needs = [each.equity(*now) for each in found], [each.need(*now) for each in found]
    ratios: Any = [[need / own] for own, need in zip(equities, needs, strict=True)]
    given: tuple[Any, ...] = ([[each] for each in equities], [[each] for each in needs])
    if len(found) == 1:
        given, ratios = (equities[0], needs[0]), ratios[0][0]
    yield "ACCOUNT_MARGIN_RATIO", "", given, ratios
    falls = [first_of(mode, direction) for direction in (-1.0, 1.0)]
    both = (held, open_, "both", MISSING, style)
    yield "ACCOUNT_LIQUIDATION_MOVE", "", both, [[never(move) for move, _ in falls]]
    names = [name if math.isfinite(move) else "NEVER" for move, name in falls]
    yield "ACCOUNT_FIRST_TO_LIQUIDATE", "", both, [names]
    for pool in found:
        for row in pool.positions:
            asked = (row["Symbol"], held, open_, MISSING, MISSING, style)
            yield "ACCOUNT_LIQUIDATION_PRICE", f" {row['Symbol']}", asked, never(pool.price(row))
    headers = ["Value", "Value if lost", "Equity", "Ratio", "Liquidated"]
    shocks = [["ALL"], *([move] for move in MOVES)]
    yield "STRESS_TABLE", "", (shocks, held, open_, spot, style), [headers, *(stressed(mode, each) for each in MOVES)]
    for row in table(mode, "Wallets"):
        if isinstance(row["Ratio"], str):
            amount, price, rows = float(row["Balance"]), float(row["Price"]), bands(mode, row["Coin"], row["Ratio"])
            worth = amount * share_of(rows, amount) * price
            yield "COLLATERAL_VALUE", f" {row['Coin']}", (amount, price, rows), worth


def cases() -> Iterator[Case]:
    """Yield the calls on the mode books with their answers."""
    for mode in MODES:
        for function, what, arguments, result in _calls(mode):
            yield Case(f"{function}: book {mode}{what}", function, arguments, result, "edge")
    stated = table(GIVEN, "Wallets")[0]
    equity, needed = float(stated["Equity"]), float(stated["Maintenance"])
    name = "ACCOUNT_MARGIN_RATIO"
    yield Case(f"{name}: book {GIVEN}", name, (equity, needed), needed / equity, "edge")
    yield Case(f"{name}: book {GIVEN} level", name, (equity, needed, "level"), equity / needed, "edge")
