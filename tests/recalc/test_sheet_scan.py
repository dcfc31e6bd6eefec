"""What a scan answers about the cells of a sheet."""

from __future__ import annotations

import pytest

from rebalance_xl.recalc.sheets.scan import scan_sheet
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan

ROWS = (
    '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>0</v></c></row>'
    '<row r="3"><c r="A3"><f>A2</f><v>1</v></c><c r="B3" t="b"><v>1</v></c></row>'
    '<row r="5"><c r="A5"><v>-2.5E-3</v></c><c r="B5" s="1"/><c r="D5"><f>A2</f><v>1</v></c></row>'
)


def scanned(rows: str) -> SheetScan:
    """Return what a scan of a sheet with these rows found."""
    return scan_sheet(f"<worksheet><sheetData>{rows}</sheetData></worksheet>", "utf-8", ["text"], False, "sheet")


@pytest.mark.parametrize(
    ("column", "top", "bottom", "expected"),
    [
        (1, 1, 6, [None, 1.0, None, None, -0.0025, None]),
        (1, 2, 2, [1.0]),
        (1, 3, 3, [None]),
        (2, 1, 5, [None, "text", True, None, None]),
        (3, 2, 4, [None, None, None]),
        (1, 6, 8, [None, None, None]),
    ],
)
def test_the_constants_of_a_column(column: int, top: int, bottom: int, expected: list[object]) -> None:
    """Formula cells, cells without a value and missing cells give None."""
    assert scanned(ROWS).column_values(column, top, bottom) == expected
