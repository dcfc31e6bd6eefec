"""What stands beside the tables of a workbook and on its dashboard: the plan's own figures, by the names of columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rebalance_xl.book.asked import BookAnswers
from rebalance_xl.book.futures import DAYS_A_YEAR, distance, figures_of, funding_per_day, margin_of, net_side, terms_of
from rebalance_xl.book.model import Holding, Position
from rebalance_xl.book.plan_data import BUY, SELL, Line
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.states import SpotState
from rebalance_xl.cells import CellError
from rebalance_xl.functions.deployment import RESERVE_MAXIMUM, RESERVE_MINIMUM
from rebalance_xl.functions.elementwise import TOLERANCE
from rebalance_xl.functions.plan_figures import figures_asked

#: The figure that says why in words: of a book that cannot be planned it holds the reason.
REASONS: Final = ("Reason", "Trigger reason")


def figure_table(asked: BookAnswers, names: Sequence[str], date_offset: float = 0.0) -> Any:
    """Return figures by their names, a column each: a row for every row of the table, or one row for the whole book.

    Parameters
    ----------
    asked
        The book.
    names
        Names of :data:`rebalance_xl.functions.plan_figures.FIGURES`, all of one table.
    date_offset
        What to take from a date to get the workbook's own.

    Returns
    -------
    list of rows, or one value
        #VALUE! with the plan's reasons where the book cannot be planned; the figures that are texts hold them.
    """
    found = figures_asked(names)
    if isinstance(found, CellError):
        return found
    table, titles = found
    if table == "Portfolio":
        columns = [_of_rows(asked, table, title, PORTFOLIO[title]) for title in titles]
    elif table:
        if asked.parts.read_table(table) is None:
            return CellError("#N/A", f"the workbook has no table {table}")
        columns = [_of_rows(asked, table, title, FUTURES[title]) for title in titles]
    else:
        columns = [[_of_book(asked, title, BOOK[title], date_offset)] for title in titles]
    rows = [list(row) for row in zip(*columns, strict=True)] or [[""] * len(titles)]
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows


def _refusal(title: str, failure: BookError) -> Any:
    text = "; ".join(map(str, failure.problems))
    return f"no plan: {text}" if title in REASONS else CellError("#VALUE!", text)


def _of_rows(asked: BookAnswers, table: str, title: str, figure: Callable[..., Any]) -> list[Any]:
    held: Sequence[Holding | Position] = asked.book.holdings if table == "Portfolio" else asked.book.positions
    by_row = {each.row: each for each in held}
    cells: list[Any] = []
    for row in range(asked.rows(table)):
        if row not in by_row:
            problem = asked.problem_of(table, row)
            cells.append(CellError("#VALUE!", problem) if problem else "")
            continue
        try:
            cells.append(_plain(figure(asked, by_row[row])))
        except BookError as failure:
            cells.append(_refusal(title, failure))
    return cells


def _of_book(asked: BookAnswers, title: str, figure: Callable[..., Any], date_offset: float) -> Any:
    if not asked.book.holdings and not asked.book.positions:
        return _EMPTY.get(title, "")
    try:
        found = _plain(figure(asked))
    except BookError as failure:
        return _refusal(title, failure)
    return found - date_offset if title == "Next review" and isinstance(found, float) else found


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float) and math.isinf(value):
        return "NEVER"
    return value + 0.0 if isinstance(value, float) else value


# --- beside Portfolio ---------------------------------------------------------------------------------------------


def _state(asked: BookAnswers, row: Holding) -> SpotState:
    return next(state for state in asked.decision.judgement.spot if any(each is row for each in state.rows))


def _line(asked: BookAnswers, row: Holding) -> Line | None:
    """Return the line of a row, the one that trades where there are two."""
    lines = [line for line in asked.plan.lines if line.product in ("spot", "cash") and line.row == row.row]
    return min(lines, key=lambda line: not line.trades, default=None)


def _flag(asked: BookAnswers, row: Holding) -> str:
    state = _state(asked, row)
    if state.target is None:
        return "UNTARGETED"
    if not state.acts:
        return "HOLD"
    return "TRIM" if state.over else "ADD"


def _traded(asked: BookAnswers, row: Holding, action: str) -> float:
    lines = [line for line in asked.plan.lines if line.row == row.row and line.action == action]
    return math.fsum([line.amount for line in lines])


def _short(asked: BookAnswers, row: Holding) -> float:
    state = _state(asked, row)
    if state.target is None or state.holding is not row:
        return 0.0
    return max(0.0, state.target * asked.decision.judgement.total - state.value)


def _row_gain(asked: BookAnswers, row: Holding) -> float | None:
    line = _line(asked, row)
    if row.cost_basis is None:
        return None
    return 0.0 if line is None or line.action != SELL else line.realised_gain


def _drift(asked: BookAnswers, row: Holding) -> float | None:
    state = _state(asked, row)
    return None if state.target is None else state.drift


def _reason(asked: BookAnswers, row: Holding) -> str:
    line = _line(asked, row)
    return "" if line is None else line.reason


PORTFOLIO: Final[Mapping[str, Callable[[BookAnswers, Holding], Any]]] = {
    "Weight": lambda asked, row: row.value / asked.decision.judgement.total,
    "Drift": _drift,
    "Flag": _flag,
    "Trim": lambda asked, row: _traded(asked, row, SELL),
    "Buy": lambda asked, row: _traded(asked, row, BUY),
    "Short of target": _short,
    "Realised gain": _row_gain,
    "Reason": _reason,
}


# --- beside Futures -----------------------------------------------------------------------------------------------


def _total(asked: BookAnswers) -> float:
    return asked.worth.total


def _wanted_margin(asked: BookAnswers, position: Position) -> float:
    return (position.target or 0.0) * _total(asked)


def _size(asked: BookAnswers, position: Position) -> float:
    """Return the open size; where nothing is open, the size at the margin that Target asks for."""
    if position.quantity:
        return position.quantity
    return _wanted_margin(asked, position) * position.leverage / position.unit_value


def _equity(asked: BookAnswers, position: Position) -> float:
    places = zip(asked.book.positions, asked.worth.positions, strict=True)
    return next(standing.equity for each, standing in places if each is position)


def _price(asked: BookAnswers, position: Position) -> Any:
    if position.quantity:
        found = figures_of(asked.book, asked.tiers, position, 1.0).liquidation_price
    elif position.target:
        size, margin = _size(asked, position), _wanted_margin(asked, position)
        found = terms_of(asked.book, asked.tiers, position, size, margin - margin_of(position)).liquidation_price
    else:
        return ""
    if found is None:
        return CellError("#N/A", asked.no_price(position))
    return found


def _distance(asked: BookAnswers, position: Position) -> Any:
    price = _price(asked, position)
    if not isinstance(price, float):
        return price
    return distance(price, position, net_side(asked.book, position, _size(asked, position)))


def _estimate(asked: BookAnswers, position: Position) -> str:
    if not (position.quantity or position.target):
        return ""
    return figures_of(asked.book, asked.tiers, position, 1.0).estimate


FUTURES: Final[Mapping[str, Callable[[BookAnswers, Position], Any]]] = {
    "Equity": _equity,
    "Margin at target": _wanted_margin,
    "Size": _size,
    "Notional": lambda asked, position: _size(asked, position) * position.unit_value,
    "Liquidation price": _price,
    "Distance": _distance,
    "Funding a day": lambda asked, position: funding_per_day(position, _size(asked, position) * position.unit_value),
    "Funding a year": lambda asked, position: _funding_share(position),
    "Margin in money": lambda asked, position: (
        margin_of(position) if position.quantity else _wanted_margin(asked, position)
    ),
    "Estimate": _estimate,
}


def _funding_share(position: Position) -> float:
    """Return what the present rate makes of a notional in a year; positive: longs pay."""
    side = 1.0 if position.side == "long" else -1.0
    return side * funding_per_day(position, 1.0) * DAYS_A_YEAR


# --- the whole book -----------------------------------------------------------------------------------------------


def _nearest(asked: BookAnswers) -> Any:
    cells = [_distance(asked, position) for position in asked.book.positions]
    found = [each for each in cells if isinstance(each, float) and math.isfinite(each)]
    return min(found, default="none")


def _reserve(asked: BookAnswers) -> str:
    settings, total = asked.book.settings, _total(asked)
    held = math.fsum([row.value for row in asked.book.holdings if row.stable])
    low = RESERVE_MINIMUM if settings.reserve_min is None else settings.reserve_min
    high = RESERVE_MAXIMUM if settings.reserve_max is None else settings.reserve_max
    if held < (low - TOLERANCE) * total:
        return "LOW"
    return "HIGH" if held > (high + TOLERANCE) * total else "OK"


def _next_review(asked: BookAnswers) -> float | str:
    day = asked.plan.next_review
    return "not set" if day is None or asked.book.settings.last_review is None else day


def _sold(asked: BookAnswers) -> float:
    """Return what the plan sells of spot, without closed futures."""
    return math.fsum([line.amount for line in asked.plan.lines if line.action == SELL])


BOOK: Final[Mapping[str, Callable[[BookAnswers], Any]]] = {
    "Book value": _total,
    "Trigger": lambda asked: asked.plan.trigger.kind,
    "Trigger reason": lambda asked: "; ".join(asked.plan.trigger.reasons),
    "To sell": _sold,
    "To buy": lambda asked: asked.plan.totals.bought,
    "Gain": lambda asked: asked.plan.totals.realised_gain,
    "Fees": lambda asked: asked.plan.totals.fees,
    "Reserve": _reserve,
    "Next review": _next_review,
    "Nearest liquidation": _nearest,
}
#: What the figures of a book without any row are.
_EMPTY: Final = {
    "Book value": 0.0,
    "Trigger": "NONE",
    "To sell": 0.0,
    "To buy": 0.0,
    "Gain": 0.0,
    "Fees": 0.0,
    "Reserve": "none",
    "Next review": "not set",
    "Nearest liquidation": "none",
}
