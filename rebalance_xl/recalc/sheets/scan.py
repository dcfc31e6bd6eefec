"""Worksheet XML read: with arrays where these pay and it is written the usual way, else by an XML parser."""

from __future__ import annotations

import sys
from contextlib import suppress

from .cell_xml import CellValues
from .exact import read_exact
from .sheet_scan import SheetScan

#: Sheets of so many characters are read with arrays. Loading these pays where a process reads so many at once or one
#: after the other.
BULK = 2**14
LOADS = 2**19
_read = 0


def expect(size: int) -> None:
    """Note that sheets of so many characters are going to be read."""
    global _read
    _read += size


def scan_sheet(
    text: str, encoding: str, strings: list[str], date1904: bool, part: str, *, exact: bool = False
) -> SheetScan:
    """Read a worksheet's cells; `exact` reads every sheet cell by cell, as odd ones are."""
    values = CellValues(strings, date1904)
    if not exact and len(text) >= BULK and (_read >= LOADS or "numpy" in sys.modules):
        with suppress(ImportError):  # without numpy there are no arrays
            from .scan_bulk import scan_bulk

            scan = scan_bulk(text, encoding, values, part)
            if scan is not None:
                return scan
    return read_exact(text, encoding, values, part)
