"""Small XML parts of a workbook beside its sheets, read with an ordinary XML parser."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from ..files.package import Package, refuse_entities


def part_root(package: Package, part: str) -> ElementTree.Element | None:
    """Return the root element of a part, None when it is missing or not well-formed."""
    if part not in package.container:
        return None
    content = package.container.read(part, keep=True)
    refuse_entities(content, part)
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def every(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of a name, however deep."""
    return (each for each in root.iter() if local_name(each) == name)


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return the children of a name."""
    return [each for each in element if local_name(each) == name]
