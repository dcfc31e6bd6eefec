"""Tier tables by name, such as "binance:BTCUSDT": the workbook's MarginTiers table, then those that ship."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rebalance_xl.cells import CellError, as_rows, from_serial, is_range
from rebalance_xl.functions.tier_files import PackedTables, RawTable, canonical, own_file, read_own_rows
from rebalance_xl.functions.tier_reading import TierError, read_tier_rows
from rebalance_xl.functions.tiers import Tier, TierTable, with_details

#: Tables older than this many days are called stale.
STALE_AFTER = 90

_CONTRACTS = re.compile(r"contracts\s*\(\s*([\d.]+)\s*([A-Za-z]*)\s*\)", re.IGNORECASE)
_QUOTE_UNITS = ("USDT", "USDC", "USD", "FDUSD", "BUSD", "USD1", "U", "USDE", "TUSD")
_COLUMNS = ("venue", "symbol", "floor", "cap", "maxleverage", "rate", "amount", "unit", "asof", "source")
_NEEDED = ("venue", "symbol", "floor", "rate")


# --- tables by name --------------------------------------------------------------------------------------------


class _Listed:
    """Tables that are all at hand, by canonical name."""

    def __init__(self, found: Iterable[RawTable]) -> None:
        self._tables = {canonical(each.name): each for each in found}

    def get(self, name: str) -> RawTable | None:
        return self._tables.get(name)

    def names(self) -> list[str]:
        return [each.name for each in self._tables.values()]

    def venues(self) -> list[str]:
        return list(dict.fromkeys(name.partition(":")[0] for name in self._tables))


class TierTables:
    """Tables by name; each is read and checked when it is first asked for.

    Parameters
    ----------
    found
        The tables as found.
    origin
        Where, in messages: "the MarginTiers table" or "the shipped data".
    fallback
        Where to look for names that are not found here.
    problem
        What is wrong with the table of tables as a whole, if anything; the answer for names found nowhere else.
    """

    def __init__(
        self,
        found: Iterable[RawTable] | PackedTables,
        origin: str,
        fallback: Callable[[], TierTables] | None = None,
        problem: str = "",
    ) -> None:
        self._raw = found if isinstance(found, PackedTables) else _Listed(found)
        self._origin = origin
        self._fallback = fallback
        self._problem = problem
        self._read: dict[str, TierTable | CellError] = {}

    def names(self) -> list[str]:
        """Return the names of all tables, those of the fallback included."""
        own = self._raw.names()
        if self._fallback is None:
            return own
        return own + [name for name in self._fallback().names() if self._raw.get(canonical(name)) is None]

    def venues(self) -> list[str]:
        """Return the venues that there are tables of."""
        own = self._raw.venues()
        return own if self._fallback is None else sorted({*own, *self._fallback().venues()})

    def raw(self, name: str) -> RawTable:
        """Return a table as found; KeyError where there is none."""
        found = self._raw.get(canonical(name))
        if found is not None:
            return found
        if self._fallback is None:
            raise KeyError(name)
        return self._fallback().raw(name)

    def origin(self, name: str) -> str:
        """Return where a table of this name is found."""
        if self._fallback is None or self._raw.get(canonical(name)) is not None:
            return self._origin
        return self._fallback().origin(name)

    def has(self, name: str) -> bool:
        """Tell whether there is a table of this name."""
        known = self._raw.get(canonical(name)) is not None
        return known or (self._fallback is not None and self._fallback().has(name))

    def lookup(self, name: str) -> TierTable | CellError:
        """Return the table of a name; #N/A where there is none, an error where its rows cannot be used."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = self._find(name)
        return found

    def _find(self, name: str) -> TierTable | CellError:
        raw = self._raw.get(canonical(name))
        if raw is not None:
            return _read_raw(raw, self._origin)
        if self._problem:
            return CellError("#VALUE!", self._problem)
        if self._fallback is not None and self._fallback().has(name):
            return self._fallback().lookup(name)
        return CellError("#N/A", f'no tiers are known for "{name}"{self._hint(name)}')

    def _hint(self, name: str) -> str:
        import difflib

        venues = self.venues()
        venue = canonical(name.partition(":")[0])
        if venue not in map(canonical, venues):
            return f"; there are tables of {', '.join(venues)}; add yours to the MarginTiers table"
        # A venue may have a thousand names, and a book many symbols that are not among them: look near by only.
        begins = canonical(name)[: len(venue) + 3]
        names = [each for each in self.names() if canonical(each).startswith(begins)]
        near = difflib.get_close_matches(name.casefold(), [each.casefold() for each in names], n=1, cutoff=0.6)
        nearest = next((each for each in names if near and each.casefold() == near[0]), "")
        hint = f'; the nearest is "{nearest}"' if nearest else ""
        return f"{hint}; add it to the MarginTiers table or give the rows themselves"


