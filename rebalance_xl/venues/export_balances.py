"""Tables of balances that people keep or copy: a column of coins, one of quantities, and what helps to read them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from rebalance_xl.table_files import TableFileError, TextRow
from rebalance_xl.venues.export_text import Export
from rebalance_xl.venues.figures import Figures, bare, is_nothing
from rebalance_xl.venues.movements import Movement, Statement, fold

#: What a column of one's own may be, and what people call it.
MAPPED: Final = ("coin", "quantity", "venue", "price", "value")
_TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    "coin": ("coin", "asset", "currency", "symbol", "ticker", "token", "crypto", "währung", "münze", "coins", "kürzel"),
    "quantity": ("quantity", "amount", "balance", "qty", "units", "holdings", "menge", "anzahl", "bestand", "total",
                 "total balance", "stück", "guthaben", "free"),
    "venue": ("venue", "exchange", "börse", "wallet", "account", "platform", "konto", "plattform", "location"),
    "price": ("price", "kurs", "preis", "rate"),
    "value": ("value", "wert", "worth", "market value", "kurswert"),
}  # fmt: skip
_SUMS: Final = frozenset(["total", "totals", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt"])


def guess_columns(export: Export, mapping: Mapping[str, str]) -> dict[str, int]:
    """Return the places of coin and quantity, and of venue, price and value where the table has them.

    Parameters
    ----------
    export
        The table.
    mapping
        Titles that the user named.

    Raises
    ------
    TableFileError
        A named title does not exist, none or two columns fit: what was found and what is needed.
    """
    titles = [_plain(title) for title in export.headers]
    found: dict[str, int] = {}
    for key, title in mapping.items():
        places = [place for place, each in enumerate(export.headers) if fold(each) == fold(title)]
        if len(places) != 1:
            raise TableFileError(f'{export.path.name}: has {len(places)} columns "{title}"; it has {_listed(export)}')
        found[key] = places[0]
    for key, words in _TITLES.items():
        if key in found:
            continue
        places = [place for place, title in enumerate(titles) if title in words and place not in found.values()]
        if len(places) == 1:
            found[key] = places[0]
        elif len(places) > 1 and key in ("coin", "quantity"):
            fit = " and ".join(export.headers[place] for place in places)
            example = export.headers[places[0]]
            raise TableFileError(f'{export.path.name}: {fit} may be the {key}: say --map "{key}={example}"')
    for key in ("coin", "quantity"):
        if key not in found:
            raise TableFileError(
                f"{export.path.name}: is none of the known exports and has no column for the {key}; it has "
                f'{_listed(export)}: say --map "{key}=TITLE"'
            )
    return found


def balances(export: Export, columns: Mapping[str, int], order: str = "") -> Statement:
    """Return the balances of a table; sums below it are left out and named.

    Raises
    ------
    TableFileError
        A coin or a quantity cannot be read for sure, with the line.
    """
    found = Statement("table of balances", "balances", by_wallet="venue" in columns)
    rows = []
    for row in export.rows:
        coin = row.cells[columns["coin"]]
        if coin.startswith("\x01"):
            raise export.refuse(row.line, f"{coin[1:]} stands for a coin: a spreadsheet has changed its name")
        if not coin or coin.casefold().rstrip(":") in _SUMS:
            found.notes.append(f"line {row.line}: {coin or 'a row without a coin'} is no coin: left out")
        else:
            rows.append(row)
    if not rows:
        raise TableFileError(f"{export.path.name}: has no rows with a coin")
    figures = _figures(export, rows, columns)
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        coin = row.cells[columns["coin"]]
        if not any(each.isalpha() for each in coin) or len(coin) > 60:
            raise export.refuse(row.line, f'"{coin[:40]}" is no coin')
        text = row.cells[columns["quantity"]]
        quantity = figures.read(row.line, text)
        if quantity is None:
            raise export.refuse(row.line, f"the quantity of {coin} is blank")
        if quantity < 0:
            raise export.refuse(row.line, f"the quantity of {coin} is {quantity:f}: a balance is 0 or more")
        wallet = row.cells[columns["venue"]] if "venue" in columns else ""
        totals[wallet, coin] += quantity
        found.movements.append(Movement(row.line, coin, quantity, "STATE", wallet))
    found.states = dict(totals)
    return found


def _figures(export: Export, rows: list[TextRow], columns: Mapping[str, int]) -> Figures:
    """Return the reader of the quantities: by what the file shows, else by quantity x price = value."""
    places = [columns[key] for key in ("quantity", "price", "value") if key in columns]
    cells = [(row.line, row.cells[place]) for row in rows for place in places]
    own = [(row.line, row.cells[columns["quantity"]]) for row in rows]
    try:
        figures = Figures(export.path, cells)
        for line, text in own:
            figures.read(line, text)
        return figures
    except TableFileError as unclear:
        fitting = [mark for mark in (".", ",") if _fits(export, rows, columns, mark)]
        if len(fitting) == 1:
            return Figures(export.path, own, fitting[0])
        if all(not re.search(r"[.,]", bare(text)) or is_nothing(text) for _, text in own):
            return Figures(export.path, own)
        raise unclear


def _fits(export: Export, rows: list[TextRow], columns: Mapping[str, int], mark: str) -> bool:
    """Tell whether quantity x price = value within 1 % in every row when the quantities are read with a mark."""
    if not {"price", "value"} <= set(columns):
        return False
    try:
        own = Figures(export.path, [(row.line, row.cells[columns["quantity"]]) for row in rows], mark)
        rest = [(row.line, row.cells[columns[key]]) for row in rows for key in ("price", "value")]
        others = Figures(export.path, rest)
        checked = 0
        for row in rows:
            quantity = own.read(row.line, row.cells[columns["quantity"]])
            price, value = (others.read(row.line, row.cells[columns[key]]) for key in ("price", "value"))
            if quantity is None or price is None or not value:
                continue
            checked += 1
            if abs(quantity * price / value - 1) > Decimal("0.01"):
                return False
        return checked > 0
    except TableFileError:
        return False


def _plain(title: str) -> str:
    """Return a title without currency and brackets: "Kurs (€)" and "Value CHF" are kurs and value."""
    text = re.sub(r"\([^)]*\)|[€$£]", " ", fold(title))
    return re.sub(r"\b(usdt|usd|eur|chf|gbp)\b$", " ", " ".join(text.split())).strip()


def _listed(export: Export) -> str:
    return ", ".join(title for title in export.headers if title)
