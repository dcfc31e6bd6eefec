"""Reads the lists of claims: what a book is promised, sentence by sentence, with a fault that breaks each.

A list is a text file in the folder claims. A claim is a line, the next one names the file and the tests that stand for
it, and what follows is a change as `diff` prints it::

    == a blank venue is a venue of its own
    book/checks.py: tests/book/test_contract_sentences.py
    -        if key not in first:
    +        if key not in first or "" in key:

Lines that begin with a space stay as they are and tell where; the text is found in the file without line numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "claims"


class Claim(NamedTuple):
    """A claim in words, the file below rebalance_xl, the text, what it becomes, and the tests that should notice."""

    name: str
    file: str
    line: str
    becomes: str
    tests: tuple[str, ...]


def claims(folder: Path = FOLDER) -> Iterator[Claim]:
    """Read all lists of claims in a folder, one after the other."""
    for path in sorted(folder.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n== ")[1:]:
            name, place, *change = block.rstrip("\n").split("\n")
            file, _, tests = place.partition(": ")
            old = "\n".join(line[1:] for line in change if line[0] in " -")
            new = "\n".join(line[1:] for line in change if line[0] in " +")
            yield Claim(name, file, old, new, tuple(tests.split()))
