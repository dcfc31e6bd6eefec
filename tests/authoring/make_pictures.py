"""``python -m tests.authoring.make_pictures``: the pictures of docs/img, of a book of 40 assets and 12 positions.

The sheet Review is that of the shipped book, filled over the invented closes of ``examples/synthetic_prices.csv``.
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rebalance_xl.authoring.build import ROOT
from rebalance_xl.authoring.pictures import draw_sheets
from rebalance_xl.book import actions
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.workbook import recalculate_bytes

from .growing import assets, grown, positions, tiers

ASSETS, POSITIONS = 40, 12
DAY = dt.date(2026, 11, 20)


def grown_book(count: int, open_positions: int) -> bytes:
    """Return the workbook with so many rows, its plan written and everything calculated."""
    futures = positions(open_positions)
    tables = {"Portfolio": assets(count), "Futures": futures, "MarginTiers": tiers(futures)}
    package = grown((ROOT / "workbook" / "Rebalancer.xlsm").read_bytes(), tables)
    port = FileWorkbook.from_bytes(recalculate_bytes(package, as_of=DAY)[0])
    actions.rebalance(port, DAY)
    return recalculate_bytes(port.content(), as_of=DAY)[0]


def reviewed_book(path: Path) -> None:
    """Write the shipped workbook to a path with its sheet Review filled, as the command does it."""
    command = [
        sys.executable,
        "-m",
        "rebalance_xl.cli",
        "review",
        str(ROOT / "workbook" / "Rebalancer.xlsm"),
        "--write",
    ]
    closes = ["--prices", str(ROOT / "examples" / "synthetic_prices.csv"), "--from", "2025-10-17"]
    subprocess.run([*command, *closes, "-o", str(path)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        review = Path(folder) / "review.xlsm"
        reviewed_book(review)
        draw_sheets(review, Path(folder))
        book = Path(folder) / "book.xlsm"
        book.write_bytes(grown_book(ASSETS, POSITIONS))
        for picture in draw_sheets(book, ROOT / "docs" / "img"):
            print(f"{picture}: {picture.stat().st_size:,} bytes")
        shutil.copy(Path(folder) / "review.png", ROOT / "docs" / "img" / "review.png")
