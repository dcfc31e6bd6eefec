"""A worker process, from inside and outside: books one after the other, and a time limit that really stops."""

from __future__ import annotations

import faulthandler
import math
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO, Final, NoReturn

from .jobs import Job, Result, Work, failed, limit_memory, run_book

#: What ends a run from outside; held back while workers are started.
HELD_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def serve() -> None:
    """Take the work over the standard streams, then do what :func:`serve_work` does.

    What the work prints goes to the error stream. Ctrl-C is left to the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr  # whose lines are not lost when this process is ended
    try:
        work = pickle.load(inbox)
    except (EOFError, pickle.UnpicklingError):  # who asks was gone before it had asked, or in the middle of that
        os._exit(1)
    _send(outbox, None)
    serve_work(work, inbox, outbox)


def serve_work(work: Work, inbox: BinaryIO, outbox: BinaryIO) -> NoReturn:
    """Take books with their time limits, and send back what the work gives, until nobody can send any more.

    Then this process ends at once: results are written atomically, so the middle of a book is as good a place as any.
    """
    limit_memory()
    received: SimpleQueue[Any] = SimpleQueue()

    def read() -> None:
        try:
            while True:
                received.put(pickle.load(inbox))
        finally:
            os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    while True:
        _send(outbox, _run(work, *received.get()))


def _send(outbox: BinaryIO, result: Any) -> None:
    try:
        answer = pickle.dumps(result)
    except Exception as problem:  # what the work returned cannot travel
        answer = pickle.dumps(failed(problem))
    try:
        outbox.write(answer)
        outbox.flush()
    except OSError:  # who asked is gone
        os._exit(1)


def _run(work: Work, job: Job, seconds: float | None) -> Result:
    """Work on a book; one that takes too long ends this process: nothing else stops what hangs outside of Python."""
    with open(os.devnull, "w") as nowhere:
        if seconds is not None:
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return run_book(work, job)
        finally:
            faulthandler.cancel_dump_traceback_later()


class Child:
    """A process that works on one book at a time, each within a time limit; it starts with the first.

    It is a Python of its own, no fork and no thread: several threads may run here, and a time limit ends the whole
    process. It ends itself when nobody can send any more.
    """

    def __init__(self, work: Work, seconds: float | None) -> None:
        self.work, self.seconds = work, seconds
        self._process: Any = None  # of Popen, or like one
        self._over = False

    def result(self, job: Any) -> Result:
        """Work on a book; one that costs the process fails by that, and the next one gets a new process."""
        began = math.inf
        try:
            if self._process is None:
                self._process = self.start()
                if self._over:  # ended by another thread meanwhile
                    raise EOFError
            began = time.monotonic()  # the start of a process is no book's time
            answer: Result = self._ask((job, self.seconds))
            return answer
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            return None, self.why_lost(time.monotonic() - began, self._stop())

    def start(self) -> Any:
        """Start the process, and wait until it has imported the work."""
        import subprocess  # one book alone needs none

        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        self._process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ask(self.work)
        return self._process

    def why_lost(self, elapsed: float, code: int) -> str:
        """Return why a book lost its process, by how many seconds it had and the exit code."""
        if self.seconds is not None and elapsed >= self.seconds:
            return f"stopped: it took longer than {self.seconds:g} seconds"
        return "its worker process was lost: it crashed, was killed or ran out of memory"

    def end(self) -> None:
        """End the process, whatever it does, for good."""
        self._over = True
        self._stop()

    def _ask(self, question: Any) -> Any:
        process = self._process
        if process is None:
            raise EOFError
        pickle.dump(question, process.stdin)
        process.stdin.flush()
        return pickle.load(process.stdout)

    def _stop(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError, ValueError):  # what could not be sent any more is tried again here
                stream.close()
        code: int = process.wait()
        return code


def run_in_child(work: Work, jobs: Sequence[Job], seconds: float | None) -> list[Result]:
    """Work on some books in a process of their own, as a worker of a cluster does, which may be the user's own."""
    child = Child(work, seconds)
    try:
        return [child.result(job) for job in jobs]
    finally:
        child.end()
