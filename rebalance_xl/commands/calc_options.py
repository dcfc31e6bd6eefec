"""Options of `rebalance-xl calc`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import Book, Force, IgnoreLock, Output

calc = typer.Typer(help="The extension for LibreOffice Calc.", no_args_is_help=True, rich_markup_mode=None)


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
    output: Output = None,
    to: Annotated[
        str, typer.Option("--to", metavar="PROGRAM", help="Who reads the book next: excel, or calc (7.4).")
    ] = "excel",
    ignore_lock: IgnoreLock = False,
) -> None:
    """Give a book that Calc saved its Excel function names back, or prepare one for Calc 7.4."""
    from rebalance_xl.commands import calc as command

    raise typer.Exit(command.names(book, output, to, ignore_lock))


@calc.command()
def convert(
    book: Book,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The .ods to write; default is beside BOOK.")
    ] = None,
    force: Force = False,
    ignore_lock: IgnoreLock = False,
) -> None:
    """Write a book made with Rebalancer as an .ods, in which rows can be inserted and charts follow."""
    from rebalance_xl.commands import calc as command

    raise typer.Exit(command.convert(book, output or book.with_suffix(".ods"), force, ignore_lock))
