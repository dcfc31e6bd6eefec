"""`rebalance-xl stress`: what shocks do to a book, its accounts and its plan."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from rebalance_xl import terminal
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.stress import StressRow, outcome_words, read_shock, stress_book
from rebalance_xl.cells import CellError
from rebalance_xl.commands.options import UsageError, read_day
from rebalance_xl.functions.stress import Shock
from rebalance_xl.functions.stress_table import read_shocks
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.refusals import Refused, read_input
from rebalance_xl.recalc.workbook import recalculate_bytes


def run(book: Path, texts: Sequence[str], table: Path | None, as_of: str, as_json: bool) -> int:
    """Print what each shock does; returns the exit code."""
    try:
        day = read_day(as_of)
        shocks = _shocks(texts, table)
    except OSError as failure:
        terminal.complain(f"{table}: cannot be read: {failure.strerror or failure}")
        return 2
    except (UsageError, ValueError) as failure:
        terminal.complain(str(failure))
        return 2
    try:
        data, _ = read_input(book, ignore_lock=True)
        port = FileWorkbook.from_bytes(recalculate_bytes(data, as_of=day)[0])
        rows = stress_book(read_book(port, day, dt.date.today()), shocks)
    except Refused as refusal:
        terminal.complain(f"{book}: {refusal}")
        return 1
    except BookError as failure:
        for problem in failure.problems:
            terminal.complain(f"{book}: {problem}")
        return 1
    except ValueError as failure:
        terminal.complain(f"{book}: {failure}")
        return 2
    if as_json:
        terminal.print_json([dataclasses.asdict(row) | {"ratio": row.ratio} for row in rows])
    else:
        print_rows(rows)
    return 0


def _shocks(texts: Sequence[str], table: Path | None) -> list[Shock] | None:
    found = [read_shock(text) for text in texts]
    if table is not None:
        with open(table, newline="", encoding="utf-8-sig") as file:
            cells = [[_cell(text) for text in row] for row in csv.reader(file) if row]
        read = read_shocks(cells)
        if isinstance(read, CellError):
            raise ValueError(f"{table}: {read.reason}")
        found += [dataclasses.replace(each, name=each.name or f"row {number}") for number, each in enumerate(read, 1)]
    return found or None


def _cell(text: str) -> float | str | None:
    plain = text.strip()
    if not plain:
        return None
    try:
        return float(plain.removesuffix("%")) / (100.0 if plain.endswith("%") else 1.0)
    except ValueError:
        return plain


def print_rows(rows: Sequence[StressRow]) -> None:
    """Print one line a shock, and the pools of the accounts whose ratio a shock changes."""
    terminal.print_table(
        ["Shock", "Value", "If lost", "Ratio", "Liquidated, in order", "Reserve needed", "Trigger"],
        [
            [
                row.name,
                terminal.money(row.value),
                terminal.money(row.value_if_lost),
                outcome_words(row)["ratio"],
                outcome_words(row)["liquidated"],
                terminal.money(row.reserve) if row.reserve else "",
                row.trigger or "no plan",
            ]
            for row in rows
        ],
        right=[1, 2, 3, 5],
    )
    several = [row for row in rows if len(row.accounts) > 1]
    if several:
        terminal.say()
        names = [f"{each.account} {each.pool}".strip() for each in several[0].accounts]
        terminal.print_table(
            ["Ratio of", *(row.name for row in several)],
            [
                [name, *(_ratio(row.accounts[index].ratio, row.accounts[index].is_dead) for row in several)]
                for index, name in enumerate(names)
            ],
            right=range(1, len(several) + 1),
        )


def _ratio(ratio: float, is_dead: bool) -> str:
    return "dead" if is_dead else f"{ratio:.1%}"
