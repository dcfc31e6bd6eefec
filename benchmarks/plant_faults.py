"""Plants single-line faults into functions/, book/ and recalc/ and counts how many the owning tests notice.

    python benchmarks/plant_faults.py            all faults, about a minute each
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
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from book_faults import BOOK
from claims import claims
from function_faults import FUNCTIONS
from random_faults import drawn
from recalc_faults import RECALC

ROOT = Path(__file__).resolve().parents[1]


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


def noticed(fault: Fault, root: Path) -> bool:
    """Run the tests that own a fault in the copy; True where one of them fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-m", "not slow", "-p", "no:cacheprovider"]
    tests = fault.tests or TESTS[fault.area]
    done = subprocess.run([*command, *tests], cwd=root, capture_output=True, timeout=1800, check=False)
    return done.returncode != 0


def main(arguments: list[str]) -> int:
    """Plant the faults asked for one after the other; return 1 where fewer than 95 % are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--area", choices=sorted(TESTS))
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--random", type=int, default=0, help="draw so many faults in the area instead")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn by")
    options = parser.parse_args(arguments)
    faults = FAULTS
    if options.random:
        area = options.area or "book"
        found = drawn(ROOT, f"rebalance_xl/{area}", options.random, options.seed)
        faults = [Fault(area, name, file, old, new, at) for name, file, old, new, at in found]
    chosen = [f for f in faults if options.area in (None, f.area) and options.only in f.name]
    survivors, gone = [], []
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "checkout"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
        for fault in chosen:
            original = (root / fault.file).read_text(encoding="utf-8")
            if not planted(fault, root):
                gone.append(fault)
                print(f"GONE      {fault.area}: {fault.name}", flush=True)
                continue
            found = noticed(fault, root)
            (root / fault.file).write_text(original, encoding="utf-8")
            print(f"{'noticed' if found else 'SURVIVES'}   {fault.area}: {fault.name}", flush=True)
            if not found:
                survivors.append(fault)
    tried = len(chosen) - len(gone)
    share = 1 - len(survivors) / tried if tried else 1.0
    print(f"{tried - len(survivors)} of {tried} faults were noticed ({share:.0%}); {len(gone)} lines are gone")
    return 0 if share >= 0.95 and not gone else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
