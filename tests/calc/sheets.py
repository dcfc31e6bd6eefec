"""Puts calls of worksheet functions into a sheet and reads the answers as worksheet values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from rebalance_xl.book.interface import column_letters
from rebalance_xl.cells import MISSING, CellError, to_serial
from rebalance_xl.hosts.calc.identity import stored_name

from .office import Office

#: A column that no argument reaches: answers begin here.
ANSWERS = 60


def address(column: int, row: int, width: int = 1, height: int = 1) -> str:
    """Return the address of a block of cells, columns and rows counted from 1."""
    first = f"{column_letters(column)}{row}"
    return first if width == height == 1 else f"{first}:{column_letters(column + width - 1)}{row + height - 1}"


def literal(value: Any) -> str:
    """Return a single worksheet value as it stands in a formula."""
    if value is MISSING:
        return ""
    if isinstance(value, bool):
        return "TRUE()" if value else "FALSE()"
    if isinstance(value, dt.date):
        return repr(to_serial(value))
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(float(value))


def cell_value(cell: dict[str, Any]) -> Any:
    """Return what the driver read from a cell as a worksheet value."""
    if "error" in cell:
        shown = {502: "#VALUE!", 504: "Err:504"}.get(cell["error"], cell["shown"])
        return CellError(shown)
    return cell.get("value", cell.get("text"))


class Worksheet:
    """A new document into which one call after the other is put, each in rows of its own."""

    def __init__(self, office: Office, name: str = "calls") -> None:
        self.office, self.name, self.row = office, name, 1
        office.new(name=name)

    def close(self) -> None:
        """Close the document."""
        self.office.close_document(name=self.name)

    def call(self, function: str, arguments: Sequence[Any], result: Any = None) -> Any:
        """Return what a call gives; ranges lie in cells, single values in the formula, a blank in a cell.

        `result` is the expected answer: its size is the area of the array formula.
        """
        column, texts, height = 1, [], 1
        for argument in arguments:
            rows = argument if isinstance(argument, list) else [[argument]]
            if isinstance(argument, list) or argument is None or isinstance(argument, CellError):
                place = address(column, self.row, len(rows[0]), len(rows))
                self._fill(column, rows)
                texts.append(place)
                column, height = column + len(rows[0]), max(height, len(rows))
            else:
                texts.append(literal(argument))
        while texts and not texts[-1]:
            texts.pop()
        size = result if isinstance(result, list) else [[result]]
        place = address(ANSWERS, self.row, len(size[0]), len(size))
        formula = f"={stored_name(function)}({';'.join(texts)})"
        self.office.formula(name=self.name, address=place, formula=formula, array=isinstance(result, list))
        answer = [[cell_value(cell) for cell in row] for row in self.office.cells(name=self.name, address=place)]
        self.row += max(height, len(size)) + 1
        return answer if isinstance(result, list) else answer[0][0]

    def _fill(self, column: int, rows: list[list[Any]]) -> None:
        plain = [[to_serial(cell) if isinstance(cell, dt.date) else cell for cell in row] for row in rows]
        special = (bool, CellError)
        self.office.put(
            name=self.name,
            address=address(column, self.row, len(rows[0]), len(rows)),
            values=[[None if isinstance(cell, special) else cell for cell in row] for row in plain],
        )
        for y, row in enumerate(plain):
            for x, cell in enumerate(row):
                if isinstance(cell, special):
                    self.office.formula(
                        name=self.name,
                        address=address(column + x, self.row + y),
                        formula="=" + (_ERROR_FORMULAS[cell.code] if isinstance(cell, CellError) else literal(cell)),
                    )


_ERROR_FORMULAS = {
    "#N/A": "NA()",
    "#DIV/0!": "1/0",
    "#VALUE!": 'VALUE("x")',
    "#REF!": 'INDIRECT("no such sheet.A1")',
    "#NAME?": "NO_SUCH_FUNCTION(1)",
    "#NUM!": "SQRT(-1)",
    "#NULL!": "A1 B1",
}
