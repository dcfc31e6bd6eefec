"""The zip file around a workbook: read with suspicion, written with every untouched member's bytes verbatim."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .refusals import Refused

MAX_MEMBERS = 20_000
MAX_PART = 512 * 2**20
MAX_TOTAL = 1024 * 2**20
BOMB_SIZE = 64 * 2**20
BOMB_RATIO = 400
#: So many bytes are packed for speed rather than for size, and by a faster library than zlib where it is installed.
_MANY = 2**20
#: What a member's own header and its entry in the directory share, from the version that can read it to the length of
#: what follows its name.
HEADER = struct.Struct("<5H3L2H")
END_RECORD = struct.Struct("<4s4H2LH")
#: What a zip file tells of a member, its bytes as they lie there, its checksum and its size.
Member = tuple[zipfile.ZipInfo, Sequence[bytes], int, int]
UTF8_FLAG = 0x800
DESCRIPTOR_FLAG = 0x8


@dataclass(slots=True)
class Container:
    """The members of one zip file, decompressed on demand."""

    data: bytes
    members: dict[str, zipfile.ZipInfo]
    comment: bytes = b""

    @classmethod
    def open(cls, data: bytes) -> Container:
        """Read the directory of a zip file and refuse damaged, doubled and exploding ones."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                infos, comment = archive.infolist(), archive.comment
        except (zipfile.BadZipFile, ValueError, struct.error, ArithmeticError, NotImplementedError, EOFError) as error:
            raise Refused(f"damaged or truncated: the zip directory cannot be read ({error})") from None
        if len(infos) > MAX_MEMBERS:
            raise Refused(f"{len(infos)} parts in the zip file: more than {MAX_MEMBERS} is not a workbook")
        members: dict[str, zipfile.ZipInfo] = {}
        seen: set[str] = set()
        total = 0
        for info in infos:
            lowered = info.filename.lower()
            if lowered in seen:
                raise Refused(f"the part {info.filename} is in the zip file twice")
            seen.add(lowered)
            if info.flag_bits & 0x41:  # encrypted, and strongly encrypted
                raise Refused(f"the part {info.filename} is encrypted: remove the password first")
            patched = info.flag_bits & 0x20  # what is stored is what changes something else
            if patched or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused(f"the part {info.filename} is compressed in a way that Excel does not use")
            if info.file_size > MAX_PART or (
                info.file_size > BOMB_SIZE and (info.file_size > BOMB_RATIO * max(info.compress_size, 1))
            ):
                raise Refused(f"the part {info.filename} would expand to {info.file_size / 2**20:,.0f} MB: refused")
            total += info.file_size
            members[info.filename] = info
        if total > MAX_TOTAL:
            raise Refused(f"would expand to {total / 2**20:,.0f} MB: refused")
        return cls(data, members, comment)

    def __contains__(self, name: str) -> bool:
        """Say whether the part exists under exactly this name."""
        return name in self.members

    def payload(self, info: zipfile.ZipInfo) -> bytes:
        """Return a member's bytes as they lie in the file, still compressed."""
        start = info.header_offset + 4
        try:
            _, flags, *_, name_length, extra_length = HEADER.unpack_from(self.data, start)
        except struct.error:
            raise Refused(f"truncated: the part {info.filename} is cut off") from None
        if self.data[start - 4 : start] != b"PK\x03\x04":
            raise Refused(f"damaged: the part {info.filename} is not where the zip directory says")
        start += HEADER.size
        written = self.data[start : start + name_length]
        if written.decode("utf-8" if flags & UTF8_FLAG else "cp437", "replace") != info.orig_filename:
            raise Refused(f"damaged: the part {info.filename} has another name where it lies in the file")
        start += name_length + extra_length
        raw = self.data[start : start + info.compress_size]
        if len(raw) != info.compress_size:
            raise Refused(f"truncated: the part {info.filename} is cut off")
        return raw

    def read(self, name: str, codec: Any = None) -> bytes:
        """Return a part decompressed by some library, checked against its size and its checksum."""
        info = self.members[name]
        content, codec = self.payload(info), codec or _codec(info.file_size)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            try:
                content = codec.decompressobj(-15).decompress(content, info.file_size + 1)
            except (zlib.error, codec.error):
                raise Refused(f"damaged: the part {name} cannot be decompressed") from None
        if len(content) != info.file_size:
            raise Refused(f"damaged: the part {name} has another size than the zip directory says")
        if codec.crc32(content) != info.CRC:
            raise Refused(f"damaged: the part {name} fails its checksum")
        return content

    def verify_rest(self, read: set[str]) -> None:
        """Check the checksum of every part that was not read yet."""
        for name in self.members:
            if name not in read:
                self.read(name)

    def rewritten(self, changed: dict[str, bytes]) -> bytes:
        """Return a zip file with some parts replaced or added (by name) and all others copied verbatim."""
        infos = list(self.members.values())
        for name in changed:
            if name not in self.members:
                infos.append(zipfile.ZipInfo(name, infos[0].date_time))
                infos[-1].compress_type = zipfile.ZIP_DEFLATED
        members = [
            packed(info, [changed[info.filename]])
            if info.filename in changed
            else (info, [self.payload(info)], info.CRC, info.file_size)
            for info in infos
        ]
        return joined(members, self.comment)


def _codec(size: int) -> Any:
    """Return what packs and unpacks so many bytes: a library that is faster at many, where it is installed."""
    if size >= _MANY:
        with suppress(ImportError):
            from isal import isal_zlib

            return isal_zlib
    return zlib


def packed(info: zipfile.ZipInfo, pieces: Sequence[bytes]) -> Member:
    """Return a member with new content, compressed in the way that is told of it."""
    size, crc = sum(map(len, pieces)), 0
    codec = _codec(size)
    for piece in pieces:
        crc = codec.crc32(piece, crc)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        deflater = codec.compressobj(6 if size < _MANY else 1, zlib.DEFLATED, -15)
        pieces = [*map(deflater.compress, pieces), deflater.flush()]
    return info, pieces, crc, size


def joined(members: Sequence[Member], comment: bytes = b"") -> bytes:
    """Return the zip file of some members; what precedes each says its sizes, so that none follows its bytes."""
    out: list[bytes] = []
    directory = bytearray()
    place = 0
    for info, pieces, crc, size in members:
        flags = info.flag_bits & ~DESCRIPTOR_FLAG
        name = info.orig_filename
        encoded = name.encode("utf-8") if flags & UTF8_FLAG else name.encode("cp437", "replace")
        if not flags & UTF8_FLAG and encoded.decode("cp437") != name:
            encoded, flags = name.encode("utf-8"), flags | UTF8_FLAG
        year, month, day, hour, minute, second = info.date_time
        date = max(year - 1980, 0) << 9 | month << 5 | day
        clock = hour << 11 | minute << 5 | second // 2
        length = sum(map(len, pieces))
        header = HEADER.pack(20, flags, info.compress_type, clock, date, crc, length, size, len(encoded), 0)
        made_by = struct.pack("<H", info.create_version | info.create_system << 8)
        where = struct.pack("<3H2L", len(info.comment), 0, info.internal_attr, info.external_attr, place)
        directory += b"PK\x01\x02" + made_by + header + where + encoded + info.comment
        out += b"PK\x03\x04" + header + encoded, *pieces
        place += 4 + len(header) + len(encoded) + length
    end = END_RECORD.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), place, len(comment))
    return b"".join((*out, directory, end, comment))
