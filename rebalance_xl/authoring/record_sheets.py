"""Plan, Journal, Events, Prices, Venues and MarginTiers: what is written by the actions, and reference data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rebalance_xl.authoring import example_book, styles
from rebalance_xl.authoring.page import GROWTH, SENTENCE_HEIGHT, Computed, Page
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.book import schema

_TABLE_TOP: Final = 3


def plan_sheet(workbook: Any, look: Styles, lines: Sequence[Mapping[str, Any]]) -> Page:
    """Add the sheet that the Rebalance button writes."""
    page = Page(workbook, look, "Plan", tab=styles.AMBER[1], height=SENTENCE_HEIGHT)
    page.title(
        "Plan",
        "Written by Rebalance; nothing is traded. Set the yellow cells to your real fills before you press Record "
        "execution.",
    )
    page.table(
        schema.PLAN,
        lines,
        _TABLE_TOP,
        widths={
            "Asset": 12,
            "Action": 13,
            "Amount": 11,
            "Quantity": 13.5,
            "Price": 11,
            "Fee": 8,
            "Weight before": 8,
            "Weight after": 8,
            "Realised gain": 10.5,
            "Reason": 60,
            "Venue": 9,
            "To venue": 9,
            "Notional": 11,
            "Liquidation price": 11,
            "Break-even": 11,
            "Side": 13,
        },
        formats={
            "Quantity": styles.UNITS,
            "Price": styles.PRICE,
            "Weight before": styles.PERCENT,
            "Weight after": styles.PERCENT,
            "Realised gain": styles.MONEY,
            "Notional": styles.MONEY,
            "Liquidation price": styles.COMPUTED_PRICE,
            "Break-even": styles.COMPUTED_PRICE,
        },
        yours=("Quantity", "Price", "Fee"),
        wrapped=("Reason",),
    )
    first, last = _TABLE_TOP + 1, _TABLE_TOP + GROWTH
    names = [column.name for column in schema.PLAN.columns]
    action, reason = names.index("Action"), names.index("Reason")
    page.colour_words(first, action, last, action, schema.PLAN_ACTIONS)
    # A warning is a row of its own; its sentence is as loud as its word.
    paper, ink = styles.ORANGE
    rule = {"type": "formula", "criteria": f'=$B{first + 1}="WARNING"'}
    style = look(bg_color=paper, font_color=ink)
    page.sheet.conditional_format(first, reason, last, reason, rule | {"format": style})
    # What Record tells a changed book by is nothing to read.
    side, mark = names.index("Side"), {"type": "formula", "criteria": f'=$B{first + 1}="CHECK"'}
    page.sheet.conditional_format(first, side, last, side, mark | {"format": look(font_color=styles.LINE)})
    page.sheet.freeze_panes(_TABLE_TOP + 1, 2)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def journal_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with one row for each plan and each execution."""
    page = Page(workbook, look, "Journal", height=SENTENCE_HEIGHT)
    page.title("Journal", "One row for each plan and each recorded execution, with its trigger and reason.")
    money = {column.name: styles.MONEY for column in schema.JOURNAL.columns if column.kind == "number"}
    page.table(
        schema.JOURNAL,
        [],
        _TABLE_TOP,
        widths={"Reason": 80, "Entry": 13},
        formats=money,
        yours=(),
        wrapped=("Reason",),
    )
    page.colour_words(_TABLE_TOP + 1, 2, _TABLE_TOP + GROWTH, 2, ("EVENT", "THRESHOLD", "TIME", "NONE"))
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    return page


@dataclass(frozen=True)
class Plain:
    """A sheet that holds one table of the book and nothing else.

    Parameters
    ----------
    table, title, subtitle
        The table, the sheet's title and the line under it.
    options
        What :meth:`Page.table` takes beside it.
    """

    table: schema.Table
    title: str
    subtitle: str
    options: Mapping[str, Any]


#: Kept by whoever needs them: an empty table is not read.
PLAIN_SHEETS: Final = {
    each.table.name: each
    for each in (
        Plain(
            schema.WALLETS,
            "Wallets",
            "Collateral in derivatives accounts, one row an account and coin. Needed for cross margin only.",
            {"formats": {"Balance": styles.UNITS, "Loan": styles.UNITS, "Equity": styles.MONEY}},
        ),
        Plain(
            schema.COLLATERAL_TIERS,
            "Collateral tiers",
            "Which share of a coin your venue counts as collateral. Needed for accounts of several coins only.",
            {"widths": {"Source": 50}, "formats": {"From": "#,##0", "To": "#,##0"}},
        ),
        Plain(
            schema.LOTS,
            "Lots",
            "What was bought when and for how much, for FIFO, LIFO and HIFO. Record keeps it; empty: average cost.",
            {"widths": {"Date": 13, "Quantity": 14, "Price": 14}}
            | {"formats": {"Quantity": styles.UNITS, "Price": styles.PRICE}},
        ),
        Plain(
            schema.CASH_FLOWS_TABLE,
            "Cash flows",
            "Money that came or went without a trade, for the return of the book. Into the book is positive.",
            {"widths": {"Kind": 14, "Note": 50, "Amount": 14}, "formats": {"Amount": styles.MONEY}},
        ),
        Plain(
            schema.FILLS,
            "Fills",
            "What was executed: Record adds a row for every line of the plan.",
            {"yours": (), "widths": {"Action": 14, "To venue": 12}}
            | {"formats": {"Quantity": styles.UNITS, "Price": styles.PRICE, "Realised gain": styles.MONEY}},
        ),
    )
}


