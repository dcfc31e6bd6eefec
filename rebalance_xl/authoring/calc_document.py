"""A new book as an .ods: Calc's own file, in which rows can be inserted and charts follow the cells.

LibreOffice converts it, so it must be installed. Before that the formulas get the permanent names of the
extension's functions, what spills beside a table moves to a hidden sheet, from which each row takes its own figure (an
array over several rows would forbid to insert one, and a call for every row would make the plan anew each time), and
the charts draw cells instead of names, which Calc does not evaluate.
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
from rebalance_xl.book.interface import column_letters
from rebalance_xl.hosts.calc.formula_names import to_calc_names, to_excel_names
from rebalance_xl.hosts.calc.install import InstallError, find_program_folder
from rebalance_xl.hosts.calc.names_pass import names_for_calc

_SECONDS: Final = 180
_SPILL: Final = re.compile(
    r'<c r="(?P<column>[A-Z]+)(?P<row>\d+)"(?P<style>[^>]*?)(?: cm="1")?(?: t="\w+")?>'
    r'<f t="array" ref="(?P=column)(?P=row)(?::(?P=column)(?P<last>\d+))?">(?P<formula>[^<]*)</f>(?P<value>.*?)</c>',
    re.S,
)
_CELL: Final = r'<c r="{place}"(?P<attributes>[^>]*?)(?:/>|>(?:<f [^>]*>[^<]*</f>)?(?P<value>.*?)</c>)'
_TABLE_TOP: Final = 4
#: The hidden sheet with what spills, a column each, and how far its arrays reach: as far as the rules that dress rows.
_FIGURES: Final = "Figures"
_FIGURE_ROWS: Final = 1000
_FIGURES_PART: Final = "xl/worksheets/figures.xml"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


def as_document(package: bytes) -> bytes:
    """Return a calculated .xlsx as an .ods.

    Raises
    ------
    InstallError
        If LibreOffice is not installed, or does not convert the book.
    """
    parts = read_parts(package)
    with_table = _sheets_with_table(parts)
    figures = _Figures()
    areas = _named_areas(parts["xl/workbook.xml"].decode())
    for name, data in parts.items():
        text = data.decode() if name.endswith(".xml") else ""
        if name in with_table:
            text = figures.moved(text)
        if name.startswith("xl/charts/"):
            text = re.sub(r"<c:f>Dashboard!(\w+)</c:f>", lambda found: f"<c:f>{areas[found[1]]}</c:f>", text)
        if text:
            parts[name] = names_for_calc(name, text.encode())
    parts[_FIGURES_PART] = names_for_calc(_FIGURES_PART, figures.sheet().encode())
    _register(parts)
    return _permanent(_converted(write_parts(parts)))


def _sheets_with_table(parts: Parts) -> set[str]:
    """Return the parts of the sheets that hold a table."""
    return {
        name.replace("_rels/", "").removesuffix(".rels")
        for name, data in parts.items()
        if name.startswith("xl/worksheets/_rels/") and b"/tables/table" in data
    }


def _named_areas(workbook: str) -> dict[str, str]:
    """Return the whole area that each of the charts' names takes its rows from."""
    found = re.findall(r'<definedName name="(Chart\w+)"[^>]*>[^<]*?INDEX\((Dashboard![$A-Z0-9:]+),', workbook)
    return dict(found)


class _Figures:
    """What spilled beside tables, as columns of a sheet of its own: one array formula each, with its stored values."""

    def __init__(self) -> None:
        self._rows: dict[int, list[str]] = {}
        self._count = 0

    def moved(self, text: str) -> str:
        """Return a sheet whose spills beside the table are taken from here, row by row."""
        spills = [found for found in _SPILL.finditer(text) if int(found["row"]) == _TABLE_TOP + 1]
        for found in spills:
            self._count += 1
            mine, theirs = column_letters(self._count), found["column"]
            formula = f"INDEX({_FIGURES}!{mine}$1:{mine}${_FIGURE_ROWS},ROW()-ROW({theirs}${_TABLE_TOP}))"
            for row in range(_TABLE_TOP + 1, int(found["last"] or found["row"]) + 1):
                cell = re.search(_CELL.format(place=f"{theirs}{row}"), text, re.S)
                if cell is None:
                    continue
                attributes, value = cell["attributes"].replace(' cm="1"', ""), cell["value"] or ""
                with_formula = f'<c r="{theirs}{row}"{attributes}><f>{formula}</f>{value}</c>'
                text = text[: cell.start()] + with_formula + text[cell.end() :]
                self._keep(mine, row - _TABLE_TOP, attributes, value, found["formula"])
        return text

    def _keep(self, column: str, row: int, attributes: str, value: str, formula: str) -> None:
        kind = re.search(r' t="\w+"', attributes)
        array = f'<f t="array" ref="{column}1:{column}{_FIGURE_ROWS}">{formula}</f>' if row == 1 else ""
        cell = f'<c r="{column}{row}"{kind[0] if kind else ""}>{array}{value}</c>'
        self._rows.setdefault(row, []).append(cell)

    def sheet(self) -> str:
        """Return the sheet."""
        rows = "".join(f'<row r="{row}">{"".join(cells)}</row>' for row, cells in sorted(self._rows.items()))
        return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _register(parts: Parts) -> None:
    """Make the sheet of figures the workbook's last one, hidden."""
    relation = f'<Relationship Id="rIdFigures" Type="{_OFFICE}/worksheet" Target="worksheets/figures.xml"/>'
    entry = f'<sheet name="{_FIGURES}" sheetId="9999" state="hidden" r:id="rIdFigures"/>'
    override = f'<Override PartName="/{_FIGURES_PART}" ContentType="{_SHEET_TYPE}"/>'
    for name, end, more in (
        ("xl/workbook.xml", "</sheets>", entry),
        ("xl/_rels/workbook.xml.rels", "</Relationships>", relation),
        ("[Content_Types].xml", "</Types>", override),
    ):
        parts[name] = parts[name].replace(end.encode(), (more + end).encode())


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
