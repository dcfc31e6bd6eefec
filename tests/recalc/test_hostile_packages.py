"""Zip directories and parts that lie: each is refused in one line, quickly, and the file stays as it was."""

from __future__ import annotations

import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.files import container
from rebalance_xl.recalc.files import refusals as refusals_module
from rebalance_xl.recalc.files.container import Container
from rebalance_xl.recalc.files.output import verify_package
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import assert_refused_untouched, make, rewrite

SHEET = "xl/worksheets/sheet1.xml"
BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Write a small stale workbook."""
    return make(tmp_path / "book.xlsx", lambda _, sheet: sheet.write_formula("A1", "=1+1", None, 0))


def directory_entries(data: bytes) -> list[int]:
    """Return where the entries of the zip directory start."""
    end = data.rindex(b"PK\x05\x06")
    count, _, position = struct.unpack_from("<HLL", data, end + 10)
    found = []
    for _ in range(count):
        found.append(position)
        position += 46 + sum(struct.unpack_from("<3H", data, position + 28))
    return found


def forge(offset: int, form: str, value: int, *, all_parts: bool = False) -> Callable[[Path], None]:
    """Return what overwrites a field in the directory: of the last part, or of all."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        entries = directory_entries(bytes(data))
        for entry in entries if all_parts else entries[-1:]:
            struct.pack_into(form, data, entry + offset, value)
        path.write_bytes(bytes(data))

    return change


def repacked(path: Path, method: int, more: int = 0) -> None:
    """Write all parts again with a compression method, and many empty ones beside them."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        for number in range(more):
            archive.writestr(f"x/{number}", b"")


def with_prolog(part: str, prolog: str, encoding: str, declared: str) -> Callable[[Path], None]:
    """Return what writes a part in an encoding, with a prolog before its root."""

    def text(old: str) -> bytes:
        body = old.partition("?>")[2] if old.startswith("<?xml") else old
        return f'<?xml version="1.0" encoding="{declared}"?>{prolog}{body}'.encode(encoding)

    return lambda path: _rewrite_bytes(path, part, text)


def _rewrite_bytes(path: Path, part: str, change: Callable[[str], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(part).decode()
    rewrite(path, {part: change(text)})


WORKBOOK, STRINGS, TYPES = "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"


@pytest.mark.parametrize(
    "damage, message",
    [
        pytest.param(forge(8, "<H", 1), "is encrypted", id="encrypted part"),
        pytest.param(forge(8, "<H", 32), "in a way that Excel does not use", id="patched part"),
        pytest.param(lambda path: repacked(path, zipfile.ZIP_BZIP2), "in a way that Excel does not use", id="bzip2"),
        pytest.param(lambda path: repacked(path, 8, 20_001), "more than 20000 is not a workbook", id="many parts"),
        pytest.param(forge(24, "<L", 60 * 2**20), "damaged", id="one size too large"),
        pytest.param(forge(24, "<L", 200 * 2**20, all_parts=True), "would expand to 200 MB", id="large sizes"),
        pytest.param(forge(20, "<L", 2**24), "cut off", id="longer than the file"),
        pytest.param(forge(42, "<L", 2**24), "cut off", id="behind the end"),
        pytest.param(forge(42, "<L", 3), "not where the zip directory says", id="in the middle"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"\0\0\0\0", 1)),
            "zip directory",
            id="no entry where one should be",
        ),
        pytest.param(
            lambda path: path.write_bytes(b"xl/sty\nles.ml".join(path.read_bytes().rsplit(b"xl/styles.xml", 1))),
            r"xl/sty\\nles.ml has another name where it lies",
            id="a line break in a name",
        ),
        pytest.param(with_prolog(WORKBOOK, BOMB, "utf-8", "UTF-8"), "document type", id="entities in the workbook"),
        pytest.param(with_prolog(WORKBOOK, BOMB, "utf-16", "UTF-16"), "document type", id="entities in UTF-16"),
        pytest.param(with_prolog(WORKBOOK, BOMB, "utf-16-le", "UTF-16"), "document type", id="UTF-16 without a mark"),
        pytest.param(with_prolog(SHEET, BOMB, "utf-16", "UTF-16"), "document type", id="entities in a sheet"),
        pytest.param(
            lambda path: rewrite(
                path, {WORKBOOK: lambda xml: xml.replace("</sheets>", '<sheet name="SHEET1" r:id="rId1"/></sheets>')}
            ),
            "two sheets are called",
            id="two sheets of one name",
        ),
        pytest.param(
            lambda path: rewrite(path, {WORKBOOK: lambda xml: xml.replace("<sheet ", "<other ")}),
            "a workbook without sheets",
            id="no sheets",
        ),
        pytest.param(
            lambda path: rewrite(path, {"_rels/.rels": lambda xml: xml.replace("workbook.xml", "styles.xml")}),
            "not a workbook",
            id="another Office document",
        ),
        pytest.param(
            lambda path: rewrite(path, {"_rels/.rels": lambda xml: xml.replace("workbook.xml", "workbook.bin")}),
            r"\.xlsb",
            id="binary workbook under a wrong name",
        ),
    ],
)
def test_packages_that_lie(book: Path, damage: Callable[[Path], None], message: str) -> None:
    """One line says why; the file keeps its bytes and nothing lies beside it."""
    damage(book)
    assert_refused_untouched(book, message)


def test_many_parts_that_expand_a_little_are_a_bomb_together(book: Path) -> None:
    """Parts that are harmless one by one are refused when they expand to too much together."""
    repacked(book, zipfile.ZIP_DEFLATED, 30)
    forge(24, "<L", 60 * 2**20, all_parts=True)(book)
    with pytest.raises(Refused, match=r"would expand to 2,\d{3} MB"):
        recalculate(book)


def test_a_large_part_is_a_bomb_however_badly_it_is_compressed(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a part expands to counts: random bytes, which no ratio betrays, are refused from the limit on."""
    monkeypatch.setattr(container, "MAX_PART", 2**20)
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr("xl/media/image1.png", random.Random(1).randbytes(2**20 + 1))
    with pytest.raises(Refused, match=r"image1.png would expand to 1 MB"):
        recalculate(book)
    monkeypatch.setattr(container, "MAX_PART", 2**20 + 1)
    assert recalculate(book, check=True).kept == 0


