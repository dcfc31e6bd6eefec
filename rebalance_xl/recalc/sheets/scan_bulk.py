"""Large worksheets read with arrays: every tag found and checked at once instead of one cell after the other.

A sheet that is written in any unusual way is left to the readers that go cell by cell, which also decide what is
refused. Texts come in pieces of whole rows, so that the arrays stay small.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.markup import all_from_xml
from ..references import MAX_COLUMNS, MAX_ROWS
from .cell_table import CellTable, joined_pieces, texts
from .cell_values import attributes_of
from .sheet_scan import FormulaCell, SheetScan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .number_arrays import Bytes, Ints

#: Characters read at a time: more is slower, because the arrays leave the processor's cache.
PIECE = 2**19
#: Zeros behind a piece, so that looking ahead from its last tag stays inside.
_MARGIN = 64
_ATTRIBUTES = re.compile(r'((?: [\w:]+="[^"<]*")*) ?')
#: What begins like an entity of XML and is none.
_LOOSE = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)")
_FORMULA_TAG = re.compile(r'<f(?: [\w:]+="[^"<]*")* ?/?>')
#: Numbers, each with the bracket that follows it; possessive, since there are hundreds of thousands.
_NUMBERS = re.compile(rb"(?:[-+]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++)?+<)*+")
_SPACED_VALUE = '<v xml:space="preserve">'
_SPACED_TEXT = '<t xml:space="preserve">'

# Kinds of tags; text may follow the first four, and the numbers of cells and rows differ in their last bit only.
_V, _F, _F_LONG, _T, _V_END, _F_END, _C_END, _C, _C_EMPTY, _ROW, _ROW_EMPTY, _ROW_END = range(1, 13)
_F_EMPTY, _V_EMPTY, _V_LONG, _T_LONG, _T_END, _IS, _IS_END = range(13, 20)
_BY_NAME = {
    "v>": _V, "f>": _F, "f ": _F_LONG, "t>": _T, "/v": _V_END, "/f": _F_END, "/c": _C_END, "c ": _C, "ro": _ROW,
    "/r": _ROW_END, "f/": _F_EMPTY, "v/": _V_EMPTY, "v ": _V_LONG, "t ": _T_LONG, "/t": _T_END, "is": _IS,
    "/i": _IS_END,
}  # fmt: skip
_LENGTHS = {
    _V: 3, _F: 3, _T: 3, _V_END: 4, _F_END: 4, _C_END: 4, _ROW_END: 6, _F_EMPTY: 4, _V_EMPTY: 4, _T_END: 4, _IS: 4,
    _IS_END: 5,
}  # fmt: skip
#: What else the names of tags have to be, and where in the tag it stands.
_REST = ((_C, b' r="', 2), (_ROW, b"w", 3), (_ROW_END, b"ow", 3), (_IS, b">", 3), (_IS_END, b"s>", 3))
_AFTER_FORMULA = {_V, _V_EMPTY, _C_END}
_AFTER_CELL = {_C, _C_EMPTY, _ROW_END}
_AFTER_ROW = {_ROW, _ROW_EMPTY}
_FOLLOWERS = {
    _V: {_V_END},
    _F: {_F_END},
    _F_LONG: {_F_END},
    _T: {_T_END},
    _T_LONG: {_T_END},
    _V_END: {_C_END},
    _F_END: _AFTER_FORMULA,
    _T_END: {_IS_END},
    _F_EMPTY: _AFTER_FORMULA,
    _V_EMPTY: {_C_END},
    _IS: {_T, _T_LONG},
    _IS_END: {_C_END},
    _C: _AFTER_FORMULA | {_F, _F_LONG, _F_EMPTY, _IS},
    _C_END: _AFTER_CELL,
    _C_EMPTY: _AFTER_CELL,
    _ROW: _AFTER_CELL,
    _ROW_END: _AFTER_ROW,
    _ROW_EMPTY: _AFTER_ROW,
}


def _tables() -> tuple[Bytes, Ints, NDArray[np.bool_]]:
    kinds = np.zeros(2**16, np.uint8)
    for name, kind in _BY_NAME.items():
        kinds[ord(name[0]) << 8 | ord(name[1])] = kind
    lengths = np.zeros(32, np.intp)
    for kind, length in _LENGTHS.items():
        lengths[kind] = length
    follows = np.zeros(1024, np.bool_)
    for kind, followers in _FOLLOWERS.items():
        for follower in followers:
            follows[kind << 5 | follower] = True
    return kinds, lengths, follows


_KINDS, _TAG_LENGTHS, _FOLLOWS = _tables()


class UnusualError(Exception):
    """A sheet that has to be read cell by cell."""


def scan_bulk(scan: SheetScan) -> bool:
    """Read a sheet written the usual way: its formula cells, and where its constants lie.

    Parameters
    ----------
    scan : SheetScan
        A sheet without prefixes whose text and bounds are known; on success its formula cells and `table` are set.

    Returns
    -------
    bool
        False when any cell is written otherwise; nothing is set then.
    """
    reader = _Reader(scan)
    if not _read_all(reader, scan):
        return False
    scan.formulas = reader.formulas
    scan.plain = True
    scan.table = reader.table
    scan.has_metadata = any("vm" in attributes for attributes in reader.parsed)
    return True


def _read_all(reader: _Reader, scan: SheetScan) -> bool:
    text, position, end = scan.text, scan.start, scan.end
    if text.find("\r", position, end) >= 0:
        return False  # XML makes one line break of CR and LF
    if text.find("_xD", position, end) >= 0 or text.find("_xd", position, end) >= 0:
        return False  # half a character, perhaps, which the parser names
    if text.find("&", position, end) >= 0:
        if text.find("&#", position, end) >= 0 and text.find("<is>", position, end) >= 0:
            return False  # texts inside their cells may have spaces that the engine would drop
        if _LOOSE.search(text, position, end) is not None:
            return False
    try:
        while position < end:
            cut = end
            if end - position > PIECE:
                cut = text.rfind("</row>", position, position + PIECE)
                if cut < 0:
                    cut = text.find("</row>", position + PIECE - 6, end)
                cut = end if cut < 0 else cut + 6
            reader.read(position, cut)
            position = cut
    except UnusualError:
        return False
    return True


def _kinds_of_tags(content: Bytes, opens: Ints, closes: Ints, piece: str) -> Bytes:
    """Return what every tag is; together they have to be rows of cells, nothing else."""
    kinds: Bytes = _KINDS[content[opens + 1].astype(np.intp) << 8 | content[opens + 2]]
    lengths, wanted = closes - opens + 1, _TAG_LENGTHS[kinds]
    _need(((wanted == 0) | (lengths == wanted)).all())
    for kind, name, offset in _REST:
        found = opens[kinds == kind]
        for place, byte in enumerate(name, offset):
            _need((content[found + place] == byte).all())
    rows = np.flatnonzero(kinds == _ROW)
    after = content[opens[rows] + 4]
    _need(((after == 32) | (after == 62) | (after == 47)).all())
    for kind, empty in ((_C, _C_EMPTY), (_ROW, _ROW_EMPTY), (_F_LONG, _F_EMPTY)):
        found = np.flatnonzero(kinds == kind)
        kinds[found[content[closes[found] - 1] == 47]] = empty
    for tag in np.flatnonzero(kinds == _V_LONG).tolist():
        written = piece[opens[tag] : closes[tag] + 1]
        _need(written in (_SPACED_VALUE, "<v />"))
        kinds[tag] = _V if written == _SPACED_VALUE else _V_EMPTY
    _need(kinds[0] in _AFTER_ROW and kinds[-1] in (_ROW_END, _ROW_EMPTY))
    _need(_FOLLOWS[kinds[:-1].astype(np.intp) << 5 | kinds[1:]].all())
    if (kinds == _IS).any():
        _check_texts(content, opens, closes, kinds, piece)
    return kinds


def _check_texts(content: Bytes, opens: Ints, closes: Ints, kinds: Bytes, piece: str) -> None:
    """Check the texts that stand inside their cells: none is empty or may lose a space at its ends."""
    found = np.flatnonzero(kinds == _T)
    for places in (closes[found] + 1, opens[found + 1] - 1):
        _need((content[places] > 32).all())
        _need(not any(piece[place].isspace() for place in places[content[places] == 63].tolist()))
    spaced = np.flatnonzero(kinds == _T_LONG)
    _need(all(piece[opens[tag] : closes[tag] + 1] == _SPACED_TEXT for tag in spaced.tolist()))
    kinds[spaced] = _T
    found = np.flatnonzero(kinds == _T)
    _need((content[closes[found] + 1] != 60).all())


def _check_numbers(content: Bytes, starts: Ints, ends: Ints) -> None:
    """Check that pieces are numbers: what stands where a number belongs and is none, an XML parser has to name."""
    _need(_NUMBERS.fullmatch(joined_pieces(content, starts, ends).tobytes()))


def _places(content: Bytes, starts: Ints) -> tuple[Ints, Ints, Ints]:
    """Return rows and columns of cells and where their names, which start at `starts`, end."""
    letter = content[starts] - np.uint8(64)
    _need(((letter >= 1) & (letter <= 26)).all())
    columns, at = letter.astype(np.intp), starts + 1
    for _ in range(2):
        letter = content[at] - np.uint8(64)
        more = (letter >= 1) & (letter <= 26)
        if not more.any():
            break
        columns = np.where(more, columns * 26 + letter, columns)
        at = at + more
    rows, ends = _whole_numbers(content, at)
    _need((content[ends] == 34).all() and (ends > at).all())
    _need(columns.max() <= MAX_COLUMNS and rows.min() >= 1 and rows.max() <= MAX_ROWS)
    return rows, columns, ends


def _whole_numbers(content: Bytes, starts: Ints) -> tuple[Ints, Ints]:
    """Return the whole numbers that start at some places, and where they end."""
    numbers, at = np.zeros(len(starts), np.intp), starts
    for _ in range(8):
        digit = content[at] - np.uint8(48)
        more = digit < 10
        if not more.any():
            break
        numbers = np.where(more, numbers * 10 + digit, numbers)
        at = at + more
    return numbers, at


def _row_numbers(content: Bytes, starts: Ints) -> Ints:
    """Return the numbers of rows whose tags start at some places, 0 where they do not begin with them."""
    numbers, ends = _whole_numbers(content, starts + 8)
    usual = content[ends] == 34
    for place, byte in enumerate(b'<row r="'):
        usual &= content[starts + place] == byte
    return np.where(usual, numbers, 0)


def _need(fulfilled: Any) -> None:
    if not fulfilled:
        raise UnusualError


class _Reader:
    def __init__(self, scan: SheetScan) -> None:
        self.text = scan.text
        self.values = scan.reader
        self.formulas: list[FormulaCell] = []
        self.table = CellTable(scan.text, scan.reader)
        self.last_place = 0
        self.groups: dict[str, int] = {}
        self.parsed: list[dict[str, str]] = []

    def read(self, base: int, end: int) -> None:
        """Read the rows between two positions of the text."""
        piece = self.text[base:end]
        data = piece.encode("ascii", "replace")  # one byte a character: positions are the same in both
        content = np.frombuffer(data + bytes(_MARGIN), np.uint8)
        brackets = np.flatnonzero((content | 2) == 62)
        opens, closes = np.ascontiguousarray(brackets[0::2]), np.ascontiguousarray(brackets[1::2])
        _need(len(opens) and len(opens) == len(closes))
        _need((content[opens] == 60).all() and (content[closes] == 62).all())
        kinds = _kinds_of_tags(content, opens, closes, piece)
        _need(opens[0] == 0 and closes[-1] == len(piece) - 1)
        apart = opens[1:] - closes[:-1] != 1
        _need((kinds[:-1][apart] <= _T).all())

        cells = np.flatnonzero((kinds & 14) == _C)
        row_tags, row_ends = np.flatnonzero(kinds == _ROW), np.flatnonzero(kinds == _ROW_END)
        last = np.zeros(len(row_tags), np.int64)
        if len(cells):
            places = self._read_cells(content, piece, (opens, closes, kinds), cells, base)
            until = np.searchsorted(cells, row_ends)
            before = np.concatenate(([0], until[:-1]))
            filled = np.flatnonzero(until > before)
            first, last_ones = places[before[filled]], places[until[filled] - 1]
            last[filled] = np.where(first >> 15 == last_ones >> 15, last_ones, -1)
        numbers = _row_numbers(content, opens[row_tags])
        numbers[last < 0] = 0
        self.table.rows.add(numbers, opens[row_tags], closes[row_tags] + 1, opens[row_ends], last, base)

    def _read_cells(self, content: Bytes, piece: str, tags: tuple[Ints, Ints, Bytes], cells: Ints, base: int) -> Ints:
        """Read the cells, given by the numbers of their tags; return their places."""
        opens, closes, kinds = tags
        empty = kinds[cells] == _C_EMPTY
        rows, columns, names_end = _places(content, opens[cells] + 6)
        places = rows << 15 | columns
        _need(places[0] > self.last_place and (places[1:] > places[:-1]).all())
        self.last_place = int(places[-1])
        groups = self._groups(content, piece, names_end + 1, closes[cells] - empty)

        after = kinds[cells + 1]
        filled = (after == _F) | (after == _F_LONG)
        has_formula = filled | (after == _F_EMPTY)
        inside = after == _IS
        _need(
            all(
                self.table.types[group] == "inlineStr" for group in np.flatnonzero(np.bincount(groups[inside])).tolist()
            )
        )
        values = cells + 1 + has_formula + filled + inside
        has_value = (kinds[values] == _V) | inside
        starts = np.where(has_value, closes[values] + 1, opens[cells])
        ends = np.where(has_value, opens[np.minimum(values + 1, len(opens) - 1)], opens[cells])

        constant = np.flatnonzero(~has_formula)
        numeric = np.array([kind == "n" for kind in self.table.types], np.bool_)[groups[constant]]
        filled_in = constant[numeric & (ends[constant] > starts[constant])]
        _check_numbers(content, starts[filled_in], ends[filled_in])
        self.table.add(rows[constant], columns[constant], groups[constant], starts[constant], ends[constant], base)
        own = np.flatnonzero(has_formula)
        if len(own):
            first = cells[own] + 1
            formula_starts, formula_ends = closes[first] + 1, opens[first + 1]
            formula_ends = np.maximum(formula_starts, np.where(filled[own], formula_ends, 0))
            plain = content if piece.isascii() else None
            formulas = texts(piece, plain, formula_starts, formula_ends)
            found = texts(piece, plain, starts[own], ends[own])
            last = values[own] + np.where(has_value[own], 2, kinds[values[own]] == _V_EMPTY)
            placed = (rows[own].tolist(), columns[own].tolist(), (closes[last] + (base + 1)).tolist())
            odd = np.flatnonzero(kinds[first] != _F)
            bounds = zip(opens[first[odd]].tolist(), closes[first[odd]].tolist(), strict=True)
            written = [piece[i : j + 1] for i, j in bounds]
            self._add(placed, groups[own], formulas, found, dict(zip(odd.tolist(), written, strict=True)))
        return places

    def _groups(self, content: Bytes, piece: str, starts: Ints, ends: Ints) -> Ints:
        """Return for every cell the number of its attributes' text, the same for the same text."""
        lengths = ends - starts
        longest = int(lengths.max())
        if longest == 0:
            return np.full(len(starts), self._group(""), np.intp)
        _need(longest <= _MARGIN - 8)
        mix = lengths.astype(np.uint64)
        words = []
        for offset in range(0, longest, 8):
            word = np.zeros(len(starts), np.uint64)
            for byte in range(offset, min(offset + 8, longest)):
                word = word << np.uint64(8) | content[np.where(lengths > byte, starts + byte, -1)]
            words.append(word)
            mix = (mix ^ word) * np.uint64(0x9E3779B97F4A7C15)
            mix ^= mix >> np.uint64(32)
        key = (mix & np.uint64(0xFFFF)).astype(np.intp)
        example = np.full(2**16, -1, np.intp)
        example[key] = np.arange(len(key))
        models = example[key]
        same = lengths == lengths[models]
        for word in words:
            same &= word == word[models]
        _need(same.all())
        used = np.flatnonzero(example >= 0)
        _need(len(used) < 4096)
        found = example[used]
        numbers = [self._group(piece[i:j]) for i, j in zip(starts[found].tolist(), ends[found].tolist(), strict=True)]
        example[used] = numbers
        return example[key]

    def _group(self, text: str) -> int:
        number = self.groups.get(text)
        if number is None:
            match = _ATTRIBUTES.fullmatch(text)
            if match is None or "?" in text:
                raise UnusualError
            number = self.groups[text] = len(self.parsed)
            attributes = attributes_of(match[1])
            _need(len(attributes) == match[1].count('="') and "r" not in attributes)
            self.parsed.append(attributes)
            self.table.types.append(attributes.get("t", "n"))
            self.table.steady.append(text == match[1] and "t" not in attributes and "vm" not in attributes)
        return number

    def _add(
        self,
        placed: tuple[list[int], list[int], list[int]],
        groups: Ints,
        formulas: list[str],
        data: list[str],
        tags: dict[int, str],
    ) -> None:
        rows, columns, ends = placed
        formulas = list(all_from_xml(formulas))
        old = self.table.read(groups, data)
        cells = list(map(FormulaCell, rows, columns, formulas, old, ends, data))
        shapes: dict[str, dict[str, str]] = {}
        for place, tag in tags.items():
            shape = shapes.get(tag)
            if shape is None:
                _need(_FORMULA_TAG.fullmatch(tag) is not None)
                shape = shapes[tag] = attributes_of(tag)
            cell = cells[place]
            cell.attributes = shape
            if "t" in shape:
                cell.kind = shape["t"]
        for group in np.flatnonzero(np.bincount(groups)).tolist():
            attributes = self.parsed[group]
            if "cm" in attributes or "t" in attributes or "vm" in attributes:
                for place in np.flatnonzero(groups == group).tolist():
                    cell = cells[place]
                    cell.dynamic = "cm" in attributes
                    cell.type = attributes.get("t", "n")
                    if "vm" in attributes:
                        cell.data = None
        self.formulas += cells
