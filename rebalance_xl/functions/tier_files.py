"""Tier tables in files: those that ship, packed by venue, and a user's own file that goes before them.

A packed file is one venue's tables as compressed text. A lookup unpacks the venue once and reads the rows of the one
symbol that was asked for. A table is a line ``=key|symbol|contract|unit|as of|source number`` and a line a tier:
``floor,cap,max leverage,rate,amount``; the sources stand at the top, one a line, as ``#text``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

#: Where the tables that ship lie, a file a venue.
SHIPPED = Path(__file__).resolve().parent.parent / "data" / "tiers"
#: The environment variable that names a user's own file; an empty text means none.
VARIABLE = "REBALANCE_XL_TIERS"

ENDING = ".txt.gz"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as found, before its rows are read and checked."""

    name: str
    cells: Sequence[Sequence[Any]]
    unit: str
    contract: str
    as_of: str
    source: str


def canonical(name: str) -> str:
    """Return a table name as it is compared: without case, blanks and the dashes that venues differ in."""
    return re.sub(r"[\s\-_/]", "", name).casefold()


class PackedVenue:
    """The packed tables of one venue.

    Parameters
    ----------
    venue
        Its name.
    path
        Its file, read when a table is first asked for.
    """

    def __init__(self, venue: str, path: Path) -> None:
        self.venue = venue
        self._path = path

    @cached_property
    def _text(self) -> str:
        import gzip

        return "\n" + gzip.decompress(self._path.read_bytes()).decode()

    @cached_property
    def _sources(self) -> list[str]:
        return re.findall(r"^#(.*)$", self._text, re.MULTILINE)

    def names(self) -> list[str]:
        """Return the names of its tables."""
        return [f"{self.venue}:{symbol}" for symbol in re.findall(r"^=[^|]*\|([^|]*)\|", self._text, re.MULTILINE)]

    def find(self, symbol: str) -> RawTable | None:
        """Return the table of a symbol in canonical form."""
        start = self._text.find(f"\n={symbol}|")
        if start < 0:
            return None
        end = self._text.find("\n=", start + 1)
        head, *rows = self._text[start + 1 : end if end >= 0 else None].strip().split("\n")
        _, name, contract, unit, as_of, source = head.split("|")
        cells = [[float(each) if each else None for each in row.split(",")] for row in rows]
        return RawTable(f"{self.venue}:{name}", cells, unit, contract, as_of, self._sources[int(source)])


class PackedTables:
    """The tables of a folder of packed venues, by canonical name."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        paths = sorted(folder.glob(f"*{ENDING}"))
        self._venues = {path.name.removesuffix(ENDING): path for path in paths}
        self._opened: dict[str, PackedVenue] = {}

    def _venue(self, name: str) -> PackedVenue | None:
        if name not in self._venues:
            return None
        if name not in self._opened:
            self._opened[name] = PackedVenue(name, self._venues[name])
        return self._opened[name]

    def get(self, name: str) -> RawTable | None:
        """Return the table of a canonical name, None where there is none."""
        venue, _, symbol = name.partition(":")
        packed = self._venue(venue)
        return None if packed is None else packed.find(symbol)

    def names(self) -> list[str]:
        """Return the names of all tables."""
        return [name for venue in self._venues if (packed := self._venue(venue)) for name in packed.names()]

    def venues(self) -> list[str]:
        """Return the venues, without reading their tables."""
        return list(self._venues)


def pack(tables: Iterable[RawTable]) -> bytes:
    """Return the packed file of one venue's tables; the same tables give the same bytes."""
    import gzip

    ordered = sorted(tables, key=lambda each: canonical(each.name))
    sources = sorted({each.source for each in ordered})
    lines = [f"#{source}" for source in sources]
    for table in ordered:
        symbol = table.name.partition(":")[2]
        heading = [canonical(symbol), symbol, table.contract, table.unit, table.as_of, str(sources.index(table.source))]
        if any("|" in part or "\n" in part for part in heading) or "\n" in table.source:
            raise ValueError(f"{table.name}: a line end or | has no place in a table's heading")
        lines.append("=" + "|".join(heading))
        lines += [",".join("" if cell is None else f"{cell:.15g}" for cell in row) for row in table.cells]
    return gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0)


# --- a user's own file --------------------------------------------------------------------------------------------


def own_file() -> Path | None:
    """Return the place of the user's own tier file, whether it exists or not; None where there shall be none.

    The variable ``REBALANCE_XL_TIERS`` names it; else it is ``margin_tiers.csv`` in the user's folder for settings.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    if sys.platform == "emscripten":
        return None
    if sys.platform == "win32":
        base = os.environ.get("APPDATA")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "rebalance-xl" / "margin_tiers.csv" if base else None


def read_own_rows(path: Path) -> list[list[Any]]:
    """Return the rows of a tier file with its header as worksheet values; numbers are floats, gaps None.

    Parameters
    ----------
    path
        A CSV file with the columns of the MarginTiers table, as `rebalance-xl tiers import` writes it.
    """
    import csv

    with open(path, newline="", encoding="utf-8-sig") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    numeric = {canonical(name) for name in ("Floor", "Cap", "MaxLeverage", "Rate", "Amount")}
    found: list[list[Any]] = [list(header)]
    for row in rows:
        found.append(
            [_cell(text) if canonical(name) in numeric else text for name, text in zip(header, row, strict=False)]
        )
    return found


def _cell(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        return text
