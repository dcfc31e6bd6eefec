"""What starting costs: modules that a recalculation does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.recalc.books import make

HEAVY = ("pandas", "xlwings", "xlsxwriter", "openpyxl", "lxml", "rich", "typer", "dask", "asyncio")


@pytest.mark.parametrize(
    "statement",
    [
        "import rebalance_xl.recalc.workbook",
        "from rebalance_xl.recalc.workbook import recalculate; recalculate(sys.argv[1], check=True)",
    ],
)
def test_nothing_heavy_is_loaded(tmp_path: Path, statement: str) -> None:
    """Neither the import nor the recalculation of a small book loads what it does not need."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A1", "=SUM(WEIGHT({1;2;3}))", None, 0))
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert [name for name in (*HEAVY, "numpy") if name in done.stdout.split()] == []
