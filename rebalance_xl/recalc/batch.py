"""Many books at once: which files, where results go, workers, time limits, and what was done already.

The work itself is a function handed in; it runs in worker processes (or on a dask cluster) through the standard
``concurrent.futures.Executor`` interface. Results come back in the order of the books, whatever the workers do.
"""

from __future__ import annotations

import faulthandler
import glob
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebalance_xl.recalc.refusals import WORKBOOK_SUFFIXES

#: Books per piece of work, at most: starting a piece costs about as much as a tenth of a small book.
_LARGEST_CHUNK = 16
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Job:
    """One book to work on.

    Parameters
    ----------
    path, output
        The book and where its result goes (the same for in place).
    options
        What the work function needs to know; has to be picklable.
    refusal
        Why the book is not worked on at all, "" otherwise.
    """

    path: Path
    output: Path
    options: Any = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one book: `value` is what the work function returned, `failure` why there is none."""

    job: Job
    value: Any = None
    failure: str = ""


# --- which books, and where to -------------------------------------------------------------------------------


def find_books(patterns: Sequence[str]) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Return the books that files, folders and patterns name, and the words that name none.

    Parameters
    ----------
    patterns
        Files, folders (searched with their subfolders) or glob patterns such as ``inbox/*.xlsx``.

    Returns
    -------
    tuple of books and misses
        Books as (path, path below the folder that was searched), without repeats; lock files are left out.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    misses = []
    for pattern in patterns:
        base = Path(pattern)
        if base.is_dir():
            matches = [(path, path.relative_to(base)) for path in sorted(base.rglob("*")) if _is_book(path)]
        elif base.exists() or not glob.has_magic(pattern):
            matches = [(base, Path(base.name))]
        else:
            paths = sorted(Path(each) for each in glob.glob(pattern, recursive=True))
            matches = [(path, Path(path.name)) for path in paths if _is_book(path)]
        if not matches:
            misses.append(pattern)
        for path, relative in matches:
            found.setdefault(Path(os.path.abspath(path)), (path, relative))
    return list(found.values()), misses


def _is_book(path: Path) -> bool:
    hidden = path.name.startswith(("~$", ".~lock", "."))
    return path.suffix.lower() in WORKBOOK_SUFFIXES and path.is_file() and not hidden


def plan_jobs(books: Sequence[tuple[Path, Path]], out_dir: Path | None, options: Any = None) -> list[Job]:
    """Return a job per book; books whose results would overwrite each other or leave `out_dir` are refused.

    Parameters
    ----------
    books
        As :func:`find_books` returns them.
    out_dir
        Folder for the results; None to write in place.
    options
        Handed to the work function.
    """
    if out_dir is None:
        return [Job(path, path, options) for path, _ in books]
    targets: dict[str, list[Path]] = {}
    for path, relative in books:
        targets.setdefault(os.path.normcase(os.path.normpath(relative)), []).append(path)
    inputs = {os.path.realpath(path) for path, _ in books}
    jobs = []
    root = os.path.realpath(out_dir)
    for path, relative in books:
        output = out_dir / relative
        rivals = targets[os.path.normcase(os.path.normpath(relative))]
        refusal = ""
        real = os.path.realpath(output)
        if len(rivals) > 1:
            other = next(each for each in rivals if each != path)
            refusal = f"its result would have the same name as that of {other}: give them different names"
        elif os.path.commonpath([root, real]) != root:
            refusal = f"its result would leave the output folder {out_dir}"
        elif real in inputs and real != os.path.realpath(path):
            refusal = f"its result would overwrite another input, {output}"
        jobs.append(Job(path, output, options, refusal))
    return jobs


# --- running ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Batch:
    """The books of a run that wait, are under way, and are done."""

    jobs: Sequence[Job]
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def left(self, indices: Sequence[int]) -> list[int]:
        return [index for index in indices if index not in self.outcomes]


def run_chunk(work: Callable[[Job], Any], jobs: Sequence[Job], seconds: float | None) -> list[tuple[Any, str]]:
    """Work on some books, one after the other; runs in a worker.

    A book that takes longer than `seconds` ends the worker process itself, since nothing else stops code that hangs
    outside of Python; the caller sees a lost worker.
    """
    _leave_interrupts_to_the_parent()
    results: list[tuple[Any, str]] = []
    for job in jobs:
        with _time_limit(seconds):
            try:
                results.append((work(job), ""))
            except Exception as failure:  # one broken book must not take the others with it
                results.append((None, f"{type(failure).__name__}: {failure}".splitlines()[0]))
    return results


def _leave_interrupts_to_the_parent() -> None:
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGINT"):
        with suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)


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


def run_jobs(
    jobs: Sequence[Job],
    work: Callable[[Job], Any],
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
        As :func:`plan_jobs` returns them; refused ones are not worked on.
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
    batch = _Batch(jobs)

    def finish(index: int, outcome: Outcome) -> None:
        batch.outcomes[index] = outcome
        if done is not None:
            done(outcome)

    todo = []
    for index, job in enumerate(jobs):
        if job.refusal:
            finish(index, Outcome(job, failure=job.refusal))
        else:
            todo.append(index)
    if scheduler:
        with _dask_executor(scheduler) as (executor, count):
            suspects = _run_chunks(batch, todo, work, executor, count, seconds, finish)
            _run_alone(batch, suspects, work, lambda: _borrowed(executor), seconds, finish)
    elif workers <= 1 and seconds is None:
        for index in todo:
            [(value, failure)] = _run_here(work, jobs[index])
            finish(index, Outcome(jobs[index], value, failure))
    else:
        count = max(1, min(workers, len(todo)))
        suspects = todo
        with ProcessPoolExecutor(count) as pool:
            suspects = _run_chunks(batch, todo, work, pool, count, seconds, finish)
        _run_alone(batch, suspects, work, lambda: ProcessPoolExecutor(1), seconds, finish)
    return [batch.outcomes[index] for index in range(len(jobs))]


def _run_here(work: Callable[[Job], Any], job: Job) -> list[tuple[Any, str]]:
    try:
        return [(work(job), "")]
    except Exception as failure:  # as in a worker: one broken book must not take the others with it
        return [(None, f"{type(failure).__name__}: {failure}".splitlines()[0])]


def _run_chunks(
    batch: _Batch,
    todo: Sequence[int],
    work: Callable[[Job], Any],
    executor: Executor,
    count: int,
    seconds: float | None,
    finish: Callable[[int, Outcome], None],
) -> list[int]:
    """Work on the books in chunks; return those that were lost with a worker."""
    size = max(1, min(_LARGEST_CHUNK, len(todo) // (count * 4)))
    waiting: dict[Future[Any], list[int]] = {}
    try:
        for start in range(0, len(todo), size):
            chunk = list(todo[start : start + size])
            waiting[executor.submit(run_chunk, work, [batch.jobs[i] for i in chunk], seconds)] = chunk
        while waiting:
            finished, _ = wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST)
            for future in finished:
                chunk = waiting.pop(future)
                problem = future.exception()
                if problem is None:
                    for index, (value, failure) in zip(chunk, future.result(), strict=True):
                        finish(index, Outcome(batch.jobs[index], value, failure))
    except BrokenExecutor:
        pass  # a worker was lost while chunks were handed out
    except KeyboardInterrupt:
        for future in waiting:
            future.cancel()
        raise
    return batch.left(todo)


def _run_alone(
    batch: _Batch,
    suspects: Sequence[int],
    work: Callable[[Job], Any],
    make: Callable[[], Any],
    seconds: float | None,
    finish: Callable[[int, Outcome], None],
) -> None:
    """Work on each book alone, so that the one that loses its worker is known."""
    limit = f"stopped: it took longer than {seconds:g} seconds" if seconds else "its worker process was lost"
    position = 0
    while position < len(suspects):
        with make() as executor:
            while position < len(suspects):
                index = suspects[position]
                position += 1
                job = batch.jobs[index]
                try:
                    [(value, failure)] = executor.submit(run_chunk, work, [job], seconds).result()
                except Exception:  # BrokenProcessPool, or dask's KilledWorker
                    finish(index, Outcome(job, failure=limit))
                    break
                finish(index, Outcome(job, value, failure))


@contextmanager
def _borrowed(executor: Executor) -> Iterator[Executor]:
    yield executor


@contextmanager
def _dask_executor(address: str) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ImportError:
        raise ModuleNotFoundError(
            "a scheduler needs the extra 'cluster': pip install 'rebalance-xl[cluster]'"
        ) from None
    with Client(address) as client:  # type: ignore[no-untyped-call]
        yield client.get_executor(retries=0), max(1, sum(client.nthreads().values()))
