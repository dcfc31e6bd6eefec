"""One book of a recalculation run: inputs in, values computed, figures out. This is what worker processes call."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebalance_xl import __version__
from rebalance_xl.cells import CellError
from rebalance_xl.recalc.batch.jobs import Entry, Job, Ledger, content_hash, options_hash
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.outcome import Recalculation
from rebalance_xl.recalc.workbook import recalculate

if TYPE_CHECKING:  # a run without changes needs nothing of the book
    from rebalance_xl.book.inputs import Change


@dataclass(frozen=True, slots=True)
class RecalcOptions:
    """What holds for every book of a run.

    `run` tells one run from another to workers that live through several; `unused` are the columns of the price file
    that nothing is made of.
    """

    as_of: dt.date | None = None
    check: bool = False
    ignore_lock: bool = False
    read_only_too: bool = False
    spill_plain: bool | None = None
    changes: tuple[Change, ...] = ()
    unused: tuple[str, ...] = ()
    wants_cells: bool = False
    wants_summary: bool = False
    skip_unchanged: bool = False
    run: str = ""
    plain: bool = False
    verify: bool = False


@dataclass(slots=True)
class BookReport:
    """What is told about one book; plain values only, so that it travels and can be kept.

    Parameters
    ----------
    output, written
        Where the result is, and whether the file was written: one that is up to date stays as it is.
    status
        "done", "stale" (with --check), "skipped" or "failed".
    message
        Why it failed, in one line.
    causes
        The commonest causes of kept cells, but for unknown functions, each with its number of cells.
    cells
        Rows of the report: sheet, cell, formula, old, new, status, cause.
    unmatched
        What the price file brings and the book has no row for.
    summary
        The figures of the book's plan.
    """

    file: str
    output: str = ""
    written: bool = False
    status: str = "failed"
    message: str = ""
    formulas: int = 0
    changed: int = 0
    spilled: int = 0
    errors: int = 0
    kept: int = 0
    stale: bool = False
    unknown_functions: list[str] = field(default_factory=list)
    causes: dict[str, int] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cells: list[list[Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)


def recalculate_book(job: Job) -> dict[str, Any]:
    """Recalculate the book of a job and return its :class:`BookReport` as a dict."""
    options: RecalcOptions = job.options
    report = BookReport(file=str(job.path), output="" if options.check else str(job.output))
    ledger, mark = None, ""
    if not options.check:
        try:
            job.output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            report.message = f"cannot make the folder {job.output.parent}: {failure.strerror or failure}"
            return asdict(report)
    if options.skip_unchanged and not options.check:
        ledger, mark = _ledger(job.output.parent, options.run), _mark(options)
        entry = ledger.finished(job.path, job.output, mark)
        if entry is not None:
            known = {**entry.report, "file": str(job.path), "status": "skipped"}
            if options.wants_summary and not known["summary"]:  # the run that did it was not asked for one
                known["summary"] = summarise(job.output, options.as_of)
            return known
    before = content_hash(job.path) if ledger is not None else ""
    try:
        done = recalculate(
            job.path,
            job.output,
            as_of=options.as_of,
            check=options.check,
            ignore_lock=options.ignore_lock,
            read_only_too=options.read_only_too,
            spill_plain=options.spill_plain,
            edit=_editor(options.changes, report),
            plain=options.plain,
            verify=options.verify,
        )
    except Refused as refusal:
        report.message = str(refusal)
        return asdict(report)
    _take_over(report, done, options)
    if options.wants_summary:
        report.summary = summarise(job.path if options.check else job.output, options.as_of)
    found = asdict(report)
    if ledger is not None:
        kept = {**found, "cells": []}
        try:
            ledger.add(job.output, Entry(before, content_hash(job.output), mark, kept))
        except OSError as failure:
            found["warnings"].append(f"cannot write {ledger.path}: {failure.strerror or failure}; it is not remembered")
    return found


@lru_cache(maxsize=64)
def _ledger(folder: Path, run: str) -> Ledger:
    return Ledger(folder)


def _mark(options: RecalcOptions) -> str:
    day = options.as_of or dt.date.today()
    return options_hash([__version__, day, options.spill_plain, [asdict(each) for each in options.changes]])


def _editor(changes: Sequence[Change], report: BookReport) -> Any:
    if not changes:
        return None
    from rebalance_xl.book.inputs import apply_changes, rows_without_price, without_row
    from rebalance_xl.book.problems import BookError
    from rebalance_xl.hosts.file import FileWorkbook

    def edit(data: bytes) -> bytes:
        workbook = FileWorkbook.from_bytes(data)
        try:
            report.unmatched = without_row(workbook, changes)
            report.warnings += rows_without_price(workbook, changes)
            apply_changes(workbook, changes)
            return workbook.content()
        except BookError as failure:
            raise Refused("; ".join(str(failure).splitlines())) from None

    return edit


def _take_over(report: BookReport, done: Recalculation, options: RecalcOptions) -> None:
    report.status = "stale" if options.check and done.stale else "done"
    report.written = done.output is not None
    report.formulas, report.errors, report.kept = done.formulas, done.errors, done.kept
    report.changed, report.spilled, report.stale = done.changed_cells, done.changed_spilled, done.stale
    report.unknown_functions = list(done.unknown_functions)
    report.causes = _commonest(done)
    report.warnings += done.warnings
    if options.wants_cells:
        report.cells = [
            [row.sheet, row.cell, row.formula, _plain(row.old), _plain(row.new), row.status, row.cause]
            for row in done.changed
        ]


def _commonest(done: Recalculation) -> dict[str, int]:
    causes = Counter(cell.cause for _, formulas, _ in done.lines for cell in formulas.with_status("kept"))
    told: Counter[str] = Counter()
    for cause, count in causes.items():
        kind, _, reason = cause.partition("; what it reads")[0].partition(": ")
        if not kind.startswith("unknown-function"):
            told[reason or kind] += count
    return dict(told.most_common(3))


def _plain(value: Any) -> Any:
    return value.code if isinstance(value, CellError) else value


def summarise(path: Path, as_of: dt.date | None) -> dict[str, Any]:
    """Return the figures of a book's plan for the summary; a workbook that holds no book has none."""
    from rebalance_xl.book.model import read_book
    from rebalance_xl.book.plan import make_plan
    from rebalance_xl.book.problems import BookError
    from rebalance_xl.hosts.file import FileWorkbook

    try:
        book = read_book(FileWorkbook.open(path), as_of=as_of, today=dt.date.today())
        if not book.holdings and not book.positions:
            return {"problems": ["no table Portfolio: not a Rebalancer book"]}
        plan = make_plan(book)
    except BookError as failure:
        return {"problems": str(failure).splitlines()}
    except Refused as refusal:
        return {"problems": [str(refusal)]}
    distances = [each for each in plan.positions if each.liquidation_distance is not None]
    nearest = min(distances, key=lambda each: each.liquidation_distance or 0.0, default=None)
    return {
        "value": plan.totals.value,
        "trigger": plan.trigger.kind,
        "trims": {line.asset: line.amount for line in plan.lines if line.action == "SELL"},
        "bought": plan.totals.bought,
        "margin": plan.totals.margin,
        "reserve": reserve_state(book),
        "nearest_liquidation": nearest.symbol if nearest else "",
        "liquidation_distance": nearest.liquidation_distance if nearest else None,
        **_account_figures(plan.accounts),
        "warnings": list(plan.warnings),
        "problems": [],
    }


