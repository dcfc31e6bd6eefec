"""A year of monthly reviews on an untidy book in EUR, kept beside by an independent ledger, to the cent."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from tests.book.books import perpetual, workbook

CENT = 0.01
FEES = {"binance": (0.001, 0.0005), "kraken": (0.0026, 0.0)}
TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit"],
    *[["binance", symbol, 0.0, None, 100.0, 0.005, 0.0, "USDT"] for symbol in ("BTCUSDT", "ETHUSDT", "NEAR", "FAR")],
    ["binance", "BTCUSD", 0.0, None, 100.0, 0.004, 0.0, "coin"],
]


def row(asset: str, venue: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    return {"Asset": asset, "Venue": venue, "Quantity": quantity, "Price": price, **more}


def untidy() -> MemoryWorkbook:
    """Return the book at the start: prices in EUR, futures in USDT, which is 0.90 EUR."""
    portfolio = [
        row("BTC", "binance", 0.5, 45_000.0, Target=0.35, Band=0.05, Priority=1, Lot=0.0001, CostBasis=15_000.0),
        row("BTC", "ledger", 0.3, 45_000.0, Locked="yes", CostBasis=6_000.0),
        row("ETH", "binance", 10.0, 2_250.0, Target=0.2, Band=0.05, Locked=4.0, Lot=0.001, CostBasis=18_000.0),
        row("SOL", "kraken", 100.0, 135.0, Target=0.1, Band=0.04, Lot=0.01, CostBasis=9_000.0, Sector="L1"),
        row("ENA", "binance", 10.0, 0.1, Target=0.0, MinNotional=5.0),
        row("LUNA", "binance", 5_000.0, None),
        row("USDT", "binance", 9_000.0, 0.9, Target=0.15, Band=0.1),
        row("EUR", "kraken", 6_000.0, 1.0),
    ]
    futures = [
        perpetual("BTCUSDT", "BTC", "short", 50_000.0, Venue="binance", HedgeRatio=0.15, Leverage=3.0, Lot=0.001),
        perpetual(
            "BTCUSD",
            "BTC",
            "short",
            50_000.0,
            Venue="binance",
            HedgeRatio=0.1,
            Leverage=2.0,
            Contract="inverse",
            Lot=10.0,
            Priority=5,
        ),
        perpetual("ETHUSDT", "ETH", "long", 2_500.0, Venue="binance", Target=0.02, Leverage=10.0, Band=0.03, Lot=0.01),
        perpetual("NEAR", "SOL", "long", 150.0, Venue="binance", Spread="sol", Target=0.02, Leverage=4.0, Lot=0.1),
        perpetual("FAR", "SOL", "short", 153.0, Venue="binance", Spread="sol", Leverage=4.0, Lot=0.1),
    ]
    events = [
        {"Scope": "L1", "Action": "TRIM", "Start": dt.date(2026, 4, 1), "End": dt.date(2026, 5, 30), "Level": 0.5},
    ]
    venues = [
        {"Venue": name, "SpotFee": spot, "FuturesFee": futures_fee, "WithdrawalFee": 2.0}
        for name, (spot, futures_fee) in FEES.items()
    ]
    settings = {
        "Quote": "EUR", "ReviewFrequency": "monthly", "LastReview": dt.date(2025, 12, 31), "ReviewDrift": 0.02,
        "MinTrade": 20.0, "ReserveMin": 0.05,
    }  # fmt: skip
    book = workbook(portfolio, futures, settings, events, venues)
    book.tables["MarginTiers"] = TIERS
    book.tables["Fills"] = [["Date", "Asset", "Action", "Quantity", "Price", "Amount", "Fee", "Venue", "Realised gain"]]
    book.tables["CashFlows"] = [["Date", "Kind", "Asset", "Amount", "Venue", "Note"]]
    return book


class Ledger:
    """Double entry by hand, without the book's code: units by asset and venue, money by venue, positions by symbol."""

    def __init__(self, book: MemoryWorkbook) -> None:
        self.units: dict[tuple[str, str], float] = {}
        self.money: dict[str, float] = {}
        self.positions = {name: {"size": 0.0, "entry": 0.0, "margin": 0.0} for name in _symbols(book)}
        self.coins = 0.0
        header, *rows = book.tables["Portfolio"]
        for cells in rows:
            one = dict(zip(header, cells, strict=True))
            if one["Asset"] not in ("USDT", "EUR"):
                self.units[one["Asset"], one["Venue"]] = one["Quantity"]
        self.fees = 0.0
        self.prices: dict[str, float] = {}
        self.marks: dict[str, float] = {}

    def reprice(self, prices: dict[str, float], marks: dict[str, float], money: dict[str, float]) -> None:
        """Take new prices, and the money that each venue's stablecoins are worth at them."""
        self.prices, self.marks, self.money = dict(prices), dict(marks), dict(money)
        self.fees = 0.0

    def carry(self, fill: dict[str, Any]) -> None:
        """Book one line of the Plan as it was filled."""
        asset, action, venue = fill["Asset"], fill["Action"], fill["Venue"]
        quantity, price, fee = fill["Quantity"], fill["Price"], fill["Fee"]
        self.fees += fee
        if action in ("SELL", "BUY"):
            side = 1.0 if action == "BUY" else -1.0
            self.units[asset, venue] += side * quantity
            self.money[venue] -= side * quantity * price + fee
        elif action == "TRANSFER":
            self.money[venue] -= quantity * price + fee
            self.money[fill["To venue"]] += quantity * price
        elif action == "CONVERT":
            if fill["To venue"]:
                self.units[asset, venue] -= quantity
                self.coins += quantity * price
            else:
                self.money[venue] -= quantity * price + fee
                self.coins += quantity * price
        elif action in ("CLOSE", "REDUCE"):
            self._close(asset, venue, quantity, price, fee)
        else:
            self._open(fill)

    def _worth(self, symbol: str) -> float:
        """Money of one coin in which a position is kept: BTC for the inverse one, else USDT."""
        return self.prices["BTC"] if symbol == "BTCUSD" else self.prices["USDT"]

    def _side(self, symbol: str) -> float:
        return 1.0 if symbol in ("ETHUSDT", "NEAR") else -1.0

    def profit(self, symbol: str, size: float, price: float) -> float:
        """Profit of a size in coins of the margin."""
        entry = self.positions[symbol]["entry"]
        if not size:
            return 0.0
        moved = 1 / entry - 1 / price if symbol == "BTCUSD" else price - entry
        return self._side(symbol) * size * moved

    def _close(self, symbol: str, venue: str, size: float, price: float, fee: float) -> None:
        position = self.positions[symbol]
        margin = position["margin"] * size / position["size"]
        worth = self._worth(symbol) * (price / self.marks[symbol] if symbol == "BTCUSD" else 1.0)
        self.money[venue] += max(0.0, (margin + self.profit(symbol, size, price)) * worth) - fee
        position["margin"] -= margin
        position["size"] -= size
        if position["size"] < 1e-9:
            position["size"] = position["margin"] = 0.0

    def _open(self, fill: dict[str, Any]) -> None:
        symbol, size, price = fill["Asset"], fill["Quantity"], fill["Price"]
        position = self.positions[symbol]
        before = position["size"]
        if symbol == "BTCUSD":
            inverse = (before / position["entry"] if before else 0.0) + size / price
            position["entry"] = (before + size) / inverse
        else:
            position["entry"] = (before * position["entry"] + size * price) / (before + size)
        position["size"] = before + size
        unit = self._worth(symbol) / self.marks[symbol] if symbol == "BTCUSD" else price * self._worth(symbol)
        posted = fill["Amount"] * size * unit / fill["Notional"] if fill["edited"] else fill["Amount"]
        position["margin"] += posted / self._worth(symbol)
        cost = posted + fill["Fee"]
        if symbol == "BTCUSD":
            paid = min(self.coins, cost)
            self.coins -= paid
            cost -= paid
        self.money[fill["Venue"]] -= cost

    def value(self) -> float:
        """Worth of everything in EUR."""
        held = sum(units * self.prices.get(asset, 0.0) for (asset, _), units in self.units.items())
        equity = 0.0
        for symbol, position in self.positions.items():
            coins = position["margin"] + self.profit(symbol, position["size"], self.marks[symbol])
            equity += max(0.0, coins) * self._worth(symbol) if position["size"] else 0.0
        return held + sum(self.money.values()) + equity


