"""Books divided among workers: processes of this machine or of a dask cluster, with time limits.

The work itself is a function handed in; it runs through the standard ``concurrent.futures.Executor`` interface.
Results come back in the order of the books, whatever the workers do.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .jobs import Job, Outcome, run_here
from .worker import HELD_SIGNALS, Result, Work, prepare, run_chunk, run_chunk_in_child, why_lost

#: Books per piece of work, at most: starting a piece costs about as much as a tenth of a small book, on a cluster more.
_LARGEST_CHUNK, _LARGEST_CHUNK_OF_CLUSTER = 16, 64
_POLL_SECONDS = 0.2
#: Seconds that a cluster may be without workers.
_WITHOUT_WORKERS = 30.0

Runner = Callable[[Work, Sequence[Job], float | None], list[Result]]


def run_jobs(
    jobs: Sequence[Job],
    work: Work,
    *,
    workers: int = 1,
    seconds: float | None = None,
    scheduler: str = "",
    done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Work on all books and return their outcomes in the order of the jobs.

    Parameters
    ----------
    jobs
        As :func:`~rebalance_xl.recalc.batch.jobs.plan_jobs` returns them; refused ones are not worked on.
    work
        A function of a module (workers import it) that takes a job and returns something picklable.
    workers
        How many processes; 1 without a time limit works in this process.
    seconds
        Time limit per book: a book that exceeds it is stopped with its process and reported as failed.
    scheduler
        Address of a dask scheduler (``tcp://...``); then its workers do the work.
    done
        Called here with each outcome as it comes.
    """
    batch = _Batch(jobs, work, seconds, done)
    todo = batch.refuse()
    if scheduler:
        batch.jobs = [_absolute(job) for job in jobs]
        _run_on_cluster(batch, todo, scheduler)
    elif workers <= 1 and seconds is None:
        for index in todo:
            batch.finish(index, run_here(work, jobs[index]))
    else:
        count = max(1, min(workers, len(todo)))
        chunks = _chunks(todo, count, _LARGEST_CHUNK)
        while chunks:
            with _process_pool(count) as pool:
                lost = batch.run_chunks(pool, run_chunk, chunks, count + 1)
            while lost:
                with _process_pool(1) as pool:
                    batch.run_alone(pool, run_chunk, lost)
    return [replace(batch.outcomes[index], job=job) for index, job in enumerate(jobs)]


def _run_on_cluster(batch: _Batch, todo: Sequence[int], scheduler: str) -> None:
    """Work on books on a cluster; those that are not finished when the scheduler is lost fail by that."""
    connected = False
    try:
        with _dask_executor(scheduler) as (executor, count):
            connected = True
            chunks = _chunks(todo, count, _LARGEST_CHUNK_OF_CLUSTER)
            lost = batch.run_chunks(executor, run_chunk_in_child, chunks, 2 * count)
            batch.run_alone(executor, run_chunk_in_child, lost)
    except (Exception, CancelledError):
        if not connected:
            raise
        for index in todo:
            if index not in batch.outcomes:
                batch.finish(
                    index, Outcome(batch.jobs[index], failure=f"the cluster at {scheduler} was lost: run it again")
                )


def _absolute(job: Job) -> Job:
    """Return a job for a worker that runs in another folder."""
    return replace(job, path=Path(os.path.abspath(job.path)), output=Path(os.path.abspath(job.output)))


def _chunks(todo: Sequence[int], count: int, largest: int) -> deque[list[int]]:
    size = max(1, min(largest, len(todo) // (count * 4)))
    return deque(list(todo[start : start + size]) for start in range(0, len(todo), size))


@dataclass(slots=True)
class _Batch:
    """The books of a run, and what became of those that are done."""

    jobs: Sequence[Job]
    work: Work
    seconds: float | None
    done: Callable[[Outcome], None] | None
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def finish(self, index: int, outcome: Outcome) -> None:
        self.outcomes[index] = outcome
        if self.done is not None:
            self.done(outcome)

    def refuse(self) -> list[int]:
        """Finish the books that are refused; return the others."""
        todo = []
        for index, job in enumerate(self.jobs):
            if job.refusal:
                self.finish(index, Outcome(job, failure=job.refusal))
            else:
                todo.append(index)
        return todo

    def run_chunks(self, executor: Executor, run: Runner, chunks: deque[list[int]], window: int) -> deque[int]:
        """Work on chunks, a few at a time, until none is left or a worker is lost.

        Returns
        -------
        deque of int
            The books that were under way when a worker was lost; chunks not yet begun stay in `chunks`.
        """
        waiting: dict[Future[list[Result]], list[int]] = {}
        lost: list[int] = []
        try:
            while chunks or waiting:
                while chunks and len(waiting) < window:
                    chunk = chunks[0]
                    jobs = [self.jobs[index] for index in chunk]
                    waiting[executor.submit(run, self.work, jobs, self.seconds)] = chunk
                    chunks.popleft()
                for future in wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST).done:
                    chunk = waiting.pop(future)
                    if future.exception() is not None:
                        lost += chunk
                        continue
                    for index, (value, failure) in zip(chunk, future.result(), strict=True):
                        self.finish(index, Outcome(self.jobs[index], value, failure))
        except BrokenExecutor:  # a worker was lost while chunks were handed out
            lost += [index for chunk in waiting.values() for index in chunk]
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
        return deque(index for index in lost if index not in self.outcomes)

    def run_alone(self, executor: Executor, run: Runner, suspects: deque[int]) -> None:
        """Work on each book alone, so that the one that loses its worker is known; ends with the executor."""
        while suspects:
            index = suspects.popleft()
            job = self.jobs[index]
            began = time.monotonic()
            try:
                executor.submit(callable, self.work).result()  # the worker's start and imports are no book's time
                began = time.monotonic()
                [(value, failure)] = executor.submit(run, self.work, [job], self.seconds).result()
            except BrokenExecutor:
                self.finish(index, Outcome(job, failure=why_lost(time.monotonic() - began, self.seconds)))
                return
            except Exception as problem:  # what the work returned cannot travel, or dask's KilledWorker
                self.finish(index, Outcome(job, failure=f"{type(problem).__name__}: {problem}".splitlines()[0]))
            else:
                self.finish(index, Outcome(job, value, failure))


@contextmanager
def _process_pool(count: int) -> Iterator[Executor]:
    """Yield a pool whose processes end at once when this one ends, or leaves with an exception such as Ctrl-C."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import Pipe

    lifeline, other_end = Pipe(duplex=False)
    try:
        with ProcessPoolExecutor(count, initializer=prepare, initargs=(lifeline, other_end)) as pool:
            try:
                with _signals_held():
                    pool.submit(os.getpid)  # starts the processes
                yield pool
            except BaseException:
                other_end.close()
                raise
    finally:
        other_end.close()
        lifeline.close()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let Ctrl-C wait while processes are started: raised in the middle of a fork it would get lost."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
