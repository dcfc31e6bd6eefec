"""Rows of the cell report, kept on disk until all books are done, so that a long run does not grow."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from rebalance_xl.terminal import plain


@dataclass(frozen=True, slots=True)
class SpooledRows:
    """The rows of one book, read again whenever they are iterated over."""

    file: IO[bytes]
    start: int

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield the rows in order."""
        self.file.seek(self.start)
        yield from json.loads(self.file.readline())


class CellSpool:
    """A temporary file that takes the rows out of the reports of many books."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    def __enter__(self) -> CellSpool:
        """Return the spool, which is gone after the block, and all rows with it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        if self._file is not None:
            with suppress(OSError):  # what does not fit any more was told when it was read back
                self._file.close()

    def take(self, report: dict[str, Any]) -> None:
        """Replace the rows under ``cells`` of a report by ones that are read from disk.

        Parameters
        ----------
        report
            As a worker returns it; a book without rows is left as it is.
        """
        rows: Sequence[Any] = report["cells"]
        if not rows:
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="rebalance-")  # noqa: SIM115 - lives as long as the rows do
        start = self._file.seek(0, 2)
        self._file.write(json.dumps(plain(rows), allow_nan=False).encode() + b"\n")
        report["cells"] = SpooledRows(self._file, start)
