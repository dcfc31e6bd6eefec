"""How a command ends on Ctrl-C, and on a polite request to end (SIGTERM, as from systemd or `timeout`)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rebalance_xl import terminal
from rebalance_xl.commands.limits import INTERRUPTED

#: What the command line's library makes of an interruption inside a command.
_EXIT_OF_INTERRUPTED_COMMAND = 130


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block cleanly, then the process, with one line and exit code 130 or 143.

    Both raise :class:`KeyboardInterrupt` wherever the main thread is, so that files are cleaned up on the way out. A
    Ctrl-C that the parent process wants ignored (`nohup`, jobs in the background) stays ignored. After the block the
    process is as good as gone: a signal then kills it without a word.
    """
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    kinds = [kind for kind in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(kind) is not signal.SIG_IGN]
    for kind in kinds:
        signal.signal(kind, stop)
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        finished = isinstance(end, SystemExit) and end.code != _EXIT_OF_INTERRUPTED_COMMAND
        if finished or not received:
            raise
        terminal.complain(INTERRUPTED)
        raise SystemExit(128 + received[0]) from None
    finally:
        for kind in kinds:
            signal.signal(kind, signal.SIG_DFL)
