"""`rebalance-xl tiers`: the margin tiers at hand, their date and source."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import math

from rebalance_xl import terminal
from rebalance_xl.commands.options import UsageError, read_day
from rebalance_xl.functions.tier_tables import TierListing, shipped_tables, tier_tables


def show(name: str | None, as_of: str, as_json: bool) -> int:
    """Print the list of tables, or the rows of one; returns the exit code."""
    try:
        day = read_day(as_of) or dt.date.today()
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    listed = tier_tables(day if not isinstance(day, dt.datetime) else day.date(), name or "")
    if not listed:
        near = difflib.get_close_matches(name or "", list(shipped_tables().names()), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else "; rebalance-xl tiers lists them"
        terminal.complain(f"no margin tiers are shipped for {name}{hint}")
        return 2
    if as_json:
        terminal.print_json([dataclasses.asdict(each) for each in listed])
        return 0
    if name is None:
        return _show_venues(listed)
    rows = [
        [
            each.name,
            each.contract,
            each.unit,
            str(len(each.tiers)),
            each.as_of or "unknown",
            _age(each),
            each.source,
        ]
        for each in listed
    ]
    terminal.print_table(["Table", "Contract", "Unit", "Tiers", "As of", "Age", "Source"], rows, right=[3])
    if len(listed) == 1:
        _show_rows(listed[0])
    stale = sum(each.is_stale for each in listed)
    if stale:
        which = "this table is" if len(listed) == 1 else f"{stale} of {len(listed)} tables are"
        terminal.complain(f"{which} older than 90 days: check them with the venue, or put yours into MarginTiers")
    return 0


def _show_venues(listed: list[TierListing]) -> int:
    groups: dict[str, list[TierListing]] = {}
    for each in listed:
        groups.setdefault(each.name.partition(":")[0], []).append(each)
    rows = [
        [
            venue,
            str(len(group)),
            min(each.as_of or "unknown" for each in group),
            max(each.as_of or "unknown" for each in group),
            str(sum(each.is_stale for each in group)),
            ", ".join(dict.fromkeys(each.origin for each in group)),
        ]
        for venue, group in groups.items()
    ]
    terminal.print_table(["Venue", "Tables", "Oldest", "Newest", "Stale", "From"], rows, right=[1, 4])
    stale = sum(each.is_stale for each in listed)
    if stale:
        which = f"{stale} of {len(listed)} tables are"
        terminal.complain(f"{which} older than 90 days: import your venue's (rebalance-xl tiers import FILE...)")
    return 0


def _age(listing: TierListing) -> str:
    if listing.age is None:
        return "unknown, STALE"
    return f"{listing.age} days" + (", STALE" if listing.is_stale else "")


def _show_rows(listing: TierListing) -> None:
    terminal.say()
    rows = [
        [
            f"{each.floor:,.10g}",
            "no limit" if math.isinf(each.cap) else f"{each.cap:,.10g}",
            f"{each.max_leverage:g}x" if each.max_leverage == each.max_leverage else "",
            f"{each.rate * 100:g} %",
            f"{each.amount:,.10g}",
        ]
        for each in listing.tiers
    ]
    terminal.print_table(["Above", "Up to", "Leverage", "Rate", "Amount"], rows, right=range(5))
    if listing.problem:
        terminal.say(listing.problem)
