"""Figures of futures positions: equity, liquidation price and distance, funding, break-even."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rebalance_xl.book.accounts import account_key, cross_price
from rebalance_xl.book.estimates import position_estimate
from rebalance_xl.book.free_margin import idle_value
from rebalance_xl.book.interface import TableData
from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.plan_data import FuturesTerms, PositionFigures
from rebalance_xl.book.states import Standing, Worth
from rebalance_xl.cells import MISSING
from rebalance_xl.functions import contracts
from rebalance_xl.functions.liquidation_equation import (
    cross_liquidation_of,
    is_already_liquidatable,
    isolated_liquidation_of,
)
from rebalance_xl.functions.margin import liquidation_distance
from rebalance_xl.functions.tier_tables import TierTables, read_margin_tiers
from rebalance_xl.functions.tiers import (
    TierTable,
    is_beyond,
    position_max_leverage,
    position_requirement,
    tier_size,
)
from rebalance_xl.functions.venues import GENERIC, VENUE_WORDS, isolated_fee

HOURS_A_DAY, DAYS_A_YEAR = 24.0, 365.0
#: Liquidation prices of isolated positions that are kept.
_PRICES = 4096


def sign(position: Position) -> float:
    """Return +1 for a long, -1 for a short."""
    return 1.0 if position.side == "long" else -1.0


def contract_number(position: Position) -> float:
    """Return the number of the contract type inside the kernels."""
    return contracts.INVERSE if position.inverse else contracts.LINEAR


def pnl_of(position: Position) -> float:
    """Return the unrealised profit in money."""
    if not position.quantity or position.entry is None:
        return 0.0
    profit = contracts.futures_pnl(
        sign(position), position.quantity, position.entry, position.mark, contract_number(position)
    )
    return float(profit) * position.money + 0.0


def margin_of(position: Position) -> float:
    """Return the margin in money."""
    return position.margin * position.money


def equity_of(position: Position) -> float:
    """Return what a position is worth to the book: margin plus unrealised profit, at least 0 where it is isolated."""
    equity = margin_of(position) + pnl_of(position)
    return max(0.0, equity) if position.margin_mode == "isolated" and position.quantity else equity


def funding_per_day(position: Position, notional: float) -> float:
    """Return the cost (+) or income (-) of a notional a day, 0 for a contract that expires."""
    if position.expiry is not None:
        return 0.0
    return sign(position) * notional * position.funding_rate * HOURS_A_DAY / position.funding_hours


@dataclass(frozen=True, slots=True)
class Tiers:
    """The margin tiers of a book's positions: the workbook's own table before the shipped ones.

    `isolated` are liquidation prices found with them: one does not depend on the mark, and is asked for day after day.
    """

    tables: TierTables
    isolated: dict[tuple[object, ...], float] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, book: Book) -> Tiers:
        """Read the workbook's MarginTiers table, once for all books that share it."""
        global _LAST
        if _LAST is None or _LAST[0] is not book.tiers:
            data = book.tiers
            rows = MISSING if data is None or not data.rows else [list(data.headers), *map(list, data.rows)]
            _LAST = data, cls(read_margin_tiers(rows))
        return _LAST[1]

    def table(self, position: Position) -> TierTable | None:
        """Return a position's tiers, None where nobody knows them."""
        found = self.tables.lookup(f"{position.venue}:{position.symbol}")
        return found if isinstance(found, TierTable) else None

    def problem(self, position: Position) -> str:
        """Return why a position has no tiers, "" where it has."""
        found = self.tables.lookup(f"{position.venue}:{position.symbol}")
        if not isinstance(found, TierTable):
            return found.reason
        if found.contract not in ("", position.contract):
            return f"the tiers of {found.label} are of {found.contract} contracts, and its row says {position.contract}"
        return ""

    def is_beyond(self, position: Position, notional: float) -> bool:
        """Tell whether a notional (in money) lies beyond the last tier, where the venue takes no position."""
        table = self.table(position)
        if table is None:
            return False
        quantity = notional / position.unit_value
        value = float(contracts.position_value(quantity, position.mark, contract_number(position)))
        return bool(is_beyond(table, tier_size(table, quantity, value)))

    def max_leverage(self, position: Position, notional: float) -> float | None:
        """Return the highest leverage at a notional (in money), None where not known."""
        table = self.table(position)
        if table is None:
            return None
        quantity = notional / position.unit_value
        value = float(contracts.position_value(quantity, position.mark, contract_number(position)))
        most = float(position_max_leverage(table, quantity, value))
        return most if math.isfinite(most) else None


