"""Limits of time and memory for the work on one book: it is done by a child of this process, which only waits.

The child is a fork, so that nothing starts twice (a few milliseconds). Whatever happens in it, a hung library, an
endless regular expression, memory that runs out, a crash, ends in one line here, and the book is as it was. Where the
system cannot fork the work is done in place and ended by a timer.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from rebalance_xl import terminal
from rebalance_xl.recalc.batch.memory import NOT_ENOUGH, limit_memory

#: What one book may take of the clock; its memory is limited by :mod:`rebalance_xl.recalc.batch.memory`.
SECONDS: Final = 300.0
INTERRUPTED: Final = "interrupted; finished books are complete, the others are as they were"
#: Seconds that an interrupted child has to clean up.
_GRACE = 3.0
#: What the engine's language and the C library say when memory runs out.
_NO_MEMORY = (b"memory allocation of", b"alloc", b"out of memory", b"MemoryError")
_enabled = False


def enable() -> None:
    """Let books be worked on in a child: only a process that is nothing but the command may be forked at will."""
    global _enabled
    _enabled = True


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work ended: with a value, or with why there is none."""

    value: Any = None
    failure: str = ""


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
    ended = limited(action, seconds)
    if ended.failure:
        terminal.complain(f"{what}: {ended.failure}")
        return 1
    return int(ended.value)


def limited(action: Callable[[], Any], seconds: float | None = SECONDS) -> Ended:
    """Do some work within the limits of time and memory.

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
    result, results = os.pipe()
    noise, noises = os.pipe()
    lifeline, held = os.pipe()
    child = os.fork()
    if child == 0:
        for descriptor in (result, noise, held):
            os.close(descriptor)
        _work(action, results, noises, lifeline)
    for descriptor in (results, noises, lifeline):
        os.close(descriptor)
    try:
        return _wait(child, result, noise, seconds)
    finally:
        for descriptor in (result, noise, held):
            os.close(descriptor)


def _limited_here(action: Callable[[], Any], seconds: float | None) -> Ended:
    """Work in this process; a timer ends it with one line where it hangs."""
    if seconds is None:
        return Ended(action())

    def end() -> None:
        terminal.complain(_too_long(seconds))
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(seconds + 2, exit=True, file=nowhere)  # for what never lets the timer run
        try:
            return Ended(action())
        finally:
            faulthandler.cancel_dump_traceback_later()
            timer.cancel()


def _too_long(seconds: float) -> str:
    return f"stopped: it took longer than {seconds:g} seconds (--timeout allows more)"


# --- the child ----------------------------------------------------------------------------------------------------


def _work(action: Callable[[], Any], results: int, noises: int, lifeline: int) -> NoReturn:
    """Work, send how it ended, and be gone."""
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    code = 1
    try:
        for kind in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(kind) is not signal.SIG_IGN:
                signal.signal(kind, stop)
        threading.Thread(target=_end_with_parent, args=[lifeline], daemon=True).start()
        _divert_errors(noises)
        limit_memory()
        try:
            ended: tuple[str, Any] = ("value", action())
            code = 0
        except MemoryError:
            ended = ("failure", NOT_ENOUGH)
        except SystemExit as end:
            ended = ("exit", end.code)
        except KeyboardInterrupt:
            ended = ("interrupted", received[-1] if received else int(signal.SIGINT))
        except OSError as failure:
            ended = ("raise", failure)
        except Exception as failure:
            ended = ("failure", f"{type(failure).__name__}: {failure}".splitlines()[0])
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError as failure:
                ended = ("raise", failure)
        with os.fdopen(results, "wb") as stream_of_results:
            pickle.dump(ended, stream_of_results)
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def _divert_errors(noises: int) -> None:
    """Keep what libraries print when they die out of the terminal: the parent judges it."""
    os.set_blocking(noises, False)
    with suppress(OSError, ValueError, AttributeError):
        shown = os.dup(2)
        os.dup2(noises, 2)
        sys.stderr = open(shown, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)  # noqa: SIM115


def _end_with_parent(lifeline: int) -> None:
    with suppress(OSError):
        os.read(lifeline, 1)
    os._exit(1)  # results are written atomically, so the middle of a book is as good a place as any


# --- the parent ---------------------------------------------------------------------------------------------------


def _wait(child: int, result: int, noise: int, seconds: float | None) -> Ended:
    until = None if seconds is None else time.monotonic() + seconds
    pieces: list[bytes] = []
    said = b""
    waiting = {result, noise}
    late = False
    try:
        while waiting and not late:
            left = None if until is None else max(until - time.monotonic(), 0.0)
            ready, _, _ = select.select(list(waiting), [], [], left)
            late = not ready
            for each in ready:
                piece = os.read(each, 2**16)
                if not piece:
                    waiting.discard(each)
                elif each == result:
                    pieces.append(piece)
                else:
                    said = (said + piece)[-4096:]
        if late:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except BaseException:
        _stop(child)
        raise
    if late:
        return Ended(failure=_too_long(seconds or 0.0))
    return _judged(b"".join(pieces), status, said)


def _judged(content: bytes, status: int, said: bytes) -> Ended:
    if not content:
        if any(each in said for each in _NO_MEMORY):
            return Ended(failure=NOT_ENOUGH)
        if status == -signal.SIGKILL:
            return Ended(failure="its process was killed, or the machine ran out of memory")
        return Ended(failure="its process crashed" + (f" (signal {-status})" if status < 0 else ""))
    kind, value = pickle.loads(content)
    if kind == "exit":
        raise SystemExit(value)
    if kind == "interrupted":
        terminal.complain(INTERRUPTED)
        raise SystemExit(128 + value)
    if kind == "raise":
        raise value
    return Ended(value) if kind == "value" else Ended(failure=value)


def _stop(child: int) -> None:
    """Let a child clean up, for a moment, and end it."""
    with suppress(OSError):
        os.kill(child, signal.SIGTERM)
        until = time.monotonic() + _GRACE
        while time.monotonic() < until:
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
