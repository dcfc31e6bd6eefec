"""Limits of time and memory for the work on one book: it is done by a child of this process, which only waits.

The child is a worker as a batch has them, but a fork, so that nothing starts twice (a few milliseconds). Whatever
happens in it, a hung library, an endless regular expression, memory that runs out, a crash, ends in one line here, and
the book is as it was. Where the system cannot fork the work is done in place and ended by a timer.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from rebalance_xl import terminal

#: What one book may take of the clock; its memory is limited by :mod:`rebalance_xl.recalc.batch.jobs`.
SECONDS: Final = 300.0
INTERRUPTED: Final = "interrupted; finished books are complete, the others are as they were"
_MORE: Final = "(--timeout allows more)"
_enabled = False


def enable() -> None:
    """Let books be worked on in a child: only a process that is nothing but the command may be forked at will."""
    global _enabled
    _enabled = True


def within_limits(action: Callable[[], int], what: object, seconds: float = SECONDS) -> int:
    """Do the whole work of a command on one book within the limits; returns its exit code.

    Parameters
    ----------
    action
        Works, prints and returns the exit code.
    what
        The book, for the line that tells of a failure.
    seconds
        Time limit.
    """
    code, failure = limited(action, seconds)
    if failure:
        terminal.complain(f"{what}: {failure}")
        return 1
    return int(code)


def limited(action: Callable[[], Any], seconds: float | None = SECONDS) -> tuple[Any, str]:
    """Do some work within the limits of time and memory; returns its value, and why there is none.

    Parameters
    ----------
    action
        What to do; its value has to be picklable.
    seconds
        Time limit, None for none.
    """
    if not _enabled or not hasattr(os, "fork") or sys.platform == "emscripten":
        return _limited_here(action, seconds if _enabled else None)
    sys.stdout.flush()
    sys.stderr.flush()
    from rebalance_xl.commands.forked import done_in_a_fork  # a command without a book needs none of this

    ended, failure = done_in_a_fork(action, seconds)
    if failure:
        return None, f"{failure} {_MORE}" if failure.startswith("stopped:") else failure
    value, end = ended
    if isinstance(end, KeyboardInterrupt):
        terminal.complain(INTERRUPTED)
        raise SystemExit(128 + end.args[0])
    if end is not None:
        raise end
    return value, ""


def _limited_here(action: Callable[[], Any], seconds: float | None) -> tuple[Any, str]:
    """Work in this process; a timer ends it with one line where it hangs."""
    if seconds is None:
        return action(), ""

    def end() -> None:
        terminal.complain(f"stopped: it took longer than {seconds:g} seconds {_MORE}")
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(seconds + 2, exit=True, file=nowhere)  # for what never lets the timer run
        try:
            return action(), ""
        finally:
            faulthandler.cancel_dump_traceback_later()
            timer.cancel()