#: The tiers read last: a walk over many days asks for the same ones again.
_LAST: tuple[TableData | None, Tiers] | None = None


def liquidation_price(
    book: Book, tiers: Tiers, position: Position, quantity: float, entry: float, margin: float
) -> float | None:
    """Return the liquidation price of a size, entry and margin (in money); infinity for never, None if unknown."""
    table = tiers.table(position)
    if table is None or quantity <= 0:
        return None
    s, kind, money = sign(position), contract_number(position), position.money
    venue = VENUE_WORDS.get(position.venue.strip().casefold(), GENERIC)
    fee = book.venue(position.venue).futures_fee
    if position.margin_mode == "isolated" and margin > 0:
        value = float(contracts.position_value(quantity, entry, kind))
        extra = margin / money - value / position.leverage
        leverage = position.leverage if extra >= 0 else value * money / margin
        added = max(0.0, extra)
        key = (position.venue, position.symbol, s, quantity, entry, leverage, kind, added, fee)
        known = tiers.isolated.get(key)
        if known is None:
            if len(tiers.isolated) >= _PRICES:
                tiers.isolated.clear()
            known = float(isolated_liquidation_of(table, s, quantity, entry, leverage, kind, venue, added, fee))
            tiers.isolated[key] = known
        price = known
        if price == price:
            return price
    if position.margin_mode == "cross":
        return cross_price(book, tiers.tables, position, quantity, entry, margin / money)
    price = float(cross_liquidation_of(table, s, quantity, entry, margin / money, 0.0, 0.0, kind, venue, fee))
    return None if price != price else price


def is_gone(book: Book, tiers: Tiers, position: Position, margin: float, profit: float) -> bool:
    """Tell whether the mark has passed the liquidation price of an isolated position: nothing is left of it.

    Without tiers it is gone when its loss has eaten its margin.
    """
    if position.margin_mode != "isolated" or position.quantity <= 0:
        return False
    if margin + profit <= 0:
        return True
    entry = position.mark if position.entry is None else position.entry
    price = liquidation_price(book, tiers, position, position.quantity, entry, margin)
    return price is not None and bool(is_already_liquidatable(sign(position), price, position.mark))


def requirement_of(book: Book, tiers: Tiers, position: Position, quantity: float) -> float | None:
    """Return the maintenance margin (and the fee that the venue counts) of a size at the mark, None without tiers."""
    table = tiers.table(position)
    if table is None:
        return None
    value = float(contracts.position_value(quantity, position.mark, contract_number(position)))
    venue = VENUE_WORDS.get(position.venue.strip().casefold(), GENERIC)
    fee = float(isolated_fee(venue, book.venue(position.venue).futures_fee))
    return (float(position_requirement(table, quantity, value)) + fee * value) * position.money


def worth_of(book: Book, tiers: Tiers | None = None) -> Worth:
    """Return what a book is worth: spot, stablecoins, the equity of its positions, and wallets beside their margins.

    Parameters
    ----------
    book
        The book.
    tiers
        Its margin tiers; read where they are needed and not given.

    Notes
    -----
    An isolated position is worth 0 at least, and 0 once the mark has passed its liquidation price.
    """
    standings = []
    for position in book.positions:
        margin, profit = margin_of(position), pnl_of(position)
        equity = margin + profit
        gone = False
        if position.quantity > 0 and position.margin_mode == "isolated":
            tiers = tiers or Tiers.of(book)
            gone = is_gone(book, tiers, position, margin, profit)
            equity = 0.0 if gone else max(0.0, equity)
        standings.append(Standing(margin, profit, equity, gone))
    spot = math.fsum([holding.value for holding in book.holdings])
    idle = idle_value(book) if book.wallets else 0.0
    return Worth(spot + math.fsum([each.equity for each in standings]) + idle, standings)


