"""The `rebalance-xl` command, put together; a command's options stand in `commands/<name>_options.py`, beside its code.

Exit codes: 0 done, 1 a book failed or was refused, 2 the command line is wrong, 3 `--check` found stale values; 130 and
143 when Ctrl-C or SIGTERM ended the command.
"""

from __future__ import annotations

import gc

gc.disable()  # what starting loads is no garbage, and looking for some takes a tenth of the time

import os
import sys
from typing import Annotated

import typer

from rebalance_xl.commands import limits
from rebalance_xl.commands.calc_options import calc
from rebalance_xl.commands.functions_options import functions
from rebalance_xl.commands.import_options import import_files
from rebalance_xl.commands.interrupts import ended_by_signals
from rebalance_xl.commands.new_options import new
from rebalance_xl.commands.plan_options import check, plan, record
from rebalance_xl.commands.recalc_options import recalc
from rebalance_xl.commands.refresh_options import refresh
from rebalance_xl.commands.review_options import review
from rebalance_xl.commands.streams import steady_streams
from rebalance_xl.commands.stress_options import stress
from rebalance_xl.commands.tiers_options import tiers
from rebalance_xl.commands.venues_options import venues

gc.enable()

app = typer.Typer(
    name="rebalance-xl",
    help="Rebalancer: worksheet functions, plans and recalculation for a crypto spot and futures book.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


# In the order in which --help lists them.
app.command(short_help="Calculate the formulas of workbooks.")(recalc)
app.command(short_help="List the worksheet functions, or explain one.")(functions)
app.command(short_help="Show what to sell, buy and fund, and why.")(plan)
app.command(short_help="Apply the fills of the Plan sheet.")(record)
app.command(short_help="Which rules would have served the book, and how it has done.")(review)
app.command(short_help="List the data problems of a book.")(check)
app.command(short_help="Show what shocks do to a book.")(stress)
app.command(short_help="List the margin tiers, or import a venue's.")(tiers)
app.command(short_help="Fill the book from its venues.")(refresh)
app.command(name="import", short_help="Take balances and trades from exported files.")(import_files)
app.command(short_help="Start a book: .xlsx, .xlsm or .ods.")(new)
app.add_typer(venues, name="venues")
app.add_typer(calc, name="calc")


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
    gc.freeze()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts threads for large matrices, which are rare here
    limits.enable()
    try:
        with steady_streams(), ended_by_signals():
            app(joined_changes(sys.argv[1:]))
    finally:
        gc.freeze()  # the interpreter would look through everything once more at its end


if __name__ == "__main__":
    main()
