"""Write the domain's further examples as books: Scenario B with a spread, a sector event, a breakout.

Run ``python examples/make_scenarios.py`` from the checkout. Each book opens on a sheet that says what it shows and what
its plan does; ``rebalance-xl plan examples/scenario_b.xlsx`` prints that plan. The same bytes come out everywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter

from rebalance_xl.book.schema import FILLS, JOURNAL, PLAN

HERE = Path(__file__).resolve().parent
AS_OF = dt.datetime(2026, 11, 20)
WIDTHS = {"Reason": 60, "Note": 40}

VALUE = "=Portfolio[[#This Row],[Quantity]]*Portfolio[[#This Row],[Price]]"
PORTFOLIO = ("Asset", "Sector", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band", "Priority")
FUTURES = (
    "Symbol", "Asset", "Venue", "Side", "MarginMode", "Quantity", "EntryPrice", "MarkPrice", "Leverage", "Margin",
    "FundingRate", "FundingHours", "Expiry", "Target", "HedgeRatio", "Priority", "Spread",
)  # fmt: skip
EVENTS = ("Scope", "Action", "Start", "Level", "Note")


@dataclass(frozen=True)
class Scenario:
    """A book: what it shows, its tables (header row first) and its settings."""

    title: str
    story: tuple[str, ...]
    tables: Mapping[str, Sequence[Sequence[Any]]]
    settings: Mapping[str, Any] = field(default_factory=dict)


def rows(columns: Sequence[str], *cells: Mapping[str, Any]) -> list[list[Any]]:
    """Return a table: its headers and one row a mapping, blank where a mapping says nothing."""
    return [list(columns), *[[row.get(column) for column in columns] for row in cells]]


def spot(asset: str, quantity: float, price: float, target: float, band: float, **more: Any) -> dict[str, Any]:
    """Return a row of Portfolio at binance."""
    named = {"Asset": asset, "Kind": "spot", "Venue": "binance", "Quantity": quantity, "Price": price}
    return named | {"Target": target, "Band": band} | more


def usdt(quantity: float, target: float, band: float) -> dict[str, Any]:
    """Return the row of the reserve."""
    return spot("USDT", quantity, 1.0, target, band) | {"Kind": "stable", "Sector": "Stablecoins"}


def contract(symbol: str, asset: str, side: str, mark: float, leverage: float, **more: Any) -> dict[str, Any]:
    """Return a row of Futures that is not open yet."""
    named = {"Symbol": symbol, "Asset": asset, "Venue": "binance", "Side": side, "MarginMode": "isolated"}
    return named | {"Quantity": 0, "MarkPrice": mark, "Leverage": leverage, "Margin": 0} | more


def closes(days: int) -> list[list[Any]]:
    """Return daily closes of BTC that climb from 90,000 to 95,000 and break out to 99,000 on the last day."""
    first = AS_OF - dt.timedelta(days=days - 1)
    steps = [90_000 + 5_000 * day / (days - 2) for day in range(days - 1)]
    return [["Date", "BTC"], *[[first + dt.timedelta(days=day), round(close, 2)] for day, close in enumerate(steps)],
            [AS_OF, 99_000]]  # fmt: skip


PERPETUAL = {"FundingRate": 0.0001, "FundingHours": 8}
SCENARIOS = {
    "scenario_b": Scenario(
        "Scenario B: after a rally of the altcoins, 5 % of the book goes into a calendar spread",
        (
            "BTC is 40 %, ETH 20 % and the altcoins 40 % of 100,000; targets 50, 30, 20 %, bands 5, 5, 10 points.",
            "TrimTo is midpoint: the altcoins are sold down to 25 %, halfway to the band edge. That frees 15 %.",
            "By priority 10 % fills BTC to 50 %. 5 % is the margin of a spread: the dear near leg is sold, the far",
            "one bought, as many coins on both sides. ETH, last in the order, gets nothing, and its line says so.",
        ),
        {
            "Portfolio": rows(
                PORTFOLIO,
                spot("BTC", 0.4, 100_000, 0.50, 0.05, CostBasis=24_000, Priority=1),
                spot("ETH", 8, 2_500, 0.30, 0.05, CostBasis=16_000, Priority=3),
                spot("ALTS", 20_000, 2, 0.20, 0.10, CostBasis=12_000, Priority=4),
            ),
            "Futures": rows(
                FUTURES,
                contract(
                    "BTCUSDT_261225",
                    "BTC",
                    "short",
                    103_000,
                    5,
                    Expiry=dt.datetime(2026, 12, 25),
                    Target=0.05,
                    Priority=2,
                    Spread="calendar",
                ),
                contract(
                    "BTCUSDT_270326",
                    "BTC",
                    "long",
                    102_000,
                    5,
                    Expiry=dt.datetime(2027, 3, 26),
                    Priority=2,
                    Spread="calendar",
                ),
            ),
            "MarginTiers": [
                ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit"],
                *[["binance", name, 0, 50_000, 25, 0.02, 0, "USDT"] for name in ("BTCUSDT_261225", "BTCUSDT_270326")],
            ],
        },
        {"TrimTo": "midpoint", "FundFrom": "none"},
    ),
    "sector_event": Scenario(
        "A regulator acts against privacy coins: trim every one of them at once, and hedge what remains",
        (
            "Two events name the sector: TRIM to half of the target, and HEDGE with a ratio of 1 on what is left.",
            "XMR is sold from 20 to 10 % and ZEC from 10 to 5 % of 100,000, inside their bands and without a review:",
            "the event comes before both. The 15 % that stay in spot are held short in full: their net delta is 0.",
        ),
        {
            "Portfolio": rows(
                PORTFOLIO,
                spot("BTC", 0.5, 100_000, 0.50, 0.10, CostBasis=30_000, Priority=1, Sector="Store of value"),
                spot("XMR", 100, 200, 0.20, 0.10, CostBasis=15_000, Priority=2, Sector="Privacy"),
                spot("ZEC", 250, 40, 0.10, 0.05, CostBasis=12_000, Priority=3, Sector="Privacy"),
                usdt(20_000, 0.20, 0.20),
            ),
            "Futures": rows(
                FUTURES,
                contract("XMRUSDT", "XMR", "short", 200, 5, **PERPETUAL),
                contract("ZECUSDT", "ZEC", "short", 40, 5, **PERPETUAL),
            ),
            "Events": rows(
                EVENTS,
                {
                    "Scope": "Privacy",
                    "Action": "TRIM",
                    "Start": dt.datetime(2026, 11, 19),
                    "Level": 0.5,
                    "Note": "exchanges must delist privacy coins",
                },
                {
                    "Scope": "Privacy",
                    "Action": "HEDGE",
                    "Start": dt.datetime(2026, 11, 19),
                    "Level": 1,
                    "Note": "what remains is held short",
                },
            ),
        },
    ),
    "breakout": Scenario(
        "BTC closes above its resistance: the leveraged long is raised from the reserve",
        (
            "Prices holds 40 closes. The last one, 99,000, is above the highest of the 30 before it (95,000) by more",
            "than the buffer of 1 %, so that the event BREAKOUT is in force: 4 % of the book is to be margin.",
            "1,000 is posted already; 3,000 more come from the reserve, which stays above ReserveMin. Nothing is sold.",
        ),
        {
            "Portfolio": rows(
                PORTFOLIO,
                spot("BTC", 0.8, 99_000, 0.80, 0.05, CostBasis=50_000, Priority=1),
                usdt(19_800, 0.20, 0.10),
            ),
            "Futures": rows(
                FUTURES,
                contract("BTCUSDT", "BTC", "long", 99_000, 5, **PERPETUAL)
                | {"Quantity": 0.05, "EntryPrice": 99_000, "Margin": 1_000},
            ),
            "Events": rows(
                EVENTS,
                {
                    "Scope": "BTC",
                    "Action": "BREAKOUT",
                    "Start": dt.datetime(2026, 11, 1),
                    "Level": 0.04,
                    "Note": "raise the long above the high of 30 days",
                },
            ),
            "Prices": closes(40),
        },
        {"ReserveMin": 0.10, "BreakoutLookback": 30, "BreakoutBuffer": 0.01},
    ),
}


def write(path: Path, scenario: Scenario) -> None:
    """Write one scenario as a workbook with empty Plan, Journal and Fills tables."""
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"title": scenario.title, "author": "Rebalancer", "created": AS_OF})
    day, title = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bold": True, "font_size": 14})
    about = book.add_worksheet("About")
    about.set_column(0, 0, 120)
    about.write_string(0, 0, scenario.title, title)
    for number, text in enumerate((*scenario.story, "", f"rebalance-xl plan {path.name} prints the plan."), 2):
        about.write_string(number, 0, text)
    empty = {table.name: [[column.name for column in table.columns]] for table in (PLAN, JOURNAL, FILLS)}
    for name, cells in {**scenario.tables, **empty}.items():
        sheet = book.add_worksheet(name)
        sheet.set_column(0, len(cells[0]) - 1, 14)
        sheet.freeze_panes(1, 1)
        columns: list[dict[str, Any]] = [{"header": header} for header in cells[0]]
        if name == "Portfolio":
            columns.append({"header": "Value", "formula": VALUE})
        sheet.add_table(0, 0, max(1, len(cells) - 1), len(columns) - 1, {"name": name, "columns": columns})
        for column, header in enumerate(cells[0]):
            if header in WIDTHS:
                sheet.set_column(column, column, WIDTHS[header])
        for row, values in enumerate(cells[1:], 1):
            for column, value in enumerate(values):
                if value is not None:
                    sheet.write(row, column, value, day if isinstance(value, dt.datetime) else None)
            if name == "Portfolio":
                worth = values[cells[0].index("Quantity")] * values[cells[0].index("Price")]
                sheet.write_formula(row, len(values), VALUE, None, worth)
    settings = book.add_worksheet("Settings")
    settings.set_column(0, 1, 18)
    for row, (name, value) in enumerate({"AsOf": AS_OF, "LastReview": None, **scenario.settings}.items()):
        settings.write_string(row, 0, name)
        if value is not None:
            settings.write(row, 1, value, day if isinstance(value, dt.datetime) else None)
        book.define_name(name, f"=Settings!$B${row + 1}")
    book.close()


def main(folder: Path = HERE) -> None:
    """Write every scenario into a folder."""
    for name, scenario in SCENARIOS.items():
        write(folder / f"{name}.xlsx", scenario)


if __name__ == "__main__":
    main()
