"""The catalogue: what a worksheet function is, declared once, and how any host calls it.

A kernel is decorated with :func:`worksheet_function`; the decorator only attaches the declaration and returns the
kernel as it is. Argument conversion, defaults, broadcasting, errors, help, the reference page, the golden table and
the hosts all derive from the declaration and the kernel's docstring.
"""

from __future__ import annotations

import dataclasses
import importlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from rebalance_xl import expressions
from rebalance_xl.arguments import REQUIRED, Parameter
from rebalance_xl.calling import call_function
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.declarations import Declaration, Example, Result
from rebalance_xl.docstrings import read_docstring
from rebalance_xl.grouping import call_grouped
from rebalance_xl.scalar_calls import fast_caller

__all__ = [
    "CATEGORIES",
    "FUNCTIONS",
    "GROUPING",
    "Example",
    "Function",
    "Result",
    "context_arguments",
    "date",
    "fraction",
    "is_valid_name",
    "label",
    "model_arguments",
    "money",
    "number",
    "price",
    "switch",
    "wants_model",
    "with_texts_of_others",
    "word",
    "worksheet_function",
]

_log = logging.getLogger("rebalance_xl")

#: Sections of the reference page, in order.
CATEGORIES = (
    "Allocation",
    "Deployment",
    "Triggers",
    "Hedging",
    "Margin and liquidation",
    "Accounts",
    "Carry",
    "Review",
)

#: Every worksheet function by its name; filled by importing :mod:`rebalance_xl.functions`.
FUNCTIONS: dict[str, Function] = {}

_AS_IN = re.compile(r"As in ([A-Z][A-Z0-9_]+)([.,;])")

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

#: Stands after the arguments of a call that the whole book answers; its parts follow. No user can type it.
WHOLE_BOOK = "\ue000the whole book"


@dataclass(frozen=True)
class Function(Declaration):
    """A worksheet function: its declaration, and how it is called."""

    @property
    def signature(self) -> str:
        """The call as a user types it, optional arguments in brackets."""
        names = [each.name if each.required else f"[{each.name}]" for each in self.parameters]
        return f"{self.name}({', '.join(names)})"

    @cached_property
    def has_model(self) -> bool:
        """Whether the form without data arguments has a meaning; options that are needed are given then, too."""
        needed = [each for each in self.parameters if each.required and each.data]
        return all(each.model or each.clock for each in needed) and any(each.model for each in self.parameters)

    @cached_property
    def _fast(self) -> Callable[[Sequence[Any]], Any]:
        return fast_caller(self.plain)

    @property
    def scalar_call(self) -> Callable[[Sequence[Any]], Any]:
        """Answers calls with plain scalars of the 1900 system fast; None whenever :meth:`call` has to decide."""
        return self._fast

    def call(self, *arguments: Any, date_offset: float = 0) -> Any:
        """Return the worksheet value for worksheet values: the one entry of every host.

        Parameters
        ----------
        *arguments
            One worksheet value per parameter, then per context parameter; MISSING (or fewer) when not given.
        date_offset
            What to add to dates of the workbook to get the 1900 system (1462 in a 1904 workbook).

        Returns
        -------
        float, bool, str, CellError or list of rows
            Bad input gives a CellError with its reason (or rows with such errors), never an exception.
        """
        if not date_offset:
            answer = self._fast(arguments)
            if answer is not None:
                return answer
        count = len(self.parameters)
        try:
            if len(arguments) > count and arguments[count] == WHOLE_BOOK:
                return _book_answers().answer(self, arguments[:count], arguments[count + 1 :], date_offset)
            if self.grouping:
                return call_grouped(self, arguments, date_offset)
            return call_function(self, arguments, date_offset)
        except Exception as failure:  # a host must get an error value, whatever happens in here
            _log.debug("%s failed", self.name, exc_info=True)
            return CellError("#VALUE!", f"internal error in {self.name}: {type(failure).__name__}: {failure}")

    def asks_book(self, arguments: Sequence[Any], missing: Any = MISSING) -> bool:
        """Tell whether a call is answered by the whole book: no data are given, and no option that it cannot take.

        Parameters
        ----------
        arguments
            What is given for the parameters, as far as the call goes.
        missing
            What stands for one that is not given.
        """
        if self.book_options is None:
            return False
        given = [each for each, value in zip(self.parameters, arguments, strict=False) if value is not missing]
        return all(
            each.name in self.book_options or (not each.data and each.model.isidentifier()) or each.clock
            for each in given
        )


