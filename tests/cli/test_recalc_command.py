"""`rebalance-xl recalc`: what is written, printed and returned."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from .conftest import Run, write_book


def values(path: Path, *cells: str) -> list[Any]:
    """Return cached values as openpyxl reads them."""
    sheet = openpyxl.load_workbook(path, data_only=True)["Book"]
    return [sheet[cell].value for cell in cells]


def test_one_book_into_another_file(run: Run, book: Path, tmp_path: Path) -> None:
    """With -o the result goes there and the book stays as it is."""
    before = book.read_bytes()
    answer = run("recalc", book, "-o", tmp_path / "out.xlsx")
    assert answer.code == 0
    assert "1 of 2 formulas and 1 spilled cells changed, written to" in answer.out
    assert values(tmp_path / "out.xlsx", "F2", "F3", "F4", "H2") == [0, 0, 1600, 12000]
    assert book.read_bytes() == before


def test_one_book_in_place(run: Run, book: Path) -> None:
    """Without -o the book itself gets its values, and a second run finds nothing to change."""
    assert run("recalc", book).code == 0
    assert values(book, "F4") == [1600]
    after = book.read_bytes()
    assert "0 of 2 formulas changed, nothing to write" in run("recalc", book).out
    assert book.read_bytes() == after


def test_check_writes_nothing_and_returns_three(run: Run, book: Path) -> None:
    """--check tells stale values by exit code 3 and fresh ones by 0."""
    before = book.read_bytes()
    answer = run("recalc", book, "--check")
    assert answer.code == 3
    assert "1 of 2 formulas and 1 spilled cells are stale" in answer.out
    assert book.read_bytes() == before
    run("recalc", book)
    assert run("recalc", book, "--check").code == 0


def test_json_tells_every_cell(run: Run, book: Path) -> None:
    """--json gives one object with the cells that changed."""
    found = json.loads(run("recalc", book, "--json").out)
    assert (found["status"], found["formulas"]) == ("done", 2)
    assert ["Book", "H2", "=SUM(Portfolio[Value])", 0.0, 12000.0, "changed", ""] in found["cells"]
    assert ["Book", "F4", "=TRIM_AMOUNT()", 0.0, 1600.0, "changed", ""] in found["cells"]


def test_causes_of_kept_cells_are_printed(run: Run, tmp_path: Path) -> None:
    """Why cells keep their values stands beside their number, also where no function is unknown."""
    book = write_book(tmp_path / "book.xlsx", extra='="1/2/2020"+1')
    assert run("recalc", book).out.splitlines()[1:] == [
        "  1 formula could not be computed and keeps its cached value; --report names it",
        "    1: the order of day and month in '1/2/2020' is the author's system's",
    ]


def test_unknown_functions_are_named_and_kept(run: Run, tmp_path: Path) -> None:
    """A function nobody knows keeps its cached value and is reported by name."""
    path = write_book(tmp_path / "book.xlsx", extra="=NOSUCH(1)")
    answer = run("recalc", path, "--report", tmp_path / "report.csv")
    assert answer.code == 0
    assert "unknown functions: NOSUCH" in answer.out
    assert values(path, "I2") == [7]
    rows = pd.read_csv(tmp_path / "report.csv")
    assert list(rows.columns) == ["file", "sheet", "cell", "formula", "old", "new", "status", "cause"]
    [row] = rows[rows["cell"] == "I2"].to_dict("records")
    assert (row["status"], row["cause"], row["formula"]) == ("kept", "unknown-function:NOSUCH", "'=NOSUCH(1)")


def test_many_books_with_one_broken(run: Run, tmp_path: Path) -> None:
    """A broken book is refused in one line with exit code 1; the others are done."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    write_book(inbox / "a.xlsx")
    write_book(inbox / "b.xlsx", sol=2000.0)
    (inbox / "c.xlsx").write_bytes(b"PK\x03\x04 not a zip")
    answer = run("recalc", inbox, "--out-dir", tmp_path / "out", "--workers", 1, "--timeout", 0)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "c.xlsx" in answer.err
    assert "3 books: 2 done, 1 failed" in answer.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.xlsx", "b.xlsx"]
    assert values(tmp_path / "out" / "b.xlsx", "F4") == [0]


