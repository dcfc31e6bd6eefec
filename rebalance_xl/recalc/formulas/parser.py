"""The tokens of a formula's shape, and the tree they form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from . import tree
from .operands import operand_at, plain_name
from .text import COLUMN, SLOT, split_references
from .tree import Call, Expression, FormulaError, Group, Literal, Operand, Ref

_TOKEN: Final = re.compile(
    rf"""(?P<space>[\s\xa0]+)
    |(?P<constant>"(?:[^"]|"")*"
        |\#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|GETTING_DATA|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!))
    |(?P<sheet>(?:'(?:[^']|'')*'|(?:\[[^\]]*\])?[^\W\d](?:[\w.?\\]|[\x00])*(?::[^\W\d][\w.?\\]*)?|\[[0-9]+\])!)
    |(?P<columns>\$?{COLUMN}:\$?{COLUMN}(?![\w(.!]))
    |(?P<rows>\$?[0-9]{{1,7}}:\$?[0-9]{{1,7}}(?![\w(.!]))
    |(?P<slot>{SLOT})
    |(?P<call>[^\W\d](?:[\w.\\?])*\()
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>(?:[^\W\d]|\\)[\w.?\\]*)
    |(?P<mark><=|>=|<>|[-+*/^&=<>,;:(){{}}%@\#\[])""",
    re.VERBOSE | re.IGNORECASE,
)
_OPERATORS: Final = ("<=", ">=", "<>", *"-+*/^&=<>")
#: What a second reference begins with that is intersected with the first.
_REFERENCES: Final = ("slot", "sheet", "columns", "rows", "name", "call")


class Parser:
    """Reads one shape into a tree; `literal_slots` are the references in texts, names, numbers and the last column."""

    def __init__(self, shape: str, references: Sequence[str]) -> None:
        self.literal_slots: list[int] = []
        self.tokens = [*self._tokens_of(shape, references), ("end", "", False)]
        self.position = 0

    def _tokens_of(self, shape: str, references: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
        """Yield the kind and text of each token, and whether a space stands before it."""
        position = slots = 0
        spaced = False
        while position < len(shape):
            match = _TOKEN.match(shape, position)
            if match is None:
                raise FormulaError(f"the formula cannot be read at {shape[position : position + 20]!r}")
            kind, text = match.lastgroup or "", match[0]
            if text == "[":
                kind, text = "brackets", shape[position : _closing(shape, position)]
            position += len(text)
            if kind == "slot" and "XFD" not in references[slots]:
                text = str(slots)
                slots += 1
            while SLOT in text:
                text = text.replace(SLOT, references[slots], 1)
                self.literal_slots.append(slots)
                slots += 1
            if kind != "space":
                yield kind, text, spaced
            spaced = kind == "space"

    def parse(self) -> Expression:
        """Return the whole formula, or raise FormulaError where the text is none."""
        expression = self._expression()
        if self.tokens[self.position][0] != "end":
            raise self._unreadable()
        return expression

    def _unreadable(self) -> FormulaError:
        _, text, _ = self.tokens[self.position]
        return FormulaError(f"the formula cannot be read at {text!r}" if text else "the formula ends too early")

    def _take(self, *marks: str) -> str:
        """Go over the next token if it is one of some marks, and return it, "" if it is none."""
        text = self.tokens[self.position][1]
        if text not in marks:
            return ""
        self.position += 1
        return text

    def _expression(self) -> Expression:
        items: list[str | Operand] = []
        while True:
            while sign := self._take("-", "+"):
                items.append(sign)
            items.append(self._operand())
            while sign := self._take("%"):
                items.append(sign)
            operator = self._take(*_OPERATORS)
            if not operator:
                return Expression(items)
            items.append(operator)

    def _operand(self) -> Operand:
        left = self._range()
        while True:
            kind, text, spaced = self.tokens[self.position]
            if not spaced or (kind not in _REFERENCES and text != "("):
                return left
            left = tree.Span(left, " ", self._range())

    def _range(self) -> Operand:
        left = self._primary()
        while True:
            if self._take("#"):
                left = tree.Spilled(left)
            elif self._take(":"):
                left = _joined(left, self._primary())
            elif isinstance(left, Call | tree.Invoke | Group) and not self.tokens[self.position][2] and self._take("("):
                left = tree.Invoke(left, self._arguments())
            else:
                return left

    def _primary(self) -> Operand:
        kind, text, _ = self.tokens[self.position]
        self.position += 1
        if kind == "sheet":
            return _on_sheet(text, self._primary())
        if kind == "slot":
            return Ref("cell", int(text) if text.isdigit() else text)
        if kind in ("columns", "rows"):
            first, _, last = text.partition(":")
            return Ref(kind, first, last)
        if kind == "name":
            after, inner, spaced = self.tokens[self.position]
            if after == "brackets" and not spaced:
                self.position += 1
                return tree.Structured(text, inner[1:-1])
            return Literal(text.upper()) if text.upper() in ("TRUE", "FALSE") else tree.Name(text)
        if kind == "brackets":
            return tree.Structured("", text[1:-1])
        if kind == "call":
            return _operator(Call(text[:-1], self._arguments()))
        if kind in ("number", "constant"):
            return Literal(text)
        if text == "@":
            return tree.At(self._operand())
        if text == "(":
            members = [self._expression()]
            while self._take(","):
                members.append(self._expression())
            if not self._take(")"):
                raise FormulaError("')' is missing in the formula")
            return Group(members)
        if text == "{":
            return self._array()
        self.position -= 1
        raise self._unreadable()

    def _arguments(self) -> list[Expression | None]:
        arguments: list[Expression | None] = []
        mark = self._take(")")
        while mark != ")":
            left_out = self.tokens[self.position][1] in (",", ")")
            arguments.append(None if left_out else self._expression())
            mark = self._take(",", ")")
            if not mark:
                raise self._unreadable()
        return arguments

    def _array(self) -> Literal:
        texts = [text for _, text, _ in self.tokens[self.position :]]
        if "}" not in texts:
            raise FormulaError("an array constant is not closed")
        length = texts.index("}") + 1
        self.position += length
        return Literal("{" + "".join(texts[:length]))


def _operator(call: Call) -> Operand:
    """Return a call, or the operator @ or # that files write as one."""
    name = plain_name(call.name)
    if name not in ("SINGLE", "ANCHORARRAY") or len(call.arguments) != 1:
        return call
    operand = operand_at(call.arguments, 0)
    if operand is None:
        raise FormulaError("a reference is missing")
    return tree.At(operand) if name == "SINGLE" else tree.Spilled(operand)


def _on_sheet(sheet: str, operand: Operand) -> Operand:
    if isinstance(operand, Ref | tree.Name) and not operand.sheet:
        operand.sheet = sheet
    elif not isinstance(operand, Literal) and not (isinstance(operand, Call) and sheet.startswith("[")):
        raise FormulaError(f"{sheet} stands before something that is not a reference")
    return operand


def _joined(left: Operand, right: Operand) -> Operand:
    if not isinstance(left, Ref) or not isinstance(right, Ref) or not left.kind == right.kind == "cell":
        return tree.Span(left, ":", right)
    same = right.sheet in ("", left.sheet)
    return Ref("range", left.first, right.first, left.sheet) if same else tree.Span(left, ":", right)


def _closing(text: str, start: int) -> int:
    """Return where the square bracket ends that stands at a place; an apostrophe hides the next character."""
    depth = 0
    for match in re.finditer(r"'.|[\[\]]", text[start:], re.S):
        depth += {"[": 1, "]": -1}.get(match[0], 0)
        if depth == 0:
            return start + match.end()
    raise FormulaError("a square bracket is not closed")


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[Expression, tuple[str, ...]]:
    """Return the tree of a text that is no cell's formula, such as a name's, and its references."""
    shape, references = split_references(text)
    return Parser(shape, references).parse(), tuple(references)
