"""The Dashboard: the book at a glance, every figure a formula, three charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from xlsxwriter.utility import xl_range

from rebalance_xl.authoring import book_sheets, example_book, styles
from rebalance_xl.authoring.page import Computed, Page
from rebalance_xl.authoring.styles import Styles

_DAY: Final = 'IF(AsOf="",TODAY(),AsOf)'
_BANDED: Final = "Portfolio[Value],Portfolio[Target],Portfolio[Band]"
_TRIMS: Final = f"TRIM_AMOUNT({_BANDED},TrimTo,BandKind,Total)"
_EVENTS: Final = "Events[Scope],Events[Action],Events[Start],Events[End]"
# Whatever names an asset, its sector or all of them; whether a breakout happened is for the plan to say. A dash
# stands for a blank sector: blank cells at the end of a column would not count as rows.
_SECTOR: Final = 'IF(Portfolio[Sector]="","-",Portfolio[Sector])'
_IN_FORCE: Final = (
    f"SUBSTITUTE(EVENT_ACTION(Portfolio[Asset],{_EVENTS},{_DAY})&EVENT_ACTION({_SECTOR},{_EVENTS},{_DAY})"
    f'&EVENT_ACTION("ALL",{_EVENTS},{_DAY}),"BREAKOUT","")'
)
# What the plan would say: weights are shares of the book, futures included, and a band is what BandKind says, which
# REBALANCE_TRIGGER knows neither of. Rows without a Value or Target have no drift; a locked row does not trigger.
_STILL: Final = '(Portfolio[Value]="")+(Portfolio[Target]="")+(Portfolio[Locked]="yes")+(Portfolio[Locked]=TRUE)>0'
_OUT_OF_BAND: Final = f'SUM(IF({_STILL},0,ABS(TRADE_AMOUNT({_BANDED},"target",BandKind,Total))))>0'
_LARGEST_DRIFT: Final = f'MAX(IF({_STILL},0,ABS(DRIFT(Portfolio[Value],Portfolio[Target],"absolute",Total))))'
_DRIFTED: Final = f'{_LARGEST_DRIFT}>IF(ReviewDrift="",0.05,ReviewDrift)+0.000000001'
_DUE: Final = f'IF(ReviewFrequency="",FALSE,IF(LastReview="",TRUE,REVIEW_DUE(LastReview,ReviewFrequency,{_DAY})))'
_TRIGGER: Final = (
    f'IF(SUM(LEN({_IN_FORCE}))>0,"EVENT",IF({_OUT_OF_BAND},"THRESHOLD",IF({_DRIFTED},IF({_DUE},"TIME","NONE"),"NONE")))'
)
_HALF_BAND: Final = (
    'IF(BandKind="relative",Portfolio[Band]*Portfolio[Target],'
    'IF(BandKind="5/25",IF(Portfolio[Target]<0.2,Portfolio[Target]/4,0.05),Portfolio[Band]))'
)

#: Label, formula, number format, small print of each card across the top.
_CARDS: Final = (
    ("BOOK VALUE", "=Total", styles.WHOLE, "spot, stablecoins, futures equity"),
    (
        "TRIGGER",
        f"={_TRIGGER}",
        styles.GENERAL,
        "what calls for action today",
    ),
    (
        "TO SELL",
        f'=SUM(IF(Portfolio[Kind]="stable",0,{_TRIMS}))',
        styles.WHOLE,
        "trims of the rows out of band",
    ),
    (
        "REALISED GAIN",
        f'=SUM(IF(Portfolio[CostBasis]="",0,REALIZED_GAIN({_TRIMS},Portfolio[Value],Portfolio[CostBasis])))',
        styles.WHOLE,
        "of those trims, at average cost",
    ),
    (
        "RESERVE",
        "=RESERVE_FLAG(Portfolio[Value],Portfolio[Kind],"
        'IF(ReserveMin="",0.05,ReserveMin),IF(ReserveMax="",0.2,ReserveMax),Total)',
        styles.GENERAL,
        "stablecoins against 5 % to 20 %",
    ),
    ("NEXT REVIEW", "=NEXT_REVIEW(LastReview,ReviewFrequency)", styles.DATE, "after the last recorded one"),
    (
        "NEAREST LIQUIDATION",
        "",  # the smallest of the column Distance below
        styles.PERCENT,
        "distance from the mark",
    ),
)
_CARD_COLUMNS: Final = (1, 3, 5, 7, 10, 12, 14)

_ALLOCATION: Final = (
    Computed("Asset", "=Portfolio[Asset]"),
    Computed("Value", "=Portfolio[Value]", styles.MONEY),
    Computed("Weight", "=WEIGHT(Portfolio[Value],Total)", styles.PERCENT),
    Computed("Target", '=IF(Portfolio[Target]="","",Portfolio[Target])', styles.PERCENT),
    Computed("Drift", '=DRIFT(Portfolio[Value],Portfolio[Target],"absolute",Total)', styles.SIGNED_PERCENT),
    Computed("Band -", f"=0-{_HALF_BAND}", styles.SIGNED_PERCENT),
    Computed("Band +", f"={_HALF_BAND}", styles.SIGNED_PERCENT),
    Computed("Flag", f"=DRIFT_FLAG({_BANDED},BandKind,Total)"),
)
_POSITIONS: Final = (
    Computed("Symbol", "=Futures[Symbol]"),
    Computed("Side", "=Futures[Side]"),
    Computed("Spot held", "=SUMIF(Portfolio[Asset],Futures[Asset],Portfolio[Value])", styles.MONEY),
    Computed("Notional", book_sheets.NOTIONAL.formula, styles.MONEY),
    book_sheets.MARGIN,
    Computed("Liquidation price", book_sheets.LIQUIDATION.formula, styles.COMPUTED_PRICE),
    Computed("Distance", book_sheets.DISTANCE.formula, styles.PERCENT),
)

_CHART_TOP: Final = 7
_TABLE_TOP: Final = 22
_CHART_WIDTH: Final = 448
#: Rows that the tables of this sheet may grow to before a chart leaves some out.
_MOST_ROWS: Final = 60
_LEFT: Final = 1
_RIGHT: Final = 10
#: Columns of the two tables that the charts draw.
_DRAWN: Final = frozenset(
    ("Asset", "Weight", "Target", "Drift", "Band -", "Band +", "Symbol", "Spot held", "Notional", "Margin")
)
_DISTANCE: Final = _RIGHT + len(_POSITIONS) - 1


def dashboard_sheet(workbook: Any, look: Styles) -> Page:
    """Add the sheet; it must come first, and its formulas refer to all others."""
    page = Page(workbook, look, "Dashboard", tab=styles.NAVY)
    sheet = page.sheet
    sheet.set_column(0, 0, 2)
    sheet.set_column(1, 8, 12.3)
    sheet.set_column(9, 9, 2)
    sheet.set_column(10, 16, 12.3)
    sheet.set_row(0, 30)
    sheet.write_string(0, 1, "Rebalancer", look.title)
    sheet.write_formula(
        1,
        1,
        # TEXT with "yyyy" means nothing in a German or French Excel.
        '=IF(AsOf="","As of today","As of "&YEAR(AsOf)&"-"&RIGHT("0"&MONTH(AsOf),2)&"-"&RIGHT("0"&DAY(AsOf),2)'
        '&", the day fixed in Settings; clear it there to use today")',
        look.subtitle,
    )
    sheet.insert_button(
        0,
        14,
        {
            "macro": "RebalanceThisBook",
            "caption": "Rebalance",
            "width": 150,
            "height": 30,
            "x_offset": 60,
            "y_offset": 5,
            "description": "Compute the plan and write it to the Plan sheet",
        },
    )
    return page


def fill_dashboard(workbook: Any, page: Page, equity: str, drawn: Mapping[str, Sequence[Any]]) -> None:
    """Write cards, tables and charts once the other sheets exist.

    Parameters
    ----------
    workbook, page
        The workbook and its Dashboard.
    equity
        The cells of the Futures sheet that hold the equity of positions.
    drawn
        The values behind each name of :func:`chart_areas`, as far as they are known.
    """
    _cards(workbook, page, equity)
    look, sheet = page.look, page.sheet
    holdings, positions = len(example_book.PORTFOLIO), len(example_book.FUTURES)
    for column in range(_LEFT, _LEFT + len(_ALLOCATION)):
        sheet.write_string(_TABLE_TOP - 1, column, "Allocation" if column == _LEFT else "", look.section)
    for column in range(_RIGHT, _RIGHT + len(_POSITIONS)):
        sheet.write_string(
            _TABLE_TOP - 1,
            column,
            "Futures (where nothing is open: at the size of the target margin)" if column == _RIGHT else "",
            look.section,
        )
    _block(page, _ALLOCATION, _LEFT, holdings)
    _block(page, _POSITIONS, _RIGHT, positions)
    first, last = _TABLE_TOP + 1, _TABLE_TOP + _MOST_ROWS
    flag = _LEFT + len(_ALLOCATION) - 1
    page.colour_words(first, flag, last, flag, ("TRIM", "ADD", "HOLD", "UNTARGETED"))
    fill, ink = styles.RED
    sheet.conditional_format(
        first,
        _DISTANCE,
        last,
        _DISTANCE,
        {
            "type": "formula",
            "criteria": f"=AND(ISNUMBER($Q{first + 1}),$Q{first + 1}<LiquidationWarning)",
            "format": look(bg_color=fill, font_color=ink, bold=True),
        },
    )
    _charts(workbook, page, drawn)
    sheet.freeze_panes(6, 0)
    sheet.set_zoom(90)
    page.print_setup()
    sheet.print_area(0, 0, _TABLE_TOP + 20, 16)
    sheet.activate()


def _cards(workbook: Any, page: Page, equity: str) -> None:
    look, sheet = page.look, page.sheet
    sheet.set_row(3, 16)
    sheet.set_row(4, 26)
    sheet.set_row(5, 16)
    for column, (label, formula, number_format, note) in zip(_CARD_COLUMNS, _CARDS, strict=True):
        width = 3 if column == _CARD_COLUMNS[-1] else 2
        for offset in range(width):
            edge: dict[str, Any] = {"left": 5, "left_color": styles.TEAL} if offset == 0 else {}
            fill = {"bg_color": styles.MIST} | edge
            small = look(font_color=styles.FAINT, font_size=9, indent=0 if offset else 1, **fill)
            sheet.write_string(3, column + offset, label if offset == 0 else "", look(**_bold_small(fill, offset)))
            sheet.write_string(5, column + offset, note if offset == 0 else "", small)
            big = look(
                bold=True,
                font_size=15,
                font_color=styles.NAVY,
                align="left",
                indent=0 if offset else 1,
                num_format=number_format,
                shrink=True,
                **fill,
            )
            if offset:
                sheet.write_blank(4, column + offset, None, big)
            elif label == "BOOK VALUE":
                sheet.write_formula(4, column, f"=SUM(Portfolio[Value])+SUM({equity})", big)
                workbook.define_name("Total", "=" + page.address(4, column))
            elif formula:
                page.formula(4, column, formula, big)
            else:
                distances = xl_range(_TABLE_TOP + 1, _DISTANCE, _TABLE_TOP + _MOST_ROWS, _DISTANCE)
                # 5, 6: the minimum, without error values; texts such as NEVER do not count anyway.
                sheet.write_formula(4, column, f'=IFERROR(_xlfn.AGGREGATE(5,6,{distances}),"none")', big)
    page.colour_words(4, 3, 4, 3, ("EVENT", "THRESHOLD", "TIME", "NONE"), fill=False)
    page.colour_words(4, 10, 4, 10, ("LOW", "OK", "HIGH"), fill=False)


def _bold_small(fill: dict[str, Any], offset: int) -> dict[str, Any]:
    return {"bold": True, "font_color": styles.SLATE, "font_size": 9, "indent": 0 if offset else 1} | fill


def _block(page: Page, columns: tuple[Computed, ...], left: int, rows: int) -> None:
    page.sheet.set_row(_TABLE_TOP, 32)
    for column, each in enumerate(columns, start=left):
        page.sheet.write_string(_TABLE_TOP, column, each.title, page.look.header(computed=True))
        align = "center" if each.title in ("Flag", "Side") else "left" if column == left else "right"
        style = page.look.computed(each.number_format, align=align, indent=1 if align == "left" else 0)
        page.formula(_TABLE_TOP + 1, column, each.formula, style, rows=rows)


def chart_areas() -> dict[str, tuple[int, int, int]]:
    """Return what the charts show: for each name its column, its first row and its number of rows."""
    areas = {}
    for columns, left, rows in (
        (_ALLOCATION, _LEFT, len(example_book.PORTFOLIO)),
        (_POSITIONS, _RIGHT, len(example_book.FUTURES)),
    ):
        for column, each in enumerate(columns, start=left):
            if each.title in _DRAWN:
                areas[_chart_name(each.title)] = (column, _TABLE_TOP + 1, rows)
    return areas


def _chart_name(title: str) -> str:
    words = title.replace("-", "low").replace("+", "high").split()
    return "Chart" + "".join(word.capitalize() for word in words)


def _charts(workbook: Any, page: Page, drawn: Mapping[str, Sequence[Any]]) -> None:
    """Chart from names that grow with the tables, so that a new row of a table appears in its chart.

    `drawn` are the values behind the names: what is drawn until the names are evaluated, and all that
    programs without such names can draw.
    """
    for name, (column, row, _) in chart_areas().items():
        table = "Portfolio[Asset]" if column < _RIGHT else "Futures[Symbol]"
        cells = page.area(row, column, row + _MOST_ROWS - 1, column)
        first = page.address(row, column)
        workbook.define_name(f"{page.name}!{name}", f"={first}:INDEX({cells},ROWS({table}))")

    def series(title: str, label: str, **look: Any) -> dict[str, Any]:
        values, categories = _chart_name(title), _chart_name(label)
        return {
            "name": title,
            "categories": f"={page.name}!{categories}",
            "values": f"={page.name}!{values}",
            "categories_data": list(drawn.get(categories, [])),
            "values_data": list(drawn.get(values, [])),
        } | look

    weights = _chart(workbook, "Weight against target", "0%")
    for title, colour in (("Weight", styles.TEAL), ("Target", styles.GOLD)):
        weights.add_series(series(title, "Asset", fill={"color": colour}, gap=80, overlap=-5))
    drift = _chart(workbook, "Drift against band", "+0%;-0%;0%")
    drift.add_series(series("Drift", "Asset", fill={"color": styles.SLATE}, gap=80))
    limits = workbook.add_chart({"type": "line"})
    dash = {"type": "long_dash", "size": 14, "fill": {"color": styles.BRICK}, "border": {"none": True}}
    for title in ("Band -", "Band +"):
        limits.add_series(series(title, "Asset", line={"none": True}, marker=dash))
    drift.combine(limits)
    margin = _chart(workbook, "Margin and exposure", "#,##0")
    for title, colour in (("Spot held", styles.TEAL), ("Notional", styles.BRICK), ("Margin", styles.GOLD)):
        margin.add_series(series(title, "Symbol", fill={"color": colour}, gap=120, overlap=-5))
    described = {
        "Columns: weight and target of each asset": weights,
        "Columns: drift of each asset, with marks at the edges of its band": drift,
        "Columns: spot held, futures notional and margin of each symbol": margin,
    }
    for position, (text, chart) in enumerate(described.items()):
        place = {"x_offset": position * (_CHART_WIDTH + 10), "object_position": 2, "description": text}
        page.sheet.insert_chart(_CHART_TOP, _LEFT, chart, place)


def _chart(workbook: Any, title: str, number_format: str) -> Any:
    chart = workbook.add_chart({"type": "column"})
    font = {"name": styles.FONT, "color": styles.SLATE, "size": 9}
    chart.set_title(
        {"name": title, "name_font": {"name": styles.FONT, "size": 12, "color": styles.NAVY}, "overlay": False}
    )
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_x_axis({"num_font": font, "line": {"color": styles.LINE}, "label_position": "low"})
    chart.set_y_axis(
        {
            "num_font": font,
            "num_format": number_format,
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": styles.LINE, "width": 0.75}},
        }
    )
    chart.set_chartarea({"border": {"color": styles.LINE}})
    chart.set_size({"width": _CHART_WIDTH, "height": 310})
    return chart
