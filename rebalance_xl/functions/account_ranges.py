"""The `wallets` and `positions` arguments: ranges with a header row, read into rows whose names and types are right.

The same columns stand in the book's tables Wallets and Futures; both spellings are understood, in any order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.cells import MISSING, CellError, as_float, as_rows, describe, is_range
from rebalance_xl.functions.account import ReadyAccounts
from rebalance_xl.functions.contracts import SIDES
from rebalance_xl.functions.symbols import quote_of

#: Other spellings of the columns: those of the book's tables.
_ALIASES = {
    "asset": "coin",
    "qty": "quantity",
    "entryprice": "entry",
    "markprice": "mark",
    "isolatedmargin": "isolated",
    "takerfee": "fee",
}


class RangeError(ValueError):
    """A range that cannot be used; `error` is the cell's answer with the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.error = CellError(code, reason)


@dataclass(frozen=True, slots=True)
class WalletRow:
    """One row of `wallets`; `price` and `ratio` are None where blank."""

    where: str
    account: str
    coin: str
    balance: float
    price: float | None
    ratio: Any
    loan: float
    loan_rate: float


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One row of `positions`; `isolated` is None for a cross position, `margin` what is posted by the row."""

    where: str
    account: str
    venue: str
    symbol: str
    coin: str
    margin_coin: str
    side: float
    quantity: float
    entry: float
    mark: float
    tiers: Any
    inverse: bool
    isolated: float | None
    margin: float
    fee: float
    contract_size: float


class _Row:
    """One row of a range with its column names, for messages that name the cell's row, column and value."""

    def __init__(self, table: str, number: int, cells: Mapping[str, Any], label: str) -> None:
        self.table, self.number, self.cells, self.label = table, number, cells, label

    @property
    def where(self) -> str:
        return f"row {self.number}" + (f" ({self.label})" if self.label else "") + f" of {self.table}"

    def text(self, name: str) -> str:
        cell = self.cells.get(name)
        if isinstance(cell, CellError):
            raise RangeError(cell.code, f"{name} of {self.where} is {cell.code}")
        return "" if cell is None else str(cell).strip()

    def number_of(self, name: str, blank: float | None = None) -> float | None:
        cell = self.cells.get(name)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return blank
        if isinstance(cell, CellError):
            raise RangeError(cell.code, f"{name} of {self.where} is {cell.code}")
        if isinstance(cell, bool) or not isinstance(cell, float | int):
            raise RangeError("#VALUE!", f"{name} of {self.where} is {describe(cell)}; allowed is a number")
        found = as_float(cell)
        if not math.isfinite(found):
            raise RangeError("#NUM!", f"{name} of {self.where} is no finite number")
        return found

    def amount(self, name: str, blank: float = 0.0, above: bool = False) -> float:
        found = self.number_of(name, blank)
        assert found is not None
        if found < 0.0 or (above and found == 0.0):
            allowed = "a number above 0" if above else "a number not below 0"
            raise RangeError("#NUM!", f"{name} of {self.where} is {found:g}; allowed is {allowed}")
        return found

    def needed(self, name: str) -> float:
        if self.number_of(name) is None:
            raise RangeError("#N/A", f"{name} of {self.where} is blank")
        return self.amount(name, above=True)

    def word(self, name: str, words: Mapping[str, Any], blank: Any) -> Any:
        text = self.text(name).casefold()
        if not text:
            return blank
        text = text.removesuffix(".0")
        if text not in words:
            allowed = ", ".join(f'"{each}"' for each in words)
            raise RangeError("#VALUE!", f'{name} of {self.where} is "{text}"; allowed is one of {allowed}')
        return words[text]


def _rows_of(value: Any, table: str, needed: Sequence[str], label: str) -> list[_Row]:
    rows = as_rows(value)
    header = rows[0] if rows else []
    names = [re.sub(r"[\s_]", "", str(cell)).casefold() if isinstance(cell, str) else "" for cell in header]
    names = [_ALIASES.get(name, name) for name in names]
    missing = [name for name in needed if name not in names]
    if missing:
        raise RangeError(
            "#VALUE!",
            f"the first row of {table} must hold the names of the columns; {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
        )
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        raise RangeError("#VALUE!", f'{table} have the column "{twice}" twice')
    found = []
    for number, row in enumerate(rows[1:], 1):
        cells = dict(zip(names, row, strict=False))
        if any(cell is not None and cell != "" for cell in row):
            text = cells.get(label)
            found.append(_Row(table, number, cells, text.strip() if isinstance(text, str) else ""))
    return found


