"""Formulas to be computed the careful way for the texts and truth values that they hold or read.

Excel reads more texts as numbers than the engine does, which shows as an error unless the formula catches it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ...cells import CellError
from ..native.criteria import ERRORS
from ..native.reading import number_of
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .columns_read import ColumnsRead
from .reads import Alike

_TEXT: Final = re.compile(r"\"(?:[^\"]|\"\")*\"")
COMPARED: Final = re.compile(r"[<>=]+")
REFERENCE: Final = r"(?:(?:'[^']*'|[\w.]+)!)?\$?[A-Z]{1,3}\$?[0-9]+(?::\$?[A-Z]{1,3}\$?[0-9]+)?"
#: Texts, arrays of them, and what certainly is one.
TEXTS: Final = (
    r"(?:\"\"|\{\"\"(?:[,;]\"\")*\}|"
    r"\b(?:CONCAT|CONCATENATE|LEFT|LOWER|MID|RIGHT|SUBSTITUTE|TEXT|TRIM|UPPER)\([^()]*\))"
)
#: Cells and texts that are compared with nothing beside that computes.
_ONLY_PAIR: Final = re.compile(rf"(?<=[(,])(?:{REFERENCE}|{TEXTS})\s*(?:<>|[<>=]=?)\s*(?:{REFERENCE}|{TEXTS})(?=[),])")
_PLACE: Final = rf"(?:{REFERENCE}|(?:(?:'[^']*'|[\w.]+)!)?\$?[A-Z]{{1,3}}:\$?[A-Z]{{1,3}}|\"\"|[\d.]+)"
#: Calls that give a number or a truth value whatever texts stand in the cells that they look at.
_COUNTS: Final = re.compile(
    r"\b(?:RXL\.)?(?:(?:SUM|COUNT|AVERAGE|MAX|MIN)(?:IFS?)?|COUNTA|COUNTBLANK|CRITERION|MATCH|ROWS?|COLUMNS?"
    rf"|IS(?:BLANK|ERR|ERROR|NA|NONTEXT|NUMBER|TEXT))\({_PLACE}(?:,{_PLACE})*\)"
)
_SHEET: Final = re.compile(r"'[^']*'!")
#: What the compiler itself asks of a range that is summed by criteria.
SUM_GUARD: Final = rf"\bISERROR\(SUM\({REFERENCE}\)\)"
_SUM_GUARD: Final = re.compile(SUM_GUARD)
_CATCHES: Final = re.compile(r"\b(?:IFERROR|IFNA|ISERROR|ISERR|ISNA|ISNUMBER|ERROR\.TYPE|COUNT|AGGREGATE)\(")
#: Signs between operands, and a minus before anything but a number.
_ARITHMETIC: Final = re.compile(r"[*/^%]|(?<![-+*/^&<>=(,])[-+]|-(?![\d.])")
_TESTS: Final = re.compile(r"\b(?:IF|IFS|NOT|AND|OR|XOR)\(")
#: Texts that the engine reads as numbers as Excel does, or that no one does.
_PLAIN: Final = re.compile(
    r"[^\d]*|\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?\s*|\d{4}-\d\d-\d\d|\d\d?:\d\d(?::\d\d)?"
)
_JOINS: Final = re.compile(r"&|\b(?:CONCAT|CONCATENATE|SUBSTITUTE)\(")
#: A date whose day and month only the author's system tells apart, also as it is written within a formula.
_DATE: Final = re.compile(r"\"?\s*(0?[1-9]|[12]\d|3[01])[-/](0?[1-9]|[12]\d|3[01])[-/](?:\d{4}|\d{1,2})\b.*")
#: A cell holds no more characters, and texts not longer than the other number never join to so many in practice.
_HOLDS, _LONG = 32767, 500
_LONGEST_DATE: Final = 30
_WITH_DATE: Final = re.compile(r"\"\s*\w{1,2}[-/]\w{1,2}[-/]\w{1,4}[^\"]*\"")
_LOOKS: Final = r"\b(?:LEN|LEFT|RIGHT|MID|FIND|SEARCH|EXACT|REPLACE|SUBSTITUTE)"
_LOOKS_INTO: Final = re.compile(rf"{_LOOKS}\(")
_LOOKED_INTO: Final = re.compile(rf"{_LOOKS}\({_PLACE}(?:&\"\")?(?:,{_PLACE}(?:&\"\")?)*\)")
#: What these do with something that is computed within.
_OF_ARITHMETIC: Final = re.compile(r"\b(?:LEN|LEFT|RIGHT|MID|EXACT|FIND|SUBSTITUTE)\(\(?[^()\"]+[-+*/^]")
_JOINED: Final = re.compile("&")
#: Cells and texts that are joined with nothing beside that computes.
_JOINED_CELLS: Final = re.compile(rf"(?<=[(,=<>])(?:{REFERENCE}|\"\")(?:&(?:{REFERENCE}|\"\"))+(?=[),=<>])")
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
#: Characters that count as two in Excel, except in workbooks that count the newer way.
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")
WITH_CRITERIA: Final = re.compile(r"\b(?:COUNT|SUM|AVERAGE|MAX|MIN)IFS?\(")
#: A criterion for all but a number, which stands there or is joined to it.
_OTHER_THAN: Final = re.compile(r"\"<>(?:(-?\d+\.?\d*)\"|\"&)")
_SUMS_PRODUCTS: Final = re.compile(rf"\bSUMPRODUCT\((?:.*,)?\s*{REFERENCE}\s*[,)]")
_REPEATS: Final = re.compile(r"\bREPT\(")


def without_texts(group: Alike) -> str:
    """Return a formula of a group without the content of its texts."""
    return _TEXT.sub('""', group.texts[0])


def with_own_texts(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells whose texts, or what they do with texts, are no matter for the engine whatever they read."""
    yield from (cell for cell in calculation.showing if cell.value.__class__ is str and len(cell.value) > _HOLDS)
    for wanted, test in _OWN:
        for group in calculation.readers.groups(wanted):
            if test(group):
                yield from group.cells
    for group in calculation.readers.groups(_WITH_DATE):
        dated = (any(map(_is_date, _TEXT.findall(text))) for text in group.texts)
        yield from (cell for cell, found in zip(group.cells, dated, strict=True) if found)


