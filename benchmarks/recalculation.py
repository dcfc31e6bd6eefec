"""Recalculation of workbooks against formualizer's own and against LibreOffice, in one run on one machine.

    python benchmarks/recalculation.py [--rows 20000] [--repeat 5] [--books 200] [--json]

Each figure is the best of several turns; rivals take turns. Ratios are by processor time, which other programs on the
machine disturb least; the clock and the peak memory of the largest process stand beside. Against formualizer only the
work from file to file counts, in a process that has loaded the library; against LibreOffice it is the whole command
as a user runs it, with the start of the process. Results are compared with those of the rival, cell by cell.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from books import (
    CALLS,
    CALLS_AS_NATIVE,
    ERRORS,
    ORDINARY,
    write_column,
    write_errors,
    write_rows_of_formulas,
    write_small,
)
from measuring import Cost, Office, best, cost_of_command, cost_of_statement, our_command

OURS = "from rebalance_xl.recalc.workbook import recalculate; run = lambda: recalculate(book, out)"
#: With what the first call of a worksheet function loads as well: the catalogue and numpy.
LOADED = f"import numpy, rebalance_xl.functions; {OURS}"
THEIRS = "import formualizer; run = lambda: formualizer.recalculate_xlsx_file(book, out)"


@dataclass(slots=True)
class Row:
    """One line of the result: what was measured, the figure in words, the goal, and all numbers behind it."""

    what: str
    figure: str
    goal: str = ""
    costs: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Bench:
    """The folder to work in, the sizes, and LibreOffice where there is one."""

    folder: Path
    rows: int
    books: int
    repeat: int
    office: Office | None

    def recalc(self, book: Path, *more: str | Path) -> Cost:
        """Run the command on one book into another file."""
        return cost_of_command([*our_command(), "recalc", book, "-o", self.result(book), *more])

    def result(self, book: Path) -> Path:
        """Return where this project's result of a workbook is written."""
        return self.folder / "ours" / book.name

    def against_office(self, ours: Path, theirs: Path) -> dict[str, Cost]:
        """Measure the command on one book and LibreOffice on another."""
        rivals: dict[str, Callable[[], Cost]] = {"ours": lambda: self.recalc(ours)}
        office = self.office
        if office is not None:
            rivals["LibreOffice"] = lambda: office.convert(theirs)
        return best(rivals, self.repeat)


def compared(ours: Path, theirs: Path, columns: range) -> int:
    """Return how many numbers two results have in common, and stop where one differs."""
    import openpyxl

    count = 0
    books = [openpyxl.load_workbook(path, read_only=True, data_only=True) for path in (ours, theirs)]
    rows = [book["Book"].iter_rows(min_col=columns[0], max_col=columns[-1], values_only=True) for book in books]
    for number, (mine, other) in enumerate(zip(*rows, strict=True), 1):
        for value, expected in zip(mine, other, strict=True):
            if not math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-7):
                raise SystemExit(f"row {number} of {ours.name}: {value!r} here, {expected!r} in LibreOffice")
            count += 1
    return count


def times_faster(found: dict[str, Cost]) -> str:
    """Say how much faster than LibreOffice this project is."""
    if "LibreOffice" not in found:
        return f"{found['ours'].text()}; {Office.missing()}"
    ours, theirs = found["ours"], found["LibreOffice"]
    return (
        f"{theirs.processor / ours.processor:.1f} times faster ({theirs.clock / ours.clock:.1f} by the clock): "
        f"{ours.text()} against {theirs.text()}"
    )


# --- the rows of the table ------------------------------------------------------------------------------------------


def native_formulas(bench: Bench) -> Iterator[Row]:
    """Compare ordinary formulas with formualizer's own recalculation."""
    book = bench.folder / "native.xlsx"
    write_rows_of_formulas(book, bench.rows, ORDINARY)
    rivals = {
        name: (lambda setup=setup: cost_of_statement(setup, book, bench.result(book)))
        for name, setup in (("ours", f"import numpy, formualizer; {OURS}"), ("formualizer", THEIRS))
    }
    found = best(rivals, bench.repeat)
    ratio = found["ours"].against(found["formualizer"])
    yield Row(
        f"{bench.rows * len(ORDINARY):,} ordinary formulas, against formualizer's own recalculate_xlsx_file",
        f"{ratio['processor']:.2f} times its time ({ratio['clock']:.2f} by the clock): "
        f"{found['ours'].text()} against {found['formualizer'].text()}",
        "at most 1.15 times",
        found,
    )


