"""What the entries of Calc's menu and toolbar do; the work is that of :mod:`rebalance_xl.book.actions`."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from rebalance_xl import __version__
from rebalance_xl.book import actions
from rebalance_xl.book.fills import Fill
from rebalance_xl.book.forms import conservation
from rebalance_xl.book.plan_data import Plan
from rebalance_xl.book.problems import BookError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.plan_table import amount_text
from rebalance_xl.hosts.calc.book import CalcWorkbook

__all__ = ["COMMANDS", "Screen", "run"]

_log = logging.getLogger("rebalance_xl.calc")
_MOST_LINES: Final = 20


class Screen(Protocol):
    """How a command talks to the user; see :mod:`rebalance_xl.hosts.calc.dialogs`."""

    def show(self, message: str, kind: str = "INFOBOX") -> None:
        """Show a message; `kind` is INFOBOX, WARNINGBOX or ERRORBOX."""
        ...

    def ask(self, question: str) -> bool:
        """Return whether the user said yes."""
        ...

    def go_to(self, sheet: str) -> bool:
        """Bring a sheet to the front; return whether there is one of that name."""
        ...

    def command(self, url: str) -> None:
        """Run one of Calc's own commands."""
        ...


def run(command: str, document: Any, screen: Screen, today: dt.date | None = None) -> None:
    """Run a command on a document; a refusal is shown in its own words and leaves the document as it was.

    Parameters
    ----------
    command : str
        A key of :data:`COMMANDS`.
    document : com.sun.star.sheet.SpreadsheetDocument
        The document in front.
    screen : Screen
        Where messages and questions go.
    today : date, optional
        The day to plan for where the book's AsOf is blank; without it, today.
    """
    action = COMMANDS.get(command)
    if action is None:
        screen.show(f'Rebalancer has no command "{command}".', "ERRORBOX")
        return
    document.calculate()
    workbook = CalcWorkbook(document, step=f"Rebalancer: {command}")
    try:
        action(workbook, screen, today or dt.date.today())
    except BookError as refusal:
        workbook.abandon()
        screen.show(_limited([str(problem) for problem in refusal.problems]), "ERRORBOX")
    except Exception as failure:
        workbook.abandon()
        _log.exception("%s failed", command)
        screen.show(f"Internal error: {type(failure).__name__}: {failure}. Nothing was changed.", "ERRORBOX")
    finally:
        workbook.commit()


def rebalance(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """Write the plan into the Plan table and a row into the Journal; inputs stay as they are."""
    plan = actions.rebalance(workbook, today=today)
    table = workbook.read_table("Plan")
    if table is not None:
        screen.go_to(table.sheet)
    screen.show(summary(plan), "WARNINGBOX" if plan.warnings else "INFOBOX")


def summary(plan: Plan) -> str:
    """Return a plan in a few lines: trigger, trades, where the money went, what to look at."""
    lines = [f"Trigger {plan.trigger.kind}: {'; '.join(plan.trigger.reasons)}.", ""]
    lines += [f"{line.action} {line.asset}: {amount_text(line.amount)}" for line in plan.trades[:_MOST_LINES]]
    if len(plan.trades) > _MOST_LINES:
        lines.append(f"... and {len(plan.trades) - _MOST_LINES} more")
    if plan.nothing_to_do:
        lines.append("Nothing to do; the Plan sheet says why for each row.")
    lines += ["", conservation(plan.totals).capitalize() + "."]
    lines += [f"Not placed: {each.asset} {amount_text(each.amount)}: {each.reason}." for each in plan.unresolved]
    lines += [f"Warning: {warning}." for warning in plan.warnings[:_MOST_LINES]]
    return "\n".join(lines)


def record(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """Ask, then apply the plan's fills to Portfolio, Futures and Lots and add a Journal row."""
    found = actions.to_record(workbook, today=today)
    apply = "Apply these fills to Portfolio, Futures and Lots, set LastReview and add a row to the Journal?"
    if not found.fills:
        apply = "Nothing was traded: record the review, set LastReview and add a row to the Journal?"
    parts = [apply]
    if found.fills:
        parts.append(_limited([_fill_text(fill) for fill in found.fills]))
        parts.append("They are the quantities, prices and fees of the Plan table: edit them to your real fills first.")
    if found.changed:
        parts.append(f"Beware: {actions.CHANGED}. No, then Rebalance, is safer.")
    if not screen.ask("\n\n".join(parts)):
        return
    execution = actions.record(workbook, today=today, changed=found.changed)
    what = "The fills were" if found.fills else "The review was"
    screen.show(f"{what} recorded on {execution.date}. Edit - Undo takes it back.")


def _fill_text(fill: Fill) -> str:
    units = "" if fill.quantity is None or fill.price is None else f" ({fill.quantity:.10g} at {fill.price:.10g})"
    return f"{fill.action} {fill.asset}: {amount_text(fill.amount)}{units}, fee {amount_text(fill.fee)}"


def refresh(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """Ask the venues, show what would change, and write it after a yes."""
    with _packages("rebalance-xl refresh"):
        from rebalance_xl.venues.buttons import apply, preview_refresh

        found = preview_refresh(workbook)
    lines = _limited(found.text.splitlines())
    if not found.has_changes:
        screen.show(lines)
    elif screen.ask(f"{lines}\n\nWrite these values into the book? Nothing has been written yet."):
        apply(workbook, found)


def review(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """Review the book's rules over its prices and show the sheet Review."""
    with _packages("rebalance-xl review --write"):
        from rebalance_xl.review.sheet import fill_review

        fill_review(workbook, today=today)
    screen.go_to("Review")


@contextmanager
def _packages(command: str) -> Iterator[None]:
    """Say which command does it where LibreOffice's Python lacks a package, such as numpy or ccxt."""
    try:
        yield
    except ImportError as missing:
        raise BookError(
            f"this needs the package {missing.name}, which LibreOffice's Python does not have; on the saved file "
            f'"{command} BOOK" does the same'
        ) from None


def check(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """List what is wrong with the book, with cell addresses."""
    problems = actions.check(workbook, today=today)
    if not problems:
        screen.show("No problems found.")
        return
    lines = [f"{problem.severity.capitalize()}: {problem}" for problem in problems]
    screen.show(_limited(lines), "WARNINGBOX")


def functions(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """Show the Functions sheet, or Calc's function wizard where the book has none."""
    if not screen.go_to("Functions"):
        screen.command(".uno:FunctionDialog")


def about(workbook: CalcWorkbook, screen: Screen, today: dt.date) -> None:
    """Say which version this is, and what it found to work with."""
    try:
        import numpy

        numbers = f"numpy {numpy.__version__}"
    except ImportError:
        numbers = "no numpy: everything works, long ranges are slower (Debian: apt-get install python3-numpy)"
    python = ".".join(map(str, sys.version_info[:3]))
    screen.show(f"Rebalancer {__version__}, {len(FUNCTIONS)} functions.\nPython {python}; {numbers}.")


def _limited(lines: Sequence[str]) -> str:
    shown = list(lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        shown.append(f"... and {len(lines) - _MOST_LINES} more")
    return "\n".join(shown)


#: What each command of the menu and the toolbar does.
COMMANDS: Final[dict[str, Callable[[CalcWorkbook, Screen, dt.date], None]]] = {
    "rebalance": rebalance,
    "record": record,
    "refresh": refresh,
    "review": review,
    "check": check,
    "functions": functions,
    "about": about,
}
