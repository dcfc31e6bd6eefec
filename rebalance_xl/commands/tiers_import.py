"""`rebalance-xl tiers import FILE...`: tiers from venues' answers into the user's own tier file or a book."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rebalance_xl import terminal
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import CellError
from rebalance_xl.commands.options import UsageError, read_day
from rebalance_xl.functions.tier_answers import AnswerError, Found, read_answer
from rebalance_xl.functions.tier_files import RawTable, canonical, own_file, read_own_rows
from rebalance_xl.functions.tier_reading import TierError
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables, tables_in
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.refusals import Refused

#: The columns of a tier file: those of MarginTiers, and the contract type.
COLUMNS = ("Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit", "AsOf", "Source", "Contract")


def run(files: Sequence[Path], venue: str, as_of: str, output: Path | None, book: Path | None, as_json: bool) -> int:
    """Read the files and write what can be used; returns 1 where something was refused, 2 for a wrong request."""
    if not files:
        terminal.complain("name the files to import: what a venue's endpoint or ccxt answered, as JSON")
        return 2
    if output is not None and book is not None:
        terminal.complain("give either --output or --book")
        return 2
    try:
        read_day(as_of)
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    found, troubles = _read(files, venue, as_of)
    usable, refused = checked(found)
    troubles += [*found.refused, *refused]
    target = output or own_file()
    if usable:
        try:
            if book is not None:
                _into_book(book, usable)
            elif target is None:
                terminal.complain("there is no place for a tier file of your own: give --output FILE.csv")
                return 2
            else:
                _into_file(target, usable)
                shipped_tables.cache_clear()
        except (OSError, Refused, BookError, TierError) as failure:
            terminal.complain(f"{book or target}: {failure}")
            return 1
    place = str(book or target)
    if as_json:
        terminal.print_json({"written": [each.name for each in usable], "to": place, "refused": troubles})
    else:
        for each in usable:
            terminal.say(f"{each.name}: {len(each.cells)} tiers, {each.unit}, as of {each.as_of or 'unknown'}")
        if usable:
            terminal.say(f"{place}: {len(usable)} tables written; they go before the shipped ones")
        for text in troubles:
            terminal.complain(text)
    return 1 if troubles or not usable else 0


def _read(files: Sequence[Path], venue: str, as_of: str) -> tuple[Found, list[str]]:
    found, troubles = Found(), []
    for path in files:
        try:
            answer = json.loads(path.read_text(encoding="utf-8-sig"))
            day = as_of or dt.date.fromtimestamp(path.stat().st_mtime).isoformat()
            part = read_answer(answer, venue=venue.casefold(), as_of=day, source=path.name)
        except OSError as failure:
            troubles.append(f"{path}: cannot be read: {failure.strerror or failure}")
            continue
        except (ValueError, KeyError, TypeError, AttributeError) as failure:
            told = failure if isinstance(failure, AnswerError) else f"not a known answer ({failure})"
            troubles.append(f"{path}: {told}")
            continue
        found.tables += part.tables
        found.sizes |= part.sizes
        found.refused += [f"{path}: {text}" for text in part.refused]
    return found, troubles


def checked(found: Found) -> tuple[list[RawTable], list[str]]:
    """Return the tables that the product can use, contract sizes filled in, and why others are refused.

    A table in contracts takes the size from an instruments file among the files, else from the shipped table of the
    same symbol.
    """
    sizes = {canonical(name): unit for name, unit in found.sizes.items()}
    usable, refused = [], []
    for table in found.tables:
        key = canonical(table.name)
        if table.unit == "contracts":
            unit = sizes.get(key) or (shipped_tables().raw(key).unit if shipped_tables().has(key) else "contracts")
            table = RawTable(table.name, table.cells, unit, table.contract, table.as_of, table.source)
        answer = TierTables([table], "the file").lookup(table.name)
        if isinstance(answer, CellError):
            size = "; import the instruments file with it" if "without saying how large" in answer.reason else ""
            refused.append(answer.reason + size)
        else:
            usable.append(table)
    return usable, refused


def rows_of(tables: Sequence[RawTable]) -> list[list[Any]]:
    """Return tables as rows of :data:`COLUMNS`."""
    return [
        [
            *table.name.split(":", 1),
            *(list(row) + [None] * 5)[:5],
            table.unit,
            table.as_of,
            table.source,
            table.contract,
        ]
        for table in tables
        for row in table.cells
    ]


def _merged(there: Sequence[RawTable], new: Sequence[RawTable]) -> list[RawTable]:
    replaced = {canonical(each.name) for each in new}
    return [*(each for each in there if canonical(each.name) not in replaced), *new]


def _into_file(path: Path, tables: Sequence[RawTable]) -> None:
    there = tables_in(read_own_rows(path)) if path.is_file() else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows_of(_merged(there, tables)):
        writer.writerow(["" if cell is None else f"{cell:.15g}" if isinstance(cell, float) else cell for cell in row])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(path)


def _into_book(path: Path, tables: Sequence[RawTable]) -> None:
    port = FileWorkbook.open(path)
    data = port.read_table("MarginTiers")
    if data is None:
        raise TierError("the book has no table MarginTiers")
    there = tables_in([list(data.headers), *(list(row) for row in data.rows)])
    port.write_table("MarginTiers", COLUMNS[:10], [row[:10] for row in rows_of(_merged(there, tables))])
    port.commit()
