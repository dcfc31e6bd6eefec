"""The write path of refresh and import: compared with the book as it stands, then written in one step or only shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance_xl import terminal
from rebalance_xl.commands.options import Overrides
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.output import update
from rebalance_xl.recalc.files.refusals import read_input
from rebalance_xl.recalc.workbook import recalculate_bytes
from rebalance_xl.venues.difference import Changes, apply
from rebalance_xl.venues.telling import HEADERS, difference_rows


@dataclass(frozen=True, slots=True)
class Calculated:
    """A book with its formulas calculated in memory.

    Parameters
    ----------
    data
        The file's bytes as they were read.
    port
        The book with its values up to date; only read, until it is written.
    """

    data: bytes
    port: FileWorkbook


def calculated(book: Path, ignore_lock: bool) -> Calculated:
    """Return a book with its formulas calculated in memory."""
    data, _ = read_input(book, ignore_lock)
    return Calculated(data, FileWorkbook.from_bytes(recalculate_bytes(data)[0]))


def fill(
    book: Path,
    output: Path | None,
    overrides: Overrides,
    compare: Callable[[FileWorkbook], Changes],
    dry_run: bool,
    ready: Calculated | None = None,
) -> tuple[Changes, bytes]:
    """Compare a book with what was read and write the difference losslessly; formulas are calculated after it.

    Parameters
    ----------
    book, output
        The book, and where the result goes; in place by default.
    overrides
        What may be done although the file asks not to be touched.
    compare
        Gives the changes for the book as it stands; called while nothing else may write it.
    dry_run
        Write nothing.
    ready
        The book as it was read a moment ago: not calculated again where the file is still the same.

    Returns
    -------
    tuple of Changes and bytes
        What changes, and the book with it.

    Raises
    ------
    Refused, BookError
        The book cannot be read or written; it is as it was.
    """
    if dry_run:
        port = (ready or calculated(book, True)).port
        changes = compare(port)
        apply(port, changes)
        return changes, recalculate_bytes(port.content())[0]
    with update(book, output, ignore_lock=overrides.ignore_lock, read_only_too=overrides.read_only_too) as held:
        same = ready is not None and ready.data == held.data
        port = ready.port if ready and same else FileWorkbook.from_bytes(recalculate_bytes(held.data)[0])
        changes = compare(port)
        if not changes and output is None:
            return changes, held.data
        apply(port, changes)
        content, _ = recalculate_bytes(port.content())
        held.write(content)
    return changes, content


def print_changes(changes: Changes) -> None:
    """Print the table of cells and rows, then the notes."""
    rows: list[list[Any]] = difference_rows(changes)
    if rows:
        terminal.print_table(HEADERS, rows, right=(3,))
    for note in changes.notes:
        terminal.say(f"Note: {note}")
