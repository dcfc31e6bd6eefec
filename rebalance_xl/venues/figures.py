"""Figures and dates of an export: read for a whole column at a time, exact, and never guessed."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from rebalance_xl.table_files import Numbers, TableFileError

_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "none", "null"})
_CODES = "USDT|USDC|USD|EUR|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|TRY|AUD|CAD"
_SIGNS = re.compile(rf"[€$£¥₿₺]|(?<![A-Za-z])(?:{_CODES})(?![A-Za-z])")
_ZONE = re.compile(r"(?:UTC|GMT)?\s*([+-])([0-9]{1,2}):?([0-9]{2})?$")
_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
    "nov": 11, "dec": 12,
}  # fmt: skip


def bare(text: str) -> str:
    """Return a figure without currency signs, with its minus in front: "-€5", "(5)", "5-" and "−5" are "-5".

    Examples
    --------
    >>> bare("-€597.50"), bare("(1.00)"), bare("3.00-"), bare("89,162.28 SEK")
    ('-597.50', '-1.00', '-3.00', '89,162.28')
    """
    plain = _SIGNS.sub("", text.replace("\u2212", "-")).strip().strip("\u00a0\u202f ")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1].strip()
    elif plain.endswith("-") and len(plain) > 1:
        plain = "-" + plain[:-1].strip()
    return re.sub(r"^([+-])\s+", r"\1", plain)


def is_nothing(text: str) -> bool:
    """Tell whether a cell says that there is no figure."""
    return text.strip().casefold() in _NOTHING


class Figures:
    """Reads the figures of some columns as one file spells them.

    Parameters
    ----------
    path
        For messages.
    cells
        Lines and texts of all columns of figures.
    decimal
        The decimal mark where the kind of export fixes it.
    usual
        The decimal mark where nothing contradicts it.
    """

    def __init__(self, path: Path, cells: Iterable[tuple[int, str]], decimal: str = "", usual: str = "") -> None:
        self._path = Path(path.name)
        self._numbers = Numbers(self._path, [(line, bare(text)) for line, text in cells], decimal, usual)

    def read(self, line: int, text: str) -> Decimal | None:
        """Return a figure exactly, None where the cell says that there is none.

        Raises
        ------
        TableFileError
            It is no figure, or may be two.
        """
        if is_nothing(text):
            return None
        plain = self._numbers.plain(line, bare(text))
        if plain is None:
            raise TableFileError(f'{self._path}: line {line}: "{text[:40]}" is no figure')
        try:
            found = Decimal(plain)
        except InvalidOperation:
            raise TableFileError(f'{self._path}: line {line}: "{text[:40]}" is no figure') from None
        if abs(found) > Decimal(10) ** 18:
            raise TableFileError(f'{self._path}: line {line}: "{text[:40]}" is too large')
        return found.normalize() + 0


class Dates:
    """Reads the dates of a column: ISO, dotted, slashed, epochs, serial numbers, names of months.

    Parameters
    ----------
    path
        For messages.
    texts
        All dates of the column: a day above 12 in any of them decides whether the day or the month stands first.
    zone
        The zone that the header or the export's kind names, "UTC" or "UTC+02:00"; blank for unknown (taken as UTC).
    order
        "dmy" or "mdy" where the kind of export or the user fixes it.
    """

    def __init__(self, path: Path, texts: Sequence[str], zone: str = "UTC", order: str = "") -> None:
        self._name = path.name
        self._zone = zone_of(zone) or dt.UTC
        self._order = order or _order(texts)

    def read(self, line: int, text: str, zone: str = "") -> dt.datetime:
        """Return a time in UTC.

        Raises
        ------
        TableFileError
            It is no date, or day and month cannot be told apart.
        """
        try:
            found = self._read(text.replace("\x01", "").strip())
        except TableFileError:
            raise
        except (ValueError, OverflowError, OSError, KeyError):
            found = None
        if found is None:
            raise TableFileError(f'{self._name}: line {line}: "{text[:40]}" is no date')
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone_of(zone) or self._zone)
        if not 2009 <= found.year < 2100:
            raise TableFileError(f'{self._name}: line {line}: "{text[:40]}" is a date before 2009 or after 2099')
        return found.astimezone(dt.UTC)

    def _read(self, text: str) -> dt.datetime | None:
        text = re.sub(r"\s*(UTC|GMT)$", "+00:00", text)
        if match := re.fullmatch(r"([0-9]{2}:[0-9]{2})\s+([0-9]{4}-[0-9]{2}-[0-9]{2})", text):  # Bybit: time first
            text = f"{match[2]} {match[1]}"
        if re.fullmatch(r"[0-9]{10}", text):
            return dt.datetime.fromtimestamp(int(text), dt.UTC)
        if re.fullmatch(r"[0-9]{13}", text):
            return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC)
        if re.fullmatch(r"[2][0-9]{7}", text):
            return dt.datetime.strptime(text, "%Y%m%d")
        if re.fullmatch(r"[4-6][0-9]{4}(\.[0-9]+)?", text):
            return dt.datetime(1899, 12, 30) + dt.timedelta(days=float(text))
        if match := re.fullmatch(r"([A-Za-z]{3})[a-z]* ([0-9]{1,2}), ([0-9]{4})(?:,? ([0-9:]+)(?: ([AP]M))?)?", text):
            month = _MONTHS[match[1].casefold()]
            return dt.datetime(int(match[3]), month, int(match[2])) + _clock(match[4], match[5])
        if match := re.fullmatch(r"([0-9]{2})-([0-9]{2})-([0-9]{2}) ([0-9:]+)", text):  # 26-03-01 09:00:01
            return dt.datetime(2000 + int(match[1]), int(match[2]), int(match[3])) + _clock(match[4], None)
        if match := re.fullmatch(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})(?:[ ,T]+([0-9:]+)(?: ([AP]M))?)?", text):
            first, second = int(match[1]), int(match[3])
            day, month = (first, second) if match[2] != "/" or self._order == "dmy" else (second, first)
            if match[2] == "/" and not self._order and first != second:
                raise TableFileError(
                    f'{self._name}: "{text}" may be day/month or month/day: say --map dates=dmy or dates=mdy'
                )
            return dt.datetime(int(match[4]), month, day) + _clock(match[5], match[6])
        text = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)
        if match := re.fullmatch(r"(.*[0-9]:[0-9]{2})\.([0-9]{1,5})([+-].*|Z)?", text):
            text = f"{match[1]}.{match[2].ljust(6, '0')}{match[3] or ''}"
        return dt.datetime.fromisoformat(text)


def _order(texts: Sequence[str]) -> str:
    for text in texts:
        match = re.match(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}", text.strip())
        if match and int(match[1]) > 12:
            return "dmy"
        if match and int(match[2]) > 12:
            return "mdy"
    return ""


def _clock(text: str | None, half: str | None) -> dt.timedelta:
    hours, minutes, seconds = (*(int(part) for part in (text or "0").split(":")), 0, 0)[:3]
    if half:
        hours = hours % 12 + (12 if half == "PM" else 0)
    return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def zone_of(text: str) -> dt.tzinfo | None:
    """Return a zone by its name or its distance from UTC, None where there is none.

    Examples
    --------
    >>> zone_of("UTC+02:00").utcoffset(None)
    datetime.timedelta(seconds=7200)
    """
    if text.upper() in ("UTC", "GMT", "UTC+0", "Z"):
        return dt.UTC
    if match := _ZONE.search(text):
        distance = dt.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return dt.timezone(distance if match[1] == "+" else -distance)
    try:
        return zoneinfo.ZoneInfo(text) if "/" in text else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
