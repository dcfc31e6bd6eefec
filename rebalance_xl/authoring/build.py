"""From sources to ``workbook/Rebalancer.xlsm``."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from rebalance_xl import __version__
from rebalance_xl.authoring import (
    book_sheets,
    dashboard,
    example_book,
    help_sheets,
    record_sheets,
    review_sheet,
    stress_sheet,
)
from rebalance_xl.authoring.package import finish
from rebalance_xl.authoring.page import Page
from rebalance_xl.authoring.styles import Styles
from rebalance_xl.authoring.vba_project import vba_project
from rebalance_xl.authoring.vba_sources import project_modules
from rebalance_xl.authoring.wrappers import BUILT_IN_GROUPS, function_groups
from rebalance_xl.authoring.xlwings_generator import import_functions

#: The checkout: the sources of the workbook are not part of the installed package.
ROOT = Path(__file__).resolve().parents[2]
SHEETS = (
    "Dashboard",
    "Portfolio",
    "Futures",
    "Plan",
    "Stress",
    "Review",
    "Events",
    "Prices",
    "Venues",
    "MarginTiers",
    "Wallets",
    "CollateralTiers",
    "Lots",
    "CashFlows",
    "Journal",
    "Fills",
    "Settings",
    "Functions",
    "xlwings.conf",
)
_CREATED = dt.datetime(2026, 11, 20)


def build(root: Path = ROOT) -> bytes:
    """Build the workbook.

    Parameters
    ----------
    root
        The checkout with ``udfs.py`` and ``workbook/``.

    Returns
    -------
    bytes
        The .xlsm, with the values of all formulas; the same bytes for the same sources and versions.
    """
    plan = example_book.plan_lines()
    first = recalculated(workbook_bytes(root, plan, {}))
    return recalculated(workbook_bytes(root, plan, drawn_values(first)))


def workbook_bytes(root: Path, plan: Sequence[Mapping[str, Any]], drawn: Mapping[str, Sequence[Any]]) -> bytes:
    """Write the workbook with placeholders for the values of its formulas.

    Parameters
    ----------
    root
        The checkout.
    plan
        The rows of the Plan table.
    drawn
        What the charts draw, by name.
    """
    imported = import_functions(root / "udfs.py")
    project = vba_project(project_modules(SHEETS, root / "workbook" / "vba", imported))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        workbook.set_properties(
            {
                "title": "Rebalancer",
                "subject": "Dynamic rebalancing of a crypto spot and futures book",
                "comments": f"Built with rebalance-xl {__version__}, XlsxWriter {xlsxwriter.__version__}",
                "created": _CREATED,
            }
        )
        workbook.set_size(1600, 960)
        workbook.add_vba_project(io.BytesIO(project), is_stream=True)
        workbook.set_vba_name("ThisWorkbook")
        _sheets(workbook, plan, drawn)
    ribbon = (root / "workbook" / "customUI14.xml").read_text(encoding="utf-8")
    return finish(out.getvalue(), ribbon, function_groups(imported), BUILT_IN_GROUPS)


def _sheets(workbook: Any, plan: Sequence[Mapping[str, Any]], drawn: Mapping[str, Sequence[Any]]) -> None:
    look = Styles(workbook)
    front = dashboard.dashboard_sheet(workbook, look)
    book_sheets.portfolio_sheet(workbook, look)
    futures = book_sheets.futures_sheet(workbook, look)
    makers: list[Page] = [
        record_sheets.plan_sheet(workbook, look, plan),
        stress_sheet.stress_sheet(workbook, look),
        review_sheet.review_sheet(workbook, look),
        record_sheets.events_sheet(workbook, look),
        record_sheets.prices_sheet(workbook, look),
        record_sheets.venues_sheet(workbook, look),
        record_sheets.margin_tiers_sheet(workbook, look, example_book.margin_tiers()),
        *(
            record_sheets.plain_sheet(workbook, look, name)
            for name in ("Wallets", "CollateralTiers", "Lots", "CashFlows")
        ),
        record_sheets.journal_sheet(workbook, look),
        record_sheets.plain_sheet(workbook, look, "Fills"),
        book_sheets.settings_sheet(workbook, look),
        help_sheets.functions_sheet(workbook, look),
        help_sheets.configuration_sheet(workbook, look),
    ]
    dashboard.fill_dashboard(workbook, front, drawn)
    names = [front.name, "Portfolio", futures.name, *(page.name for page in makers)]
    if tuple(names) != SHEETS:
        raise ValueError(f"the sheets are {names}, the VBA project has {list(SHEETS)}")


def drawn_values(package: bytes) -> dict[str, list[Any]]:
    """Read the values that the charts of the Dashboard draw."""
    import openpyxl

    with (
        warnings.catch_warnings(action="ignore"),
        contextlib.closing(openpyxl.load_workbook(io.BytesIO(package), data_only=True)) as book,
    ):
        sheet = book["Dashboard"]
        return {
            name: [sheet.cell(row + 1 + offset, column + 1).value for offset in range(rows)]
            for name, (column, row, rows) in dashboard.chart_areas().items()
        }


def recalculated(package: bytes) -> bytes:
    """Return the workbook with the values of all its formulas, as the headless engine computes them."""
    from rebalance_xl.recalc.workbook import recalculate

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Rebalancer.xlsm"
        path.write_bytes(package)
        recalculate(path)
        return path.read_bytes()
