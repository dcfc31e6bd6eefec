"""A worker that is a fork of this process, for the work on one book."""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Final

from rebalance_xl.recalc.batch.jobs import NOT_ENOUGH, Result
from rebalance_xl.recalc.batch.worker import Child, serve_work

#: Seconds that an interrupted child has to clean up.
_GRACE: Final = 3.0
#: What the engine's language and the C library say when memory runs out.
_NO_MEMORY: Final = (b"memory allocation of", b"alloc", b"out of memory", b"MemoryError")


def done_in_a_fork(action: Callable[[], Any], seconds: float | None) -> Result:
    """Do something in a fork; interrupted, it gets a moment to clean up.

    The value is a pair: what the action gives, and how it ended where that has to go on in this process.
    """
    with tempfile.TemporaryFile() as said:
        child = _ForkedChild(lambda _: action(), seconds, said)
        try:
            return child.result(None)
        except BaseException:
            child.end_gently()
            raise
        finally:
            child.end()


class _Fork:
    """A copy of this process that serves some work, and the pipes to it."""

    def __init__(self, serve: Callable[[BinaryIO, BinaryIO], None]) -> None:
        inbox, questions = os.pipe()
        answers, outbox = os.pipe()
        self._number = os.fork()
        if self._number == 0:
            try:
                os.close(questions)
                os.close(answers)
                serve(os.fdopen(inbox, "rb"), os.fdopen(outbox, "wb"))
            finally:
                os._exit(1)
        os.close(inbox)
        os.close(outbox)
        self.stdin, self.stdout = os.fdopen(questions, "wb"), os.fdopen(answers, "rb")

    def kill(self) -> None:
        """End it, whatever it does."""
        os.kill(self._number, signal.SIGKILL)

    def end_gently(self) -> None:
        """Ask it to end, and wait a moment until it has nothing more to say."""
        os.kill(self._number, signal.SIGTERM)
        select.select([self.stdout], [], [], _GRACE)

    def wait(self) -> int:
        """Return its exit code, below 0 the signal that has ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])


class _ForkedChild(Child):
    """A child that is a fork, so that any function can be its work; what it says when it dies is judged, not shown."""

    def __init__(self, work: Callable[[Any], Any], seconds: float | None, said: BinaryIO) -> None:
        super().__init__(work, seconds)
        self._said = said

    def start(self) -> _Fork:
        """Start the process."""
        return _Fork(self._serve)

    def end_gently(self) -> None:
        """Ask the process to end, and wait a moment until it has nothing more to say."""
        if self._process is not None:
            self._process.end_gently()

    def _serve(self, inbox: BinaryIO, outbox: BinaryIO) -> None:
        received: list[int] = []

        def stop(number: int, _: object) -> None:
            received.append(number)
            raise KeyboardInterrupt

        def work(job: Any) -> tuple[Any, BaseException | None]:
            try:
                value = self.work(job)
                sys.stdout.flush()
                sys.stderr.flush()
                return value, None
            except KeyboardInterrupt:
                return None, KeyboardInterrupt(received[-1] if received else int(signal.SIGINT))
            except (SystemExit, OSError) as end:
                return None, end

        for kind in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(kind) is not signal.SIG_IGN:
                signal.signal(kind, stop)
        with suppress(OSError, ValueError, AttributeError):
            shown = os.dup(2)
            os.dup2(self._said.fileno(), 2)
            encoding = sys.stderr.encoding
            sys.stderr = open(shown, "w", encoding=encoding, errors="backslashreplace", buffering=1)  # noqa: SIM115
        serve_work(work, inbox, outbox)

    def why_lost(self, elapsed: float, code: int) -> str:
        """Return why the book lost its process."""
        if self.seconds is not None and elapsed >= self.seconds:
            return super().why_lost(elapsed, code)
        self._said.seek(0)
        said = self._said.read()
        if any(each in said for each in _NO_MEMORY):
            return NOT_ENOUGH
        if code == -signal.SIGKILL:
            return "its process was killed, or the machine ran out of memory"
        return "its process crashed" + (f" (signal {-code})" if code < 0 else "")
