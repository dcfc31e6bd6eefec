"""The bytes of an export as rows of text: encodings, separators, lines before the header, workbooks, zips."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rebalance_xl.table_files import DELIMITERS, TableFileError, TextRow

#: A zip that holds more than this when unpacked is no export.
_LARGEST: Final = 200_000_000
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FIGURE = re.compile(r"[-+]?[0-9][0-9.,' ]*")


@dataclass(frozen=True, slots=True)
class Export:
    """A file as rows of text.

    Parameters
    ----------
    path
        For messages.
    headers
        Titles as they stand; one may stand twice.
    rows
        The rows below, each as long as the titles.
    before
        What stood in the lines above the header.
    encoding
        How it was read; "xlsx" for a workbook.
    """

    path: Path
    headers: tuple[str, ...]
    rows: tuple[TextRow, ...]
    before: tuple[str, ...] = ()
    encoding: str = "utf-8"

    def refuse(self, line: int, reason: str) -> TableFileError:
        """Return the error to raise about a line."""
        return TableFileError(f"{self.path.name}: line {line}: {reason}")


def read_export(data: bytes, path: Path, knows: Callable[[Sequence[str]], bool] = lambda titles: False) -> Export:
    """Read the bytes of an export.

    Parameters
    ----------
    data, path
        The bytes, and the file that messages name.
    knows
        Tells whether titles are those of a known kind of export; such a line is the header wherever it stands in the
        first twenty.

    Raises
    ------
    TableFileError
        It is no table: HTML, an old workbook, several files in one zip, cut in the middle of a row, no header.
    """
    name = path.name
    if data[:4] == b"PK\x03\x04":
        return _from_zip(data, path, knows)
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise TableFileError(f"{name}: is a workbook of the old form (.xls): save it as .xlsx or .csv")
    text, encoding = _decoded(data, name)
    if text.lstrip()[:1] == "<":
        raise TableFileError(f"{name}: is HTML, whatever its name says: open it and save it as .csv")
    whole = text.endswith(("\n", "\r"))
    separator = ""
    skipped = 0
    if match := re.match(r"sep=(.)\r?\n", text):
        separator, text, skipped = match[1], text[match.end() :], 1
    lines = _records(text, separator or _separator(text), name, skipped)
    export = _table(lines, path, encoding, knows)
    if not whole and export.rows and lines and len(lines[-1][1]) < len(export.headers):
        raise export.refuse(lines[-1][0], "the file ends in the middle of a row: download it again")
    return export


def _table(
    lines: list[tuple[int, list[str]]], path: Path, encoding: str, knows: Callable[[Sequence[str]], bool]
) -> Export:
    place = next((i for i, (_, cells) in enumerate(lines[:20]) if knows(cells)), None)
    if place is None:
        place = next((i for i, (_, cells) in enumerate(lines[:20]) if _is_header(cells)), None)
    if place is None:
        raise TableFileError(f"{path.name}: no line of titles is found in the first twenty lines")
    headers = tuple(lines[place][1])
    while headers and not headers[-1]:
        headers = headers[:-1]
    rows = []
    for line, cells in lines[place + 1 :]:
        if any(cells[len(headers) :]):
            text = f"{len(cells)} fields, but the header has {len(headers)}: a number with separators belongs in quotes"
            raise TableFileError(f"{path.name}: line {line}: {text}")
        if any(cells):
            rows.append(TextRow(line, (*cells, *[""] * len(headers))[: len(headers)]))
    before = tuple(" ".join(cell for cell in cells if cell) for _, cells in lines[:place])
    return Export(path, headers, tuple(rows), tuple(each for each in before if each), encoding)


def _is_header(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) >= 2 and not any(_FIGURE.fullmatch(cell) for cell in filled)


def _records(text: str, separator: str, name: str, skipped: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or ",", strict=True)
    found, line = [], 1 + skipped
    try:
        for cells in reader:
            found.append((line, [cell.strip() for cell in cells]))
            line = 1 + skipped + reader.line_num
    except csv.Error as failure:
        raise TableFileError(f"{name}: line {line}: cannot be read: {failure}") from None
    return [(number, cells) for number, cells in found if any(cells)]


def _separator(text: str) -> str:
    """Return the separator that gives the same number of fields, two or more, in most lines."""
    sample = "\n".join(text.splitlines()[:200])
    best, most = ",", 0
    for separator in DELIMITERS:
        try:
            counts = Counter(len(cells) for cells in csv.reader(io.StringIO(sample), delimiter=separator) if cells)
        except csv.Error:
            continue
        fields, lines = max(
            ((n, times) for n, times in counts.items() if n > 1), key=lambda each: each[1], default=(0, 0)
        )
        if lines * 1000 + fields > most:
            best, most = separator, lines * 1000 + fields
    return best


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    encoding = next((each for bom, each in _BOMS if data.startswith(bom)), "")
    if not encoding:
        sample = data[:400]
        zeros = (sample[0::2].count(0), sample[1::2].count(0))
        if max(zeros) > len(sample) // 8:
            encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    for each in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            text = data.decode(each)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, each
    raise TableFileError(f"{name}: is no text in UTF-8, UTF-16 or Windows-1252")


def _from_zip(data: bytes, path: Path, knows: Callable[[Sequence[str]], bool]) -> Export:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [each for each in archive.namelist() if not each.endswith("/")]
            if "[Content_Types].xml" in names:
                return _from_workbook(data, path, knows)
            if len(names) != 1:
                raise TableFileError(f"{path.name}: holds {len(names)} files: unpack it and import them one by one")
            if archive.getinfo(names[0]).file_size > _LARGEST:
                raise TableFileError(f"{path.name}: is larger than {_LARGEST // 1_000_000} MB unpacked")
            inner = archive.read(names[0])
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, NotImplementedError, ValueError) as failure:
        if isinstance(failure, TableFileError):
            raise
        raise TableFileError(f"{path.name}: is a damaged zip: download it again") from None
    if inner[:2] == b"PK" and not inner[:4] == b"PK\x03\x04":
        raise TableFileError(f"{path.name}: holds another archive")
    return read_export(inner, Path(path.name), knows)


def _from_workbook(data: bytes, path: Path, knows: Callable[[Sequence[str]], bool]) -> Export:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    except Exception as failure:  # openpyxl raises whatever its XML reader meets
        raise TableFileError(f"{path.name}: the workbook cannot be read ({type(failure).__name__})") from None
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell_text(cell) for cell in row]
        if any(cells):
            lines.append((number, cells))
    return _table(lines, path, "xlsx", knows)


def _cell_text(cell: Any) -> str:
    """Return a cell as text; a number never with three decimals, so that it is not taken for thousands."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return f"\x01{cell}"  # marked: Excel made it of a word, and no coin is guessed from it
    if isinstance(cell, int | float):
        text = repr(cell)
        return text + "0" if re.search(r"\.[0-9]{3}$", text) else text
    if hasattr(cell, "isoformat"):
        return f"\x01{cell.isoformat(sep=' ') if hasattr(cell, 'hour') else cell.isoformat()}"
    return str(cell).strip()
