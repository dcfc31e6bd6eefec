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

_WEIGHED: Final = "Portfolio[Value],Portfolio[Target]"
_BANDED: Final = f"{_WEIGHED},Portfolio[Band]"


def _in_row(table: schema.Table, formula: str) -> str:
    """Return a formula that leaves the row of a table blank whose first column is blank, as in an empty book."""
    return f'=IF({table.name}[{table.columns[0].name}]="","",{formula})'


PORTFOLIO_FIGURES: Final = (
    Computed(
        "Weight", _in_row(schema.PORTFOLIO, "WEIGHT(Portfolio[Value],Total)"), styles.PERCENT, "Value / book value", 9
    ),
    Computed(
        "Drift",
        _in_row(schema.PORTFOLIO, f'DRIFT({_WEIGHED},"absolute",Total)'),
        styles.SIGNED_PERCENT,
        "Weight - target, in points",
        9,
    ),
    Computed(
        "Flag",
        _in_row(schema.PORTFOLIO, f"DRIFT_FLAG({_BANDED},BandKind,Total)"),
        help="TRIM or ADD where the band is exceeded",
        width=14,
    ),
    Computed(
        "Trim",
        _in_row(schema.PORTFOLIO, f"TRIM_AMOUNT({_BANDED},TrimTo,BandKind,Total)"),
        styles.MONEY,
        "Money to sell; 0 inside the band",
    ),
    Computed(
        "Short of target",
        _in_row(schema.PORTFOLIO, f'ADD_AMOUNT({_WEIGHED},0,"target","absolute",Total)'),
        styles.MONEY,
        "Money that would bring it to its target",
    ),
    Computed(
        "Realised gain",
        f'=IF(Portfolio[CostBasis]="","",REALIZED_GAIN(TRIM_AMOUNT({_BANDED},TrimTo,BandKind,Total),'
        "Portfolio[Value],Portfolio[CostBasis]))",
        styles.MONEY,
        "Gain that the trim realises, at average cost; blank where the cost is not known",
    ),
    Computed(
        "Reason",
        _in_row(schema.PORTFOLIO, f"REBALANCE_REASON({_BANDED},TrimTo,BandKind,Total)"),
        help="Why, in words",
        width=66,
    ),
)

_UNIT_VALUE: Final = 'IF(Futures[Contract]="inverse",1,Futures[MarkPrice])'
_MONEY_OF_MARGIN: Final = 'IF(Futures[Contract]="inverse",Futures[MarkPrice],1)'
_OPEN: Final = "Futures[Quantity]>0"
_LEVERAGE: Final = 'IF(Futures[Leverage]="",1,Futures[Leverage])'
_FUNDING_HOURS: Final = 'IF(Futures[FundingHours]="",8,Futures[FundingHours])'
_SIZE: Final = f"IF({_OPEN},Futures[Quantity],MARGIN_NOTIONAL(Futures[Target]*Total,{_LEVERAGE})/{_UNIT_VALUE})"
_ENTRY: Final = f"IF({_OPEN},Futures[EntryPrice],Futures[MarkPrice])"
_LIQUIDATION: Final = (
    f"LIQUIDATION_PRICE(Futures[Side],{_SIZE},{_ENTRY},{_LEVERAGE},"
    'Futures[Venue]&":"&Futures[Symbol],Futures[Contract],Futures[Venue])'
)
# Where the mark has passed the price there is no room left, not the room by which it has passed.
_NOT_PASSED: Final = (
    f'IF(ISNUMBER({_LIQUIDATION}),IF((Futures[Side]="short")+(Futures[Side]="sell")>0,'
    f"IF({_LIQUIDATION}>Futures[MarkPrice],{_LIQUIDATION},Futures[MarkPrice]),"
    f"IF({_LIQUIDATION}<Futures[MarkPrice],{_LIQUIDATION},Futures[MarkPrice])),{_LIQUIDATION})"
)
_HAS_SIZE: Final = "(Futures[Quantity]>0)+(Futures[Target]>0)"
_PNL: Final = (
    f"IF({_OPEN},FUTURES_PNL(Futures[Side],Futures[Quantity],{_ENTRY},Futures[MarkPrice],Futures[Contract]),0)"
)

