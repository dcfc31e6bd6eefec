"""A writer of [MS-CFB] version 3 compound files, the container of a VBA project.

Source: [MS-CFB] "Compound File Binary File Format", sections 2.2 (header), 2.3 (FAT), 2.4 (mini FAT),
2.6 (directory). No time stamps, no class identifiers: equal streams give equal bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

SECTOR = 512
MINI_SECTOR = 64
MINI_STREAM_CUTOFF = 4096

_FREE = 0xFFFFFFFF
_END_OF_CHAIN = 0xFFFFFFFE
_FAT_SECTOR = 0xFFFFFFFD
_HEADER_FAT_ENTRIES = 109
_ENTRIES_PER_SECTOR = SECTOR // 4

_STORAGE, _STREAM, _ROOT = 1, 2, 5
_RED, _BLACK = 0, 1


@dataclass
class _Entry:
    name: str
    kind: int
    data: bytes = b""
    children: list[_Entry] = field(default_factory=list)
    identifier: int = 0
    color: int = _BLACK
    left: int = _FREE
    right: int = _FREE
    child: int = _FREE
    start: int = 0
    size: int = 0


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """Write streams into a compound file.

    Parameters
    ----------
    streams
        Content by path; a ``/`` in a path makes a storage: ``{"VBA/dir": b"...", "PROJECT": b"..."}``.

    Returns
    -------
    bytes
        The file: header, FAT, directory, mini FAT, mini stream, then the large streams.

    Raises
    ------
    ValueError
        For a name over 31 characters, or content beyond the 109 FAT sectors of the header (about 7 MB).
    """
    root = _tree(streams)
    entries = _number(root)
    _link(root)

    mini_stream, mini_table = _mini_stream(entries)
    root.size = len(mini_stream)
    large = [entry for entry in entries if entry.kind == _STREAM and len(entry.data) >= MINI_STREAM_CUTOFF]

    directory_sectors = _sectors(len(entries) * 128)
    mini_table_sectors = _sectors(len(mini_table) * 4)
    contents = directory_sectors + mini_table_sectors + _sectors(len(mini_stream))
    contents += sum(_sectors(len(entry.data)) for entry in large)
    fat_sectors = _fat_size(contents)

    fat = [_FAT_SECTOR] * fat_sectors
    directory_start = _chain(fat, directory_sectors)
    mini_table_start = _chain(fat, mini_table_sectors)
    root.start = _chain(fat, _sectors(len(mini_stream)))
    for entry in large:
        entry.start = _chain(fat, _sectors(len(entry.data)))

    parts = [
        _header(fat_sectors, directory_start, mini_table_start, mini_table_sectors),
        _table(fat, fat_sectors),
        _padded(b"".join(map(_directory_entry, entries)), directory_sectors, _directory_entry(_Entry("", 0))),
        _table(mini_table, mini_table_sectors),
        _padded(mini_stream, _sectors(len(mini_stream))),
        *(_padded(entry.data, _sectors(len(entry.data))) for entry in large),
    ]
    return b"".join(parts)


def _tree(streams: Mapping[str, bytes]) -> _Entry:
    root = _Entry("Root Entry", _ROOT)
    for path, data in streams.items():
        *folders, name = path.split("/")
        parent = root
        for folder in folders:
            found = next((child for child in parent.children if child.name == folder), None)
            if found is None:
                found = _Entry(folder, _STORAGE)
                parent.children.append(found)
            parent = found
        parent.children.append(_Entry(name, _STREAM, data, size=len(data)))
    return root


def _number(root: _Entry) -> list[_Entry]:
    """List all entries, each storage before what it holds; the position is the identifier."""
    entries: list[_Entry] = []

    def visit(entry: _Entry) -> None:
        if len(entry.name) > 31:
            raise ValueError(f"{entry.name!r} is longer than the 31 characters of a compound file's names")
        entry.identifier = len(entries)
        entries.append(entry)
        for child in entry.children:
            visit(child)

    visit(root)
    return entries


def _link(storage: _Entry) -> None:
    """Give every storage its red-black tree, ordered by length, then by upper-case name ([MS-CFB] 2.6.4).

    Halving a sorted list leaves all empty links on the last two levels; with the last level red and the
    others black, every path has the same number of black nodes and no red node has a red child.
    """
    ordered = sorted(storage.children, key=lambda entry: (len(entry.name), entry.name.upper()))
    depth = len(ordered).bit_length()

    def subtree(low: int, high: int, level: int) -> int:
        if low >= high:
            return _FREE
        middle = (low + high) // 2
        entry = ordered[middle]
        entry.color = _RED if level == depth and level > 1 else _BLACK
        entry.left = subtree(low, middle, level + 1)
        entry.right = subtree(middle + 1, high, level + 1)
        return entry.identifier

    storage.child = subtree(0, len(ordered), 1)
    for entry in ordered:
        if entry.kind == _STORAGE:
            _link(entry)


def _mini_stream(entries: list[_Entry]) -> tuple[bytes, list[int]]:
    stream = bytearray()
    table: list[int] = []
    for entry in entries:
        if entry.kind != _STREAM or len(entry.data) >= MINI_STREAM_CUTOFF:
            continue
        if not entry.data:
            entry.start = _END_OF_CHAIN
            continue
        count = -(-len(entry.data) // MINI_SECTOR)
        entry.start = _chain(table, count)
        stream += entry.data.ljust(count * MINI_SECTOR, b"\0")
    return bytes(stream), table


def _chain(table: list[int], count: int) -> int:
    """Append a chain of ``count`` consecutive sectors to an allocation table; its first sector."""
    if not count:
        return _END_OF_CHAIN
    start = len(table)
    table.extend(range(start + 1, start + count))
    table.append(_END_OF_CHAIN)
    return start


def _fat_size(content_sectors: int) -> int:
    count = 1
    while count * _ENTRIES_PER_SECTOR < content_sectors + count:
        count += 1
    if count > _HEADER_FAT_ENTRIES:
        raise ValueError(f"{content_sectors} sectors of content are more than the header's FAT list can hold")
    return count


def _header(fat_sectors: int, directory: int, mini_table: int, mini_table_sectors: int) -> bytes:
    header = struct.pack(
        "<8s16s5H6s9I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(16),
        0x3E,  # minor version
        3,  # major version
        0xFFFE,  # little-endian
        9,  # sectors of 2^9 bytes
        6,  # mini sectors of 2^6 bytes
        bytes(6),
        0,  # number of directory sectors: 0 in version 3
        fat_sectors,
        directory,
        0,  # transaction signature
        MINI_STREAM_CUTOFF,
        mini_table,
        mini_table_sectors,
        _END_OF_CHAIN,  # no FAT sectors beyond the header's list
        0,
    )
    listed = list(range(fat_sectors)) + [_FREE] * (_HEADER_FAT_ENTRIES - fat_sectors)
    return header + struct.pack(f"<{_HEADER_FAT_ENTRIES}I", *listed)


def _directory_entry(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\0\0" if entry.name else b""
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        name,
        len(name),
        entry.kind,
        entry.color if entry.kind else 0,
        entry.left,
        entry.right,
        entry.child,
        bytes(16),
        0,
        0,
        0,
        entry.start,
        entry.size,
    )


def _sectors(size: int) -> int:
    return -(-size // SECTOR)


def _padded(data: bytes, sectors: int, filler: bytes = b"\0") -> bytes:
    missing = sectors * SECTOR - len(data)
    return data + filler * (missing // len(filler))


def _table(entries: list[int], sectors: int) -> bytes:
    padded = entries + [_FREE] * (sectors * _ENTRIES_PER_SECTOR - len(entries))
    return struct.pack(f"<{len(padded)}I", *padded)