def single_calls(bench: Bench) -> Iterator[Row]:
    """Compare calls with single cells with the same in native formulas, here and in LibreOffice."""
    calls, native = bench.folder / "calls.xlsx", bench.folder / "calls-native.xlsx"
    write_rows_of_formulas(calls, bench.rows, CALLS)
    write_rows_of_formulas(native, bench.rows, CALLS_AS_NATIVE)
    rivals = {
        name: (lambda book=book: cost_of_statement(LOADED, book, bench.result(book)))
        for name, book in (("calls", calls), ("native formulas", native))
    }
    inside = best(rivals, bench.repeat)
    count = bench.rows * len(CALLS)
    each, other = (inside[name].processor / count * 1e6 for name in rivals)
    yield Row(
        f"a call of a worksheet function with single cells, all in, file to file ({count:,} calls)",
        f"{each:.1f} µs; {each - other:+.1f} µs against a native formula in its place ({other:.1f} µs)",
        "at most 6 µs",
        inside,
    )
    found = bench.against_office(calls, native)
    if bench.office is not None:
        found_equal = compared(bench.result(calls), bench.office.result(native), range(7, 7 + len(CALLS)))
        assert found_equal == count
    yield Row(
        f"{bench.rows:,} rows of {len(CALLS)} such calls, against LibreOffice with native formulas",
        times_faster(found),
        "at least 3.5 times faster",
        found,
    )


def spills(bench: Bench) -> Iterator[Row]:
    """Compare one call for a whole column with native formulas filled down in LibreOffice."""
    rows = 5 * bench.rows
    paths = {form: bench.folder / f"column-{form}.xlsx" for form in ("spilled", "new", "native")}
    for form, path in paths.items():
        write_column(path, rows, form)
    found = bench.against_office(paths["spilled"], paths["native"])
    found |= best({"a new spill": lambda: bench.recalc(paths["new"])}, bench.repeat)
    if bench.office is not None:
        theirs = bench.office.result(paths["native"])
        for form in ("spilled", "new"):
            assert compared(bench.result(paths[form]), theirs, range(4, 5)) == rows
    yield Row(
        f"one call spilled over {rows:,} rows, against LibreOffice with native formulas filled down",
        times_faster(found),
        "at least 5 times faster",
        found,
    )
    yield Row(
        f"the same where it has not spilled before ({rows:,} cells are added)",
        times_faster({**found, "ours": found["a new spill"]}),
        "at least 5 times faster",
    )
    native = best({"ours": lambda: bench.recalc(paths["native"])}, 1)["ours"]
    yield Row(
        f"peak memory, {rows:,} rows: spilled, newly spilled, native formulas",
        "{:.0f}, {:.0f}, {:.0f} MB".format(found["ours"].megabytes, found["a new spill"].megabytes, native.megabytes),
        "at most 300 MB",
        {"native": native},
    )


def many_errors(bench: Bench) -> Iterator[Row]:
    """Measure a book in which thousands of formulas give errors with reasons."""
    book = bench.folder / "errors.xlsx"
    write_errors(book)
    found = best({"ours": lambda: bench.recalc(book)}, bench.repeat)
    yield Row(
        f"{ERRORS:,} formulas of which half give an error whose reason is asked for",
        found["ours"].text(),
        "under 2 s",
        found,
    )


def one_small_book(bench: Bench) -> Iterator[Row]:
    """Measure the console command on a small book, and its help."""
    book = bench.folder / "small.xlsx"
    write_small(book, 1)
    found = bench.against_office(book, book)
    asked = best({"help": lambda: cost_of_command([*our_command(), "--help"])}, bench.repeat)["help"]
    yield Row(
        "one book of 100 rows (202 formulas), the whole command from a cold process",
        times_faster(found),
        "under 0.4 s",
        found,
    )
    yield Row("--help", asked.text(), "", {"help": asked})


