"""One sheet in the making: titles, tables of the book's schema, computed columns beside them, print set-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from rebalance_xl.authoring import styles
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.book import schema

#: Rows under a header that are ready for a table to grow into: validation, conditional formats, what sums them up.
GROWTH = 1000
#: Sentences are wrapped and a little smaller, so that three lines of them fit into a row of this height.
_SENTENCE: Final = {"text_wrap": True, "font_size": styles.SENTENCE_SIZE}
SENTENCE_HEIGHT: Final = 41


@dataclass(frozen=True)
class Computed:
    """A column of one formula that spills beside a table.

    Parameters
    ----------
    title, formula, number_format, help
        Header, formula, number format, and the comment on the header.
    width
        Column width in characters.
    """

    title: str
    formula: str
    number_format: str = styles.GENERAL
    help: str = ""
    width: float = 11


class Page:
    """A worksheet with the house's layout; rows and columns count from 0."""

    def __init__(self, workbook: Any, look: Styles, name: str, *, tab: str = styles.NAVY, height: float = 18) -> None:
        """Add the sheet, with rows as high as the sentences on it need.

        A height of its own for every row, also for those to come: what spills or is written by a program does not
        make a row higher by itself.
        """
        self.name = name
        self._rules: list[tuple[int, int, int, int, dict[str, Any]]] = []
        self.sheet = workbook.add_worksheet(name)
        self.look = look
        self.sheet.set_vba_name(code_name(name))
        self.sheet.hide_gridlines(2)
        self.sheet.set_tab_color(tab)
        self.sheet.set_default_row(height)

    def title(self, text: str, subtitle: str) -> None:
        """Write the title and a line that says what the sheet is for."""
        self.sheet.set_row(0, 28)
        self.sheet.write_string(0, 0, text, self.look.title)
        self.sheet.write_string(1, 0, subtitle, self.look.subtitle)

    def print_setup(self, *, portrait: bool = False, repeat: int | None = None) -> None:
        """Fit the sheet to the width of a page, with the sheet's name and page numbers; the last thing to do with it.

        Here the rows of tables get their paper and lines by rule: the first rule that sets a property wins, and those
        that colour single words come before. So a row has the house's look however it came: typed, spilled, written
        by a program or inserted in Calc.
        """
        sheet = self.sheet
        for first, left, last, right, rule in self._rules:
            sheet.conditional_format(first, left, last, right, rule)
        (sheet.set_portrait if portrait else sheet.set_landscape)()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.25, right=0.25, top=0.5, bottom=0.6)
        sheet.set_footer("&L&8Rebalancer - &A&R&8Page &P of &N")
        if repeat is not None:
            sheet.repeat_rows(repeat)

    def table(
        self,
        table: schema.Table,
        rows: Sequence[Mapping[str, Any]],
        top: int,
        *,
        columns: Sequence[schema.Column] | None = None,
        formulas: Mapping[str, str] | None = None,
        widths: Mapping[str, float] | None = None,
        formats: Mapping[str, str] | None = None,
        yours: Sequence[str] | None = None,
        folded: Sequence[str] = (),
        wrapped: Sequence[str] = (),
    ) -> None:
        """Write a table of the book: headers with their help, data, validation of every listed word.

        Parameters
        ----------
        table, rows, top
            The table's schema, its data by column name, the row of its header.
        columns
            The columns shown; all of the schema's when not given.
        formulas
            Columns that are computed inside the table.
        widths, formats
            Column widths and number formats that differ from what the kind of the column suggests.
        yours
            The columns that the user fills in; all that are not computed when not given.
        folded
            Columns in a folded group, which the plus sign above the sheet opens.
        wrapped
            Columns whose texts are wrapped.
        """
        shown = list(columns or table.columns)
        formulas, widths, formats = formulas or {}, widths or {}, formats or {}
        look, sheet = self.look, self.sheet
        last = top + max(1, len(rows))
        options = []
        for position, column in enumerate(shown):
            number_format = formats.get(column.name) or styles.BY_KIND.get(column.kind, styles.GENERAL)
            computed = column.name in formulas
            is_text = column.kind in ("text", "word") and column.name not in formats
            align = "left" if is_text else "center" if column.kind in ("flag", "lock") else "right"
            indent = 1 if align == "left" else 0
            written = computed or (yours is not None and column.name not in yours)
            wrap = _SENTENCE if column.name in wrapped else {}
            style = (look.computed if written else look.input)(number_format, align=align, indent=indent, **wrap)
            option = {"header": column.name, "header_format": look.header(computed=written), "format": style}
            if computed:
                option["formula"] = formulas[column.name]
            options.append(option)
            group = {"level": 1, "hidden": True} if column.name in folded else {}
            if not group and position and shown[position - 1].name in folded:
                group = {"collapsed": True}
            sheet.set_column(position, position, widths.get(column.name) or _width(column), None, group)
            sheet.write_comment(top, position, column.help, {"x_scale": 1.6, "y_scale": 0.8, "visible": False})
            for offset in range(last - top):
                value = rows[offset].get(column.name) if offset < len(rows) else None
                if not computed:
                    self.put(top + 1 + offset, position, value, style)
            validate(sheet, column, top + 1, position, top + GROWTH)
            self.rule_rows(top, top + GROWTH, position, "$A", number_format, yours=not written)
        for row in range(1, top):
            sheet.set_row(row, 18)
        sheet.set_row(top, 32)
        sheet.add_table(
            top,
            0,
            last,
            len(shown) - 1,
            {
                "name": table.name,
                "columns": options,
                "style": None,
                "autofilter": False,
            },
        )

    def computed(
        self,
        columns: Sequence[Computed],
        top: int,
        left: int,
        rows: int,
        *,
        folded: bool = False,
        widths: Mapping[str, float] | None = None,
    ) -> None:
        """Write formulas that spill beside a table: header at `top`, results in `rows` rows under it.

        The table may grow: number format and alignment are those of the whole column.

        Parameters
        ----------
        columns, top, left, rows
            The columns, the row of their headers, the first one's position, the rows of the example.
        folded
            The last columns of the table are folded; the gap beside it bears the plus sign.
        widths
            Widths of columns on this sheet that differ from their own.
        """
        look, sheet = self.look, self.sheet
        sheet.set_column(left - 1, left - 1, 2, None, {"collapsed": True} if folded else {})
        for position, column in enumerate(columns, start=left):
            sheet.write_string(top, position, column.title, look.header(computed=True))
            if column.help:
                sheet.write_comment(top, position, column.help, {"x_scale": 1.6, "y_scale": 0.8})
            is_text = column.width > 30
            width = (widths or {}).get(column.title, column.width)
            is_word = column.number_format == styles.GENERAL
            align, indent = ("left", 1) if is_text else ("center" if is_word else "right", 0)
            wrap = _SENTENCE if is_text else {}
            style = look(num_format=column.number_format, align=align, indent=indent, **wrap)
            sheet.set_column(position, position, width, style)
            self.formula(top + 1, position, column.formula, style, rows=rows)
            self.rule_rows(top, top + GROWTH, position, "$A", column.number_format)

    def rule_rows(self, top: int, last: int, column: int, key: str, number_format: str, *, yours: bool = False) -> None:
        """Draw paper and lines in a column wherever the row's key cell is filled; see :meth:`print_setup`.

        Parameters
        ----------
        top, last, column
            The row of the header, the last row of the rule, the column.
        key
            The column, as ``$A``, whose cell must be filled.
        number_format, yours
            The number format, and whether the user fills the column in.
        """
        area = (top + 1, column, last, column)
        filled = f'{key}{top + 2}<>""'
        whole = styles.WHOLE_NUMBERS.get(number_format)
        if whole is not None:
            cell = xl_rowcol_to_cell(top + 1, column)
            style = self.look.ruled(whole, yours=yours)
            self._rules.append(
                (*area, {"type": "formula", "criteria": f"=AND({filled},{cell}=INT({cell}))"} | {"format": style})
            )
        style = self.look.ruled(number_format, yours=yours)
        self._rules.append((*area, {"type": "formula", "criteria": f"={filled}", "format": style}))

    def formula(self, row: int, column: int, formula: str, style: Any, *, rows: int = 1, columns: int = 1) -> None:
        """Write a formula as a dynamic array over the cells it will fill."""
        self.sheet.write_dynamic_array_formula(row, column, row + rows - 1, column + columns - 1, formula, style, "")

    def put(self, row: int, column: int, value: Any, style: Any) -> None:
        """Write a value of the example: a blank, a date, a number or a text."""
        if value is None:
            self.sheet.write_blank(row, column, None, style)
        elif hasattr(value, "year"):
            self.sheet.write_datetime(row, column, value, style)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.sheet.write_number(row, column, value, style)
        else:
            self.sheet.write_string(row, column, str(value), style)

    def colour_words(
        self, row: int, column: int, last_row: int, last_column: int, words: Sequence[str], *, fill: bool = True
    ) -> None:
        """Give cells that read one of the words the word's colour, as ink and as a light fill."""
        for word in words:
            paper, ink = styles.WORD_COLOURS.get(word, styles.GREY)
            colours = {"font_color": ink} | ({"bg_color": paper} if fill else {})
            rule = {"type": "cell", "criteria": "==", "value": f'"{word}"'}
            # In a table lines too: where one rule hides the next, the cell would lose them.
            lines = {"border": 1, "border_color": styles.LINE} if fill else {}
            style = self.look(bold=True, **lines, **colours)
            self.sheet.conditional_format(row, column, last_row, last_column, rule | {"format": style})

    def address(self, row: int, column: int) -> str:
        """Return the absolute address of a cell with its sheet."""
        return f"{quoted_sheet(self.name)}!{xl_rowcol_to_cell(row, column, True, True)}"

    def area(self, row: int, column: int, last_row: int, last_column: int) -> str:
        """Return the absolute address of a range with its sheet."""
        return f"{quoted_sheet(self.name)}!{xl_range_abs(row, column, last_row, last_column)}"


