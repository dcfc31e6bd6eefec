"""From sources to ``workbook/Rebalancer.xlsm``."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from rebalance_xl import __version__
from rebalance_xl.authoring import book_sheets, dashboard, example_book, help_sheets, record_sheets
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
    "Events",
    "Prices",
    "Venues",
    "MarginTiers",
    "Journal",
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
    empty = recalculated(workbook_bytes(root, []))
    return recalculated(workbook_bytes(root, plan_lines(empty)))


def workbook_bytes(root: Path, plan: Sequence[Mapping[str, Any]]) -> bytes:
    """Write the workbook with placeholders for the values of its formulas."""
    imported = import_functions(root / "udfs.py")
    project = vba_project(project_modules(SHEETS, root / "workbook" / "vba", imported))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        workbook.set_properties(
            {
                "title": "Rebalancer",
                "subject": "Dynamic rebalancing of a crypto spot and futures book",
                "comments": f"Built with rebalance-xl {__version__}",
                "created": _CREATED,
            }
        )
        workbook.set_size(2600, 1500)
        workbook.add_vba_project(io.BytesIO(project), is_stream=True)
        workbook.set_vba_name("ThisWorkbook")
        _sheets(workbook, plan)
    ribbon = (root / "workbook" / "customUI14.xml").read_text(encoding="utf-8")
    return finish(out.getvalue(), ribbon, function_groups(imported), BUILT_IN_GROUPS)


def _sheets(workbook: Any, plan: Sequence[Mapping[str, Any]]) -> None:
    look = Styles(workbook)
    front = dashboard.dashboard_sheet(workbook, look)
    book_sheets.portfolio_sheet(workbook, look)
    futures = book_sheets.futures_sheet(workbook, look)
    makers: list[Page] = [
        record_sheets.plan_sheet(workbook, look, plan),
        record_sheets.events_sheet(workbook, look),
        record_sheets.prices_sheet(workbook, look),
        record_sheets.venues_sheet(workbook, look),
        record_sheets.margin_tiers_sheet(workbook, look, example_book.margin_tiers()),
        record_sheets.journal_sheet(workbook, look),
        book_sheets.settings_sheet(workbook, look),
        help_sheets.functions_sheet(workbook, look),
        help_sheets.configuration_sheet(workbook, look),
    ]
    dashboard.fill_dashboard(workbook, front, book_sheets.equity_area(futures))
    names = [front.name, "Portfolio", futures.name, *(page.name for page in makers)]
    if tuple(names) != SHEETS:
        raise ValueError(f"the sheets are {names}, the VBA project has {list(SHEETS)}")


def plan_lines(package: bytes) -> list[dict[str, Any]]:
    """Return the lines of the plan that the Rebalance button would write into this workbook."""
    return []


def recalculated(package: bytes) -> bytes:
    """Return the workbook with the values of all its formulas, as the headless engine computes them."""
    from rebalance_xl.recalc.workbook import recalculate

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Rebalancer.xlsm"
        path.write_bytes(package)
        recalculate(path)
        return path.read_bytes()
