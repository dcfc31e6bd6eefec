"""Damaged workbooks: a clean refusal or a lossless result, never a crash, a hang or a changed input.

The seeds run from FIRST_SEED on; set REBALANCE_FUZZ to the number of mutations (10,000 for the full run).
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rebalance_xl.recalc.batch.jobs import Job
from rebalance_xl.recalc.batch.workers import run_jobs
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate
from tests.batch.many_books import write_many

from .mutations import mutate

FIRST_SEED = 20_261_122
ROOT = Path(__file__).resolve().parents[2]
_MAY_CHANGE = re.compile(r"\[Content_Types\]\.xml|xl/_rels/workbook\.xml\.rels|xl/metadata\.xml|xl/worksheets/.*\.xml")


def base_books(folder: Path) -> list[Path]:
    """Return the books that are damaged: fixtures, the sample, the add-in and a generated one."""
    found = [path for path in sorted((ROOT / "tests/fixtures").glob("*.xls[xm]")) if path.stat().st_size < 60_000]
    found += [path for path in (ROOT / "examples/sample.xlsx", ROOT / "workbook/Rebalancer.xlsm") if path.exists()]
    return [*found, write_many(folder / "generated", 1)[0].path]


def fuzz_one(job: Job) -> str:
    """Damage a book with the seed of the job and recalculate it; returns what was wrong, or an empty text."""
    seed: int = job.options
    folder = Path(tempfile.mkdtemp(prefix="fuzz_"))
    try:
        path, output = folder / job.path.name, folder / f"out{job.path.suffix}"
        damaged = mutate(job.path.read_bytes(), seed)
        path.write_bytes(damaged)
        try:
            recalculate(path, output)
        except Refused as refusal:
            problem = "" if str(refusal) and "\n" not in str(refusal) else f"refusal of {str(refusal)!r}"
            if output.exists():
                problem += " output after a refusal"
        else:
            problem = difference(damaged, output.read_bytes())
        if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(damaged).digest():
            problem += " input changed"
        strays = [each.name for each in folder.iterdir() if each not in (path, output)]
        return problem + (f" left behind {strays}" if strays else "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def difference(before: bytes, after: bytes) -> str:
    """Say what a recalculation changed besides cached values, or nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
            if after != before and new.testzip() is not None:
                return "bad checksum in the output"
            names = set(old.namelist())
            if extra := set(new.namelist()) - names - {"xl/metadata.xml"}:
                return f"new members {sorted(extra)}"
            if lost := names - set(new.namelist()):
                return f"lost members {sorted(lost)}"
            for name in names:
                first, second = old.read(name), new.read(name)
                if first == second:
                    continue
                if not _MAY_CHANGE.fullmatch(name.lstrip("/")):
                    return f"changed {name}"
                try:
                    if "worksheets" in name and _formulas(first) != _formulas(second):
                        return f"more than cached values changed in {name}"
                    ElementTree.fromstring(second)
                except ElementTree.ParseError as error:
                    return f"{name} is no XML: {error}"
    return ""


def _formulas(text: bytes) -> list[tuple[str | None, str | None]]:
    """Return the formulas of a sheet with their cells, as an XML parser of its own finds them."""
    found = []
    for cell in ElementTree.fromstring(text).iter():
        if isinstance(cell.tag, str) and cell.tag.rpartition("}")[2] == "c":
            own = cell.tag.rpartition("}")[0]
            found += [(cell.get("r"), each.text) for each in cell if each.tag == (f"{own}}}f" if own else "f")]
    return found


def run_fuzz(folder: Path, count: int) -> None:
    """Damage the base books with `count` seeds and demand that nothing goes wrong."""
    books = base_books(folder)
    jobs = [Job(books[seed % len(books)], folder / "unused", seed) for seed in range(FIRST_SEED, FIRST_SEED + count)]
    outcomes = run_jobs(jobs, fuzz_one, workers=2, seconds=60)
    wrong = [
        f"seed {outcome.job.options} on {outcome.job.path.name}: {outcome.failure or outcome.value}"
        for outcome in outcomes
        if outcome.failure or outcome.value
    ]
    assert wrong == []


def test_damaged_books_are_refused_or_right(tmp_path: Path) -> None:
    """Some hundred damaged books give a clean refusal or a lossless result."""
    run_fuzz(tmp_path, 200)


@pytest.mark.slow
def test_many_damaged_books(tmp_path: Path) -> None:
    """As many damaged books as REBALANCE_FUZZ says give a clean refusal or a lossless result."""
    run_fuzz(tmp_path, int(os.environ.get("REBALANCE_FUZZ", "1500")))
