"""Which books a run works on, where results go, and what the ledger remembers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rebalance_xl.commands.recalc_book import RecalcOptions, recalculate_book
from rebalance_xl.recalc.batch.jobs import LEDGER_NAME, Entry, Job, Ledger, content_hash, find_books, plan_jobs

from .many_books import write_many


def touch(*paths: Path) -> None:
    """Make small files."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())


def test_folders_are_searched_with_their_subfolders(tmp_path: Path) -> None:
    """A folder gives its workbooks in order; lock files, hidden files and other files are left out."""
    touch(
        tmp_path / "b.xlsx", tmp_path / "sub" / "a.xlsm", tmp_path / "~$b.xlsx", tmp_path / ".hidden.xlsx",
        tmp_path / "note.txt",
    )  # fmt: skip
    books, misses = find_books([str(tmp_path)])
    assert [relative for _, relative in books] == [Path("b.xlsx"), Path("sub/a.xlsm")]
    assert misses == []


def test_patterns_and_repeats(tmp_path: Path) -> None:
    """A pattern gives its matches, a book named twice is worked on once, and a miss is told."""
    touch(tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    books, misses = find_books([str(tmp_path / "*.xlsx"), str(tmp_path / "a.xlsx"), str(tmp_path / "*.xlsm")])
    assert [path.name for path, _ in books] == ["a.xlsx", "b.xlsx"]
    assert misses == [str(tmp_path / "*.xlsm")]


def test_a_missing_book_is_still_a_job(tmp_path: Path) -> None:
    """A plain name that does not exist is kept, so that the run reports it by name."""
    books, misses = find_books([str(tmp_path / "gone.xlsx")])
    assert [path.name for path, _ in books] == ["gone.xlsx"]
    assert misses == []


def test_results_keep_their_place_below_the_folder(tmp_path: Path) -> None:
    """A book in a subfolder gets its result in the same subfolder of the output folder."""
    touch(tmp_path / "in" / "sub" / "a.xlsx")
    books, _ = find_books([str(tmp_path / "in")])
    [job] = plan_jobs(books, tmp_path / "out")
    assert job == Job(tmp_path / "in/sub/a.xlsx", tmp_path / "out/sub/a.xlsx")


def test_name_clashes_are_refused_on_both_sides(tmp_path: Path) -> None:
    """Two books whose results would have one name are both refused, each naming the other."""
    touch(tmp_path / "x" / "book.xlsx", tmp_path / "y" / "book.xlsx", tmp_path / "y" / "other.xlsx")
    names = [str(tmp_path / "x/book.xlsx"), str(tmp_path / "y/book.xlsx"), str(tmp_path / "y/other.xlsx")]
    first, second, third = plan_jobs(find_books(names)[0], tmp_path / "out")
    assert "y/book.xlsx" in first.refusal
    assert "x/book.xlsx" in second.refusal
    assert third.refusal == ""


def test_a_result_never_overwrites_another_input(tmp_path: Path) -> None:
    """Writing into the folder of another input of the same name is refused."""
    touch(tmp_path / "x" / "book.xlsx", tmp_path / "out" / "book.xlsx")
    jobs = plan_jobs([(tmp_path / "x/book.xlsx", Path("book.xlsx"))], tmp_path / "out")
    assert jobs[0].refusal == ""
    both = [(tmp_path / "x/book.xlsx", Path("book.xlsx")), (tmp_path / "out/book.xlsx", Path("sub/book.xlsx"))]
    assert "overwrite another input" in plan_jobs(both, tmp_path / "out")[0].refusal


@pytest.mark.parametrize("below", ["../escaped.xlsx", "sub/../../escaped.xlsx"])
def test_paths_do_not_leave_the_output_folder(tmp_path: Path, below: str) -> None:
    """A result whose path climbs out of the output folder is refused."""
    [job] = plan_jobs([(tmp_path / "a.xlsx", Path(below))], tmp_path / "out")
    assert "leave the output folder" in job.refusal


def test_a_linked_subfolder_does_not_lead_out(tmp_path: Path) -> None:
    """A link inside the output folder that points elsewhere is refused."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    [job] = plan_jobs([(tmp_path / "a.xlsx", Path("sub/a.xlsx"))], tmp_path / "out")
    assert "leave the output folder" in job.refusal


def test_ledger_knows_finished_books(tmp_path: Path) -> None:
    """An entry counts while input, options and result are those of the entry."""
    source, output = tmp_path / "in.xlsx", tmp_path / "out" / "in.xlsx"
    touch(source, output)
    entry = Entry(content_hash(source), content_hash(output), "options", {"status": "done"})
    Ledger(output.parent).add(output, entry)
    again = Ledger(output.parent)
    assert again.finished(source, output, "options") == entry
    assert again.finished(source, output, "others") is None
    source.write_bytes(b"changed")
    assert again.finished(source, output, "options") is None
    touch(source)
    output.write_bytes(b"damaged")
    assert again.finished(source, output, "options") is None


def test_ledger_survives_a_cut_line(tmp_path: Path) -> None:
    """A line that a crash cut short is skipped, the others count."""
    output = tmp_path / "a.xlsx"
    touch(output)
    Ledger(tmp_path).add(output, Entry("", content_hash(output), "o", {}))
    with (tmp_path / LEDGER_NAME).open("a") as stream:
        stream.write('["b.xlsx", "abc')
    assert Ledger(tmp_path).finished(output, output, "o") is not None


def test_workers_that_live_on_see_what_others_finished(tmp_path: Path) -> None:
    """A worker of a cluster that has worked for an earlier run knows in the next one what others did meanwhile."""
    book, out = write_many(tmp_path / "in", 1)[0].path, tmp_path / "out"

    def status(run: str) -> str:
        options = RecalcOptions(as_of=dt.date(2026, 11, 22), skip_unchanged=True, run=run)
        return str(recalculate_book(Job(book, out / book.name, options))["status"])

    assert status("first") == "done"
    ledger = (out / LEDGER_NAME).read_text()
    (out / LEDGER_NAME).write_text("")
    assert status("second") == "done"
    (out / LEDGER_NAME).write_text(ledger)
    assert status("third") == "skipped"


def test_links_in_place(tmp_path: Path) -> None:
    """In place a link to a book of the run is left out, one to another file is refused; elsewhere both are read."""
    touch(tmp_path / "in" / "b.xlsx", tmp_path / "other.xlsx")
    (tmp_path / "in" / "a.xlsx").symlink_to("b.xlsx")
    (tmp_path / "in" / "c.xlsx").symlink_to(tmp_path / "other.xlsx")
    books, _ = find_books([str(tmp_path / "in")])
    assert [(job.path.name, job.refusal) for job in plan_jobs(books, None)] == [
        ("b.xlsx", ""), ("c.xlsx", "is a link: name the file it points to"),
    ]  # fmt: skip
    assert [job.refusal for job in plan_jobs(books, tmp_path / "out")] == ["", "", ""]
