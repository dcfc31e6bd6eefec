"""The book: holdings, positions, events, venues, lots, prices and settings, read once from a workbook.

A book is plain data. Reading it never raises for what a cell holds: every finding is a
:class:`~rebalance_xl.book.problems.Problem` with the cell's address, and :func:`require_sound` turns those
that forbid a plan into one :class:`~rebalance_xl.book.problems.BookError`.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field, replace
from typing import Any

from rebalance_xl.book import schema
from rebalance_xl.book.interface import TableData, WorkbookPort
from rebalance_xl.book.problems import BookError, Problem, by_severity, errors_of
from rebalance_xl.book.reading import Record, check_table_names, is_blank, read_records, read_settings
from rebalance_xl.cells import to_serial


@dataclass(frozen=True, slots=True)
class Holding:
    """A row of Portfolio; money in the quote currency, weights as fractions, None where a cell is blank."""

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

    @property
    def kind(self) -> str:
        """The word in the column Kind."""
        return "stable" if self.stable else "spot"


@dataclass(frozen=True, slots=True)
class Position:
    """A row of Futures, open (quantity above 0) or only wanted; margin in coin for inverse contracts."""

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

    @property
    def inverse(self) -> bool:
        """Whether quantity is in USD and money in coin."""
        return self.contract == "inverse"

    @property
    def notional(self) -> float:
        """Size at the mark, in money."""
        return self.quantity if self.inverse else self.quantity * self.mark

    @property
    def unit_value(self) -> float:
        """Money of one unit of the quantity: the mark for linear, 1 for inverse (USD)."""
        return 1.0 if self.inverse else self.mark

    @property
    def money(self) -> float:
        """Money of one unit in which the margin is kept: 1 for linear, the mark for inverse (coin)."""
        return self.mark if self.inverse else 1.0

    def expired(self, day: float | None) -> bool:
        """Tell whether the delivery date lies before a day; a perpetual never expires."""
        return self.expiry is not None and day is not None and math.floor(self.expiry) < math.floor(day)


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


@dataclass(frozen=True, slots=True)
class Venue:
    """A row of Venues."""

    name: str
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

    def refusal(self, product: str) -> str:
        """Return why the user cannot trade a product (spot, futures) here, "" when nothing forbids it."""
        if self.products not in ("both", product):
            return f"{self.name} does not trade {product}"
        if self.kyc not in ("yes", product):
            return f"{self.name} has not verified you (KYC) for {product}"
        return ""


@dataclass(frozen=True, slots=True)
class Lot:
    """A row of Lots."""

    asset: str
    date: float | None
    quantity: float
    price: float
    row: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The named settings; see :data:`rebalance_xl.book.schema.SETTINGS` for what each means."""

    review_frequency: str | float | None = None
    last_review: float | None = None
    as_of: float | None = None
    band_kind: str = "absolute"
    trim_to: float = 0.0
    buy_scope: str = "underweight"
    deploy_method: str = "priority"
    futures_share: float | None = None
    reserve_min: float | None = None
    reserve_max: float | None = None
    min_trade: float = 0.0
    cooldown: float = 0.0
    lot_method: str = "FIFO"
    turnover_cap: float | None = None
    review_drift: float = 0.05
    holding_days: float = 30.0
    liquidation_warning: float = 0.15
    funding_warning: float = 0.20
    event_funding: str = "reserve"
    breakout_lookback: float = 20.0
    breakout_buffer: float = 0.0


@dataclass(frozen=True, slots=True)
class Book:
    """Everything a plan is made from.

    Parameters
    ----------
    as_of
        The day the plan is made for, as a serial number; None where no clock was given.
    last_execution
        Day of the last EXECUTION row of the Journal.
    prices
        Closing prices by asset, oldest first.
    tiers
        The MarginTiers table as it stands, for the margin functions.
    total
        The workbook's own defined name Total, where it has one.
    problems
        What is wrong, errors first.
    """

    holdings: tuple[Holding, ...]
    positions: tuple[Position, ...] = ()
    events: tuple[Event, ...] = ()
    venues: dict[str, Venue] = field(default_factory=dict)
    lots: tuple[Lot, ...] = ()
    prices: dict[str, tuple[float, ...]] = field(default_factory=dict)
    tiers: TableData | None = None
    settings: Settings = field(default_factory=Settings)
    as_of: float | None = None
    last_execution: float | None = None
    total: float | None = None
    problems: tuple[Problem, ...] = ()

    def venue(self, name: str) -> Venue:
        """Return a venue's terms; one that the Venues table does not list is free and allows everything."""
        return self.venues.get(name.casefold(), Venue(name))


