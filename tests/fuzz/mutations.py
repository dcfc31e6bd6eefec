"""Damage done to workbooks: to their bytes, their XML and their zip directory, each from one seed."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
from collections.abc import Callable

_HOSTILE = (
    b"", b"0", b"-1", b"1048577", b"99999999999999999999", b"XFE1", b"A0", b"A1:XFD1048576", b"1e999", b"NaN",
    b"&lt;", b"&#0;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<f>", b"</c>", b"]]>", b"\x00", b"\xff\xfe", b"\xc3(",
    b"=1/0", b"_xlfn.", b"SUM(", b"#REF!", b"'", b'"', b"s", b"str", b"e", b"TRIM_AMOUNT()", b"(" * 3000,
)  # fmt: skip
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"<[^<>]{1,200}>")


def mutate(content: bytes, seed: int) -> bytes:
    """Return the workbook with the damage of a seed."""
    chance = random.Random(seed)
    kind = chance.choice(KINDS)
    return kind(content, chance)


def flip_bytes(content: bytes, chance: random.Random) -> bytes:
    """Change single bytes anywhere in the file."""
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut(content: bytes, chance: random.Random) -> bytes:
    """Cut the file short, or take a piece out of it."""
    start = chance.randrange(len(content))
    length = chance.choice([1, 16, 700, len(content)])
    return content[:start] + content[start + length :]


def insert_bytes(content: bytes, chance: random.Random) -> bytes:
    """Put a hostile text or a copy of a piece somewhere into the file."""
    place = chance.randrange(len(content))
    start = chance.randrange(len(content))
    piece = chance.choice([chance.choice(_HOSTILE), content[start : start + chance.randint(1, 200)]])
    return content[:place] + piece + content[place:]


def damage_xml(content: bytes, chance: random.Random) -> bytes:
    """Damage the text of one XML member and pack the book again."""
    members = _members(content)
    names = [name for name, _ in members if name.endswith((".xml", ".rels"))]
    chosen = chance.choice(names) if names else ""
    return _packed([(name, _damaged_text(data, chance) if name == chosen else data) for name, data in members])


def _damaged_text(text: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        spans = [match.span() for match in chance.choice((_NUMBER, _TAG)).finditer(text)]
        if not spans:
            continue
        start, end = chance.choice(spans)
        deed = chance.randrange(4)
        if deed == 0:
            text = text[:start] + chance.choice(_HOSTILE) + text[end:]
        elif deed == 1:
            text = text[:start] + text[end:]
        elif deed == 2:
            text = text[:end] + text[start:end] * chance.randint(1, 3) + text[end:]
        else:
            other_start, other_end = chance.choice(spans)
            text = text[:start] + text[other_start:other_end] + text[end:]
    return text


def damage_directory(content: bytes, chance: random.Random) -> bytes:
    """Lose, double, rename or swap members."""
    members = _members(content)
    deed = chance.randrange(5)
    place = chance.randrange(len(members))
    name, data = members[place]
    if deed == 0:
        del members[place]
    elif deed == 1:
        members.append((name, chance.choice(members)[1]))
    elif deed == 2:
        members[place] = (chance.choice(["../" + name, "/" + name, name.upper(), name + "\x01", "\\" + name]), data)
    elif deed == 3:
        other = chance.randrange(len(members))
        members[place], members[other] = (name, members[other][1]), (members[other][0], data)
    else:
        members[place] = (name, data[: chance.randrange(len(data) + 1)])
    return _packed(members)


def damage_checksum(content: bytes, chance: random.Random) -> bytes:
    """Change bytes near a header of a member: sizes, checksums, offsets, flags."""
    places = [match.start() for match in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content)]
    damaged = bytearray(content)
    start = chance.choice(places)
    for _ in range(chance.randint(1, 4)):
        damaged[min(start + chance.randint(4, 45), len(damaged) - 1)] = chance.choice([0, 1, 127, 255])
    return bytes(damaged)


KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip_bytes, cut, insert_bytes, damage_xml, damage_xml, damage_xml, damage_xml, damage_directory, damage_checksum,
)  # fmt: skip


def _members(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return [(info.filename, book.read(info)) for info in book.infolist()]


def _packed(members: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        warnings.simplefilter("ignore")  # doubled names are meant
        for name, data in members:
            book.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()
