"""What a workbook file declares: its sheets, names, tables, shared strings and calculation settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

from ..references import Area, parse_area
from .container import Container
from .parts import local_name, parsed, relations_of, unescaped
from .refusals import Refused

#: The parts that say which program wrote the workbook.
PROPERTIES = ("docProps/app.xml", "docProps/core.xml")


@dataclass(slots=True)
class Table:
    """A table of the workbook: where it lies and what its columns are called."""

    name: str
    sheet: int
    area: Area
    header: bool
    totals: bool
    columns: tuple[str, ...]
    lookup: dict[str, int] = field(default_factory=dict)
    filtered: bool = False

    @property
    def first_row(self) -> int:
        """First row of the data."""
        return self.area.top + int(self.header)

    @property
    def last_row(self) -> int:
        """Last row of the data."""
        return self.area.bottom - int(self.totals)


@dataclass(slots=True)
class SheetPart:
    """One worksheet: its name and its part in the zip file."""

    name: str
    part: str
    tables: list[Table] = field(default_factory=list)


@dataclass(slots=True)
class Package:
    """The declarations of one workbook file."""

    container: Container
    part: str
    sheets: list[SheetPart]
    sheet_index: dict[str, int]
    names: dict[tuple[int, str], str]
    tables: dict[str, Table]
    strings: list[str]
    date1904: bool
    iterate: bool
    iterations: int
    max_change: float
    with_tables: bool
    metadata_part: str | None
    warnings: list[str]

    def written_by(self, program: str) -> bool:
        """Say whether a program wrote the workbook, by its own account."""
        named = re.compile(rf">{program}</(?:\w+:)?(?:Application|creator)>".encode())
        return any(named.search(self.container.read(part)) for part in PROPERTIES if part in self.container)

    @classmethod
    def open(cls, data: bytes) -> Package:
        """Read the declarations of a workbook; refuse what is damaged, unsafe or none."""
        container = Container.open(data)
        part = main_part(container)
        root = parsed(container, part)
        relations = relations_of(container, part)
        sheets: list[SheetPart] = []
        sheet_index: dict[str, int] = {}
        scopes: dict[str | None, int] = {None: -1}  # of names: the workbook, or a worksheet by its number among all
        listed = root.findall(".//{*}sheet")
        for number, element in enumerate(listed):
            name = element.get("name") or ""
            relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            target, kind = relations.get(relation, ("", ""))
            if kind == "worksheet" and target in container:
                if name.lower() in sheet_index:
                    raise Refused(f"two sheets are called {name!r}")
                sheet_index[name.lower()] = scopes[str(number)] = len(sheets)
                sheets.append(SheetPart(name, target))
        if not listed:
            raise Refused("a workbook without sheets")
        warnings: list[str] = []
        tables = _read_tables(container, sheets, warnings)
        settings = {local_name(element): element.attrib for element in root}
        calculation = settings.get("calcPr", {})
        related = {kind: target for target, kind in reversed(relations.values()) if target in container}
        return cls(
            container=container,
            part=part,
            sheets=sheets,
            sheet_index=sheet_index,
            names=_read_names(root, scopes),
            tables=tables,
            strings=_read_strings(container, related.get("sharedStrings")),
            date1904=settings.get("workbookPr", {}).get("date1904") in ("1", "true"),
            iterate=calculation.get("iterate") in ("1", "true"),
            iterations=int(_number(calculation.get("iterateCount"), 100)),
            max_change=_number(calculation.get("iterateDelta"), 0.001),
            with_tables=calculation.get("calcMode") != "autoNoTable",
            metadata_part=related.get("sheetMetadata"),
            warnings=warnings,
        )


def _number(text: str | None, default: float) -> float:
    try:
        return default if text is None else float(text)
    except ValueError:
        return default


def main_part(container: Container) -> str:
    """Return the name of the workbook part; refuse a file that is another kind of document."""
    named = [part for part, kind in relations_of(container, "").values() if kind == "officeDocument"]
    usual = (part for part in ("xl/workbook.xml", "xl/workbook.bin") if part in container)
    for part in (*named, *usual):
        if part.endswith(".bin"):
            raise Refused("binary workbook (.xlsb): save it as .xlsx or .xlsm first")
        if part in container:
            if local_name(parsed(container, part)) != "workbook":
                raise Refused("an Office document, but not a workbook")
            return part
    if "content.xml" in container:
        raise Refused("an OpenDocument file (.ods): save it as .xlsx first")
    raise Refused("a zip file, but not a workbook (no workbook part)")


def _read_names(root: ElementTree.Element, scopes: dict[str | None, int]) -> dict[tuple[int, str], str]:
    names = {}
    for element in root.iterfind(".//{*}definedName"):
        scope = scopes.get(element.get("localSheetId"))
        if scope is not None and not {element.get("function"), element.get("vbProcedure")} & {"1", "true"}:
            names[scope, (element.get("name") or "").lower()] = (element.text or "").strip()
    return names


def _read_tables(container: Container, sheets: list[SheetPart], warnings: list[str]) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for number, sheet in enumerate(sheets):
        for target, kind in relations_of(container, sheet.part).values():
            if kind != "table" or target not in container:
                continue
            root = parsed(container, target)
            name = root.get("displayName") or root.get("name") or ""
            area = parse_area(root.get("ref") or "")
            if area is None:
                warnings.append(f"the table {name} has no valid range and is left out")
                continue
            columns = tuple(unescaped(element.get("name") or "") for element in root.iterfind(".//{*}tableColumn"))
            header, totals = root.get("headerRowCount", "1") != "0", root.get("totalsRowCount", "0") not in ("0", "")
            lookup = {each.lower().replace("\n", " "): place for place, each in reversed(list(enumerate(columns)))}
            filtered = root.find(".//{*}filterColumn") is not None
            table = Table(name, number, area, header, totals, columns, lookup, filtered)
            tables[name.lower()] = table
            sheet.tables.append(table)
    return tables


def _read_strings(container: Container, part: str | None) -> list[str]:
    if part is None:
        return []
    root = parsed(container, part)
    space = root.tag.removesuffix("sst")
    item, run, text = (space + name for name in ("si", "r", "t"))
    strings = []
    for each in root.findall(item):
        if len(each) == 1 and each[0].tag == text:
            strings.append(unescaped(each[0].text or ""))
        else:  # in runs; what tells its pronunciation has texts, too
            texts = [found for holder in (each, *each.findall(run)) for found in holder.findall(text)]
            strings.append(unescaped("".join(found.text or "" for found in texts)))
    return strings
