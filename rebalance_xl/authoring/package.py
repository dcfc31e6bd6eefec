"""The finished package: what XlsxWriter does not write is added, and the zip is made the same every time."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import TypeAlias
from xml.sax.saxutils import quoteattr

_RIBBON_PART = "customUI/customUI14.xml"
_RIBBON_RELATION = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
# The version Excel 2019 and 365 write: they keep the cached values instead of calculating on load.
_CALCULATION = '<calcPr calcId="191029"/>'
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


#: The parts of a package by name, in their order.
Parts: TypeAlias = dict[str, bytes]


def finish(package: bytes, ribbon: str, function_groups: Sequence[str], built_in_groups: int) -> bytes:
    """Add ribbon and function groups, keep Excel from recalculating on load, and fix order and dates.

    Parameters
    ----------
    package
        The workbook as XlsxWriter wrote it.
    ribbon
        The text of customUI14.xml.
    function_groups, built_in_groups
        The workbook's own groups of the function wizard, and how many Excel has itself.

    Returns
    -------
    bytes
        The package; equal input gives equal bytes.
    """
    parts = read_parts(package)
    groups = "".join(f"<functionGroup name={quoteattr(name)}/>" for name in function_groups)
    workbook = parts["xl/workbook.xml"].decode()
    workbook = _replace(workbook, r"<calcPr [^>]*/>", _CALCULATION)
    workbook = _replace(
        workbook,
        "</sheets>",
        f'</sheets><functionGroups builtInGroupCount="{built_in_groups}">{groups}</functionGroups>',
    )
    parts["xl/workbook.xml"] = workbook.encode()
    relation = f'<Relationship Id="rIdRibbon" Type="{_RIBBON_RELATION}" Target="{_RIBBON_PART}"/>'
    relations = parts["_rels/.rels"].decode()
    parts["_rels/.rels"] = _replace(relations, "</Relationships>", relation + "</Relationships>").encode()
    parts[_RIBBON_PART] = ribbon.encode()
    return write_parts(parts)


def read_parts(package: bytes) -> Parts:
    """Return the parts of a package by name, in their order."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def write_parts(parts: Parts) -> bytes:
    """Write a package: content types first, then the other parts by name, all with the same date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts, key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            archive.writestr(info, parts[name])
    return out.getvalue()


def _replace(text: str, pattern: str, replacement: str) -> str:
    changed, count = re.subn(pattern, lambda _: replacement, text)
    if count != 1:
        raise ValueError(f"expected one {pattern!r} in the part, found {count}")
    return changed
