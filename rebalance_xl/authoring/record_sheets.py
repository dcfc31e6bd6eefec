"""Plan, Journal, Events, Prices, Venues and MarginTiers: what is written by the actions, and reference data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rebalance_xl.authoring import example_book, styles
from rebalance_xl.authoring.page import Computed, Page
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.book import schema

_TABLE_TOP: Final = 3


def plan_sheet(workbook: Any, look: Styles, lines: Sequence[Mapping[str, Any]]) -> Page:
    """Add the sheet that the Rebalance button writes."""
    page = Page(workbook, look, "Plan", tab=styles.AMBER[1])
    page.title(
        "Plan",
        "Written by Rebalance; nothing is traded. Set the yellow cells to your real fills before you press Record "
        "execution.",
    )
    page.table(
        schema.PLAN,
        lines,
        _TABLE_TOP,
        widths={"Reason": 108, "Action": 13, "Amount": 12, "Weight before": 10, "Weight after": 10},
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
    )
    last = _TABLE_TOP + 200
    action = [column.name for column in schema.PLAN.columns].index("Action")
    page.colour_words(_TABLE_TOP + 1, action, last, action, schema.PLAN_ACTIONS)
    page.sheet.freeze_panes(_TABLE_TOP + 1, 2)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def journal_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with one row for each plan and each execution."""
    page = Page(workbook, look, "Journal")
    page.title("Journal", "One row for each plan and each recorded execution, with its trigger and reason.")
    money = {column.name: styles.MONEY for column in schema.JOURNAL.columns if column.kind == "number"}
    page.table(schema.JOURNAL, [], _TABLE_TOP, widths={"Reason": 108, "Entry": 13}, formats=money, yours=())
    page.colour_words(_TABLE_TOP + 1, 2, _TABLE_TOP + 200, 2, ("EVENT", "THRESHOLD", "TIME", "NONE"))
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
            f"=BREAKOUT(Prices[{asset}],BreakoutLookback,BreakoutBuffer)",
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
        formats={"SpotFee": "0.000%", "FuturesFee": "0.000%", "MaxLeverage": styles.PLAIN, "Lot": styles.UNITS},
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
