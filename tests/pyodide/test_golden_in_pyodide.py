"""The golden table in Pyodide: the built wheel's code under Node, with the BSD part of xlwings."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlwings

from rebalance_xl.cells import ERROR_CODES, MISSING, CellError, to_serial
from rebalance_xl.functions import FUNCTIONS
from tests.golden.golden import differences, encode, load

from .setup_pyodide import package_folder, why_not

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
GOLDEN = load()


def office_value(value: Any) -> Any:
    """Return a worksheet value as Office.js holds it, in JSON; an argument left out is an object of its own."""
    if isinstance(value, list):
        return [[office_value(cell) for cell in row] for row in value]
    if isinstance(value, CellError):
        return {"type": "Error", "basicValue": value.code}
    if value is MISSING:
        return {"omitted": True}
    return to_serial(value) if isinstance(value, dt.date) else encode(value)


def cell(value: Any) -> Any:
    """Return what Excel shows for what a function handed back."""
    if isinstance(value, list):
        return [[cell(each) for each in row] for row in value]
    return CellError(value) if isinstance(value, str) and value in ERROR_CODES else value


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of this checkout."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(root)], check=True, capture_output=True, timeout=300)
    return next(folder.glob("rebalance_xl-*.whl"))


def free_xlwings(folder: Path) -> Path:
    """Return an archive of xlwings without its folder ``pro``, whose licence is another."""
    package, archive = Path(xlwings.__file__).parent, folder / "xlwings.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(package.rglob("*.py")):
            if "pro" not in path.relative_to(package).parts:
                packed.write(path, Path("xlwings") / path.relative_to(package))
    return archive


@pytest.fixture(scope="module")
def pyodide(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run every golden call once; return the answers and what Pyodide says of itself."""
    reason = why_not()
    if reason is not None and "pyodide" in os.environ.get("REBALANCE_REQUIRE", "").split(","):
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("pyodide")
    archives = f"{free_xlwings(folder)},{build_wheel(root, folder)}"
    calls = [
        {"function": each.function, "arguments": [office_value(value) for value in each.arguments]} for each in GOLDEN
    ]
    done = subprocess.run(
        ["node", str(HERE / "run.mjs"), str(package_folder()), archives, str(HERE / "inside.py")],
        input=json.dumps({"calls": calls}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answered: dict[str, Any] = json.loads(done.stdout)
    return answered


def test_what_runs(pyodide: dict[str, Any]) -> None:
    """It is the Python of a browser, without numpy or a spreadsheet library, and offers the two scripts."""
    assert pyodide["platform"] == "emscripten"
    assert pyodide["loaded"] == []
    assert pyodide["scripts"] == ["check_book", "rebalance_book"]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_golden_cases_in_pyodide(name: str, pyodide: dict[str, Any]) -> None:
    """Every golden call of a function gives the golden answer."""
    assert len(pyodide["answers"]) == len(GOLDEN)
    pairs = [(case, got) for case, got in zip(GOLDEN, pyodide["answers"], strict=True) if case.function == name]
    found = {case.id: differences(cell(got), case.result) for case, got in pairs}
    assert pairs
    assert {key: texts for key, texts in found.items() if texts} == {}
