"""Options of `rebalance-xl new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import Force


def new(
    book: Annotated[
        Path,
        typer.Argument(metavar="BOOK", help="The file to write: .xlsm with buttons, .xlsx without, .ods for Calc."),
    ],
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Begin with the holdings of an export (see import).")
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Begin without the example's holdings.")] = False,
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="DATE", help="Fix the book on a day; otherwise it always means today.")
    ] = "",
    force: Force = False,
) -> None:
    """Write a new book: with the example, empty, or with the holdings of an export."""
    from rebalance_xl.commands import new as command

    raise typer.Exit(command.write_new(book, force, empty=empty, source=from_, as_of=as_of))
