"""Options of `rebalance-xl functions`."""

from __future__ import annotations

from typing import Annotated

import typer

from rebalance_xl.commands.shared_options import Json


def _function_names(typed: str) -> list[str]:
    """Return the functions that begin with what was typed, for the shell's completion."""
    from rebalance_xl.functions import FUNCTIONS

    return [name for name in FUNCTIONS if name.startswith(typed.upper())]


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
