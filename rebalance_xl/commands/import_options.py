"""Options of `rebalance-xl import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.options import Overrides
from rebalance_xl.commands.shared_options import Book, DryRun, IgnoreLock, Json, Output, ReadOnlyToo


def import_files(
    book: Book,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exports: .csv, .txt, .xlsx or .zip.")],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=TITLE", help="Name a column by hand: coin, quantity, venue, price, value, dates."
        ),
    ] = None,
    venue: Annotated[
        str, typer.Option("--venue", metavar="VENUE", help="Where the balances are, if the file does not say it.")
    ] = "",
    only: Annotated[
        str, typer.Option("--only", metavar="KINDS", help="Of balances,flows,trades; default is all.")
    ] = "",
    dry_run: DryRun = False,
    zero_missing: Annotated[
        bool, typer.Option("--zero-missing", help="Set quantities to 0 that the file does not name.")
    ] = False,
    output: Output = None,
    json: Json = False,
    ignore_lock: IgnoreLock = False,
    read_only_too: ReadOnlyToo = False,
) -> None:
    """Take balances, flows and trades from files that exchanges and trackers export, or from a table of one's own.

    What cannot be read for sure is refused with its line; nothing is written then. Columns named with --map are
    remembered beside the book for files with the same titles.
    """
    from rebalance_xl.commands import import_files as command

    raise typer.Exit(
        command.run(
            command.Request(
                book=book,
                files=files,
                mapping=map_ or [],
                venue=venue,
                only=only,
                dry_run=dry_run,
                as_json=json,
                zero_missing=zero_missing,
                output=output,
                overrides=Overrides(ignore_lock, read_only_too),
            )
        )
    )
