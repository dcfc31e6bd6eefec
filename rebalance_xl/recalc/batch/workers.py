"""Books divided among workers: processes of this machine or of a dask cluster, with time limits.

The work itself is a function handed in. Results come back in the order of the books, whatever the workers do.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import CancelledError, Executor, Future, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from .jobs import Job, Outcome, Result, Work, failed, run_book
from .worker import HELD_SIGNALS, Child, run_in_child

#: Books per piece of a cluster's work, at most: it starts a process for each piece.
_LARGEST_PIECE = 64
_POLL_SECONDS = 0.2
#: Seconds that a cluster may be without workers.
_WITHOUT_WORKERS = 30.0

#: Numbers of jobs, each with what its book gave.
Results = Generator[tuple[int, Result], None, None]


def run_jobs(
    jobs: Sequence[Job],
    work: Work,
    *,
    workers: int = 1,
    seconds: float | None = None,
    scheduler: str = "",
    done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Work on all books but refused ones and return their outcomes in the order of the jobs.

    `work` is a function of a module (workers import it) that takes a job and returns something picklable. It is done by
    so many `workers`, processes, of which one without a time limit is this one; a book that takes longer than `seconds`
    is stopped with its process and fails. With the address of a dask `scheduler` (``tcp://...``) its workers do it.
    `done` is called here with each outcome as it comes.
    """
    outcomes: dict[int, Outcome] = {}
    refused = ((index, (None, job.refusal)) for index, job in enumerate(jobs) if job.refusal)
    todo = deque(index for index, job in enumerate(jobs) if not job.refusal)
    if scheduler:
        results = _on_cluster(jobs, todo, work, seconds, scheduler)
    elif workers <= 1 and seconds is None:
        results = ((index, run_book(work, jobs[index])) for index in todo)
    else:
        results = _in_processes(jobs, todo, work, seconds, workers)
    with closing(results):
        for index, (value, failure) in chain(refused, results):
            outcomes[index] = Outcome(jobs[index], value, failure)
            if done is not None:
                done(outcomes[index])
    return [outcomes[index] for index in range(len(jobs))]


def _in_processes(jobs: Sequence[Job], todo: deque[int], work: Work, seconds: float | None, count: int) -> Results:
    """Keep some processes busy with one book each, a thread beside each of them.

    Whatever ends this, Ctrl-C too, ends the processes at once.
    """
    found: SimpleQueue[tuple[int, Result]] = SimpleQueue()
    open_books = len(todo)
    children = [Child(work, seconds) for _ in range(min(count, open_books))]

    def attend(child: Child) -> None:
        if hasattr(signal, "pthread_sigmask"):  # the process is born with it: Ctrl-C must not end it half started
            signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
        with suppress(IndexError):
            while True:
                index = todo.popleft()
                found.put((index, child.result(jobs[index])))
        child.end()

    try:
        for child in children:
            threading.Thread(target=attend, args=[child], daemon=True).start()
        while open_books:
            try:
                each = found.get(timeout=_POLL_SECONDS)  # Ctrl-C is heard in between on every system
            except Empty:
                continue
            open_books -= 1
            yield each
    finally:
        todo.clear()
        for child in children:
            child.end()


def _on_cluster(jobs: Sequence[Job], todo: Sequence[int], work: Work, seconds: float | None, address: str) -> Results:
    """Have a cluster work on pieces of the run; the books of a piece that lost its worker are worked on one by one.

    Books that are not finished when the scheduler is lost fail by that.
    """
    # A worker runs in another folder.
    whole = [
        replace(each, path=Path(os.path.abspath(each.path)), output=Path(os.path.abspath(each.output))) for each in jobs
    ]
    left = set(todo)
    with _dask_executor(address) as (executor, count), suppress(Exception, CancelledError):
        size = max(1, min(_LARGEST_PIECE, len(todo) // (count * 4)))
        pieces = deque(list(todo)[start : start + size] for start in range(0, len(todo), size))
        waiting: dict[Future[list[Result]], list[int]] = {}
        while pieces or waiting:
            while pieces and len(waiting) < 2 * count:
                piece = pieces.popleft()
                waiting[executor.submit(run_in_child, work, [whole[each] for each in piece], seconds)] = piece
            for future in wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST).done:
                piece = waiting.pop(future)
                problem = future.exception()
                if problem is None or len(piece) == 1:
                    left -= set(piece)
                    yield from zip(piece, future.result() if problem is None else [failed(problem)], strict=True)
                else:
                    pieces += [[index] for index in piece]
    yield from ((index, (None, f"the cluster at {address} was lost: run it again")) for index in sorted(left))


@contextmanager
def _dask_executor(address: str) -> Iterator[tuple[Executor, int]]:
    import logging

    try:
        from distributed import Client
    except ImportError:
        raise ModuleNotFoundError(
            "a scheduler needs the extra 'cluster': pip install 'rebalance-xl[cluster]'"
        ) from None
    # What goes wrong is told here, in one line. The library gives some of its loggers levels of their own.
    for name in ["distributed", *logging.root.manager.loggerDict]:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as failure:
        problem = "no dask scheduler answers at" if isinstance(failure, OSError) else "not an address of a scheduler:"
        raise ConnectionError(f"{problem} {address}") from None
    with client:
        count = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
        if not count:
            raise ConnectionError(f"the dask scheduler at {address} has no workers")
        over = threading.Event()
        threading.Thread(target=_give_up_without_workers, args=[client, over], daemon=True).start()
        try:
            yield client.get_executor(retries=0), count  # type: ignore[no-untyped-call]
        finally:
            over.set()


def _give_up_without_workers(client: Any, over: threading.Event) -> None:
    """Close the connection, which ends all waiting for results, when the cluster has had no worker for a while."""
    since = time.monotonic()
    while not over.wait(5.0):
        try:
            if client.nthreads():
                since = time.monotonic()
        except Exception:  # the scheduler is gone, and whoever waits for results hears of it
            return
        if time.monotonic() - since > _WITHOUT_WORKERS:
            client.close()
            return
