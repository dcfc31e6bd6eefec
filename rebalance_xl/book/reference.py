"""The page on the workbook's tables, settings and the rules of a plan, written from the schema.

``python -m rebalance_xl.book.reference docs/book.md`` writes the page; with ``--check`` it only says whether it is up
to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rebalance_xl.book.schema import DESTINATIONS, SETTINGS, TABLES, Column, Setting, Table

_KINDS = {
    "text": "text",
    "number": "number",
    "amount": "number, 0 or more",
    "price": "number above 0",
    "share": "fraction, 0 or more",
    "fraction": "fraction",
    "flag": "yes or no",
    "lock": "yes, no or a number of units",
    "ratio": "fraction up to 1, or a name",
    "date": "date",
    "frequency": "a word or a number of days",
    "destination": "a word, or the share of the band left, 0 to 1",
}

INTRODUCTION = """\
# The book: tables, settings and the plan

`=TRIM_AMOUNT()` without arguments, the Rebalance button and the commands `rebalance-xl plan`, `record` and `check` read
the same tables and named cells. Names match without regard to case. A table or column that is missing is not used, and
one note says so; a misspelt one is an error that names the right spelling. A blank cell is never a 0. Shares are
fractions (0.05, shown as 5 %); money is in the quote currency.

This page is made from `rebalance_xl/book/schema.py`.
"""

RULES = """\
## How a plan is made

1. **Book value** is spot plus stablecoins plus futures equity (margin and unrealised profit). Weights are shares of it.
2. **Trigger**: EVENT, else THRESHOLD (an unlocked row beyond its band, or an open position with target 0), else TIME
   (the review is due and a row drifted by more than ReviewDrift), else NONE: then nothing is traded and every row says
   why. For Cooldown days after the last EXECUTION in the Journal only events count, and only for the rows they name.
3. **Sells**: rows above their band, rows that an event names, on a review rows over by more than ReviewDrift; never
   locked ones and never a row without a target. A trim ends where TrimTo says; one that would be out of its band again
   once the fees are paid sells that little more. TurnoverCap cuts all sells in proportion.
4. **Futures are closed** when their target is 0, when an EXIT event names them (longs), or as far as a hedge exceeds
   HedgeRatio times the spot that remains.
5. **Money**: stablecoins above their target (without one, above ReserveMax), never below ReserveMin, then the proceeds
   less fees.
   A venue's bonus credit pays its fees first. Money at the venue of a purchase is used before a transfer.
6. **Needs**: rows under their target (BuyScope "breaching": under their band), the reserve below ReserveMin or the
   target of a stable row, margin below a Futures row's target, hedges. Events come first, then Priority, 1 first; ties
   go to the largest shortfall relative to the target. FuturesShare keeps its share of the proceeds for margin: for the
   Futures rows with a target, else for those without one, else in stablecoins.
7. **Orders** are rounded down to the lot. One below the minimum notional or MinTrade is a line that does not trade.
   What cannot be placed is unresolved; what is left stays in stablecoins.
8. **Venues**: a leg where KYC is missing, the product is not traded or the leverage is too high is blocked, money that
   cannot be withdrawn stays where it is, and what either would have paid for says so.
9. **Check**: sold + cash used = bought + margin + reserve + fees + left over; the difference must read 0.00.

A LONG, SHORT or BREAKOUT event raises the margin of the Futures rows of its scope to Level (a share of the book) before
anything else; when money is short, EventFunding takes it from the reserve down to ReserveMin, or from the weakest
holdings (lowest return on their cost) down to the lower edge of their bands.

Gains are before fees: by Lots and LotMethod where the lots of an asset add up to its quantity, else at the average cost
(CostBasis). Liquidation prices take the tiers of the MarginTiers table named by Venue and Symbol, else the shipped
ones; without tiers there is none. Isolated positions count their own margin, cross positions that of all cross
positions at the venue. A break-even price pays both fees and the funding of HoldingDays.

**Record** takes the Plan table as it stands: edit quantities, prices and fees to the real fills first (quantity 0 for
what was not done). The margin of an opening follows its fill, unless Amount is edited too. Record changes Portfolio,
Futures and Lots, sets LastReview, adds a Journal row and empties the Plan table. Venues stays yours: lower Credit
there as the venue spends it on fees, or the next plan counts on it again. A formula is never overwritten, and a
refusal leaves the workbook as it was.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [INTRODUCTION, RULES, "## Tables\n", *map(_table, TABLES.values()), "## Settings (named cells)\n"]
    rows = [[each.name, _kind(each), _default(each), each.help] for each in SETTINGS.values()]
    parts.append(_grid(["Name", "Value", "Blank means", "Meaning"], rows))
    return "\n".join(parts)


def _table(table: Table) -> str:
    rows = [
        [f"**{column.name}**" if column.required else column.name, _kind(column), _default(column), column.help]
        for column in table.columns
    ]
    return f"### {table.name}\n\n{table.help}.\n\n" + _grid(["Column", "Value", "Blank means", "Meaning"], rows)


def _kind(each: Column | Setting) -> str:
    if each.kind == "word":
        return " / ".join(each.words)
    if each.kind == "frequency":
        return " / ".join(each.words) + " / days"
    return _KINDS[each.kind]


def _default(each: Column | Setting) -> str:
    if isinstance(each, Column) and each.required:
        return "required"
    value: Any = each.default
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if each.kind == "destination":
        return next(word for word, share in DESTINATIONS.items() if share == value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _grid(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Write the page, or check it; return the exit code."""
    path = Path(arguments[0])
    if "--check" in arguments:
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if current != page():
            print(f"{path} is stale: run python -m rebalance_xl.book.reference {path}")
            return 1
        return 0
    path.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
