"""Tables in text files (CSV and its relatives) read without guessing: what is unclear is refused with its line.

The delimiter (comma, semicolon, tab or bar), the encoding (UTF-8, UTF-16) and the spelling of numbers are found out
from the file. A row with more fields than the header is refused: in ``BTC,60,000`` the price is not 60.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DELIMITERS: Final = (",", ";", "\t", "|")
_MARKS: Final = {".": "point", ",": "comma"}
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUMBER = re.compile(r"([+-]?)([0-9](?:[0-9.,' ]*[0-9])?|[.,][0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[.,' ][0-9]{3})+")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})


class TableFileError(ValueError):
    """A text file that cannot be read for sure; the text names the file, and the line where there is one."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row as written: the line (from 1) on which it begins, and its fields without the spaces around them."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextTable:
    """A text file as a table of texts.

    Parameters
    ----------
    path
        Where it came from.
    headers
        The titles of the first row; no title stands twice.
    rows
        The others, each as long as `headers`; rows without any text are left out.
    delimiter
        What separates the fields; "" where there is one column only.
    """

    path: Path
    headers: tuple[str, ...]
    rows: tuple[TextRow, ...]
    delimiter: str

    def column(self, title: str) -> int | None:
        """Return the place of a column from 0, whatever the case of its title, or None."""
        folded = [each.casefold() for each in self.headers]
        return folded.index(title.casefold()) if title.casefold() in folded else None

    def numbers(self, columns: Iterable[int], decimal: str = "") -> Numbers:
        """Return a reader of the numbers in some columns, all of which count for how the file spells numbers.

        Parameters
        ----------
        columns
            Places as :meth:`column` returns them.
        decimal
            "." or "," where the file's kind fixes it; else it is found out.

        Raises
        ------
        TableFileError
            Some numbers have a decimal comma and others a decimal point.
        """
        places = list(columns)
        texts = [(row.line, row.cells[place]) for row in self.rows for place in places]
        return Numbers(self.path, texts, decimal, usual="." if self.delimiter in (",", "") else "")

    def refuse(self, line: int, reason: str) -> TableFileError:
        """Return the error to raise about a line."""
        return TableFileError(f"{self.path}: line {line}: {reason}")


class Numbers:
    """Reads numbers as one file spells them.

    A point or comma before other than three digits is a decimal mark; where both stand, or one stands twice, the
    first separates thousands. One mark before exactly three digits (``31,422``) is either, unless other numbers of
    the file show what it is there: it is refused then. A lone point counts as a decimal mark where the fields are
    separated by commas, as programs write them.

    Parameters
    ----------
    path
        For messages.
    texts
        Lines and texts that show how the file spells its numbers; what is no number is passed over.
    decimal
        The decimal mark where it is known, else "".
    usual
        The decimal mark where nothing contradicts it, "" for none.
    """

    def __init__(self, path: Path, texts: Iterable[tuple[int, str]], decimal: str = "", usual: str = "") -> None:
        self._path = path
        self._decimal: dict[str, tuple[int, str]] = {decimal: (0, "")} if decimal else {}
        self._grouping: dict[str, tuple[int, str]] = {}
        for line, text in texts:
            for mark, role in _shown(text).items():
                (self._decimal if role == "decimal" else self._grouping).setdefault(mark, (line, text))
        if len(self._decimal) > 1:
            (line, text), (other, before) = sorted(self._decimal.values(), reverse=True)[:2]
            known = f'"{before}" in line {other}' if other else f"the decimal {_MARKS[decimal]} of such files"
            raise TableFileError(f'{path}: line {line}: "{text}" has another decimal mark than {known}')
        both = next((mark for mark in self._decimal if mark in self._grouping), None)
        if both is not None:
            (first, one), (second, two) = sorted([self._decimal[both], self._grouping[both]])
            raise TableFileError(
                f'{path}: line {second}: the {_MARKS.get(both, both)} in "{two}" means something else than '
                + (f'in "{one}" in line {first}' if first else "in such files")
            )
        if usual and not self._decimal and usual not in self._grouping:
            self._decimal = {usual: (0, "")}

    def read(self, line: int, text: str) -> float | None:
        """Return the number that a text stands for, None where it is none.

        Raises
        ------
        TableFileError
            The text may stand for two numbers, or for one that is too large.
        """
        plain = self.plain(line, text)
        if plain is None:
            return None
        value = float(plain)
        if value in (float("inf"), float("-inf")):
            raise TableFileError(f'{self._path}: line {line}: "{text}" is too large a number')
        return value

    def plain(self, line: int, text: str) -> str | None:
        """Return the number that a text stands for as Python writes it, all its digits kept; None where it is none.

        Raises
        ------
        TableFileError
            The text may stand for two numbers.
        """
        parts = _parts(text)
        if parts is None:
            return None
        sign, digits, exponent = parts
        marks = re.sub("[0-9]", "", digits)
        if len(marks) == 1 and marks in ".," and _GROUPED.fullmatch(digits) and not exponent:
            if marks not in self._decimal and marks not in self._grouping:
                whole, rest = digits.split(marks)
                mark = next(iter(self._decimal), ".")
                raise TableFileError(
                    f'{self._path}: line {line}: "{text}" may be {whole}{mark}{rest} with decimals or {whole}{rest}; '
                    f"write {whole}{mark}{rest}0 or {whole}{rest}"
                )
            decimal = marks if marks in self._decimal else ""
        else:
            decimal = next((mark for mark, role in _shown(text).items() if role == "decimal"), "")
        plain = "".join("." if each == decimal else each for each in digits if each.isdigit() or each == decimal)
        return f"{sign}{plain}e{exponent or 0}"


