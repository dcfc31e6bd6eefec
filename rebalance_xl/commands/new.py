"""`rebalance-xl new`: a book to start with, from the shipped workbook."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Final

from rebalance_xl import terminal
from rebalance_xl.book.problems import BookError
from rebalance_xl.commands.options import UsageError, read_day
from rebalance_xl.hosts.calc.install import InstallError
from rebalance_xl.recalc.files.refusals import Refused

ENDINGS: Final = (".xlsx", ".xlsm", ".ods")


def write_new(path: Path, force: bool, *, empty: bool = False, source: Path | None = None, as_of: str = "") -> int:
    """Write a new book; returns the exit code.

    Parameters
    ----------
    path, force
        Where to; an existing file is replaced with `force` only.
    empty, source
        Begin without the example's rows, or with the holdings of a file.
    as_of
        The day to fix the book on; otherwise it means the day it is looked at.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        terminal.complain(f"{path} must end in .xlsm (with buttons), .xlsx (without) or .ods (LibreOffice)")
        return 2
    if path.exists() and not force:
        terminal.complain(f"{path} exists; --force replaces it")
        return 1
    try:
        day = read_day(as_of)
        content = _content(ending == ".xlsm", empty or source is not None, day)
        if source is not None:
            content, code = _with_holdings(content, path, source)
            if code:
                return code
        if ending == ".ods":
            from rebalance_xl.authoring.calc_document import as_document

            content = as_document(content)
        from rebalance_xl.authoring.template import write_file

        write_file(path, content)
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    except (BookError, InstallError, Refused) as failure:
        terminal.complain(f"{path}: {failure}")
        return 1
    except OSError as failure:
        terminal.complain(f"{path}: cannot be written: {failure.strerror or failure}")
        return 1
    terminal.say(f"{path}: written")
    return 0


def _content(macros: bool, empty: bool, day: dt.date | None) -> bytes:
    from rebalance_xl.authoring.template import new_book
    from rebalance_xl.hosts.file import FileWorkbook
    from rebalance_xl.recalc.workbook import recalculate_bytes

    port = FileWorkbook.from_bytes(new_book(macros=macros, example=not empty))
    port.write_name("AsOf", day)
    if empty:
        port.write_name("LastReview", None)
    return recalculate_bytes(port.content(), as_of=day)[0]


def _with_holdings(content: bytes, path: Path, source: Path) -> tuple[bytes, int]:
    """Return a book with the holdings of a file, as `rebalance-xl import` reads it, and that command's exit code."""
    from rebalance_xl.commands import import_files

    with tempfile.TemporaryDirectory() as folder:
        ending = path.suffix.lower()
        book = Path(folder) / f"book{'.xlsx' if ending == '.ods' else ending}"
        book.write_bytes(content)
        code = import_files.run(import_files.Request(book=book, files=[source], shown=str(path)))
        return book.read_bytes(), code
