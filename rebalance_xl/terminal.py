"""What the command prints: tables and a progress bar on a terminal, plain text in a pipe, JSON when asked."""

from __future__ import annotations

import json
import math
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rebalance_xl.cells import CellError

#: A column up to this width is never broken into lines; a wider one is, down to the least.
_WHOLE, _LEAST = 20, 18


def on_terminal() -> bool:
    """Tell whether a person is looking."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print a line of the result."""
    print("\n".join(shown(line) for line in text.split("\n")))


def complain(text: str) -> None:
    """Print a line about what went wrong, on the error stream."""
    print(f"rebalance-xl: {shown(text)}", file=sys.stderr)


def shown(text: str) -> str:
    r"""Return a text with control characters written out: names in files must not command the terminal.

    Examples
    --------
    >>> shown("a\x1b[2J")
    'a\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\t\u00a0" else ascii(each)[1:-1] for each in text)


def print_json(value: Any) -> None:
    """Print a value as JSON that any reader takes: no NaN or infinity."""
    json.dump(plain(value), sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def print_json_list(values: Iterable[Any]) -> None:
    """Print many values as one JSON list, a line each, one at a time: they need not all be in memory."""
    lead = "[\n"
    for value in values:
        sys.stdout.write(lead + json.dumps(plain(value), ensure_ascii=False, allow_nan=False))
        lead = ",\n"
    sys.stdout.write("\n]\n" if lead == ",\n" else "[]\n")


def plain(value: Any) -> Any:
    """Return a value with only the types that JSON has; an error value is its text, infinity is NEVER.

    Bytes of a file name that are no UTF-8 are written out, so that one such name does not cost a whole report.
    """
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NEVER" if math.isinf(value) else None
    if isinstance(value, CellError):
        return value.code
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="backslashreplace").decode()
    if isinstance(value, int | float | bool) or value is None:
        return value
    return str(value)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Print a table: ruled on a terminal, columns padded with spaces in a pipe.

    Parameters
    ----------
    headers, rows
        Texts.
    right
        Columns that are aligned to the right, numbers in the main.
    """
    rows = [[shown(text) for text in row] for row in rows]
    widths = [max(len(row[i]) for row in [headers, *rows]) for i in range(len(headers))]
    if not on_terminal():
        _print_lines(headers, rows, widths, right)
        return
    from rich.console import Console

    console = Console()
    whole = [i in right or width <= _WHOLE for i, width in enumerate(widths)]
    least = sum(width if each else _LEAST for each, width in zip(whole, widths, strict=True))
    if least + 3 * len(headers) <= console.width:
        _print_ruled(console, headers, rows, whole, right)
    else:
        _print_narrow(console.width, headers, rows, widths, right)


def _print_lines(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    right: Sequence[int],
    gap: str = "  ",
    below: Callable[[int], str] = lambda index: "",
) -> None:
    """Print columns padded with spaces; `below` gives what stands under a row."""
    for index, row in enumerate([headers, *rows]):
        cells = [text.rjust(widths[i]) if i in right else text.ljust(widths[i]) for i, text in enumerate(row)]
        say(gap.join(cells).rstrip())
        if index and (text := below(index - 1)):
            say(text)


def _print_ruled(
    console: Any,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: Sequence[bool],
    right: Sequence[int],
) -> None:
    """Print a ruled table; only the columns that need not stay whole are broken into lines."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, header in enumerate(headers):
        side: Any = "right" if index in right else "left"
        table.add_column(header, justify=side, overflow="fold", no_wrap=whole[index])
    for row in rows:
        table.add_row(*[each.replace("[", "\\[") for each in row])
    console.print(table)


def _print_narrow(
    width: int, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int]
) -> None:
    """Print a table that is too wide for the window: no number is broken, the last column's text stands below."""
    last = len(headers) - 1
    used = [i for i in range(len(headers)) if (i != last or i in right) and any(row[i] for row in rows)]
    chosen = [widths[i] for i in used]
    gap = "  " if sum(chosen) + 2 * len(chosen) - 2 <= width else " "

    def below(index: int) -> str:
        text = "" if last in right else rows[index][last]
        return textwrap.fill(text, max(width - 1, 20), initial_indent="    ", subsequent_indent="    ")

    _print_lines(
        [headers[i] for i in used],
        [[row[i] for i in used] for row in rows],
        chosen,
        [position for position, i in enumerate(used) if i in right],
        gap,
        below,
    )


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar with rate and estimate on a terminal, nothing in a pipe; yields the step to call."""
    if not sys.stderr.isatty() or total < 2:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def money(amount: float | None) -> str:
    """Write money to the cent."""
    return "" if amount is None else f"{round(amount, 2) + 0.0:,.2f}"


def share(weight: float | None) -> str:
    """Write a weight in percent; infinity is NEVER."""
    if weight is None:
        return ""
    return "NEVER" if math.isinf(weight) else f"{round(weight * 100.0, 1) + 0.0:.1f} %"


def units(quantity: float | None) -> str:
    """Write a quantity with up to eight decimals."""
    return "" if quantity is None else f"{quantity:,.8f}".rstrip("0").rstrip(".")


def price(value: float | None) -> str:
    """Write a price; infinity is NEVER."""
    if value is None:
        return ""
    return "NEVER" if math.isinf(value) else f"{value:,.8g}" if abs(value) < 1 else f"{value:,.2f}"
