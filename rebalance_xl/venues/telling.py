"""A preview in words: the same for the command, the dialog of Excel and that of Calc."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rebalance_xl.book.interface import Cell
from rebalance_xl.cells import CellError
from rebalance_xl.venues.difference import Changes

HEADERS = ["Cell", "Row", "Column", "Old", "New", "Source", "Time"]
_STAMPS = ("Source", "Updated")


def difference_rows(changes: Changes) -> list[list[str]]:
    """Return one row of text a cell that changes and a row that is added; stamps are left out."""
    rows = [
        [
            each.cell,
            each.label,
            each.column,
            cell_text(each.old),
            cell_text(each.new) + (f" (not written: {each.held})" if each.held else ""),
            each.source,
            time_text(each.time),
        ]
        for each in changes.differences
        if each.column not in _STAMPS
    ]
    for table, values, source in changes.added:
        shown = {column: value for column, value in values.items() if column not in _STAMPS and value != ""}
        words = ", ".join(f"{column} {cell_text(value)}" for column, value in shown.items())
        rows.append([table, "new row", "", "", words, source, time_text(values.get("Updated"))])
    return rows


def summary(changes: Changes) -> str:
    """Return one sentence: how many cells change and how many rows are added."""
    cells = sum(each.column not in _STAMPS for each in changes.written)
    held = sum(bool(each.held) for each in changes.differences)
    words = [f"{cells} cell{'' if cells == 1 else 's'} change{'s' if cells == 1 else ''}"]
    if changes.added:
        words.append(f"{len(changes.added)} row{' is' if len(changes.added) == 1 else 's are'} added")
    if held:
        words.append(f"{held} held back")
    return ", ".join(words)


def dialog_text(changes: Changes, faults: Sequence[str], limit: int = 25) -> str:
    """Return the whole preview as plain lines for a dialog.

    Parameters
    ----------
    changes
        What would change.
    faults
        What failed, a line each.
    limit
        Lines of cells that are shown; the rest are counted.
    """
    lines = [summary(changes).capitalize() + "."]
    rows = difference_rows(changes)
    for cell, label, column, old, new, source, time in rows[:limit]:
        where = f"{cell} ({label} {column})" if column else f"{cell}, {label}"
        arrow = f"{old or 'blank'} -> {new or 'blank'}" if column else new
        lines.append(f"{where}: {arrow}  [{source}{', ' + time if time else ''}]")
    if len(rows) > limit:
        lines.append(f"... and {len(rows) - limit} more")
    lines += [f"Not read: {fault}" for fault in faults]
    lines += [f"Note: {note}" for note in changes.notes[:limit]]
    return "\n".join(lines)


def cell_text(cell: Cell) -> str:
    """Return a cell as a reader sees it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, CellError):
        return cell.code
    if isinstance(cell, dt.datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, dt.date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, int | float):
        return f"{cell:.12g}"
    return str(cell)


def time_text(time: object) -> str:
    """Return a time in UTC to the minute; blank where there is none."""
    return f"{time:%Y-%m-%d %H:%M}" if isinstance(time, dt.datetime) else ""
