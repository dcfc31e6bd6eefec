"""Rows written to a file by its ending: CSV, JSON, Parquet or .xlsx."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rebalance_xl.terminal import plain

_RISKY = ("=", "+", "-", "@", "\t", "\r")


def guarded(value: Any) -> Any:
    """Return a text that a spreadsheet program will not run as a formula; numbers stay numbers.

    Examples
    --------
    >>> guarded("=1+1"), guarded(-1.5), guarded("BTC")
    ("'=1+1", -1.5, 'BTC')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows to a file, whole or not at all.

    Parameters
    ----------
    path
        Its ending says what is written; formulas in texts are made harmless in CSV and .xlsx.
    columns, rows
        The columns in order, and one mapping per row.
    """
    ending = path.suffix.lower()
    flat = [{column: plain(row.get(column)) for column in columns} for row in rows]
    if ending == ".json":
        content = (json.dumps(flat, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
    elif ending == ".csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows([guarded(row[column]) for column in columns] for row in flat)
        content = text.getvalue().encode("utf-8-sig")
    elif ending in (".parquet", ".xlsx"):
        content = _frame(ending, columns, flat)
    else:
        raise ValueError(f"{path.name} must end in .csv, .json, .parquet or .xlsx")
    handle, name = tempfile.mkstemp(prefix=".rebalance-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _frame(ending: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns))
    stream = io.BytesIO()
    if ending == ".parquet":
        try:
            frame.to_parquet(stream, index=False)
        except ImportError:
            raise ImportError("Parquet needs the extra 'cluster': pip install 'rebalance-xl[cluster]'") from None
    else:
        frame.map(guarded).to_excel(stream, index=False, sheet_name="Books", engine="openpyxl")
    return stream.getvalue()
