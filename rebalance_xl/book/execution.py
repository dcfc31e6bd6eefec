"""Applies fills to a book: quantities, cost basis, lots, positions and stablecoins; computes, never writes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rebalance_xl.book.accounts import price_of
from rebalance_xl.book.assets import money_price, receiving_coin
from rebalance_xl.book.fills import Fill, read_fills
from rebalance_xl.book.forms import day_of, iso_date
from rebalance_xl.book.free_margin import followed, wallet_for, with_flows
from rebalance_xl.book.interface import Cell, WorkbookPort
from rebalance_xl.book.ledger import Ledger, carry
from rebalance_xl.book.model import Book, Holding
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.record_lots import LotChanges, lots_after
from rebalance_xl.book.settlement import Settlement, settle
from rebalance_xl.book.tolerances import WHOLE
from rebalance_xl.functions.plan_table import amount_text

__all__ = ["Execution", "Fill", "execute", "read_fills"]


@dataclass(slots=True)
class Execution:
    """What an execution changes, ready to be written.

    Parameters
    ----------
    cells
        Table, data row from 0 and the new values of its columns; the lots that changed among them.
    new_rows
        Rows to add: their table and values (a stablecoin that the book did not have, a lot that was bought).
    fill_rows
        Rows to add to Fills, one for each fill.
    journal, date
        The Journal row, and its day as text.
    fills
        What was executed.
    review
        A review was carried out, so LastReview becomes the day.
    after
        The book after it.
    """

    cells: list[tuple[str, int, dict[str, Cell]]] = field(default_factory=list)
    new_rows: list[tuple[str, dict[str, Cell]]] = field(default_factory=list)
    fill_rows: list[dict[str, Cell]] = field(default_factory=list)
    journal: dict[str, Cell] = field(default_factory=dict)
    date: str = ""
    fills: tuple[Fill, ...] = ()
    review: bool = False
    after: Book | None = None


def execute(
    book: Book, fills: Sequence[Fill], port: WorkbookPort | None = None, trigger: str = "", review: bool = False
) -> Execution:
    """Return what fills change in a book.

    Parameters
    ----------
    book
        The book before.
    fills
        What was executed; none where a review found nothing to trade.
    port
        The workbook, asked whether a typed Value must be kept up to date.
    trigger
        What made the plan, for the Journal.
    review
        A review is carried out with it.

    Raises
    ------
    BookError
        If a fill cannot be: unknown asset, more sold than held, more spent than there is.
    """
    ledger = Ledger(book)
    # Coins that become added margin have to be there before it, also those just bought, although the plan names the
    # margin first.
    for fill in sorted(fills, key=lambda each: each.action == "ADD MARGIN"):
        carry(ledger, fill)
    ledger.return_coins()
    money = _settle_cash(ledger)
    if money.fresh and not _has_column(port, "Portfolio", "Venue"):
        money.fresh = {"": math.fsum(money.fresh.values())}  # rows that no venue tells apart would be the same row
    new_rows = [("Portfolio", row) for row in _fresh_rows(ledger, money, port)]
    if ledger.problems:
        raise BookError(ledger.problems)
    lots = lots_after(ledger)
    after = _book_after(ledger, money)
    day = day_of(book.as_of)
    return Execution(
        cells=[*_cells(ledger, port), *_lot_cells(lots)],
        new_rows=[*new_rows, *(("Lots", row) for row in lots.added)],
        fill_rows=[{"Date": day, **row} for row in ledger.fill_rows],
        journal=_journal(ledger, money, book_value(after)) | {"Trigger": trigger},
        date=iso_date(book.as_of) or "",
        fills=tuple(fills),
        review=review,
        after=after,
    )


def _settle_cash(ledger: Ledger) -> Settlement:
    """Book the money on the stablecoins."""
    book = ledger.book
    total = book_value(book) - ledger.sums.get("Fees", 0.0)
    after = settle(book, ledger.came, ledger.went, total)
    for venue, money in after.short.items():
        if money > ledger.cent:
            ledger.problems.append(_overspent(money, venue))
    for venue in [*after.fresh]:
        wallet = wallet_for(book, receiving_coin(book.holdings, book.settings.quote), venue)
        if wallet is not None:
            coins = after.fresh.pop(venue) / (price_of(book, wallet.coin) or 1.0)
            ledger.wallets[wallet.row] = ledger.wallets.get(wallet.row, 0.0) + coins
    for holding in book.holdings:
        change = after.left.get(holding.row, holding.value) - holding.value
        if abs(change) > WHOLE * max(1.0, total):
            ledger.values[holding.row] = after.left[holding.row]
            if holding.quantity is not None:
                ledger.quantities[holding.row] = holding.quantity + change / (holding.price or 1.0)
    margins = {row: state["Margin"] for row, state in ledger.positions.items()}
    ledger.wallets |= followed(book, ledger.quantities, margins)
    return after


def _overspent(money: float, venue: str) -> Problem:
    where = f" at {venue}" if venue else ""
    message = f"the fills spend {amount_text(money)} more than they bring and the stablecoins{where} hold"
    return Problem(ERROR, "Plan", message + ": correct quantities, prices or fees, or enter the money that came in")


def _fresh_rows(ledger: Ledger, money: Settlement, port: WorkbookPort | None) -> list[dict[str, Cell]]:
    """Return the stablecoin rows to add at venues that have none: in units, or in money where no units are kept."""
    book = ledger.book
    name = receiving_coin(book.holdings, book.settings.quote)
    price = money_price(book.holdings, name)
    in_units = all([_has_column(port, "Portfolio", column) for column in ("Quantity", "Price")])
    in_money = _has_column(port, "Portfolio", "Value") and all([row.quantity is None for row in book.holdings])
    rows = []
    for venue, amount in money.fresh.items():
        if amount <= ledger.cent:
            continue
        row: dict[str, Cell] = {"Asset": name, "Kind": "stable", "Venue": venue or None}
        units: dict[str, Cell] = {"Quantity": amount / price, "Price": price}
        rows.append(row | (units if in_units and not in_money else {"Value": amount}))
    return rows


def _cells(ledger: Ledger, port: WorkbookPort | None) -> list[tuple[str, int, dict[str, Cell]]]:
    cells: list[tuple[str, int, dict[str, Cell]]] = []
    for holding in ledger.book.holdings:
        values: dict[str, Cell] = {}
        row = holding.row
        if row in ledger.quantities and _has_column(port, "Portfolio", "Quantity"):
            values["Quantity"] = ledger.quantities[row]
        if row in ledger.values and _value_is_typed(port, holding):
            price = holding.price
            after = ledger.quantities.get(row)
            values["Value"] = after * price if after is not None and price is not None else ledger.values[row]
        if row in ledger.costs and _has_column(port, "Portfolio", "CostBasis"):
            values["CostBasis"] = ledger.costs[row]
        if values:
            cells.append(("Portfolio", row, _tidy(values)))
    balances = {wallet.row: wallet.balance for wallet in ledger.book.wallets}
    cells += [
        ("Wallets", row, _tidy({"Balance": balances[row] + coins})) for row, coins in ledger.wallets.items() if coins
    ]
    cells += [("Futures", row, _tidy(dict(state))) for row, state in ledger.positions.items()]
    return cells


def _lot_cells(lots: LotChanges) -> list[tuple[str, int, dict[str, Cell]]]:
    return [("Lots", row, _tidy({"Quantity": quantity})) for row, quantity in lots.changed.items()]


def _tidy(values: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return numbers without the last digits that binary arithmetic adds: 0.108, not 0.10800000000000001."""
    return {column: float(f"{value:.15g}") if isinstance(value, float) else value for column, value in values.items()}


