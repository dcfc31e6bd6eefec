"""Rows written to a file by its ending: CSV, JSON, Parquet or .xlsx."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rebalance_xl.recalc.files.locks import new_file
from rebalance_xl.terminal import plain

SUMMARY_SHEET = "Books"
NEEDS_PYARROW = "Parquet needs the extra 'cluster': pip install 'rebalance-xl[cluster]'"
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def guarded(value: Any) -> Any:
    """Return a text that a spreadsheet program will not run as a formula; numbers stay numbers.

    Examples
    --------
    >>> guarded("=1+1"), guarded(-1.5), guarded("BTC")
    ("'=1+1", -1.5, 'BTC')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows to a file, whole or not at all.

    Parameters
    ----------
    path
        Its ending says what is written; formulas in texts are made harmless in CSV and .xlsx, and characters that
        a format cannot hold are written out.
    columns, rows
        The columns in order, and one mapping per row; CSV and JSON take them one at a time.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ValueError(f"{path.name} must end in .csv, .json, .parquet or .xlsx")
    flat = ({column: plain(row.get(column)) for column in columns} for row in rows)
    with new_file(path) as stream:
        write(stream, columns, flat)


def _write_json(stream: IO[bytes], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    lead = "["
    for row in rows:
        stream.write(f"{lead}\n {json.dumps(row, ensure_ascii=False, allow_nan=False)}".encode())
        lead = ","
    stream.write(b"[]\n" if lead == "[" else b"\n]\n")


def _write_csv(stream: IO[bytes], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([guarded(row[column]) for column in columns] for row in rows)
    text.flush()
    text.detach()


def _write_parquet(stream: IO[bytes], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    import pandas as pd

    try:
        pd.DataFrame(list(rows), columns=list(columns)).to_parquet(stream, index=False)
    except ImportError:
        raise ImportError(NEEDS_PYARROW) from None


def _write_xlsx(stream: IO[bytes], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns)).map(_cell)
    frame.to_excel(stream, index=False, sheet_name=SUMMARY_SHEET, engine="openpyxl")


def _cell(value: Any) -> Any:
    """Return what a cell of a workbook can hold: characters that XML forbids are written out."""
    safe = guarded(value)
    return _NOT_IN_XML.sub(lambda match: ascii(match[0])[1:-1], safe) if isinstance(safe, str) else safe


def holds_summary(path: Path) -> bool:
    """Tell whether a workbook is a summary of books as :func:`write_rows` writes it.

    Parameters
    ----------
    path
        An existing file.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True)
        try:
            sheet = book[SUMMARY_SHEET]
            head = [cell.value for cell in next(iter(sheet.iter_rows(max_row=1)), ())]
            return len(book.sheetnames) == 1 and head[:2] == ["file", "status"]
        finally:
            book.close()
    except Exception:  # what cannot be read is no summary
        return False


_WRITERS = {".json": _write_json, ".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}