def test_a_new_spill_beside_foreign_metadata_is_refused(tmp_path: Path) -> None:
    """Metadata that knows no dynamic arrays is not extended by guesswork: the book is left alone."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_dynamic_array_formula("C1", "=A1:A3*2", None, 0)
        sheet.write_formula("E1", "=WEIGHT(A1:A3)", None, 0)

    path = make(tmp_path / "book.xlsx", build)
    foreign = rewrite(path, {"xl/metadata.xml": lambda xml: xml.replace("XLDAPR", "XLOTHER")})
    content = foreign.read_bytes()
    with pytest.raises(Refused, match="metadata part cannot be extended"):
        recalculate(foreign, spill_plain=True)
    assert foreign.read_bytes() == content


def test_what_is_no_ordinary_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe would never end, a file that may not be read says why, and a huge one is not read at all."""
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xlsx")
        with pytest.raises(Refused, match="a pipe or a device"):
            recalculate(tmp_path / "pipe.xlsx")
    plain = make(tmp_path / "book.xlsx", lambda _, sheet: sheet.write_formula("A1", "=1+1", None, 0))
    monkeypatch.setattr(refusals_module, "MAX_FILE", 1000)
    with pytest.raises(Refused, match="more than 0 MB are not read"):
        recalculate(plain)
    monkeypatch.undo()

    def forbidden(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(Refused, match="cannot be read: Permission denied"):
        recalculate(plain)


def test_outputs_of_another_kind(book: Path, tmp_path: Path) -> None:
    """A result is not written into a pipe, nor under an ending with which Excel would not open it."""
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xlsx")
        with pytest.raises(Refused, match="not an ordinary file"):
            recalculate(book, tmp_path / "pipe.xlsx")
    for name in ("out.xlsm", "out.csv", "out"):
        with pytest.raises(Refused, match=r"must end in \.xlsx"):
            recalculate(book, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_a_result_is_compared_part_by_part(book: Path) -> None:
    """A finished file that lacks a part, changes an untouched one or lacks a computed value is not used."""
    original = Container.open(book.read_bytes())
    new = original.read(SHEET).replace(b"<v>0</v>", b"<v>2</v>")
    content = original.rewritten({SHEET: new})
    verify_package(content, original, {SHEET: new})
    with pytest.raises(Refused, match="was not written as computed"):
        verify_package(content, original, {SHEET: new + b" "})
    with pytest.raises(Refused, match="was not copied as it was"):
        verify_package(content, original, {})
    with pytest.raises(Refused, match="lacks parts"):
        verify_package(content, original, {SHEET: new, "xl/metadata.xml": b""})
