"""Formula text taken apart: cell references split off, the rest in tokens, the tokens in a tree of operands.

Filled-down formulas differ only in their cell references. `split_references` separates these (slots) from the rest (the
shape), so that everything about a shape is worked out once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .references import MAX_COLUMNS, MAX_ROWS, column_letters, column_number

SLOT = "\x00"
_COLUMN = r"(?:[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]|[A-Z]{1,2})"
_SPLIT = re.compile(rf"(?<![\w.$\\?])(\$?{_COLUMN}\$?[1-9][0-9]{{0,6}})(?![\w(.!\\?\[])")
_PARTS = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})$")
_TOKEN = re.compile(
    rf"""(?P<space>[\s\xa0]+)
    |(?P<text>"(?:[^"]|"")*")
    |(?P<error>\#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|GETTING_DATA|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!))
    |(?P<sheet>(?:'(?:[^']|'')*'|(?:\[[^\]]*\])?[^\W\d](?:[\w.?\\]|[\x00])*(?::[^\W\d][\w.?\\]*)?|\[[0-9]+\])!)
    |(?P<columns>\$?{_COLUMN}:\$?{_COLUMN}(?![\w(.!]))
    |(?P<rows>\$?[0-9]{{1,7}}:\$?[0-9]{{1,7}}(?![\w(.!]))
    |(?P<slot>{SLOT})
    |(?P<call>[^\W\d](?:[\w.\\?])*\()
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>(?:[^\W\d]|\\)[\w.?\\]*)
    |(?P<operator><=|>=|<>|[-+*/^&=<>])
    |(?P<mark>[,;:(){{}}%@\#\[])""",
    re.VERBOSE | re.IGNORECASE,
)


class FormulaError(Exception):
    """A formula that cannot be made ready for the engine; the message says why."""

    cause = "engine-unsupported"


class UnknownFunctionError(FormulaError):
    """A formula that calls a function nobody here knows."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the function {name} is not known")
        self.cause = f"unknown-function:{name}"


@dataclass(slots=True)
class Literal:
    """A number, text, truth value, error value or array constant, as written."""

    text: str


@dataclass(slots=True)
class Ref:
    """A cell, range, whole columns or whole rows; its corners are slots (numbers) or text."""

    kind: str
    first: int | str
    last: int | str | None = None
    sheet: str = ""


@dataclass(slots=True)
class Name:
    """A defined name or a local name of LET and LAMBDA."""

    text: str
    sheet: str = ""


@dataclass(slots=True)
class Structured:
    """A structured reference: the table's name and what stands between its brackets."""

    table: str
    inner: str | None


@dataclass(slots=True)
class Call:
    """A function call; a missing argument is None."""

    name: str
    arguments: list[Expression | None]


@dataclass(slots=True)
class Group:
    """Parentheses: one expression, or a union of several references."""

    members: list[Expression]


@dataclass(slots=True)
class At:
    """The operator @: one value of a range or array."""

    operand: Operand


@dataclass(slots=True)
class Spilled:
    """The operator #: the whole area that an anchor spills."""

    operand: Operand


@dataclass(slots=True)
class Span:
    """A range or intersection whose ends are computed, such as A1:INDEX(...)."""

    left: Operand
    operator: str
    right: Operand


@dataclass(slots=True)
class Invoke:
    """A lambda called on the spot."""

    target: Operand
    arguments: list[Expression | None]


Operand = Literal | Ref | Name | Structured | Call | Group | At | Spilled | Span | Invoke


@dataclass(slots=True)
class Expression:
    """Operands with the operators between, before and after them, in the order written."""

    items: list[str | Operand] = field(default_factory=list)

    @property
    def single(self) -> Operand | None:
        """The operand when there are no operators at all."""
        item = self.items[0] if len(self.items) == 1 else None
        return None if isinstance(item, str) else item


def split_references(formula: str) -> tuple[str, list[str]]:
    """Return a formula's shape (cell references replaced by SLOT) and its cell references.

    Parameters
    ----------
    formula : str
        Formula text without the leading equals sign.

    Returns
    -------
    tuple of str and list of str
    """
    parts = _SPLIT.split(formula)
    return SLOT.join(parts[::2]), parts[1::2]


_DIGITS = str.maketrans("123456789", "000000000")
_SAFE = re.compile(r"(?:[-+*/^&=<>,()%\s]|(?<![\w.])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?![\w.])|\x00(?::\x00)?|[A-Z]+\()*")


def digit_classes(formulas: list[str]) -> list[str]:
    """Return formulas with every digit as 0: filled-down ones then fall into few classes."""
    return "\x01".join(formulas).translate(_DIGITS).split("\x01") if formulas else []


def only_references_and_numbers(shape: str) -> bool:
    """Say whether a shape holds nothing but operators, numbers, cell references and functions without digits."""
    return _SAFE.fullmatch(shape) is not None


def shift_reference(reference: str, rows: int, columns: int) -> str:
    """Return a cell reference moved by rows and columns where it is not fixed by a dollar sign.

    Parameters
    ----------
    reference : str
        For example ``$A1``.
    rows, columns : int
        How far; a reference pushed off the sheet wraps around, as in defined names.

    Returns
    -------
    str
    """
    match = _PARTS.match(reference)
    if match is None:
        return reference
    dollar_column, letters, dollar_row, digits = match.groups()
    if not dollar_column and columns:
        letters = column_letters((column_number(letters) + columns - 1) % MAX_COLUMNS + 1)
    if not dollar_row and rows:
        digits = str((int(digits) + rows - 1) % MAX_ROWS + 1)
    return f"{dollar_column}{letters}{dollar_row}{digits}"


_WHOLE = re.compile(rf"(?<![\w.$\\])(\$?)({_COLUMN}|[0-9]{{1,7}}):(\$?)({_COLUMN}|[0-9]{{1,7}})(?![\w(.!])")
_QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\[[^\]]*\]")


def shift_formula(formula: str, rows: int, columns: int) -> str:
    """Return a formula as filling it down and to the right writes it.

    Parameters
    ----------
    formula : str
        Formula text.
    rows, columns : int
        The distance from the cell it was written for.

    Returns
    -------
    str
    """
    if '"' in formula or "'" in formula or "[" in formula:
        out, position = [], 0
        for match in _QUOTED.finditer(formula):
            out.append(_shift_plain(formula[position : match.start()], rows, columns))
            out.append(match[0])
            position = match.end()
        out.append(_shift_plain(formula[position:], rows, columns))
        return "".join(out)
    return _shift_plain(formula, rows, columns)


def _shift_plain(formula: str, rows: int, columns: int) -> str:
    parts = _SPLIT.split(formula)
    for index in range(1, len(parts), 2):
        parts[index] = shift_reference(parts[index], rows, columns)
    shifted = "".join(parts)
    return _WHOLE.sub(lambda match: _shift_whole(match, rows, columns), shifted) if ":" in shifted else shifted


def _shift_whole(match: re.Match[str], rows: int, columns: int) -> str:
    ends = []
    for dollar, end in ((match[1], match[2]), (match[3], match[4])):
        if dollar:
            ends.append(dollar + end)
        elif end.isdigit():
            ends.append(str((int(end) + rows - 1) % MAX_ROWS + 1))
        else:
            ends.append(column_letters((column_number(end) + columns - 1) % MAX_COLUMNS + 1))
    return ":".join(ends)


_RANGE = re.compile(r"(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([0-9]+):(\$?)([A-Z]{1,3})(\$?)([0-9]+)(?![\w(.])")


def in_order(formula: str) -> str:
    """Return a formula whose ranges run from their top left to their bottom right corner."""

    def ordered(match: re.Match[str]) -> str:
        left, top, right, bottom = match[2], int(match[4]), match[6], int(match[8])
        if top <= bottom and column_number(left) <= column_number(right):
            return match[0]
        if column_number(left) > column_number(right):
            left, right = right, left
        return f"{match[1]}{left}{match[3]}{min(top, bottom)}:{match[5]}{right}{match[7]}{max(top, bottom)}"

    return _RANGE.sub(ordered, formula)


class Parser:
    """Reads one shape into a tree."""

    def __init__(self, shape: str, references: Sequence[str]) -> None:
        self.references = references
        self.slots = 0
        self.literal_slots = False
        self.tokens = list(self._tokenise(shape))
        self.position = 0
        self.depth = 0

    def _tokenise(self, shape: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        position, length = 0, len(shape)
        while position < length:
            match = _TOKEN.match(shape, position)
            if match is None:
                raise FormulaError(f"the formula cannot be read at {shape[position:position + 20]!r}")
            kind, text = match.lastgroup or "", match[0]
            position = match.end()
            if kind == "mark" and text == "[":
                end = _closing(shape, position - 1)
                kind, text, position = "brackets", shape[position - 1 : end], end
            if kind == "slot":
                text = str(self.slots)
                self.slots += 1
            elif SLOT in text:
                text = self._restored(text)
            tokens.append((kind, text))
        return tokens

    def _restored(self, text: str) -> str:
        pieces = text.split(SLOT)
        out = pieces[0]
        for piece in pieces[1:]:
            out += self.references[self.slots] + piece
            self.slots += 1
        self.literal_slots = True
        return out

    def parse(self) -> Expression:
        """Return the whole formula.

        Returns
        -------
        Expression

        Raises
        ------
        FormulaError
            The text is no formula.
        """
        expression = self._expression()
        if self.position < len(self.tokens):
            raise FormulaError(f"the formula cannot be read at {self.tokens[self.position][1]!r}")
        return expression

    def _peek(self, skip: bool = True) -> tuple[str, str]:
        if skip:
            while self.position < len(self.tokens) and self.tokens[self.position][0] == "space":
                self.position += 1
        return self.tokens[self.position] if self.position < len(self.tokens) else ("end", "")

    def _expression(self) -> Expression:
        self.depth += 1
        if self.depth > 200:
            raise FormulaError("the formula is nested too deeply")
        items: list[str | Operand] = []
        while True:
            kind, text = self._peek()
            while (kind, text) in (("operator", "-"), ("operator", "+")):
                items.append(text)
                self.position += 1
                kind, text = self._peek()
            items.append(self._operand())
            kind, text = self._peek()
            while (kind, text) == ("mark", "%"):
                items.append("%")
                self.position += 1
                kind, text = self._peek()
            if kind != "operator":
                self.depth -= 1
                return Expression(items)
            items.append(text)
            self.position += 1

    def _operand(self) -> Operand:
        left = self._primary()
        while True:
            here = self.position
            kind, text = self._peek(skip=False)
            spaced = kind == "space"
            if spaced:
                kind, text = self._peek()
            if (kind, text) == ("mark", "#"):
                self.position += 1
                left = Spilled(left)
            elif (kind, text) == ("mark", ":"):
                self.position += 1
                right = self._primary()
                left = _joined(left, right)
            elif (kind, text) == ("mark", "(") and not spaced and isinstance(left, Call | Invoke | Group):
                self.position += 1
                left = Invoke(left, self._arguments())
            elif spaced and (kind in ("slot", "sheet", "columns", "rows", "name", "call") or text == "("):
                left = Span(left, " ", self._primary())
            else:
                self.position = here if spaced else self.position
                return left

    def _primary(self) -> Operand:
        kind, text = self._peek()
        self.position += 1
        if kind == "sheet":
            operand = self._reference()
            if isinstance(operand, Ref | Name):
                operand.sheet = text
            elif (isinstance(operand, Call) and text.startswith("[")) or isinstance(operand, Literal):
                return operand
            else:
                raise FormulaError(f"{text} stands before something that is not a reference")
            return operand
        if kind == "mark" and text == "@":
            return At(self._primary())
        if kind == "mark" and text == "(":
            members = [self._expression()]
            while self._peek() == ("mark", ","):
                self.position += 1
                members.append(self._expression())
            self._expect(")")
            return Group(members)
        if kind == "mark" and text == "{":
            return self._array()
        self.position -= 1
        return self._reference()

    def _reference(self) -> Operand:
        kind, text = self._peek()
        self.position += 1
        if kind == "slot":
            if self._peek(skip=False) == ("mark", ":"):
                following = self.tokens[self.position + 1] if self.position + 1 < len(self.tokens) else ("end", "")
                if following[0] == "slot":
                    self.position += 2
                    return Ref("range", int(text), int(following[1]))
            return Ref("cell", int(text))
        if kind in ("columns", "rows"):
            first, _, last = text.partition(":")
            return Ref(kind, first, last)
        if kind == "name":
            if self._peek(skip=False)[0] == "brackets":
                inner = self.tokens[self.position][1]
                self.position += 1
                return Structured(text, inner[1:-1])
            return Literal(text.upper()) if text.upper() in ("TRUE", "FALSE") else Name(text)
        if kind == "brackets":
            return Structured("", text[1:-1])
        if kind == "call":
            return Call(text[:-1], self._arguments())
        if kind in ("number", "text", "error"):
            return Literal(text)
        raise FormulaError(f"the formula cannot be read at {text!r}" if text else "the formula ends too early")

    def _arguments(self) -> list[Expression | None]:
        arguments: list[Expression | None] = []
        if self._peek() == ("mark", ")"):
            self.position += 1
            return arguments
        while True:
            token = self._peek()
            arguments.append(None if token in (("mark", ","), ("mark", ")")) else self._expression())
            kind, text = self._peek()
            self.position += 1
            if (kind, text) == ("mark", ")"):
                return arguments
            if (kind, text) != ("mark", ","):
                raise FormulaError(f"the formula cannot be read at {text!r}")

    def _array(self) -> Literal:
        out = "{"
        while True:
            kind, text = self._peek()
            self.position += 1
            if kind == "end":
                raise FormulaError("an array constant is not closed")
            out += text
            if (kind, text) == ("mark", "}"):
                return Literal(out)

    def _expect(self, mark: str) -> None:
        kind, text = self._peek()
        if (kind, text) != ("mark", mark):
            raise FormulaError(f"{mark!r} is missing in the formula")
        self.position += 1


def _joined(left: Operand, right: Operand) -> Operand:
    cells = isinstance(left, Ref) and isinstance(right, Ref) and left.kind == right.kind == "cell"
    if cells and isinstance(left, Ref) and isinstance(right, Ref) and right.sheet in ("", left.sheet):
        return Ref("range", left.first, right.first, left.sheet)
    return Span(left, ":", right)


def _closing(text: str, start: int) -> int:
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "'":
            position += 1
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    raise FormulaError("a square bracket is not closed")
