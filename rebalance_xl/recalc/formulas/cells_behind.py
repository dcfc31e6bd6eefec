"""Whole columns and rows in array arithmetic: the blank cells behind the used ones, which all behave alike.

Two of them are computed, as an array, and count as often as there are any; where that does not tell the cell is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypeGuard

from ..references import MAX_COLUMNS, MAX_ROWS, column_letters
from .compiling import Compiling, Out
from .compiling_ranges import sheet_of_range
from .compiling_references import is_whole, used_end
from .operands import constant_text, is_call, local_label, operand_at, plain_name, whole_number
from .parameter_classes import ARRAY, TRANSPARENT, VALUE, lifts, names_in, parameter_class
from .tree import Arguments, Call, Expression, FormulaError, Group, Literal, Name, Operand, Ref, operands_in
from .whole_calls import asks_for_errors

_KEPT: Final = 'RXL.UNKNOWN("what the blank cells of whole columns do")'
_ADDED: Final = "({0}+%s*{1})"
_SUMS: Final = names_in("SUM SUMPRODUCT SUMSQ COUNT COUNTA")
#: What a call gives: {0} over the used cells, {1} over two behind them, which hold {2} numbers.
_ALL: Final[dict[str, str]] = {
    **dict.fromkeys(_SUMS, _ADDED),
    **{"MAX": "IF({1}*0+{2}=0,{0},MAX({0},{1}))", "MIN": "IF({1}*0+{2}=0,{0},MIN({0},{1}))"},
    "LARGE": f"IF({{2}}=0,{{0}},IF({{0}}>={{1}},{{0}},{_KEPT}))",
    "SMALL": f"IF({{2}}=0,{{0}},IF({{0}}<={{1}},{{0}},{_KEPT}))",
    **{"MATCH": "IFNA({0},{1}+%s)", "XMATCH": "IFNA({0},{1}+%s)", "AND": "AND({0},{1})", "OR": "OR({0},{1})"},
    **dict.fromkeys(
        names_in(
            """LOOKUP AGGREGATE AVERAGE MEDIAN PRODUCT STDEV STDEV.S STDEV.P STDEVP VAR VAR.S VAR.P VARP GEOMEAN HARMEAN
            MODE MODE.SNGL PERCENTILE PERCENTILE.INC PERCENTILE.EXC QUARTILE QUARTILE.INC QUARTILE.EXC"""
        ),
        f"IF({{2}}=0,{{0}},{_KEPT})",
    ),
}
_ENDS: Final = {"LARGE": "MAX", "SMALL": "MIN"}


@dataclass(slots=True)
class _Behind:
    """Writes parts of a formula over two blank cells instead of whole columns; notes where these end, and ROW."""

    c: Compiling
    together: frozenset[int]
    ends: set[tuple[str, int]] = field(default_factory=set)
    places: bool = False

    def of(self, part: Expression) -> Expression:
        """Return an expression over the cells behind the used ones, as far as it is computed cell by cell."""
        return Expression([item if isinstance(item, str) else self._operand(item) for item in part.items])

    def _operand(self, item: Operand) -> Operand:
        if is_whole(item):
            return self._cells(item)
        if self.is_local(item):
            return Group([self.of(self.c.bound[local_label(item.text).lower()])])
        if isinstance(item, Group):
            return Group(list(map(self.of, item.members)))
        if not isinstance(item, Call):
            return item
        name, first = plain_name(item.name), operand_at(item.arguments, 0)
        asked = is_whole(first) and (name, first.kind) in (("ROW", "columns"), ("COLUMN", "rows"))
        self.places |= asked
        inner = asked or (name == "INDEX" and not is_whole(first))  # what makes an array of its first argument
        given: list[Expression | None] = list(item.arguments)
        for place, each in enumerate(given):
            by_cell = name in TRANSPARENT or (lifts(name) and parameter_class(name, place) == VALUE)
            given[place] = self.of(each) if each and (by_cell or (inner and not place)) else each
        return Call(item.name, given)

    def is_local(self, item: Operand) -> TypeGuard[Name]:
        """Say whether an operand is a name of LET that stands for an array."""
        label = local_label(item.text).lower() if isinstance(item, Name) else ""
        return label in self.c.bound and label in self.c.locals and not self.c.locals[label].single

    def _cells(self, ref: Ref) -> Ref:
        end = used_end(self.c, ref, self.together)
        self.ends.add((ref.kind, end))
        first, last = str(ref.first).strip("$"), str(ref.last).strip("$")
        if ref.kind == "columns":
            return replace(ref, kind="range", first=f"${first}${end + 1}", last=f"${last}${end + 2}")
        left, right = column_letters(end + 1), column_letters(end + 2)
        return replace(ref, kind="range", first=f"${left}${first}", last=f"${right}${last}")


def with_cells_behind(c: Compiling, name: str, arguments: Arguments, out: Out, wanted: str) -> Out:
    """Return a call that makes one value of arrays, over the blank cells of whole columns and rows, too."""
    counts = name == "COUNTIFS" and len(arguments) > 2
    counts |= name == "COUNTIF" and (c.careful or not out.single or any(map(asks_for_errors, arguments)))
    inexact = name == "MATCH" and whole_number(operand_at(arguments, 2)) != 0
    if c.depth or inexact or not (counts or name in _ALL):
        return out
    changed, given = list(arguments), [each for each in arguments if each is not None]
    if counts and any(map(_meets_no_blank, given[1::2])):
        return out
    behind = _Behind(c, c.together)
    sheets = {sheet_of_range(c, each) or 0 for each in given[::2]}
    if counts and out.single and not c.careful and len(sheets) == 1:
        behind.together = frozenset(sheets)  # the engine stops where this sheet ends, the package where all do
    if any(map(behind.is_local, (operand for each in given for operand in operands_in(each)))):
        wanted = ARRAY  # what LET names is computed as an array
    for place, each in enumerate(arguments):
        array = not place % 2 if counts else ARRAY in (wanted, parameter_class(name, place))
        if each and (array or is_call(each.single, ("INDEX",))):
            changed[place] = behind.of(each)
    both = zip(changed, arguments, strict=True)
    arrays = [new for new, each in both if each and new != each and (counts or not is_whole(each.single))]
    if not arrays or not behind.ends:
        return out
    if len(behind.ends) > 1:
        raise FormulaError("whole columns and whole rows in one array")
    kind, end = behind.ends.pop()
    number = (MAX_ROWS if kind == "columns" else MAX_COLUMNS) - end
    if number < 2:
        return out
    text = _ADDED if counts else _ALL[name]
    if behind.places and name in (*_SUMS, "MAX"):
        text = f"IF({{1}}=0,{{0}},{_KEPT})"
    # The engine counts no blank cell of a sheet that ends above it.
    asked = "RXL.COUNTIFS" if counts and out.single else _ENDS.get(name, name)
    blank = c.operand(Call(asked, arrays if name in _ENDS else changed), wanted)
    count = c.operand(Call("COUNT", arrays), wanted)
    return c.say(text % (number / 2 if text == _ADDED else end) if "%" in text else text, out, blank, count)


def _meets_no_blank(criterion: Expression) -> bool:
    """Say whether no blank cell meets a criterion: all that it says for sure is how it begins."""
    text = constant_text(criterion.items[0]) if isinstance(criterion.items[0], Literal) else None
    return text is not None and text not in ("", "=") and not text.startswith("<>")
