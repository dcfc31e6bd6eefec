"""The compound file and the VBA project written by the builder, read back by independent readers."""

from __future__ import annotations

import io
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.authoring.compound_file import compound_file
from rebalance_xl.authoring.vba_compression import compress
from rebalance_xl.authoring.vba_project import (
    Kind,
    Module,
    class_module,
    standard_module,
    vba_project,
    workbook_module,
    worksheet_module,
)

olefile = pytest.importorskip("olefile", reason="oletools is not installed")
decompress = pytest.importorskip("oletools.olevba", reason="oletools is not installed").decompress_stream

HELLO = 'Attribute VB_Name = "Hello"\nPublic Sub SayHello()\n    MsgBox "hello"\nEnd Sub\n'
SHELF = (
    "VERSION 1.0 CLASS\nBEGIN\n  MultiUse = -1\nEND\n"
    'Attribute VB_Name = "Shelf"\nAttribute VB_Exposed = True\nOption Explicit\nPublic Height As Double\n'
)


@given(
    st.dictionaries(
        st.text("abcXYZ_09", min_size=1, max_size=12),
        st.integers(0, 3).map(lambda n: b"0123456789" * (n * 300 + n)),
        min_size=1,
        max_size=40,
    )
)
def test_streams_come_back(streams: dict[str, bytes]) -> None:
    """Small, large and empty streams, in a storage and beside it, read back as written."""
    by_upper = {name.upper(): (name, data) for name, data in streams.items()}
    written = {f"VBA/{name}": data for name, data in by_upper.values()}
    written |= {name: data[::-1] for name, data in by_upper.values() if name.upper() != "VBA"}
    with olefile.OleFileIO(io.BytesIO(compound_file(written))) as read:
        assert {"/".join(path): read.openstream(path).read() for path in read.listdir()} == written
        assert read.parsing_issues == []


def test_a_file_that_needs_many_allocation_sectors() -> None:
    """A megabyte takes more than one FAT sector and reads back."""
    written = {"big": bytes(range(256)) * 4096, "small": b"x"}
    with olefile.OleFileIO(io.BytesIO(compound_file(written))) as read:
        assert read.openstream("big").read() == written["big"]


def test_a_name_too_long_is_refused() -> None:
    """Names beyond 31 characters cannot be stored."""
    with pytest.raises(ValueError, match="31 characters"):
        compound_file({"n" * 32: b""})


def test_content_beyond_the_header_is_refused() -> None:
    """The writer holds 109 FAT sectors and says so."""
    with pytest.raises(ValueError, match="FAT list"):
        compound_file({"big": bytes(8_000_000)})


@given(st.text("abc \r\nEnd Sub", max_size=9000))
def test_compression_is_reversible(text: str) -> None:
    """The independent decompressor gives the text back."""
    data = text.encode()
    assert bytes(decompress(bytearray(compress(data)))) == data


def test_a_full_chunk_that_does_not_compress_is_stored() -> None:
    """4096 bytes of noise followed by text come back."""
    noise = bytes((i * i * 167 + i * 31 + (i >> 3)) * 2654435761 >> 13 & 0xFF for i in range(4096))
    data = noise + b"End Sub\r\n"
    assert bytes(decompress(bytearray(compress(data)))) == data


@pytest.mark.parametrize("sheets", [1, 2, 5, 12, 40])
def test_no_findings(checker: ModuleType, sheets: int) -> None:
    """The strict checker finds nothing, for any shape of the directory tree."""
    modules = [workbook_module(), *(worksheet_module(f"Sheet{i}") for i in range(sheets))]
    modules += [standard_module(HELLO), class_module(SHELF)]
    assert checker.findings(vba_project(modules)) == []


def test_sources_come_back(checker: ModuleType) -> None:
    """Kinds and sources of the modules are the ones given, with Windows line ends."""
    modules = [workbook_module(), worksheet_module("Sheet1"), standard_module(HELLO), class_module(SHELF)]
    read = checker.read_project(vba_project(modules))["modules"]
    assert [(m["name"], m["kind"], m["source"].replace("\r\n", "\n")) for m in read] == [
        (m.name, m.kind.value, m.source) for m in modules
    ]


def test_a_class_file_loses_only_its_header() -> None:
    """What a .cls file says of exposure stays, and its code stays."""
    source = class_module(SHELF).source
    assert "VERSION" not in source
    assert "Attribute VB_Exposed = True\n" in source
    assert source.endswith("Option Explicit\nPublic Height As Double\n")


def test_equal_sources_give_equal_bytes() -> None:
    """Nothing of the clock or of the machine gets into the project."""
    modules = [workbook_module(), standard_module(HELLO)]
    assert vba_project(modules) == vba_project(modules)


@pytest.mark.parametrize(
    "modules, message",
    [
        ([standard_module(HELLO), standard_module(HELLO)], "two modules"),
        ([Module("x" * 32, Kind.MODULE, HELLO)], "no module name"),
        ([Module("Other", Kind.MODULE, HELLO)], "names another module"),
        ([standard_module(HELLO + "' \N{GREEK SMALL LETTER PI}")], "code page"),
    ],
)
def test_unusable_modules_are_refused(modules: list[Module], message: str) -> None:
    """What Excel would silently drop is refused when building."""
    with pytest.raises(ValueError, match=message):
        vba_project(modules)
