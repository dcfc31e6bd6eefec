"""What the command line of `rebalance-xl recalc` asks for, checked before anything is done."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance_xl.commands.options import UsageError, read_day
from rebalance_xl.commands.recalc_book import RecalcOptions
from rebalance_xl.commands.tables import NEEDS_PYARROW
from rebalance_xl.recalc.batch.jobs import Job, find_books, plan_jobs

if TYPE_CHECKING:
    from rebalance_xl.book.inputs import Change

SUMMARY_ENDINGS = (".csv", ".json", ".parquet", ".xlsx")
REPORT_ENDINGS = (".csv", ".json")


@dataclass(slots=True)
class Request:
    """The command line as given."""

    patterns: Sequence[str]
    output: Path | None = None
    out_dir: Path | None = None
    as_of: str = ""
    check: bool = False
    as_json: bool = False
    report: Path | None = None
    summary: Path | None = None
    changes: Sequence[str] = field(default_factory=list)
    prices: Path | None = None
    workers: int = 0
    timeout: float | None = None
    scheduler: str = ""
    skip_unchanged: bool = False
    spill_plain: bool = False
    ignore_lock: bool = False
    read_only_too: bool = False
    plain: bool = False
    verify: bool = False


def read_request(request: Request) -> list[Job]:
    """Return the jobs of a request; makes the folder for the results.

    Raises
    ------
    UsageError
        Something asked for contradicts itself, does not exist or would overwrite what it must not.
    OSError
        The folder for the results cannot be made.
    """
    options = _options(request)
    jobs = _jobs(request, options)
    _refuse_to_overwrite(request, jobs)
    if request.out_dir is not None:
        request.out_dir.mkdir(parents=True, exist_ok=True)
    return jobs


def _options(request: Request) -> RecalcOptions:
    if request.output is not None and request.out_dir is not None:
        raise UsageError("-o and --out-dir exclude each other")
    if request.check and (request.output or request.out_dir):
        raise UsageError("--check writes nothing: it goes without -o and --out-dir")
    for name, path, endings in (
        ("--report", request.report, REPORT_ENDINGS),
        ("--summary", request.summary, SUMMARY_ENDINGS),
    ):
        if path is None:
            continue
        if path.suffix.lower() not in endings:
            raise UsageError(f"{name} {path} must end in {', '.join(endings)}")
        if not path.parent.is_dir():
            raise UsageError(f"{name} {path}: there is no folder {path.parent}")
        if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
            raise UsageError(f"{name} {path}: {NEEDS_PYARROW}")
    changes: list[Change] = []
    unused: tuple[str, ...] = ()
    if request.prices or request.changes:  # otherwise nothing of the book is needed
        from rebalance_xl.book.inputs import parse_change, read_prices

        try:
            if request.prices:
                prices = read_prices(request.prices)
                changes, unused = list(prices.changes), prices.unused
            changes += [parse_change(each) for each in request.changes]
        except ValueError as failure:
            raise UsageError(str(failure)) from None
    return RecalcOptions(
        as_of=read_day(request.as_of),
        check=request.check,
        ignore_lock=request.ignore_lock,
        read_only_too=request.read_only_too,
        plain=request.plain,
        verify=request.verify,
        spill_plain=True if request.spill_plain else None,
        changes=tuple(changes),
        wants_cells=request.report is not None or request.as_json,
        wants_summary=request.summary is not None,
        unused=unused,
        skip_unchanged=request.skip_unchanged,
        run=f"{os.getpid()} {time.time_ns()}",
    )


def _jobs(request: Request, options: RecalcOptions) -> list[Job]:
    if not all(pattern.strip() for pattern in request.patterns):
        raise UsageError('a book is named ""; write . for all books in this folder')
    if request.out_dir is not None and request.out_dir.exists() and not request.out_dir.is_dir():
        raise UsageError(f"--out-dir {request.out_dir} is not a folder")
    summaries = [request.summary] if request.summary is not None and _is_summary(request.summary) else []
    books, misses = find_books(request.patterns, request.out_dir, summaries)
    if misses:
        raise UsageError(f"no workbook matches {', '.join(misses)}")
    if request.output is not None:
        if len(books) != 1:
            raise UsageError(f"-o takes one book, not {len(books)}; --out-dir takes many")
        book = books[0][0]
        if request.output.suffix.lower() != book.suffix.lower() and not request.output.is_dir():
            raise UsageError(f"-o {request.output} must end in {book.suffix}, as the book does")
        return [Job(book, request.output, options)]
    return plan_jobs(books, request.out_dir, options)


def _refuse_to_overwrite(request: Request, jobs: Sequence[Job]) -> None:
    """Refuse a report in the place of a book, of a price file or of the other report."""
    books = {os.path.realpath(path) for job in jobs for path in (job.path, job.output)}
    taken = {os.path.realpath(request.prices): "the price file"} if request.prices else {}
    for name, path in (("--report", request.report), ("--summary", request.summary)):
        if path is None:
            continue
        real = os.path.realpath(path)
        if path.is_dir():
            raise UsageError(f"{name} {path} is a folder")
        if real in books or (path.suffix.lower() == ".xlsx" and path.exists() and not _is_summary(path)):
            raise UsageError(f"{name} {path} is a workbook that would be overwritten: name another file")
        if real in taken:
            raise UsageError(f"{name} {path} would overwrite {taken[real]}: name another file")
        taken[real] = name


def _is_summary(path: Path) -> bool:
    """Tell whether a file is a summary that an earlier run has written."""
    if path.suffix.lower() != ".xlsx" or not path.is_file():
        return False
    from rebalance_xl.commands.tables import holds_summary

    return holds_summary(path)
