"""Answers of worksheet functions from the whole book: the same functions as ``plan``, so the same numbers.

A function without data arguments whose answer is the plan's (:func:`rebalance_xl.catalogue.worksheet_function`,
``from_book``) comes here with the parts of the book. A book that cannot be planned answers with the plan's reasons.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rebalance_xl.arguments import read_switch
from rebalance_xl.book import figures
from rebalance_xl.book.asked import BookAnswers, answers_for
from rebalance_xl.book.futures import figures_of, net_side
from rebalance_xl.book.model import require_sound
from rebalance_xl.book.net_delta import coin_deltas
from rebalance_xl.book.parts import BookParts, Readable, references
from rebalance_xl.book.problems import ERROR, NO_MARGIN, BookError
from rebalance_xl.book.stress import stress_book
from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING, CellError, as_rows, is_range
from rebalance_xl.functions.margin import liquidation_distance
from rebalance_xl.functions.plan_table import HEADERS


def parts_for(function: Function) -> tuple[str, ...]:
    """Return the references of the book's parts, the headers of the table first without which there is no answer."""
    first = f"{_table_of(function)}[#Headers]"
    return (first, *(each for each in references() if each != first))


def asks_day(function: Function) -> bool:
    """Tell whether an answer depends on the day: all that judge reviews, events and the cooldown."""
    return function.name in ("REBALANCE_TRIGGER", "REBALANCE_PLAN", "PLAN_FIGURES")


def answer(function: Function, given: Sequence[Any], parts: Sequence[Any], date_offset: float = 0.0) -> Any:
    """Return the worksheet value of a call that the whole book answers.

    Parameters
    ----------
    function
        What is called.
    given
        What the call gives for the parameters: options only.
    parts
        Today's date (or MISSING), then a workbook that reads itself, or references each followed by its values.
    date_offset
        What to add to dates of the workbook to get the 1900 system.

    Returns
    -------
    float, str, CellError or list of rows
        As the function's own answers.
    """
    today = parts[0] if len(parts) else MISSING
    rest = parts[1:]
    if len(rest) == 1 and isinstance(rest[0], Readable):
        found = BookParts.of_workbook(rest[0], getattr(rest[0], "date_offset", 0.0))
    else:
        found = BookParts.of_pairs(rest, date_offset)
    named = {each.name: each for each in function.parameters}
    options = {
        name: value for name, value in zip(named, given, strict=False) if value is not MISSING and value is not None
    }
    found = found.with_settings(
        {named[name].model: value for name, value in options.items() if named[name].model.isidentifier()}
    )
    table = _table_of(function)
    if found.read_table(table) is None:
        return CellError("#N/A", f"the workbook has no table {table}")
    day = today + date_offset if isinstance(today, int | float) else None
    try:
        return _ANSWERS[function.name](answers_for(found, day), function, options, date_offset)
    except BookError as failure:
        return _refusal(failure)


def _table_of(function: Function) -> str:
    return "Futures" if function.name in _OF_FUTURES else "Portfolio"


def _refusal(failure: BookError) -> CellError:
    text = "; ".join(map(str, failure.problems))
    return CellError("#DIV/0!" if "there are no weights" in text else "#VALUE!", text)


# --- positions ----------------------------------------------------------------------------------------------------


def _liquidation_prices(asked: BookAnswers, *_: Any) -> Any:
    return _column([_price_cell(asked, row) for row in range(asked.height("Futures"))])


def _price_cell(asked: BookAnswers, row: int) -> Any:
    position = next((each for each in asked.book.positions if each.row == row), None)
    problem = asked.problem_of("Futures", row, NO_MARGIN)
    if problem:
        return CellError("#VALUE!", problem)
    if position is None:
        return ""
    if position.quantity and position.margin_mode == "isolated" and not position.margin:
        entry = position.entry or position.mark
        coins = position.quantity / entry if position.inverse else position.quantity * entry
        position = dataclasses.replace(position, margin=coins / position.leverage)
    if not position.quantity:
        return CellError("#N/A", f"{position.symbol} is not open")
    found = figures_of(asked.book, asked.tiers, position, 1.0).liquidation_price
    if found is None:
        return CellError("#N/A", asked.no_price(position))
    return "NEVER" if math.isinf(found) else found


def _liquidation_distances(asked: BookAnswers, *_: Any) -> Any:
    cells = []
    for row in range(asked.height("Futures")):
        price = _price_cell(asked, row)
        position = next((each for each in asked.book.positions if each.row == row), None)
        if isinstance(price, float) and position is not None:
            side = net_side(asked.book, position, position.quantity)
            cells.append(float(liquidation_distance(price, position.mark, side)))
        else:
            cells.append(price)
    return _column(cells)


