"""Applies fills to a book: quantities, cost basis, lots, positions and stablecoins; computes, never writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from rebalance_xl.book.fills import Fill, read_fills
from rebalance_xl.book.forms import day_of, iso_date
from rebalance_xl.book.futures import contract_number, sign
from rebalance_xl.book.gains import cost_sold, lots_of, sale_gain, taken_from, usable_lots
from rebalance_xl.book.interface import Cell
from rebalance_xl.book.model import Book, Holding, Lot, Position
from rebalance_xl.book.orders import lot_of
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.settlement import settle
from rebalance_xl.functions import contracts
from rebalance_xl.functions.plan_table import amount_text

__all__ = ["Execution", "Fill", "execute", "read_fills"]

_CENT = 0.005
_SLACK = 1e-9
#: A need that is served twice (pro rata, then by priority) is rounded down twice.
_ROUNDED_LOTS = 2.0


@runtime_checkable
class KnowsFormulas(Protocol):
    """A workbook that can tell a formula from a typed value."""

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Tell whether a cell of a table holds a formula."""
        ...


@dataclass(slots=True)
class Execution:
    """What an execution changes, ready to be written.

    Parameters
    ----------
    cells
        Table, data row from 0 and the new values of its columns.
    lots
        The whole Lots table after it; None where it does not change.
    new_rows
        Rows to add to Portfolio (a stablecoin that the book did not have).
    journal, date
        The Journal row, and its day as text.
    """

    cells: list[tuple[str, int, dict[str, Cell]]] = field(default_factory=list)
    lots: list[dict[str, Cell]] | None = None
    new_rows: list[dict[str, Cell]] = field(default_factory=list)
    journal: dict[str, Cell] = field(default_factory=dict)
    date: str = ""
    fills: tuple[Fill, ...] = ()


@dataclass(slots=True)
class _Ledger:
    """The book's rows while fills are applied to them."""

    book: Book
    quantities: dict[int, float] = field(default_factory=dict)
    values: dict[int, float] = field(default_factory=dict)
    costs: dict[int, float] = field(default_factory=dict)
    positions: dict[int, dict[str, float]] = field(default_factory=dict)
    came: dict[str, float] = field(default_factory=dict)
    went: dict[str, float] = field(default_factory=dict)
    sold_lots: dict[str, float] = field(default_factory=dict)
    bought_lots: list[Lot] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    deeds: list[str] = field(default_factory=list)

    def refuse(self, fill: Fill, message: str) -> None:
        self.problems.append(Problem(ERROR, fill.where, message))

    def pay(self, venue: str, money: float) -> None:
        side = self.came if money > 0 else self.went
        key = next((known for known in [*self.came, *self.went] if known.casefold() == venue.casefold()), venue)
        side[key] = side.get(key, 0.0) + abs(money)

    def add(self, what: str, money: float) -> None:
        self.sums[what] = self.sums.get(what, 0.0) + money


def execute(book: Book, fills: Sequence[Fill], port: object = None, trigger: str = "") -> Execution:
    """Return what fills change in a book.

    Parameters
    ----------
    book
        The book before.
    fills
        What was executed.
    port
        The workbook, asked whether a typed Value must be kept up to date.
    trigger
        What made the plan, for the Journal.

    Raises
    ------
    BookError
        If a fill cannot be: unknown asset, more sold than held, more spent than there is.
    """
    ledger = _Ledger(book)
    holdings = {holding.asset.casefold(): holding for holding in book.holdings}
    positions = {position.symbol.casefold(): position for position in book.positions}
    for fill in fills:
        key, money = fill.asset.casefold(), fill.amount
        if fill.action == "TRANSFER":
            ledger.pay(fill.venue, -fill.amount - fill.fee)
            ledger.pay(fill.to_venue, fill.amount)
            ledger.add("Fees", fill.fee)
        elif fill.action in ("SELL", "BUY"):
            if key in holdings:
                _trade(ledger, fill, holdings[key])
            else:
                ledger.refuse(fill, f"{fill.asset} is not in Portfolio")
        elif key in positions:
            money = _derive(ledger, fill, positions[key])
        else:
            ledger.refuse(fill, f"{fill.asset} is not in Futures")
        ledger.deeds.append(f"{fill.action} {fill.asset} {amount_text(money)}")
    new_rows = _settle_cash(ledger)
    if ledger.problems:
        raise BookError(ledger.problems)
    return Execution(
        cells=_cells(ledger, port),
        lots=_lots_after(ledger),
        new_rows=new_rows,
        journal=_journal(ledger) | {"Trigger": trigger},
        date=iso_date(book.as_of) or "",
        fills=tuple(fills),
    )


