"""Options of `rebalance-xl refresh`."""

from __future__ import annotations

from typing import Annotated

import typer

from rebalance_xl.commands.options import Overrides
from rebalance_xl.commands.shared_options import Book, DryRun, IgnoreLock, Json, Output, ReadOnlyToo


def refresh(
    book: Book,
    venue: Annotated[
        list[str] | None, typer.Option("--venue", metavar="VENUE", help="Ask only this venue; may be given again.")
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            "--only", metavar="KINDS", help="Of prices,balances,positions,funding,tiers,history; default is all."
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="Take deposits, withdrawals and funding from this day on.")
    ] = "",
    dry_run: DryRun = False,
    accept_jumps: Annotated[
        bool, typer.Option("--accept-jumps", help="Write prices that moved by more than half as well.")
    ] = False,
    zero_missing: Annotated[
        bool, typer.Option("--zero-missing", help="Set quantities to 0 that the venue no longer has.")
    ] = False,
    output: Output = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            "--notify", metavar="TARGET", help="Say when the plan triggers: https://..., mail:COMMAND or file:PATH."
        ),
    ] = None,
    notify_fields: Annotated[
        str,
        typer.Option(
            "--notify-fields",
            metavar="FIELDS",
            help="What a message holds: of trigger,trades,reasons,lines,value,faults,book; default is trigger,trades.",
        ),
    ] = "",
    json: Json = False,
    ignore_lock: IgnoreLock = False,
    read_only_too: ReadOnlyToo = False,
) -> None:
    """Fill balances, prices, positions, funding, tiers and history from the venues that the book names.

    Read-only keys come from the system's keyring (rebalance-xl venues add) or from the environment. Exit codes: 0 all
    venues answered, 4 some did not and the others are written, 1 the book was refused or no venue answered.
    """
    from rebalance_xl.commands import refresh as command

    raise typer.Exit(
        command.run(
            command.Request(
                book=book,
                venues=venue or [],
                only=only,
                since=since,
                dry_run=dry_run,
                as_json=json,
                accept_jumps=accept_jumps,
                zero_missing=zero_missing,
                output=output,
                overrides=Overrides(ignore_lock, read_only_too),
                notify=notify or [],
                notify_fields=notify_fields,
            )
        )
    )
