"""A book in memory as a workbook file: what a test builds, opened as a user's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xlsxwriter

from rebalance_xl.book.memory import MemoryWorkbook


def written(
    path: Path,
    book: MemoryWorkbook,
    under: Mapping[str, str] | None = None,
    formulas: Mapping[str, tuple[str, Any]] | None = None,
) -> Path:
    """Write every table to a sheet of its name and the names to a sheet Settings; return the path.

    Parameters
    ----------
    path, book
        Where, and what.
    under
        Text to type directly under a table, by the table.
    formulas
        Formulas of a sheet Calc and the values stored in their cells, by the cell.
    """
    file = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for name, rows in book.tables.items():
        sheet = file.add_worksheet(name)
        last = max(1, len(rows) - 1)
        columns = [{"header": str(title)} for title in rows[0]]
        sheet.add_table(0, 0, last, len(columns) - 1, {"name": name, "columns": columns})
        for number, cells in enumerate(rows[1:], 1):
            for place, cell in enumerate(cells):
                if isinstance(cell, (dt.date, dt.datetime)):
                    moment = cell if isinstance(cell, dt.datetime) else dt.datetime.combine(cell, dt.time())
                    sheet.write_datetime(number, place, moment)
                elif cell is not None:
                    sheet.write(number, place, cell)
        if under and name in under:
            sheet.write(last + 1, 0, under[name])
    sheet = file.add_worksheet("Settings")
    for number, (name, value) in enumerate(book.settings.items()):
        sheet.write(number, 0, name)
        if isinstance(value, (dt.date, dt.datetime)):
            sheet.write_datetime(number, 1, dt.datetime.combine(value, dt.time()))
        elif value is not None:
            sheet.write(number, 1, value)
        file.define_name(name, f"=Settings!$B${number + 1}")
    if formulas:
        sheet = file.add_worksheet("Calc")
        for cell, (formula, stored) in formulas.items():
            sheet.write_formula(cell, formula, None, stored)
    file.close()
    return path
