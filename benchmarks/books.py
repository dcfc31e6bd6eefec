"""The workbooks that are measured: the same computation once with worksheet functions, once with native formulas."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

#: Ordinary formulas, five a row, each leaning on the ones before.
ORDINARY = ("A{0}*B{0}", "IF(G{0}>1000,ROUND(G{0}/3,2),0)", "G{0}+H{0}", "SUM(A{0}:E{0})", "MAX(J{0},100)")

#: Six calls a row with single cells, and what a user without the functions writes instead, to the same numbers.
CALLS = (
    "WEIGHT(A{0},$Z$1)",
    "TRIM_AMOUNT(A{0},B{0},C{0},,,A{0}*4)",
    'ADD_AMOUNT(A{0},B{0},C{0},"midpoint",,A{0}*7)',
    "INITIAL_MARGIN(A{0},E{0})",
    'BREAKEVEN_PRICE("long",D{0},0.0005,0.0005)',
    "BASIS_RATE(D{0},D{0}*1.01)",
)
CALLS_AS_NATIVE = (
    "A{0}/$Z$1",
    "IF(A{0}/(A{0}*4)-B{0}>C{0}+1E-9,A{0}-B{0}*(A{0}*4),0)",
    "IF(B{0}-A{0}/(A{0}*7)>C{0}+1E-9,(B{0}-C{0}/2)*(A{0}*7)-A{0},0)",
    "A{0}/E{0}",
    "D{0}*(1+0.0005)/(1-0.0005)",
    "D{0}*1.01/D{0}-1",
)

#: One call for a whole column, and the same filled down beside one total.
SPILL = "=TRIM_AMOUNT(A1:A{0},B1:B{0},C1:C{0})"
SPILL_AS_NATIVE = "=IF(A{0}/$F$1-B{0}>C{0}+1E-9,A{0}-B{0}*$F$1,0)"


#: The formulas of the book with errors.
ERRORS = 10_540


def write_errors(path: Path) -> None:
    """Write rows of calls of which every second has an argument that it refuses, and formulas that follow from them.

    Parameters
    ----------
    path
        The workbook to write.
    """
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        for row in range(ERRORS // 4):
            sheet.write_row(row, 0, [1000.0 + row, 0.2 if row % 2 else -7.0, 0.05])
            calls = (f"TRIM_AMOUNT(A{row + 1}+0,B{row + 1},C{row + 1},,,4000)", f"SUM(D{row + 1},A{row + 1})")
            more = (f"WEIGHT(A{row + 1}*B{row + 1},E{row + 1})", f"F{row + 1}/(B{row + 1}-0.2)")
            for column, formula in enumerate((*calls, *more), 3):
                sheet.write_formula(row, column, "=" + formula, None, 0)


def write_rows_of_formulas(path: Path, rows: int, formulas: Sequence[str]) -> None:
    """Write five columns of inputs and formulas filled down from column G on, all with a stale value of 0.

    Parameters
    ----------
    path
        The workbook to write.
    rows
        How many rows.
    formulas
        One for each column, with the row in braces.
    """
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Book")
        for row in range(rows):
            inputs = [1000.0 + row % 977, 0.15 + row % 5 / 50, 0.05, 100.0 + row % 31, 3 + row % 20]
            sheet.write_row(row, 0, inputs)
            for column, formula in enumerate(formulas):
                sheet.write_formula(row, 6 + column, "=" + formula.format(row + 1), None, 0)
            if row == 0:
                sheet.write_number("Z1", 1e9)


def write_column(path: Path, rows: int, form: str) -> None:
    """Write three columns of inputs and one of results: what to sell of each holding.

    Parameters
    ----------
    path
        The workbook to write.
    rows
        How many rows.
    form
        "spilled" for one call whose (stale) results fill the column, "new" for one that has not spilled yet, "native"
        for native formulas filled down.
    """
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        for row in range(rows):
            sheet.write_row(row, 0, [1000.0 + row % 977, 0.99 / rows, 0.1 / rows])
            if form == "native":
                sheet.write_formula(row, 3, SPILL_AS_NATIVE.format(row + 1), None, 0)
        if form == "native":
            sheet.write_formula("F1", f"=SUM(A1:A{rows})", None, 0)
        else:
            last = rows - 1 if form == "spilled" else 0
            sheet.write_dynamic_array_formula(0, 3, last, 3, SPILL.format(rows), None, 0)


def write_small(path: Path, seed: int) -> None:
    """Write a book of 100 rows with a table, calls with single cells, a spilled call and totals.

    Parameters
    ----------
    path
        The workbook to write.
    seed
        What its numbers are drawn from.
    """
    chance = random.Random(seed)
    names = ("Asset", "Quantity", "Price", "Value", "Target", "Band")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        columns: list[dict[str, str]] = [{"header": name} for name in names]
        columns[3]["formula"] = "=[@Quantity]*[@Price]"
        sheet.add_table(0, 0, 100, 5, {"name": "Portfolio", "columns": columns})
        for row in range(1, 101):
            sheet.write_row(row, 0, [f"COIN{row:03}", chance.uniform(0.1, 50.0), chance.uniform(0.5, 900.0)])
            sheet.write_row(row, 4, [0.0099, 0.002])
            sheet.write_formula(row, 8, f"=ADD_AMOUNT(D{row + 1},E{row + 1},F{row + 1},,,$K$2)", None, 0)
        sheet.write_dynamic_array_formula(1, 7, 100, 7, "=TRIM_AMOUNT()", None, 0)
        sheet.write_formula("K2", "=SUM(Portfolio[Value])", None, 0)
