"""A polite request to end (SIGTERM, as from systemd or `timeout`) treated like Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """Raised where a SIGTERM arrives."""


@contextmanager
def interrupted_by_termination() -> Iterator[None]:
    """Raise :class:`Terminated` on SIGTERM while the block runs, so that it can clean up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
