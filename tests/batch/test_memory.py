"""A batch of many books does not grow, neither in its workers nor in the process that leads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.commands.recalc_book import recalculate_book
from rebalance_xl.recalc.batch.jobs import Job

from .many_books import write_many

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")

#: Megabytes that may come between the book that makes a process warm and the last; one book's cells and texts are
#: 0.5.
TOLERANCE = 4.0
#: A process is warm after so many books, in a long run after a fifth of them: until then the allocator's arenas grow.
WARM = 20
#: Megabytes of what the run itself is to tell about each book.
REPORT = 0.006

RUN = """
import json, sys
from pathlib import Path
sys.path[:] = {path!r}
from rebalance_xl.commands.cell_spool import CellSpool
from rebalance_xl.commands.recalc_book import RecalcOptions
from rebalance_xl.recalc.batch.jobs import Job
from rebalance_xl.recalc.batch.workers import run_jobs
from tests.batch.test_memory import megabytes, measured
options = RecalcOptions(wants_cells=True, wants_summary=True, skip_unchanged=True)
out = Path({out!r})
jobs = [Job(path, out / path.name, options) for path in sorted(Path({inbox!r}).iterdir())]
peaks, spool = [], CellSpool()
def done(outcome):
    spool.take(outcome.value["report"])
    peaks.append((outcome.value["process"], outcome.value["peak"], megabytes()))
run_jobs(jobs, measured, workers={workers}, seconds={seconds}, done=done)
print(json.dumps(peaks))
"""


def megabytes() -> float:
    """Return the peak memory of this process; what `getrusage` tells includes that of the process that started it."""
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def measured(job: Job) -> dict[str, Any]:
    """Recalculate a book and tell the peak memory of the process that did it."""
    return {"report": recalculate_book(job), "process": os.getpid(), "peak": megabytes()}


def run_and_measure(tmp_path: Path, count: int, workers: int) -> list[tuple[int, float, float]]:
    """Return worker, its peak and the leader's peak after each of some generated books, half of them with errors."""
    write_many(tmp_path / "in", count)
    seconds = 60 if workers > 1 else None
    code = RUN.format(
        path=sys.path, out=str(tmp_path / "out"), inbox=str(tmp_path / "in"), workers=workers, seconds=seconds
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600)
    found = [(process, peak, leader) for process, peak, leader in json.loads(done.stdout)]
    assert len(found) == count
    return found


def assert_steady(found: list[tuple[int, float, float]]) -> None:
    """Demand that no worker has grown since it was warm, and the leader by no more than a line per book."""
    workers = {each for each, _, _ in found}
    allowed = TOLERANCE + REPORT * len(found)
    for process in workers if len(workers) > 1 else ():
        peaks = [peak for each, peak, _ in found if each == process]
        warm = max(WARM, len(peaks) // 5)
        if len(peaks) > warm:
            assert peaks[-1] - peaks[warm - 1] < TOLERANCE, f"a worker grew from book {warm} to {len(peaks)}"
    leaders = [leader for _, _, leader in found]
    assert leaders[-1] - leaders[WARM - 1] < allowed, f"the leader grew from book {WARM} to {len(leaders)}"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_eighty_books_in_steady_memory(tmp_path: Path, workers: int) -> None:
    """Eighty books, in one process and in a pool of two, leave no memory behind."""
    found = run_and_measure(tmp_path, 80, workers)
    assert len({process for process, _, _ in found}) == workers
    assert_steady(found)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_thousand_books_in_steady_memory(tmp_path: Path, workers: int) -> None:
    """A thousand books, in one process and in a pool of two, leave no memory behind."""
    assert_steady(run_and_measure(tmp_path, 1000, workers))
