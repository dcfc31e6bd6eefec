"""Formulas made ready for the engine: only A1 references, no names, no tables, every argument in its place.

One shape (see `text`) is worked out once per sheet and rendered for every cell that has it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .compiler import compiled
from .parser import Parser
from .template import BookView, Template, joined
from .tree import FormulaError


class Lowering:
    """Lowers the formulas of one workbook, remembering shapes; `functions` are those that have to be registered."""

    def __init__(self, book: BookView, singly: bool = False) -> None:
        self.book = book
        self.singly = singly
        self.functions: set[str] = set()
        self._templates: dict[tuple[int, str, bool, str], Template | FormulaError] = {}

    def template(
        self, shape: str, references: Sequence[str], sheet: int, mode: str, *, careful: bool = False
    ) -> Template:
        """Return the template of a shape on a sheet, computed the careful way when that is wanted."""
        key = (sheet, mode, careful, shape)
        found = self._templates.get(key)
        if isinstance(found, Template):
            return found
        if isinstance(found, FormulaError):
            raise found
        parser = Parser(shape, references)
        try:
            template = compiled(self.book, sheet, parser.parse(), mode, careful)
        except FormulaError as error:
            if not parser.literal_slots and not self.singly:
                self._templates[key] = error
            raise
        except RecursionError:
            raise FormulaError("the formula is nested too deeply") from None
        self.functions |= template.functions
        template.repeatable = not parser.literal_slots
        template.verbatim = template.repeatable and not template.layout and joined(template.pieces) == shape
        if template.repeatable and not self.singly:
            self._templates[key] = template
        return template

    def forget_layout(self) -> None:
        """Drop what depended on used areas and spilled areas, because these have changed."""
        self._templates = {
            key: found for key, found in self._templates.items() if not (isinstance(found, Template) and found.layout)
        }


__all__ = ["Lowering", "Template"]
