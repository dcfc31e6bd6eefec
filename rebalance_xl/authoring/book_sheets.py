"""Portfolio, Futures and Settings: where the user's own figures go, with what follows from them beside."""

from __future__ import annotations

from typing import Any, Final

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from rebalance_xl.authoring import example_book, styles
from rebalance_xl.authoring.page import GROWTH, SENTENCE_HEIGHT, Computed, Page, validate
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.book import schema

_TABLE_TOP: Final = 3
#: What a first book needs; every other column stands at the end of its table, folded.
_PORTFOLIO_SHOWN: Final = (
    "Asset",
    "Sector",
    "Kind",
    "Venue",
    "Quantity",
    "Price",
    "Value",
    "CostBasis",
    "Target",
    "Band",
    "Locked",
)
_FUTURES_SHOWN: Final = (
    "Symbol",
    "Asset",
    "Venue",
    "Side",
    "Contract",
    "MarginMode",
    "Quantity",
    "EntryPrice",
    "MarkPrice",
    "Leverage",
    "Margin",
    "Target",
    "HedgeRatio",
    "FundingRate",
)


def _folded(table: schema.Table, shown: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.name not in shown)


_PORTFOLIO_FOLDED: Final = _folded(schema.PORTFOLIO, _PORTFOLIO_SHOWN)
_FUTURES_FOLDED: Final = _folded(schema.FUTURES, _FUTURES_SHOWN)
_PORTFOLIO_COLUMNS: Final = tuple(map(schema.PORTFOLIO.column, (*_PORTFOLIO_SHOWN, *_PORTFOLIO_FOLDED)))
_FUTURES_COLUMNS: Final = tuple(map(schema.FUTURES.column, (*_FUTURES_SHOWN, *_FUTURES_FOLDED)))


def _figure_of_plan(title: str, number_format: str = styles.GENERAL, help: str = "", width: float = 11) -> Computed:
    """Return a column that shows a figure of the book's own plan, by the name of the figure."""
    return Computed(title, f'=PLAN_FIGURES("{title}")', number_format, help, width)


PORTFOLIO_FIGURES: Final = (
    _figure_of_plan("Weight", styles.PERCENT, "Value / book value", 9),
    _figure_of_plan("Drift", styles.SIGNED_PERCENT, "Weight of the asset - target, in points", 9),
    _figure_of_plan("Flag", help="TRIM or ADD where the plan acts on the asset", width=14),
    _figure_of_plan("Trim", styles.MONEY, "Money of this row that the plan sells"),
    _figure_of_plan("Buy", styles.MONEY, "Money that the plan puts into this row"),
    _figure_of_plan("Short of target", styles.MONEY, "Money that would bring the asset to its target"),
    _figure_of_plan(
        "Realised gain", styles.MONEY, "Gain that the sale realises, by lots or cost; blank where the cost is not known"
    ),
    _figure_of_plan("Reason", help="Why, in words", width=66),
)

EQUITY: Final = _figure_of_plan("Equity", styles.MONEY, "Margin + unrealised PnL, in money; part of the book value")
MARGIN_WANTED: Final = _figure_of_plan("Margin at target", styles.MONEY, "Target x book value", 12)
SIZE: Final = _figure_of_plan(
    "Size", styles.UNITS, "The open size; where nothing is open, the size at the target margin"
)
NOTIONAL: Final = _figure_of_plan("Notional", styles.MONEY, "Size at the mark, in money")
LIQUIDATION: Final = _figure_of_plan(
    "Liquidation price",
    styles.COMPUTED_PRICE,
    "Of that size, as the plan prints it: margin posted, margin mode, the account's wallet, the venue's fee",
    12,
)
DISTANCE: Final = _figure_of_plan(
    "Distance", styles.PERCENT, "How far the mark is from liquidation; 0 once it has passed that price"
)
MARGIN: Final = _figure_of_plan(
    "Margin in money", styles.MONEY, "Margin in money: posted, or at the target where nothing is open"
)
FUNDING_DAY: Final = _figure_of_plan(
    "Funding a day", "#,##0.00", "Paid (+) or received (-) for holding that size one day"
)
FUNDING_YEAR: Final = _figure_of_plan(
    "Funding a year", styles.PERCENT, "The present rate over a year, simple; positive: longs pay"
)
ESTIMATE: Final = _figure_of_plan(
    "Estimate",
    help="Why the liquidation price is an estimate, with the age of its tiers; blank where it is none",
    width=40,
)
FUTURES_FIGURES: Final = (
    EQUITY,
    MARGIN_WANTED,
    SIZE,
    NOTIONAL,
    LIQUIDATION,
    DISTANCE,
    FUNDING_DAY,
    FUNDING_YEAR,
    MARGIN,
    ESTIMATE,
)

