"""Workers: order, failures, hung and lost workers, and the dask scheduler through the same interface."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.batch import Job, Outcome, run_jobs


def jobs(*kinds: str) -> list[Job]:
    """Return a job per kind of behaviour."""
    return [Job(Path(f"{i}.xlsx"), Path(f"{i}.xlsx"), kind) for i, kind in enumerate(kinds)]


def work(job: Job) -> Any:
    """Behave as the job says."""
    if job.options == "fail":
        raise ValueError("bad book\nwith a second line")
    if job.options == "hang":
        time.sleep(3600)
    if job.options == "die":
        os._exit(9)
    return f"{job.path.stem} {job.options}"


def told(outcomes: list[Outcome]) -> list[str]:
    """Return what came of each job as one text."""
    return [outcome.value or outcome.failure for outcome in outcomes]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order_whatever_the_workers(workers: int) -> None:
    """Outcomes stand in the order of the jobs for any number of workers; a failing book harms no other."""
    batch = jobs("a", "b", "fail", "c", "d", "e", "f")
    assert told(run_jobs(batch, work, workers=workers)) == [
        "0 a", "1 b", "ValueError: bad book", "3 c", "4 d", "5 e", "6 f",
    ]  # fmt: skip


def test_refused_jobs_are_not_worked_on() -> None:
    """A job with a refusal gives that refusal."""
    batch = [Job(Path("a.xlsx"), Path("a.xlsx"), "die", refusal="no")]
    assert told(run_jobs(batch, work)) == ["no"]


def test_a_hung_book_is_stopped_and_named() -> None:
    """A book over its time limit loses its process and is reported; all others are done."""
    batch = jobs("a", "hang", "b", "c")
    assert told(run_jobs(batch, work, workers=2, seconds=0.5)) == [
        "0 a", "stopped: it took longer than 0.5 seconds", "2 b", "3 c",
    ]  # fmt: skip


def test_a_lost_worker_costs_only_its_book() -> None:
    """A book that kills its worker is reported; all others are done."""
    batch = jobs("a", "die", "b", "c", "d", "e", "f", "g", "h", "i")
    found = told(run_jobs(batch, work, workers=2))
    assert found[1] == "its worker process was lost"
    assert [each for i, each in enumerate(found) if i != 1] == [
        f"{i} {kind}" for i, kind in enumerate("a?bcdefghi") if i != 1
    ]


def test_progress_is_told_as_it_comes() -> None:
    """The callback sees every outcome once."""
    seen: list[Path] = []
    run_jobs(jobs("a", "b", "c"), work, workers=2, done=lambda outcome: seen.append(outcome.job.path))
    assert sorted(seen) == [Path("0.xlsx"), Path("1.xlsx"), Path("2.xlsx")]


def test_a_scheduler_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dask the message names the extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"rebalance-xl\[cluster\]"):
        run_jobs(jobs("a"), work, scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_local_cluster_gives_the_same_results() -> None:
    """A dask scheduler on loopback gives what the process pool gives."""
    distributed = pytest.importorskip("distributed")
    batch = jobs(*"abcdefghij", "fail")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        found = told(run_jobs(batch, work, scheduler=cluster.scheduler_address, seconds=30))
    assert found == told(run_jobs(batch, work))
