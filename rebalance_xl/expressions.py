"""A small reader of formula text: constants, arrays, references and calls, without operators but ``&``.

It reads what the catalogue itself writes: worked examples such as ``=WEIGHT({5000;3000},10000)`` and the model
expressions behind zero-argument forms such as ``ADD_AMOUNT(Portfolio[Value],Portfolio[Target],0)``. Users' formulas
are the business of :mod:`rebalance_xl.recalc.formulas.compiler`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from rebalance_xl.cells import MISSING, CellError, to_serial

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | "(?P<text>(?:[^"]|"")*)"
    | (?P<error>\#(?:N/A|DIV/0!|[A-Z]+[!?]))
    | (?P<name>[A-Za-z_][A-Za-z0-9_.]*(?:\[[^\]]*\])?)
    | (?P<mark>[(){},;&])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text, truth value, error value or array of these; :data:`~rebalance_xl.cells.MISSING` for a gap."""

    value: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A table column such as ``Portfolio[Value]`` or a defined name such as ``TrimTo``."""

    text: str

    @property
    def table(self) -> str:
        """The table's name, or an empty text for a defined name."""
        return self.text.partition("[")[0] if "[" in self.text else ""

    @property
    def column(self) -> str:
        """The column (or ``#All`` and the like) between the brackets, or an empty text."""
        return self.text.partition("[")[2].rstrip("]")


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; ``&`` is the call of the function ``&``."""

    name: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Constant | Reference | Call


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 1 if text.startswith("=") else 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if not match:
                raise ValueError(f"cannot read {text!r} at character {position + 1}")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind]))
            position = match.end()
        self.index = 0

    def peek(self) -> str:
        kind, token = self.tokens[self.index] if self.index < len(self.tokens) else ("", "")
        return token if kind == "mark" else ""

    def take(self, mark: str) -> None:
        if self.peek() != mark:
            raise ValueError(f"cannot read {self.text!r}: expected {mark}")
        self.index += 1

    def expression(self) -> Expression:
        left = self.operand()
        while self.peek() == "&":
            self.index += 1
            left = Call("&", (left, self.operand()))
        return left

    def operand(self) -> Expression:
        if self.peek() == "{":
            return self.array()
        kind, token = self.tokens[self.index] if self.index < len(self.tokens) else ("mark", "")
        self.index += 1
        if kind == "number":
            return Constant(float(token))
        if kind == "text":
            return Constant(token.replace('""', '"'))
        if kind == "error":
            return Constant(CellError(token))
        if kind == "name":
            if self.peek() == "(":
                return Call(token.upper(), self.arguments())
            if token.upper() in ("TRUE", "FALSE"):
                return Constant(token.upper() == "TRUE")
            return Reference(token)
        raise ValueError(f"cannot read {self.text!r}: a value is missing")

    def arguments(self) -> tuple[Expression, ...]:
        self.take("(")
        if self.peek() == ")":
            self.index += 1
            return ()
        found: list[Expression] = []
        while True:
            found.append(Constant(MISSING) if self.peek() in (",", ")") else self.expression())
            if self.peek() == ")":
                self.index += 1
                return tuple(found)
            self.take(",")

    def array(self) -> Constant:
        self.take("{")
        rows: list[list[Any]] = [[]]
        while True:
            cell = None if self.peek() in (",", ";", "}") else evaluate(self.operand())
            rows[-1].append(cell)
            mark = self.peek()
            self.index += 1
            if mark == "}":
                return Constant(rows)
            if mark == ";":
                rows.append([])
            elif mark != ",":
                raise ValueError(f"cannot read {self.text!r}: an array ends with }}")


def parse(text: str) -> Expression:
    """Read a formula text.

    Parameters
    ----------
    text
        A formula with or without its ``=``. A gap between commas is MISSING; a gap in an array is a blank cell.

    Raises
    ------
    ValueError
        If the text is not of the small grammar.
    """
    reader = _Reader(text)
    found = reader.expression()
    if reader.index != len(reader.tokens):
        raise ValueError(f"cannot read {text!r}: something follows the end of the formula")
    return found


def evaluate(
    expression: Expression,
    lookup: Callable[[Reference], Any] | None = None,
    call: Callable[[str, Sequence[Any]], Any] | None = None,
) -> Any:
    """Return the worksheet value of an expression.

    Parameters
    ----------
    expression
        What :func:`parse` returned.
    lookup
        Gives the value of a reference; without it references are refused.
    call
        Gives the value of a function call; DATE is known without it.
    """
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Reference):
        if lookup is None:
            raise ValueError(f"{expression.text} needs a workbook")
        return lookup(expression)
    arguments = [evaluate(each, lookup, call) for each in expression.arguments]
    if expression.name == "DATE":
        year, month, day = (int(each) for each in arguments)
        return to_serial(dt.date(year, month, day))
    if expression.name == "&":
        return _join(*arguments)
    if call is None:
        raise ValueError(f"{expression.name} needs a catalogue")
    return call(expression.name, arguments)


def _join(left: Any, right: Any) -> Any:
    if isinstance(left, list):
        return [[_join(cell, _cell_at(right, i, j)) for j, cell in enumerate(row)] for i, row in enumerate(left)]
    if isinstance(right, list):
        return [[_join(left, cell) for cell in row] for row in right]
    for side in (left, right):
        if isinstance(side, CellError) or side is MISSING:
            return side
    return f"{'' if left is None else left}{'' if right is None else right}"


def _cell_at(value: Any, row: int, column: int) -> Any:
    return value[row][column] if isinstance(value, list) else value
