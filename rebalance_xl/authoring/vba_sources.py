"""The modules of the VBA project: the sheets' empty ones, our own, xlwings', and the generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from rebalance_xl.authoring.page import code_name
from rebalance_xl.authoring.vba_project import (
    CODE_PAGE,
    Module,
    class_module,
    standard_module,
    workbook_module,
    worksheet_module,
)
from rebalance_xl.authoring.wrappers import help_module, wrapper_module
from rebalance_xl.authoring.xlwings_generator import ImportedFunctions
from rebalance_xl.functions import FUNCTIONS


def project_modules(sheets: Sequence[str], own: Path, imported: ImportedFunctions) -> list[Module]:
    """Return all modules in the order of the project explorer.

    Parameters
    ----------
    sheets
        Names of the sheets.
    own
        The folder with this project's .bas files.
    imported
        What xlwings generated from udfs.py.
    """
    xlwings, dictionary = _xlwings_sources()
    written = [path.read_text(encoding=CODE_PAGE) for path in sorted(own.glob("*.bas"))]
    generated = [wrapper_module(imported, FUNCTIONS), help_module(imported)]
    standard = [standard_module(text) for text in (*written, *generated, xlwings)]
    return [
        workbook_module(),
        *(worksheet_module(code_name(sheet)) for sheet in sheets),
        *sorted(standard, key=lambda module: module.name.lower()),
        class_module(dictionary),
    ]


def _xlwings_sources() -> tuple[str, str]:
    """Read the two modules that xlwings brings: its own, under BSD, and Dictionary, under MIT."""
    package = files("xlwings")
    return (
        (package / "xlwings.bas").read_text(encoding=CODE_PAGE),
        (package / "addin" / "Dictionary.cls").read_text(encoding=CODE_PAGE),
    )
