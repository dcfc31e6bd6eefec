"""The rows of a book as typed data: holdings, positions, events, venues, lots, wallets, cash flows, fills.

The fields of a row are the columns of its table (:func:`rebalance_xl.book.schema.snake_case` names them), so a new
column is a line in the schema and a field here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, make_dataclass
from typing import Any, TypeVar

from rebalance_xl.book.reading import Record
from rebalance_xl.book.schema import Table
from rebalance_xl.book.tolerances import SLACK

Kind = TypeVar("Kind", bound=type)


def quickly_made(kind: Kind) -> Kind:
    """Let a frozen class be made in a tenth of the time: a walk over years makes its rows anew for every plan.

    A frozen class sets each field through a function. Here mypy keeps it from being changed, not the interpreter.
    """
    plain = make_dataclass(kind.__name__, [(each.name, each.type, each) for each in fields(kind)])
    kind.__init__ = plain.__init__  # type: ignore[misc]
    del kind.__setattr__, kind.__delattr__
    return kind


@quickly_made
@dataclass(frozen=True, slots=True)
class Holding:
    """A row of Portfolio; money in the book's currency, weights as fractions, None where a cell is blank.

    `locked` says that nothing of it is ever sold, `locked_units` how many units are not. `banded` says that a Band is
    typed for the asset, `main` that the row holds the asset's Target.
    """

    asset: str
    sector: str
    stable: bool
    venue: str
    quantity: float | None
    price: float | None
    value: float
    cost_basis: float | None
    target: float | None
    band: float
    priority: float | None
    locked: bool
    lot: float | None
    min_notional: float | None
    row: int
    where: str
    locked_units: float = 0.0
    banded: bool = True
    main: bool = True
    source: str = ""
    updated: float | None = None

    @property
    def kind(self) -> str:
        """The word in the column Kind."""
        return "stable" if self.stable else "spot"

    @property
    def unit_price(self) -> float | None:
        """Price at which it is bought in units; None where it keeps its Value alone and is bought in money, as sold."""
        return None if self.quantity is None and self.value else self.price

    @property
    def free_share(self) -> float:
        """Share of the row that may be sold: 0 where it is locked, less where some units are."""
        if self.locked:
            return 0.0
        if not self.locked_units:
            return 1.0
        held = self.quantity if self.quantity is not None else 0.0
        # A sale of all that is free leaves a last digit above the locked units: nothing that could be sold.
        return 1.0 - self.locked_units / held if held * (1.0 - SLACK) > self.locked_units else 0.0

    @property
    def free_value(self) -> float:
        """Money of the row that may be sold."""
        if not self.locked and not self.locked_units:
            return self.value
        return self.value * self.free_share


@quickly_made
@dataclass(frozen=True, slots=True)
class Position:
    """A row of Futures, open (quantity above 0) or only wanted; margin in its margin coin.

    `money` is the worth of one margin coin in the book's currency: 1 for linear and the mark for inverse contracts in a
    book in USD.
    """

    symbol: str
    asset: str
    venue: str
    side: str
    contract: str
    margin_mode: str
    quantity: float
    entry: float | None
    mark: float
    leverage: float
    margin: float
    funding_rate: float
    funding_hours: float
    expiry: float | None
    target: float | None
    hedge_ratio: float | None
    priority: float | None
    lot: float | None
    min_notional: float | None
    row: int
    where: str
    margin_coin: str = "USDT"
    account: str = ""
    spread: str = ""
    band: float | None = None
    contract_size: float = 1.0
    money: float = 1.0
    venue_liquidation: float | None = None
    source: str = ""
    updated: float | None = None

    @property
    def inverse(self) -> bool:
        """Whether quantity is in USD and money in coin."""
        return self.contract == "inverse"

    @property
    def unit_value(self) -> float:
        """Money of one unit of the quantity: the mark for linear, 1 for inverse (USD), in a book in USD."""
        return self.money / self.mark if self.inverse else self.mark * self.money

    @property
    def notional(self) -> float:
        """Size at the mark, in money."""
        return self.quantity * self.unit_value

    @property
    def account_name(self) -> str:
        """The account that holds it: its own, else its venue."""
        return self.account or self.venue

    def expired(self, day: float | None) -> bool:
        """Tell whether the delivery date lies before a day; a perpetual never expires."""
        return self.expiry is not None and day is not None and math.floor(self.expiry) < math.floor(day)


@quickly_made
@dataclass(frozen=True, slots=True)
class Event:
    """A row of Events; dates as serial numbers, `end` is the last day."""

    scope: str
    action: str
    start: float
    end: float | None
    level: float | None
    note: str
    where: str


@quickly_made
@dataclass(frozen=True, slots=True)
class Venue:
    """A row of Venues."""

    venue: str
    kyc: str = "yes"
    withdrawals: bool = True
    products: str = "both"
    spot_fee: float = 0.0
    futures_fee: float = 0.0
    withdrawal_fee: float = 0.0
    max_leverage: float | None = None
    lot: float | None = None
    min_notional: float = 0.0
    credit: float = 0.0
    account_mode: str = "single"
    trigger: float = 1.0

    @property
    def name(self) -> str:
        """The venue's name."""
        return self.venue

    def forbids(self, product: str) -> str:
        """Return what forbids a product (spot, futures) here: "product", "KYC", or "" when nothing does."""
        if self.products not in ("both", product):
            return "product"
        if self.kyc not in ("yes", product):
            return "KYC"
        return ""


