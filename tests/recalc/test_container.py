"""The zip file around a workbook, read back after it was written."""

from __future__ import annotations

import io
import sys
import zipfile
import zlib

import pytest

from rebalance_xl.recalc.files.container import Container
from rebalance_xl.recalc.files.output import verify_package
from rebalance_xl.recalc.files.refusals import Refused

LONG = b"".join(b'<c r="A%d"><v>%d</v></c>' % (n, n * n) for n in range(50_000))


def packed(method: int) -> bytes:
    """Return a zip file with a long and a short member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("long.xml", LONG)
        archive.writestr("other.xml", b"<a/>")
    return stream.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_written_part_holds_its_content_and_no_other(method: int) -> None:
    """Another byte, length or part is noticed."""
    original = Container.open(packed(method))
    written = original.rewritten({"long.xml": LONG})
    verify_package(written, original, {"long.xml": LONG}, known=True)
    for wrong in (LONG[:-1], LONG + b"x", LONG[:-1] + b"!", b"!" + LONG[1:], b""):
        with pytest.raises(Refused, match=r"long\.xml was not written as computed"):
            verify_package(written, original, {"long.xml": wrong}, known=True)


@pytest.mark.parametrize("faster", [True, False])
def test_large_parts_with_and_without_the_faster_library(faster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large part is read, packed and found damaged with isal as without, and zlib unpacks what it packs."""
    if faster:
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal", None)
    assert len(LONG) > 2**20
    container = Container.open(packed(zipfile.ZIP_DEFLATED))
    assert container.read("long.xml") == LONG
    written = container.rewritten({"long.xml": LONG[::-1]})
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.read("long.xml") == LONG[::-1]
        place = archive.getinfo("long.xml").header_offset + 5000
    damaged = written[:place] + bytes([written[place] ^ 0xFF]) + written[place + 1 :]
    with pytest.raises(Refused, match=r"damaged: the part long\.xml"):
        Container.open(damaged).read("long.xml")


def test_damaged_bytes_are_noticed_although_the_directory_is_right() -> None:
    """Size and checksum in the directory prove nothing about the compressed bytes."""
    data = packed(zipfile.ZIP_DEFLATED)
    place = data.index(b"long.xml") + len(b"long.xml")
    size = len(zlib.compress(LONG)) // 2
    for at in (place + 1, place + size, place + 3):
        damaged = bytearray(data)
        damaged[at] ^= 0xFF
        with pytest.raises(Refused, match="damaged"):
            Container.open(bytes(damaged)).read("long.xml", zlib)


def test_a_finished_file_is_compared_with_what_it_was_made_from() -> None:
    """Changed parts have to hold what was computed, all others the bytes they had."""
    original = Container.open(packed(zipfile.ZIP_DEFLATED))
    changed = {"other.xml": b"<b/>"}
    written = original.rewritten(changed)
    verify_package(written, original, changed)
    with pytest.raises(Refused, match=r"other\.xml was not written as computed"):
        verify_package(written, original, {"other.xml": b"<c/>"})
    with pytest.raises(Refused, match=r"other\.xml was not copied as it was"):
        verify_package(written, original, {})
    with pytest.raises(Refused, match="lacks parts"):
        verify_package(written, original, {**changed, "third.xml": b""})