def net_side(book: Book, position: Position, quantity: float) -> float:
    """Return which way the price must go to liquidate a position of a size: +1 where a fall does, -1 where a rise does.

    In a cross account the legs of one symbol stand together, so that the larger one decides for both.
    """
    own = sign(position)
    if position.margin_mode != "cross":
        return own
    key = account_key(position.venue, position.account)
    others = [
        sign(each) * each.quantity
        for each in book.positions
        if each.row != position.row
        and each.margin_mode == "cross"
        and each.symbol.casefold() == position.symbol.casefold()
        and account_key(each.venue, each.account) == key
    ]
    net = own * quantity + math.fsum(others)
    return own if net == 0.0 else math.copysign(1.0, net)


def distance(price: float | None, position: Position, side: float | None = None) -> float | None:
    """Return the share of the mark up to a liquidation price; 0 where it is reached already.

    `side` is +1 where a fall liquidates and -1 where a rise does (:func:`net_side`), the position's own by default.
    """
    if price is None:
        return None
    if is_already_liquidatable(sign(position) if side is None else side, price, position.mark):
        return 0.0
    return float(liquidation_distance(price, position.mark))


def figures_of(book: Book, tiers: Tiers, position: Position, total: float) -> PositionFigures:
    """Return the figures of an open position as it stands."""
    entry = position.mark if position.entry is None else position.entry
    margin, pnl = margin_of(position), pnl_of(position)
    price = liquidation_price(book, tiers, position, position.quantity, entry, margin)
    gap = distance(price, position, net_side(book, position, position.quantity))
    equity = margin + pnl
    if position.margin_mode == "isolated":
        equity = 0.0 if gap == 0.0 else max(0.0, equity)
    daily = funding_per_day(position, position.notional)
    return PositionFigures(
        symbol=position.symbol,
        asset=position.asset,
        venue=position.venue,
        side=position.side,
        notional=position.notional,
        margin=margin,
        pnl=pnl,
        equity=equity,
        weight=equity / total if total else 0.0,
        leverage=position.leverage,
        liquidation_price=price,
        liquidation_distance=gap,
        funding_per_day=daily,
        funding_per_year=funding_per_day(position, 1.0) * DAYS_A_YEAR,
        return_on_margin=pnl / margin if margin else None,
        max_leverage=tiers.max_leverage(position, position.notional),
        estimate=position_estimate(book, tiers.tables, position),
    )


def terms_of(
    book: Book, tiers: Tiers, position: Position, quantity: float, margin: float, opening: bool = True
) -> FuturesTerms:
    """Return what a line means: the position after it, its break-even and its funding.

    Parameters
    ----------
    book, tiers, position
        The row of Futures.
    quantity, margin
        Units added (or closed) and margin added (or released), in money.
    opening
        Whether the line adds.
    """
    kind = contract_number(position)
    entry = position.mark if position.entry is None else position.entry
    if opening:
        fills = ([position.quantity, quantity], [entry, position.mark])
        after, margin_after = position.quantity + quantity, margin_of(position) + margin
        entry_after = contracts.average_entry(*fills, kind)
    else:
        after, margin_after = position.quantity - quantity, margin_of(position) - margin
        entry_after = entry
    price = liquidation_price(book, tiers, position, after, entry_after, margin_after)
    notional = quantity * position.unit_value
    fee = book.venue(position.venue).futures_fee
    return FuturesTerms(
        notional=notional,
        leverage=position.leverage,
        liquidation_price=price,
        liquidation_distance=distance(price, position, net_side(book, position, after)),
        break_even=break_even(position, fee, book.settings.holding_days) if opening else None,
        funding_per_day=funding_per_day(position, notional),
        estimate=position_estimate(book, tiers.tables, position),
    )


def break_even(position: Position, fee: float, days: float) -> float:
    """Return the price at which both fees and the funding of the holding period are earned.

    The fees are exact; funding is charged on the notional at the mark: ``(E (1 + s fo) + s funding) / (1 - s fc)``.
    """
    s, mark = sign(position), position.mark
    exact = float(contracts.breakeven_price(s, mark, fee, fee, contract_number(position)))
    funding = funding_per_day(position, 1.0) * days
    if position.inverse:
        # In coin: Q/E - Q/X per USD earned must also pay the funding, Q/E times its share.
        return 1.0 / (1.0 / exact - s * funding / mark / (1.0 + s * fee))
    return exact + s * funding * mark / (1.0 - s * fee)