@quickly_made
@dataclass(frozen=True, slots=True)
class Lot:
    """A row of Lots."""

    asset: str
    date: float | None
    quantity: float
    price: float
    row: int


@quickly_made
@dataclass(frozen=True, slots=True)
class Wallet:
    """A row of Wallets: a coin of a derivatives account.

    `price` is None where the row leaves it blank (the price of the coin in Portfolio holds then), `ratio` a fraction or
    the name whose CollateralTiers hold, None where blank. `equity` and `maintenance` are the venue's own figures.
    """

    account: str
    venue: str
    coin: str
    balance: float
    price: float | None
    ratio: float | str | None
    loan: float
    loan_rate: float
    equity: float | None
    maintenance: float | None
    row: int
    where: str
    source: str = ""
    loan_limit: float | None = None
    updated: float | None = None

    @property
    def account_name(self) -> str:
        """The account: its own name, else its venue's."""
        return self.account or self.venue


@quickly_made
@dataclass(frozen=True, slots=True)
class CollateralTier:
    """A row of CollateralTiers; `end` is None where the tier has no end."""

    venue: str
    coin: str
    start: float
    end: float | None
    ratio: float
    unit: str
    as_of: float | None
    source: str
    row: int
    where: str


@quickly_made
@dataclass(frozen=True, slots=True)
class CashFlow:
    """A row of CashFlows; `amount` in the book's currency, into the book positive."""

    date: float
    kind: str
    asset: str
    amount: float
    venue: str
    note: str
    row: int
    where: str
    id: str = ""


@quickly_made
@dataclass(frozen=True, slots=True)
class RecordedFill:
    """A row of Fills: a line that was executed and recorded."""

    date: float
    asset: str
    action: str
    quantity: float | None
    price: float | None
    amount: float
    fee: float
    venue: str
    to_venue: str
    realised_gain: float | None
    row: int
    where: str
    fee_coin: str = ""
    id: str = ""


def fields_of(record: Record, table: Table) -> dict[str, Any]:
    """Return a record's values by the names of the fields that its table declares.

    Parameters
    ----------
    record
        A row with typed values.
    table
        Its table of the schema.

    Returns
    -------
    dict
        One entry a column of the schema.
    """
    return {column.field: record[column.name] for column in table.columns}
