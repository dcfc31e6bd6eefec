"""Which files `rebalance-xl recalc` takes for books, which it never overwrites, and what reports hold."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from rebalance_xl import terminal
from tests.book.books import FUTURES, PORTFOLIO, example, perpetual, table

from .conftest import Run, write_book

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sample.xlsx"


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- what is taken for a book -----------------------------------------------------------------------------------


def test_results_inside_the_searched_folder_are_no_books(run: Run, tmp_path: Path) -> None:
    """With the output folder inside the searched one, a second run works on the same books, not on results."""
    write_book(tmp_path / "a.xlsx")
    (tmp_path / "sub").mkdir()
    write_book(tmp_path / "sub" / "b.xlsx")
    out = tmp_path / "out"
    assert "2 books: 2 done" in run("recalc", tmp_path, "--out-dir", out).out
    first = contents(out)
    assert first.keys() == {"a.xlsx", "sub/b.xlsx"}
    assert "2 books: 2 done" in run("recalc", tmp_path, "--out-dir", out).out
    assert contents(out) == first
    assert "2 books: 2 done" in run("recalc", out, "--out-dir", out).out  # named themselves, they are books
    pattern = str(tmp_path / "**" / "*.xlsx")
    assert "2 books: 2 done" in run("recalc", pattern, "--out-dir", out).out


def test_an_earlier_summary_beside_the_books_is_no_book(run: Run, tmp_path: Path) -> None:
    """A nightly summary in the folder of the books is replaced by the next one and never worked on."""
    write_book(tmp_path / "a.xlsx")
    write_book(tmp_path / "b.xlsx")
    summary = tmp_path / "tonight.xlsx"
    for _ in range(2):
        answer = run("recalc", tmp_path, "--summary", summary, "--workers", 1, "--timeout", 0)
        assert answer.code == 0
        assert "2 books: 2 done" in answer.out
    assert pd.read_excel(summary)["file"].tolist() == [str(tmp_path / "a.xlsx"), str(tmp_path / "b.xlsx")]


def test_an_empty_name_is_not_this_folder(run: Run, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty word, such as an unset variable of a script, does not recalculate everything that lies here."""
    monkeypatch.chdir(book.parent)
    before = book.read_bytes()
    answer = run("recalc", "")
    assert (answer.code, answer.err) == (2, 'rebalance-xl: a book is named ""; write . for all books in this folder\n')
    assert book.read_bytes() == before