def _account_figures(accounts: Sequence[Any]) -> dict[str, Any]:
    """Return the derivatives account nearest to liquidation: its name, its ratio, and the fall of the market to it.

    A fall that liquidates nothing, and a book without accounts, leave a blank; an account without equity has no ratio
    but the word LIQUIDATABLE.
    """
    worst = max(accounts, key=lambda each: each.ratio, default=None)
    falls = [each.fall for each in accounts if each.fall is not None and math.isfinite(each.fall)]
    return {
        "account": f"{worst.account} {worst.pool}" if worst else "",
        "account_ratio": None if worst is None else "LIQUIDATABLE" if math.isinf(worst.ratio) else worst.ratio,
        "market_fall": max(falls, default=None),
    }


def reserve_state(book: Any) -> str:
    """Return LOW, OK or HIGH: where the stablecoin reserve stands by the book's own limits."""
    from rebalance_xl.functions import FUNCTIONS

    values = [[holding.value] for holding in book.holdings]
    kinds = [[holding.kind] for holding in book.holdings]
    from rebalance_xl.book.plan import book_value
    from rebalance_xl.cells import MISSING

    limits = [book.settings.reserve_min, book.settings.reserve_max]
    arguments = [MISSING if limit is None else limit for limit in limits]
    found = FUNCTIONS["RESERVE_FLAG"].call(values, kinds, *arguments, book_value(book))
    return str(found)


def summary_rows(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one flat row per book for the summary file."""
    rows = []
    for report in reports:
        figures = report["summary"]
        trims = figures.get("trims", {})
        rows.append(
            {
                "file": report["file"],
                "status": report["status"],
                "message": report["message"],
                "formulas": report["formulas"],
                "changed": report["changed"],
                "errors": report["errors"],
                "kept": report["kept"],
                "unknown_functions": ", ".join(report["unknown_functions"]),
                "value": figures.get("value"),
                "trigger": figures.get("trigger", ""),
                "trims": "; ".join(f"{asset} {amount:.2f}" for asset, amount in trims.items()),
                "trimmed": sum(trims.values()) if figures.get("trigger") else None,
                "reserve": figures.get("reserve", ""),
                "nearest_liquidation": figures.get("nearest_liquidation", ""),
                "liquidation_distance": figures.get("liquidation_distance"),
                "account": figures.get("account", ""),
                "account_ratio": figures.get("account_ratio"),
                "market_fall": figures.get("market_fall"),
                "warnings": "; ".join([*report["warnings"], *figures.get("warnings", [])]),
                "problems": "; ".join(figures.get("problems", [])),
            }
        )
    return rows
