"""``python -m rebalance_xl.authoring.pictures [BOOK] [FOLDER]``: the first page of every sheet as a picture.

LibreOffice lays the sheets out and poppler's pdftoppm draws them; both must be installed. The formulas are left out of
the copy that is drawn, so that it shows the values in the file whether or not the functions are installed there.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from xlsxwriter.utility import xl_range_abs

from rebalance_xl.authoring import dashboard
from rebalance_xl.authoring.build import ROOT
from rebalance_xl.authoring.package import read_parts, write_parts
from rebalance_xl.authoring.variants import without_macros

_DOTS_PER_INCH = 170
_MARGIN = 16
#: The part of a page above the footer.
_BODY = 0.94
Pixels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]


def draw_sheets(workbook: Path, folder: Path) -> list[Path]:
    """Draw the first page of every sheet.

    Parameters
    ----------
    workbook
        The workbook.
    folder
        Where the pictures go; each is named after its sheet.

    Returns
    -------
    list of Path
        The pictures, in the order of the sheets.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "sheets.xlsx"
        copy.write_bytes(values_only(workbook.read_bytes()))
        profile = (Path(scratch) / "profile").as_uri()
        convert = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf"]
        _run([*convert, "--outdir", scratch, str(copy)])
        _run(["pdftoppm", "-r", str(_DOTS_PER_INCH), str(copy.with_suffix(".pdf")), str(Path(scratch) / "page")])
        pages = sorted(Path(scratch).glob("page-*.ppm"))
        drawn = []
        for name, page in zip(_sheets_of(copy.with_suffix(".pdf")), pages, strict=True):
            picture = folder / f"{name.lower().replace('.', '-')}.png"
            if picture not in drawn:
                picture.write_bytes(png(cropped(read_ppm(page.read_bytes()))))
                drawn.append(picture)
        return drawn


def _sheets_of(pdf: Path) -> list[str]:
    """Return the name of the sheet that each page shows, which its footer says."""
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, timeout=300)
    return re.findall(r"Rebalancer - (\S+)", done.stdout.decode())


def values_only(package: bytes) -> bytes:
    """Return the workbook as an .xlsx that holds values in place of formulas, and no macros."""
    parts = without_macros(read_parts(package))
    areas = _drawn_areas(package)
    for name, data in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            parts[name] = re.sub(rb"<f(?: [^>]*)?/>|<f(?: [^>]*)?>[^<]*</f>", b"", data)
        elif name.startswith("xl/charts/"):
            # LibreOffice does not evaluate the names that the charts draw, so it gets what they stand for.
            text = re.sub(
                rb"<c:f>Dashboard!(\w+)</c:f>", lambda found: b"<c:f>%s</c:f>" % areas[found[1].decode()], data
            )
            parts[name] = re.sub(rb"<c:(?:num|str)Cache>.*?</c:(?:num|str)Cache>", b"", text)
    return write_parts(parts)


def _drawn_areas(package: bytes) -> dict[str, bytes]:
    """Return the cells that each name of the charts stands for, with the values in the file."""
    import openpyxl

    with warnings.catch_warnings(action="ignore"):
        sheet = openpyxl.load_workbook(io.BytesIO(package), data_only=True)["Dashboard"]
    return {
        name: f"Dashboard!{xl_range_abs(row, column, row + dashboard.rows_drawn(sheet, column) - 1, column)}".encode()
        for name, (column, row, _) in dashboard.chart_areas().items()
    }


def read_ppm(data: bytes) -> Pixels:
    """Read a picture of pdftoppm: rows of pixels of red, green and blue."""
    found = re.match(rb"P6\s(\d+)\s(\d+)\s\d+\s", data)
    assert found is not None
    width, height = int(found[1]), int(found[2])
    return np.frombuffer(data, np.uint8, width * height * 3, found.end()).reshape(height, width, 3)


def cropped(pixels: Pixels) -> Pixels:
    """Cut away the footer and the white around what is drawn."""
    body = pixels[: int(len(pixels) * _BODY)]
    inked = (body != 255).any(axis=2)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    top, left = max(rows[0] - _MARGIN, 0), max(columns[0] - _MARGIN, 0)
    return body[top : rows[-1] + _MARGIN, left : columns[-1] + _MARGIN]


def png(pixels: Pixels) -> bytes:
    """Write a PNG of at most 256 colours: similar shades become the most frequent one of them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    colours, place, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    # The most frequent shade of each cell of the colour cube stands for the cell.
    cells = colours[order] >> 3
    _, first = np.unique(cells, axis=0, return_index=True)
    palette = colours[order][np.sort(first)[:256]]
    distance = ((colours[:, None, :].astype(int) - palette[None, :, :]) ** 2).sum(axis=2)
    indices = distance.argmin(axis=1).astype(np.uint8)[place.reshape(-1)].reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), indices])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [
        chunk(b"IHDR", header),
        chunk(b"PLTE", palette.tobytes()),
        chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=300)


if __name__ == "__main__":
    book = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "workbook" / "Rebalancer.xlsm"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "img"
    target.mkdir(parents=True, exist_ok=True)
    for path in draw_sheets(book, target):
        print(f"{path}: {path.stat().st_size:,} bytes")
