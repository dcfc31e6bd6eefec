"""What recalculating real workbooks costs, each against LibreOffice: processor time and peak memory.

    python benchmarks/real_books.py FOLDER [FOLDER ...] [--sample 50] [--jobs 2] [--worst 10] [--json]

Every workbook of the folders is recalculated into another file by the whole command, as a user runs it, and loaded,
recalculated and written as .xlsx by LibreOffice (`soffice --headless --convert-to xlsx` with a profile that has every
workbook recalculated on loading). Books that either refuses or does not end within the time limit are counted and not
compared. The dearest ones are named, and all for which this project takes more processor time than LibreOffice. With
`--jobs` several books are measured side by side, each book's two programs one after the other. Many of the workbooks
that the figures are of are those of the public repositories in `real_books.txt`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue

from measuring import Cost, Office, cost_of_command, our_command

KINDS = (".xlsx", ".xlsm", ".xltx", ".xltm")


@dataclass(frozen=True, slots=True)
class Measured:
    """A workbook and what it costs; None where a program refused it or did not end."""

    book: str
    ours: Cost | None
    office: Cost | None

    @property
    def costs(self) -> tuple[Cost, Cost]:
        """Both costs, where they are known."""
        if self.ours is None or self.office is None:
            raise ValueError(f"{self.book} was not measured in both programs")
        return self.ours, self.office

    @property
    def ratio(self) -> float:
        """How many times LibreOffice's processor time this project takes."""
        ours, office = self.costs
        return ours.processor / office.processor


def books_in(folders: Sequence[Path], sample: int | None) -> list[Path]:
    """Return the workbooks of some folders in order, or some of them, the same at every run."""
    found = sorted(each for folder in folders for each in folder.rglob("*") if each.suffix.lower() in KINDS)
    found = [each for each in found if each.is_file() and not each.name.startswith("~$")]
    if sample is not None and sample < len(found):
        found = sorted(random.Random(0).sample(found, sample))
    return found


def measured(book: Path, folder: Path, office: Office, limit: float) -> Measured:
    """Return what one workbook costs in both programs."""
    result = folder / f"ours{book.suffix}"
    result.unlink(missing_ok=True)
    words = [*our_command(), "recalc", book, "-o", result, "--ignore-lock"]
    costs: list[Cost | None] = []
    for run in (lambda: cost_of_command(words, limit=limit), lambda: office.convert(book, limit)):
        try:
            costs.append(run())
        except RuntimeError:
            costs.append(None)
    return Measured(str(book), costs[0], costs[1])


def measure(books: Sequence[Path], folder: Path, jobs: int, limit: float) -> list[Measured]:
    """Measure workbooks, as many side by side as there are jobs, each with a profile of LibreOffice of its own."""
    places: Queue[tuple[Path, Office]] = Queue()
    for number in range(jobs):
        own = folder / str(number)
        own.mkdir()
        places.put((own, Office(own)))

    def one(book: Path) -> Measured:
        own, office = places.get()
        try:
            return measured(book, own, office, limit)
        finally:
            places.put((own, office))

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, books))


def summary(found: Sequence[Measured], worst: int) -> list[str]:
    """Return the lines that tell people what was found."""
    both = sorted((each for each in found if each.ours and each.office), key=lambda each: each.ratio, reverse=True)
    refused = sum(each.ours is None for each in found), sum(each.office is None for each in found)
    lines = [f"{len(both)} of {len(found)} workbooks compared; refused here {refused[0]}, by LibreOffice {refused[1]}"]
    if len(both) < 2:
        return lines
    for what, name in (("processor time", "processor"), ("peak memory", "megabytes")):
        costs = [[getattr(cost, name) for cost in each.costs] for each in both]
        ratios = [ours / office for ours, office in costs]
        low, middle, high = statistics.quantiles(ratios, n=4)
        together = sum(ours for ours, _ in costs) / sum(office for _, office in costs)
        lines.append(
            f"{what} against LibreOffice's: median {middle:.2f}, quartiles {low:.2f} and {high:.2f}, "
            f"worst {max(ratios):.2f}; together {together:.2f}"
        )
    lines.append(f"{sum(each.ratio > 1 for each in both)} workbooks take more processor time than in LibreOffice")
    for place, each in enumerate(both):
        if place < worst or each.ratio > 1:
            ours, office = each.costs
            lines.append(f"    {each.ratio:.2f}: {ours.text()} against {office.text()}  {each.book}")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="folders of workbooks")
    parser.add_argument("--sample", type=int, help="only so many workbooks, the same at every run")
    parser.add_argument("--jobs", type=int, default=1, help="workbooks measured side by side")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one workbook in one program")
    parser.add_argument("--worst", type=int, default=10, help="how many of the dearest workbooks to name")
    parser.add_argument("--json", action="store_true", help="print every number as JSON")
    options = parser.parse_args()
    if Office.missing():
        raise SystemExit(Office.missing())
    with tempfile.TemporaryDirectory() as name:
        books = books_in(options.folders, options.sample)
        if not books:
            raise SystemExit("there are no workbooks")
        found = measure(books, Path(name), options.jobs, options.limit)
    if options.json:
        json.dump([asdict(each) for each in found], sys.stdout, indent=1, ensure_ascii=False)
        print()
    else:
        print("\n".join(summary(found, options.worst)))


if __name__ == "__main__":
    main()