def _read_raw(raw: RawTable, origin: str) -> TierTable | CellError:
    unit_quantity, contract, usable = _read_unit(raw.unit, raw.contract)
    if not usable:
        return CellError(
            "#N/A",
            f"{raw.name} in {origin} counts contracts without saying how large one is; "
            'write the unit as "contracts(0.01 BTC)" in the MarginTiers table, or give the rate itself',
        )
    try:
        table = read_tier_rows(raw.cells, raw.name) if len(raw.cells) > 1 else _read_single(raw)
    except TierError as failure:
        return CellError(failure.code, f"{failure} (in {origin})")
    if unit_quantity and len(table.rows) > 1 and any(tier.amount for tier in table.rows):
        return CellError("#NUM!", f"{raw.name} in {origin} counts contracts and so cannot have maintenance amounts")
    return with_details(
        table,
        unit=raw.unit,
        unit_quantity=unit_quantity,
        contract=contract,
        continuous=table.continuous and not unit_quantity,
        as_of=raw.as_of,
        source=raw.source,
    )


def _read_single(raw: RawTable) -> TierTable:
    """Read a named table of one row, which keeps its end: it is a whole table, not the tier in force."""
    table = read_tier_rows(raw.cells, raw.name)
    floor, cap = (cell if isinstance(cell, int | float) else None for cell in raw.cells[0][:2])
    if not cap:
        return table
    return TierTable((table.rows[0]._replace(floor=float(floor or 0.0), cap=float(cap)),), raw.name)


def _read_unit(unit: str, contract: str) -> tuple[float, str, bool]:
    """Return the quantity of one unit (0: sizes are values), the contract type it implies, and whether it is clear."""
    text = unit.strip()
    counted = _CONTRACTS.fullmatch(text)
    if counted:
        size, money = float(counted[1]), counted[2].upper()
        return size, contract or ("inverse" if money == "USD" else "linear"), size > 0.0
    if text.casefold().startswith("contract"):
        return 0.0, contract, False
    if text.upper() == "USD" and contract == "inverse":
        return 1.0, contract, True  # a limit in dollars on a position counted in dollars: no price in it
    if text.upper() in _QUOTE_UNITS:
        return 0.0, contract or "linear", True
    return 0.0, contract or ("inverse" if text.casefold() == "coin" else ""), True


@cache
def shipped_tables() -> TierTables:
    """Return the tables that ship with the package, behind those of the user's own file where there is one.

    A venue's tables are unpacked when one of them is first asked for, and only the rows of that one are read.
    """
    shipped = TierTables(PackedTables(), "the shipped data")
    path = own_file()
    if path is None or not path.is_file():
        return shipped
    where = f"the tier file {path.name}"
    try:
        rows = read_own_rows(path)
    except (OSError, ValueError) as failure:
        return TierTables([], where, lambda: shipped, f"{where} cannot be read: {failure}")
    return _tables_of(rows, where, lambda: shipped)


def workbook_tables(rows: Sequence[Sequence[Any]]) -> TierTables:
    """Return the tables of a workbook's MarginTiers table, falling back to the shipped ones.

    Parameters
    ----------
    rows
        The table's rows as worksheet values, with its header row (columns Venue, Symbol, Floor, Cap, MaxLeverage,
        Rate, Amount, Unit, AsOf, Source in any order) or without it in just that order.
    """
    return _tables_of(rows, "the MarginTiers table", shipped_tables)


def _tables_of(rows: Sequence[Sequence[Any]], where: str, fallback: Callable[[], TierTables]) -> TierTables:
    try:
        return TierTables(tables_in(rows), where, fallback)
    except TierError as failure:
        return TierTables([], where, fallback, f"{where} has {failure}")


def tables_in(rows: Sequence[Sequence[Any]]) -> list[RawTable]:
    """Return the tables that rows of MarginTiers hold, not read and checked yet.

    Parameters
    ----------
    rows
        As :func:`workbook_tables` takes them.

    Raises
    ------
    TierError
        If a column that is needed is missing or misspelt.
    """
    rows = [row for row in rows if any(cell is not None and cell != "" for cell in row)]
    columns = {name: index for index, name in enumerate(_COLUMNS)}
    if rows and all(isinstance(cell, str) or cell is None for cell in rows[0]):
        columns = {re.sub(r"[\s_]", "", str(cell)).casefold(): i for i, cell in enumerate(rows[0]) if cell}
        missing = [name for name in _NEEDED if name not in columns]
        if missing:
            raise TierError(f"no column {' and '.join(missing)}")
        misspelt = _misspelt_column(columns)
        if misspelt:
            raise TierError(misspelt)
        rows = rows[1:]
    grouped: dict[str, tuple[str, list[Sequence[Any]]]] = {}
    for row in rows:
        venue, symbol = _text(row, columns, "venue"), _text(row, columns, "symbol")
        if venue and symbol:
            name = f"{venue}:{symbol}"
            grouped.setdefault(canonical(name), (name, []))[1].append(row)
    found = []
    for name, group in grouped.values():
        tiers = [
            [_cell(row, columns, each) for each in ("floor", "cap", "maxleverage", "rate", "amount")] for row in group
        ]
        texts = {each: _text(group[0], columns, each) for each in ("unit", "contract", "source")}
        dates = [_iso_date(_cell(row, columns, "asof")) for row in group]
        as_of = min((each for each in dates if each), default="")
        found.append(RawTable(name, tiers, texts["unit"], texts["contract"].casefold(), as_of, texts["source"]))
    return found


