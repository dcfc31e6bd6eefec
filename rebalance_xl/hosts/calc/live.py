"""Keeps zero-argument formulas up to date: recalculates a document when a table behind one of them changes.

``=TRIM_AMOUNT()`` names no cells, so Calc does not know that it depends on the Portfolio table. The tables and
names that such a call has read are watched; after a change of a value in them the document is recalculated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Watches"]

_log = logging.getLogger("rebalance_xl.calc")


class Watches:
    """The watched documents of one LibreOffice.

    Parameters
    ----------
    later : callable
        Runs a function as soon as LibreOffice is idle: in the middle of a calculation, or of the notice of a
        change, neither may a listener be added nor a calculation begin.
    listener : callable
        Makes a UNO listener out of what is to be called at a change and at the end of what is listened to.
    """

    def __init__(
        self, later: Callable[[Callable[[], None]], None], listener: Callable[[Callable[[], None]], Any]
    ) -> None:
        self._later, self._listener = later, listener
        self._documents: dict[str, _Watch] = {}

    def watch(self, document: Any, areas: Iterable[Any]) -> None:
        """Watch some ranges of a document; those that are watched already are passed over."""
        identity = document.RuntimeUID
        watch = self._documents.get(identity)
        if watch is None:
            watch = self._documents[identity] = _Watch(document, self._later, self._listener)
        watch.add(areas)


class _Watch:
    """One document: the ranges that are watched, and their values when it was last calculated."""

    def __init__(self, document: Any, later: Any, listener: Any) -> None:
        self._document, self._later, self._make_listener = document, later, listener
        self._areas: dict[str, Any] = {}
        self._seen: dict[str, Any] = {}
        self._waiting = False
        self._calculating = False

    def add(self, areas: Iterable[Any]) -> None:
        new = {area.AbsoluteName: area for area in areas}
        new = {name: area for name, area in new.items() if name not in self._areas}
        if new:
            self._areas |= new
            self._later(lambda: self._listen(new))

    def _listen(self, new: dict[str, Any]) -> None:
        for name, area in new.items():
            self._seen[name] = area.getDataArray()
            area.addModifyListener(self._make_listener(self._changed))

    def _changed(self) -> None:
        if not (self._waiting or self._calculating):
            self._waiting = True
            self._later(self._recalculate)

    def _recalculate(self) -> None:
        self._waiting = False
        if self._values() == self._seen:
            return  # a format, or a cell that was calculated anew to the same value
        self._calculating = True  # what changes now is the result of this, not a reason for the next
        try:
            self._document.calculateAll()
            self._seen = self._values()
        finally:
            self._calculating = False

    def _values(self) -> dict[str, Any]:
        return {name: self._areas[name].getDataArray() for name in self._seen}