def plain_sheet(workbook: Any, look: Styles, name: str) -> Page:
    """Add the sheet of one of :data:`PLAIN_SHEETS`."""
    made = PLAIN_SHEETS[name]
    page = Page(workbook, look, name)
    page.title(made.title, made.subtitle)
    page.table(made.table, [], _TABLE_TOP, **made.options)
    if name == "Fills":
        page.colour_words(_TABLE_TOP + 1, 2, _TABLE_TOP + GROWTH, 2, schema.FILL_ACTIONS)
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def events_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with fundamental and technical events."""
    page = Page(workbook, look, "Events")
    page.title("Events", "A regulatory crackdown, a listing, a breakout: what they name is acted on at once.")
    page.table(schema.EVENTS, example_book.EVENTS, _TABLE_TOP, widths={"Scope": 18, "Note": 60, "Action": 13})
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def prices_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with the price history, one column an asset."""
    page = Page(workbook, look, "Prices")
    page.title(
        "Prices", "Daily closes, oldest first, one column an asset; breakouts are judged on them. Invented figures."
    )
    rows = example_book.prices()
    assets = [name for name in rows[0] if name != "Date"]
    closes = tuple(schema.Column(name, "price", f"Close of {name}") for name in assets)
    page.table(schema.PRICES, rows, _TABLE_TOP, columns=(*schema.PRICES.columns, *closes))
    left = len(assets) + 2
    page.sheet.set_column(left - 1, left - 1, 2)
    page.sheet.set_column(left, left, 18)
    page.sheet.set_column(left + 1, left + 2, 12)
    headers = ("Breakout", "Signal")
    for offset, text in enumerate(headers):
        page.sheet.write_string(_TABLE_TOP, left + offset, text, look.header(computed=True))
    for offset, asset in enumerate(assets, start=1):
        page.sheet.write_string(_TABLE_TOP + offset, left, asset, look.computed(indent=1))
        page.formula(
            _TABLE_TOP + offset,
            left + 1,
            f'=IF(COUNT(Prices[{asset}])=0,"",BREAKOUT(Prices[{asset}],BreakoutLookback,BreakoutBuffer))',
            look.computed(align="center"),
        )
    page.colour_words(_TABLE_TOP + 1, left + 1, _TABLE_TOP + len(assets), left + 1, ("UP", "DOWN", "NONE"))
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(portrait=True, repeat=_TABLE_TOP)
    return page


def venues_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with each venue's terms."""
    page = Page(workbook, look, "Venues")
    page.title(
        "Venues",
        "Your own terms: fees after discounts, bonus credit, verification. Fees start at 0; enter yours.",
    )
    page.table(
        schema.VENUES,
        example_book.VENUES,
        _TABLE_TOP,
        widths={"Withdrawals": 13, "WithdrawalFee": 15},
        formats={"SpotFee": "0.000%", "FuturesFee": "0.000%", "MaxLeverage": styles.PLAIN, "Lot": styles.UNITS}
        | {"Trigger": styles.PLAIN},
        folded=("AccountMode", "Trigger"),
    )
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def margin_tiers_sheet(workbook: Any, look: Styles, tiers: Sequence[Mapping[str, Any]]) -> Page:
    """Add the sheet whose tiers override the shipped ones."""
    page = Page(workbook, look, "MarginTiers")
    page.title(
        "Margin tiers",
        "Rows here go before the tables that come with Rebalancer. Check them against your venue: they change.",
    )
    page.table(
        schema.MARGIN_TIERS,
        tiers,
        _TABLE_TOP,
        widths={"Source": 60, "MaxLeverage": 13, "Cap": 15, "Floor": 15},
        formats={"Rate": "0.00%", "MaxLeverage": styles.PLAIN, "Floor": "#,##0", "Cap": "#,##0", "Amount": "#,##0"},
    )
    left = len(schema.MARGIN_TIERS.columns) + 1
    figures = (
        Computed(
            "Margin at the cap",
            '=MAINTENANCE_MARGIN(MarginTiers[Cap],MarginTiers[Venue]&":"&MarginTiers[Symbol])',
            "#,##0",
            "Maintenance margin of a position as large as the tier allows",
            13,
        ),
    )
    page.computed(figures, _TABLE_TOP, left, max(1, len(tiers)))
    page.sheet.freeze_panes(_TABLE_TOP + 1, 2)
    page.print_setup(repeat=_TABLE_TOP)
    return page