def _misspelt_column(columns: Iterable[str]) -> str:
    """Say which column was probably meant to be a missing one: without it tiers would quietly lose their amounts."""
    import difflib

    missing = [name for name in _COLUMNS if name not in columns]
    for column in columns:
        if column not in _COLUMNS and column != "contract":
            near = difflib.get_close_matches(column, missing, n=1, cutoff=0.75)
            if near:
                return f'a column "{column}"; did you mean "{near[0]}"?'
    return ""


def _cell(row: Sequence[Any], columns: dict[str, int], name: str) -> Any:
    index = columns.get(name, len(row))
    return row[index] if index < len(row) else None


def _text(row: Sequence[Any], columns: dict[str, int], name: str) -> str:
    cell = _cell(row, columns, name)
    return "" if cell is None or isinstance(cell, CellError) else str(cell).strip()


def _iso_date(cell: Any) -> str:
    if isinstance(cell, dt.date):
        return cell.isoformat()[:10]
    if isinstance(cell, float | int) and not isinstance(cell, bool) and 1 <= cell < 2_958_466:
        return from_serial(cell).date().isoformat()
    return str(cell).strip() if isinstance(cell, str) else ""


_last_workbook: tuple[list[list[Any]], TierTables] | None = None


def read_margin_tiers(value: Any) -> TierTables:
    """Return the tables behind the hidden `margin_tiers` argument; the shipped ones where a book has none.

    A host that calls often hands over the :class:`TierTables` itself; rows are compared with those of the last call.
    """
    global _last_workbook
    if isinstance(value, TierTables):
        return value
    if not is_range(value):
        return shipped_tables()
    rows = as_rows(value)
    if rows and not isinstance(rows[0], list):
        rows = [list(row) for row in rows]
    last = _last_workbook
    if last is None or last[0] != rows:
        # A copy: the caller may change the rows that it handed over.
        last = _last_workbook = ([list(row) for row in rows], workbook_tables(rows))
    return last[1]


# --- listing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TierListing:
    """One line of the list of tables.

    Parameters
    ----------
    name, contract, unit, as_of, source, origin
        As stated where the table was found.
    age
        Days since `as_of`; None where no date is stated.
    is_stale
        Older than 90 days, or without a date.
    tiers
        The rows; empty where the table cannot be used.
    problem
        Why it cannot be used, or an empty text.
    """

    name: str
    contract: str
    unit: str
    as_of: str
    age: int | None
    is_stale: bool
    source: str
    origin: str
    tiers: tuple[Tier, ...]
    problem: str


def tier_tables(today: dt.date, name: str = "", tables: TierTables | None = None) -> list[TierListing]:
    """Return the tables with their age, for the command ``rebalance-xl tiers``.

    Parameters
    ----------
    today
        The day from which ages are counted.
    name
        A table ("binance:BTCUSDT") or venue ("binance"); empty for all.
    tables
        The tables of a workbook; the shipped ones by default.
    """
    tables = tables or shipped_tables()
    wanted = canonical(name)
    listed = []
    for each in sorted(tables.names(), key=str.casefold):
        if wanted and wanted not in (canonical(each), canonical(each.partition(":")[0])):
            continue
        listed.append(_listing(each, tables, today))
    return listed


def _listing(name: str, tables: TierTables, today: dt.date) -> TierListing:
    raw = tables.raw(name)
    table = tables.lookup(name)
    usable = isinstance(table, TierTable)
    age = age_in_days(raw.as_of, today)
    return TierListing(
        name=raw.name,
        contract=table.contract if isinstance(table, TierTable) else raw.contract,
        unit=raw.unit,
        as_of=raw.as_of,
        age=age,
        is_stale=age is None or age > STALE_AFTER,
        source=raw.source,
        origin=tables.origin(name),
        tiers=table.rows if isinstance(table, TierTable) else (),
        problem="" if usable else table.reason if isinstance(table, CellError) else "",
    )


def age_in_days(as_of: str, today: dt.date) -> int | None:
    """Return the days since a date written as 2026, 2026-05 or 2026-05-28; None where it is none."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", as_of)
    if not match:
        return None
    try:
        then = dt.date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None
    return (today - then).days
