"""Inside a worker process: books one after the other, a time limit that really stops, and an end with the parent."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from .jobs import Job, run_here
from .memory import limit_memory

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: What a book gave: its value, and why there is none.
Result = tuple[Any, str]
Work = Callable[[Job], Any]
#: What ends a run from outside; held back while workers are started.
HELD_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_chunk(work: Work, jobs: Sequence[Job], seconds: float | None) -> list[Result]:
    """Work on some books, one after the other.

    A book that takes longer than `seconds` ends the worker process itself, since nothing else stops code that hangs
    outside of Python; the caller sees a lost worker.

    Parameters
    ----------
    work
        A function of a module that takes a job.
    jobs
        The books.
    seconds
        Time limit for each.
    """
    results: list[Result] = []
    for job in jobs:
        with _time_limit(seconds):
            outcome = run_here(work, job)
        results.append((outcome.value, outcome.failure))
    return results


@contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def why_lost(elapsed: float, seconds: float | None) -> str:
    """Return why a book lost its worker, judged by how many seconds it had."""
    if seconds is not None and elapsed >= seconds:
        return f"stopped: it took longer than {seconds:g} seconds"
    return "its worker process was lost: it crashed, was killed or ran out of memory"


def prepare(lifeline: Connection, other_end: Connection) -> None:
    """Make a new worker process end with its parent, leave Ctrl-C to the parent, and limit its memory.

    Parameters
    ----------
    lifeline
        What this process listens to: it ends as soon as nobody holds the other end.
    other_end
        The copy of the parent's end that this process was born with.
    """
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
    limit_memory()
    threading.Thread(target=_end_with_parent, args=[lifeline], daemon=True).start()


def _end_with_parent(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os._exit(1)  # results are written atomically, so the middle of a book is as good a place as any


# --- a process for the books of a worker that must not be ended itself --------------------------------------------


def run_chunk_in_child(work: Work, jobs: Sequence[Job], seconds: float | None) -> list[Result]:
    """Work on some books in a process of their own, as workers of a cluster do.

    Such a worker may run several threads, or be the user's own process: a time limit must not end it.

    Parameters
    ----------
    work, jobs, seconds
        As for :func:`run_chunk`.
    """
    results: list[Result] = []
    child: _Child | None = None
    try:
        for job in jobs:
            child = child or _Child()
            began = time.monotonic()
            try:
                child.make_ready(work)
                began = time.monotonic()
                results.append(child.run(job, seconds))
            except (EOFError, OSError, pickle.UnpicklingError):
                child.end()
                child = None
                results.append((None, why_lost(time.monotonic() - began, seconds)))
    finally:
        if child is not None:
            child.end()
    return results


class _Child:
    """A Python process that is sent one book at a time; it ends when nobody can send any more."""

    def __init__(self) -> None:
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        self._process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ready = False

    def make_ready(self, work: Work) -> None:
        """Wait until the process has started and has imported the work; this is no book's time."""
        if not self._ready:
            self._ready = self._ask(work)

    def run(self, job: Job, seconds: float | None) -> Result:
        found: Result = self._ask((job, seconds))
        return found

    def _ask(self, question: Any) -> Any:
        sender, receiver = self._process.stdin, self._process.stdout
        assert sender is not None
        assert receiver is not None
        pickle.dump(question, sender)
        sender.flush()
        return pickle.load(receiver)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def serve() -> None:
    """Take the work, then its books, and send back what they give; what the work prints goes to the error stream."""
    inbox, outbox = _private_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory()
    work = pickle.load(inbox)
    result: Any = True
    while True:
        try:
            pickle.dump(result, outbox)
            outbox.flush()
        except BrokenPipeError:  # who asked is gone; what is left in the buffer must not be tried again at the exit
            os._exit(1)
        try:
            job, seconds = pickle.load(inbox)
        except EOFError:
            return
        [result] = run_chunk(work, [job], seconds)


def _private_streams() -> tuple[IO[bytes], IO[bytes]]:
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return inbox, outbox
