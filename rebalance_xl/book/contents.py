"""What a book consists of: its rows, its settings, the day it is for and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from rebalance_xl.book.interface import TableData
from rebalance_xl.book.problems import Problem
from rebalance_xl.book.rows import (
    CashFlow,
    CollateralTier,
    Event,
    Holding,
    Lot,
    Position,
    RecordedFill,
    Venue,
    Wallet,
    quickly_made,
)


@quickly_made
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
    fund_from: str = "overweight"
    margin_top_up: float | None = None
    quote: str = "USD"


@quickly_made
@dataclass(frozen=True, slots=True)
class Book:
    """Everything a plan is made from.

    Parameters
    ----------
    as_of
        The day the plan is made for, as a serial number; None where no clock was given.
    last_execution
        Day of the last EXECUTION row of the Journal.
    prices, dated
        Closing prices by asset, oldest first, and the same by day.
    tiers
        The MarginTiers table as it stands, for the margin functions.
    total
        The workbook's own defined name Total, where it has one.
    problems
        What is wrong, errors first.
    wallets, collateral_tiers
        The wallets of derivatives accounts and how their coins count as collateral.
    cash_flows, fills
        What came and went without a trade, and what was recorded.
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
    wallets: tuple[Wallet, ...] = ()
    collateral_tiers: tuple[CollateralTier, ...] = ()
    cash_flows: tuple[CashFlow, ...] = ()
    fills: tuple[RecordedFill, ...] = ()
    dated: dict[str, dict[float, float]] = field(default_factory=dict)

    def venue(self, name: str) -> Venue:
        """Return a venue's terms; one that the Venues table does not list is free and allows everything."""
        found = self.venues.get(name.casefold())
        return _unlisted(name) if found is None else found


@lru_cache(maxsize=256)
def _unlisted(name: str) -> Venue:
    """Return the terms of a venue that the Venues table does not list: free, and everything is allowed."""
    return Venue(name)