def _value_is_typed(port: WorkbookPort | None, holding: Holding) -> bool:
    if not _has_column(port, "Portfolio", "Value"):
        return False
    if holding.quantity is None:
        return True
    return port is not None and not port.is_formula("Portfolio", holding.row, "Value")


def _has_column(port: WorkbookPort | None, name: str, column: str) -> bool:
    if port is None:
        return True
    data = port.read_table(name)
    return data is not None and data.column(column) is not None


def _book_after(ledger: Ledger, money: Settlement) -> Book:
    """Return the book after the fills, at its own prices."""
    book = ledger.book
    holdings = []
    for row in book.holdings:
        quantity = ledger.quantities.get(row.row, row.quantity)
        value = ledger.values.get(row.row, row.value)
        if quantity is not None and row.price is not None:
            value = quantity * row.price
        holdings.append(
            replace(row, quantity=quantity, value=value, cost_basis=ledger.costs.get(row.row, row.cost_basis))
        )
    fresh = math.fsum([amount for amount in money.fresh.values() if amount > ledger.cent])
    if fresh and holdings:
        spare = replace(holdings[0], asset="", value=fresh, quantity=None, stable=True, target=None, row=-1)
        holdings.append(spare)
    positions = []
    for position in book.positions:
        state = ledger.positions.get(position.row)
        if state is not None:
            position = replace(
                position, quantity=state["Quantity"], entry=state["EntryPrice"] or None, margin=state["Margin"]
            )
        positions.append(position)
    wallets = with_flows(book, ledger.wallets)
    return replace(book, holdings=tuple(holdings), positions=tuple(positions), wallets=wallets)


def _journal(ledger: Ledger, money: Settlement, value: float) -> dict[str, Cell]:
    sums = ledger.sums
    return {
        "Date": day_of(ledger.book.as_of),
        "Entry": "EXECUTION",
        "Value": value,
        "Sold": sums.get("Sold", 0.0),
        "Bought": sums.get("Bought", 0.0),
        "Margin": sums.get("Margin", 0.0),
        "Fees": sums.get("Fees", 0.0),
        "Left over": money.left_over if money.left_over > ledger.cent else 0.0,
        "Realised gain": sums.get("Realised gain", 0.0),
        "Reason": ", ".join(ledger.deeds),
    }
