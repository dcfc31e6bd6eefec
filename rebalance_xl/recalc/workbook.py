"""One workbook in, one workbook out: everything computed, only cached values changed."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .evaluation.passes import calculated
from .files.output import update
from .files.package import Package
from .files.parts import check_xml, decoded, dynamic_array_index, refuse_entities
from .files.refusals import Refused, read_input
from .outcome import Recalculation, compare, first_difference
from .sheets.scan import expect, scan_sheet
from .sheets.sheet_scan import SheetScan
from .sheets.splice import SheetChanges, spliced


def recalculate(
    path: str | Path,
    output: str | Path | None = None,
    *,
    as_of: dt.date | dt.datetime | None = None,
    check: bool = False,
    ignore_lock: bool = False,
    spill_plain: bool | None = None,
    edit: Callable[[bytes], bytes] | None = None,
    read_only_too: bool = False,
    plain: bool = False,
    verify: bool = False,
) -> Recalculation:
    """Compute every formula of a workbook and write the cached values back.

    Parameters
    ----------
    path : str or Path
        The workbook (.xlsx, .xlsm, .xltx, .xltm).
    output : str or Path, optional
        Where the result goes; without it the workbook itself is replaced, atomically.
    as_of : date or datetime, optional
        What TODAY and NOW give; without it the moment of the call.
    check : bool
        Only compare: write nothing.
    ignore_lock : bool
        Go ahead although a lock file says that the workbook is open.
    spill_plain : bool, optional
        Let ordinary formulas of the catalogue and of Excel's dynamic-array functions spill although the file does not
        mark them; without it only in books that openpyxl wrote.
    edit : callable, optional
        From the file's bytes to the bytes to calculate with, inputs written; raises Refused when it cannot.
    read_only_too : bool
        Replace a write-protected file, too.
    plain : bool
        Compute every formula singly: the slow and simple way, to which the fast ones are held.
    verify : bool
        Compute both ways and refuse when they differ in a single byte.

    Returns
    -------
    Recalculation

    Raises
    ------
    Refused
        The file is left alone; the message is one line.

    Examples
    --------
    >>> recalculate("book.xlsx", "out.xlsx").stale  # doctest: +SKIP
    True
    """
    source = Path(path)
    if check:
        original, _ = read_input(source, ignore_lock)
        data = original if edit is None else edit(original)
        _, report, _ = _recalculated(data, original, as_of, spill_plain, True, plain, verify)
        report.path = source
        return report
    target = source if output is None else Path(output)
    with no_collection(), update(source, target, ignore_lock=ignore_lock, read_only_too=read_only_too) as book:
        data = book.data if edit is None else edit(book.data)
        content, report, parts = _recalculated(data, book.data, as_of, spill_plain, False, plain, verify)
        if content != book.data or target != source:
            book.write(content, parts if edit is None else None, known=edit is None)
            report.output = target
    report.path = source
    return report


def recalculate_bytes(
    data: bytes,
    *,
    as_of: dt.date | dt.datetime | None = None,
    spill_plain: bool | None = None,
    plain: bool = False,
    verify: bool = False,
) -> tuple[bytes, Recalculation]:
    """Compute every formula of a workbook in memory, from its bytes, as :func:`recalculate` does.

    Given are the file with its cached values up to date and what was done, without paths.
    """
    content, report, _ = _recalculated(data, data, as_of, spill_plain, False, plain, verify)
    return content, report


def _recalculated(
    data: bytes, before: bytes, as_of: dt.date | None, spill_plain: bool | None, check: bool, plain: bool, verify: bool
) -> tuple[bytes, Recalculation, dict[str, bytes]]:
    """Return the file with its values, what was done and the parts that changed; `before` is the file unedited."""
    now = moment(as_of)
    with no_collection():
        found, *others = (
            _computed(data, before, now, spill_plain, check and not verify, singly)
            for singly in ((plain, not plain) if verify else (plain,))
        )
        difference = first_difference(found[:2], others[0][:2]) if verify else ""
    if difference:
        raise Refused(f"the fast and the plain way of computing differ: {difference}")
    return found


@contextmanager
def no_collection() -> Iterator[None]:
    """Leave garbage alone: a recalculation makes millions of objects that all live until its end."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _computed(
    data: bytes, before: bytes, now: dt.datetime, spill_plain: bool | None, check: bool, singly: bool
) -> tuple[bytes, Recalculation, dict[str, bytes]]:
    package, scans = open_book(data, exact=singly)
    spilling = package.written_by("openpyxl") if spill_plain is None else spill_plain
    inputs = None if before is data else lambda: _changed_inputs(before, scans)
    with calculated(package, scans, now, spill_plain=spilling, singly=singly, inputs=inputs) as calculation:
        report = Recalculation(Path(), warnings=[*package.warnings, *calculation.warnings])
        changes = compare(calculation, report)
    del calculation
    parts = {} if check else _changed_parts(package, scans, changes)
    content = package.container.rewritten(parts) if parts else data
    return content, report, parts


def _changed_inputs(before: bytes, scans: list[SheetScan]) -> Iterator[tuple[int, int, int]]:
    """Yield the cells without formulas that a workbook shows otherwise than before it was edited."""
    for sheet, (old, new) in enumerate(zip(open_book(before)[1], scans, strict=False)):
        one, other = old.values_within(), new.values_within()
        yield from ((sheet, *place) for place in {*one, *other} if one.get(place) != other.get(place))


def open_book(data: bytes, *, exact: bool = False) -> tuple[Package, list[SheetScan]]:
    """Read a workbook's declarations and all its sheets; `exact` reads them cell by cell."""
    package = Package.open(data)
    scans = []
    expect(sum(package.container.members[sheet.part].file_size for sheet in package.sheets))
    for sheet in package.sheets:
        content = package.container.read(sheet.part)
        refuse_entities(content, sheet.part)
        text, encoding = decoded(content, sheet.part)
        scans.append(scan_sheet(text, encoding, package.strings, package.date1904, sheet.part, exact=exact))
    package.container.verify_rest({sheet.part for sheet in package.sheets})
    return package, scans


def moment(as_of: dt.date | dt.datetime | None) -> dt.datetime:
    """Return the moment a recalculation takes as now, without a time zone."""
    if as_of is None:
        return dt.datetime.now().replace(microsecond=0)
    if isinstance(as_of, dt.datetime):
        return as_of.replace(tzinfo=None)
    return dt.datetime(as_of.year, as_of.month, as_of.day)


def _changed_parts(package: Package, scans: list[SheetScan], changes: list[SheetChanges]) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    if any(is_new for sheet in changes for _, is_new in sheet.grown.values()):
        index, parts = dynamic_array_index(package.container, package.part, package.metadata_part)
        for name, part in parts.items():
            check_xml(name, part)
        for each in changes:
            each.mark = index
    for sheet, scan, changed in zip(package.sheets, scans, changes, strict=True):
        if changed:
            text, unproven = spliced(scan, changed)
            parts[sheet.part] = text.encode(scan.encoding)
            check_xml(sheet.part, parts[sheet.part] if unproven is text else unproven.encode(scan.encoding))
    return parts
