"""The page on the workbook's tables, settings and the rules of a plan, written from the schema.

``python -m rebalance_xl.book.reference docs/book.md`` writes the page; with ``--check`` it only says whether it is up
to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rebalance_xl.book.schema import SETTINGS, TABLES, Column, Setting, Table
from rebalance_xl.functions.allocation import DESTINATIONS

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
fractions (0.05, shown as 5 %); money is in the book's currency (Quote).

This page is made from `rebalance_xl/book/schema.py`.
"""

RULES = """\
## How a plan is made

1. **Book value** is spot plus stablecoins plus futures equity (margin and unrealised profit). Weights are shares of
   it. An isolated position is worth 0 at least, and 0 once the mark has passed its liquidation price. What Wallets
   hold beside the margins of their cross positions counts too, except a coin that Portfolio has at the same venue:
   that is the same coin, and counts once. `stress` and `STRESS_TABLE` without tables take the same value.
2. **Assets**: the rows of one asset at several venues are one asset. Target, Band, Priority, Sector and Kind belong
   to it and stand once; weight, drift and trigger are judged on the sum. Locked units count and are never sold. The
   coins that a coin-margined hedge holds as margin are part of the asset.
3. **Who acts**, judged once and before fees. Each row acts on the strongest trigger in force for it: EVENT where an
   event names it, else THRESHOLD (beyond its band, above or below, and its own order can trade), else TIME (a review
   is due and the row is beyond ReviewDrift). A stable row acts only where a Band is typed. Futures act when an EXIT
   event names them, their Target is 0, they expired, their equity is beyond Target and Band, or they are nearer to
   liquidation than MarginTopUp (in a cross account of several positions the move of the whole market counts as well,
   and one top-up is for all). An event that nothing can follow is no trigger. For Cooldown days after the last
   EXECUTION in the Journal only events count.
4. **Trims**: rows above their band, and rows that an event names, come down to where TrimTo says; from the venue
   where the money is needed, then from the largest row. One that would be out of its band again once the fees are
   paid sells that little more. TurnoverCap cuts all trims in proportion.
5. **Futures are closed** when their Target is 0, when an EXIT event names them (longs), when they expired (at the
   mark), or as far as a hedge exceeds HedgeRatio; **reduced** (REDUCE) when their equity is beyond Target and Band.
   A row with a Band that the margin of MarginTopUp would lift beyond it is too large for the margin it may have: it is
   reduced until what is left keeps that distance with the equity that TrimTo says, and gets the margin for that.
   Margin on a row without a position and with Target 0 comes back (RELEASE).
6. **Money**: stablecoins above their target (without one, above ReserveMax), never below ReserveMin, then the
   proceeds less fees; proceeds that lie idle are never counted as reserve. A venue's bonus credit pays its fees
   first. Money at the venue of a purchase is used before a transfer. Margin of a cross position comes from the free
   margin of its account first: the equity beyond the initial margin of what is open; of a single margin coin, linear or
   coin-margined, no more than its wallet holds beside the margins, of a multi-asset account all of it (its coins are
   margin of what is settled in dollars, and none is sold). Margin and profits leave an account as far as they are free,
   the closings of a plan one after the other; a loss beyond the margin is the wallet's.
   Record keeps Wallets[Balance]: what is left over at a venue whose wallet is not in Portfolio stays in the wallet. A
   wallet that holds all that Portfolio has of its coin there follows Portfolio, and such coins top nothing up, as they
   are collateral already; one that holds less is the part that was moved in, and margin that is posted adds to it.
7. **Needs**: debts (a stablecoin below 0) first, then ADD MARGIN, then events, then by Priority: rows under their
   target (BuyScope "breaching": under their band, or beyond ReviewDrift on a review), the reserve below ReserveMin or
   the target of a stable row, margin below a Futures row's Target, hedges. Ties go to the largest shortfall relative
   to the target. FuturesShare keeps its share of the trims' proceeds for margin.
8. **Rows below their band** that still lack money are paid for (FundFrom "overweight") by assets above their target,
   the largest excess first, never below the target, and by nobody whose excess is what fees alone may have left.
   TrimTo is mirrored: the destination below is target less TrimTo times the band. With FundFrom "none" they wait, and
   Scenario B (altcoins trimmed to the midpoint, BTC and a spread funded, ETH told that it gets nothing) needs that
   setting.
9. **Orders** are rounded down to the lot (a payer's up, where it can). One below the minimum notional or MinTrade is
   a line that does not trade. What cannot be placed is unresolved; what is left stays in stablecoins.
10. **Blocked**, never filled in part: an opening beyond the last margin tier, above the tier's or venue's leverage,
    in an expired contract, on a position past its liquidation price or with a negative margin, or one that would be
    liquidated at once; and whatever KYC, products and withdrawals of the venue forbid.
11. **Coins as margin**: the margin of an inverse contract is moved from the coin's row at that venue (CONVERT with To
    venue: a transfer of collateral, no sale), else bought (CONVERT without). A hedge may take every unlocked coin,
    those that the same plan buys included, another position only what stands above the coin's target. A
    hedge pays its fee in the coin. It is sized so that
    the net delta of the asset, coins on the position included, is what HedgeRatio says. Where its leverage is not
    above its ratio (1x for 100 %), a coin bought as margin takes the whole of the hedge that it margins: none is
    bought beyond the asset's target. Coins that the plan buys for a hedge, or that a closing releases, count in what
    the same plan buys or sells of the asset.
12. **Spreads**: two opposite legs that share a Spread are opened with the same coins or not at all; their Target, on
    either leg, is the margin of both. They are reduced by the same coins where the equity of both is beyond Target and
    Band, and closed together by a Target of 0 or an EXIT event; a leg whose other leg cannot be closed stays. LONG,
    SHORT, BREAKOUT and HEDGE events are views on the asset and raise no leg. The plan shows basis, rate a year and,
    where Prices has both symbols, the z-score of the near premium.
13. **Check**: sold + cash used + coins moved = bought + margin + reserve + fees + left over; the difference must be
    0.00.

A LONG, SHORT or BREAKOUT event raises the margin of the Futures rows of its scope to Level (a share of the book)
before anything else, that of a row with a Band no further than its equity may go; when money is short, EventFunding
takes it from the reserve down to ReserveMin, or from the weakest holdings (lowest return on their cost) down to the
lower edge of their bands. ADD MARGIN may use the reserve down to ReserveMin, a debt all of it.

What the contract of these rules leaves open is decided so: the day's LastReview is set by any record on which a
review was due; a targeted asset whose Price is 0 is refused, an untargeted one is worth 0; in a book in USD an
inverse contract counts at its mark, in another currency at the Price of its coin's row; the plan's fees are judged
after who acts, so a row that only the fees of other legs put above MinTrade acts in the next plan.

Once recorded, a book plans to nothing at the same prices, but for what the rules themselves leave to the next plan:
the rest of trims that TurnoverCap or FuturesShare kept back; money that cannot leave its venue, which counts as
reserve from then on; a row that was opened nearer to its liquidation than MarginTopUp allows, or whose cross wallet
lost the margin of a position that was closed, which gets its margin; margin of a row without a position that its
account needed; and crumbs of fees and lots, none above the smallest order of its row.

Gains are before fees: by Lots and LotMethod where the lots of an asset add up to its quantity, else at the average
cost (CostBasis). Liquidation prices take the tiers of the MarginTiers table named by Venue and Symbol, else the
shipped ones; without tiers there is none. Isolated positions count their own margin, cross positions that of their
account. A break-even price pays both fees and the funding of HoldingDays.

## Recording

**Record** takes the Plan table as it stands: edit quantities, prices and fees to the real fills first (quantity 0 for
what was not done). The margin of an opening follows its fill, unless Amount is edited too. Record changes Portfolio,
Futures and Lots (cell by cell: a lot that is sold out keeps its row with quantity 0), adds a row a line to Fills
where that table is there, and a Journal row whose Value is the book's after the fills, and empties the Plan table.
LastReview becomes the day where a review was due; a due review in which nothing trades is recorded as well and starts
no cooldown. Where quantities changed since the plan was written, Record refuses; `record --changed` goes on. Fills
that spend more than there is are refused, naming the amount. Venues stays yours: lower Credit there as the venue
spends it on fees. A formula is never overwritten, and a refusal leaves the workbook as it was.
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