def _parts(text: str) -> tuple[str, str, str] | None:
    """Return sign, digits with their marks, and exponent of a text that is spelt as a number."""
    match = _NUMBER.fullmatch(text.strip().translate(_SPACES))
    if match is None:
        return None
    sign, digits, exponent = match[1], match[2], match[3] or ""
    marks = re.sub("[0-9]", "", digits)
    last = marks[-1:]
    if len(set(marks)) > 2:
        return None
    if len(marks) <= 1 and last in ("", ".", ","):
        return sign, digits, exponent
    body = digits
    if marks.count(last) == 1 and last in ".," and len(marks) > 1:
        body = digits.rpartition(last)[0]
    if not _GROUPED.fullmatch(body) or len(set(re.sub("[0-9]", "", body))) != 1 or exponent:
        return None
    return sign, digits, exponent


def _shown(text: str) -> dict[str, str]:
    """Return what the marks of a number are beyond doubt, "decimal" or "grouping" by mark."""
    parts = _parts(text)
    if parts is None:
        return {}
    _, digits, exponent = parts
    marks = re.sub("[0-9]", "", digits)
    if len(marks) == 1 and marks in ".,":
        return {} if _GROUPED.fullmatch(digits) and not exponent else {marks: "decimal"}
    if len(set(marks)) == 2:
        return {marks[0]: "grouping", marks[-1]: "decimal"}
    return {marks[0]: "grouping"} if marks else {}


def read_table_file(path: Path, delimiter: str = "") -> TextTable:
    """Read a text file; as :func:`read_table_bytes` does.

    Raises
    ------
    TableFileError
        It cannot be opened, or is no table.
    """
    try:
        data = path.read_bytes()
    except OSError as failure:
        raise TableFileError(f"{path}: cannot be read: {failure.strerror or failure}") from None
    return read_table_bytes(data, path, delimiter)


def read_table_bytes(data: bytes, path: Path, delimiter: str = "") -> TextTable:
    """Read the bytes of a text file whose first row names its columns.

    Parameters
    ----------
    data, path
        The bytes, and the file that messages name.
    delimiter
        What separates the fields; found out from the first row where it is not given.

    Raises
    ------
    TableFileError
        It is in another encoding than UTF-8 or UTF-16, has no header, the same title twice, a row
        with more fields than the header, or a quotation mark that nothing closes.
    """
    text = _decoded(data, path)
    first = 1
    marked = re.match(r"sep=(.)\r?\n", text)
    if marked is not None:
        delimiter, text, first = delimiter or marked[1], text[marked.end() :], 2
    found = delimiter or _delimiter(text)
    headers: tuple[str, ...] = ()
    rows: list[TextRow] = []
    for line, fields in _records(path, text, found or ",", first):
        cells = tuple(each.strip() for each in fields)
        if not any(cells):
            continue
        if not headers:
            headers = _headers(path, line, cells)
            continue
        if any(cells[len(headers) :]):
            reason = f"{len(cells)} fields, but the header has {len(headers)}"
            hint = "; a number with separators belongs in quotes" if found == "," else ""
            shown = (found or ",").join(fields)
            raise TableFileError(f'{path}: line {line}: "{shown[:60]}" has {reason}{hint}')
        cells = (*cells, *[""] * len(headers))[: len(headers)]
        for place, title in enumerate(headers):
            if cells[place] and not title:
                raise TableFileError(f'{path}: line {line}: "{cells[place]}" stands in a column without a title')
        rows.append(TextRow(line, cells))
    return TextTable(path, headers, tuple(rows), found)


def _records(path: Path, text: str, delimiter: str, first: int) -> Iterable[tuple[int, Sequence[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = first
    try:
        for fields in reader:
            yield line, fields
            line = first + reader.line_num
    except csv.Error as failure:
        raise TableFileError(f"{path}: line {line}: cannot be read: {failure}") from None


def _headers(path: Path, line: int, cells: Sequence[str]) -> tuple[str, ...]:
    seen: set[str] = set()
    for title in cells:
        if title and title.casefold() in seen:
            raise TableFileError(f"{path}: line {line}: the column {title} stands twice in the header")
        seen.add(title.casefold())
    return tuple(cells)


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line with any text contains most often, outside of quotation marks."""
    line = next((each for each in text.splitlines() if each.strip()), "")
    bare = re.sub('"[^"]*"', "", line)
    best = max(DELIMITERS, key=bare.count)
    return best if best in bare else ""


def _decoded(data: bytes, path: Path) -> str:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    if not encoding:  # a table begins with ASCII: the zeros of its first characters tell UTF-16 without a mark
        encoding = {b"\1\0": "utf-16-le", b"\0\1": "utf-16-be"}.get(bytes(map(bool, data[:2])), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as failure:
        if encoding.startswith("utf-8"):
            line = data[: failure.start].count(b"\n") + 1
            raise TableFileError(f"{path}: line {line}: is not UTF-8; save the file as UTF-8") from None
        raise TableFileError(f"{path}: cannot be read as {encoding.upper()}: {failure.reason}") from None
    if "\0" in text:
        raise TableFileError(f"{path}: holds zero bytes: it is no text file")
    return text
