"""Options of `rebalance-xl review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import Book, IgnoreLock, Json, Scheduler, WrittenTo


def review(
    book: Book,
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices", metavar="FILE", help="Closes, .csv or .parquet (Date and a column an asset); default Prices."
        ),
    ] = None,
    futures: Annotated[
        Path | None,
        typer.Option("--futures", metavar="FILE", help='More columns: "BTCUSDT", "BTCUSDT funding", "BTC low", ...'),
    ] = None,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day of the history.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day of the history.")] = "",
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="TEXT", help='A name, or "tight: Band=0.02; TrimTo=midpoint"; default all.'),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option("--sweep", metavar="TEXT", help='"Band=0.01:0.25:0.01" or "TrimTo=0,0.5,1"; two make a grid.'),
    ] = None,
    bootstrap: Annotated[
        int | None, typer.Option("--bootstrap", min=0, metavar="N", help="Histories to draw again; 0 for none.")
    ] = None,
    of: Annotated[
        str, typer.Option("--of", metavar="VARIANT", help="Whose difference to holding is drawn; default the book's.")
    ] = "",
    block: Annotated[float, typer.Option("--block", metavar="DAYS", help="Mean length of a drawn block.")] = 30.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of what is drawn.")] = 1,
    fill: Annotated[
        str, typer.Option("--fill", metavar="close|next", help="At which close a trade is filled.")
    ] = "close",
    slippage: Annotated[
        float, typer.Option("--slippage", metavar="SHARE", help="Share of the amount on top of the fee.")
    ] = 0.0,
    without: Annotated[list[str] | None, typer.Option("--without", metavar="ASSET", help="Leave an asset out.")] = None,
    fill_gaps: Annotated[bool, typer.Option("--fill-gaps", help="Carry closes over holes of the history.")] = False,
    performance: Annotated[
        bool, typer.Option("--performance", help="Say so where the real book's performance cannot be worked out.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Fill the sheet Review of the book.")] = False,
    output: WrittenTo = None,
    json: Json = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the review as a page, .html.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", min=0, help="Processes for sweeps and bootstraps; 0 is one per core."),
    ] = 1,
    scheduler: Scheduler = "",
    ignore_lock: IgnoreLock = False,
) -> None:
    """Lay rules side by side over a history of prices, and show what the real book has earned."""
    import os

    from rebalance_xl.commands import review as command
    from rebalance_xl.review.request import Request

    if output is not None and not write:
        raise typer.BadParameter("-o goes with --write")
    request = Request(
        variants=tuple(variant or ()),
        sweeps=tuple(sweep or ()),
        bootstrap=bootstrap,
        of=of,
        block=block,
        seed=seed,
        fill=fill,
        slippage=slippage,
        without=tuple(without or ()),
        fill_gaps=fill_gaps,
        workers=workers or os.cpu_count() or 1,
        scheduler=scheduler,
    )
    options = command.Options(
        book=book,
        request=request,
        prices=prices,
        futures=futures,
        first=first,
        last=last,
        performance=performance,
        write=write,
        output=output,
        as_json=json,
        report=report,
        ignore_lock=ignore_lock,
    )
    raise typer.Exit(command.run(options))
