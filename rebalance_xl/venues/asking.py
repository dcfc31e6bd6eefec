"""One venue, asked call by call: what fails is told in one line and tried again only where that can help."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from rebalance_xl.venues.answers import is_whole
from rebalance_xl.venues.exchange import TIMEOUT_MS
from rebalance_xl.venues.faults import RETRIED, Fault, fault_of

Answer = TypeVar("Answer")

#: A venue that asks to wait longer is left alone.
LONGEST_WAIT: Final = 10.0
_PAUSE: Final = 0.5
#: A window that is still full of entries when it is this short is given up (ms).
_SHORTEST: Final = 60_000


class FailedError(Exception):
    """A call that failed; what went wrong is in `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.line)
        self.fault = fault


class GarbledError(Exception):
    """An answer that is no JSON, or not of the form that the venue's answers have."""


def guarded(exchange: Any) -> Any:
    """Return an exchange that refuses answers which ccxt would read as nothing at all: cut, no JSON, another form.

    ccxt asks `handle_errors` about every answer before it reads it; what it leaves out is asked here.
    """
    if getattr(exchange, "_is_guarded", False):
        return exchange
    original = exchange.handle_errors

    def handle_errors(
        code: int, reason: str, url: str, method: str, headers: Any, body: str, answer: Any, *rest: Any
    ) -> Any:
        found = original(code, reason, url, method, headers, body, answer, *rest)
        if code < 400 and not is_whole(exchange.id, url, answer):
            raise GarbledError("the answer is not whole")
        return found

    exchange.handle_errors = handle_errors
    exchange._is_guarded = True
    return exchange


class Asking:
    """The calls to one venue.

    Parameters
    ----------
    exchange
        Of ccxt.
    venue
        The venue's name in the book.
    sleep
        Waits; tests pass one that does not.
    """

    def __init__(self, exchange: Any, venue: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.exchange = guarded(exchange)
        self.venue = venue
        self.calls = 0
        self._sleep = sleep

    def ask(self, what: str, call: Callable[[], Answer]) -> Answer:
        """Return the answer of a call; once more where the clock, a wait or the line was to blame.

        Raises
        ------
        FailedError
            With the line to print. Whatever an answer of a wrong form makes ccxt raise is a fault of the answer.
        """
        for attempt in (1, 2):
            self.calls += 1
            try:
                return call()
            except Exception as failure:
                fault = self._fault(failure, what)
            if attempt == 2 or fault.kind not in RETRIED or (fault.wait or 0.0) > LONGEST_WAIT:
                raise FailedError(fault)
            if not self._prepare(fault):
                raise FailedError(fault)
        raise AssertionError("the second attempt returns or raises")

    def _fault(self, failure: Exception, what: str) -> Fault:
        wait = None
        headers = getattr(self.exchange, "last_response_headers", None)
        if isinstance(headers, Mapping):
            text = next((str(value) for name, value in headers.items() if str(name).lower() == "retry-after"), "")
            wait = float(text) if text.replace(".", "", 1).isdigit() else None
        fault = fault_of(failure, self.venue, self.exchange.id, what, TIMEOUT_MS / 1000, None)
        if fault.kind == "wait" and wait:
            return fault_of(failure, self.venue, self.exchange.id, what, TIMEOUT_MS / 1000, wait)
        return fault

    def _prepare(self, fault: Fault) -> bool:
        """Do what the second attempt needs; False where it cannot help."""
        if fault.kind == "clock":
            try:
                self.exchange.load_time_difference()
            except Exception:
                return False
            self.exchange.options["adjustForTimeDifference"] = True
            return True
        if fault.kind == "wait" and fault.wait is None:
            return False  # banned, or no word for how long: more requests make it worse
        self._sleep(fault.wait or _PAUSE)
        return True

    def walk(
        self,
        what: str,
        page: Callable[[int, int], list[Any]],
        since: dt.datetime,
        until: dt.datetime,
        window: dt.timedelta,
        full: int,
        mark: Callable[[Any], str],
    ) -> list[Any]:
        """Return all entries between two times, each once, however the venue orders and cuts its pages.

        Parameters
        ----------
        what
            In words.
        page
            Asks for the entries from the first to the second time, in ms.
        since, until
            UTC.
        window
            The longest time that the venue takes in one question.
        full
            A page of this many entries may have been cut: its window is halved and asked again.
        mark
            What tells one entry from another.
        """
        found: dict[str, Any] = {}
        step = int(window.total_seconds() * 1000)
        low, end = int(since.timestamp() * 1000), int(until.timestamp() * 1000)
        waiting = [(start, min(start + step, end)) for start in range(low, end, step)][::-1]
        while waiting:
            first, last = waiting.pop()
            entries = self.ask(what, lambda first=first, last=last: page(first, last))  # type: ignore[misc]
            for entry in entries:
                found.setdefault(mark(entry), entry)
            if len(entries) >= full and last - first > _SHORTEST:
                middle = (first + last) // 2
                waiting += [(middle, last), (first, middle)]
        return list(found.values())