def _column(cells: list[Any]) -> Any:
    if not cells:
        return ""
    return cells[0] if len(cells) == 1 else [[cell] for cell in cells]


# --- the plan -----------------------------------------------------------------------------------------------------


def _trigger(asked: BookAnswers, *_: Any) -> Any:
    return asked.plan.trigger.kind


def _plan_table(asked: BookAnswers, function: Function, options: Mapping[str, Any], offset: float) -> Any:
    headers = next(each for each in function.parameters if each.name == "headers")
    wanted = read_switch(headers, options.get("headers"))
    if isinstance(wanted, CellError):
        return wanted
    rows = [
        [line.asset, line.action, line.amount, _blank(line.weight_before), _blank(line.weight_after), line.reason]
        for line in asked.plan.lines
    ]
    return [list(HEADERS), *rows] if wanted else rows or [[""] * len(HEADERS)]


def _blank(value: float | None) -> Any:
    return "" if value is None else value


def _figures(asked: BookAnswers, function: Function, options: Mapping[str, Any], offset: float) -> Any:
    given = options.get("figures", "")
    rows = as_rows(given) if is_range(given) else [[given]]
    cells = [cell for row in rows for cell in row if cell is not None]
    error = next((cell for cell in cells if isinstance(cell, CellError)), None)
    return error or figures.figure_table(asked, [str(cell) for cell in cells], offset)


# --- accounts -----------------------------------------------------------------------------------------------------


def _of_accounts(asked: BookAnswers, function: Function, options: Mapping[str, Any], offset: float) -> Any:
    """Return a function's own answer for the book's accounts: modes, wallets, fees and tiers are the plan's."""
    for row in range(asked.height("Futures")):
        problem = asked.problem_of("Futures", row)
        if problem:
            return CellError("#VALUE!", problem)
    wallets = [
        each for each in asked.book.problems if each.severity == ERROR and each.where.startswith(("Wallets", "Venues"))
    ]
    if wallets:
        return CellError("#VALUE!", "; ".join(map(str, wallets)))
    arguments = [
        asked.accounts if each.name == "wallets" else options.get(each.name, MISSING) for each in function.parameters
    ]
    return function.call(*arguments, date_offset=offset)


def _net_deltas(asked: BookAnswers, *_: Any) -> Any:
    found = coin_deltas(asked.book)
    data = asked.parts.read_table("Portfolio")
    assert data is not None
    place = data.column("Asset")
    cells = []
    for row in range(asked.height("Portfolio")):
        name = data.rows[row][place] if place is not None else None
        cells.append("" if name in (None, "") else found.get(str(name).strip().casefold(), 0.0))
    return _column(cells)


def _stress(asked: BookAnswers, function: Function, options: Mapping[str, Any], offset: float) -> Any:
    shocks = next(each for each in function.parameters if each.name == "shocks")
    assert shocks.convert is not None
    read = shocks.convert(options.get("shocks", MISSING))
    if isinstance(read, CellError):
        return read
    try:
        rows = stress_book(require_sound(asked.book), read, judged=False)
    except ValueError as failure:
        return CellError("#VALUE!", str(failure))
    found: list[list[Any]] = [["Value", "Value if lost", "Equity", "Ratio", "Liquidated"]]
    for row in rows:
        ratio: Any = "LIQUIDATABLE" if math.isinf(row.ratio) else row.ratio
        found.append([row.value + 0.0, row.value_if_lost + 0.0, row.equity + 0.0, ratio, ", ".join(row.liquidated)])
    return found


_OF_FUTURES: Final = {
    "LIQUIDATION_PRICE",
    "LIQUIDATION_DISTANCE",
    "ACCOUNT_EQUITY",
    "ACCOUNT_MAINTENANCE",
    "ACCOUNT_LIQUIDATION_MOVE",
    "ACCOUNT_LIQUIDATION_PRICE",
    "ACCOUNT_FIRST_TO_LIQUIDATE",
}
_ANSWERS: Final[dict[str, Callable[[BookAnswers, Function, Mapping[str, Any], float], Any]]] = {
    "LIQUIDATION_PRICE": _liquidation_prices,
    "LIQUIDATION_DISTANCE": _liquidation_distances,
    "REBALANCE_TRIGGER": _trigger,
    "REBALANCE_PLAN": _plan_table,
    "PLAN_FIGURES": _figures,
    "NET_DELTA": _net_deltas,
    "STRESS_TABLE": _stress,
    **dict.fromkeys(
        (
            "ACCOUNT_EQUITY",
            "ACCOUNT_MAINTENANCE",
            "ACCOUNT_LIQUIDATION_MOVE",
            "ACCOUNT_LIQUIDATION_PRICE",
            "ACCOUNT_FIRST_TO_LIQUIDATE",
        ),
        _of_accounts,
    ),
}