def reading_texts(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that read values which are no matter for the engine, by what they do with texts."""
    scans = calculation.book.scans
    found = {*calculation.book.package.strings}
    shown = (scan.formulas.values for scan in scans)
    shown = (values for values in shown if str in {*map(type, values)})
    found.update(value for values in shown for value in values if value.__class__ is str)
    within = any(scan.has_texts() for scan in scans)
    for wanted, also, kind, test, part in _READ:
        if kind is str and not within and not any(map(test, found)):
            continue
        groups = []
        for group in calculation.readers.groups(wanted):
            text = part(without_texts(group))
            signs = _SHEET.sub("", text)
            if wanted.search(signs) and (also is None or also.search(signs)):
                groups.append(
                    group if part is str else replace(group, columns=calculation.readers.columns(text, group.sheet))
                )
        places = columns.of(groups)
        values = {each for each in columns.kind(places, kind) if test(each)}
        if values:
            yield from calculation.readers.of(columns.holding(places, kind, values), groups, part)


def counting_texts(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells with criteria of which the engine takes a text for the number or error that it reads as."""
    groups = calculation.readers.groups(WITH_CRITERIA)
    places = columns.of(groups)
    texts = columns.kind(places, str)
    errors = {text for text in texts if text.lstrip("<>=").upper() in ERRORS}
    if errors:
        yield from calculation.readers.of(columns.holding(places, str, errors), groups)
    if not any(text.startswith("<>") for text in texts):
        groups = [group for group in groups if _OTHER_THAN.search(group.texts[0])]
    places = columns.of(groups)
    known = columns.kind(places, float)
    for group in groups:
        known.update(float(number) for text in group.texts for number in _OTHER_THAN.findall(text) if number)
    known.update(number for text in texts if text[:2] == "<>" and (number := number_of(text[2:])) is not None)
    alike = {text for text in columns.kind(places, str) if number_of(text) in known}
    if alike:
        yield from calculation.readers.of(columns.holding(places, str, alike), groups)


def _is_long_number(number: float) -> bool:
    """Say whether a number has more digits than a text shows of it."""
    return float(f"{number:.15g}") != number


def _is_unclear(text: str) -> bool:
    """Say whether the engine may fail to read a text as a number that Excel reads as one."""
    return _PLAIN.fullmatch(text) is None


def _is_truth(text: str) -> bool:
    """Say whether a text counts as a truth value."""
    return text.upper() in ("TRUE", "FALSE")


def _has_other_capitals(text: str) -> bool:
    """Say whether a text has letters whose capitals the engine does not know."""
    others = "" if text.isascii() else "".join(_BEYOND_ASCII.findall(text))
    return others.upper() != others.lower()


def _is_date(text: str) -> bool:
    """Say whether a text is a date whose day and month only its author's system tells apart."""
    found = _DATE.fullmatch(text) if len(text) < _LONGEST_DATE else None
    return found is not None and found[1] != found[2]


def _is_long(text: str) -> bool:
    """Say whether joining a text with others may give more than a cell holds."""
    return len(text) > _LONG


def _has_digits(text: str) -> bool:
    """Say whether the engine may read a text as a number where Excel takes it for 0."""
    return any(map(str.isdigit, text))


def computing(text: str) -> str:
    """Return a formula without the cells that it only compares with each other, counts, sums or looks for."""
    text = _ONLY_PAIR.sub("TRUE", _TEXT.sub('""', text))
    while (shorter := _COUNTS.sub("1", text)) != text:
        text = shorter
    return text


def looked_into(text: str) -> str:
    """Return what a formula looks into: the cells, or all of it where it looks into anything else."""
    found, rest = "", _TEXT.sub('""', text)
    while (shorter := _LOOKED_INTO.sub("1", rest)) != rest:
        found, rest = f"{found} {' '.join(_LOOKED_INTO.findall(rest))}", shorter
    return text if _LOOKS_INTO.search(rest) else found


def _joins_computed(text: str) -> bool:
    """Say whether a formula compares what it joins, and joins anything but cells and texts."""
    return COMPARED.search(text) is not None and _JOINED.search(_JOINED_CELLS.sub("", text)) is not None


def _joined(text: str) -> str:
    """Return what matters of a formula that compares what it joins: the cells, or all where anything else is joined."""
    text = _TEXT.sub('""', text)
    if _joins_computed(text):
        return text
    return " ".join(_JOINED_CELLS.findall(text)) if COMPARED.search(text) else ""


#: What is no matter for the engine in formulas alike: texts repeated, other letters compared, digits of numbers and
#: characters that count as two looked into, and what is computed compared as a text.
_OWN: Final[Sequence[tuple[re.Pattern[str], Callable[[Alike], object]]]] = (
    (_REPEATS, lambda group: True),
    (COMPARED, lambda group: not group.texts[0].isascii() and COMPARED.search(without_texts(group))),
    (_LOOKS_INTO, lambda group: _OF_ARITHMETIC.search(group.texts[0]) or _BEYOND.search(group.texts[0])),
    (_JOINED, lambda group: _joins_computed(without_texts(group)) and _ARITHMETIC.search(without_texts(group))),
)
_Rule = tuple[re.Pattern[str], re.Pattern[str] | None, type, Callable[[Any], object], Callable[[str], str]]
#: What formulas do, all of it, with values of a kind: catch errors of arithmetic, tests and criteria, compare, join, do
#: sums with dates, sum products (truth values count as 0), look into texts; and the part of their text that matters.
_READ: Final[Sequence[_Rule]] = (
    (_CATCHES, _ARITHMETIC, str, _is_unclear, computing),
    (_CATCHES, _TESTS, str, _is_truth, str),
    (_CATCHES, WITH_CRITERIA, CellError, lambda _: True, partial(_SUM_GUARD.sub, "TRUE")),
    (COMPARED, None, str, _has_other_capitals, str),
    (_JOINS, None, str, _is_long, str),
    (_ARITHMETIC, None, str, _is_date, computing),
    (_SUMS_PRODUCTS, None, str, _has_digits, str),
    (_SUMS_PRODUCTS, None, bool, lambda _: True, str),
    (_LOOKS_INTO, None, float, _is_long_number, looked_into),
    (_JOINED, None, float, _is_long_number, _joined),
    (_LOOKS_INTO, None, str, _BEYOND.search, looked_into),
)