# --- what is never overwritten ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, message",
    [
        (["book.xlsx", "--summary", "book.xlsx"], "is a workbook that would be overwritten"),
        (["book.xlsx", "--summary", "other.xlsx"], "is a workbook that would be overwritten"),
        (["book.xlsx", "-o", "out.xlsx", "--summary", "out.xlsx"], "is a workbook that would be overwritten"),
        ([".", "--out-dir", "out", "--summary", "out/book.xlsx"], "is a workbook that would be overwritten"),
        (["book.xlsx", "--report", "r.csv", "--summary", "r.csv"], "would overwrite --report"),
        (["book.xlsx", "--prices", "prices.csv", "--report", "prices.csv"], "would overwrite the price file"),
        (["book.xlsx", "--prices", "prices.csv", "--summary", "./prices.csv"], "would overwrite the price file"),
        (["book.xlsx", "--report", "none/r.csv"], "there is no folder none"),
        (["book.xlsx", "--report", "folder.csv"], "is a folder"),
        (["book.xlsx", "-o", "out.xlsm"], "must end in .xlsx, as the book does"),
        (["book.xlsx", "-o", "out.csv"], "must end in .xlsx, as the book does"),
        (["book.xlsx", "--out-dir", "prices.csv"], "is not a folder"),
        (["book.xlsx", "--prices", "gone.csv"], "cannot be read"),
    ],
)
def test_files_in_the_way(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    """What would cost a book, a price file or the other report is refused before anything is done."""
    write_book(tmp_path / "book.xlsx")
    write_book(tmp_path / "other.xlsx")
    (tmp_path / "prices.csv").write_text("Asset,Price\nBTC,1\n")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    before = contents(tmp_path)
    answer = run("recalc", *words)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize("lock", ["~$book.xlsx", ".~lock.book.xlsx#"])
def test_a_book_that_is_open_is_left_alone(run: Run, book: Path, tmp_path: Path, lock: str) -> None:
    """A book, or a result, that Excel or Calc has open is refused in one line; --ignore-lock goes on."""
    before = book.read_bytes()
    (book.parent / lock).write_text("somebody")
    answer = run("recalc", book)
    assert answer.code == 1
    assert "open in another program" in answer.err
    assert answer.err.count("\n") == 1
    assert book.read_bytes() == before
    source = write_book(tmp_path / "source.xlsx")
    assert run("recalc", source, "-o", book).code == 1
    assert book.read_bytes() == before
    assert run("recalc", book, "--ignore-lock").code == 0
    assert book.read_bytes() != before


def test_prices_reach_every_book(run: Run, tmp_path: Path) -> None:
    """One price file updates all books of a folder that hold the asset, and no others."""
    inbox, prices = tmp_path / "in", tmp_path / "prices.csv"
    inbox.mkdir()
    prices.write_text("Asset,Price\nSOL,160\nDOGE,0.1\n", encoding="utf-8")
    for name in ("a", "b"):
        with xlsxwriter.Workbook(str(inbox / f"{name}.xlsx")) as workbook:
            sheet = workbook.add_worksheet("Book")
            columns = [{"header": header} for header in ("Asset", "Price")]
            rows = [["BTC", 1.0], ["SOL", 2.0]] if name == "a" else [["BTC", 3.0]]
            sheet.add_table(0, 0, len(rows), 1, {"name": "Portfolio", "columns": columns, "data": rows})
            sheet.write_formula("D2", "=SUM(Portfolio[Price])", None, 0)
    out = tmp_path / "out"
    assert run("recalc", inbox, "--out-dir", out, "--prices", prices, "--workers", 2).code == 0
    totals = [openpyxl.load_workbook(out / f"{name}.xlsx", data_only=True)["Book"]["D2"].value for name in "ab"]
    assert totals == [161, 3]


def test_an_asset_without_a_new_price_is_named(run: Run, tmp_path: Path) -> None:
    """A book whose asset is not in the price file, or blank there, says whose old price stays; money needs none."""
    prices, path = tmp_path / "prices.csv", tmp_path / "book.xlsx"
    prices.write_text("Asset,Price\nSOL,160\nBTC,\n", encoding="utf-8")
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("Book")
        columns = [{"header": header} for header in ("Asset", "Kind", "Price")]
        rows = [["BTC", "spot", 1.0], ["SOL", "", 2.0], ["USDT", "stable", 1.0], ["ETH", "", 3.0], ["", "", 0.0]]
        sheet.add_table(0, 0, len(rows), 2, {"name": "Portfolio", "columns": columns, "data": rows})
        sheet.write_formula("E2", "=SUM(Portfolio[Price])", None, 0)
    answer = run("recalc", path, "--prices", prices, "--json")
    assert json.loads(answer.out)["warnings"] == ["no new Price for BTC or ETH of Portfolio: the old one stays"]
    prices.write_text("Asset,Price\nSOL,160\nBTC,3\neth,4\n", encoding="utf-8")
    assert json.loads(run("recalc", path, "--prices", prices, "--json").out)["warnings"] == []


def test_an_input_that_cannot_be_set_refuses_the_book(run: Run, book: Path) -> None:
    """A row that a book does not have fails that book in one line and leaves it as it was."""
    before = book.read_bytes()
    answer = run("recalc", book, "--set", "Portfolio[Value] where Asset=DOGE = 3")
    assert answer.code == 1
    assert answer.err == f"rebalance-xl: {book}: the table Portfolio has no row where Asset is DOGE\n"
    assert book.read_bytes() == before


def test_setting_an_input_changes_only_that_cell(run: Run, tmp_path: Path) -> None:
    """With --set every part besides the sheets keeps its bytes, and the sheets all formulas and other inputs."""
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(SAMPLE.read_bytes())
    assert run("recalc", path, "-o", out, "--set", "Portfolio[Price] where Asset=SOL = 123.5").code == 0
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(out) as after:
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert after.namelist() == before.namelist()
    assert changed
    assert all(name.startswith("xl/worksheets/sheet") for name in changed)
    old, new = inputs_and_formulas(path), inputs_and_formulas(out)
    assert {place: (value, new.get(place)) for place, value in old.items() if new.get(place) != value} == {
        "Portfolio!F4": (160, 123.5)
    }
    assert new.keys() == old.keys()


def inputs_and_formulas(path: Path) -> dict[str, Any]:
    """Return what a person has typed into each cell; the cells that arrays fill hold nothing typed."""
    book = openpyxl.load_workbook(path)
    filled = {
        f"{sheet.title}!{cell.coordinate}"
        for sheet in book
        for area in sheet.array_formulae.values()
        for row in sheet[area]
        for cell in (row if isinstance(row, tuple) else (row,))
    }
    return {
        place: getattr(cell.value, "text", cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
        and ((place := f"{sheet.title}!{cell.coordinate}") not in filled or hasattr(cell.value, "text"))
    }


# --- what reports hold --------------------------------------------------------------------------------------------


def write_book_with_futures(path: Path) -> None:
    """Write the practical example with two open positions."""
    positions = [
        perpetual(
            "BTCUSDT",
            "BTC",
            "short",
            50000.0,
            Quantity=0.04,
            EntryPrice=50000.0,
            Leverage=5.0,
            Margin=400.0,
            Venue="Binance",
        ),
        perpetual(
            "ETHUSDT",
            "ETH",
            "long",
            2000.0,
            Quantity=0.1,
            EntryPrice=2000.0,
            Leverage=1.0,
            Margin=200.0,
            Venue="Binance",
        ),
    ]
    tables = {"Portfolio": table(PORTFOLIO, example()), "Futures": table(FUTURES, positions)}
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            columns = [{"header": header} for header in rows[0]]
            sheet.add_table(0, 0, len(rows) - 1, len(columns) - 1, {"name": name, "columns": columns, "data": rows[1:]})


@pytest.mark.parametrize("ending", [".csv", ".json", ".xlsx", pytest.param(".parquet", marks=pytest.mark.slow)])
def test_the_summary_in_every_form(run: Run, tmp_path: Path, ending: str) -> None:
    """Status, trigger, trims, reserve, nearest liquidation and warnings of each book stand in every form."""
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    inbox, path = tmp_path / "in", tmp_path / f"all{ending}"
    inbox.mkdir()
    write_book_with_futures(inbox / "good.xlsx")
    (inbox / "bad.xlsx").write_bytes(b"no workbook")
    assert run("recalc", inbox, "--out-dir", tmp_path / "out", "--summary", path, "--as-of", "2026-11-22").code == 1
    readers: dict[str, Any] = {
        ".csv": pd.read_csv,
        ".json": lambda path: pd.DataFrame(json.loads(path.read_text())),
        ".xlsx": pd.read_excel,
        ".parquet": pd.read_parquet,
    }
    rows = readers[ending](path).set_index("file")
    good, bad = rows.loc[str(inbox / "good.xlsx")], rows.loc[str(inbox / "bad.xlsx")]
    names = ["status", "trigger", "trims", "reserve", "nearest_liquidation"]
    assert [good[name] for name in names] == ["done", "THRESHOLD", "SOL 1480.00", "LOW", "BTCUSDT"]
    # 2,400 of collateral cover a short of 2,000 up to a price 19.5 % above, with 0.4 % of maintenance margin.
    assert good["liquidation_distance"] == pytest.approx(2400 / 2000 / 1.004 - 1)
    assert "below the reserve" in good["warnings"]
    assert (bad["status"], bad["message"]) == ("failed", "not an .xlsx or .xlsm workbook (no zip file)")


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8, and control characters in names")
@pytest.mark.parametrize("ending", [".csv", ".json", ".xlsx", pytest.param(".parquet", marks=pytest.mark.slow)])
def test_a_name_that_a_format_cannot_hold_is_written_out(run: Run, tmp_path: Path, ending: str) -> None:
    """One book with an odd name costs neither the summary nor the report of all books."""
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    inbox = tmp_path / "in"
    inbox.mkdir()
    for name in (b"caf\xe9.xlsx", b"bell\x07.xlsx", b"plain.xlsx"):
        write_book(inbox / os.fsdecode(name))
    report, summary = tmp_path / "r.csv", tmp_path / f"s{ending}"
    answer = run("recalc", inbox, "--check", "--json", "--report", report, "--summary", summary)
    assert (answer.code, answer.err) == (3, "")
    assert [Path(each["file"]).name for each in json.loads(answer.out)][1] == "caf\\udce9.xlsx"
    assert "caf\\udce9.xlsx" in report.read_text(encoding="utf-8-sig")
    frame = {".csv": pd.read_csv, ".json": pd.read_json, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}[ending](
        summary
    )
    bell = "bell\\x07.xlsx" if ending == ".xlsx" else "bell\x07.xlsx"
    assert [Path(each).name for each in frame["file"]] == [bell, "caf\\udce9.xlsx", "plain.xlsx"]


@pytest.mark.skipif(os.name != "posix", reason="leftovers are told by their locks, which Windows has not")
def test_what_a_killed_run_left_of_a_report_is_cleared(run: Run, book: Path, tmp_path: Path) -> None:
    """Half a report that a killed run left beside the whole ones goes with the next run."""
    path = tmp_path / "reports" / "report.csv"
    path.parent.mkdir()
    (path.parent / f".rebalance-{platform.node()}-1-abc.csv").write_bytes(b"half")
    assert run("recalc", book, "--check", "--report", path).code == 3
    assert list(path.parent.iterdir()) == [path]


def test_one_failed_report_does_not_cost_the_other(
    run: Run, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the cell report cannot be written that is one line and exit code 1; the summary is written all the same."""
    from rebalance_xl.commands import tables

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(tables._WRITERS, ".csv", full)
    answer = run("recalc", book, "--report", tmp_path / "r.csv", "--summary", tmp_path / "s.json")
    assert answer.code == 1
    assert answer.err == f"rebalance-xl: --report {tmp_path / 'r.csv'} was not written: No space left on device\n"
    assert json.loads((tmp_path / "s.json").read_text())[0]["status"] == "done"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["book.xlsx", "s.json"]


def test_json_of_many_books_is_one_list(run: Run, tmp_path: Path) -> None:
    """--json of several books is a list in their order, each with its cells."""
    for name in ("a", "b", "c"):
        write_book(tmp_path / f"{name}.xlsx")
    found = json.loads(run("recalc", tmp_path, "--json", "--workers", 2).out)
    assert [Path(each["file"]).stem for each in found] == ["a", "b", "c"]
    assert all(["Book", "H2", "=SUM(Portfolio[Value])", 0.0, 12000.0, "changed", ""] in each["cells"] for each in found)


# --- what a terminal shows ----------------------------------------------------------------------------------------


def test_names_from_files_do_not_command_the_terminal(run: Run, tmp_path: Path) -> None:
    """Control characters in names of files and cells are shown, not obeyed, and lines stay lines."""
    path = tmp_path / "a\x1b[2Jb\nc.xlsx"
    path.write_bytes(b"no workbook")
    answer = run("recalc", path)
    assert answer.err == f"rebalance-xl: {tmp_path}/a\\x1b[2Jb\\nc.xlsx: not an .xlsx or .xlsm workbook (no zip file)\n"
    assert terminal.shown("Größe\u202e\x9b\t1") == "Größe\\u202e\\x9b\t1"


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_no_number_is_broken_whatever_the_width_of_the_terminal(
    run: Run, book: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """In a narrow window the reasons stand below their rows; every number stays in one piece."""
    monkeypatch.setattr(terminal, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    shown = run("plan", book).out
    row = next(line for line in shown.splitlines() if "SELL" in line)
    assert {"SOL", "SELL", "1,600.00"} <= set(row.split())
    assert "above" in shown
    tiers = run("tiers", "binance:BTCUSDT").out
    assert "1,800,000,000" in tiers.split()
    assert "421,482,000" in tiers.split()


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")
def test_the_progress_bar_has_rate_and_estimate(tmp_path: Path) -> None:
    """On a terminal the run of many books shows how many are done, the rate and the time that is left."""
    import pty

    for number in range(6):
        write_book(tmp_path / f"{number}.xlsx")
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "rebalance_xl.cli", "recalc", str(tmp_path), "--workers", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=follower, env=environment, check=True, timeout=120)
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    text = shown.decode()
    assert "recalculating" in text
    assert "6/6" in text
    assert "/s" in text
    assert "0:00:0" in text
    assert "6 books: 6 done" in done.stdout.decode()
