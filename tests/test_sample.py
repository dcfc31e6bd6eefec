"""The shipped sample book: what the README promises of it."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.recalc.workbook import recalculate


def test_sample_is_what_the_script_writes(root: Path, tmp_path: Path) -> None:
    """The committed sample is the script's, byte for byte."""
    runpy.run_path(str(root / "examples" / "make_sample.py"))["main"](tmp_path / "sample.xlsx")
    committed = (root / "examples" / "sample.xlsx").read_bytes()
    assert (tmp_path / "sample.xlsx").read_bytes() == committed, "run python examples/make_sample.py"


@pytest.fixture
def summary(root: Path, tmp_path: Path) -> dict[str, Any]:
    """Return the sheet Summary of the recalculated sample: label to value."""
    book = tmp_path / "sample.xlsx"
    shutil.copyfile(root / "examples" / "sample.xlsx", book)
    assert recalculate(book).stale
    sheet = openpyxl.load_workbook(book, data_only=True)["Summary"]
    return {row[0]: row[1:] for row in sheet.iter_rows(values_only=True) if row[0]}


def test_recalculated_sample(summary: dict[str, Any]) -> None:
    """SOL trim 1,600 with a gain of 800, BTC +400, ETH +600, margin 600."""
    figures = {label: cells[0] for label, cells in summary.items()}
    assert figures["Value of the book"] == 12_000
    assert figures["Trigger"] == "THRESHOLD"
    assert figures["To sell"] == pytest.approx(1600)
    assert figures["Gain that the sale realises"] == pytest.approx(800)
    assert figures["Needed by spot below target"] == pytest.approx(1000)
    assert figures["Left for futures margin"] == pytest.approx(600)
    assert figures["Missing"] == 0
    # Outside its band only SOL is: TRADE_AMOUNT trades what breaches, the plan also fills what is under its target.
    assert [figures[name] for name in ("BTC", "ETH", "SOL")] == [0, 0, pytest.approx(-1600)]
    assert summary["SOL"][1].startswith("TRIM: weight 33.33 %")


def test_plan_of_the_sample(root: Path) -> None:
    """The plan sells SOL 1,600, buys BTC 400 and ETH 600 and puts 600 up as margin; the end state is 45/30/20/5 %."""
    command = [sys.executable, "-m", "rebalance_xl.cli", "plan", str(root / "examples" / "sample.xlsx"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    lines = {line["asset"]: line for line in json.loads(done.stdout)["lines"]}
    seen = {name: (line["action"], round(line["amount"], 2)) for name, line in lines.items()}
    assert seen == {
        "SOL": ("SELL", 1600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": ("OPEN LONG", 600.0),
    }
    after = {name: line["weight_after"] for name, line in lines.items()}
    assert after == pytest.approx({"BTC": 0.45, "ETH": 0.30, "SOL": 0.20, "ETHUSDT": 0.05})
