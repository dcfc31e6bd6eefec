"""vbaProject.bin compiled from VBA sources ([MS-OVBA]), without Excel.

The project carries sources only: its ``_VBA_PROJECT`` stream has version 0xFFFF and no cache, so Excel
compiles the modules when it opens the workbook, and what a scanner reads is exactly what runs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from rebalance_xl.authoring.compound_file import compound_file
from rebalance_xl.authoring.vba_compression import compress

CODE_PAGE = "cp1252"
PROJECT_NAME = "VBAProject"
# Any fixed identifier will do; CMG, DPB and GC are keyed on it.
_PROJECT_ID = "{6D1B3C52-8E0F-4B6A-9A57-2F4C7D9E1B30}"
_ENGLISH = 0x409
_MAX_NAME = 31


class Kind(Enum):
    """What a module is; the value is its key in the PROJECT stream."""

    DOCUMENT = "Document"
    MODULE = "Module"
    CLASS = "Class"


@dataclass(frozen=True)
class Module:
    """One module of the project: its name, its kind and its source (any line ends, attributes included)."""

    name: str
    kind: Kind
    source: str


@dataclass(frozen=True)
class Reference:
    """A type library that the project uses."""

    name: str
    library: str


STDOLE = Reference(
    "stdole",
    r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb#OLE Automation",
)
# Needed for IRibbonControl. Version 2.0 is served by every Office from 2007 on.
OFFICE = Reference(
    "Office",
    r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\Program Files\Common Files\Microsoft Shared"
    r"\OFFICE16\MSO.DLL#Microsoft Office 16.0 Object Library",
)

_WORKBOOK_CLASS = "{00020819-0000-0000-C000-000000000046}"
_WORKSHEET_CLASS = "{00020820-0000-0000-C000-000000000046}"
_CLASS_BASE = "{FCFB3D2A-A0FA-1068-A738-08002B3371B5}"


def workbook_module(code_name: str = "ThisWorkbook") -> Module:
    """Make the empty module behind the workbook."""
    return Module(code_name, Kind.DOCUMENT, _attributes(code_name, _WORKBOOK_CLASS, document=True))


def worksheet_module(code_name: str) -> Module:
    """Make the empty module behind a sheet."""
    return Module(code_name, Kind.DOCUMENT, _attributes(code_name, _WORKSHEET_CLASS, document=True))


def standard_module(text: str) -> Module:
    """Make a module from the text of a .bas file, whose first line names it."""
    return Module(_name_of(text), Kind.MODULE, text)


def class_module(text: str) -> Module:
    """Make a class from the text of a .cls file, its file header replaced by the class attributes."""
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("Attribute VB_Name"))
    code = first
    while code < len(lines) and lines[code].startswith("Attribute "):
        code += 1
    name = _name_of(lines[first])
    kept = ("VB_Description", "VB_Exposed", "VB_Creatable")
    own = [line for line in lines[first:code] if line.split(" ")[1] in kept]
    given = {line.split(" ")[1] for line in own}
    standard = _attributes(name, _CLASS_BASE, document=False).splitlines()
    head = [line for line in standard if line.split(" ")[1] not in given]
    return Module(name, Kind.CLASS, "\n".join([*head, *own, *lines[code:]]) + "\n")


def vba_project(modules: Sequence[Module], references: Iterable[Reference] = (STDOLE, OFFICE)) -> bytes:
    """Compile modules into the bytes of a vbaProject.bin.

    Parameters
    ----------
    modules
        In the order of the project explorer: the workbook's, the sheets', then the others.
    references
        Type libraries beyond VBA and Excel, which every project has.

    Returns
    -------
    bytes
        A compound file; equal input gives equal bytes.

    Raises
    ------
    ValueError
        For a module name that is not a VBA identifier of at most 31 characters or that stands twice, a
        source that does not begin with its VB_Name, or text outside code page 1252.
    """
    _check_names(modules)
    streams = {f"VBA/{module.name}": compress(_stored_source(module)) for module in modules}
    streams["VBA/dir"] = compress(_dir_stream(modules, references))
    streams["VBA/_VBA_PROJECT"] = b"\xcc\x61\xff\xff\x00\x00\x00"
    streams["PROJECT"] = _project_stream(modules).encode(CODE_PAGE)
    streams["PROJECTwm"] = _name_map(modules)
    return compound_file(streams)


def _attributes(name: str, base: str, *, document: bool) -> str:
    return "\n".join(
        (
            f'Attribute VB_Name = "{name}"',
            f'Attribute VB_Base = "0{base}"',
            "Attribute VB_GlobalNameSpace = False",
            "Attribute VB_Creatable = False",
            f"Attribute VB_PredeclaredId = {document}",
            f"Attribute VB_Exposed = {document}",
            "Attribute VB_TemplateDerived = False",
            f"Attribute VB_Customizable = {document}",
            "",
        )
    )


def _name_of(text: str) -> str:
    first = text.lstrip().splitlines()[0]
    if not first.startswith('Attribute VB_Name = "'):
        raise ValueError(f"a VBA source begins with Attribute VB_Name, not with {first!r}")
    return first.split('"')[1]


def _check_names(modules: Sequence[Module]) -> None:
    seen: set[str] = set()
    for module in modules:
        name = module.name
        if not (name.isascii() and name.isidentifier() and name[0].isalpha() and len(name) <= _MAX_NAME):
            raise ValueError(f"{name!r} is no module name: a letter, then letters, digits or _, at most 31")
        if name.lower() in seen:
            raise ValueError(f"two modules are called {name}")
        seen.add(name.lower())
        if _name_of(module.source) != name:
            raise ValueError(f"the source of {name} names another module in its first line")


def _stored_source(module: Module) -> bytes:
    text = "\r\n".join(module.source.splitlines()) + "\r\n"
    try:
        return text.encode(CODE_PAGE)
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise ValueError(f"module {module.name} holds {character!r}, which VBA's code page has not") from None


def _record(identifier: int, data: bytes = b"") -> bytes:
    return struct.pack("<HI", identifier, len(data)) + data


def _text_record(identifier: int, unicode_identifier: int, text: str) -> bytes:
    return _record(identifier, text.encode(CODE_PAGE)) + _record(unicode_identifier, text.encode("utf-16-le"))


def _dir_stream(modules: Sequence[Module], references: Iterable[Reference]) -> bytes:
    """Write the dir stream ([MS-OVBA] 2.3.4.2): information, references, modules."""

    def number(value: int) -> bytes:
        return struct.pack("<I", value)

    parts = [
        _record(0x01, number(1)),  # system kind: 32-bit Windows, as Excel itself writes for either
        _record(0x02, number(_ENGLISH)),
        _record(0x14, number(_ENGLISH)),
        _record(0x03, struct.pack("<H", 1252)),
        _record(0x04, PROJECT_NAME.encode(CODE_PAGE)),
        _text_record(0x05, 0x40, ""),  # description
        _record(0x06) + _record(0x3D),  # help file
        _record(0x07, number(0)),  # help context
        _record(0x08, number(0)),  # library flags
        struct.pack("<HIIH", 0x09, 4, 1, 1),  # version: its size field counts the major part only
        _text_record(0x0C, 0x3C, ""),  # conditional compilation constants
    ]
    for reference in references:
        library = reference.library.encode(CODE_PAGE)
        parts.append(_text_record(0x16, 0x3E, reference.name))
        parts.append(_record(0x0D, number(len(library)) + library + bytes(6)))
    parts += [_record(0x0F, struct.pack("<H", len(modules))), _record(0x13, b"\xff\xff")]
    for module in modules:
        parts += [
            _text_record(0x19, 0x47, module.name),
            _text_record(0x1A, 0x32, module.name),  # the stream has the module's name
            _text_record(0x1C, 0x48, ""),  # description
            _record(0x31, number(0)),  # the source starts at once: no cache before it
            _record(0x1E, number(0)),  # help context
            _record(0x2C, b"\xff\xff"),  # cookie
            _record(0x21 if module.kind is Kind.MODULE else 0x22),
            _record(0x2B),
        ]
    parts.append(_record(0x10))
    return b"".join(parts)


def _project_stream(modules: Sequence[Module]) -> str:
    lines = [f'ID="{_PROJECT_ID}"']
    for module in modules:
        suffix = "/&H00000000" if module.kind is Kind.DOCUMENT else ""
        lines.append(f"{module.kind.value}={module.name}{suffix}")
    lines += [
        f'Name="{PROJECT_NAME}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        f'CMG="{_encrypted(bytes(4), 0x05)}"',  # no protection
        f'DPB="{_encrypted(bytes(1), 0x0B)}"',  # no password
        f'GC="{_encrypted(bytes([0xFF]), 0x11)}"',  # visible
        "",
        "[Host Extender Info]",
        "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "",
        "[Workspace]",
        *(f"{module.name}=0, 0, 0, 0, C" for module in modules),
        "",
    ]
    return "\r\n".join(lines)


def _encrypted(data: bytes, seed: int) -> str:
    """Obfuscate a protection field, keyed on the project's identifier ([MS-OVBA] 2.4.3.2)."""
    key = sum(_PROJECT_ID.encode(CODE_PAGE)) & 0xFF
    out = [seed, seed ^ 2, seed ^ key]
    previous_plain, last, before_last = key, seed ^ key, seed ^ 2
    for plain in bytes((seed & 6) // 2) + struct.pack("<I", len(data)) + data:
        coded = plain ^ ((before_last + previous_plain) & 0xFF)
        out.append(coded)
        previous_plain, last, before_last = plain, coded, last
    return bytes(out).hex().upper()


def _name_map(modules: Sequence[Module]) -> bytes:
    """List every module's name in the code page and in Unicode; Excel wants this stream uncompressed."""
    entries = (m.name.encode(CODE_PAGE) + b"\0" + m.name.encode("utf-16-le") + b"\0\0" for m in modules)
    return b"".join(entries) + b"\0\0"
