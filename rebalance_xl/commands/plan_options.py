"""Options of `rebalance-xl plan`, `record` and `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.limits import within_limits
from rebalance_xl.commands.options import Overrides
from rebalance_xl.commands.shared_options import AsOf, Book, IgnoreLock, Json, Output, ReadOnlyToo, WrittenTo


def plan(
    book: Book,
    json: Json = False,
    as_of: AsOf = "",
    write: Annotated[bool, typer.Option("--write", help="Write the plan into the book (Plan and Journal).")] = False,
    output: WrittenTo = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="CHANGE", help='Change an input first, e.g. "TrimTo = midpoint".'),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Use the prices of a CSV file (Asset,Price)."),
    ] = None,
    ignore_lock: IgnoreLock = False,
    read_only_too: ReadOnlyToo = False,
) -> None:
    """Show the plan of the book: what to sell, buy and fund, with a reason on every line."""
    if output is not None and not write:
        raise typer.BadParameter("-o goes with --write")

    def work() -> int:
        from rebalance_xl.commands import plan as command
        from rebalance_xl.commands.plan_inputs import Inputs

        inputs = Inputs(tuple(set_ or ()), prices)
        return command.show_plan(book, as_of, json, write, output, Overrides(ignore_lock, read_only_too), inputs)

    raise typer.Exit(within_limits(work, book))


def record(
    book: Book,
    output: Output = None,
    as_of: AsOf = "",
    json: Json = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Go on although quantities changed since the plan was written.")
    ] = False,
    ignore_lock: IgnoreLock = False,
    read_only_too: ReadOnlyToo = False,
) -> None:
    """Apply the fills of the book's Plan sheet to Portfolio, Futures and Lots; add rows to Fills and the Journal."""

    def work() -> int:
        from rebalance_xl.commands import plan as command

        return command.record_execution(book, as_of, json, output, Overrides(ignore_lock, read_only_too), changed)

    raise typer.Exit(within_limits(work, book))


def check(book: Book, json: Json = False, as_of: AsOf = "") -> None:
    """List the data problems of the book with their cells."""

    def work() -> int:
        from rebalance_xl.commands import plan as command

        return command.check_book(book, json, as_of)

    raise typer.Exit(within_limits(work, book))
