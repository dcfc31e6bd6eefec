"""A thousand books unattended: every planted problem reported, every healthy book right, a killed run completed."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from rebalance_xl.recalc.batch.jobs import LEDGER_NAME

from .many_books import PROBLEMS, ROWS, Planted, write_many

OPTIONS = ["--as-of", "2026-11-22", "--workers", "2", "--skip-unchanged"]


def command(inbox: Path, out: Path, *more: object) -> list[str]:
    """Return the command line of a nightly run."""
    words = [sys.executable, "-m", "rebalance_xl.cli", "recalc", inbox, "--out-dir", out, *OPTIONS, *more]
    return [str(word) for word in words]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the books of a folder by name; a killed process may leave a hidden temporary file, which is none."""
    return {path.name: path.read_bytes() for path in folder.glob("*.xlsx") if not path.name.startswith(".")}


def assert_right(planted: Sequence[Planted], out: Path) -> None:
    """Compare every healthy book with the independent computation."""
    for book in planted:
        if book.problem:
            continue
        sheet = openpyxl.load_workbook(out / book.path.name, data_only=True)["Book"]
        rows = list(sheet.iter_rows(min_row=2, max_row=ROWS + 1, values_only=True))
        assert [row[3] for row in rows] == pytest.approx(book.values, rel=1e-12)
        assert [row[7] for row in rows] == pytest.approx(book.trims, rel=1e-9, abs=1e-9)
        assert [row[8] for row in rows] == pytest.approx(book.adds, rel=1e-9, abs=1e-9)


def assert_reported(planted: Sequence[Planted], report: Path, code: int) -> None:
    """Demand that the report speaks of every planted problem, and of no healthy book's failure."""
    told: dict[str, str] = defaultdict(str)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            told[Path(row["file"]).name] += f"{row['new']} {row['status']} {row['cause']}\n"
    for book in planted:
        text = told[book.path.name]
        if book.problem:
            assert PROBLEMS[book.problem] in text, (book.path.name, book.problem, text[:500])
        else:
            assert "failed" not in text
            assert "error" not in text
            assert "kept" not in text
    assert code == 1


def run_and_kill(folder: Path, after: int) -> int:
    """Kill a run with its workers when some books are done; return how many were."""
    process = subprocess.Popen(
        command(folder / "in", folder / "again"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ledger = folder / "again" / LEDGER_NAME
    while process.poll() is None and (not ledger.exists() or ledger.read_bytes().count(b"\n") < after):
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return ledger.read_bytes().count(b"\n")


def run_nightly(tmp_path: Path, count: int, kill_after: int) -> None:
    """Run a folder through, once undisturbed and once killed halfway and restarted."""
    planted = write_many(tmp_path / "in", count)
    before = contents(tmp_path / "in")
    report = tmp_path / "report.csv"
    done = subprocess.run(
        command(tmp_path / "in", tmp_path / "whole", "--report", report), capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert_reported(planted, report, done.returncode)
    assert_right(planted, tmp_path / "whole")

    for _ in range(10):  # on a busy machine a run may be done before it is killed
        shutil.rmtree(tmp_path / "again", ignore_errors=True)
        if kill_after <= run_and_kill(tmp_path, kill_after) < count:
            break
    else:
        pytest.fail("no run could be killed halfway")
    for name, content in contents(tmp_path / "again").items():
        assert content == (tmp_path / "whole" / name).read_bytes(), f"{name} is half written"
    again = subprocess.run(
        command(tmp_path / "in", tmp_path / "again", "--json"), capture_output=True, text=True, check=False
    )
    assert sum(each["status"] == "skipped" for each in json.loads(again.stdout)) >= kill_after
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")
    assert contents(tmp_path / "in") == before
    assert not list((tmp_path / "again").glob(".rebalance-*.xlsx"))


@pytest.mark.slow
def test_forty_books(tmp_path: Path) -> None:
    """Forty books, half of them with a planted problem, come out right and are completed after a kill."""
    run_nightly(tmp_path, 40, 8)


@pytest.mark.slow
def test_a_thousand_books(tmp_path: Path) -> None:
    """A thousand books, half of them with a planted problem, come out right and are completed after a kill."""
    run_nightly(tmp_path, 1000, 300)
