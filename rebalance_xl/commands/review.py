"""`rebalance-xl review`: which rules would have served a book, and how the real book has done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance_xl import terminal
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import to_serial
from rebalance_xl.commands.options import UsageError, read_day
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.output import Update
from rebalance_xl.recalc.files.refusals import Refused, read_input
from rebalance_xl.recalc.workbook import recalculate_bytes

if TYPE_CHECKING:
    from rebalance_xl.review.answers import Review
    from rebalance_xl.review.history import History
    from rebalance_xl.review.request import Request
    from rebalance_xl.review.reviews import Progress

#: Columns of the printed table: they have to fit beside a name.
_PRINTED = (
    "growth",
    "total_return",
    "first_half",
    "second_half",
    "rebalancing",
    "volatility",
    "max_drawdown",
    "sharpe",
    "turnover",
    "executions",
    "fees",
    "funding",
    "liquidations",
    "out_of_band",
    "value",
)
_ALWAYS = frozenset(_PRINTED) - {"funding", "liquidations"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says: what is asked, its first and last day as text, and where to find and put things."""

    book: Path
    request: Request
    prices: Path | None = None
    futures: Path | None = None
    first: str = ""
    last: str = ""
    performance: bool = False
    write: bool = False
    output: Path | None = None
    as_json: bool = False
    report: Path | None = None
    ignore_lock: bool = False


def run(options: Options) -> int:
    """Review a book and print, write or report what was found; returns the exit code."""
    try:
        request = _request(options)
        found = _review(options, request)
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    except Refused as refusal:
        terminal.complain(f"{options.book}: {refusal}")
        return 1
    except BookError as failure:
        for problem in failure.problems:
            terminal.complain(f"{options.book}: {problem}")
        return 1
    if options.report is not None:
        from rebalance_xl.review.report import report_html

        options.report.write_text(report_html(found, f"Review of {options.book.name}"), encoding="utf-8")
    if options.as_json:
        from rebalance_xl.review.forms import review_to_dict

        terminal.print_json(review_to_dict(found))
    else:
        _print(found, options)
    return 0


def _request(options: Options) -> Request:
    request = options.request
    if request.fill not in ("close", "next"):
        raise UsageError(f'--fill is "{request.fill}"; allowed is close or next')
    for name, value, low in (("--block", request.block, 1.0), ("--slippage", request.slippage, 0.0)):
        if value < low:
            raise UsageError(f"{name} is {value:g}; allowed is {low:g} or more")
    first, last = read_day(options.first, "--from"), read_day(options.last, "--to")
    return replace(
        request,
        first=None if first is None else to_serial(first),
        last=None if last is None else to_serial(last),
    )


def _history(options: Options) -> History | None:
    from rebalance_xl.review.history import read_history

    if options.prices is None and options.futures is None:
        return None
    if options.prices is None:
        raise UsageError("--futures goes with --prices")
    history = read_history(options.prices)
    if options.futures is not None:
        history = history.joined(read_history(options.futures))
    return history


def _review(options: Options, request: Request) -> Review:
    from rebalance_xl.review import sheet

    today = dt.date.today()
    data, mark = read_input(options.book, options.ignore_lock or not options.write)
    port = FileWorkbook.from_bytes(recalculate_bytes(data)[0])
    history = _history(options)
    steps = _steps(port, request)
    with terminal.progress(steps, "reviewing") as step:
        told: Progress = lambda _: step()  # noqa: E731
        if not options.write:
            found = sheet.review_workbook(port, request, history, today, told)
            if options.performance and found.performance is None:
                found.warnings.append("Performance: the book has no rows in Fills or CashFlows to work it out from.")
            return found
        if not request.sweeps:
            request = replace(request, sweeps=sheet.SHEET_SWEEPS)
        found = sheet.fill_review(port, request, history, today, told)
    content, _ = recalculate_bytes(port.content())
    Update(data, options.book, options.output or options.book, mark, options.ignore_lock).write(content)
    return found


def _steps(port: FileWorkbook, request: Request) -> int:
    """Return roughly how many steps a review takes, for the progress bar."""
    paths = 2000 if request.bootstrap is None else request.bootstrap
    return (len(request.variants) or 13) + 1 + (paths + 249) // 250 * 3 // 2


def _print(found: Review, options: Options) -> None:
    from rebalance_xl.review import forms
    from rebalance_xl.review.report import shown
    from rebalance_xl.review.sentences import headline

    terminal.say(headline(found))
    terminal.say()
    columns = [each for each in forms.columns_of(found) if each[1] in _PRINTED]
    columns = [
        each for each in columns if each[1] in _ALWAYS or any(result.measures.get(each[1]) for result in found.results)
    ]
    rows = []
    for result in found.results:
        name = f"{result.variant.name} (own)" if result.variant.own else result.variant.name
        rows.append([name, *(shown(result.measures.get(key), kind) for _, key, kind in columns)])
    terminal.print_table(["Variant", *(header for header, _, _ in columns)], rows, right=range(1, len(columns) + 1))
    if found.sweep is not None:
        terminal.say()
        terminal.say(found.sweep.sentence())
    if found.performance is not None:
        _print_performance(found)
    for note in found.warnings:
        terminal.say(f"Note: {note}")
    for note in found.assumptions:
        terminal.say(f"Assumed: {note}")
    if options.write:
        terminal.say(f"{options.output or options.book}: the review stands on the sheet Review")


def _print_performance(found: Review) -> None:
    from rebalance_xl.review.report import shown

    real = found.performance
    assert real is not None
    money = "" if real.money_weighted != real.money_weighted else f", money-weighted {real.money_weighted:+.2%}"
    terminal.say()
    terminal.say(
        f"The real book: time-weighted {real.time_weighted:+.2%}{money}; holding what it had {real.benchmark:+.2%} "
        f"(worth {real.benchmark_value:,.2f} beside {float(real.values[-1]):,.2f})"
    )
    rows = []
    for row in real.rows:
        money_cells = [
            shown(each, "money") for each in (row.start, row.bought, row.sold, row.fees, row.end, row.profit)
        ]
        rows.append([row.name, *money_cells, f"{row.contribution:+.2%}"])
    headers = ["Line", "Start", "Bought", "Sold", "Fees", "End", "Profit", "Contribution"]
    terminal.print_table(headers, rows, right=range(1, 8))
