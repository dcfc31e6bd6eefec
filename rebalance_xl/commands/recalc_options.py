"""Options of `rebalance-xl recalc`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import AsOf, IgnoreLock, Json, ReadOnlyToo, Scheduler


def recalc(
    books: Annotated[list[str], typer.Argument(metavar="BOOK...", help="Workbooks, folders or patterns.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write one book's result.")
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out-dir", metavar="DIR", help="Folder for the results; default is in place.")
    ] = None,
    as_of: AsOf = "",
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 3 if a cached value is stale.")] = False,
    json: Json = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write every changed or failed cell to a .csv or .json file."),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary",
            metavar="FILE",
            help="Write a line per book (status, trigger, trims, ...) to .csv, .json, .parquet or .xlsx.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="CHANGE", help='Write an input first, e.g. "Portfolio[Price] where Asset=SOL = 200".'
        ),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Write the prices of a CSV file (Asset,Price) first."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=0, help="Worker processes; 0 is one per processor core.")
    ] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=0,
            metavar="SECONDS",
            help="Stop a book after this time; 0 is never. Each has 300 seconds otherwise.",
        ),
    ] = None,
    scheduler: Scheduler = "",
    skip_unchanged: Annotated[
        bool, typer.Option("--skip-unchanged", help="Skip books whose content and options have not changed.")
    ] = False,
    spill_plain: Annotated[
        bool,
        typer.Option("--spill-plain", help="Let plain formulas spill, for books whose writer marks no arrays."),
    ] = False,
    ignore_lock: IgnoreLock = False,
    read_only_too: ReadOnlyToo = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Compute every formula singly: slow, simple, without any short cut.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compute both ways; any difference is a failure, the file stays.")
    ] = False,
) -> None:
    """Calculate every formula and write the values back; nothing else in the file changes."""
    from rebalance_xl.commands import recalc as command

    raise typer.Exit(
        command.run(
            command.Request(
                patterns=books,
                output=output,
                out_dir=out_dir,
                as_of=as_of,
                check=check,
                as_json=json,
                report=report,
                summary=summary,
                changes=set_ or [],
                prices=prices,
                workers=workers,
                timeout=timeout,
                scheduler=scheduler,
                skip_unchanged=skip_unchanged,
                spill_plain=spill_plain,
                ignore_lock=ignore_lock,
                read_only_too=read_only_too,
                plain=plain,
                verify=verify,
            )
        )
    )
