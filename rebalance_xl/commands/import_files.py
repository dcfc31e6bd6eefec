"""`rebalance-xl import`: balances and trades from files that exchanges and trackers export, previewed and written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rebalance_xl import terminal
from rebalance_xl.book.problems import BookError
from rebalance_xl.commands.filling import fill, print_changes
from rebalance_xl.commands.options import Overrides, UsageError
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.table_files import TableFileError
from rebalance_xl.venues.difference import Changes, Options, as_data, compare
from rebalance_xl.venues.export_balances import MAPPED
from rebalance_xl.venues.export_text import Export
from rebalance_xl.venues.exports import read_statement
from rebalance_xl.venues.importing import Choice, rows_of_statement
from rebalance_xl.venues.movements import Statement
from rebalance_xl.venues.preparing import prepared
from rebalance_xl.venues.remembered import RememberedError, remember, remembered, remembered_aliases
from rebalance_xl.venues.rows import Found
from rebalance_xl.venues.telling import summary

KINDS = ("balances", "flows", "trades")
_LARGEST = 500_000_000


@dataclass(slots=True)
class Request:
    """The command line as given."""

    book: Path
    files: Sequence[Path]
    mapping: Sequence[str] = ()
    venue: str = ""
    only: str = ""
    dry_run: bool = False
    as_json: bool = False
    zero_missing: bool = False
    output: Path | None = None
    overrides: Overrides = field(default_factory=Overrides)
    #: What the book is called in messages, where that is not its own path.
    shown: str = ""
    #: For tests: what time it is.
    now: dt.datetime | None = None


def run(request: Request) -> int:
    """Import files into a book; returns the exit code. A file that cannot be read for sure stops the whole import."""
    try:
        return _import(request)
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    except (TableFileError, RememberedError) as failure:
        terminal.complain(str(failure))
    except Refused as refusal:
        terminal.complain(f"{request.shown or request.book}: {refusal}")
    except BookError as failure:
        for problem in failure.problems:
            terminal.complain(f"{request.shown or request.book}: {problem}")
    return 1


def _import(request: Request) -> int:
    named = _mapping(request.mapping)
    kinds = [each.strip().lower() for each in request.only.split(",") if each.strip()] or list(KINDS)
    for each in kinds:
        if each not in KINDS:
            raise UsageError(f'--only has "{each}"; allowed are {", ".join(KINDS)}')
    if request.dry_run and request.output is not None:
        raise UsageError("--dry-run writes nothing: it goes without -o")
    aliases = remembered_aliases(request.book)
    statements = [_read(request.book, path, named) for path in request.files]
    choice = Choice(request.venue.strip(), frozenset(kinds), aliases)
    now = request.now or dt.datetime.now(dt.UTC)

    def compared(port: FileWorkbook) -> Changes:
        found = Found()
        for (statement, _), path in zip(statements, request.files, strict=True):
            found.take(rows_of_statement(port, statement, path.name, now, choice))
        _refuse_twice(found)
        quote = port.read_name("Quote")
        text = quote.strip().upper() if isinstance(quote, str) and quote.strip() else "USD"
        return compare(port, prepared(port, found, text), Options(now, True, request.zero_missing, text))

    changes, _ = fill(request.book, request.output, request.overrides, compared, request.dry_run)
    if named and not request.dry_run:
        for _, export in statements:
            remember(request.book, "|".join(export.headers), named)
    _tell(request, statements, changes)
    return 0


def _read(book: Path, path: Path, named: Mapping[str, str]) -> tuple[Statement, Export]:
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise TableFileError(f"{path.name}: is larger than {_LARGEST // 1_000_000} MB")
        data = path.read_bytes()
    except OSError as failure:
        raise TableFileError(f"{path}: cannot be read: {failure.strerror or failure}") from None
    kept = remembered(book).get("maps", {})

    def mapping(export: Export) -> Mapping[str, str]:
        return named or {str(key): str(title) for key, title in kept.get("|".join(export.headers), {}).items()}

    return read_statement(data, path, mapping)


def _mapping(words: Sequence[str]) -> dict[str, str]:
    """Return what ``--map coin=Asset`` names; several may stand in one, with commas between them."""
    found = {}
    for word in words:
        for part in word.split(","):
            key, equals, title = part.partition("=")
            key = key.strip().casefold()
            if not equals or not title.strip() or key not in (*MAPPED, "dates"):
                raise UsageError(
                    f'--map is "{part}"; write one of {", ".join(MAPPED)} = a title, or dates = dmy or mdy'
                )
            if key == "dates" and title.strip() not in ("dmy", "mdy"):
                raise UsageError(f'--map dates is "{title.strip()}"; allowed are dmy and mdy')
            found[key] = title.strip()
    return found


def _refuse_twice(found: Found) -> None:
    """Refuse two files that state different balances of one coin at one venue."""
    seen: dict[tuple[object, ...], float] = {}
    for row in found.rows:
        if row.table != "Portfolio":
            continue
        key = tuple(row.key.values())
        quantity = row.values["Quantity"]
        assert isinstance(quantity, float)
        if seen.setdefault(key, quantity) != quantity:
            where = " at ".join(str(each) for each in key if each)
            raise TableFileError(
                f"{row.source}: {where} is {quantity:.12g} here and {seen[key]:.12g} in another file: take one of them"
            )


def _tell(request: Request, statements: Sequence[tuple[Statement, Export]], changes: Changes) -> None:
    read = [
        {"file": path.name, "kind": statement.source, "tells": statement.kind, "rows": len(export.rows)}
        for path, (statement, export) in zip(request.files, statements, strict=True)
    ]
    if request.as_json:
        terminal.print_json(
            {"book": str(request.book), "written": not request.dry_run, "files": read, **as_data(changes)}
        )
        return
    for each in read:
        terminal.say(f"{each['file']}: {each['kind']}, {each['rows']} rows")
    print_changes(changes)
    done = "nothing is written (--dry-run)" if request.dry_run else "written" if changes else "nothing to write"
    terminal.say(f"{request.shown or request.output or request.book}: {summary(changes)}; {done}")
