"""Output that cannot be written ends a command with one line, never with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rebalance_xl import terminal

#: Shows where an unforeseen failure came from.
TRACEBACK_VARIABLE = "REBALANCE_XL_TRACEBACK"


@contextmanager
def steady_streams() -> Iterator[None]:
    """Let the block print on whatever there is: closed streams, small code pages, a disk that is full.

    Characters that the terminal's code page lacks are written out. What fails in spite of all care is told in one
    line, with exit code 1; the environment variable REBALANCE_XL_TRACEBACK shows where.
    """
    _replace_missing()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as failure:
        _silence()
        if not isinstance(failure, BrokenPipeError):  # who reads no further wants no complaint either
            _complain(f"the output cannot be written: {failure.strerror or failure}")
        raise SystemExit(1) from None
    except Exception as failure:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        _complain(f"an unforeseen failure, please report it: {type(failure).__name__}: {failure}".splitlines()[0])
        raise SystemExit(1) from None


def _replace_missing() -> None:
    """Open nothing in place of closed standard streams, so that no workbook gets the number of one."""
    with suppress(OSError):
        while True:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor > 2:
                os.close(descriptor)
                break
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - as long as the process


def _silence() -> None:
    """Send to nowhere what is still to be printed, so that the interpreter does not fail over it at its end."""
    with suppress(OSError, ValueError, AttributeError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)


def _complain(text: str) -> None:
    with suppress(OSError, ValueError):
        terminal.complain(text)
