"""Generated books of 100 rows: healthy ones with what must come out, and ones with a planted problem."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

ROWS = 100
BAND = 0.002

#: Each planted problem with the words that must stand in the report about its book.
PROBLEMS = {
    "text in a quantity": "#VALUE!",
    "error value in a price": "#N/A",
    "targets above 1": "targets sum to",
    "negative quantity": "values is -",
    "unknown function": "unknown-function:NOSUCHFUNCTION",
    "circular formula": "circular",
    "unreadable formula": "engine-unsupported",
    "bad option word": 'trim_to is "sideways"',
    "truncated file": "failed",
    "not a zip file": "failed",
}


@dataclass(frozen=True, slots=True)
class Planted:
    """One generated book: the amounts that must come out, or the problem that was planted."""

    path: Path
    values: list[float]
    trims: list[float]
    adds: list[float]
    problem: str = ""


def write_many(folder: Path, count: int, seed: int = 20261122) -> list[Planted]:
    """Write `count` books into a folder, every second one with a planted problem."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    kinds = sorted(PROBLEMS)
    return [
        _write(folder / f"book{i:04}.xlsx", chance, kinds[(i // 2) % len(kinds)] if i % 2 else "") for i in range(count)
    ]


def _write(path: Path, chance: random.Random, problem: str) -> Planted:
    quantities = [round(chance.uniform(0.1, 50.0), 4) for _ in range(ROWS)]
    prices = [round(chance.uniform(0.5, 900.0), 2) for _ in range(ROWS)]
    parts = [chance.uniform(0.2, 1.8) for _ in range(ROWS)]
    targets = [round(part / sum(parts) * 0.99, 6) for part in parts]
    _write_book(path, quantities, prices, targets, problem)
    if problem == "truncated file":
        path.write_bytes(path.read_bytes()[:-700])
    elif problem == "not a zip file":
        path.write_bytes(b"Asset,Value\nBTC,1\n")
    # The independent computation: the rule of the domain, written out, with nothing of the package.
    values = [quantity * price for quantity, price in zip(quantities, prices, strict=True)]
    total = sum(values)
    trims = [
        value - target * total if value / total - target > BAND + 1e-9 else 0.0
        for value, target in zip(values, targets, strict=True)
    ]
    adds = [
        target * total - value if target - value / total > BAND + 1e-9 else 0.0
        for value, target in zip(values, targets, strict=True)
    ]
    return Planted(path, values, trims, adds, problem)


def _write_book(path: Path, quantities: list[float], prices: list[float], targets: list[float], problem: str) -> None:
    headers = ["Asset", "Quantity", "Price", "Value", "Target", "Band"]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        columns: list[dict[str, str]] = [{"header": name} for name in headers]
        columns[3]["formula"] = "=[@Quantity]*[@Price]"
        sheet.add_table(0, 0, ROWS, 5, {"name": "Portfolio", "columns": columns})
        for i in range(ROWS):
            sheet.write_row(i + 1, 0, [f"COIN{i:03}", quantities[i], prices[i]])
            sheet.write_row(i + 1, 4, [targets[i], BAND])
        sheet.write_dynamic_array_formula(1, 7, ROWS, 7, "=TRIM_AMOUNT()", None, 0)
        for i in range(ROWS):
            sheet.write_formula(i + 1, 8, f"=ADD_AMOUNT(D{i + 2},E{i + 2},F{i + 2},,,SUM($D$2:$D${ROWS + 1}))", None, 0)
        sheet.write_formula("K2", "=SUM(Portfolio[Value])", None, 0)
        if problem == "text in a quantity":
            sheet.write_string(5, 1, "ten")
        elif problem == "error value in a price":
            sheet.write_formula(5, 2, "=NA()", None, "#N/A")
        elif problem == "targets above 1":
            sheet.write_number(5, 4, 0.9)
        elif problem == "negative quantity":
            sheet.write_number(5, 1, -3.0)
        elif problem == "unknown function":
            sheet.write_formula("K3", "=NOSUCHFUNCTION(1)", None, 5)
        elif problem == "circular formula":
            sheet.write_formula("K3", "=K4+1", None, 5)
            sheet.write_formula("K4", "=K3+1", None, 6)
        elif problem == "unreadable formula":
            sheet.write_formula("K3", "=SUM(1,,)*(2", None, 5)
        elif problem == "bad option word":
            sheet.write_formula("K3", '=TRIM_AMOUNT(D2,E2,F2,"sideways",,K2)', None, 5)
