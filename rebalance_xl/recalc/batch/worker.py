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
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from .jobs import Job, Result, Work, failed, run_book
from .memory import limit_memory

#: What ends a run from outside; held back while workers are started.
HELD_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def why_lost(elapsed: float, seconds: float | None) -> str:
    """Return why a book lost its worker, judged by how many seconds it had."""
    if seconds is not None and elapsed >= seconds:
        return f"stopped: it took longer than {seconds:g} seconds"
    return "its worker process was lost: it crashed, was killed or ran out of memory"


def serve_pipe(pipe: Connection, other_end: Connection) -> None:
    """Serve in a process that was started for it; `other_end` is the copy of the parent's end that it was born with."""
    other_end.close()
    _serve(pipe.recv, pipe.send_bytes)


def serve_streams() -> None:
    """Serve over the standard streams; what the work prints goes to the error stream."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)

    def send(result: bytes) -> None:
        outbox.write(result)
        outbox.flush()

    _serve(lambda: pickle.load(inbox), send)


def _serve(receive: Callable[[], Any], send: Callable[[bytes], Any]) -> None:
    """Take the work and say so, then take books with their time limits and send back what they give.

    Ctrl-C is left to the parent. When nobody can send any more this process ends at once: results are written
    atomically, so the middle of a book is as good a place as any.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
    limit_memory()
    received: SimpleQueue[Any] = SimpleQueue()

    def read() -> None:
        try:
            while True:
                received.put(receive())
        finally:
            os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    work, answer = received.get(), pickle.dumps(None)
    while True:
        try:
            send(answer)
        except OSError:  # who asked is gone
            os._exit(1)
        job, seconds = received.get()
        result = _run(work, job, seconds)
        try:
            answer = pickle.dumps(result)
        except Exception as problem:  # what the work returned cannot travel
            answer = pickle.dumps(failed(problem))


def _run(work: Work, job: Job, seconds: float | None) -> Result:
    """Work on a book; one that takes too long ends this process: nothing else stops what hangs outside of Python."""
    with open(os.devnull, "w") as nowhere:
        if seconds is not None:
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return run_book(work, job)
        finally:
            faulthandler.cancel_dump_traceback_later()


def run_in_child(work: Work, jobs: Sequence[Job], seconds: float | None) -> list[Result]:
    """Work on some books, each within a time limit, in a process of their own, as workers of a cluster do.

    Such a worker may run several threads, or be the user's own process: a time limit must not end it.
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
                results.append(child.ask((job, seconds)))
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
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve_streams; serve_streams()"
        self._process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ready = False

    def make_ready(self, work: Work) -> None:
        """Wait until the process has started and has imported the work; this is no book's time."""
        if not self._ready:
            self.ask(work)
            self._ready = True

    def ask(self, question: Any) -> Any:
        sender, receiver = self._process.stdin, self._process.stdout
        assert sender is not None
        assert receiver is not None
        pickle.dump(question, sender)
        sender.flush()
        return pickle.load(receiver)

    def end(self) -> None:
        self._process.kill()
        with suppress(OSError):  # what could not be sent any more is tried again here
            self._process.communicate()
