"""Worksheet XML read: large sheets written the usual way with arrays, all others by an XML parser."""

from __future__ import annotations

import re
import sys

from .cell_values import CellValues
from .exact import check_well_formed, read_exact
from .sheet_scan import SheetScan

_SHEET_DATA = re.compile(r"<sheetData(?:\s[^<>]*?)?>")
#: Cells that take so many characters are read with arrays, when those have to be loaded first and when not.
BULK = 2**20
BULK_LOADED = 2**17


def scan_sheet(
    text: str, encoding: str, strings: list[str], date1904: bool, part: str, *, exact: bool = False
) -> SheetScan:
    """Read a worksheet's cells; `exact` reads every sheet cell by cell, as odd ones are.

    Raises
    ------
    Refused
        Not well-formed, or a cell outside the sheet or twice.
    """
    values = CellValues(strings, date1904)
    if not exact and len(text) >= (BULK_LOADED if "numpy" in sys.modules else BULK):
        scan = _scan_large(text, encoding, values, part)
        if scan is not None:
            return scan
    return read_exact(text, encoding, values, part)


def _scan_large(text: str, encoding: str, values: CellValues, part: str) -> SheetScan | None:
    """Read a sheet with arrays, None where that cannot be done."""
    opening = _SHEET_DATA.search(text)
    end = text.rfind("</sheetData") if opening is not None else -1
    if opening is None or end < opening.end() or opening[0].endswith("/>") or ("!" in text and "<!" in text):
        return None
    try:
        from .scan_bulk import scan_bulk
    except ImportError:  # without numpy there are no arrays
        return None
    scan = SheetScan(text, encoding, "", opening.end(), end, values, part)
    if not scan_bulk(scan):
        return None
    check_well_formed(text[: scan.start] + text[scan.end :], part)
    return scan
