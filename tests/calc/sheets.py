"""Puts calls of worksheet functions into a sheet and reads the answers as worksheet values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from rebalance_xl.book.interface import column_letters
from rebalance_xl.cells import MISSING, CellError, to_serial
from rebalance_xl.hosts.calc.identity import stored_name
from rebalance_xl.hosts.calc.values import CALC_ERRORS

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
        return worksheet_value(cell)
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
        """Return what one call gives; see :meth:`calls`."""
        return self.calls([(function, arguments, result)])[0]

    def calls(self, calls: Sequence[tuple[str, Sequence[Any], Any]]) -> list[Any]:
        """Return what calls give; ranges lie in cells, single values in the formula, a blank in a cell.

        Each call is the function, its arguments and the expected answer, whose size is that of the array formula.
        """
        answers = self.office.calls(name=self.name, calls=[self._placed(*call) for call in calls])
        return [
            [[worksheet_value(cell) for cell in row] for row in rows]
            if isinstance(result, list)
            else worksheet_value(rows[0][0])
            for rows, (_, _, result) in zip(answers, calls, strict=True)
        ]

    def _placed(self, function: str, arguments: Sequence[Any], result: Any) -> dict[str, Any]:
        inputs: list[tuple[str, Any]] = []
        formulas: list[tuple[str, str]] = []
        column, texts, height = 1, [], 1
        for argument in arguments:
            if not isinstance(argument, list) and argument is not None and not isinstance(argument, CellError):
                texts.append(literal(argument))
                continue
            rows = argument if isinstance(argument, list) else [[argument]]
            place = address(column, self.row, len(rows[0]), len(rows))
            inputs.append((place, [[_plain(cell) for cell in row] for row in rows]))
            formulas += [
                (address(column + x, self.row + y), "=" + (cell.code if isinstance(cell, CellError) else literal(cell)))
                for y, row in enumerate(rows)
                for x, cell in enumerate(row)
                if isinstance(cell, bool | CellError)
            ]
            texts.append(place)
            column, height = column + len(rows[0]), max(height, len(rows))
        while texts and not texts[-1]:
            texts.pop()
        size = result if isinstance(result, list) else [[result]]
        place = address(ANSWERS, self.row, len(size[0]), len(size))
        self.row += max(height, len(size)) + 1
        return {
            "inputs": inputs,
            "formulas": formulas,
            "address": place,
            "formula": f"={stored_name(function)}({';'.join(texts)})",
            "array": isinstance(result, list),
        }


def _plain(cell: Any) -> Any:
    """Return a cell as the driver can put it; what needs a formula stays empty."""
    if isinstance(cell, dt.date):
        return to_serial(cell)
    return None if isinstance(cell, bool | CellError) else cell


def worksheet_value(cell: Any) -> Any:
    """Return what the driver read in bulk as a worksheet value."""
    if isinstance(cell, dict):
        return CellError(ERROR_TEXTS.get(cell["error"], f"Err:{cell['error']}"))
    return cell


#: Calc's number of an error value; 502 is what Calc itself makes of a bad argument.
ERROR_TEXTS = {number: text for text, number in reversed(CALC_ERRORS.items())} | {502: "#VALUE!"}
