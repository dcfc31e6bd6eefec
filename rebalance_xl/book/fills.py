"""The lines of the Plan table as they were executed."""

from __future__ import annotations

from dataclasses import dataclass

from rebalance_xl.book import schema
from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.book.problems import ERROR, BookError, Problem, errors_of
from rebalance_xl.book.reading import Record, read_records


@dataclass(frozen=True, slots=True)
class Fill:
    """A line of the Plan table as executed; `amount` is money (margin for openings), `notional` the size as planned."""

    asset: str
    action: str
    amount: float
    quantity: float | None
    price: float | None
    fee: float
    venue: str
    to_venue: str
    where: str
    notional: float | None = None
    side: str = ""


def read_fills(port: WorkbookPort, review: bool = False) -> list[Fill]:
    """Return the lines of the Plan table that were executed.

    Parameters
    ----------
    port
        The workbook.
    review
        A review is due: a plan without a trade may be recorded.

    Raises
    ------
    BookError
        If a cell cannot be read or there is nothing to record.
    """
    problems: list[Problem] = []
    records = read_records(port, schema.PLAN, problems) or []
    if errors_of(problems):
        raise BookError(errors_of(problems))
    fills = [_fill(record) for record in records if record["Action"] in schema.FILL_ACTIONS]
    # A quantity of 0 says that the line was not done; a blank one is a line of money only.
    fills = [fill for fill in fills if (fill.amount > 0 if fill.quantity is None else fill.quantity > 0)]
    planned = any(record["Action"] == "TRIGGER" for record in records)
    if not fills and not (review and planned):
        raise BookError(Problem(ERROR, "Plan", "the Plan table holds nothing to record: press Rebalance first"))
    return fills


def planned_trigger(port: WorkbookPort) -> str:
    """Return the trigger of the plan that stands in the Plan table, "" where it names none."""
    records = read_records(port, schema.PLAN, []) or []
    return next((record["Asset"] for record in records if record["Action"] == "TRIGGER"), "")


def planned_mark(port: WorkbookPort) -> str:
    """Return the mark of the book that the plan in the Plan table was made for, "" where there is none."""
    records = read_records(port, schema.PLAN, []) or []
    return next((record["Side"] for record in records if record["Action"] == "CHECK"), "")


def _fill(record: Record) -> Fill:
    quantity, price, amount = record["Quantity"], record["Price"], record["Amount"]
    if record["Action"] in ("BUY", "SELL", "TRANSFER", "CONVERT") and quantity is not None and price is not None:
        amount = quantity * price
    return Fill(
        record["Asset"],
        record["Action"],
        amount,
        quantity,
        price,
        record["Fee"],
        record["Venue"],
        record["To venue"],
        record.where("Asset"),
        record["Notional"],
        record["Side"],
    )
