"""Options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AsOf = Annotated[
    str, typer.Option("--as-of", metavar="DATE", help="Day to calculate for, e.g. 2026-11-22 (pins TODAY and NOW).")
]
IgnoreLock = Annotated[bool, typer.Option("--ignore-lock", help="Go on although a lock file says the book is open.")]
ReadOnlyToo = Annotated[bool, typer.Option("--read-only-too", help="Replace a write-protected book, too.")]
Book = Annotated[Path, typer.Argument(metavar="BOOK", help="A workbook, .xlsx or .xlsm.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write the result.")]
WrittenTo = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="With --write: where to write the result.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")]
Scheduler = Annotated[
    str, typer.Option("--scheduler", metavar="ADDRESS", help="A dask scheduler, tcp://host:port, to work on.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
