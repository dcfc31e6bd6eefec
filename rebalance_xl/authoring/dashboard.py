"""The Dashboard: the book at a glance, every figure a formula, three charts.

Its two tables show the largest rows and one row for all others, and so do the charts: the sheet keeps its size and its
one printed page whether the book has four assets or two hundred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell

from rebalance_xl.authoring import book_sheets, example_book, styles
from rebalance_xl.authoring.page import Page
from rebalance_xl.authoring.styles import Styles

_HALF_BAND: Final = (
    'IF(BandKind="relative",Portfolio[Band]*Portfolio[Target],'
    'IF(BandKind="5/25",IF(Portfolio[Target]<0.2,Portfolio[Target]/4,0.05),Portfolio[Band]))'
)

_NEAREST: Final = book_sheets.futures_figure("Distance")

#: Label, the plan's figure, number format, small print of each card across the top.
_CARDS: Final = (
    ("BOOK VALUE", "Book value", styles.WHOLE, "spot, stablecoins, futures equity"),
    ("TRIGGER", "Trigger", styles.GENERAL, "what calls for action today"),
    ("TO SELL", "To sell", styles.WHOLE, "what the plan sells of spot"),
    ("REALISED GAIN", "Gain", styles.WHOLE, "of the plan's sales and closes"),
    ("RESERVE", "Reserve", styles.GENERAL, "stablecoins against 5 % to 20 %"),
    ("NEXT REVIEW", "Next review", styles.DATE, "after the last recorded one"),
    ("NEAREST LIQUIDATION", "Nearest liquidation", styles.PERCENT, "distance from the mark"),
)
_CARD_COLUMNS: Final = (1, 3, 5, 7, 10, 12, 14)

_NOTICE_ROW: Final = 6
_CHART_TOP: Final = 7
_TABLE_TOP: Final = 22
#: Where each chart begins and how wide it is: the three fill the columns of the tables.
_CHARTS: Final = ((1, 449), (6, 466), (12, 455))
#: Rows that the tables of this sheet show; what a book has more is one row "Other" below them.
SHOWN: Final = 12
_FIRST: Final = _TABLE_TOP + 1
_OTHER: Final = _FIRST + SHOWN
_LEFT: Final = 1
_RIGHT: Final = 10
#: Folded: for each row shown, its place in the table, and over them how many rows there are in all.
_PLACES: Final = 18
_PLACE: Final = ("$S", "$T")
_COUNT: Final = ("$S$22", "$T$22")
_NUMBER: Final = "$R"

#: What the first row says where there is nothing to show.
_NONE: Final = ("No assets", "No positions")

_NOTHING: Final = "-1E+99"
_IS_FIRST: Final = (
    "IFERROR(MATCH(Portfolio[Asset],Portfolio[Asset],0)=ROW(Portfolio[Asset])-ROW(Portfolio[[#Headers],[Asset]]),FALSE)"
)
_OF_ASSET: Final = "IFERROR(SUMIF(Portfolio[Asset],Portfolio[Asset],Portfolio[Value]),0)"
# A millionth of money a row: no two rows are equal, so each is found once.
_ASSET_KEY: Final = f"IF({_IS_FIRST},{_OF_ASSET}-ROW(Portfolio[Asset])*0.000001,{_NOTHING})"
_NOTIONALS: Final = book_sheets.futures_figure("Notional")
_POSITION_KEY: Final = f"IF(ISNUMBER({_NOTIONALS}),{_NOTIONALS}-ROW({_NOTIONALS})*0.000001,{_NOTHING})"
# Target may stand on any row of an asset, or on all of them.
_TARGET: Final = 'MAX(IF(Portfolio[Asset]={name},IF(Portfolio[Target]="",-1,Portfolio[Target]),-1))'


@dataclass(frozen=True)
class _Block:
    """A column of one of the two tables.

    Parameters
    ----------
    title, number_format
        Header and number format.
    formula
        The formula of one row, where ``{place}`` is the row's place in its table and ``{row}`` its row here.
    other
        The formula of the row "Other".
    """

    title: str
    number_format: str
    formula: str
    other: str = '""'


def _of(area: str) -> str:
    return f"INDEX({area},{{place}})"


def _rest(total: str, letter: str) -> str:
    return f"{total}-SUM({letter}{_FIRST + 1}:{letter}{_OTHER})"


_ALLOCATION: Final = (
    _Block("Asset", styles.GENERAL, _of("Portfolio[Asset]"), f'"Other ("&{_COUNT[0]}-{SHOWN}&")"'),
    _Block(
        "Value",
        styles.MONEY,
        "SUMIF(Portfolio[Asset],$B{row},Portfolio[Value])",
        _rest("SUM(Portfolio[Value])", "C"),
    ),
    _Block("Weight", styles.PERCENT, "IF(Total=0,0,$C{row}/Total)", "IF(Total=0,0,$C{row}/Total)"),
    _Block(
        "Target",
        styles.PERCENT,
        f'IF({_TARGET.format(name="$B{row}")}<0,"",{_TARGET.format(name="$B{row}")})',
        _rest(
            'SUM(IF(Portfolio[Target]="",0,Portfolio[Target])/COUNTIFS(Portfolio[Asset],Portfolio[Asset],'
            'Portfolio[Target],IF(Portfolio[Target]="","","<>")))',
            "E",
        ),
    ),
    _Block("Drift", styles.SIGNED_PERCENT, 'IF($E{row}="","",$D{row}-$E{row})'),
    _Block("Band -", styles.SIGNED_PERCENT, f"0-INDEX({_HALF_BAND},{{place}})"),
    _Block("Band +", styles.SIGNED_PERCENT, f"INDEX({_HALF_BAND},{{place}})"),
    _Block("Flag", styles.GENERAL, _of(book_sheets.portfolio_figure("Flag"))),
)
_POSITIONS: Final = (
    _Block("Symbol", styles.GENERAL, _of("Futures[Symbol]"), f'"Other ("&{_COUNT[1]}-{SHOWN}&")"'),
    _Block("Side", styles.GENERAL, _of("Futures[Side]")),
    _Block("Spot held", styles.MONEY, "SUMIF(Portfolio[Asset],INDEX(Futures[Asset],{place}),Portfolio[Value])"),
    _Block("Notional", styles.MONEY, _of(_NOTIONALS), _rest(f"SUM({_NOTIONALS})", "N")),
    _Block(
        "Margin",
        styles.MONEY,
        _of(book_sheets.futures_figure("Margin in money")),
        _rest(f"SUM({book_sheets.futures_figure('Margin in money')})", "O"),
    ),
    _Block("Liquidation price", styles.COMPUTED_PRICE, _of(book_sheets.futures_figure("Liquidation price"))),
    _Block("Distance", styles.PERCENT, _of(_NEAREST)),
)
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


def fill_dashboard(workbook: Any, page: Page, drawn: Mapping[str, Sequence[Any]]) -> None:
    """Write cards, tables and charts once the other sheets exist.

    Parameters
    ----------
    workbook, page
        The workbook and its Dashboard.
    drawn
        The values behind each name of :func:`chart_areas`, as far as they are known.
    """
    _cards(workbook, page)
    _notices(page)
    look, sheet = page.look, page.sheet
    for column in range(_LEFT, _LEFT + len(_ALLOCATION)):
        sheet.write_string(_TABLE_TOP - 1, column, "Allocation" if column == _LEFT else "", look.section)
    for column in range(_RIGHT, _RIGHT + len(_POSITIONS)):
        sheet.write_string(
            _TABLE_TOP - 1,
            column,
            "Futures (where nothing is open: at the size of the target margin)" if column == _RIGHT else "",
            look.section,
        )
    _places(page)
    _block(page, _ALLOCATION, _LEFT, 0)
    _block(page, _POSITIONS, _RIGHT, 1)
    flag = _LEFT + len(_ALLOCATION) - 1
    page.colour_words(_FIRST, flag, _OTHER, flag, ("TRIM", "ADD", "HOLD", "UNTARGETED"))
    book_sheets.warn_near(page, _FIRST, _DISTANCE, _OTHER)
    for columns, left, key in ((_ALLOCATION, _LEFT, "$B"), (_POSITIONS, _RIGHT, "$K")):
        for column, each in enumerate(columns, start=left):
            page.rule_rows(_TABLE_TOP, _OTHER, column, key, each.number_format)
    _charts(workbook, page, drawn)
    sheet.freeze_panes(6, 0)
    sheet.set_zoom(90)
    page.print_setup()
    sheet.print_area(0, 0, _OTHER, 16)
    sheet.activate()


def _cards(workbook: Any, page: Page) -> None:
    look, sheet = page.look, page.sheet
    sheet.set_row(3, 16)
    sheet.set_row(4, 26)
    sheet.set_row(5, 16)
    for column, (label, figure, number_format, note) in zip(_CARD_COLUMNS, _CARDS, strict=True):
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
            else:
                page.formula(4, column, f'=PLAN_FIGURES("{figure}")', big)
    workbook.define_name("Total", "=" + page.address(4, _CARD_COLUMNS[0]))
    page.colour_words(4, 3, 4, 3, ("EVENT", "THRESHOLD", "TIME", "NONE"), fill=False)
    page.colour_words(4, 10, 4, 10, ("LOW", "OK", "HIGH"), fill=False)
    book_sheets.warn_near(page, 4, _CARD_COLUMNS[-1], 4, fill=False)


def _notices(page: Page) -> None:
    """Write the lines that are blank while all is well: functions that are missing, warnings of the plan."""
    paper, ink = styles.ORANGE
    loud = page.look(bold=True, font_color=ink)
    any_function = book_sheets.portfolio_figure("Weight").replace("$", "").partition(":")[0]
    page.sheet.write_formula(
        2,
        1,
        f'=IF(IFERROR(ERROR.TYPE({any_function})=5,FALSE),"The functions of Rebalancer are missing here, so figures '
        "show #NAME?. Excel: run install.ps1. LibreOffice: rebalance-xl calc install. Close without saving and the "
        'stored figures are back.","")',
        loud,
    )
    page.sheet.write_formula(
        _NOTICE_ROW,
        1,
        '=IF(COUNTIF(Plan[Action],"WARNING")=0,"","The plan has "&COUNTIF(Plan[Action],"WARNING")&IF(COUNTIF('
        'Plan[Action],"WARNING")=1," warning"," warnings")&": see the orange rows of the sheet Plan")',
        loud,
    )
    rule = {"type": "formula", "format": page.look(bg_color=paper, font_color=ink)}
    for row in (2, _NOTICE_ROW):
        page.sheet.conditional_format(row, 1, row, 16, rule | {"criteria": f'=$B${row + 1}<>""'})


def _bold_small(fill: dict[str, Any], offset: int) -> dict[str, Any]:
    return {"bold": True, "font_color": styles.SLATE, "font_size": 9, "indent": 0 if offset else 1} | fill


def _places(page: Page) -> None:
    """Find the largest rows of Portfolio and Futures, in folded columns beside the tables."""
    sheet, faint = page.sheet, page.look(font_color=styles.FAINT)
    sheet.set_column(_PLACES - 1, _PLACES + 1, 9, None, {"level": 1, "hidden": True})
    sheet.set_column(_PLACES + 2, _PLACES + 2, 9, None, {"collapsed": True})
    for text, column in (("Rank", _PLACES - 1), ("Asset's row", _PLACES), ("Position's row", _PLACES + 1)):
        sheet.write_string(_TABLE_TOP, column, text, page.look.header(computed=True))
    for rank in range(1, SHOWN + 1):
        sheet.write_number(_TABLE_TOP + rank, _PLACES - 1, rank, faint)
    counts = (f"SUM(IF({_IS_FIRST},1,0))", 'SUM(IF(Futures[Symbol]="",0,1))')
    for column, (count, key) in enumerate(zip(counts, (_ASSET_KEY, _POSITION_KEY), strict=True), start=_PLACES):
        page.formula(_TABLE_TOP - 1, column, f"={count}", faint)
        top = xl_rowcol_to_cell(_TABLE_TOP - 1, column, True, True)
        for row in range(_FIRST, _OTHER):
            nth = f"{_NUMBER}{row + 1}"
            page.formula(row, column, f'=IF({nth}>{top},"",MATCH(LARGE({key},{nth}),{key},0))', faint)


def _block(page: Page, columns: tuple[_Block, ...], left: int, table: int) -> None:
    page.sheet.set_row(_TABLE_TOP, 32)
    for column, each in enumerate(columns, start=left):
        page.sheet.write_string(_TABLE_TOP, column, each.title, page.look.header(computed=True))
        align = "center" if each.title in ("Flag", "Side") else "left" if column == left else "right"
        style = page.look(num_format=each.number_format, align=align, indent=1 if align == "left" else 0)
        for row in range(_FIRST, _OTHER):
            place = f"{_PLACE[table]}{row + 1}"
            formula = each.formula.format(place=place, row=row + 1)
            none = '""'
            if row == _FIRST and column == left:
                none = f'IF({_COUNT[table]}=0,"{_NONE[table]}","")'
            page.formula(row, column, f'=IF({place}="",{none},{formula})', style)
        other = each.other.format(row=_OTHER + 1)
        page.formula(_OTHER, column, f'=IF({_COUNT[table]}>{SHOWN},{other},"")', style)


def chart_areas() -> dict[str, tuple[int, int, int]]:
    """Return what the charts show: for each name its column, its first row and its number of rows."""
    areas = {}
    for columns, left, rows in (
        (_ALLOCATION, _LEFT, len(example_book.PORTFOLIO)),
        (_POSITIONS, _RIGHT, len(example_book.FUTURES)),
    ):
        for column, each in enumerate(columns, start=left):
            if each.title in _DRAWN:
                areas[_chart_name(each.title)] = (column, _FIRST, rows)
    return areas


def rows_drawn(sheet: Any, column: int) -> int:
    """Return how many rows of a column the charts draw, going by the values that an openpyxl sheet has.

    As the charts' names do: at least one row, and the row "Other" where there is one.
    """
    count = sheet[_COUNT[0 if column < _RIGHT else 1].replace("$", "")].value or 0
    return max(1, min(count, SHOWN) + (count > SHOWN))


def _chart_name(title: str) -> str:
    words = title.replace("-", "low").replace("+", "high").split()
    return "Chart" + "".join(word.capitalize() for word in words)


def _charts(workbook: Any, page: Page, drawn: Mapping[str, Sequence[Any]]) -> None:
    """Chart from names that grow with the tables, so that a new row of a table appears in its chart.

    `drawn` are the values behind the names: what is drawn until the names are evaluated, and all that
    programs without such names can draw.
    """
    for name, (column, row, _) in chart_areas().items():
        count = f"{page.name}!{_COUNT[0] if column < _RIGHT else _COUNT[1]}"
        cells = page.area(row, column, _OTHER, column)
        first = page.address(row, column)
        # At least one row, as a chart of none is an error in Excel; the row "Other" only where there is one.
        rows = f"MAX(1,MIN({count},{SHOWN})+({count}>{SHOWN}))"
        workbook.define_name(f"{page.name}!{name}", f"={first}:INDEX({cells},{rows})")

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
    for (text, chart), (column, width) in zip(described.items(), _CHARTS, strict=True):
        chart.set_size({"width": width, "height": 310})
        page.sheet.insert_chart(_CHART_TOP, column, chart, {"object_position": 2, "description": text})


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
    return chart
