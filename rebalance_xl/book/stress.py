"""Shocks to a whole book: its value, the ratio of every account, what is liquidated, and what its plan would do then.

Everything is in the book's currency. The value is the plan's: spot, stablecoins and the equity of the positions. A
pool that falls on the way to the shock is dead; "if lost" counts what was in it as gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rebalance_xl.book.accounts import BookAccount, account_key, book_accounts, price_of
from rebalance_xl.book.free_margin import idle_coins
from rebalance_xl.book.futures import Tiers, worth_of
from rebalance_xl.book.model import Book, Position, require_sound
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.sentences import trigger_reasons
from rebalance_xl.book.states import Worth
from rebalance_xl.book.top_up import TopUps
from rebalance_xl.book.triggers import judge
from rebalance_xl.book.walk import changed
from rebalance_xl.functions.account import Pool
from rebalance_xl.functions.stress import Outcome, PoolState, Shock, stress_all

#: Moves of the whole market that are shown where no others are asked for.
MOVES = (-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class AccountRatio:
    """One pool after a shock: requirement over equity (infinite where none is left), and whether it is dead."""

    account: str
    pool: str
    equity: float
    requirement: float
    ratio: float
    is_dead: bool


@dataclass(frozen=True, slots=True)
class StressRow:
    """What one shock does to a book.

    Parameters
    ----------
    name
        The shock in words.
    value, value_if_lost
        Of the book: as marked, and with what is liquidated counted as gone.
    equity
        That counts against liquidation, of all wallets and positions.
    accounts
        Every pool of its accounts in which there is something to lose.
    liquidated
        What falls, in its order: a margin coin, "account", or the symbol of an isolated position; with the account's
        name where there are several.
    reserve
        Money that would have to be in the accounts today to save everything.
    trigger, reasons
        What the plan of the shocked book would act on; `trigger` is "" where none can be made, `reasons` say why.
    """

    name: str
    value: float
    value_if_lost: float
    equity: float
    accounts: tuple[AccountRatio, ...]
    liquidated: tuple[str, ...]
    reserve: float
    trigger: str
    reasons: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """The highest ratio of all pools."""
        return max((each.ratio for each in self.accounts), default=0.0)


def market_shocks(moves: Sequence[float] = MOVES) -> list[Shock]:
    """Return a shock of the whole market for each move."""
    return [Shock(everything=move, name=f"{move:+.0%}" if move else "as it is") for move in moves]


def read_shock(text: str) -> Shock:
    """Return the shock that a text such as "BTC=-20%, ETH=-0.3, USDT=-3%" names.

    ALL moves every coin that is not named (stablecoins stay), a contract's symbol its basis, FX the book's currency
    against everything, FUNDING is what longs pay of their notional.

    Raises
    ------
    ValueError
        If it is not of that form, or a price would fall below 0.
    """
    moves: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, amount = (each.strip() for each in part.partition("="))
        try:
            if not equals or not name:
                raise ValueError
            move = float(amount.removesuffix("%").strip()) / (100.0 if amount.endswith("%") else 1.0)
        except ValueError:
            raise ValueError(f'"{part}" is no shock; write COIN=-20% or COIN=-0.2') from None
        if not math.isfinite(move) or (move < -1.0 and name.casefold() != "funding"):
            raise ValueError(f'"{part}" lets a price fall by more than all; allowed is a move from -100 %')
        if name.casefold() in moves:
            raise ValueError(f'"{text}" names {name} twice')
        moves[name.casefold()] = move
    if not moves:
        raise ValueError(f'"{text}" names no coin')
    everything, currency = moves.pop("all", 0.0), moves.pop("fx", 0.0)
    return Shock(moves, {}, everything, currency, moves.pop("funding", 0.0), text.strip())


def stress_book(book: Book, shocks: Sequence[Shock] | None = None, judged: bool = True) -> list[StressRow]:
    """Return what each of some shocks does to a book.

    Parameters
    ----------
    book
        As read; it is not changed.
    shocks
        By default the moves of the whole market in :data:`MOVES`.
    judged
        Whether the plan's trigger is asked at every shock.

    Raises
    ------
    BookError
        If the book cannot be planned as it stands.
    ValueError
        If a shock names what the book does not hold.
    """
    require_sound(book)  # a book that cannot be judged as it stands is refused with its own reasons
    tiers = Tiers.of(book)
    if worth_of(book, tiers).total <= 0:
        make_plan(book)
    accounts = book_accounts(book, tiers.tables)
    told = [_told_apart(book, shock) for shock in (market_shocks() if shocks is None else shocks)]
    outcomes = stress_all([each.account for each in accounts], (), told)
    limit = book.settings.margin_top_up
    known = None if limit is None else TopUps(book, tiers, limit)
    stakes = [_stake(book, each, pool) for each in accounts for pool in each.account.pools()]
    return [_row(shocked(book, each.shock), tiers, stakes, each, judged, known) for each in outcomes]


def _told_apart(book: Book, shock: Shock) -> Shock:
    """Return a shock with contracts told from coins."""
    coins = {each.asset.casefold() for each in book.holdings} | {each.coin.casefold() for each in book.wallets}
    coins |= {name.casefold() for each in book.positions for name in (each.asset, each.margin_coin)}
    symbols = {each.symbol.casefold() for each in book.positions}
    unknown = next((name for name in shock.coins if name not in coins and name not in symbols), "")
    if unknown:
        known = ", ".join(sorted(name.upper() for name in coins | symbols))
        raise ValueError(f'the book holds no "{unknown.upper()}"; it holds {known}')
    return replace(
        shock,
        coins={name: move for name, move in shock.coins.items() if name in coins},
        symbols={name: move for name, move in shock.coins.items() if name not in coins},
    )


def shocked(book: Book, shock: Shock) -> Book:
    """Return the book at the prices of a shock, in its own currency."""
    fx = 1.0 + shock.currency
    names = {each.asset for each in book.holdings} | {each.coin for each in book.wallets}
    names |= {name for each in book.positions for name in (each.asset, each.margin_coin)}
    moved = {name: 1.0 + shock.of_coin(name) for name in names}
    rises = {name: factor * fx for name, factor in moved.items()}

    def price(value: float | None, rise: float) -> float | None:
        return None if value is None else value * rise

    holdings = [
        changed(each, price=price(each.price, rises[each.asset]), value=each.value * rises[each.asset])
        for each in book.holdings
    ]
    wallets = [changed(each, price=price(each.price, rises[each.coin])) for each in book.wallets]
    positions = [_position(each, shock, moved[each.asset], rises[each.margin_coin]) for each in book.positions]
    return changed(book, holdings=tuple(holdings), wallets=tuple(wallets), positions=tuple(positions), total=None)


def _position(position: Position, shock: Shock, moved: float, rise: float) -> Position:
    basis = 1.0 + shock.symbols.get(position.symbol.casefold(), 0.0) if shock.symbols else 1.0
    mark, money = position.mark * moved * basis, position.money * rise
    if not (shock.funding and position.quantity):
        return changed(position, mark=mark, money=money)
    value = position.quantity / position.mark if position.inverse else position.quantity * position.mark
    paid = (1.0 if position.side == "long" else -1.0) * value * shock.funding
    return changed(position, mark=mark, money=money, margin=position.margin - paid)


def _row(
    after: Book, tiers: Tiers, stakes: Sequence[_Stake], outcome: Outcome, judged: bool, known: TopUps | None
) -> StressRow:
    worth = worth_of(after, tiers)
    value = worth.total
    lost = math.fsum(
        [_lost(after, worth, stake, each) for stake, each in zip(stakes, outcome.pools, strict=True) if each.is_dead]
    )
    # Funding changes what lies in the accounts: they are read again.
    trigger, reasons = _trigger(after, tiers, worth, None if outcome.shock.funding else known) if judged else ("", ())
    return StressRow(
        name=outcome.shock.name,
        value=value,
        value_if_lost=value - lost,
        equity=outcome.equity,
        accounts=tuple(
            AccountRatio(each.pool.account, each.pool.name, each.equity, each.requirement, each.ratio, each.is_dead)
            for each in outcome.pools
            if each.pool.is_at_stake
        ),
        liquidated=tuple(each.pool.label for each in outcome.dead),
        reserve=outcome.missing,
        trigger=trigger,
        reasons=reasons,
    )


@dataclass(frozen=True, slots=True)
class _Stake:
    """What of a book lies in a pool, by places: positions, wallets that count beside margins, coins of Portfolio.

    A coin that Portfolio counts is told by its place among the pool's wallets, in Portfolio and in Wallets.
    """

    positions: tuple[int, ...]
    idle: tuple[int, ...] = ()
    counted: tuple[tuple[int, int, int], ...] = ()


def _stake(book: Book, owner: BookAccount, pool: Pool) -> _Stake:
    key = account_key(owner.venue, owner.name)
    names = {(leg.symbol.casefold(), leg.side, leg.isolated is None) for leg in pool.legs}
    positions = []
    for place, each in enumerate(book.positions):
        name = (each.symbol.casefold(), 1.0 if each.side == "long" else -1.0, each.margin_mode == "cross")
        if each.quantity and name in names and account_key(each.venue, each.account) == key:
            positions.append(place)
    if all(leg.isolated is not None for leg in pool.legs):
        return _Stake(tuple(positions))
    coins = {wallet.coin.casefold() for wallet in pool.wallets}
    idle = [
        place
        for place, row in enumerate(book.wallets)
        if row.coin.casefold() in coins and account_key(row.venue or row.account, row.account) == key
    ]
    held = {(each.asset.casefold(), each.venue.casefold()): i for i, each in enumerate(book.holdings) if each.venue}
    listed = {each.coin.casefold(): place for place, each in enumerate(book.wallets)}
    counted = []
    for place, wallet in enumerate(pool.wallets):
        coin = wallet.coin.casefold()
        row = held.get((coin, owner.venue.casefold()))
        if row is not None and coin in listed:
            counted.append((place, row, listed[coin]))
    return _Stake(tuple(positions), tuple(idle), tuple(counted))


def _lost(book: Book, worth: Worth, stake: _Stake, state: PoolState) -> float:
    """Return what of the book's value lies in a dead pool: margins, profits, and collateral that Portfolio counts."""
    parts = [worth.positions[place].equity for place in stake.positions]
    for place in stake.idle:
        row = book.wallets[place]
        parts.append(idle_coins(book, row) * (price_of(book, row.coin) or 0.0))
    for place, holding, listed in stake.counted:
        counted, unit = book.holdings[holding].value, book.wallets[listed].price
        parts.append(counted if unit is None else min(counted, max(0.0, state.pool.wallets[place].balance * unit)))
    return math.fsum(parts)


def _trigger(book: Book, tiers: Tiers, worth: Worth, known: TopUps | None) -> tuple[str, tuple[str, ...]]:
    """Return what the plan of a shocked book acts on: who acts is judged, nothing is traded."""
    if worth.total <= 0:
        return "", (f"the book is worth {worth.total:,.2f}: there are no weights",)
    judgement = judge(book, tiers, worth, known)
    return judgement.trigger, trigger_reasons(judgement, book.settings.review_drift)


def outcome_words(row: StressRow) -> Mapping[str, str]:
    """Return the words of a row for a person: ratio and what falls."""
    ratio = "no equity left" if math.isinf(row.ratio) else f"{row.ratio:.1%}"
    return {"ratio": ratio, "liquidated": ", ".join(row.liquidated) or "nothing"}