def _trade(ledger: _Ledger, fill: Fill, holding: Holding) -> None:
    row, buying = holding.row, fill.action == "BUY"
    held = ledger.quantities.get(row, holding.quantity or 0.0)
    value = ledger.values.get(row, holding.value)
    by_quantity = holding.quantity is not None or fill.quantity is not None
    if by_quantity and fill.quantity is None:
        ledger.refuse(fill, f"the line of {fill.asset} has no Quantity")
        return
    quantity = fill.quantity or 0.0
    if not buying and (quantity > held * (1 + _SLACK) if by_quantity else fill.amount > value * (1 + _SLACK)):
        sold, have = (f"{quantity:g}", f"{held:g}") if by_quantity else (amount_text(fill.amount), amount_text(value))
        ledger.refuse(fill, f"{sold} of {fill.asset} sold, but only {have} held")
        return
    step = 1.0 if buying else -1.0
    if by_quantity:
        after = held + step * quantity
        ledger.quantities[row] = 0.0 if abs(after) <= _SLACK * held else after
    ledger.values[row] = max(0.0, value + step * fill.amount)
    ledger.pay(holding.venue, -step * fill.amount - fill.fee)
    ledger.add("Fees", fill.fee)
    if buying:
        ledger.add("Bought", fill.amount)
        if holding.cost_basis is not None or not held:
            ledger.costs[row] = ledger.costs.get(row, holding.cost_basis or 0.0) + fill.amount
        price = fill.amount / quantity if quantity else 0.0
        ledger.bought_lots.append(Lot(holding.asset, ledger.book.as_of, quantity, price, -1))
        return
    ledger.add("Sold", fill.amount)
    paid = fill.price if by_quantity else None
    key = holding.asset.casefold()
    before = ledger.sold_lots.get(key, 0.0)
    gain = sale_gain(ledger.book, holding, fill.amount, fill.quantity, paid, before)
    if gain is not None:
        ledger.add("Realised gain", gain)
    cost = cost_sold(ledger.book, holding, quantity, fill.amount, before)
    if cost is not None and holding.cost_basis is not None:
        left = ledger.costs.get(row, holding.cost_basis) - cost
        ledger.costs[row] = 0.0 if left < _SLACK * holding.cost_basis else left
    ledger.sold_lots[key] = before + quantity


def _derive(ledger: _Ledger, fill: Fill, position: Position) -> float:
    """Apply a futures line; return the money that it brought or took."""
    if fill.action == "CLOSE" and fill.quantity is None:
        ledger.refuse(fill, f"the line of {fill.asset} has no Quantity")
        return fill.amount
    quantity = fill.quantity or 0.0
    price = fill.price or position.mark
    state = ledger.positions.setdefault(
        position.row,
        {"Quantity": position.quantity, "EntryPrice": position.entry or price, "Margin": position.margin},
    )
    ledger.add("Fees", fill.fee)
    if fill.action == "CLOSE":
        if quantity > state["Quantity"] * (1 + _SLACK):
            ledger.refuse(fill, f"{quantity:g} of {fill.asset} closed, but only {state['Quantity']:g} open")
            return fill.amount
        share = min(1.0, quantity / state["Quantity"]) if state["Quantity"] else 0.0
        kind = contract_number(position)
        profit = float(contracts.futures_pnl(sign(position), quantity, state["EntryPrice"], price, kind))
        money = price if position.inverse else 1.0
        margin = state["Margin"] * share
        released = (margin + profit) * money
        state["Quantity"] = 0.0 if share >= 1 - _SLACK else state["Quantity"] - quantity
        state["Margin"] = state["Margin"] - margin if state["Quantity"] else 0.0
        ledger.pay(position.venue, released - fill.fee)
        ledger.add("Sold", released)
        ledger.add("Realised gain", profit * money)
        return released
    if fill.action != f"OPEN {position.side.upper()}":
        ledger.refuse(fill, f"{fill.action} does not fit {fill.asset}, which is {position.side} in Futures")
        return fill.amount
    if state["Quantity"] + quantity > 0:
        state["EntryPrice"] = float(
            contracts.average_entry(
                [state["Quantity"], quantity], [state["EntryPrice"], price], contract_number(position)
            )
        )
    posted = _margin_posted(ledger.book, fill, position, price)
    state["Quantity"] += quantity
    state["Margin"] += posted / (price if position.inverse else 1.0)
    ledger.pay(position.venue, -posted - fill.fee)
    ledger.add("Margin", posted)
    return posted


def _margin_posted(book: Book, fill: Fill, position: Position, price: float) -> float:
    """Return the margin of an opening: as planned it follows the size that was filled, an edited one stands."""
    if not fill.quantity or not fill.notional:
        return fill.amount
    unit = 1.0 if position.inverse else price
    beyond = fill.amount - fill.notional / position.leverage  # what rounding the size down to the lot has left
    rounding = _ROUNDED_LOTS * lot_of(book, position) * unit / position.leverage + _CENT
    if not -_CENT <= beyond <= rounding:
        return fill.amount
    return fill.amount * fill.quantity * unit / fill.notional


