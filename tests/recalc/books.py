"""Workbooks made for the recalculation tests, and what is read back from them."""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate

Build = Callable[[Any, Any], None]


def make(path: Path, build: Build, **options: Any) -> Path:
    """Write a workbook with one sheet, filled by `build(workbook, sheet)`."""
    with xlsxwriter.Workbook(str(path), options) as book:
        build(book, book.add_worksheet("Sheet1"))
    return path


def values(path: Path, sheet: str = "Sheet1") -> dict[str, Any]:
    """Return the cached values of a sheet by cell."""
    book = openpyxl.load_workbook(path, data_only=True)
    return {cell.coordinate: cell.value for row in book[sheet].iter_rows() for cell in row if cell.value is not None}


def payloads(path: Path) -> dict[str, bytes]:
    """Return every member's compressed bytes, as they lie in the file."""
    data = path.read_bytes()
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name, extra = struct.unpack_from("<2H", data, info.header_offset + 26)
            start = info.header_offset + 30 + name + extra
            found[info.filename] = data[start : start + info.compress_size]
    return found


def without_caches(path: Path, part: str = "xl/worksheets/sheet1.xml") -> str:
    """Return a sheet's XML without the cached values of formula cells and their types."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(part).decode()

    def stripped(match: re.Match[str]) -> str:
        cell = re.sub(r"<v>[^<]*</v>|<v/>", "", match[0])
        return re.sub(r'^(<c [^>]*?) t="\w+"', r"\1", cell)

    return re.sub(r"<c [^>]*><f.*?</c>", stripped, text, flags=re.S)


def rewrite(path: Path, changes: dict[str, Any]) -> Path:
    """Change the text of parts; a value is a function from old to new text, or bytes for a new part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        parts[name] = change if isinstance(change, bytes) else change(parts[name].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def picture() -> bytes:
    """Return a small PNG picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = b"".join(b"\0" + b"\x20\x80\xc0" * 8 for _ in range(8))
    header = chunk(b"IHDR", struct.pack(">2I5B", 8, 8, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def assert_refused_untouched(path: Path, message: str) -> None:
    """Demand that one line says why a book is refused, that it keeps its bytes and that nothing lies beside it."""
    content = path.read_bytes()
    with pytest.raises(Refused, match=message) as failure:
        recalculate(path)
    assert "\n" not in str(failure.value)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]