#: Narrow enough for one page of legible text.
_PORTFOLIO_WIDTHS: Final = {
    "Weight": 7,
    "Drift": 7.5,
    "Flag": 11.5,
    "Trim": 9.5,
    "Buy": 9.5,
    "Short of target": 9.5,
    "Realised gain": 9.5,
    "Reason": 42,
}
_FUTURES_WIDTHS: Final = {each.title: 40 if each is ESTIMATE else 9.7 for each in FUTURES_FIGURES}

_SETTING_GROUPS: Final = (
    ("Review and triggers", ("ReviewFrequency", "LastReview", "AsOf", "ReviewDrift", "Cooldown")),
    ("Selling", ("BandKind", "TrimTo", "LotMethod", "TurnoverCap")),
    ("Putting money to work", ("BuyScope", "DeployMethod", "FundFrom", "FuturesShare", "MinTrade", "Quote")),
    ("Reserve in stablecoins", ("ReserveMin", "ReserveMax")),
    ("Futures and warnings", ("LiquidationWarning", "MarginTopUp", "FundingWarning", "HoldingDays")),
    ("Events and breakouts", ("EventFunding", "BreakoutLookback", "BreakoutBuffer")),
)


def portfolio_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with the spot holdings; every amount beside the table is a worksheet function."""
    page = Page(workbook, look, "Portfolio", tab=styles.TEAL, height=SENTENCE_HEIGHT + 13)
    page.title(
        "Portfolio",
        "Spot holdings and stablecoins. Yellow cells are yours; grey cells are computed. "
        "The + above opens more columns: priority, lots, where a price was read.",
    )
    page.table(
        schema.PORTFOLIO,
        example_book.PORTFOLIO,
        _TABLE_TOP,
        columns=_PORTFOLIO_COLUMNS,
        formulas={"Value": "=Portfolio[[#This Row],[Quantity]]*Portfolio[[#This Row],[Price]]"},
        widths={"Asset": 10, "Sector": 14, "Kind": 7.5, "Venue": 9.5, "Quantity": 13, "Price": 11, "Value": 12}
        | {"CostBasis": 12, "Target": 7.5, "Band": 7, "Locked": 7.5, "Priority": 9},
        formats={"Quantity": styles.UNITS, "Price": styles.PRICE, "Value": styles.MONEY},
        folded=_PORTFOLIO_FOLDED,
    )
    left = _beside(_PORTFOLIO_COLUMNS)
    page.computed(
        PORTFOLIO_FIGURES, _TABLE_TOP, left, len(example_book.PORTFOLIO), folded=True, widths=_PORTFOLIO_WIDTHS
    )
    flag = left + [each.title for each in PORTFOLIO_FIGURES].index("Flag")
    last = _TABLE_TOP + GROWTH
    page.colour_words(_TABLE_TOP + 1, flag, last, flag, ("TRIM", "ADD", "HOLD", "UNTARGETED"))
    page.sheet.conditional_format(
        _TABLE_TOP + 1,
        left,
        last,
        left,
        {"type": "data_bar", "bar_color": "#9CC9C6", "bar_solid": True, "min_type": "num", "min_value": 0}
        | {"max_type": "num", "max_value": 1},
    )
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def futures_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with futures positions, open or wanted."""
    page = Page(workbook, look, "Futures", tab=styles.TEAL, height=28)
    page.title(
        "Futures",
        "Positions that are open, or wanted (Quantity 0 and a Target). Grey figures judge the open size, "
        "or the size at the target. The + above opens more columns: expiry, lots, spreads, coin margin.",
    )
    page.table(
        schema.FUTURES,
        example_book.FUTURES,
        _TABLE_TOP,
        columns=_FUTURES_COLUMNS,
        widths={"Symbol": 12.5, "Asset": 8, "Venue": 9, "Side": 6.5, "Contract": 8.5, "MarginMode": 11.5, "Target": 7.5}
        | {"Quantity": 10.5, "EntryPrice": 10.5, "MarkPrice": 10.5, "Leverage": 9, "Margin": 10.5, "HedgeRatio": 11}
        | {"FundingRate": 12},
        formats={
            "Quantity": styles.UNITS,
            "Leverage": styles.PLAIN,
            "Margin": styles.PRICE,
            "FundingHours": styles.PLAIN,
            "ContractSize": styles.PLAIN,
        },
        folded=_FUTURES_FOLDED,
    )
    left = _beside(_FUTURES_COLUMNS)
    page.computed(
        FUTURES_FIGURES, _TABLE_TOP, left, max(1, len(example_book.FUTURES)), folded=True, widths=_FUTURES_WIDTHS
    )
    warn_near(page, _TABLE_TOP + 1, left + FUTURES_FIGURES.index(DISTANCE), _TABLE_TOP + GROWTH)
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    # The table, and beside it what is computed, which would be too small on one page.
    page.sheet.fit_to_pages(2, 0)
    page.sheet.repeat_columns(0)
    return page


