"""Portfolio, Futures and Settings: where the user's own figures go, with what follows from them beside."""

from __future__ import annotations

from typing import Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell

from rebalance_xl.authoring import example_book, styles
from rebalance_xl.authoring.page import Computed, Page, validate
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.book import schema

_TABLE_TOP: Final = 3
_PORTFOLIO_COLUMNS: Final = schema.PORTFOLIO.columns[:12]
_FUTURES_COLUMNS: Final = schema.FUTURES.columns[:16]

_WEIGHED: Final = "Portfolio[Value],Portfolio[Target]"
_BANDED: Final = f"{_WEIGHED},Portfolio[Band]"

PORTFOLIO_FIGURES: Final = (
    Computed("Weight", "=WEIGHT(Portfolio[Value],Total)", styles.PERCENT, "Value / book value"),
    Computed(
        "Drift",
        f'=DRIFT({_WEIGHED},"absolute",Total)',
        styles.SIGNED_PERCENT,
        "Weight - target, in points",
    ),
    Computed("Flag", f"=DRIFT_FLAG({_BANDED},BandKind,Total)", help="TRIM or ADD where the band is exceeded"),
    Computed(
        "Trim",
        f"=TRIM_AMOUNT({_BANDED},TrimTo,BandKind,Total)",
        styles.MONEY,
        "Money to sell; 0 inside the band",
    ),
    Computed(
        "Short of target",
        f'=ADD_AMOUNT({_WEIGHED},0,"target","absolute",Total)',
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
    Computed("Reason", f"=REBALANCE_REASON({_BANDED},TrimTo,BandKind,Total)", help="Why, in words", width=112),
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
    f"=(Futures[Margin]+{_PNL})*{_MONEY_OF_MARGIN}",
    styles.MONEY,
    "Margin + unrealised PnL, in money; part of the book value",
)
MARGIN_WANTED: Final = Computed("Margin at target", "=Futures[Target]*Total", styles.MONEY, "Target x book value", 12)
SIZE: Final = Computed(
    "Size", f"={_SIZE}", styles.UNITS, "The open size; where nothing is open, the size at the target margin"
)
NOTIONAL: Final = Computed("Notional", f"={_SIZE}*{_UNIT_VALUE}", styles.MONEY, "Size at the mark, in money")
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
    f"=IF({_OPEN},Futures[Margin]*{_MONEY_OF_MARGIN},Futures[Target]*Total)",
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
    f"=FUNDING_APR(Futures[FundingRate],{_FUNDING_HOURS})",
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
)

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
    page = Page(workbook, look, "Portfolio", tab=styles.TEAL)
    page.title("Portfolio", "Spot holdings and stablecoins. Yellow cells are yours; grey cells are computed.")
    page.table(
        schema.PORTFOLIO,
        example_book.PORTFOLIO,
        _TABLE_TOP,
        columns=_PORTFOLIO_COLUMNS,
        formulas={"Value": "=Portfolio[[#This Row],[Quantity]]*Portfolio[[#This Row],[Price]]"},
        widths={"Asset": 10, "Sector": 17, "Kind": 9, "Target": 9, "Band": 9, "Priority": 9},
        formats={"Quantity": styles.UNITS},
    )
    left = len(_PORTFOLIO_COLUMNS) + 1
    rows = len(example_book.PORTFOLIO)
    page.computed(PORTFOLIO_FIGURES, _TABLE_TOP, left, rows)
    flag = left + [each.title for each in PORTFOLIO_FIGURES].index("Flag")
    page.colour_words(_TABLE_TOP + 1, flag, _TABLE_TOP + 200, flag, ("TRIM", "ADD", "HOLD", "UNTARGETED"))
    page.sheet.conditional_format(
        _TABLE_TOP + 1,
        left,
        _TABLE_TOP + 200,
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
        "or the size at the target.",
    )
    page.table(
        schema.FUTURES,
        example_book.FUTURES,
        _TABLE_TOP,
        columns=_FUTURES_COLUMNS,
        widths={"Asset": 9, "Venue": 11, "Side": 8, "Contract": 10, "Leverage": 10, "Margin": 10, "Target": 9},
        formats={"Quantity": styles.UNITS, "Leverage": styles.PLAIN, "FundingHours": styles.PLAIN},
    )
    left = len(_FUTURES_COLUMNS) + 1
    page.computed(FUTURES_FIGURES, _TABLE_TOP, left, len(example_book.FUTURES))
    distance = left + FUTURES_FIGURES.index(DISTANCE)
    first = xl_rowcol_to_cell(_TABLE_TOP + 1, distance)
    fill, ink = styles.RED
    page.sheet.conditional_format(
        _TABLE_TOP + 1,
        distance,
        _TABLE_TOP + 200,
        distance,
        {
            "type": "formula",
            "criteria": f"=AND(ISNUMBER({first}),{first}<LiquidationWarning)",
            "format": look(bg_color=fill, font_color=ink, bold=True),
        },
    )
    page.sheet.freeze_panes(_TABLE_TOP + 1, 1)
    page.print_setup(repeat=_TABLE_TOP)
    return page


def equity_area(page: Page) -> str:
    """Return the cells that may hold the equity of futures rows."""
    column = len(_FUTURES_COLUMNS) + 1 + FUTURES_FIGURES.index(EQUITY)
    return page.area(_TABLE_TOP + 1, column, _TABLE_TOP + 200, column)


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
            sheet.write_string(row, column, text, look.section if column in (0, 2) else look.section_right)
        for name in names:
            row += 1
            setting = schema.SETTINGS[name]
            _setting(page, row, setting)
            workbook.define_name(name, "=" + page.address(row, 1))
        row += 1
    sheet.freeze_panes(3, 0)
    page.print_setup(portrait=True)
    return page


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
