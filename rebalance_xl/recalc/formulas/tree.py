"""A formula as a tree: operands with the operators between them, and what can be wrong with a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


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
    """A cell, range, whole columns or whole rows; its corners are slots (numbers) or text.

    In the place of a name it `moves`: its corners are those that the name has in A1.
    """

    kind: str
    first: int | str
    last: int | str | None = None
    sheet: str = ""
    moves: bool = False


@dataclass(slots=True)
class Name:
    """A local name of LET and LAMBDA, or one that was not written out yet: a defined one or a table's."""

    text: str
    sheet: str = ""


@dataclass(slots=True)
class Named:
    """What a defined name stands for that is no reference: an array formula, wherever the name stands."""

    formula: Expression


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


#: What stands for cells as it is written, rather than computed.
Cells = Ref | Structured | Name | Named
Operand = Literal | Ref | Name | Named | Structured | Call | Group | At | Spilled | Span | Invoke


@dataclass(slots=True)
class Expression:
    """Operands with the operators between, before and after them, in the order written.

    The careful way `asks` functions of the package for the value of an argument, see `careful_way`.
    """

    items: list[str | Operand] = field(default_factory=list)
    asks: tuple[str, ...] = ()

    @property
    def single(self) -> Operand | None:
        """The operand when there are no operators at all."""
        item = self.items[0] if len(self.items) == 1 else None
        return None if isinstance(item, str) else item


#: Operands with the operators between, before and after them.
Items = Sequence[str | Operand]
#: What a call is given; None for an argument that was left out.
Arguments = Sequence[Expression | None]


def mapped(part: Any, change: Callable[[Any], Any]) -> Any:
    """Return a part of a formula with every part of it, the innermost first, as `change` gives it."""
    if isinstance(part, list):
        return [mapped(each, change) for each in part]
    if not hasattr(part, "__slots__"):
        return part
    return change(replace(part, **{name: mapped(getattr(part, name), change) for name in part.__slots__}))


def operands_in(part: Expression | Operand) -> Iterator[Operand]:
    """Yield every operand in a part of a formula in any order, the part itself too where it is one."""
    waiting: list[Any] = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif hasattr(each, "__slots__"):
            if not isinstance(each, Expression):
                yield each
            waiting += [getattr(each, name) for name in each.__slots__]
