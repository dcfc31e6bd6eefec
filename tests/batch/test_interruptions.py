"""Runs stopped at random moments, full disks and closed folders: books are whole, old or new, and nothing is left."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebalance_xl.recalc.batch.jobs import LEDGER_NAME

from .many_books import write_many

resource = pytest.importorskip("resource", reason="limits of processes")

SEED = 20_261_122
AS_OF = ["--as-of", "2026-11-22"]


def command(*words: object) -> list[str]:
    """Return a command line of this checkout."""
    return [sys.executable, "-m", "rebalance_xl.cli", "recalc", *map(str, words), *AS_OF]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, also hidden ones."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LEDGER_NAME}


INTERRUPTED = "rebalance-xl: interrupted; finished books are complete, the others are as they were\n"
KINDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]


@pytest.mark.slow
@pytest.mark.parametrize("kind, code", KINDS)
def test_stopped_in_place_at_random_moments(tmp_path: Path, kind: signal.Signals, code: int) -> None:
    """Each book of a run in place is as it was or finished, and the next run completes all and clears what is left."""
    stop_at_random_moments(tmp_path, kind, code, books=24, rounds=2)


@pytest.mark.slow
@pytest.mark.parametrize("kind, code", KINDS)
def test_stopped_many_times(tmp_path: Path, kind: signal.Signals, code: int) -> None:
    """The same with more books and more moments."""
    stop_at_random_moments(tmp_path, kind, code, books=64, rounds=20)


@pytest.mark.parametrize("kind, code", KINDS[:2])
@pytest.mark.parametrize("words", [["recalc", "book.xlsx"], ["plan", "book.xlsx"], ["functions"]])
def test_stopped_between_the_command_line_and_the_work(words: list[str], kind: signal.Signals, code: int) -> None:
    """Whichever command and wherever it is, a signal ends it with the same line and exit code."""
    script = f"""
import os, sys, time
from rebalance_xl import cli
from rebalance_xl.commands import functions, plan, recalc
def meet_signal(*_):
    os.kill(os.getpid(), {int(kind)})
    time.sleep(60)
recalc.run = plan.show_plan = functions.show = meet_signal
sys.argv[1:] = {words}
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=50)
    assert (ended.returncode, ended.stderr) == (code, INTERRUPTED)


