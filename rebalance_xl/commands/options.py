"""Options that several commands share, read and checked."""

from __future__ import annotations

import datetime as dt


class UsageError(Exception):
    """The command line is wrong; the text says how."""


def read_day(text: str) -> dt.date | None:
    """Return the day of ``--as-of``, None where it was not given.

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
        raise UsageError(f'--as-of is "{text}"; allowed is a date such as 2026-11-22') from None
