"""Reads the numpydoc docstring of a kernel, so that help is written once, beside the code it describes."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_UNDERLINE = re.compile(r"^-{3,}\s*$")
_MARKUP = re.compile(r"``([^`]*)``|:\w+:`~?([^`]*)`|`([^`]*)`")


@dataclass(slots=True)
class Documentation:
    """The parts of a docstring that help texts are made of."""

    summary: str = ""
    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    equation: str = ""
    source: str = ""


def plain(text: str) -> str:
    """Return text without reStructuredText marks and line breaks."""
    joined = " ".join(text.split())
    return _MARKUP.sub(lambda match: next(group for group in match.groups() if group is not None), joined)


def read_docstring(function: object) -> Documentation:
    """Return the documentation of a function.

    The "Notes" section may have paragraphs that begin with ``Equation:`` and ``Source:``.
    """
    found = Documentation()
    lines = (inspect.getdoc(function) or "").splitlines()
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for index, line in enumerate(lines):
        if index + 1 < len(lines) and line and _UNDERLINE.match(lines[index + 1]):
            current = line.strip()
            sections[current] = []
        elif not _UNDERLINE.match(line):
            sections[current].append(line)
    paragraphs = _paragraphs(sections[""])
    if paragraphs:
        found.summary = plain(paragraphs[0])
        found.description = "\n\n".join(plain(each) for each in paragraphs[1:])
    found.parameters = _parameters(sections.get("Parameters", []))
    for paragraph in _paragraphs(sections.get("Notes", [])):
        label, _, text = paragraph.partition(":")
        if label == "Equation":
            found.equation = plain(text)
        elif label == "Source":
            found.source = plain(text)
    return found


def _paragraphs(lines: list[str]) -> list[str]:
    return [block for block in re.split(r"\n\s*\n", "\n".join(lines).strip()) if block.strip()]


def _parameters(lines: list[str]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    for line in lines:
        if line[:1].strip():
            head = line.partition(":")[0]
            names = [each.strip() for each in head.split(",")]
            for name in names:
                texts[name] = []
        elif line.strip():
            for name in names:
                texts[name].append(line.strip())
    return {name: plain(" ".join(parts)) for name, parts in texts.items()}
