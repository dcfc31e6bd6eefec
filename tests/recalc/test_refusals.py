"""What is refused, in one line, with the file untouched; and how results are written."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.files import locks
from rebalance_xl.recalc.files import output as output_module
from rebalance_xl.recalc.files.container import Container
from rebalance_xl.recalc.files.locks import remove_leftovers
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import assert_refused_untouched, make, rewrite, values

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Write a small stale workbook."""
    folder = tmp_path / "books"
    folder.mkdir()
    return make(folder / "book.xlsx", lambda _, sheet: sheet.write_formula("A1", "=1+1", None, 0))


def _replace(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip_crc(path: Path) -> None:
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(SHEET)
    name, extra = struct.unpack_from("<2H", data, info.header_offset + 26)
    data[info.header_offset + 30 + name + extra + info.compress_size // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def _twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SHEET, "<worksheet/>")


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * (80 * 2**20))


def _entities(path: Path) -> None:
    rewrite(
        path,
        {SHEET: lambda xml: xml.replace("<worksheet", '<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet', 1)},
    )


def _no_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


def _open_document(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<x/>")


def _binary(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", b"x")


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda path: _replace(path, b""), "the file is empty"),
        (lambda path: _replace(path, b"Asset,Value\nBTC,1\n"), "not an .xlsx or .xlsm workbook"),
        (lambda path: _replace(path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), "old binary workbook"),
        (
            lambda path: _replace(
                path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
            ),
            "protected with a password",
        ),
        (_cut, "damaged or truncated"),
        (_flip_crc, "damaged: the part xl/worksheets/sheet1.xml"),
        (_twice, "is in the zip file twice"),
        (_bomb, "would expand to"),
        (_entities, "document type"),
        (_no_workbook, "not a workbook"),
        (_open_document, "OpenDocument"),
        (_binary, "binary workbook"),
        (
            lambda path: rewrite(path, {SHEET: lambda xml: xml.replace("</row>", "")}),
            "not well-formed|ends in the middle|cannot",
        ),
        (lambda path: rewrite(path, {SHEET: lambda xml: xml.replace('r="A1"', 'r="AAAA1"')}), "has a cell"),
        (lambda path: rewrite(path, {SHEET: lambda xml: xml.replace('r="A1"', 'r="A9999999"')}), "outside the sheet"),
        (lambda path: rewrite(path, {SHEET: b"\xff\xfe\xff"}), "is not valid"),
        (lambda path: rewrite(path, {"xl/workbook.xml": b"<workbook"}), "not well-formed"),
    ],
)
def test_damaged_and_foreign_files(book: Path, damage: Callable[[Path], None], message: str) -> None:
    """One line says why; the file keeps its bytes and nothing lies beside it."""
    damage(book)
    assert_refused_untouched(book, message)


def test_a_size_that_lies_is_refused(book: Path) -> None:
    """A part that expands beyond the size in the directory is not expanded further."""
    payload = zlib.compress(b"\0" * 10_000_000)[2:-4]
    data = book.read_bytes()
    with zipfile.ZipFile(book) as archive:
        info = archive.getinfo(SHEET)
    name, extra = struct.unpack_from("<2H", data, info.header_offset + 26)
    start = info.header_offset + 30 + name + extra
    body = payload[: info.compress_size].ljust(info.compress_size, b"\0")
    book.write_bytes(data[:start] + body + data[start + info.compress_size :])
    with pytest.raises(Refused, match="damaged"):
        recalculate(book)


@pytest.mark.parametrize("lock", ["~$book.xlsx", ".~lock.book.xlsx#"])
def test_a_lock_file_is_respected_and_can_be_overridden(book: Path, lock: str) -> None:
    """A book that Excel or Calc has open is refused unless the caller insists."""
    (book.parent / lock).write_text("somebody")
    with pytest.raises(Refused, match="open in another program"):
        recalculate(book)
    assert recalculate(book, ignore_lock=True).output == book
    assert values(book)["A1"] == 2


def test_missing_files_and_folders(tmp_path: Path) -> None:
    """A path that is no file is refused."""
    with pytest.raises(Refused, match="no such file"):
        recalculate(tmp_path / "none.xlsx")
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(Refused, match="folder"):
        recalculate(tmp_path / "folder.xlsx")
    with pytest.raises(Refused, match="xlsb"):
        recalculate(tmp_path / "book.xlsb")


