"""A new book as an .ods: Calc's own file, in which rows can be inserted and charts follow the cells.

LibreOffice converts it, so it must be installed. Before that the formulas get the permanent names of the
extension's functions, each figure beside a table becomes a formula of its own row (an array over several rows would
forbid to insert one), and the charts draw cells instead of names, which Calc does not evaluate.
"""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, unescape

from rebalance_xl.authoring.package import Parts, read_parts, write_parts
from rebalance_xl.hosts.calc.formula_names import to_calc_names, to_excel_names
from rebalance_xl.hosts.calc.install import InstallError, find_program_folder
from rebalance_xl.hosts.calc.names_pass import names_for_calc

_SECONDS: Final = 180
_SPILL: Final = re.compile(
    r'<c r="(?P<column>[A-Z]+)(?P<row>\d+)"(?P<style>[^>]*?)(?: cm="1")?(?: t="\w+")?>'
    r'<f t="array" ref="(?P=column)(?P=row)(?::(?P=column)(?P<last>\d+))?">(?P<formula>[^<]*)</f>(?P<value>.*?)</c>',
    re.S,
)
_TABLE_TOP: Final = 4


def as_document(package: bytes) -> bytes:
    """Return a calculated .xlsx as an .ods.

    Raises
    ------
    InstallError
        If LibreOffice is not installed, or does not convert the book.
    """
    parts = read_parts(package)
    keys = _tables(parts)
    areas = _named_areas(parts["xl/workbook.xml"].decode())
    for name, data in parts.items():
        text = data.decode() if name.endswith(".xml") else ""
        if name in keys:
            text = _row_by_row(text, keys[name])
        if name.startswith("xl/charts/"):
            text = re.sub(r"<c:f>Dashboard!(\w+)</c:f>", lambda found: f"<c:f>{areas[found[1]]}</c:f>", text)
        if text:
            parts[name] = names_for_calc(name, text.encode())
    return _permanent(_converted(write_parts(parts)))


def _tables(parts: Parts) -> dict[str, str]:
    """Return for each sheet with a table the reference to the table's first column."""
    found = {}
    for name, data in parts.items():
        table = re.search(rb"/tables/(table\d+\.xml)", data) if name.startswith("xl/worksheets/_rels/") else None
        if table is not None:
            text = parts[f"xl/tables/{table[1].decode()}"].decode()
            key = re.search(r'<table [^>]* name="(\w+)".*?<tableColumn [^>]*name="([^"]+)"', text, re.S)
            assert key is not None
            found[name.replace("_rels/", "").removesuffix(".rels")] = f"{key[1]}[{key[2]}]"
    return found


def _named_areas(workbook: str) -> dict[str, str]:
    """Return the whole area that each of the charts' names takes its rows from."""
    found = re.findall(r'<definedName name="(Chart\w+)"[^>]*>[^<]*?INDEX\((Dashboard![$A-Z0-9:]+),', workbook)
    return dict(found)


def _row_by_row(text: str, key: str) -> str:
    """Replace what spills beside a table by one formula a row, which can be copied to a new row.

    LOOKUP and not INDEX, which in Calc takes no array that happens to have one value, as in a table of one row.
    """
    spills: dict[tuple[str, int], str] = {}

    def note(found: re.Match[str]) -> str:
        column, row = found["column"], int(found["row"])
        if row != _TABLE_TOP + 1:
            return found[0]
        last = int(found["last"] or row)
        header = f"ROW({column}${_TABLE_TOP})"
        inner = f"LOOKUP(ROW()-{header},ROW({key})-{header},{found['formula']})"
        for number in range(row, last + 1):
            spills[column, number] = inner
        return found[0]

    _SPILL.sub(note, text)
    for (column, row), formula in spills.items():
        cell = re.compile(rf'<c r="{column}{row}"([^>]*?)(?: cm="1")?(/>|>(?:<f [^>]*>[^<]*</f>)?(.*?)</c>)', re.S)

        def one(found: re.Match[str], place: str = f"{column}{row}", formula: str = formula) -> str:
            attributes = found[1].replace(' cm="1"', "")
            return f'<c r="{place}"{attributes}><f t="array" ref="{place}">{formula}</f>{found[3] or ""}</c>'

        text = cell.sub(one, text, count=1)
    return text


def _converted(package: bytes) -> bytes:
    program = find_program_folder()
    with tempfile.TemporaryDirectory() as folder:
        source, profile = Path(folder) / "book.xlsx", Path(folder) / "profile"
        source.write_bytes(package)
        command = [str(program / "soffice"), f"-env:UserInstallation={profile.as_uri()}", "--headless"]
        command += ["--convert-to", "ods", "--outdir", folder, str(source)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
            return source.with_suffix(".ods").read_bytes()
        except (OSError, subprocess.SubprocessError) as failure:
            raise InstallError(f"LibreOffice did not write the .ods: {failure}") from None


def _permanent(document: bytes) -> bytes:
    """Write the functions' names in capitals, as they are declared: LibreOffice has none of them while it converts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as read, zipfile.ZipFile(out, "w") as written:
        for info in read.infolist():
            data = read.read(info)
            if info.filename in ("content.xml", "styles.xml"):
                data = _FORMULA.sub(_named, data.decode()).encode()
            written.writestr(info, data)
    return out.getvalue()


def _named(found: re.Match[str]) -> str:
    formula = to_calc_names(to_excel_names(unescape(found[2], _QUOTES)))
    return found[1] + escape(formula, {'"': "&quot;"}) + '"'


_FORMULA: Final = re.compile(r'((?:formula|condition|expression)=")([^"]*)"')
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
