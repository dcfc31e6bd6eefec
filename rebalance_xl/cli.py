"""The `rebalance-xl` command: its options; what the commands do lies in :mod:`rebalance_xl.commands`.

Exit codes: 0 done, 1 a book failed or was refused, 2 the command line is wrong, 3 `--check` found stale values; 130 and
143 when Ctrl-C or SIGTERM ended the command.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands import limits
from rebalance_xl.commands.interrupts import ended_by_signals
from rebalance_xl.commands.options import Overrides
from rebalance_xl.commands.streams import steady_streams

app = typer.Typer(
    name="rebalance-xl",
    help="Rebalancer: worksheet functions, plans and recalculation for a crypto spot and futures book.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AsOf = Annotated[
    str, typer.Option("--as-of", metavar="DATE", help="Day to calculate for, e.g. 2026-11-22 (pins TODAY and NOW).")
]
IgnoreLock = Annotated[bool, typer.Option("--ignore-lock", help="Go on although a lock file says the book is open.")]
ReadOnlyToo = Annotated[bool, typer.Option("--read-only-too", help="Replace a write-protected book, too.")]
Book = Annotated[Path, typer.Argument(metavar="BOOK", help="A workbook, .xlsx or .xlsm.")]


def _version(wanted: bool) -> None:
    if wanted:
        from rebalance_xl import __version__

        typer.echo(f"rebalance-xl {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that go before a command."""


@app.command(short_help="Calculate the formulas of workbooks.")
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
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="A dask scheduler, tcp://host:port, to work on.")
    ] = "",
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


def _function_names(typed: str) -> list[str]:
    """Return the functions that begin with what was typed, for the shell's completion."""
    from rebalance_xl.functions import FUNCTIONS

    return [name for name in FUNCTIONS if name.startswith(typed.upper())]


@app.command(short_help="List the worksheet functions, or explain one.")
def functions(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A function, e.g. TRIM_AMOUNT.", autocompletion=_function_names),
    ] = None,
    json: Json = False,
) -> None:
    """List the worksheet functions, or show the help of one with its worked example."""
    from rebalance_xl.commands import functions as command

    raise typer.Exit(command.show(name, json))


@app.command(short_help="Show what to sell, buy and fund, and why.")
def plan(
    book: Book,
    json: Json = False,
    as_of: AsOf = "",
    write: Annotated[bool, typer.Option("--write", help="Write the plan into the book (Plan and Journal).")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="With --write: where to write the result.")
    ] = None,
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

    raise typer.Exit(limits.within_limits(work, book))


@app.command(short_help="Apply the fills of the Plan sheet.")
def record(
    book: Book,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write the result.")
    ] = None,
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

    raise typer.Exit(limits.within_limits(work, book))


@app.command(short_help="Which rules would have served the book, and how it has done.")
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
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="With --write: where to write the result.")
    ] = None,
    json: Json = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the review as a page, .html.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", min=0, help="Processes for sweeps and bootstraps; 0 is one per core."),
    ] = 1,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="A dask scheduler, tcp://host:port, to work on.")
    ] = "",
    ignore_lock: IgnoreLock = False,
) -> None:
    """Lay rules side by side over a history of prices, and show what the real book has earned."""
    import os

    from rebalance_xl.commands import review as command

    if output is not None and not write:
        raise typer.BadParameter("-o goes with --write")
    options = command.Options(
        book=book,
        prices=prices,
        futures=futures,
        first=first,
        last=last,
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
        performance=performance,
        write=write,
        output=output,
        as_json=json,
        report=report,
        workers=workers or os.cpu_count() or 1,
        scheduler=scheduler,
        ignore_lock=ignore_lock,
    )
    raise typer.Exit(command.run(options))


@app.command(short_help="List the data problems of a book.")
def check(book: Book, json: Json = False, as_of: AsOf = "") -> None:
    """List the data problems of the book with their cells."""

    def work() -> int:
        from rebalance_xl.commands import plan as command

        return command.check_book(book, json, as_of)

    raise typer.Exit(limits.within_limits(work, book))


