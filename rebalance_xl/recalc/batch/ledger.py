"""What was done already: a line per finished book beside the results, so that a killed run goes on where it ended."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: Name of the file in the folder of the results.
LEDGER_NAME = ".rebalance-xl.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished book: content hashes of what went in and came out, of the options, and what is to be reported."""

    source: str
    result: str
    options: str
    report: dict[str, Any]


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty text when it cannot be read."""
    import hashlib  # it brings a library of ciphers along, and most runs keep no ledger

    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def options_hash(options: Any) -> str:
    """Return a hash of everything that has influence on a result besides the book."""
    import hashlib

    return hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode()).hexdigest()


class Ledger:
    """The finished books of one folder of results.

    Lines are only ever added, each in one write; of several lines for a book the last one counts, and a line that was
    cut short by a crash is skipped.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER_NAME
        self._entries: dict[str, Entry] = {}
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        self._lead = "\n" if text and not text.endswith("\n") else ""
        for line in text.split("\n"):
            try:
                name, *parts = json.loads(line)
                self._entries[name] = Entry(*parts)
            except (ValueError, TypeError):
                continue

    def finished(self, source: Path, output: Path, options: str) -> Entry | None:
        """Return the entry of a book whose input, options and result are still those of the entry."""
        entry = self._entries.get(output.name)
        if entry is None or entry.options != options or content_hash(output) != entry.result:
            return None
        in_place = os.path.realpath(source) == os.path.realpath(output)
        return entry if in_place or content_hash(source) == entry.source else None

    def add(self, output: Path, entry: Entry) -> None:
        """Add a finished book to the file; what was known about it before is forgotten."""
        self._entries.pop(output.name, None)
        line = f"{self._lead}{json.dumps([output.name, *asdict(entry).values()])}\n"
        self._lead = ""
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, line.encode())  # one write: several workers add to the same file
        finally:
            os.close(handle)
