"""`rebalance-xl recalc --scheduler` on a dask cluster of workers that were started by themselves, elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebalance_xl.recalc.batch.jobs import LEDGER_NAME

from .many_books import write_many

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

DASK = """
import sys, time
from distributed import LocalCluster
if __name__ == "__main__":
    options = dict(host="127.0.0.1", dashboard_address=":0", protocol="tcp://")
    with LocalCluster(n_workers=1, threads_per_worker={threads}, processes=False, **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_on_a_cluster_ends_in_the_same_bytes(tmp_path: Path, threads: int) -> None:
    """A cluster in another folder gives the bytes and the report that a pool gives, and remembers what is done."""
    inbox = tmp_path / "in"
    write_many(inbox, 24)
    (tmp_path / "elsewhere").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", DASK.format(threads=threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path / "elsewhere",
    ) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        on_cluster = recalculated(tmp_path, "cluster", "--scheduler", address)
        again = recalculated(tmp_path, "cluster", "--scheduler", address)
        assert cluster.poll() is None
        cluster.communicate(timeout=60)
    in_pool = recalculated(tmp_path, "pool", "--workers", "2")
    assert {each["file"]: each["message"] for each in on_cluster} == {each["file"]: each["message"] for each in in_pool}
    assert [each["cells"] for each in on_cluster] == [each["cells"] for each in in_pool]
    assert contents(tmp_path / "cluster") == contents(tmp_path / "pool")
    assert [each["status"] for each in again] == [
        "skipped" if each["status"] == "done" else each["status"] for each in on_cluster
    ]


def recalculated(folder: Path, out: str, *words: str) -> list[dict[str, object]]:
    """Run the command on relative paths and return its report."""
    command = [sys.executable, "-m", "rebalance_xl.cli", "recalc", "in", "--out-dir", out, "--json", *words]
    command += ["--skip-unchanged", "--as-of", "2026-11-22"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert "Traceback" not in done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return the results by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LEDGER_NAME}


def test_no_scheduler_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address at which nobody answers is one line and exit code 1."""
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    write_many(tmp_path / "in", 2)
    command = [sys.executable, "-m", "rebalance_xl.cli", "recalc", str(tmp_path / "in"), "--check"]
    done = subprocess.run(
        [*command, "--scheduler", "tcp://127.0.0.1:9"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr == "rebalance-xl: no dask scheduler answers at tcp://127.0.0.1:9\n"


def test_a_cluster_that_dies_is_a_line_a_book(tmp_path: Path) -> None:
    """Books that a dead cluster still had are named, each in one line; the next run computes them."""
    write_many(tmp_path / "in", 80)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "rebalance_xl.cli", "recalc", "in", "--out-dir", "out", "--as-of", "2026-11-22"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", DASK.format(threads=1)], stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path
    ) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        with subprocess.Popen(
            [*command, "--scheduler", address], stdout=pipe, stderr=pipe, text=True, cwd=tmp_path
        ) as run:
            while run.poll() is None and not list(out.glob("*.xlsx")):
                time.sleep(0.02)
            cluster.kill()
            _, said = run.communicate(timeout=300)
        assert "Traceback" not in cluster.communicate(timeout=60)[1]
    lost = [line for line in said.splitlines() if line.endswith(f"the cluster at {address} was lost: run it again")]
    assert run.returncode == 1
    assert lost
    assert "Traceback" not in said
    again = recalculated(tmp_path, "out")
    assert not any("was lost" in str(each["message"]) for each in again)
    recalculated(tmp_path, "whole")
    assert contents(out) == contents(tmp_path / "whole")
