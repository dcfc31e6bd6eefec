"""What is wrong with a book, cell by cell, and the one exception that carries it.

::

    BookError          the book cannot be read, planned, written or recorded; nothing was changed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
#: What a note is about: tables and columns that the workbook does not have are said by `check`, not by every plan.
UNUSED: Final = "unused"
#: An open row whose margin is not told: no plan can count it, a liquidation price takes that of its leverage.
NO_MARGIN: Final = "no margin"
_ORDER = {ERROR: 0, WARNING: 1, NOTE: 2}


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a book.

    Parameters
    ----------
    severity
        ``"error"`` (no plan is made), ``"warning"`` (the plan is made, look at it) or ``"note"`` (not used).
    where
        The cell (``Portfolio!F4``), the table or the name it is about; empty for the book as a whole.
    message
        One sentence: what is wrong, and what would be right.
    """

    severity: str
    where: str
    message: str
    about: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class BookError(Exception):
    """A book that cannot be used as it is; nothing was written.

    Parameters
    ----------
    problems
        At least one; the text of the exception is their messages, one a line.
    """

    def __init__(self, problems: Problem | str | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = [Problem(ERROR, "", problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Return those problems that forbid a plan."""
    return [problem for problem in problems if problem.severity == ERROR]


def by_severity(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems with errors first; equal severities keep their order, repeats are dropped."""
    return sorted(dict.fromkeys(problems), key=lambda problem: _ORDER[problem.severity])


def nearest(word: str, choices: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Return the choice that `word` was probably meant to be, or None; case and spaces do not count."""
    plain = {simplify(choice): choice for choice in choices}
    found = difflib.get_close_matches(simplify(word), list(plain), n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def simplify(word: str) -> str:
    """Return a word without the differences that people do not see."""
    return "".join(character for character in word.casefold() if character.isalnum() or character == "/")


def listing(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: a, b or c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