def _symbols(book: MemoryWorkbook) -> list[str]:
    return [str(cells[0]) for cells in book.tables["Futures"][1:]]


def reprice(book: MemoryWorkbook, prices: dict[str, float], marks: dict[str, float]) -> None:
    """Write prices and marks into the book."""
    for table, column, values in (("Portfolio", "Price", prices), ("Futures", "MarkPrice", marks)):
        header, *rows = book.tables[table]
        for cells in rows:
            if cells[0] in values:
                cells[header.index(column)] = values[cells[0]]


def money_of(book: MemoryWorkbook) -> dict[str, float]:
    """Return the money of the stablecoins by venue."""
    header, *rows = book.tables["Portfolio"]
    found = {"binance": 0.0, "kraken": 0.0}
    for cells in rows:
        one = dict(zip(header, cells, strict=True))
        if one["Asset"] in ("USDT", "EUR"):
            found[one["Venue"]] += one["Quantity"] * one["Price"]
    return found


def edited(draw: random.Random, book: MemoryWorkbook) -> list[dict[str, Any]]:
    """Edit some lines of the Plan to partial fills at other prices; return all fills."""
    header, *rows = book.tables["Plan"]
    fills = []
    pairs = {"NEAR", "FAR"}
    for cells in rows:
        one = dict(zip(header, cells, strict=True))
        if one["Action"] in ("HOLD", "CHECK", "TRIGGER", "WARNING"):
            continue
        one["edited"] = False
        plain = one["Action"] in ("SELL", "BUY", "OPEN LONG") and one["Asset"] not in pairs
        if plain and draw.random() < 0.4:
            share = draw.choice([1.0, 0.5]) if one["Action"] != "SELL" else 1.0
            better = draw.uniform(0.0, 0.002)
            one["Quantity"] = round(one["Quantity"] * share, 8)
            one["Price"] *= 1 + better if one["Action"] == "SELL" else 1 - better
            one["edited"] = one["Action"] == "OPEN LONG"
            for name in ("Quantity", "Price"):
                cells[header.index(name)] = one[name]
        fills.append(one)
    return fills


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_year_agrees_with_an_independent_ledger(seed: int) -> None:
    """Units, money at each venue, positions, fees and value agree every month; a liquidation is corrected by hand."""
    draw = random.Random(seed)
    book = untidy()
    ledger = Ledger(book)
    prices = {"BTC": 45_000.0, "ETH": 2_250.0, "SOL": 135.0, "ENA": 0.1, "USDT": 0.9, "EUR": 1.0}
    traded = gone = 0
    kinds: set[str] = set()
    for month in range(1, 13):
        for asset, width in (("BTC", 0.18), ("ETH", 0.22), ("SOL", 0.3), ("ENA", 0.3), ("USDT", 0.01)):
            prices[asset] *= 1 + draw.uniform(-width, width)
        if month == 6:
            prices["ETH"] *= 0.8  # nobody's 10x long survives this
        dollars = {asset: price / prices["USDT"] for asset, price in prices.items()}
        marks = {"BTCUSDT": dollars["BTC"], "BTCUSD": dollars["BTC"] * 1.0004, "ETHUSDT": dollars["ETH"]}
        marks |= {"NEAR": dollars["SOL"] * 1.01, "FAR": dollars["SOL"] * 1.03}
        reprice(book, prices, marks)
        flow = draw.choice([0.0, 1_500.0, -800.0])
        header, *rows = book.tables["Portfolio"]
        euros = next(cells for cells in rows if cells[0] == "EUR")
        euros[header.index("Quantity")] = max(0.0, euros[header.index("Quantity")] + flow)
        day = dt.date(2026, month, 28)
        if flow:
            kind = "DEPOSIT" if flow > 0 else "WITHDRAWAL"
            book.append_row("CashFlows", {"Date": day, "Kind": kind, "Asset": "EUR", "Amount": flow, "Venue": "kraken"})
        ledger.reprice(prices, marks, money_of(book))
        plan = actions.plan(book, day)
        for line in plan.lines:
            if line.reason.startswith("LIQUIDATED"):
                gone += 1
                futures, *positions = book.tables["Futures"]
                cells = next(cells for cells in positions if cells[0] == line.asset)
                for column in ("Quantity", "Margin"):
                    cells[futures.index(column)] = 0.0
                ledger.positions[line.asset] = {"size": 0.0, "entry": 0.0, "margin": 0.0}
        assert actions.plan(book, day).totals.value == pytest.approx(ledger.value(), abs=CENT)
        plan = actions.rebalance(book, day)
        assert plan.totals.check == 0.0
        if plan.nothing_to_do and not plan.review:
            continue
        fills = edited(draw, book)
        kinds |= {fill["Action"] for fill in fills}
        traded += len(fills)
        for fill in fills:
            ledger.carry(fill)
        ledger.money["binance"] += ledger.coins  # coins that were not posted went back
        ledger.coins = 0.0
        done = actions.record(book, day)
        read = read_book(book, day)
        for holding in read.holdings:
            if not holding.stable:
                assert holding.quantity == pytest.approx(ledger.units[holding.asset, holding.venue], abs=1e-9)
        assert money_of(book) == pytest.approx(ledger.money, abs=CENT)
        for position in read.positions:
            mine = ledger.positions[position.symbol]
            assert position.quantity == pytest.approx(mine["size"], abs=1e-9)
            assert position.margin == pytest.approx(mine["margin"], abs=1e-9)
            if position.quantity:
                assert position.entry == pytest.approx(mine["entry"], rel=1e-12)
        assert book_value(read) == pytest.approx(ledger.value(), abs=CENT)
        assert done.journal["Fees"] == pytest.approx(ledger.fees, abs=CENT)
        assert done.journal["Value"] == pytest.approx(ledger.value(), abs=CENT)
        assert len(book.tables["Fills"]) - 1 == traded
    assert traded > 20
    assert gone > 0
    assert {"SELL", "BUY", "TRANSFER", "CONVERT", "OPEN SHORT", "OPEN LONG"} <= kinds
