"""The XML parts of a workbook: decoded, read by an ordinary XML parser, texts and numbers in them, their relations."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.parsers import expat

from .container import Container
from .refusals import Refused

ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)|\r")
_NAMED = (("&gt;", ">"), ("&lt;", "<"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_XML_ENTITY = re.compile(r"&(?:#x[0-9A-Fa-f]+|#[0-9]+|lt|gt|amp|quot|apos);")


def from_xml(text: str) -> str:
    """Return character data with its XML entities resolved."""
    if "&" not in text:
        return text
    if "&#" in text:
        return _XML_ENTITY.sub(lambda match: _character(match[0]), text)
    for entity, character in _NAMED:
        text = text.replace(entity, character)
        if "&" not in text:
            break
    return text


def _character(entity: str) -> str:
    if entity[1] != "#":
        return dict(_NAMED)[entity]
    number = int(entity[3:-1], 16) if entity[2] == "x" else int(entity[2:-1])
    return chr(number) if number <= 0x10FFFF else "\ufffd"


def unescaped(text: str) -> str:
    """Return a text with characters that are written as _x000D_ resolved.

    Two halves of a character are joined, and a half without the other becomes U+FFFD.
    """
    if "_x" not in text:
        return text
    text = ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)
    if HALF_CHARACTER.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def to_xml(text: str) -> str:
    """Return text escaped for XML character data."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_cell_text(text: str) -> str:
    """Return text escaped for a cell's value, control characters as _x000D_."""
    text = text[:32767].encode("utf-8", "replace").decode("utf-8")
    return to_xml(FORBIDDEN.sub(lambda match: f"_x{ord(match[0]):04X}_", text))


def number_text(value: float) -> str:
    """Return a finite number with as many digits as identify it, whole numbers without a point."""
    text = repr(value)
    if text[-2:] == ".0":
        return text[:-2] if text != "-0.0" else "0"
    return text.replace("e", "E") if "e" in text else text


def number_texts(values: list[float]) -> list[str]:
    """Return many finite numbers as :func:`number_text` writes them."""
    joined = repr(values)[1:-1] + ","  # faster than number by number
    if "-0.0," in joined:
        return [number_text(value) for value in values]
    return joined.replace(".0,", ",").replace("e", "E")[:-1].split(", ") if values else []


_BY_MARK = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_DECLARATION = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)[\"']")


def decoded(content: bytes, part: str) -> tuple[str, str]:
    """Return a part as text together with the encoding that writes it back byte for byte."""
    match = _DECLARATION.match(content)
    encoding = _BY_MARK.get(content[:2]) or (match[1].decode().lower() if match else "utf-8")
    if encoding in ("utf8", "us-ascii", "ascii"):
        encoding = "utf-8"
    try:
        return content.decode(encoding), encoding
    except (UnicodeDecodeError, LookupError):
        raise Refused(f"damaged: the part {part} is not valid {encoding} text") from None


def refuse_entities(content: bytes, part: str) -> None:
    """Refuse a part that declares a document type: workbooks never do, attacks do."""
    if b"!" not in content:  # many times faster to find, and rare
        return
    plain = content.replace(b"\0", b"") if b"\0" in content[:8] else content  # in UTF-16 or UTF-32
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise Refused(f"the part {part} declares a document type (DTD): refused")


def parsed(container: Container, part: str) -> ElementTree.Element:
    """Return the root element of a part that has to be there and well-formed."""
    content = container.read(part)
    refuse_entities(content, part)
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Refused(f"damaged: the part {part} is not well-formed XML ({error})") from None


def check_xml(name: str, part: bytes) -> None:
    """Refuse to write a part that is no XML."""
    try:
        expat.ParserCreate().Parse(part, True)
    except (expat.ExpatError, ValueError) as error:
        raise Refused(f"the part {name} would not be well-formed XML ({error}): nothing was replaced") from None


def parsed_or_none(container: Container, part: str) -> ElementTree.Element | None:
    """Return the root element of a part, None when it is missing or not well-formed."""
    if part not in container:
        return None
    refuse_entities(container.read(part), part)
    try:
        return parsed(container, part)
    except Refused:
        return None


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def relations_of(container: Container, part: str) -> dict[str, tuple[str, str]]:
    """Return the parts that a part ("" is the package) is related to, by the relation's name: part and kind of each."""
    folder, name = posixpath.split(part)
    rels = posixpath.join(folder, "_rels", name + ".rels")
    if rels not in container:
        return {}
    found = {}
    for element in parsed(container, rels):
        target = element.get("Target") or ""
        if element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
            if target not in container and unquote(target) in container:
                target = unquote(target)
        found[element.get("Id") or ""] = (target, (element.get("Type") or "").rpartition("/")[2])
    return found


PART_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheetMetadata+xml"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sheetMetadata"
FRESH = Path(__file__).parents[2] / "data" / "dynamic_arrays.xml"
_TYPES = re.compile(r"<metadataType\s[^>]*?name=\"([^\"]*)\"")
_CELL_BLOCK = re.compile(r"<cellMetadata[^>]*>(.*?)</cellMetadata>", re.S)
_RECORD = re.compile(r"<bk\s*>\s*<rc\s+t=\"(\d+)\"\s+v=\"\d+\"\s*/>\s*</bk>", re.S)


def dynamic_array_index(container: Container, workbook: str, metadata: str | None) -> tuple[int, dict[str, bytes]]:
    """Return the cell-metadata number of dynamic arrays and the parts to change to have it, if any.

    Metadata of the workbook's own that says nothing about dynamic arrays and cannot be extended safely is refused.
    """
    if metadata is None:
        return 1, _added(container, workbook)
    text, _ = decoded(container.read(metadata), metadata)
    types, block = _TYPES.findall(text), _CELL_BLOCK.search(text)
    for position, number in enumerate(_RECORD.findall(block[1]) if block else (), 1):
        if 0 < int(number) <= len(types) and types[int(number) - 1] == "XLDAPR":
            return position, {}
    raise Refused("a new spill is needed, but the workbook's metadata part cannot be extended")


def _added(container: Container, workbook: str) -> dict[str, bytes]:
    folder, name = posixpath.split(workbook)
    part, rels_part = (posixpath.join(folder, each) for each in ("metadata.xml", f"_rels/{name}.rels"))
    types_text, types_encoding = decoded(container.read("[Content_Types].xml"), "[Content_Types].xml")
    rels_text, rels_encoding = decoded(container.read(rels_part), rels_part)
    override = f'<Override PartName="/{part}" ContentType="{PART_TYPE}"/>'
    numbers = [int(number) for number in re.findall(r'Id="rId(\d+)"', rels_text)]
    relation = f'<Relationship Id="rId{max(numbers, default=0) + 1}" Type="{RELATION}" Target="metadata.xml"/>'
    if part in container or "</Types>" not in types_text or "</Relationships>" not in rels_text:
        raise Refused("a new spill is needed, but the workbook's list of parts cannot be extended")
    return {
        "[Content_Types].xml": types_text.replace("</Types>", override + "</Types>").encode(types_encoding),
        rels_part: rels_text.replace("</Relationships>", relation + "</Relationships>").encode(rels_encoding),
        part: FRESH.read_bytes(),
    }