def _settle_cash(ledger: _Ledger) -> list[dict[str, Cell]]:
    """Book the money on the stablecoins; return rows to add for those that the book does not have."""
    book = ledger.book
    total = book_value(book) - ledger.sums.get("Fees", 0.0)
    after = settle(book, ledger.came, ledger.went, total)
    if after.short > _CENT:
        ledger.problems.append(_overspent(after.short))
    for holding in book.holdings:
        change = after.left.get(holding.row, holding.value) - holding.value
        if abs(change) > 1e-12 * max(1.0, total):
            ledger.values[holding.row] = after.left[holding.row]
            if holding.quantity is not None:
                ledger.quantities[holding.row] = holding.quantity + change / (holding.price or 1.0)
    return [_new_stable(book, name, venue, money) for name, (venue, money) in after.fresh.items() if money > _CENT]


def _overspent(money: float) -> Problem:
    return Problem(ERROR, "Plan", f"the fills spend {amount_text(money)} more than they bring and the stablecoins hold")


def _new_stable(book: Book, name: str, venue: str, money: float) -> dict[str, Cell]:
    row: dict[str, Cell] = {"Asset": name, "Kind": "stable", "Venue": venue or None}
    if any(holding.quantity is not None for holding in book.holdings):
        return row | {"Quantity": money, "Price": 1.0}
    return row | {"Value": money}


def _cells(ledger: _Ledger, port: object) -> list[tuple[str, int, dict[str, Cell]]]:
    cells: list[tuple[str, int, dict[str, Cell]]] = []
    for holding in ledger.book.holdings:
        values: dict[str, Cell] = {}
        row = holding.row
        if row in ledger.quantities:
            values["Quantity"] = ledger.quantities[row]
        if row in ledger.values and _value_is_typed(port, holding):
            price = holding.price
            after = ledger.quantities.get(row)
            values["Value"] = after * price if after is not None and price is not None else ledger.values[row]
        if row in ledger.costs and _has_column(port, "Portfolio", "CostBasis"):
            values["CostBasis"] = ledger.costs[row]
        if values:
            cells.append(("Portfolio", row, _tidy(values)))
    cells += [("Futures", row, _tidy(dict(state))) for row, state in ledger.positions.items()]
    return cells


def _tidy(values: dict[str, Cell]) -> dict[str, Cell]:
    """Return numbers without the last digits that binary arithmetic adds: 0.108, not 0.10800000000000001."""
    return {column: float(f"{value:.15g}") if isinstance(value, float) else value for column, value in values.items()}


def _value_is_typed(port: object, holding: Holding) -> bool:
    if not _has_column(port, "Portfolio", "Value"):
        return False
    if holding.quantity is None:
        return True
    return isinstance(port, KnowsFormulas) and not port.is_formula("Portfolio", holding.row, "Value")


def _has_column(port: Any, name: str, column: str) -> bool:
    if port is None:
        return True
    data = port.read_table(name)
    return data is not None and data.column(column) is not None


def _lots_after(ledger: _Ledger) -> list[dict[str, Cell]] | None:
    """Return the Lots table after the fills: sold units leave by LotMethod, purchases are added."""
    book = ledger.book
    if not book.lots:
        return None
    left = {id(lot): lot.quantity for lot in book.lots}
    for holding in book.holdings:
        sold = ledger.sold_lots.get(holding.asset.casefold(), 0.0)
        lots = usable_lots(book, holding)
        if sold and lots:
            for lot, units in zip(lots, taken_from(lots, sold, book.settings.lot_method), strict=True):
                left[id(lot)] -= units
    rows = [
        {"Asset": lot.asset, "Date": day_of(lot.date), "Quantity": left[id(lot)], "Price": lot.price}
        for lot in book.lots
        if left[id(lot)] > _SLACK * lot.quantity
    ]
    for lot in ledger.bought_lots:
        holding = next(h for h in book.holdings if h.asset == lot.asset)
        if lots_of(book, lot.asset) or not holding.quantity:
            rows.append({"Asset": lot.asset, "Date": day_of(lot.date), "Quantity": lot.quantity, "Price": lot.price})
    return [dict(row) for row in rows]


def _journal(ledger: _Ledger) -> dict[str, Cell]:
    sums = ledger.sums
    net = math.fsum([*ledger.came.values(), *(-money for money in ledger.went.values())])
    return {
        "Date": day_of(ledger.book.as_of),
        "Entry": "EXECUTION",
        "Value": book_value(ledger.book) - sums.get("Fees", 0.0),
        "Sold": sums.get("Sold", 0.0),
        "Bought": sums.get("Bought", 0.0),
        "Margin": sums.get("Margin", 0.0),
        "Fees": sums.get("Fees", 0.0),
        "Left over": net if abs(net) > _CENT else 0.0,
        "Realised gain": sums.get("Realised gain", 0.0),
        "Reason": ", ".join(ledger.deeds),
    }