def code_name(sheet: str) -> str:
    """Return the name of the VBA module behind a sheet."""
    return "".join(character for character in sheet if character.isalnum()) + "Sheet"


def quoted_sheet(name: str) -> str:
    """Return a sheet's name as a formula needs it."""
    return name if name.isalnum() else f"'{name}'"


def validate(sheet: Any, item: schema.Column | schema.Setting, row: int, column: int, last_row: int) -> None:
    """Allow in a cell only what the schema allows there; blanks pass, as they mean "not used"."""
    rule: dict[str, Any] = {"ignore_blank": True, "error_title": item.name, "error_message": item.help[:225]}
    if item.kind == "flag":
        rule |= {"validate": "list", "source": ["yes", "no"]}
    elif item.kind == "lock":
        rule |= {"validate": "list", "source": ["yes", "no"], "error_type": "information"}
    elif item.words:
        rule |= {"validate": "list", "source": list(item.words)}
        if item.kind in ("frequency", "destination"):
            rule |= {"error_type": "information"}
    elif item.kind in ("amount", "share"):
        rule |= {"validate": "decimal", "criteria": ">=", "value": 0}
    elif item.kind == "price":
        rule |= {"validate": "decimal", "criteria": ">", "value": 0}
    elif item.kind == "date":
        rule |= {"validate": "custom", "value": f"=ISNUMBER({xl_rowcol_to_cell(row, column)})"}
    else:
        return
    sheet.data_validation(row, column, last_row, column, rule)


def _width(column: schema.Column) -> float:
    by_kind = {"text": 14, "date": 12, "flag": 9, "word": 11}
    return max(by_kind.get(column.kind, 11), len(column.name) + 2)
