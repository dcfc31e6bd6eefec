"""The compression of VBA streams ([MS-OVBA] 2.4.1): chunks of 4096 bytes, copy tokens of variable width."""

from __future__ import annotations

CHUNK = 4096
_SIGNATURE = 0x3000
_COMPRESSED = 0x8000


def compress(data: bytes) -> bytes:
    """Compress a module source or the ``dir`` stream.

    Parameters
    ----------
    data
        Bytes of text; at least a little redundancy in its last, partial chunk is relied on.

    Returns
    -------
    bytes
        The signature byte 0x01 and one chunk for each 4096 bytes.

    Raises
    ------
    ValueError
        Where the last, partial chunk does not compress: the format cannot store such data exactly.
    """
    chunks = [_chunk(data[start : start + CHUNK]) for start in range(0, len(data), CHUNK)]
    return b"\x01" + b"".join(chunks)


def _chunk(data: bytes) -> bytes:
    packed = _tokens(data)
    if len(packed) <= CHUNK:
        return (_COMPRESSED | _SIGNATURE | (len(packed) - 1)).to_bytes(2, "little") + packed
    if len(data) < CHUNK:
        raise ValueError("the last 4096 bytes of a VBA stream do not compress and cannot be stored exactly")
    return (_SIGNATURE | (CHUNK - 1)).to_bytes(2, "little") + data


def _tokens(data: bytes) -> bytes:
    """Pack into groups of a flag byte and eight tokens: literal bytes or copies of earlier ones."""
    out = bytearray()
    seen: dict[bytes, list[int]] = {}
    position = 0
    while position < len(data):
        flags = 0
        group = bytearray()
        for bit in range(8):
            if position >= len(data):
                break
            offset, length = _longest_match(data, position, seen)
            if length >= 3:
                bits = _offset_bits(position)
                group += ((offset - 1) << (16 - bits) | (length - 3)).to_bytes(2, "little")
                flags |= 1 << bit
            else:
                length = 1
                group.append(data[position])
            for index in range(position, position + length):
                seen.setdefault(data[index : index + 3], []).append(index)
            position += length
        out.append(flags)
        out += group
    return bytes(out)


def _offset_bits(position: int) -> int:
    """Return the bits of a copy token's offset at a position ([MS-OVBA] 2.4.1.3.19.1)."""
    return max(4, (position - 1).bit_length())


def _longest_match(data: bytes, position: int, seen: dict[bytes, list[int]]) -> tuple[int, int]:
    limit = min(len(data) - position, (0xFFFF >> _offset_bits(position)) + 3) if position else 0
    best_offset = best_length = 0
    if limit < 3:
        return 0, 0
    for start in reversed(seen.get(data[position : position + 3], ())):
        length = 3
        while length < limit and data[start + length] == data[position + length]:
            length += 1
        if length > best_length:
            best_offset, best_length = position - start, length
            if length == limit:
                break
    return best_offset, best_length
