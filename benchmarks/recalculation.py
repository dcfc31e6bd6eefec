"""File-to-file recalculation against formualizer's own, and the cost of one call, in one run on one machine.

    python benchmarks/recalculation.py [--rows 20000] [--repeat 3]

Every figure is measured in a process of its own, the best of several runs, by processor time (which other programs on
the machine disturb least) and by the clock. Ratios are to formualizer's own recalculate_xlsx_file on the same book.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

OURS = "from rebalance_xl.recalc import recalculate; run = lambda: recalculate(book, out)"
THEIRS = "import formualizer; run = lambda: formualizer.recalculate_xlsx_file(book, out)"
MEASURE = """
import json, resource, sys, time
book, out = sys.argv[1:3]
{setup}
clock, work = time.perf_counter(), time.process_time()
run()
print(json.dumps([time.process_time() - work, time.perf_counter() - clock,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
SCALARS = (
    "WEIGHT(A{0},$Z$1)",
    "TRIM_AMOUNT(A{0},B{0},C{0},,,A{0}*4)",
    'ADD_AMOUNT(A{0},B{0},C{0},"midpoint",,A{0}*7)',
    "INITIAL_MARGIN(A{0},E{0})",
    'BREAKEVEN_PRICE("long",D{0},0.0005,0.0005)',
    "BASIS_RATE(D{0},D{0}*1.01)",
)
NATIVE = ("A{0}*B{0}", "IF(G{0}>1000,ROUND(G{0}/3,2),0)", "G{0}+H{0}", "SUM(A{0}:E{0})", "MAX(J{0},100)")
SAME_SHAPE = (
    "A{0}/$Z$1",
    "MAX(A{0}-B{0}*A{0}*4,0)",
    "MAX(B{0}*A{0}*7-A{0},0)",
    "A{0}/E{0}",
    "D{0}*1.001",
    "D{0}*1.01/D{0}-1",
)


def write_book(path: Path, rows: int, formulas: tuple[str, ...], spill: str = "") -> None:
    """Write a book with five columns of inputs and formulas filled down beside them."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        sheet.write("Z1", 1e9)
        for row in range(rows):
            target = 0.5 / rows if spill else 0.2 + row % 5 / 100
            sheet.write_row(row, 0, [1000.0 + row % 977, target, 0.05, 100.0 + row % 31, 3 + row % 20])
            for column, formula in enumerate(formulas):
                sheet.write_formula(row, 6 + column, "=" + formula.format(row + 1), None, 0)
        if spill:
            sheet.write_dynamic_array_formula("G1", spill.format(rows), None, 0)


def measure(setup: str, book: Path, repeat: int) -> list[float]:
    """Return processor seconds, seconds and megabytes of the best of several runs."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, "-c", MEASURE.format(setup=setup), str(book), str(book.with_suffix(".out.xlsx"))]
        runs.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    return min(runs)


def per_call(rows: int) -> dict[str, float]:
    """Return microseconds per row of a direct call: one at a time, and as one array."""
    import time

    from rebalance_xl.functions import FUNCTIONS

    trim = FUNCTIONS["TRIM_AMOUNT"]
    columns = [[[1000.0 + row % 977] for row in range(rows)], [[0.5 / rows]] * rows, [[0.05]] * rows]
    trim.call(*columns)
    work = time.process_time()
    for row in range(rows):
        trim.call(1000.0, 0.2, 0.05, "target", "absolute", 4000.0 + row)
    scalar = (time.process_time() - work) / rows * 1e6
    work = time.process_time()
    trim.call(*columns)
    return {"scalar": scalar, "array": (time.process_time() - work) / rows * 1e6}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = options.rows
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        native, scalars, plain, spill = (
            Path(folder) / f"{name}.xlsx" for name in ("native", "scalars", "plain", "spill")
        )
        write_book(native, rows, NATIVE)
        write_book(scalars, rows, SCALARS)
        write_book(plain, rows, SAME_SHAPE[: len(SCALARS) if rows * len(SCALARS) <= 100_000 else 5])
        write_book(spill, 5 * rows, (), "=TRIM_AMOUNT(A1:A{0},B1:B{0},C1:C{0})")
        ours, theirs = measure(OURS, native, options.repeat), measure(THEIRS, native, options.repeat)
        results["native formulas"] = {"formulas": rows * len(NATIVE), "ours": ours, "formualizer": theirs}
        base = measure(OURS, plain, options.repeat)
        called = measure(OURS, scalars, options.repeat)
        calls = rows * len(SCALARS)
        results["scalar calls"] = {"calls": calls, "ours": called, "all in, us per call": called[0] / calls * 1e6}
        results["the same with native formulas"] = {"ours": base}
        results["spill"] = {"rows": 5 * rows, "ours": measure(OURS, spill, options.repeat)}
        results["direct call, us"] = per_call(rows)
    if options.json:
        print(json.dumps(results))
        return
    print(f"{rows * len(NATIVE):,} native formulas: {ours[0]:.2f} s, formualizer's own {theirs[0]:.2f} s")
    print(
        f"  ratio {ours[0] / theirs[0]:.2f} by processor time, {ours[1] / theirs[1]:.2f} by the clock; {ours[2]:.0f} MB"
    )
    print(f"{calls:,} scalar calls: {called[0]:.2f} s, {called[0] / calls * 1e6:.1f} us a call all in (file to file)")
    large = results["spill"]["ours"]
    print(f"a spill of {5 * rows:,} rows: {large[0]:.2f} s, {large[2]:.0f} MB")
    direct = results["direct call, us"]
    print(f"a direct call: {direct['scalar']:.2f} us a number, {direct['array']:.2f} us a row of an array")


if __name__ == "__main__":
    main()
