"""Reading, computing and replacing a book as one step, and what a replaced file keeps."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import xlsxwriter

from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.locks import exclusive
from rebalance_xl.recalc.files.output import update
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate

CODE = "import sys; from rebalance_xl.cli import main; sys.argv[0] = 'rebalance-xl'; main()"


def written(path: Path) -> Path:
    """Write a small book with a counter that formulas read."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Counters")
        columns = [{"header": name} for name in ("Key", "Number")]
        rows = [[f"k{place}", 0.0] for place in range(8)]
        sheet.add_table(0, 0, 8, 1, {"name": "Counters", "columns": columns, "data": rows})
        sheet.write_formula("D1", "=SUM(Counters[Number])", None, 0)
    return path


def numbers(path: Path) -> list[object]:
    """Return the counters of a book."""
    table = FileWorkbook.open(path).read_table("Counters")
    assert table is not None
    return [row[1] for row in table.rows]


@pytest.mark.slow
def test_no_update_is_lost(tmp_path: Path) -> None:
    """Many programs that set different cells of one book at the same time: every cell is set in the end."""
    book = written(tmp_path / "book.xlsx")
    words = [[f"Counters[Number] where Key=k{place} = {place + 1}"] for place in range(8)]
    running = [
        subprocess.Popen([sys.executable, "-c", CODE, "recalc", str(book), "--set", *word], stderr=subprocess.PIPE)
        for word in words
    ]
    assert [each.communicate(timeout=120)[1] for each in running] == [b""] * 8
    assert numbers(book) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert recalculate(book, check=True).stale is False


@pytest.mark.skipif(os.name != "posix", reason="locks of files")
def test_the_second_waits_and_reads_what_the_first_wrote(tmp_path: Path) -> None:
    """A thread that wants a book while another works on it gets the book as the other left it."""
    book = written(tmp_path / "book.xlsx")
    began, order = threading.Event(), []

    def second() -> None:
        began.wait()
        with update(book) as held:
            order.append(("second", FileWorkbook.from_bytes(held.data).read_table("Counters").rows[0][1]))  # type: ignore[union-attr]

    other = threading.Thread(target=second)
    other.start()
    with update(book) as held:
        began.set()
        port = FileWorkbook.from_bytes(held.data)
        port.set_cells("Counters", 0, {"Number": 7.0})
        time.sleep(0.1)
        held.write(port.content())
        order.append(("first", 7.0))
    other.join(30)
    assert order == [("first", 7.0), ("second", 7.0)]


@pytest.mark.skipif(os.name != "posix", reason="locks of files")
def test_waiting_ends(tmp_path: Path) -> None:
    """A book that another thread does not let go of is refused after a while; the holder may ask again."""
    book, done = written(tmp_path / "book.xlsx"), threading.Event()
    found: list[str] = []

    def other() -> None:
        try:
            with exclusive(book, patience=0.1):
                found.append("got it")
        except Refused as refusal:
            found.append(str(refusal))
        done.set()

    with exclusive(book), exclusive(book):
        threading.Thread(target=other).start()
        assert done.wait(30)
    assert len(found) == 1
    assert "another run of this program is working on it" in found[0]
    with exclusive(book, patience=0.0), exclusive(tmp_path / "nothing.xlsx"):
        pass


def test_a_book_changed_by_another_program_is_told(tmp_path: Path) -> None:
    """What a program that knows no locks writes meanwhile is not overwritten."""
    book = written(tmp_path / "book.xlsx")
    with update(book) as held:
        book.write_bytes(b"PK of another program")
        with pytest.raises(Refused, match="was changed by another program"):
            held.write(held.data)
    assert book.read_bytes() == b"PK of another program"


def test_write_protected_books_are_refused_unless_told(tmp_path: Path) -> None:
    """A file without any permission to write is replaced on request only, and stays protected."""
    book = written(tmp_path / "book.xlsx")
    book.chmod(0o444)
    before = book.read_bytes()
    with pytest.raises(Refused, match="write-protected"):
        recalculate(book)
    assert book.read_bytes() == before
    assert recalculate(book, read_only_too=True).formulas == 1
    assert stat.S_IMODE(book.stat().st_mode) == 0o444
    out = tmp_path / "out.xlsx"
    recalculate(book, out)
    recalculate(book, out)  # the copy of a protected book is not protected itself
    assert recalculate(book, check=True).formulas == 1


@pytest.mark.skipif(not hasattr(os, "link"), reason="hard links")
def test_hard_links_are_refused(tmp_path: Path) -> None:
    """A book under two names would become two books."""
    book = written(tmp_path / "book.xlsx")
    os.link(book, tmp_path / "same.xlsx")
    with pytest.raises(Refused, match="2 names \\(hard links\\)"):
        recalculate(book)
    assert recalculate(book, tmp_path / "out.xlsx").formulas == 1
    assert os.path.samefile(book, tmp_path / "same.xlsx")


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="extended attributes")
def test_extended_attributes_and_owner_stay(tmp_path: Path) -> None:
    """What other programs attached to the file is there afterwards, and it belongs to whom it belonged."""
    book = written(tmp_path / "book.xlsx")
    try:
        os.setxattr(book, "user.origin", b"bank")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    book.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(book, 12345, 12346)
    owner, inode = (book.stat().st_uid, book.stat().st_gid), book.stat().st_ino
    recalculate(book, as_of=None)
    with update(book) as held:
        port = FileWorkbook.from_bytes(held.data)
        port.set_cells("Counters", 0, {"Number": 5.0})
        held.write(port.content())
    assert book.stat().st_ino != inode
    assert (book.stat().st_uid, book.stat().st_gid) == owner
    assert stat.S_IMODE(book.stat().st_mode) == 0o640
    assert os.getxattr(book, "user.origin") == b"bank"


def test_a_name_of_249_bytes(tmp_path: Path) -> None:
    """A name that leaves no room for a lock file's is a name like any other."""
    book = written(tmp_path / ("n" * 244 + ".xlsx"))
    assert recalculate(book).formulas == 1


def test_a_result_that_is_no_xml_is_not_used(tmp_path: Path) -> None:
    """A part that an XML parser refuses keeps the old book in its place, whoever made it."""
    book = written(tmp_path / "book.xlsx")
    before = book.read_bytes()
    with update(book) as held:
        container = FileWorkbook.from_bytes(held.data).package.container
        part = "xl/worksheets/sheet1.xml"
        content = container.rewritten({part: container.read(part).replace(b"</row>", b"</rwo>", 1)})
        with pytest.raises(Refused, match=r"sheet1\.xml would not be well-formed XML"):
            held.write(content)
    assert book.read_bytes() == before