def test_results_do_not_depend_on_the_workers(run: Run, tmp_path: Path) -> None:
    """One worker and three give the same bytes."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    for i in range(7):
        write_book(inbox / f"{i}.xlsx", sol=1000.0 * i)
    for workers in (1, 3):
        options = ["--workers", workers, "--as-of", "2026-11-22"]
        assert run("recalc", inbox, "--out-dir", tmp_path / f"out{workers}", *options).code == 0
    for path in (tmp_path / "out1").iterdir():
        assert path.read_bytes() == (tmp_path / "out3" / path.name).read_bytes()


def test_unchanged_books_are_skipped(run: Run, tmp_path: Path) -> None:
    """--skip-unchanged skips a book until its content or the options change."""
    path, out = write_book(tmp_path / "book.xlsx"), tmp_path / "out"
    words = ["recalc", path, "--out-dir", out, "--skip-unchanged", "--as-of", "2026-11-22"]
    assert "changed, written to" in run(*words).out
    assert "skipped" in run(*words).out
    assert "written to" in run(*words[:-1], "2026-11-23").out
    write_book(path, sol=2000.0)
    assert "written to" in run(*words).out


def test_skipped_books_have_their_figures_in_the_summary(run: Run, tmp_path: Path) -> None:
    """A summary asked for after a run without one says of the books it skips what it would have said of them then."""
    path, summary = write_book(tmp_path / "book.xlsx"), tmp_path / "summary.json"
    words = ["recalc", path, "--out-dir", tmp_path / "out", "--skip-unchanged", "--as-of", "2026-11-22"]
    assert run(*words).code == 0
    assert run(*words, "--summary", summary).code == 0
    (row,) = json.loads(summary.read_text())
    assert (row["status"], row["trigger"], row["trims"]) == ("skipped", "THRESHOLD", "SOL 1600.00")


@pytest.mark.parametrize(
    "words, message",
    [
        (["recalc", "nothing*.xlsx"], "no workbook matches nothing*.xlsx"),
        (["recalc", "BOOK", "--as-of", "tomorrow"], '--as-of is "tomorrow"; allowed is a date'),
        (["recalc", "BOOK", "--set", "nonsense"], "is no change"),
        (["recalc", "BOOK", "--report", "report.txt"], "must end in .csv, .json"),
        (["recalc", "BOOK", "--summary", "summary.doc"], "must end in .csv, .json, .parquet, .xlsx"),
        (["recalc", "BOOK", "-o", "x.xlsx", "--out-dir", "out"], "exclude each other"),
        (["recalc", "BOOK", "--check", "-o", "x.xlsx"], "--check writes nothing"),
        (["recalc"], "Missing argument"),
        (["recalc", "BOOK", "--nonsense"], "No such option"),
        (["plan", "BOOK", "-o", "x.xlsx"], "-o goes with --write"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_wrong_command_line_returns_two(run: Run, book: Path, words: list[str], message: str) -> None:
    """A wrong command line is answered in words, with exit code 2, and nothing is written."""
    before = sorted(book.parent.iterdir())
    answer = run(*[book if word == "BOOK" else word for word in words])
    assert answer.code == 2
    assert message in answer.err
    assert sorted(book.parent.iterdir()) == before


def test_parquet_without_its_library_is_refused_before_the_work(
    run: Run, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night of recalculation does not end without its summary: what cannot be written is said at the start."""
    monkeypatch.setattr("rebalance_xl.commands.recalc_request.find_spec", lambda name: None)
    before = book.read_bytes()
    answer = run("recalc", book, "--summary", book.with_name("summary.parquet"))
    assert answer.code == 2
    assert "needs the extra 'cluster'" in answer.err
    assert book.read_bytes() == before


def test_a_missing_book_returns_one(run: Run, tmp_path: Path) -> None:
    """A book that does not exist is a failed book, named in one line."""
    answer = run("recalc", tmp_path / "gone.xlsx")
    assert answer.code == 1
    assert answer.err == f"rebalance-xl: {tmp_path / 'gone.xlsx'}: no such file\n"


@pytest.mark.parametrize(
    "change", [["Portfolio[Value] where Asset=SOL", "=", "2000"], ["Portfolio[Value] where Asset=SOL = 2000"]]
)
def test_inputs_are_written_first(book: Path, tmp_path: Path, change: list[str]) -> None:
    """--set writes an input before the calculation, with the value behind it as one word or as three."""
    out = tmp_path / "out.xlsx"
    words = ["recalc", str(book), "--set", *change, "-o", str(out)]
    subprocess.run([sys.executable, "-m", "rebalance_xl.cli", *words], check=True, capture_output=True)
    assert values(out, "C1", "B4", "F4", "H2") == ["Target", 2000, 0, 10000]


def test_prices_are_written_first(run: Run, tmp_path: Path) -> None:
    """--prices fills the prices of the assets a book holds and passes over all others."""
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("Book")
        columns = [{"header": name} for name in ("Asset", "Price")]
        sheet.add_table(0, 0, 2, 1, {"name": "Portfolio", "columns": columns, "data": [["BTC", 1.0], ["SOL", 2.0]]})
        sheet.write_formula("D2", "=SUM(Portfolio[Price])", None, 3)
    prices = tmp_path / "prices.csv"
    prices.write_text("Asset,Price\nSOL,200\nDOGE,0.1\n", encoding="utf-8")
    assert run("recalc", path, "--prices", prices).code == 0
    assert values(path, "B2", "B3", "D2") == [1, 200, 201]


def test_the_summary_has_a_line_per_book(run: Run, tmp_path: Path) -> None:
    """--summary writes status, trigger, trims and reserve of every book, and why one has none."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    sample = Path(__file__).resolve().parents[2] / "examples" / "sample.xlsx"
    (inbox / "sample.xlsx").write_bytes(sample.read_bytes())
    (inbox / "bad.xlsx").write_bytes(b"no workbook")
    answer = run("recalc", inbox, "--out-dir", tmp_path / "out", "--summary", tmp_path / "all.csv", "--workers", 1)
    assert answer.code == 1
    rows = pd.read_csv(tmp_path / "all.csv").set_index("file")
    good, bad = rows.loc[str(inbox / "sample.xlsx")], rows.loc[str(inbox / "bad.xlsx")]
    assert (good["status"], good["trigger"], good["trims"], good["reserve"]) == (
        "done",
        "THRESHOLD",
        "SOL 1600.00",
        "LOW",
    )
    assert (bad["status"], bad["message"]) == ("failed", "not an .xlsx or .xlsm workbook (no zip file)")
