"""Options of `rebalance-xl stress`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import AsOf, Book, Json


def stress(
    book: Book,
    shock: Annotated[
        list[str] | None,
        typer.Option("--shock", metavar="MOVES", help='One shock, e.g. "BTC=-30%, ETH=-40%"; may be given again.'),
    ] = None,
    shocks: Annotated[
        Path | None,
        typer.Option("--shocks", metavar="FILE", help="A CSV file: a column a coin, one row a shock."),
    ] = None,
    as_of: AsOf = "",
    json: Json = False,
) -> None:
    """Show the book's value, its accounts' margin ratios, liquidations and the plan's trigger after shocks.

    Without --shock and --shocks the whole market moves from -50 % to +50 %. A shock names coins, contracts (their
    basis), ALL (every other coin), FX (the book's currency) and FUNDING (what longs pay of their notional). Nothing is
    written.
    """
    from rebalance_xl.commands import stress as command

    raise typer.Exit(command.run(book, shock or [], shocks, as_of, json))
