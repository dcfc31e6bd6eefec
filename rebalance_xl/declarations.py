"""What is declared of a worksheet function: its arguments, what it returns, examples, and the errors that it means."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from rebalance_xl import expressions
from rebalance_xl.arguments import Parameter
from rebalance_xl.docstrings import Documentation

#: Results that a kernel returns as a number.
NUMERIC = ("money", "number", "units", "fraction", "price", "date", "flag", "word")


@dataclass(frozen=True, slots=True)
class Result:
    """What a function returns.

    Parameters
    ----------
    kind
        "money", "number", "units", "fraction", "price", "date", "flag" (TRUE/FALSE), "word" (the kernel returns its
        index in `words`), "text", or "table" (the kernel returns rows of worksheet values).
    shape
        "data" (one per row of the data), "vector" (the kernel returns one per cell of the ranges it takes whole),
        "value" (one value) or "table" (rows of worksheet values; a kernel may answer with one value instead).
    words
        The fixed list behind kind "word".
    never
        Infinity is an answer and reads NEVER.
    liquidatable
        Minus infinity is an answer and reads LIQUIDATABLE.
    """

    kind: str
    shape: str = "data"
    words: tuple[str, ...] = ()
    never: bool = False
    liquidatable: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: a formula of constants, its result as such a formula, and what it shows."""

    formula: str
    expected: str
    note: str = ""

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The formula's arguments as worksheet values."""
        call = expressions.parse(self.formula)
        assert isinstance(call, expressions.Call)
        return tuple(expressions.evaluate(each) for each in call.arguments)

    @property
    def result(self) -> Any:
        """The result as a worksheet value."""
        return expressions.evaluate(expressions.parse(self.expected))


@dataclass(frozen=True)
class Declaration:
    """What is declared of a worksheet function, and its kernel."""

    name: str
    category: str
    kernel: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    result: Result
    examples: tuple[Example, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    context: tuple[Parameter, ...] = ()
    estimate: str = ""
    row_by_row: bool = False
    documentation: Documentation = field(default_factory=Documentation)
    grouping: int = 0
    book_options: tuple[str, ...] | None = None

    @property
    def summary(self) -> str:
        """One line of help."""
        return self.documentation.summary

    @property
    def description(self) -> str:
        """The paragraphs after the summary."""
        return self.documentation.description

    @property
    def equation(self) -> str:
        """The formula that is computed."""
        return self.documentation.equation

    @property
    def source(self) -> str:
        """Where the formula comes from."""
        return self.documentation.source

    @cached_property
    def takes_ranges_whole(self) -> bool:
        """Whether the kernel wants whole ranges rather than one number per row."""
        return any(each.vector for each in self.parameters) or self.result.shape != "data"

    @property
    def vectorised(self) -> bool:
        """Whether the kernel takes numpy arrays."""
        return not self.row_by_row and self.result.kind in NUMERIC

    @cached_property
    def plain(self) -> Self:
        """The function without the trailing arguments that say which rows are one asset."""
        if not self.grouping:
            return self
        return dataclasses.replace(self, parameters=self.parameters[: -self.grouping], grouping=0)
