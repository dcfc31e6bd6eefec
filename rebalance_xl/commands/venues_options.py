"""Options of `rebalance-xl venues`."""

from __future__ import annotations

from typing import Annotated

import typer

venues = typer.Typer(help="Keys of venues, for refresh.", no_args_is_help=True, rich_markup_mode=None)
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
