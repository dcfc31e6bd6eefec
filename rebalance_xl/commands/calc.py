"""`rebalance-xl calc`: the extension for LibreOffice Calc."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rebalance_xl import terminal
from rebalance_xl.recalc.files.refusals import Refused


def build(output: Path) -> int:
    """Write the extension; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    if output.suffix.lower() != ".oxt" and not output.is_dir():
        terminal.complain(f"{output} must end in .oxt: LibreOffice takes an extension by that ending")
        return 2
    return _run(output, lambda: f"written, {commands.build(output).stat().st_size:,} bytes")


def install() -> int:
    """Install the extension for this user; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    return _run("LibreOffice", lambda: "; ".join([*commands.install(), "start Calc anew to use it"]))


def uninstall() -> int:
    """Remove the extension for this user; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    def remove() -> str:
        commands.uninstall()
        return "the extension is removed"

    return _run("LibreOffice", remove)


def names(book: Path, output: Path | None, to: str, ignore_lock: bool) -> int:
    """Rewrite the functions' names in a book for Excel or for Calc 7.4; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    if to not in ("excel", "calc"):
        terminal.complain(f'--to is "{to}"; allowed is "excel" or "calc"')
        return 2

    def rewrite() -> str:
        report = commands.rewrite_names(book, output, "excel" if to == "excel" else "calc", ignore_lock)
        return f"{report.formulas:,} formulas rewritten in {report.output}"

    return _run(book, rewrite)


def convert(book: Path, output: Path, force: bool, ignore_lock: bool) -> int:
    """Write a book as Calc's own file, with formulas and charts that follow when rows are inserted; the exit code."""
    from rebalance_xl.authoring.calc_document import as_document
    from rebalance_xl.authoring.package import read_parts, write_parts
    from rebalance_xl.authoring.template import write_file
    from rebalance_xl.authoring.variants import without_macros
    from rebalance_xl.recalc.files.refusals import read_input
    from rebalance_xl.recalc.workbook import recalculate_bytes

    if output.suffix.lower() != ".ods":
        terminal.complain(f"{output} must end in .ods")
        return 2
    if output.exists() and not force:
        terminal.complain(f"{output} exists; --force replaces it")
        return 1

    def write() -> str:
        content = recalculate_bytes(read_input(book, ignore_lock)[0])[0]
        write_file(output, as_document(write_parts(without_macros(read_parts(content)))))
        return f"written as {output}"

    return _run(book, write)


def _run(what: object, action: Callable[[], str]) -> int:
    try:
        done = action()
    except (Refused, OSError, RuntimeError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else ""
        terminal.complain(f"{what}: {reason or failure}")
        return 1
    terminal.say(f"{what}: {done}")
    return 0
