"""What hangs, grows or crashes over one book ends in one line, and the book is as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import write_book

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="work in a child of the process")

HOSTILE = {
    "regular expression": ("import re; re.match(r'(a+)+$', 'a' * 60 + 'b')", "took longer than 1 seconds"),
    "memory of Python": ("bytearray(6 << 30)", "not enough memory for it (a book may take 4 GB)"),
    "memory of a library": (
        "os.write(2, b'memory allocation of 9 bytes failed'); os.abort()",
        "not enough memory for it (a book may take 4 GB)",
    ),
    "crash": ("os.write(2, b'panicked'); os.abort()", f"its process crashed (signal {int(signal.SIGABRT)})"),
    "killed": ("os.kill(os.getpid(), 9)", "its process was killed"),
    "fault": ("raise KeyError('x')", "KeyError: 'x'"),
}


def run(body: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with the actions on a book replaced by some code."""
    script = f"""
import os, sys
from rebalance_xl import cli
from rebalance_xl.commands import limits, plan, recalc
limits.SECONDS = recalc.SECONDS = 1.0
limits.within_limits.__defaults__ = (1.0,)
def act(*_):
    {body or "pass"}
if {bool(body)}:
    plan.check_book = act
    recalc.recalculate_book = act
sys.argv[1:] = {[str(word) for word in words]}
cli.main()
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.parametrize("kind", sorted(HOSTILE))
@pytest.mark.parametrize("command", ["recalc", "check"])
def test_hostile_books_end_in_one_line(kind: str, command: str, tmp_path: Path) -> None:
    """Whatever happens in the work on a book is told in one line with exit code 1."""
    body, message = HOSTILE[kind]
    done = run(body, command, tmp_path / "book.xlsx")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr
    assert done.stdout == ""


def test_a_stopped_book_stands_in_the_report(tmp_path: Path) -> None:
    """A book that is stopped is a failed book in JSON too."""
    done = run("import time; time.sleep(60)", "recalc", tmp_path / "book.xlsx", "--json")
    assert (done.returncode, '"status": "failed"' in done.stdout) == (1, True)
    assert "took longer than 1 seconds" in done.stdout


def test_output_and_code_come_through(tmp_path: Path) -> None:
    """What the child prints is printed, and its exit code is the command's."""
    book = write_book(tmp_path / "book.xlsx")
    assert run("print('seen'); print('told', file=sys.stderr); return 3", "check", book).stdout == "seen\n"
    done = run("print('told', file=sys.stderr); return 3", "check", book)
    assert (done.returncode, done.stderr) == (3, "told\n")
    assert run("raise SystemExit(7)", "check", book).returncode == 7
    whole = run("", "recalc", book, "--timeout", "0")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "written in place" in whole.stdout


def test_nothing_outlives_the_command(tmp_path: Path) -> None:
    """A killed command takes the process that works for it along."""
    mark = tmp_path / "alive"
    script = f"""
import os, sys, time
from rebalance_xl import cli
from rebalance_xl.commands import plan
def act(*_):
    while True:
        open({str(mark)!r}, "w").close()
        time.sleep(0.02)
plan.check_book = act
sys.argv[1:] = ["check", "x.xlsx"]
cli.main()
"""
    with subprocess.Popen([sys.executable, "-c", script]) as command:
        until = time.monotonic() + 60
        while not mark.exists() and time.monotonic() < until:
            time.sleep(0.02)
        command.kill()
        command.wait(30)
    time.sleep(0.5)
    mark.unlink()
    time.sleep(0.5)
    assert not mark.exists()