def test_outputs_that_are_refused(book: Path, tmp_path: Path) -> None:
    """A link, a folder, or a folder that does not exist is no output."""
    target = tmp_path / "target.xlsx"
    target.write_bytes(b"precious")
    (tmp_path / "link.xlsx").symlink_to(target)
    with pytest.raises(Refused, match="is a link"):
        recalculate(book, tmp_path / "link.xlsx")
    assert target.read_bytes() == b"precious"
    with pytest.raises(Refused, match="is a folder"):
        recalculate(book, book.parent)
    with pytest.raises(Refused, match="does not exist"):
        recalculate(book, tmp_path / "nowhere" / "out.xlsx")


def test_a_book_changed_meanwhile_is_not_overwritten(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program wrote during the run wins."""
    from rebalance_xl.recalc import workbook

    computed = workbook._computed

    def slow(*arguments: Any) -> Any:
        found = computed(*arguments)
        book.write_bytes(b"written by somebody else")
        return found

    monkeypatch.setattr(workbook, "_computed", slow)
    with pytest.raises(Refused, match="changed by another program"):
        recalculate(book)
    assert book.read_bytes() == b"written by somebody else"
    assert os.listdir(book.parent) == [book.name]


@pytest.mark.parametrize("step", ["fsync", "replace", "mkstemp"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_a_failing_write_leaves_the_old_book(
    book: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: OSError
) -> None:
    """A full disk or a read-only folder is one line; the old file stays and no temporary file remains."""
    content = book.read_bytes()

    def fail(*_: Any, **__: Any) -> None:
        raise error

    owner = locks.tempfile if step == "mkstemp" else output_module.os
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(Refused, match=error.strerror):
        recalculate(book)
    assert book.read_bytes() == content
    assert os.listdir(book.parent) == [book.name]


def test_an_interrupted_write_leaves_the_old_book(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the write removes the temporary file."""
    content = book.read_bytes()

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output_module.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recalculate(book)
    assert book.read_bytes() == content
    assert os.listdir(book.parent) == [book.name]


def test_a_result_that_reads_back_differently_is_not_used(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The written file is read and compared before it takes the old one's name."""
    content = book.read_bytes()
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda self: b"garbage" if self.name.startswith(".rebalance-") else read(self)
    )
    with pytest.raises(Refused, match="reads back differently"):
        recalculate(book)
    assert read(book) == content


def test_parts_that_are_no_xml_are_not_written(book: Path) -> None:
    """Whoever changes parts of a workbook has them parsed before the file is replaced."""
    before = book.read_bytes()
    changed = {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData></worksheet>"}
    with output_module.update(book) as held, pytest.raises(Refused, match="would not be well-formed XML"):
        held.write(Container.open(before).rewritten(changed), changed)
    assert book.read_bytes() == before
    assert list(book.parent.glob(".rebalance-*")) == []


def test_permissions_are_kept(book: Path) -> None:
    """The result has the permissions of the file it replaces."""
    book.chmod(0o640)
    recalculate(book)
    assert book.stat().st_mode & 0o777 == 0o640


def test_formulas_that_reach_a_million_rows_are_cheap(tmp_path: Path) -> None:
    """Whole columns, also inside functions of the catalogue, are cut to the cells in use."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_column("B1", [0.5, 0.3, 0.2])
        sheet.write_formula("D1", "=SUM(A:A)+SUMPRODUCT(A:A*B:B)", None, 0)
        sheet.write_formula("D2", "=SUM(WEIGHT(A:A))", None, 0)
        sheet.write_formula("D3", "=SUM(1:3)-SUM(D1:D3)", None, 0)
        sheet.write_formula("D5", "=SUM(A1:XFC1048576)-SUM(A1:E9)", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D1"] == pytest.approx(6 + 0.5 + 0.6 + 0.6)
    assert values(path)["D2"] == pytest.approx(1)


def _name(folder: Path, process: int, host: str = "") -> Path:
    return folder / f".rebalance-{host or platform.node()}-{process}-abc.xlsx"


posix = pytest.mark.skipif(os.name != "posix", reason="leftovers are told by their locks, which Windows has not")


@posix
def test_leftovers_of_killed_processes_are_removed(tmp_path: Path) -> None:
    """Files of this machine that nobody writes go, read-only ones too; those of other machines and other names stay."""
    left = [_name(tmp_path, 1), _name(tmp_path, os.getpid())]
    stays = [_name(tmp_path, 1, "another"), tmp_path / ".rebalance-xl.jsonl", tmp_path / "book.xlsx"]
    link, folder = _name(tmp_path, 2), _name(tmp_path, 3)
    for path in (*left, *stays):
        path.write_bytes(b"half")
    left[0].chmod(0o400)
    link.symlink_to(stays[2])
    folder.mkdir()
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([*stays, link, folder])


@posix
def test_a_zombie_does_not_keep_its_file(tmp_path: Path) -> None:
    """The file of a writer that is dead, but that nobody has waited for, is removed."""
    writer = (
        "import os, sys; from pathlib import Path; from rebalance_xl.recalc.files.locks import new_file\n"
        "with new_file(Path(sys.argv[1]) / 'book.xlsx') as stream:\n"
        "    stream.write(b'half'); stream.flush(); os._exit(9)"
    )
    child = subprocess.Popen([sys.executable, "-c", writer, str(tmp_path)])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        os.kill(child.pid, 0)  # does not fail: it is a zombie
        [left] = tmp_path.iterdir()
        assert f"-{child.pid}-" in left.name
        remove_leftovers(tmp_path)
        assert list(tmp_path.iterdir()) == []
    finally:
        child.wait()


@posix
def test_the_file_of_a_living_writer_stays(tmp_path: Path) -> None:
    """A file that another process writes is not touched before that process has died."""
    writer = (
        "import sys; from pathlib import Path; from rebalance_xl.recalc.files.locks import beside\n"
        "with beside(Path(sys.argv[1]) / 'book.xlsx') as (_, found):\n"
        "    print(found.name, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        remove_leftovers(tmp_path)
        assert os.listdir(tmp_path) == [name]
        child.kill()
        child.wait()
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == []


@posix
def test_a_thread_is_no_victim_of_another(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean-up by a thread of the writing process, in the middle of the write, takes nothing away."""
    sync, seen = os.fsync, []

    def sync_while_another_cleans(handle: int) -> None:
        thread = threading.Thread(target=remove_leftovers, args=[tmp_path])
        thread.start()
        thread.join()
        seen.extend(each for each in os.listdir(tmp_path) if each.startswith(".rebalance-"))
        sync(handle)

    monkeypatch.setattr(output_module.os, "fsync", sync_while_another_cleans)
    recalculate(book, tmp_path / "out.xlsx")
    assert len(set(seen)) == 1
    assert values(tmp_path / "out.xlsx")["A1"] == 2
    assert sorted(os.listdir(tmp_path)) == ["books", "out.xlsx"]


@posix
def test_a_clean_up_before_the_lock(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean-up between the making of the file and its lock costs that file only: the writer makes another."""
    make_file, made = tempfile.mkstemp, []

    def make_and_lose(**words: Any) -> Any:
        found = make_file(**words)
        made.append(found[1])
        if len(made) == 1:
            remove_leftovers(tmp_path)
        return found

    monkeypatch.setattr(locks.tempfile, "mkstemp", make_and_lose)
    recalculate(book, tmp_path / "out.xlsx")
    assert len(made) == 2
    assert sorted(os.listdir(tmp_path)) == ["books", "out.xlsx"]


@posix
def test_many_writers_and_cleaners_at_once(book: Path, tmp_path: Path) -> None:
    """Threads that write and threads that clean the same folder: every write succeeds, and nothing is left."""
    out = tmp_path / "out"
    out.mkdir()
    ended = threading.Event()

    def clean() -> None:
        while not ended.is_set():
            remove_leftovers(out)

    cleaners = [threading.Thread(target=clean) for _ in range(2)]
    for each in cleaners:
        each.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: recalculate(book, out / f"{i}.xlsx"), range(60)))
    finally:
        ended.set()
        for each in cleaners:
            each.join()
    assert sorted(os.listdir(out)) == sorted(f"{i}.xlsx" for i in range(60))


@posix
def test_a_file_system_without_locks(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be locked books are still written, and what lies there is left alone."""
    import fcntl

    def unsupported(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    other = _name(book.parent, 1)
    other.write_bytes(b"half")
    recalculate(book)
    remove_leftovers(book.parent)
    assert values(book)["A1"] == 2
    assert sorted(book.parent.iterdir()) == sorted([book, other])
