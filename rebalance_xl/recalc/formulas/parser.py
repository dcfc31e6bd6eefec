"""The tokens of a formula's shape, and the tree they form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .text import COLUMN as _COLUMN
from .text import SLOT, split_references
from .tree import (
    At,
    Call,
    Expression,
    FormulaError,
    Group,
    Invoke,
    Literal,
    Name,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
)

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
                raise FormulaError(f"the formula cannot be read at {shape[position : position + 20]!r}")
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


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[Expression, tuple[str, ...]]:
    """Return the tree of a text that is no cell's formula, such as a name's, and its references.

    Raises
    ------
    FormulaError
        The text is no formula.
    """
    shape, references = split_references(text)
    return Parser(shape, references).parse(), tuple(references)