def _book_answers() -> Any:
    """Return the module that answers from the whole book: it lies a floor above, so it is asked for late."""
    return importlib.import_module("rebalance_xl.book.answers")


def asks_day(function: Function) -> bool:
    """Tell whether the book's answer to a call depends on the day: its host hands over today's date."""
    found: bool = _book_answers().asks_day(function)
    return found


def book_parts(function: Function) -> tuple[str, ...]:
    """Return the references that make up the book for a call that the whole book answers, the indispensable first.

    Parameters
    ----------
    function
        What is called: some need Portfolio, some Futures.
    """
    parts: tuple[str, ...] = _book_answers().parts_for(function)
    return parts


def worksheet_function(
    name: str,
    category: str,
    parameters: Sequence[Parameter],
    result: Result,
    *,
    examples: Sequence[Example] = (),
    errors: Mapping[str, str] | None = None,
    context: Sequence[Parameter] = (),
    estimate: str = "",
    row_by_row: bool = False,
    grouped: bool = False,
    from_book: Sequence[str] | None = None,
) -> Callable[[Kernel], Kernel]:
    """Declare the decorated kernel as a worksheet function; the kernel itself is returned unchanged.

    Parameters
    ----------
    name, category
        The worksheet name and the section of the reference page.
    parameters
        The arguments in the order of the worksheet; the kernel takes them in the same order.
    result
        What comes back.
    examples
        Worked examples, executed by the tests in every host.
    errors
        What each error value of this function means, beyond the rules for all arguments.
    context
        Hidden arguments which hosts append, such as the workbook's margin tiers.
    estimate
        The label where no exchange's published example backs some of the results.
    row_by_row
        The kernel takes Python floats only and is called once per row (calendar dates, sentences).
    grouped
        Rows with one label are one asset: the trailing arguments `assets` and `locked` are added, and the kernel gets
        one row an asset.
    from_book
        Without data the answer is the plan's own, made from the whole book by :mod:`rebalance_xl.book.answers`. Names
        the options that may go with it, beside those that are settings of the book.
    """

    def declare(kernel: Kernel) -> Kernel:
        documentation = read_docstring(kernel)
        documented = tuple(
            dataclasses.replace(each, help=each.help or documentation.parameters.get(each.name, ""))
            for each in parameters
        )
        documented += GROUPING if grouped else ()
        if name in FUNCTIONS:
            raise ValueError(f"{name} is declared twice")
        FUNCTIONS[name] = Function(
            name=name,
            category=category,
            kernel=kernel,
            parameters=documented,
            result=result,
            examples=tuple(examples),
            errors=dict(errors or {}),
            context=tuple(context),
            estimate=estimate,
            row_by_row=row_by_row,
            documentation=documentation,
            grouping=len(GROUPING) if grouped else 0,
            book_options=None if from_book is None else tuple(from_book),
        )
        return kernel

    return declare


# --- short hands for declarations -----------------------------------------------------------------------------


def money(name: str, **options: Any) -> Parameter:
    """Declare an amount in the quote currency."""
    return Parameter(name, unit="money", **options)


def price(name: str, **options: Any) -> Parameter:
    """Declare a price: above 0."""
    return Parameter(name, unit="price", **{"low": 0.0, "above": True, **options})


def fraction(name: str, **options: Any) -> Parameter:
    """Declare a share, rate or ratio, as a fraction."""
    return Parameter(name, unit="fraction", **options)


def number(name: str, **options: Any) -> Parameter:
    """Declare a plain number."""
    return Parameter(name, **options)


def date(name: str, **options: Any) -> Parameter:
    """Declare a date."""
    return Parameter(name, kind="date", unit="date", **{"low": 1.0, "high": 2_958_465.99999, **options})


def word(name: str, words: Mapping[str, float], default: Any = REQUIRED, **options: Any) -> Parameter:
    """Declare an option that is one of some words; a blank cell means the default."""
    return Parameter(name, kind="word", words=words, default=default, **{"data": False, "blank": "default", **options})


def label(name: str, **options: Any) -> Parameter:
    """Declare a name, such as an asset's; names match without regard to case."""
    return Parameter(name, kind="label", unit="text", **{"blank": "keep", **options})


def switch(name: str, default: bool, **options: Any) -> Parameter:
    """Declare a TRUE/FALSE option."""
    return Parameter(name, kind="switch", default=float(default), **{"data": False, "low": 0.0, "high": 1.0, **options})