EQUITY: Final = Computed(
    "Equity",
    _in_row(schema.FUTURES, f"(Futures[Margin]+{_PNL})*{_MONEY_OF_MARGIN}"),
    styles.MONEY,
    "Margin + unrealised PnL, in money; part of the book value",
)
MARGIN_WANTED: Final = Computed(
    "Margin at target", _in_row(schema.FUTURES, "Futures[Target]*Total"), styles.MONEY, "Target x book value", 12
)
SIZE: Final = Computed(
    "Size",
    _in_row(schema.FUTURES, _SIZE),
    styles.UNITS,
    "The open size; where nothing is open, the size at the target margin",
)
NOTIONAL: Final = Computed(
    "Notional", _in_row(schema.FUTURES, f"{_SIZE}*{_UNIT_VALUE}"), styles.MONEY, "Size at the mark, in money"
)
LIQUIDATION: Final = Computed(
    "Liquidation price",
    f'=IF({_HAS_SIZE},{_LIQUIDATION},"")',
    styles.COMPUTED_PRICE,
    "Of that size, as an isolated position; for cross margin see CROSS_LIQUIDATION_PRICE",
    12,
)
DISTANCE: Final = Computed(
    "Distance",
    f'=IF({_HAS_SIZE},LIQUIDATION_DISTANCE({_NOT_PASSED},Futures[MarkPrice]),"")',
    styles.PERCENT,
    "How far the mark is from liquidation; 0 once it has passed that price",
)
MARGIN: Final = Computed(
    "Margin",
    _in_row(schema.FUTURES, f"IF({_OPEN},Futures[Margin]*{_MONEY_OF_MARGIN},Futures[Target]*Total)"),
    styles.MONEY,
    "Margin in money: posted, or at the target where nothing is open",
)
FUNDING_DAY: Final = Computed(
    "Funding a day",
    f'=IF(Futures[FundingRate]="","",FUNDING_COST(Futures[Side],{_SIZE}*{_UNIT_VALUE},Futures[FundingRate],1,'
    f"{_FUNDING_HOURS}))",
    "#,##0.00",
    "Paid (+) or received (-) for holding that size one day",
)
FUNDING_YEAR: Final = Computed(
    "Funding a year",
    _in_row(schema.FUTURES, f"FUNDING_APR(Futures[FundingRate],{_FUNDING_HOURS})"),
    styles.PERCENT,
    "The present rate over a year, simple; positive: longs pay",
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
)

#: Narrow enough for one page of legible text.
_PORTFOLIO_WIDTHS: Final = {
    "Weight": 8,
    "Drift": 8,
    "Flag": 12,
    "Trim": 10.5,
    "Short of target": 10.5,
    "Realised gain": 10.5,
    "Reason": 44,
}

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
    page = Page(workbook, look, "Portfolio", tab=styles.TEAL, height=SENTENCE_HEIGHT)
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
        widths={"Asset": 10, "Sector": 15, "Kind": 7.5, "Venue": 9.5, "Quantity": 13, "Price": 11, "Value": 12}
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
    page = Page(workbook, look, "Futures", tab=styles.TEAL)
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
        widths={"Asset": 9, "Venue": 10, "Side": 8, "Contract": 9, "Leverage": 9, "Margin": 11, "Target": 9},
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
    page.computed(FUTURES_FIGURES, _TABLE_TOP, left, max(1, len(example_book.FUTURES)), folded=True)
    warn_near(page, _TABLE_TOP + 1, left + FUTURES_FIGURES.index(DISTANCE), _TABLE_TOP + GROWTH)
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
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
