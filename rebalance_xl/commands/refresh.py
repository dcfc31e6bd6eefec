"""`rebalance-xl refresh`: the book filled from its venues; what changes is shown, then written losslessly."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance_xl import terminal
from rebalance_xl.book.problems import BookError
from rebalance_xl.commands import notify
from rebalance_xl.commands.filling import calculated, fill, print_changes
from rebalance_xl.commands.options import Overrides, UsageError, read_day
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.venues.difference import Changes, as_data
from rebalance_xl.venues.exchange import Maker, MissingPackageError, cache_folder
from rebalance_xl.venues.fetching import KINDS
from rebalance_xl.venues.keys import VenueKeyError
from rebalance_xl.venues.refresh import Asked, Preview, ask, compared
from rebalance_xl.venues.remembered import RememberedError, remembered_aliases
from rebalance_xl.venues.telling import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Exit codes beside 0 and 2: the book was refused or no venue answered; some venue failed and the rest was written.
FAILED, PARTLY = 1, 4


@dataclass(slots=True)
class Request:
    """The command line as given."""

    book: Path
    venues: Sequence[str] = ()
    only: str = ""
    since: str = ""
    dry_run: bool = False
    as_json: bool = False
    accept_jumps: bool = False
    zero_missing: bool = False
    output: Path | None = None
    overrides: Overrides = field(default_factory=Overrides)
    notify: Sequence[str] = ()
    notify_fields: str = ""
    #: For tests: how an exchange is made, and what time it is.
    make: Maker | None = None
    now: dt.datetime | None = None


def run(request: Request) -> int:
    """Refresh a book; returns the exit code."""
    try:
        asked = _asked(request)
        targets = notify.read_targets(request.notify, request.notify_fields)
        return _refresh(request, asked, targets)
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    except (MissingPackageError, RememberedError, VenueKeyError) as failure:
        terminal.complain(str(failure))
    except Refused as refusal:
        terminal.complain(f"{request.book}: {refusal}")
    except BookError as failure:
        for problem in failure.problems:
            terminal.complain(f"{request.book}: {problem}")
    return FAILED


def _asked(request: Request) -> Asked:
    kinds = [each.strip().lower() for each in request.only.split(",") if each.strip()] or list(KINDS)
    for each in kinds:
        if each not in KINDS:
            raise UsageError(f'--only has "{each}"; allowed are {", ".join(KINDS)}')
    since = read_day(request.since, "--since")
    if request.dry_run and request.output is not None:
        raise UsageError("--dry-run writes nothing: it goes without -o")
    day = since.date() if isinstance(since, dt.datetime) else since
    return Asked(
        frozenset(kinds),
        tuple(request.venues),
        day,
        request.accept_jumps,
        request.zero_missing,
        remembered_aliases(request.book),
    )


def _refresh(request: Request, asked: Asked, targets: notify.Targets) -> int:
    now = request.now or dt.datetime.now(dt.UTC)
    reading = request.overrides.ignore_lock or request.dry_run
    folder = None if request.make else cache_folder()
    ready = calculated(request.book, reading)
    answers = ask(ready.port, asked, now, request.make, folder)
    if not answers.replies:
        raise BookError(
            "the book names no venue to ask: write binance, bybit or another into the column Venue of Portfolio, "
            "Futures or Venues, or name one with --venue"
        )
    found = Preview(Changes(), answers.replies)

    def compare(port: FileWorkbook) -> Changes:
        found.changes = compared(port, answers, asked, now)
        return found.changes

    _, data = fill(request.book, request.output, request.overrides, compare, request.dry_run, ready)
    tell(request, found)
    notify.send(targets, data, found.faults, now)
    silent = [reply for reply in found.replies if reply.faults and not reply.found.rows]
    if len(silent) == len(found.replies):
        return FAILED
    return PARTLY if found.faults else 0


def tell(request: Request, found: Preview) -> None:
    """Print what changed, what was left and what failed."""
    if request.as_json:
        terminal.print_json(
            {
                "book": str(request.book),
                "written": not request.dry_run,
                **as_data(found.changes),
                "venues": [
                    {
                        "venue": reply.venue,
                        "calls": reply.calls,
                        "faults": [{"kind": fault.kind, "line": fault.line} for fault in reply.faults],
                    }
                    for reply in found.replies
                ],
            }
        )
        return
    print_changes(found.changes)
    for fault in found.faults:
        terminal.complain(fault)
    where = request.output or request.book
    done = "nothing is written (--dry-run)" if request.dry_run else "written" if found.changes else "nothing to write"
    terminal.say(f"{where}: {summary(found.changes)}; {done}")
