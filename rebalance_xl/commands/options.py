"""Options that several commands share, read and checked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


class UsageError(Exception):
    """The command line is wrong; the text says how."""


def read_day(text: str, option: str = "--as-of") -> dt.date | None:
    """Return the day of an option, None where it was not given.

    Raises
    ------
    UsageError
        If the text is no ISO date.
    """
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text) if len(text) > 10 else dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'{option} is "{text}"; allowed is a date such as 2026-11-22') from None


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a command may do although a file asks not to be touched.

    Parameters
    ----------
    ignore_lock
        Go on although a lock file says that another program has the book open.
    read_only_too
        Replace a write-protected book.
    """

    ignore_lock: bool = False
    read_only_too: bool = False
