"""Packs the tier tables that ship: ``python -m rebalance_xl.authoring.tier_data FILE...``.

The files are CSV files with the columns of the MarginTiers table and a column Contract, as
``rebalance-xl tiers import --output FILE`` writes them. A table that ships already is replaced where the file's is
not older.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from rebalance_xl.functions.tier_files import ENDING, SHIPPED, PackedTables, RawTable, canonical, pack, read_own_rows
from rebalance_xl.functions.tier_tables import tables_in


def write_packed(tables: Iterable[RawTable], folder: Path = SHIPPED) -> dict[str, int]:
    """Write tables into a folder of packed venues, beside those that lie there; returns the tables of each venue."""
    there = PackedTables(folder)
    held = {canonical(name): found for name in there.names() if (found := there.get(canonical(name))) is not None}
    for table in tables:
        known = held.get(canonical(table.name))
        if known is None or table.as_of >= known.as_of:
            held[canonical(table.name)] = table
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for venue in sorted({name.partition(":")[0] for name in held}):
        own = [table for name, table in held.items() if name.partition(":")[0] == venue]
        (folder / f"{venue}{ENDING}").write_bytes(pack(own))
        counts[venue] = len(own)
    return counts


def main(arguments: list[str]) -> int:
    """Pack the files that are named; returns the exit code."""
    if not arguments:
        print(__doc__)
        return 2
    found = [table for name in arguments for table in tables_in(read_own_rows(Path(name)))]
    for venue, count in write_packed(found).items():
        print(f"{venue}: {count} tables")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