def read_wallets(value: Any) -> list[WalletRow] | ReadyAccounts | CellError | None:
    """Read a `wallets` range; None where it was not given, an error with its reason where it cannot be used."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, CellError | ReadyAccounts):
        return value
    if not is_range(value):
        return CellError("#VALUE!", f"wallets is {describe(value)}; allowed is a range with a header row")
    try:
        return [_wallet(row) for row in _rows_of(value, "wallets", ("coin", "balance"), "coin") if row.text("coin")]
    except RangeError as failure:
        return failure.error


def _wallet(row: _Row) -> WalletRow:
    price = row.number_of("price")
    if price is not None and price < 0.0:
        raise RangeError("#NUM!", f"price of {row.where} is {price:g}; allowed is a number not below 0")
    rate = row.amount("loanrate")
    if rate > 1.0:
        raise RangeError("#NUM!", f"loan_rate of {row.where} is {rate:g}; allowed is a number from 0 to 1")
    loan, limit = row.amount("loan"), row.number_of("loanlimit")
    if limit is not None and loan > limit:
        raise RangeError("#NUM!", f"loan of {row.where} is {loan:.10g}; its loan_limit is {limit:.10g}")
    balance = row.number_of("balance", 0.0)
    assert balance is not None
    return WalletRow(
        where=row.where,
        account=row.text("account") or row.text("venue"),
        coin=row.text("coin"),
        balance=balance,
        price=price,
        ratio=row.cells.get("ratio"),
        loan=loan,
        loan_rate=rate,
    )


def read_positions(value: Any) -> list[PositionRow] | CellError | None:
    """Read a `positions` range; rows with quantity 0 are left out. None where it was not given."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, CellError):
        return value
    if not is_range(value):
        return CellError("#VALUE!", f"positions is {describe(value)}; allowed is a range with a header row")
    needed = ("symbol", "coin", "side", "quantity", "entry", "mark")
    try:
        found = [_position(row) for row in _rows_of(value, "positions", needed, "symbol") if row.text("symbol")]
    except RangeError as failure:
        return failure.error
    return [row for row in found if row is not None]


def _position(row: _Row) -> PositionRow | None:
    quantity = row.amount("quantity")
    if not quantity:
        return None
    symbol, coin = row.text("symbol"), row.text("coin")
    if not coin:
        raise RangeError("#N/A", f"coin of {row.where} is blank")
    side = row.word("side", SIDES, None)
    if side is None:
        raise RangeError("#N/A", f"side of {row.where} is blank")
    inverse = row.word("contract", {"linear": False, "inverse": True}, False)
    margin_coin = row.text("margincoin") or (coin if inverse else quote_of(symbol))
    if inverse and margin_coin.casefold() != coin.casefold():
        reason = (
            f'margin_coin of {row.where} is "{margin_coin}"; an inverse contract is margined in its own coin {coin}'
        )
        raise RangeError("#VALUE!", reason)
    margin = row.number_of("margin", 0.0)
    isolated = row.number_of("isolated")
    if "isolated" not in row.cells and "marginmode" in row.cells:
        isolated = None if row.word("marginmode", {"isolated": False, "cross": True}, False) else margin
    fee = row.amount("fee")
    if fee >= 0.5:
        raise RangeError("#NUM!", f"fee of {row.where} is {fee:g}; allowed is a number from 0 to below 0.5")
    return PositionRow(
        where=row.where,
        account=row.text("account") or row.text("venue"),
        venue=row.text("venue"),
        symbol=symbol,
        coin=coin,
        margin_coin=margin_coin,
        side=side,
        quantity=quantity,
        entry=row.needed("entry"),
        mark=row.needed("mark"),
        tiers=row.cells.get("tiers"),
        inverse=inverse,
        isolated=isolated,
        margin=margin or 0.0,
        fee=fee,
        contract_size=row.amount("contractsize", 1.0, above=True),
    )


#: A blank cell of a word column means its default; the model is the workbook's own tables.
WALLETS = Parameter("wallets", kind="raw", unit="table", default=MISSING, model="Wallets[#All]", convert=read_wallets)
POSITIONS = Parameter(
    "positions", kind="raw", unit="table", default=MISSING, model="Futures[#All]", convert=read_positions
)


def read_spot(value: Any) -> list[tuple[str, float, float | None]] | CellError | None:
    """Read a `spot` range as coin, quantity and price (None where blank); a value stands for a quantity of 1.

    Errors: as for `wallets`.
    """
    if value is MISSING or value is None:
        return None
    if isinstance(value, CellError):
        return value
    if not is_range(value):
        return CellError("#VALUE!", f"spot is {describe(value)}; allowed is a range with a header row")
    found: list[tuple[str, float, float | None]] = []
    try:
        for row in _rows_of(value, "spot", ("coin",), "coin"):
            coin, quantity, worth = row.text("coin"), row.number_of("quantity"), row.number_of("value")
            price = row.number_of("price")
            if price is not None and price < 0.0:
                raise RangeError("#NUM!", f"price of {row.where} is {price:g}; allowed is a number not below 0")
            if not coin or (quantity is None and worth is None):
                continue
            if quantity is not None and (price is not None or worth is None):
                found.append((coin, quantity, price))
            else:
                found.append((coin, 1.0, worth))
    except RangeError as failure:
        return failure.error
    return found
