"""A plan in other forms: JSON, the flat rows of the Plan table, a Journal row, plain sentences."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any, Final

from rebalance_xl.book.interface import Cell
from rebalance_xl.book.plan_data import Line, Plan, Totals
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.plan_table import amount_text, percent

#: Reasons of the trigger that one cell says.
_REASONS: Final = 2

NEVER = "NEVER"


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON has it: dates as ISO text, an infinite price as "NEVER", unknown figures as null."""
    return {
        "as_of": iso_date(plan.as_of),
        "next_review": iso_date(plan.next_review),
        "trigger": {"kind": plan.trigger.kind, "reasons": list(plan.trigger.reasons)},
        "nothing_to_do": plan.nothing_to_do,
        "lines": [_plain(dataclasses.asdict(line)) for line in plan.lines],
        "totals": {**_plain(dataclasses.asdict(plan.totals)), "check": plan.totals.check},
        "warnings": list(plan.warnings),
        "unresolved": [_plain(dataclasses.asdict(each)) for each in plan.unresolved],
        "notes": list(plan.notes),
        "positions": [_plain(dataclasses.asdict(each)) for each in plan.positions],
        "cash": _plain(plan.cash),
        "net_delta": [_plain(dataclasses.asdict(each)) for each in plan.deltas],
        "spreads": [_plain(dataclasses.asdict(each)) for each in plan.spreads],
        "accounts": [_plain(dataclasses.asdict(each)) for each in plan.accounts],
        "review": plan.review,
    }


def iso_date(serial: float | None) -> str | None:
    """Return a serial number as an ISO date."""
    return None if serial is None else f"{from_serial(serial):%Y-%m-%d}"


def day_of(serial: float | None) -> dt.datetime | None:
    """Return a serial number as the day that hosts write into a cell, in whatever date system the book has."""
    return None if serial is None else from_serial(float(int(serial)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return NEVER if value > 0 else None
    return value


def plan_rows(plan: Plan) -> list[dict[str, Cell]]:
    """Return the rows of the Plan table: every line, then the check of the money, the trigger and the warnings."""
    rows = [_line_row(line) for line in plan.lines]
    rows.append(
        {
            "Asset": "Money",
            "Action": "CHECK",
            "Amount": abs(round(plan.totals.check, 2)),
            "Fee": plan.totals.fees,
            "Realised gain": plan.totals.realised_gain,
            "Reason": conservation(plan.totals),
            "Side": plan.mark or None,
        }
    )
    rows.append({"Asset": plan.trigger.kind, "Action": "TRIGGER", "Reason": _reasons(plan)})
    rows += [{"Asset": "Warning", "Action": "WARNING", "Reason": warning} for warning in plan.warnings]
    return rows


def _reasons(plan: Plan) -> str:
    """Return why a plan acts, in a cell: of many reasons the first ones, as every line says its own."""
    reasons = list(plan.trigger.reasons)
    if len(reasons) > _REASONS:
        reasons[_REASONS:] = [f"and {len(reasons) - _REASONS} more"]
    return "; ".join(reasons)


def _line_row(line: Line) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "Asset": line.asset,
        "Action": line.action,
        "Amount": line.amount,
        "Quantity": line.quantity,
        "Price": line.price,
        "Fee": line.fee,
        "Weight before": line.weight_before,
        "Weight after": line.weight_after,
        "Realised gain": line.realised_gain,
        "Reason": line.reason,
        "Venue": line.venue or None,
        "To venue": line.to_venue or None,
    }
    if line.futures is not None:
        price = line.futures.liquidation_price
        row["Notional"] = line.futures.notional
        row["Liquidation price"] = NEVER if price is not None and math.isinf(price) else price
        row["Break-even"] = line.futures.break_even
    if line.side:
        row["Side"] = line.side
    return row


def conservation(totals: Totals) -> str:
    """Return where the money came from and where it went, with the difference that must read 0.00."""
    went = (
        f"bought {amount_text(totals.bought)} + margin {amount_text(totals.margin)} + reserve "
        f"{amount_text(totals.reserve)} + fees {amount_text(totals.fees)} + left over {amount_text(totals.left_over)}"
    )
    came = f"sold {amount_text(totals.sold)} + cash used {amount_text(totals.cash_used)}"
    if totals.collateral:
        came += f" + coins moved {amount_text(totals.collateral)}"
    return f"{came} = {went}; difference {amount_text(abs(totals.check))}"


def journal_row(plan: Plan) -> dict[str, Cell]:
    """Return the Journal row of a plan that was written."""
    totals = plan.totals
    return {
        "Date": day_of(plan.as_of),
        "Entry": "PLAN",
        "Trigger": plan.trigger.kind,
        "Value": totals.value,
        "Sold": totals.sold,
        "Bought": totals.bought,
        "Margin": totals.margin,
        "Fees": totals.fees,
        "Left over": totals.left_over,
        "Realised gain": totals.realised_gain,
        "Reason": _reasons(plan),
    }


def plan_sentences(plan: Plan) -> list[str]:
    """Return a plan as plain sentences, for a pipe, a log or a mail."""
    sentences = [f"Trigger {plan.trigger.kind}: {'; '.join(plan.trigger.reasons)}."]
    for line in plan.trades:
        sentences.append(f"{_deed(line)} {line.reason}.")
    if plan.nothing_to_do:
        sentences.append("Nothing to do.")
    sentences += [f"HOLD {line.asset}: {line.reason}." for line in plan.lines if not line.trades]
    sentences.append(conservation(plan.totals).capitalize() + ".")
    sentences += [f"Not placed: {each.asset} {amount_text(each.amount)}: {each.reason}." for each in plan.unresolved]
    sentences += [f"Warning: {warning}." for warning in plan.warnings]
    return sentences


def _deed(line: Line) -> str:
    units = "" if line.quantity is None else f" ({line.quantity:.10g} at {line.price:.10g})"
    weights = ""
    if line.weight_before is not None and line.weight_after is not None:
        weights = f", {percent(line.weight_before)} to {percent(line.weight_after)}"
    gain = f", realised gain {amount_text(line.realised_gain)}" if line.realised_gain is not None else ""
    return f"{line.action} {line.asset} {amount_text(line.amount)}{units}{weights}{gain}:"
