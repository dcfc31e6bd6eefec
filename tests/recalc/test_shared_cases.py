"""The minimal books of faults that were found on public workbooks, where their folder lies beside the project."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from rebalance_xl.cli import app
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "recalc"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared folder is not beside this checkout")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

EXPECTED: dict[str, dict[str, Any]] = json.loads((CASES / "expected.json").read_text()) if CASES.exists() else {}
#: The cases that the second table of their description has: right values by cell, "<kept>" for a cell that is kept.
EXPECTED |= {
    "A2_rich_value_data_type.xlsx": {"D1": "<kept>", "D2": "<kept>", "D3": 60, "D4": "<kept>", "D5": "<kept>"},
    "linked-data-type.xlsx": {"B1": 0.75, "B2": 3, "B3": 6000, "B4": 0.75, "B6": 45000, "B8": 1, "E2": 30000},
    "picture-in-cell.xlsx": {"D1": "<kept>", "E1": "<kept>", "F1": "<kept>"},
    "A3_sheet_named_sheet1_all_zero.xlsx": {"A1": 20, "A2": 40, "A3": 60, "A4": 80, "A5": 200},
    "A4_wrong_numbers.xlsx": {
        "G1": 13, "G2": 3, "G3": 0.18881944, "G4": 0.16619038, "G5": 2.2, "G6": 1.9205290, "G7": 12, "G8": "R3C7",
    },
    "B_misc.xlsx": {
        "D1": 3, "K1": 6, "D2": 3, "D3": 0.18881944, "D4": 0.16619038, "D5": "<kept>", "D6": 4, "D7": 0.18321596,
    },
    "text-number-first-row.xlsx": dict.fromkeys(("B1", "B13", "B25", "B37", "B49", "B61", "B73"), "#VALUE!"),
    "text-number-first-row-functions.xlsx": {
        **{f"D{row}": "#VALUE!" for row in range(1, 128, 7)}, "D99": "#N/A",
    },
    "cell-info.xlsx": {
        **dict.fromkeys(("D1", "D8", "D15", "D22", "D29", "D43"), "<kept>"), "D36": "$B$2",
    },
    "cell-info-2.xlsx": {
        **{f"D{row}": "<kept>" for row in (1, 15, 29, 36, 43, 50, 57, 78, 85, 106)},
        "D8": 1, "D22": 5, "D64": 1, "D71": "v", "D92": "20.11.2026", "D99": "November",
    },
    "booleans_and_iserror.xlsx": {
        "H1": "TR", "H4": "TRUETRUE", "H6": "TxUE", "H8": 2, "H12": "TRUE", "H15": True, "H16": 7, "H17": 7,
        "H18": True,
        "H20": True, "H22": 1900, "H24": 1, "H27": 3, "H30": "#VALUE!", "H31": True, "H32": 1, "H33": 4, "H34": True,
    },
    "number_spelling.xlsx": {
        **{f"B{row}": 2 for row in (*range(1, 12), 19)}, **{f"B{row}": "<kept>" for row in (12, 13, 14, 15, 16, 18)},
    },
    **{
        f"{name}.xlsx": {"B1": 4}
        for name in ("ext_only", "commented_sd", "mixprefix", "mixprefix_f", "isf", "duprow")
    },
    "ext_val.xlsx": {"B1": 4},
    "emoji_left.xlsx": {"A1": "\U0001f600", "B1": 2},
    "surr_const.xlsx": {"B1": 2},
    "over.xlsx": dict.fromkeys(("B1", "B2", "A3", "A4", "A5", "A6", "A7", "A8"), "#VALUE!"),
    "nameexp17.xlsx": {"A1": "<kept>"},
}  # fmt: skip
#: Those that end within the limits, or are refused, in one line.
HOSTILE = ("redos", "corner_sum", "far_transpose", "textdouble")
DAMAGED = sorted(path.name for path in CASES.glob("damage_*.xlsx"))


def cached(path: Path) -> dict[str, list[Any]]:
    """Return the cached values by cell, of formula cells on all sheets; under "Sheet!A1" and under "A1" alone."""
    found: dict[str, list[Any]] = {}
    with zipfile.ZipFile(path) as archive:
        names = [
            each.get("name") for each in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        for number, name in enumerate(names, 1):
            for cell in ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{MAIN}c"):
                value = cell.find(f"{MAIN}v")
                if cell.find(f"{MAIN}f") is None or cell.get("r") is None:
                    continue
                text = "" if value is None else value.text or ""
                kind = cell.get("t", "n")
                shown = float(text) if kind == "n" and text.strip() else text == "1" if kind == "b" else text
                for key in (f"{name}!{cell.get('r')}", str(cell.get("r"))):
                    found.setdefault(key, []).append(shown)
    return found


def same(found: Any, wanted: Any) -> bool:
    """Say whether a value is the one wanted, numbers to the digits given."""
    if isinstance(wanted, int | float) and not isinstance(wanted, bool) and isinstance(found, float):
        return found == pytest.approx(wanted, rel=1e-7, abs=1e-9)
    return bool(found == wanted)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_case_is_right_or_kept(tmp_path: Path, name: str) -> None:
    """Every cell has its right value, or its old one with the cause where its description allows that."""
    output = tmp_path / name
    report = recalculate(CASES / name, output)
    kept = {
        key
        for row in report.changed
        if row.status == "kept" and row.cause
        for key in (row.cell, f"{row.sheet}!{row.cell}")
    }
    found = cached(output)
    wrong = {}
    for cell, wanted in EXPECTED[name].items():
        allowed = wanted if isinstance(wanted, list) else [wanted]
        fits = any(same(value, each) for value in found.get(cell, []) for each in allowed if each != "<kept>")
        if not fits and not ("<kept>" in allowed and cell in kept):
            wrong[cell] = (found.get(cell), wanted)
    assert not wrong


def test_a_shared_running_balance_stays(tmp_path: Path) -> None:
    """Every old value of the column is right; only the one that the file lacks is new."""
    name = "A1_shared_running_balance.xlsx"
    report = recalculate(CASES / name, tmp_path / name)
    assert [(row.cell, row.old) for row in report.changed if row.status != "computed"] == [("E7", None)] or (
        len(report.changed) == 1 and report.changed[0].cell == "E7"
    )


def test_a_cell_twice_is_refused(tmp_path: Path) -> None:
    """What the schema forbids is refused in one line."""
    with pytest.raises(Refused, match="has the cell A1 twice"):
        recalculate(CASES / "dupcell.xlsx", tmp_path / "o.xlsx")


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_never_gives_an_output_that_is_no_xml(tmp_path: Path, name: str) -> None:
    """The output of a damaged book is well-formed in every part, or there is none."""
    book = Path(shutil.copyfile(CASES / name, tmp_path / name))
    before = book.read_bytes()
    try:
        recalculate(book)
    except Refused as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017
        assert book.read_bytes() == before
        return
    with zipfile.ZipFile(io.BytesIO(book.read_bytes())) as archive:
        for part in archive.namelist():
            if part.startswith("xl/worksheets/sheet"):
                ElementTree.fromstring(archive.read(part))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_what_never_ends_is_stopped(tmp_path: Path, name: str) -> None:
    """Time or memory run out, one line says so, and the file is as it was."""
    book = Path(shutil.copyfile(CASES / f"{name}.xlsx", tmp_path / f"{name}.xlsx"))
    before = book.read_bytes()
    command = [sys.executable, "-c", "from rebalance_xl.cli import main; main()", "recalc", str(book), "--timeout", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert re.search(r"longer than 5 seconds|not enough memory|its process crashed", lines[0])
    assert book.read_bytes() == before


def test_names_that_double_with_each_are_not_written_out(tmp_path: Path) -> None:
    """A name of names that stand for two others each is not computed, and the report says why."""
    found = recalculate(CASES / "lambdaexp.xlsx", tmp_path / "out.xlsx")
    assert [each.cause for each in found.changed if each.status == "kept"] == [
        "engine-unsupported: what the name ff_0 stands for is too long"
    ]


@pytest.mark.parametrize("command", ["plan", "check"])
@pytest.mark.parametrize("name", DAMAGED)
def test_other_commands_give_no_traceback(tmp_path: Path, name: str, command: str) -> None:
    """A damaged book is refused in words by every command."""
    book = Path(shutil.copyfile(CASES / name, tmp_path / name))
    done = CliRunner().invoke(app, [command, str(book)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