#: The trailing arguments of functions that judge holdings: which rows are one asset, and what of them is locked.
GROUPING = (
    label(
        "assets",
        optional=True,
        model="Portfolio[Asset]",
        help="Label of each row; rows with one label are one asset, judged on their sum. Omitted: each row for itself.",
    ),
    label(
        "locked",
        optional=True,
        model="Portfolio[Locked]",
        help="yes for rows that are never sold; blank: not locked. Amounts are shared by unlocked value.",
    ),
)


def with_texts_of_others() -> None:
    """Put the texts of arguments that say "As in" another function in the place of the reference.

    So a text that several functions share is written once. What follows the reference is kept: "As in WEIGHT.
    Default 1." Called once, when all functions are declared.

    Raises
    ------
    KeyError
        If a reference names no function, or one without such an argument.
    """
    for name, function in FUNCTIONS.items():
        parameters = tuple(dataclasses.replace(each, help=_text_of(each)) for each in function.parameters)
        if parameters != function.parameters:
            FUNCTIONS[name] = dataclasses.replace(function, parameters=parameters)


def _text_of(parameter: Parameter) -> str:
    found = _AS_IN.match(parameter.help)
    if found is None:
        return parameter.help
    other = {each.name: each for each in FUNCTIONS[found[1]].parameters}[parameter.name]
    text, rest = _text_of(other), parameter.help[found.end() :]
    return text + rest if found[2] == "." else text.rstrip(".") + found[2] + rest


# --- zero-argument forms ---------------------------------------------------------------------------------------


def wants_model(function: Function, arguments: Sequence[Any]) -> bool:
    """Tell whether all data arguments are omitted, so that they come from the workbook's own model."""
    return function.has_model and all(
        argument is MISSING
        for parameter, argument in zip(function.parameters, arguments, strict=False)
        if parameter.data
    )


def model_arguments(
    function: Function,
    arguments: Sequence[Any],
    lookup: Callable[[expressions.Reference], Any],
    invoke: Callable[..., Any] = Function.call,
) -> list[Any]:
    """Return the arguments with omitted ones taken from the workbook's model.

    Parameters
    ----------
    function, arguments
        The call as the user typed it.
    lookup
        Gives what stands for a column or name, its values where Python evaluates, MISSING where the workbook has none.
    invoke
        Gives what stands for a call of a function with arguments.
    """
    given = list(arguments) + [MISSING] * (len(function.parameters) - len(arguments))
    if not wants_model(function, given):
        return given
    filled = _from_model(function, given, lookup, invoke)
    for index, parameter in enumerate(function.parameters):
        if filled[index] is MISSING and parameter.model and parameter.required:
            reason = f"the workbook has no {parameter.model}, which {parameter.name} is taken from"
            filled[index] = CellError("#N/A", reason)
    return filled


def _from_model(
    function: Function,
    arguments: Sequence[Any],
    lookup: Callable[[expressions.Reference], Any],
    invoke: Callable[..., Any],
) -> list[Any]:
    def call(name: str, arguments: Sequence[Any]) -> Any:
        function = FUNCTIONS[name]
        filled = list(arguments) + [MISSING] * (len(function.parameters) - len(arguments))
        if wants_model(function, filled):
            filled = _from_model(function, filled, lookup, invoke)
        required = [filled[i] for i, each in enumerate(function.parameters) if each.required]
        if any(each is MISSING for each in required):
            return MISSING
        return invoke(function, *filled, *context_arguments(function, lookup))

    filled = list(arguments)
    for index, parameter in enumerate(function.parameters):
        if filled[index] is MISSING and parameter.model:
            filled[index] = expressions.evaluate(expressions.parse(parameter.model), lookup, call)
    return filled


def context_arguments(function: Function, lookup: Callable[[expressions.Reference], Any]) -> list[Any]:
    """Return the hidden arguments that a host appends, MISSING where the workbook has nothing for them."""
    return [expressions.evaluate(expressions.parse(each.model), lookup) for each in function.context]


def is_valid_name(name: str) -> bool:
    """Tell whether a name is legal in VBA, Office.js and Calc and no cell address."""
    letters = name.rstrip("0123456789")
    return (
        len(name) >= 3
        and name == name.upper()
        and name.replace("_", "").isalnum()
        and not name[0].isdigit()
        and not (len(letters) <= 3 and letters.isalpha() and letters != name)
    )