def read_book(port: WorkbookPort, as_of: dt.date | float | None = None, today: dt.date | None = None) -> Book:
    """Read the book of a workbook.

    Parameters
    ----------
    port
        The workbook.
    as_of
        The day to plan for; goes before the setting AsOf.
    today
        The clock, used when neither is given. Without any of them reviews, events and
        cooldown are not judged.

    Returns
    -------
    Book
        With all findings in `problems`; nothing is raised for what the cells hold.
    """
    from rebalance_xl.book.checks import check_book

    problems: list[Problem] = []
    check_table_names(port, problems)
    settings = Settings(**{_snake(name): value for name, value in read_settings(port, problems).items()})
    portfolio = read_records(port, schema.PORTFOLIO, problems)
    futures = read_records(port, schema.FUTURES, problems)
    events = read_records(port, schema.EVENTS, problems)
    venues = read_records(port, schema.VENUES, problems)
    lots = read_records(port, schema.LOTS, problems)
    journal = read_records(port, schema.JOURNAL, []) or []
    holdings = tuple(_holding(record, problems) for record in portfolio or ())
    positions = tuple(position for record in futures or () if (position := _position(record, problems)) is not None)
    executions = [entry["Date"] for entry in journal if entry["Entry"] == "EXECUTION" and entry["Date"]]
    total = port.read_name("Total")
    clock = to_serial(as_of) if isinstance(as_of, dt.date) else as_of
    if clock is None:
        clock = settings.as_of if settings.as_of is not None else (to_serial(today) if today else None)
    book = Book(
        holdings=holdings,
        positions=positions,
        events=tuple(_event(record) for record in events or () if record["Action"] and record["Start"]),
        venues={record["Venue"].casefold(): _venue(record) for record in venues or ()},
        lots=tuple(_lot(record) for record in lots or () if record["Quantity"] and record["Price"] is not None),
        prices=_read_prices(port, problems),
        tiers=port.read_table("MarginTiers"),
        settings=settings,
        as_of=clock,
        last_execution=max(executions, default=None),
        total=float(total) if isinstance(total, int | float) and not isinstance(total, bool) else None,
    )
    problems += check_book(book, portfolio, futures or [], venues or [])
    return _with_problems(book, problems)


def require_sound(book: Book) -> Book:
    """Return the book, or refuse it with every error that it has.

    Raises
    ------
    BookError
        If a finding forbids a plan.
    """
    errors = errors_of(book.problems)
    if errors:
        raise BookError(errors)
    return book


def _with_problems(book: Book, problems: list[Problem]) -> Book:
    return replace(book, problems=tuple(by_severity(problems)))


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def _holding(record: Record, problems: list[Problem]) -> Holding:
    from rebalance_xl.book.checks import value_of_holding

    return Holding(
        asset=record["Asset"] or "",
        sector=record["Sector"],
        stable=record["Kind"] == "stable",
        venue=record["Venue"],
        quantity=record["Quantity"],
        price=record["Price"],
        value=value_of_holding(record, problems),
        cost_basis=record["CostBasis"],
        target=record["Target"],
        band=record["Band"],
        priority=record["Priority"],
        locked=record["Locked"],
        lot=record["Lot"],
        min_notional=record["MinNotional"],
        row=record.row,
        where=record.where("Asset"),
    )


def _position(record: Record, problems: list[Problem]) -> Position | None:
    from rebalance_xl.book.checks import check_position

    if not check_position(record, problems):
        return None
    return Position(
        symbol=record["Symbol"],
        asset=record["Asset"],
        venue=record["Venue"],
        side=record["Side"],
        contract=record["Contract"],
        margin_mode=record["MarginMode"],
        quantity=record["Quantity"],
        entry=record["EntryPrice"],
        mark=record["MarkPrice"],
        leverage=record["Leverage"],
        margin=record["Margin"],
        funding_rate=record["FundingRate"],
        funding_hours=record["FundingHours"],
        expiry=record["Expiry"],
        target=record["Target"],
        hedge_ratio=record["HedgeRatio"],
        priority=record["Priority"],
        lot=record["Lot"],
        min_notional=record["MinNotional"],
        row=record.row,
        where=record.where("Symbol"),
    )


def _event(record: Record) -> Event:
    return Event(
        record["Scope"],
        record["Action"],
        record["Start"],
        record["End"],
        record["Level"],
        record["Note"],
        record.where("Scope"),
    )


def _venue(record: Record) -> Venue:
    return Venue(
        name=record["Venue"],
        kyc=record["KYC"],
        withdrawals=record["Withdrawals"],
        products=record["Products"],
        spot_fee=record["SpotFee"],
        futures_fee=record["FuturesFee"],
        withdrawal_fee=record["WithdrawalFee"],
        max_leverage=record["MaxLeverage"],
        lot=record["Lot"],
        min_notional=record["MinNotional"],
        credit=record["Credit"] or 0.0,
    )


def _lot(record: Record) -> Lot:
    return Lot(record["Asset"], record["Date"], record["Quantity"], record["Price"], record.row)


def _read_prices(port: WorkbookPort, problems: list[Problem]) -> dict[str, tuple[float, ...]]:
    """Read the history, one column an asset, or long with the columns Date, Asset and Price."""
    records = read_records(port, schema.PRICES, problems)
    if not records:
        return {}
    data = records[0].table
    dated = sorted(((record["Date"] or 0.0, data.rows[record.row]) for record in records), key=lambda pair: pair[0])
    asset_column, price_column = data.column("Asset"), data.column("Price")
    series: dict[str, list[Any]] = {}
    for _, cells in dated:
        if asset_column is not None and price_column is not None:
            series.setdefault(str(cells[asset_column]).casefold(), []).append(cells[price_column])
            continue
        for header, cell in zip(data.headers, cells, strict=False):
            if header.casefold() != "date":
                series.setdefault(header.casefold(), []).append(cell)
    return {
        asset: tuple(
            float(cell)
            for cell in cells
            if not is_blank(cell) and isinstance(cell, int | float) and not isinstance(cell, bool)
        )
        for asset, cells in series.items()
    }