@app.command(short_help="Show what shocks do to a book.")
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


@app.command(short_help="List the margin tiers, or import a venue's.")
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


@app.command(short_help="Fill the book from its venues.")
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    accept_jumps: Annotated[
        bool, typer.Option("--accept-jumps", help="Write prices that moved by more than half as well.")
    ] = False,
    zero_missing: Annotated[
        bool, typer.Option("--zero-missing", help="Set quantities to 0 that the venue no longer has.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write the result.")
    ] = None,
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


@app.command(name="import", short_help="Take balances and trades from exported files.")
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    zero_missing: Annotated[
        bool, typer.Option("--zero-missing", help="Set quantities to 0 that the file does not name.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write the result.")
    ] = None,
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


venues = typer.Typer(help="Keys of venues, for refresh.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(venues, name="venues")
Venue = Annotated[str, typer.Argument(metavar="VENUE", help="A venue, e.g. binance.")]


@venues.command(name="add")
def add_venue(
    venue: Venue,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Keep it without asking the venue.")] = False,
) -> None:
    """Ask for a venue's read-only key, test it and keep it in the system's keyring."""
    from rebalance_xl.commands import venues as command

    raise typer.Exit(command.add(venue, unchecked=unchecked))


@venues.command(name="list")
def list_venues() -> None:
    """List venues and where their keys are."""
    from rebalance_xl.commands import venues as command

    raise typer.Exit(command.show())


@venues.command(name="test")
def test_venue(venue: Venue) -> None:
    """Tell whether a venue accepts the key, and what it may do."""
    from rebalance_xl.commands import venues as command

    raise typer.Exit(command.check(venue))


@venues.command(name="remove")
def remove_venue(venue: Venue) -> None:
    """Remove a venue's key from the system's keyring."""
    from rebalance_xl.commands import venues as command

    raise typer.Exit(command.remove(venue))


@app.command(short_help="Start a book: .xlsx, .xlsm or .ods.")
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
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a new book: with the example, empty, or with the holdings of an export."""
    from rebalance_xl.commands import new as command

    raise typer.Exit(command.write_new(book, force, empty=empty, source=from_, as_of=as_of))


calc = typer.Typer(help="The extension for LibreOffice Calc.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(calc, name="calc")


@calc.command()
def build(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="The extension to write, .oxt.")] = Path(
        "Rebalancer.oxt"
    ),
) -> None:
    """Write the extension as a file."""
    from rebalance_xl.commands import calc as command

    raise typer.Exit(command.build(output))


@calc.command()
def install() -> None:
    """Install the extension for this user."""
    from rebalance_xl.commands import calc as command

    raise typer.Exit(command.install())


@calc.command()
def uninstall() -> None:
    """Remove the extension for this user."""
    from rebalance_xl.commands import calc as command

    raise typer.Exit(command.uninstall())


@calc.command()
def names(
    book: Book,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write the result.")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="PROGRAM", help="Who reads the book next: excel, or calc (7.4).")
    ] = "excel",
    ignore_lock: IgnoreLock = False,
) -> None:
    """Give a book that Calc saved its Excel function names back, or prepare one for Calc 7.4."""
    from rebalance_xl.commands import calc as command

    raise typer.Exit(command.names(book, output, to, ignore_lock))


def joined_changes(words: list[str]) -> list[str]:
    """Return the words with ``--set "Table[Column] where Key=Value" = New`` made one word behind ``--set``.

    Examples
    --------
    >>> joined_changes(["recalc", "--set", "AsOf", "=", "2026-11-22", "book.xlsx"])
    ['recalc', '--set', 'AsOf = 2026-11-22', 'book.xlsx']
    """
    found: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        found.append(word)
        if word == "--set" and len(rest) >= 3 and rest[1] == "=":
            found.append(" ".join(rest[:3]))
            del rest[:3]
    return found


def main() -> None:
    """Run the command line."""
    limits.enable()
    with steady_streams(), ended_by_signals():
        app(joined_changes(sys.argv[1:]))


if __name__ == "__main__":
    main()
