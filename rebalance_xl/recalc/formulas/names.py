"""Names written out before a formula is made ready: what they stand for in their place, local ones as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from . import tree
from .book_view import BookView
from .operands import plain_name, sheet_name
from .parser import parsed
from .tree import Call, Expression, FormulaError, Literal, Name, Named, Operand, Ref, mapped, operands_in

#: What names stand for is not written out beyond so many characters: names of names can double with each.
_LONGEST: Final = 100_000
#: What a name may stand for that is used as a reference.
_REFERENCES: Final = (Ref, Name, Named, tree.Group, tree.Structured, tree.Spilled, tree.Span)


@dataclass(slots=True)
class Names:
    """Writes out the names in formulas of a sheet; `length` is that of all that they stood for."""

    book: BookView
    sheet: int
    length: int = 0

    def written_out(self, text: Expression, references: Sequence[str] = (), within: Sequence[Any] = ()) -> Expression:
        """Return a formula with what names stand for in their place.

        That of a name has `references` of its own, and is `within` the names in whose place it stands.
        """

        def out(part: Any) -> Any:
            if isinstance(part, Ref) and within:
                ends = [references[end] if isinstance(end, int) else end for end in (part.first, part.last)]
                return Ref(part.kind, str(ends[0]), ends[1], part.sheet, True)
            if isinstance(part, Name):
                return self._meant(part, within)
            if self._is_lambda(part):
                return tree.Invoke(tree.Group([self._formula(Name(part.name), within)]), part.arguments)
            return part

        named = any(isinstance(each, Name) or self._is_lambda(each) for each in operands_in(text))
        return mapped(text, out) if within or named else text

    def find(self, name: Name) -> tuple[int, str] | None:
        """Return the scope and the text of a defined name, None when there is none."""
        scopes = [self.sheet, -1]
        if name.sheet.startswith("["):
            link = name.sheet[1:].partition("]")[0]
            scopes = [-1 - int(link)] if link.isdigit() else []
        elif name.sheet:
            scopes = [self.book.sheet_index.get(sheet_name(name.sheet).lower(), -1), -1]
        keys = ((scope, name.text.lower()) for scope in scopes)
        return next(((key[0], self.book.names[key]) for key in keys if key in self.book.names), None)

    def _is_lambda(self, part: Any) -> TypeGuard[Call]:
        """Say whether a part is a call of a name; others stand in nobody's way: Rate beside RATE(...)."""
        found = self.find(Name(part.name)) if isinstance(part, Call) and part.name[:3] != "_xl" else None
        return found is not None and plain_name(found[1].partition("(")[0].strip()) == "LAMBDA"

    def _formula(self, name: Name, within: Sequence[Any]) -> Expression:
        """Return the formula of a defined name."""
        found = self.find(name)
        assert found is not None
        key = (found[0], name.text.lower())
        if key in within:
            raise FormulaError(f"the name {name.text} refers to itself")
        self.length += len(found[1])
        if self.length > _LONGEST:
            raise FormulaError(f"what the name {name.text} stands for is too long")
        return self.written_out(*parsed(found[1]), (*within, key))

    def _meant(self, name: Name, within: Sequence[Any]) -> Operand:
        """Return what stands for a name: a table, a reference, an array, a formula, or the name that nobody knows."""
        found = self.find(name)
        if found is None and name.sheet.startswith("["):
            raise FormulaError("a name of another workbook that is not cached")
        if found is None and name.text.lower() in self.book.package.tables:
            return tree.Structured(name.text, None)
        if found is None or not found[1]:
            return name
        formula = self._formula(name, within)
        only = formula.single
        array = isinstance(only, Literal) and only.text.startswith("{")
        return only if only is not None and (array or isinstance(only, _REFERENCES)) else Named(formula)
