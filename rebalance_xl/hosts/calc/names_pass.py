"""Rewrites the functions' names inside an .xlsx or .xlsm file, and nothing else in it.

Calc 7.4 saves ``ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT(...)`` (or a lower-case name that it could not bind) into
Excel's file format; Excel knows only ``TRIM_AMOUNT(...)``. The other direction prepares a book with many
formulas for Calc 7.4, which then need not be bound one by one. Every other part of the file, and every other
byte of the parts with formulas, stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from xml.sax.saxutils import escape, unescape

from rebalance_xl.hosts.calc.formula_names import to_calc_names, to_excel_names
from rebalance_xl.hosts.calc.single_cells import keep_blanks, keep_texts, leave_texts
from rebalance_xl.recalc.files.container import Container
from rebalance_xl.recalc.files.output import update
from rebalance_xl.recalc.files.package import main_part
from rebalance_xl.recalc.files.refusals import Refused

__all__ = ["NamesReport", "names_for_calc", "rewrite_names"]

_TAGS: Final = "f|formula|formula1|formula2|definedName|calculatedColumnFormula|totalsRowFormula"
_FORMULA: Final = re.compile(rf"(<(?:\w+:)?(?:{_TAGS})(?:\s[^>]*[^/>])?>)([^<]+)(</)")
_PARTS: Final = re.compile(r"xl/(?:workbook\.xml|(?:worksheets|tables|charts)/[^/]+\.xml)")
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}


@dataclass(frozen=True)
class NamesReport:
    """What a pass did: formulas rewritten, and the parts of the file in which they are."""

    output: Path
    formulas: int
    parts: tuple[str, ...]


def rewrite_names(
    book: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    to: Literal["excel", "calc"] = "excel",
    ignore_lock: bool = False,
) -> NamesReport:
    """Rewrite the functions' names in a workbook file for Excel, or for Calc 7.4.

    Parameters
    ----------
    book : path
        An .xlsx or .xlsm file.
    output : path, optional
        Where the result goes; without it the book itself is replaced, in one step. A book in which there is
        nothing to rewrite is copied, or left alone.
    to : "excel" or "calc"
        The program that reads the file next.
    ignore_lock : bool
        Go on although a lock file says that the book is open.

    Returns
    -------
    NamesReport

    Raises
    ------
    Refused
        When the file is not such a workbook, is damaged or open, or the output cannot be written; the message
        says why in one line and nothing has been written.
    """
    source = Path(book)
    target = source if output is None else Path(output)
    rename = _for_excel if to == "excel" else _for_calc
    changed: dict[str, bytes] = {}
    formulas = 0
    with update(source, target, ignore_lock=ignore_lock) as held:
        container = Container.open(held.data)
        main_part(container)  # another kind of document is refused, not found to be in order
        for name in container.members:
            if _PARTS.fullmatch(name):
                content, count = _rewrite_part(name, container.read(name), rename)
                if count:
                    changed[name] = content
                    formulas += count
        container.verify_rest(set(changed))
        if changed or target != source:
            held.write(container.rewritten(changed) if changed else held.data, changed)
    return NamesReport(target, formulas, tuple(changed))


def names_for_calc(name: str, content: bytes) -> bytes:
    """Return a part of a workbook's package with the functions' names as Calc stores them."""
    return _rewrite_part(name, content, _for_calc)[0] if _PARTS.fullmatch(name) else content


def _for_calc(formula: str) -> str:
    return keep_blanks(keep_texts(to_calc_names(formula)))


def _for_excel(formula: str) -> str:
    return to_excel_names(leave_texts(formula))


def _rewrite_part(name: str, content: bytes, rename: Callable[[str], str]) -> tuple[bytes, int]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"the part {name} is not in UTF-8, which neither Excel nor Calc writes") from None
    count = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal count
        formula = unescape(match[2], _QUOTES)
        renamed = rename(formula)
        if renamed == formula:
            return match[0]
        count += 1
        quotes = {'"': "&quot;"} if "&quot;" in match[2] else {}
        return match[1] + escape(renamed, quotes) + match[3]

    return _FORMULA.sub(replaced, text).encode("utf-8"), count
