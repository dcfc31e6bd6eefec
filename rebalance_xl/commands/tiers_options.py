"""Options of `rebalance-xl tiers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import AsOf, Json


def tiers(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VENUE[:SYMBOL] | import FILE...]",
            help="A venue, one table (binance:BTCUSDT), or import and the JSON files of venues' endpoints or ccxt.",
        ),
    ] = None,
    json: Json = False,
    as_of: AsOf = "",
    venue: Annotated[str, typer.Option("--venue", help="import: the venue, where the answer does not tell it.")] = "",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="import: the tier file to write, .csv; yours by default."),
    ] = None,
    book: Annotated[
        Path | None, typer.Option("--book", metavar="BOOK", help="import: write the book's table MarginTiers instead.")
    ] = None,
) -> None:
    """List the margin tiers that ship and yours, show one table, or import what venues answered.

    `rebalance-xl tiers import FILE...` recognises the tier endpoints of Binance, Bybit, OKX, MEXC, WEEX, BingX, Bitget,
    KuCoin, Gate, Hyperliquid and Kraken, and what ccxt's fetch_leverage_tiers gives. What it writes goes before the
    shipped tables.
    """
    if names and names[0] == "import":
        from rebalance_xl.commands import tiers_import

        files = [Path(each) for each in names[1:]]
        raise typer.Exit(tiers_import.run(files, venue, as_of, output, book, json))
    from rebalance_xl.commands import tiers as command

    raise typer.Exit(command.show(" ".join(names or ()) or None, as_of, json))