@pytest.mark.parametrize("when, code", [("answering", 3), ("leaving", -signal.SIGINT)])
def test_stopped_when_the_work_is_done(when: str, code: int) -> None:
    """A command that has its answer keeps it; a signal while Python itself ends is silent."""
    script = f"""
import atexit, os, sys
from rebalance_xl import cli
from rebalance_xl.commands import functions
def meet_signal(*_):
    os.kill(os.getpid(), {int(signal.SIGINT)})
def answer(*_):
    if {when!r} == "leaving":
        atexit.register(meet_signal)
    else:
        try:
            meet_signal()
        except KeyboardInterrupt:
            return 3
    return 0
functions.show = answer
sys.argv[1:] = ["functions"]
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=50)
    assert (ended.returncode, ended.stderr) == (code, "")


def test_an_ignored_interrupt_stays_ignored() -> None:
    """What was started to outlive its terminal goes on."""
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from rebalance_xl import cli
from rebalance_xl.commands import functions
def answer(*_):
    os.kill(os.getpid(), {int(signal.SIGINT)})
    return 0
functions.show = answer
sys.argv[1:] = ["functions"]
cli.main()
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=50).returncode == 0


def stop_at_random_moments(tmp_path: Path, kind: signal.Signals, code: int, books: int, rounds: int) -> None:
    """Send a signal to runs, half of the time while books are worked on, and look at every file after each."""
    chance = random.Random(SEED + kind)
    inbox, done = tmp_path / "in", tmp_path / "done"
    healthy = [book.path for book in write_many(inbox, books) if not book.problem]
    before = {path.name: path.read_bytes() for path in healthy}
    for path in inbox.iterdir():
        if path.name not in before:
            path.unlink()
    subprocess.run(command(inbox, "--out-dir", done), check=True, capture_output=True)
    after = contents(done)
    assert after.keys() == before.keys()
    began = time.monotonic()
    subprocess.run(command(inbox, "--check"), check=False, capture_output=True)
    usual = time.monotonic() - began
    for turn in range(rounds):
        (inbox / LEDGER_NAME).unlink(missing_ok=True)
        for name, content in before.items():
            (inbox / name).write_bytes(content)
        process = subprocess.Popen(
            command(inbox, "--workers", 2, "--skip-unchanged"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        at_work = turn % 2 == 0
        while at_work and not (inbox / LEDGER_NAME).exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(usual * chance.uniform(0.0, 0.3 if at_work else 1.0))
        process.send_signal(kind)
        _, said = process.communicate(timeout=60)  # the workers hold the pipes: none of them lives on after this
        if at_work and contents(inbox) != after:  # otherwise the signal may have met a process that was ending
            assert process.returncode == code
            assert "Traceback" not in said
        if process.returncode in (130, 143):
            assert said == INTERRUPTED
            assert contents(inbox).keys() == before.keys()
        for name in before:
            assert (inbox / name).read_bytes() in (before[name], after[name]), f"{name} is half written"
    subprocess.run(command(inbox, "--skip-unchanged"), check=True, capture_output=True)
    assert contents(inbox) == after


def run_with_small_files(limit: int, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the command where no file may become larger than a limit, as on a disk that is full at some point."""
    return subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_costs_no_book(tmp_path: Path, workers: int) -> None:
    """Results that do not fit are refused one by one; the old books stay, and nothing half written does."""
    inbox, out = tmp_path / "in", tmp_path / "out"
    write_many(inbox, 4)
    (inbox / "small.xlsx").write_bytes(b"no workbook")
    before = contents(inbox)
    done = run_with_small_files(8_000, inbox, "--out-dir", out, "--workers", workers, "--skip-unchanged")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = done.stderr.splitlines()
    assert len(told) == 5
    assert sum("cannot write" in line and "File too large" in line for line in told) == 4
    assert contents(out) == {}
    done = run_with_small_files(8_000, inbox, "--workers", workers)
    assert "cannot write" in done.stderr
    assert contents(inbox) == before


def test_a_report_that_does_not_fit(tmp_path: Path) -> None:
    """A report on a full disk is a line and exit code 1; books and the old report stay whole."""
    book = write_many(tmp_path / "in", 1)[0].path
    report = tmp_path / "report.csv"
    report.write_text("old")
    done = run_with_small_files(book.stat().st_size + 3_000, book, "-o", tmp_path / "out.xlsx", "--report", report)
    assert done.returncode == 1
    assert done.stderr == f"rebalance-xl: --report {report} was not written: File too large\n"
    assert report.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.xlsx", "report.csv"]


def test_a_ledger_that_cannot_be_written_costs_no_book(tmp_path: Path) -> None:
    """A book is done although nothing can be remembered about it; the table says so."""
    inbox, out = tmp_path / "in", tmp_path / "out"
    write_many(inbox, 1)
    (inbox / "other.xlsx").write_bytes((inbox / "book0000.xlsx").read_bytes())
    (out / LEDGER_NAME).mkdir(parents=True)
    done = subprocess.run(
        command(inbox, "--out-dir", out, "--skip-unchanged"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.count("it is not remembered") == 2
    assert len(list(out.glob("*.xlsx"))) == 2


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the way of the output folder, or of a subfolder for a result, is a line and exit code 1."""
    inbox = tmp_path / "in"
    write_many(inbox / "sub", 1)
    (tmp_path / "file").write_text("in the way")
    done = subprocess.run(
        command(inbox, "--out-dir", tmp_path / "file" / "out"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot make the folder {tmp_path / 'file' / 'out'}: Not a directory" in done.stderr
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_text("in the way")
    done = subprocess.run(command(inbox, "--out-dir", tmp_path / "out"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot make the folder {tmp_path / 'out' / 'sub'}: File exists" in done.stderr