def warn_near(page: Page, row: int, column: int, last: int, *, fill: bool = True) -> None:
    """Show a distance to liquidation that is below the setting LiquidationWarning as a warning."""
    cell = xl_rowcol_to_cell(row, column)
    paper, ink = styles.RED
    style = page.look(font_color=ink, bold=True, **({"bg_color": paper} if fill else {}))
    rule = {"type": "formula", "criteria": f"=AND(ISNUMBER({cell}),{cell}<LiquidationWarning)", "format": style}
    page.sheet.conditional_format(row, column, last, column, rule)


def _beside(columns: tuple[schema.Column, ...]) -> int:
    return len(columns) + 1


def portfolio_figure(title: str) -> str:
    """Return the cells of a computed column of the sheet Portfolio, as far down as the table may grow."""
    return _figure("Portfolio", _PORTFOLIO_COLUMNS, PORTFOLIO_FIGURES, title)


def futures_figure(title: str) -> str:
    """Return the cells of a computed column of the sheet Futures, as far down as the table may grow."""
    return _figure("Futures", _FUTURES_COLUMNS, FUTURES_FIGURES, title)


def _figure(sheet: str, columns: tuple[schema.Column, ...], figures: tuple[Computed, ...], title: str) -> str:
    column = _beside(columns) + [each.title for each in figures].index(title)
    return f"{sheet}!{xl_range_abs(_TABLE_TOP + 1, column, _TABLE_TOP + GROWTH, column)}"


def settings_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet with the named settings, grouped by what they decide."""
    page = Page(workbook, look, "Settings", tab=styles.TEAL)
    page.title("Settings", "How this book is rebalanced. A blank cell means the default in the last column.")
    sheet = page.sheet
    for column, width in enumerate((28, 16, 74, 16)):
        sheet.set_column(column, column, width)
    row = 2
    for group, names in _SETTING_GROUPS:
        row += 1
        for column, text in enumerate((group, "Value", "Meaning", "When blank")):
            sheet.write_string(row, column, text, _heading(look, column))
        for name in names:
            row += 1
            setting = schema.SETTINGS[name]
            _setting(page, row, setting)
            workbook.define_name(name, "=" + page.address(row, 1))
        row += 1
    sheet.freeze_panes(3, 0)
    page.print_setup(portrait=True)
    return page


def _heading(look: Styles, column: int) -> Any:
    return look.section_indented if column == 2 else look.section_right if column else look.section


def _setting(page: Page, row: int, setting: schema.Setting) -> None:
    look, sheet = page.look, page.sheet
    number_format = styles.BY_KIND.get(setting.kind, styles.GENERAL)
    if setting.name in ("Cooldown", "HoldingDays", "BreakoutLookback"):
        number_format = "0"
    style = look.input(number_format, align="right")
    sheet.write_string(row, 0, setting.name, look())
    page.put(row, 1, example_book.SETTINGS.get(setting.name), style)
    meaning = setting.help
    if setting.words and setting.words[0] not in meaning:
        meaning += ": " + ", ".join(setting.words)
    sheet.write_string(row, 2, meaning, look(font_color=styles.SLATE, indent=1))
    default = setting.default
    if setting.name == "AsOf":
        text = "today"
    elif setting.kind == "destination":
        text = "target"
    elif default is None:
        text = "not used"
    elif setting.kind == "share":
        text = f"{default:.0%}"
    else:
        text = f"{default:g}" if isinstance(default, float) else str(default)
    sheet.write_string(row, 3, text, look(font_color=styles.FAINT, align="right"))
    validate(sheet, setting, row, 1, row)
