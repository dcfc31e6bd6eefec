"""`rebalance-xl recalc`: one book or many, what is printed, and which exit code comes out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rebalance_xl import terminal
from rebalance_xl.commands.cell_spool import CellSpool
from rebalance_xl.commands.limits import SECONDS, limited
from rebalance_xl.commands.options import UsageError
from rebalance_xl.commands.recalc_book import BookReport, recalculate_book, summary_rows
from rebalance_xl.commands.recalc_request import Request, read_request
from rebalance_xl.recalc.batch.jobs import Job, Outcome, run_book
from rebalance_xl.recalc.files.locks import remove_leftovers
from rebalance_xl.recalc.workbook import no_collection

__all__ = ["Request", "run"]

DONE, FAILED, USAGE, STALE = 0, 1, 2, 3
CELL_COLUMNS = ("file", "sheet", "cell", "formula", "old", "new", "status", "cause")


def run(request: Request) -> int:
    """Recalculate the books of a request; returns the exit code."""
    try:
        jobs = read_request(request)
    except UsageError as failure:
        terminal.complain(str(failure))
        return USAGE
    except OSError as failure:
        terminal.complain(f"cannot make the folder {request.out_dir}: {failure.strerror or failure}")
        return FAILED
    with CellSpool() as spool:
        try:
            reports = _work(request, jobs, spool)
        except (ModuleNotFoundError, OSError) as failure:
            terminal.complain(str(failure))
            return FAILED
        _remark_on_prices(request, jobs, reports)
        written = _write_files(request, reports)
        if request.as_json:
            whole = ({**each, "cells": list(each["cells"])} for each in reports)
            if len(jobs) > 1:
                terminal.print_json_list(whole)
            else:
                terminal.print_json(next(whole))
        else:
            _print(request, reports)
    if not written or any(each["status"] == "failed" for each in reports):
        return FAILED
    return STALE if any(each["status"] == "stale" for each in reports) else DONE


def _work(request: Request, jobs: Sequence[Job], spool: CellSpool) -> list[dict[str, Any]]:
    folders = set() if request.check else {job.output.parent for job in jobs}
    folders |= {path.parent for path in (request.report, request.summary) if path is not None}
    _clear(folders)
    try:
        return _work_on_all(request, jobs, spool)
    finally:
        _clear(folders)  # of workers that were still dying when this run began, or died during it


def _clear(folders: Iterable[Path]) -> None:
    for folder in folders:
        remove_leftovers(folder)


def _work_on_all(request: Request, jobs: Sequence[Job], spool: CellSpool) -> list[dict[str, Any]]:
    with terminal.progress(len(jobs), "recalculating") as step:

        def done(outcome: Outcome) -> None:
            if outcome.value is not None:
                spool.take(outcome.value)
            step()

        seconds = SECONDS if request.timeout is None else request.timeout or None
        if len(jobs) == 1 and not jobs[0].refusal and not request.scheduler:
            outcomes = [_run_alone(jobs[0], seconds)]
            done(outcomes[0])
        else:
            from rebalance_xl.recalc.batch.workers import run_jobs

            outcomes = run_jobs(
                jobs,
                recalculate_book,
                workers=request.workers or _cores(),
                seconds=seconds,
                scheduler=request.scheduler,
                done=done,
            )
    return [_report(outcome) for outcome in outcomes]


def _run_alone(job: Job, seconds: float | None) -> Outcome:
    with no_collection():
        result, failure = limited(lambda: run_book(recalculate_book, job), seconds)
    return Outcome(job, *(result or (None, failure)))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return min(os.cpu_count() or 1, 61)  # more worker processes Windows does not wait for


def _report(outcome: Outcome) -> dict[str, Any]:
    job = outcome.job
    if outcome.value is not None:
        found: dict[str, Any] = outcome.value
        return {**found, "file": str(job.path), "output": str(job.output) if found["output"] else ""}
    from dataclasses import asdict

    return asdict(BookReport(file=str(job.path), message=outcome.failure))


# --- what is written and printed --------------------------------------------------------------------------------


def _write_files(request: Request, reports: Sequence[dict[str, Any]]) -> bool:
    """Write what was asked for; a report that cannot be written is told, and costs neither the other nor the output."""
    written = True
    if request.report is not None:
        written = _write("--report", request.report, CELL_COLUMNS, _cell_rows(reports))
    if request.summary is not None:
        rows = summary_rows(reports)
        written = _write("--summary", request.summary, list(rows[0]) if rows else [], rows) and written
    return written


def _write(name: str, path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bool:
    from rebalance_xl.commands.tables import write_rows

    try:
        write_rows(path, columns, rows)
    except (OSError, ValueError, ImportError) as failure:
        reason = (failure.strerror if isinstance(failure, OSError) else "") or failure
        terminal.complain(f"{name} {path} was not written: {reason}")
        return False
    return True


def _cell_rows(reports: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in reports:
        for row in each["cells"]:
            yield dict(zip(CELL_COLUMNS, [each["file"], *row], strict=True))
    for each in reports:
        if each["status"] == "failed":
            empty = dict.fromkeys(CELL_COLUMNS, "")
            yield {**empty, "file": each["file"], "status": "failed", "cause": each["message"]}


def _print(request: Request, reports: Sequence[dict[str, Any]]) -> None:
    for report in reports:
        if report["status"] == "failed":
            terminal.complain(f"{report['file']}: {report['message']}")
    if len(reports) == 1:
        if reports[0]["status"] != "failed":
            _print_one(request, reports[0])
        return
    rows = [
        [
            report["file"],
            report["status"],
            *(str(report[name]) for name in ("formulas", "changed", "errors", "kept")),
            _remark(report),
        ]
        for report in reports
    ]
    terminal.print_table(["Book", "Status", "Formulas", "Changed", "Errors", "Kept", "Remark"], rows, right=range(2, 6))
    states = [report["status"] for report in reports]
    counts = [f"{states.count(each)} {each}" for each in ("done", "stale", "skipped", "failed") if each in states]
    terminal.say(f"{len(reports)} books: {', '.join(counts)}")


def _remark_on_prices(request: Request, jobs: Sequence[Job], reports: Sequence[dict[str, Any]]) -> None:
    """Say which columns and rows of the price file nothing was made of, in any of the books."""
    if request.prices is None:
        return
    unused = next((job.options.unused for job in jobs), ())
    if unused:
        terminal.complain(f"{request.prices}: the columns {', '.join(unused)} are not used")
    worked = [report["unmatched"] for report in reports if report["status"] in ("done", "stale")]
    idle = [each for each in worked[0] if all(each in others for others in worked)] if worked else []
    if idle:
        book = "the book" if len(reports) == 1 else "any book"
        terminal.complain(f"{request.prices}: no row of {book} for {', '.join(idle)}")


def _remark(report: dict[str, Any]) -> str:
    if report["message"]:
        return str(report["message"])
    parts = [f"unknown: {', '.join(report['unknown_functions'])}"] if report["unknown_functions"] else []
    return "; ".join([*parts, *report["warnings"]])


def _print_one(request: Request, report: dict[str, Any]) -> None:
    if report["status"] == "skipped":
        terminal.say(f"{report['file']}: skipped, neither the book nor the options have changed")
        return
    where = "" if request.check else f", written to {report['output']}"
    if report["file"] == report["output"]:
        where = ", written in place" if report["written"] else ", nothing to write"
    changed = f"{report['changed']} of {report['formulas']} formulas"
    if report["spilled"]:
        changed += f" and {report['spilled']} spilled cells"
    changed += " are stale" if request.check else " changed"
    terminal.say(f"{report['file']}: {changed}{where}")
    if report["errors"]:
        gives = "formula gives" if report["errors"] == 1 else "formulas give"
        terminal.say(f"  {report['errors']} {gives} an error value; --report says why")
    if report["kept"]:
        what, keep = ("formula", "keeps its") if report["kept"] == 1 else ("formulas", "keep their")
        kept = f"{report['kept']} {what} could not be computed and {keep} cached value"
        terminal.say(f"  {kept}; --report names {'it' if report['kept'] == 1 else 'them'}")
        for cause, count in report["causes"].items():
            terminal.say(f"    {count}: {cause}")
    if report["unknown_functions"]:
        terminal.say(f"  unknown functions: {', '.join(report['unknown_functions'])}")
    for warning in report["warnings"]:
        terminal.say(f"  {warning}")
