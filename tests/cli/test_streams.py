"""Commands whose output goes nowhere, is full or has a small code page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rebalance_xl.commands.streams import TRACEBACK_VARIABLE, steady_streams

from .conftest import write_book

RUN = [sys.executable, "-m", "rebalance_xl.cli"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
@pytest.mark.parametrize("words", [["functions"], ["recalc", "BOOK", "--json"], ["check", "BOOK"]])
def test_a_full_disk_under_the_output(words: list[str], tmp_path: Path) -> None:
    """Output that cannot be written is one line and exit code 1."""
    book = write_book(tmp_path / "book.xlsx")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*RUN, *(str(book) if word == "BOOK" else word for word in words)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["rebalance-xl: the output cannot be written: No space left on device"]


@pytest.mark.skipif(os.name != "posix", reason="closed descriptors")
def test_closed_streams(tmp_path: Path) -> None:
    """With output and error stream closed a book is calculated all the same, and no file takes their numbers."""
    book = write_book(tmp_path / "book.xlsx")
    done = subprocess.run(f'"{sys.executable}" -m rebalance_xl.cli recalc "{book}" >&- 2>&-', shell=True, check=False)
    assert done.returncode == 0
    again = subprocess.run([*RUN, "recalc", str(book), "--check"], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_small_code_page(tmp_path: Path) -> None:
    """Characters that the terminal does not have are written out."""
    book = write_book(tmp_path / "b\u20bf\u2192.xlsx")
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([*RUN, "recalc", str(book)], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"b\u20bf\u2192.xlsx" in done.stdout


def test_what_nobody_foresaw_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program is told in one line, with its place only for who asks."""

    def fail() -> None:
        with steady_streams():
            raise KeyError("no such\nthing")

    with pytest.raises(SystemExit) as end:
        fail()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("rebalance-xl: an unforeseen failure, please report it: KeyError: ")
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    with pytest.raises(KeyError):
        fail()