def batches(bench: Bench) -> Iterator[Row]:
    """Measure many small books in one process and in a pool, and a thousand for their memory."""
    inbox, out = bench.folder / "inbox", bench.folder / "outbox"
    inbox.mkdir()
    for number in range(bench.books):
        write_small(inbox / f"{number:05}.xlsx", number)
    words = [*our_command(), "recalc", inbox, "--out-dir", out]
    ways = {"sequential": ["--workers", "1", "--timeout", "0"], "pool": []}
    found = best(
        {name: (lambda more=more: cost_of_command([*words, *more])) for name, more in ways.items()}, bench.repeat
    )
    each = {name: cost.clock / bench.books * 1000 for name, cost in found.items()}
    yield Row(
        f"{bench.books} books of 100 rows, the whole command: in one process, in a pool (one worker per core)",
        f"{each['sequential']:.1f}, {each['pool']:.1f} ms a book by the clock; "
        f"{found['sequential'].clock:.2f}, {found['pool'].clock:.2f} s",
        "",
        found,
    )
    few = cost_of_command([*words, *ways["sequential"]])
    for number in range(bench.books, 5 * bench.books):
        shutil.copy(inbox / f"{number % bench.books:05}.xlsx", inbox / f"{number:05}.xlsx")
    many = {name: cost_of_command([*words, *more]) for name, more in ways.items()}
    yield Row(
        f"{5 * bench.books:,} books against {bench.books}: peak memory of the largest process",
        f"{few.megabytes:.0f} MB and {many['sequential'].megabytes:.0f} MB in one process, "
        f"{found['pool'].megabytes:.0f} MB and {many['pool'].megabytes:.0f} MB in a pool; "
        f"{many['pool'].clock:.1f} s in a pool",
        "no growth",
        {f"{bench.books} books": few, **{f"{5 * bench.books} books, {name}": each for name, each in many.items()}},
    )


def direct_calls(bench: Bench) -> Iterator[Row]:
    """Measure what one call costs without a workbook."""
    from rebalance_xl.functions import FUNCTIONS

    rows, trim = bench.rows, FUNCTIONS["TRIM_AMOUNT"]
    columns = [[[1000.0 + row % 977] for row in range(rows)], [[0.5 / rows]] * rows, [[0.05]] * rows]
    trim.call(*columns)
    work = time.process_time()
    for row in range(rows):
        trim.call(1000.0, 0.2, 0.05, "target", "absolute", 4000.0 + row)
    single = (time.process_time() - work) / rows * 1e6
    work = time.process_time()
    trim.call(*columns)
    column = (time.process_time() - work) / rows * 1e6
    yield Row(
        "a call without a workbook: with single numbers; one row of a call with columns",
        f"{single:.1f} µs; {column:.2f} µs",
        "",
        {"single": single, "row": column},
    )


PARTS = {
    "native": native_formulas,
    "calls": single_calls,
    "spill": spills,
    "errors": many_errors,
    "small": one_small_book,
    "batch": batches,
    "direct": direct_calls,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000, help="rows of formulas; a spill has five times as many")
    parser.add_argument("--books", type=int, default=200, help="small books of a batch")
    parser.add_argument("--repeat", type=int, default=5, help="turns, of which the best counts")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="parts of the table")
    parser.add_argument("--json", action="store_true", help="print every number as JSON")
    options = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ours").mkdir()
        office = None if Office.missing() else Office(folder)
        bench = Bench(folder, options.rows, options.books, options.repeat, office)
        write_small(folder / "warm.xlsx", 0)
        bench.recalc(folder / "warm.xlsx")
        if office is not None:
            office.convert(folder / "warm.xlsx")
        for part in options.only:
            for row in PARTS[part](bench):
                found.append(row)
                if not options.json:
                    goal = f" [{row.goal}]" if row.goal else ""
                    print(f"{row.what}{goal}\n    {row.figure}", flush=True)
    if options.json:
        json.dump([asdict(row) for row in found], sys.stdout, indent=1, ensure_ascii=False)
        print()


if __name__ == "__main__":
    main()
