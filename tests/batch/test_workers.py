"""Workers: order, failures, hung and lost workers, and the dask scheduler through the same interface."""

from __future__ import annotations

import importlib
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.batch.jobs import Job, Outcome
from rebalance_xl.recalc.batch.worker import run_in_child
from rebalance_xl.recalc.batch.workers import run_jobs

LOST = "its worker process was lost: it crashed, was killed or ran out of memory"


def jobs(*kinds: str) -> list[Job]:
    """Return a job per kind of behaviour."""
    return [Job(Path(f"{i}.xlsx"), Path(f"{i}.xlsx"), kind) for i, kind in enumerate(kinds)]


def work(job: Job) -> Any:
    """Behave as the job says."""
    if job.options == "fail":
        raise ValueError("bad book\nwith a second line")
    if job.options == "hang":
        time.sleep(3600)
    if job.options == "spin":  # code outside of Python that never lets another thread run
        re.match(r"(a+)+$", "a" * 60 + "b")
    if job.options == "die":
        os._exit(9)
    if job.options == "print":
        print("a book that prints")
        os.write(1, b"and writes")
    if job.options == "unpicklable":
        return lambda: None
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


@pytest.mark.parametrize("kind", ["hang", "spin"])
def test_a_hung_book_is_stopped_and_named(kind: str) -> None:
    """A book over its time limit loses its process, whatever it does, and is reported; all others are done."""
    batch = jobs("a", kind, "b", "c")
    assert told(run_jobs(batch, work, workers=2, seconds=1)) == [
        "0 a", "stopped: it took longer than 1 seconds", "2 b", "3 c",
    ]  # fmt: skip


def test_a_lost_worker_costs_only_its_book() -> None:
    """A book that kills its worker is reported; all others are done."""
    batch = jobs("a", "die", "b", "c", "d", "e", "f", "g", "h", "i")
    found = told(run_jobs(batch, work, workers=2))
    assert found[1] == LOST
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


def test_hung_and_lost_books_cost_the_others_nothing() -> None:
    """With several hung books and lost workers among many books every other book is done, in order."""
    kinds = ["a"] * 40
    kinds[3], kinds[4], kinds[17], kinds[39] = "die", "hang", "hang", "die"
    found = told(run_jobs(jobs(*kinds), work, workers=2, seconds=1))
    hung = "stopped: it took longer than 1 seconds"
    expected = {3: LOST, 4: hung, 17: hung, 39: LOST}
    assert found == [expected.get(i, f"{i} a") for i in range(40)]


def test_a_result_that_cannot_travel_is_a_failure_of_its_book() -> None:
    """What cannot be sent back fails that book with the reason, not with a lost worker."""
    found = told(run_jobs(jobs("a", "unpicklable", "b"), work, workers=2))
    assert "pickle" in found[1]
    assert found[::2] == ["0 a", "2 b"]


BATCH = """
import sys, time
sys.path[:] = {path!r}
from tests.batch.test_workers import jobs, work
from rebalance_xl.recalc.batch.workers import run_jobs
kinds = ["a", "a", "a", "a", {kind!r}, {kind!r}]
def done(outcome):
    print(outcome.value, flush=True)
try:
    run_jobs(jobs(*kinds), work, workers=2, done=done)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals to other processes")
@pytest.mark.parametrize("kind, expected", [(signal.SIGKILL, []), (signal.SIGINT, ["interrupted"])])
def test_workers_end_with_their_parent(kind: signal.Signals, expected: list[str]) -> None:
    """Killed or interrupted while its workers hang, a run ends at once and leaves no worker behind."""
    code = BATCH.format(path=sys.path, kind="hang")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], text=True, **pipes) as process:  # type: ignore[call-overload]
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(kind)
        assert process.stdout.read().split() == expected
        # The workers have inherited this pipe: its end is read only when the last of them is gone.
        assert process.stderr.read() == ""


@pytest.mark.parametrize("sent", [0, 1, 20])
def test_a_worker_whose_parent_is_gone_before_it_asked_ends_without_a_word(sent: int) -> None:
    """A run that is killed while its workers start leaves no traceback of theirs on the terminal."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from rebalance_xl.recalc.batch.worker import serve; serve()"
    asked = pickle.dumps(work)[:sent]
    ended = subprocess.run([sys.executable, "-c", code], input=asked, capture_output=True, check=False, timeout=50)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"", b"")


# --- on a cluster ---------------------------------------------------------------------------------------------


def test_books_in_a_child_process(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A child works on the books in order; one that hangs, dies, fails or prints harms no other."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # as most users' Python prints
    kinds = ("a", "spin", "die", "print", "fail", "unpicklable", "b")
    found = [value or failure for value, failure in run_in_child(work, jobs(*kinds), 1.0)]
    assert found[:5] == ["0 a", "stopped: it took longer than 1 seconds", LOST, "3 print", "ValueError: bad book"]
    assert found[6] == "6 b"
    assert "a book that prints" in capfd.readouterr().err


def test_the_start_of_a_child_process_is_no_books_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A book that kills its process is not taken for one that was too slow, however long the process took to start."""
    (tmp_path / "slow_to_import.py").write_text(
        "import os, time\ntime.sleep(0.8)\ndef work(job):\n    os._exit(9)\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    slow = importlib.import_module("slow_to_import")
    assert run_in_child(slow.work, jobs("a"), 0.7) == [(None, LOST)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("workers, threads", [(2, 1), (1, 2)])
def test_a_local_cluster_gives_the_same_results(workers: int, threads: int) -> None:
    """A dask scheduler on loopback, also with workers of two threads, gives what the process pool gives."""
    distributed = pytest.importorskip("distributed")
    batch = jobs(*"abcdefghij", "fail", "hang", "k", "die", "l")
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=threads, host="127.0.0.1", dashboard_address=":0"
    ) as cluster:
        before = {each.pid for each in cluster.workers.values()}
        found = told(run_jobs(batch, work, scheduler=cluster.scheduler_address, seconds=2))
        assert {each.pid for each in cluster.workers.values()} == before  # the user's workers live on
    assert found == told(run_jobs(batch, work, workers=2, seconds=2))
    assert found[11] == "stopped: it took longer than 2 seconds"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_in_the_same_process_survives_a_hung_book() -> None:
    """Workers that are threads of this very process stop a hung book without ending it."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=":0"
    ) as cluster:
        found = told(run_jobs(jobs("a", "hang", "b"), work, scheduler=cluster.scheduler_address, seconds=1))
    assert found == ["0 a", "stopped: it took longer than 1 seconds", "2 b"]


def where(job: Job) -> str:
    """Return the whole paths that a worker got."""
    return f"{job.path} {job.output}"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_in_another_folder_find_the_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of a cluster get whole paths, and outcomes carry the jobs as they were given."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    batch = [Job(Path("in/a.xlsx"), Path("out/a.xlsx"))]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=":0"
    ) as cluster:
        [outcome] = run_jobs(batch, where, scheduler=cluster.scheduler_address)
    assert outcome.value == f"{tmp_path}/in/a.xlsx {tmp_path}/out/a.xlsx"
    assert outcome.job == batch[0]
