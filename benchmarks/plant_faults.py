"""Plants single-line faults into functions/, book/ and recalc/ and counts how many the owning tests notice.

    python benchmarks/plant_faults.py            all faults, some seconds each
    python benchmarks/plant_faults.py --jobs 2
    python benchmarks/plant_faults.py --area book --only cap
    python benchmarks/plant_faults.py --area book --random 40 --seed 1
    python benchmarks/plant_faults.py --area contract --only "blank venue"

A fault is a line of the code and what it is changed into. Each is planted into a copy of the checkout, the tests of the
area that owns the line are run there, and a fault that no test notices survives. The checkout itself is not touched.
In the area contract each fault breaks one claim of what a book is promised (claims.py) and names its own tests.
With --random the faults are drawn by a seed instead (random_faults.py): nobody chose them to be easy or hard.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import hypothesis  # noqa: F401 - loaded once, before the forks
import numpy as np  # noqa: F401
import openpyxl  # noqa: F401
import pytest
from book_faults import BOOK
from claims import claims
from function_faults import FUNCTIONS
from random_faults import drawn
from recalc_faults import RECALC

ROOT = Path(__file__).resolve().parents[1]
FORK = multiprocessing.get_context("fork")
OPTIONS = ["-q", "-x", "-o", "addopts=", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
NOTICED, SURVIVES, GONE = "noticed", "SURVIVES", "GONE"


@dataclass(frozen=True)
class Fault:
    """One line and what it becomes; `tests` should notice, by default those of the area."""

    area: str
    name: str
    file: str
    line: str
    becomes: str
    at: int = -1
    tests: tuple[str, ...] = ()


def faults_of(area: str, rows: Iterable[tuple[str, str, str, str]]) -> list[Fault]:
    """Return the faults of an area from the rows of its list."""
    return [Fault(area, name, f"rebalance_xl/{area}/{file}.py", line, becomes) for name, file, line, becomes in rows]


#: The tests that own each area.
TESTS = {
    "book": [
        f"tests/book/test_{name}.py"
        for name in ("review_rules", "money_and_debts", "odd_positions", "derivative_lines", "venues")
    ]
    + ["tests/book"],
    "functions": ["tests/golden", "tests/derivatives", "tests/accounts", "tests/functions"],
    "recalc": ["tests/recalc", "tests/native"],
    "contract": ["tests/book"],
}

FAULTS = [*faults_of("book", BOOK), *faults_of("functions", FUNCTIONS), *faults_of("recalc", RECALC)]
FAULTS += [
    Fault("contract", each.name, f"rebalance_xl/{each.file}", each.line, each.becomes, tests=each.tests)
    for each in claims()
]


def planted(fault: Fault, root: Path) -> bool:
    """Plant a fault into a copy of the checkout; False where its line is no longer there."""
    path = root / fault.file
    text = path.read_text(encoding="utf-8")
    start = text.find(fault.line) if fault.at < 0 else fault.at
    if start < 0 or not text.startswith(fault.line, start):
        return False
    path.write_text(text[:start] + fault.becomes + text[start + len(fault.line) :], encoding="utf-8")
    return True


def noticed(tests: Sequence[str], root: Path) -> bool:
    """Run tests in the copy; True where one of them fails, cannot be imported or never ends.

    They run in a fork of this process, which has loaded what tests import but nothing of the package.
    """
    run = FORK.Process(target=_tested, args=(root, tests))
    run.start()
    run.join(1800)
    if run.is_alive():
        run.kill()
        return True
    if run.exitcode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        raise SystemExit(f"the tests did not run, pytest ended with {run.exitcode}: {' '.join(tests)}")
    return run.exitcode != pytest.ExitCode.OK


def _tested(root: Path, tests: Iterable[str]) -> None:
    os.chdir(root)
    sys.path.insert(0, str(root))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        code: int = pytest.main([*OPTIONS, *tests])
    except BaseException:
        code = pytest.ExitCode.INTERNAL_ERROR
    os._exit(code)


def worked_through(faults: Sequence[Fault], found: SimpleQueue[tuple[str, Fault]]) -> None:
    """Plant faults one after the other into a copy of its own, and say of each what became of it.

    Tests that fail without a fault notice nothing: that is asked first.
    """
    clean: set[tuple[str, ...]] = set()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "checkout"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
        sys.dont_write_bytecode = True  # a line may become one of the same length within the same second
        for fault in faults:
            tests = fault.tests or tuple(TESTS[fault.area])
            if tests not in clean and noticed(tests, root):
                raise SystemExit(f"tests fail without a fault: {' '.join(tests)}")
            clean.add(tests)
            original = (root / fault.file).read_text(encoding="utf-8")
            word = GONE
            if planted(fault, root):
                word = NOTICED if noticed(tests, root) else SURVIVES
                (root / fault.file).write_text(original, encoding="utf-8")
            found.put((word, fault))


def main(arguments: list[str]) -> int:
    """Plant the faults asked for; return 1 where fewer than 95 % are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--area", choices=sorted(TESTS))
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--random", type=int, default=0, help="draw so many faults in the area instead")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn by")
    parser.add_argument("--jobs", type=int, default=1, help="how many copies to work in side by side")
    options = parser.parse_args(arguments)
    faults = FAULTS
    if options.random:
        area = options.area or "book"
        found = drawn(ROOT, f"rebalance_xl/{area}", options.random, options.seed)
        faults = [Fault(area, name, file, old, new, at) for name, file, old, new, at in found]
    chosen = [f for f in faults if options.area in (None, f.area) and options.only in f.name]
    results = FORK.SimpleQueue()
    workers = [
        FORK.Process(target=worked_through, args=(chosen[k :: options.jobs], results)) for k in range(options.jobs)
    ]
    for worker in workers:
        worker.start()
    counts: Counter[str] = Counter()
    while sum(counts.values()) < len(chosen) and (any(w.is_alive() for w in workers) or not results.empty()):
        if results.empty():
            time.sleep(0.2)
            continue
        word, fault = results.get()
        counts[word] += 1
        print(f"{word:9} {fault.area}: {fault.name}", flush=True)
    for worker in workers:
        worker.join()
    tried = counts[NOTICED] + counts[SURVIVES]
    share = counts[NOTICED] / tried if tried else 1.0
    print(f"{counts[NOTICED]} of {tried} faults were noticed ({share:.0%}); {counts[GONE]} lines are gone")
    return 0 if share >= 0.95 and sum(counts.values()) == len(chosen) and not counts[GONE] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
