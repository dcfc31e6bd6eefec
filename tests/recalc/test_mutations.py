"""Damaged workbooks: a clean refusal or a result, never an exception of another kind."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate_bytes
from tests.recalc.books import make

FORMULAS = (
    "A1:XFD1048576",
    'INDIRECT("A"&amp;ROW())',
    "((((",
    '"',
    "#REF!",
    "A1#",
    "{1,2",
    "T[[x]",
    "LAMBDA(x,x)(1)",
    "SEQUENCE(100000)",
    "OFFSET(A1,-1,0)",
    "A1:A0",
    "TRIM_AMOUNT()",
    "A1 B1",
    "(A1,B1)",
    "_xlfn.FOO(1)",
    "A1^A1^999",
    "Sheet1:Sheet9!A1",
    "[1]Sheet1!A1",
)


def _build(book: Any, sheet: Any) -> None:
    sheet.add_table("A1:B3", {"name": "T", "columns": [{"header": "x"}, {"header": "y"}], "data": [[1, 2], [3, 4]]})
    sheet.write_column("D1", ["text", True, 2.5, None, "<&>"])
    sheet.write_formula("E1", "=SUM(T[x])*2", None, 0)
    sheet.write_formula("E2", "=TRIM_AMOUNT(A2:A3,B2:B3)", None, 0)
    sheet.write_array_formula("F1:G2", "{=A2:B3*2}", None, 0)
    sheet.write_dynamic_array_formula("H1", "=SEQUENCE(A2+2)", None, 0)
    book.define_name("Rate", "=Sheet1!$A$2")
    sheet.write_formula("E3", "=Rate+E1", None, 0)


def _bytes(random_: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random_.randrange(1, 6)):
        changed[random_.randrange(len(changed))] = random_.randrange(256)
    return bytes(changed)


def _cut(random_: random.Random, data: bytes) -> bytes:
    return data[: random_.randrange(len(data))]


def _parts(random_: random.Random, data: bytes, change: Callable[[random.Random, bytes], bytes], only: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = random_.choice([name for name in parts if re.search(only, name)])
    parts[name] = change(random_, parts[name])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _marks(random_: random.Random, part: bytes) -> bytes:
    changed = bytearray(part)
    for _ in range(random_.randrange(1, 8)):
        changed[random_.randrange(len(changed))] = random_.choice(b"<>&\"'/= rcv0123456789ABtsf\x00\xff")
    return bytes(changed)


def _hole(random_: random.Random, part: bytes) -> bytes:
    start = random_.randrange(len(part))
    return part[:start] + part[start + random_.randrange(1, 60) :]


def _formula(random_: random.Random, part: bytes) -> bytes:
    match = random_.choice(list(re.finditer(rb"<f[^>]*>([^<]*)</f>", part)))
    return part[: match.start(1)] + random_.choice(FORMULAS).encode() + part[match.end(1) :]


MUTATIONS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "bytes": _bytes,
    "cut": _cut,
    "marks in a sheet": lambda random_, data: _parts(random_, data, _marks, "sheet1.xml$"),
    "a hole in a sheet": lambda random_, data: _parts(random_, data, _hole, "sheet1.xml$"),
    "another formula": lambda random_, data: _parts(random_, data, _formula, "sheet1.xml$"),
    "marks anywhere": lambda random_, data: _parts(random_, data, _marks, "."),
}


@pytest.mark.parametrize("kind", MUTATIONS)
def test_mutated_books_are_refused_or_computed(tmp_path: Path, kind: str) -> None:
    """Sixty mutations of each kind, the same ones in every run."""
    data = make(tmp_path / "b.xlsx", _build).read_bytes()
    outcomes = {"refused": 0, "computed": 0}
    for seed in range(60):
        mutated = MUTATIONS[kind](random.Random(f"{kind} {seed}"), data)
        try:
            content, _ = recalculate_bytes(mutated)
        except Refused as refusal:
            assert "\n" not in str(refusal), f"seed {seed}"  # noqa: PT017
            outcomes["refused"] += 1
        else:
            assert recalculate_bytes(content)[1].formulas >= 0, f"seed {seed}"
            outcomes["computed"] += 1
    assert sum(outcomes.values()) == 60
    if kind == "another formula":
        assert outcomes["refused"] == 0


def test_a_result_that_the_engine_cannot_hold_keeps_an_array_formula(tmp_path: Path) -> None:
    """An array formula the engine cannot compute keeps its values, children included."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_array_formula("C1:C2", "{=_xlfn.LET(_xlpm.x,A1,_xlpm.x:A2)}", None, 5)

    data = make(tmp_path / "b.xlsx", build).read_bytes()
    content, report = recalculate_bytes(data)
    assert content == data
    assert report.kept == 1
