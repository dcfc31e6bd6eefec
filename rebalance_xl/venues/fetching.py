"""All that a book wants from its venues: each venue in a thread of its own, each with its faults and its figures."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rebalance_xl.venues import asking, contract_calls, exchange, history_calls, keys
from rebalance_xl.venues.asking import Asking, FailedError
from rebalance_xl.venues.balances import Amount, amounts_of, spot_rows, wallet_rows
from rebalance_xl.venues.faults import FINAL, SILENT, Fault
from rebalance_xl.venues.names import coin_of, plain_symbol
from rebalance_xl.venues.positions import as_stated, margins, position_rows
from rebalance_xl.venues.prices import known_coins, price_rows, spot_symbols
from rebalance_xl.venues.profiles import profile_of
from rebalance_xl.venues.rights import rights_of
from rebalance_xl.venues.rows import Found, number

KINDS: Final = ("prices", "balances", "positions", "funding", "tiers", "history")
#: More symbols than this are asked for by asking for all.
_LIST_OF = 100
#: As many positions as Bybit puts on one page.
_BYBIT_PAGE = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What a book wants from one venue.

    Parameters
    ----------
    venue, code
        The venue's name in the book, and ccxt's.
    kinds
        Of :data:`KINDS`.
    assets
        Coins of Portfolio, wherever they are held: to price.
    contracts
        Symbols of Futures at this venue.
    tiers_of_today
        Contracts whose tiers the book has from this day already: not asked for again.
    closes
        Columns of Prices.
    quote
        The book's currency.
    closes_since, flows_since
        From when on history is wanted.
    aliases
        The user's own names of coins.
    """

    venue: str
    code: str
    kinds: frozenset[str] = frozenset(KINDS)
    assets: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    quote: str = "USD"
    closes_since: dt.datetime | None = None
    flows_since: dt.datetime | None = None
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tiers_of_today: tuple[str, ...] = ()


@dataclass(slots=True)
class Reply:
    """What one venue gave: rows and notes, and a line for each thing that failed."""

    venue: str
    code: str
    found: Found = field(default_factory=Found)
    faults: list[Fault] = field(default_factory=list)
    calls: int = 0
    asked_signed: bool = False

    def fail(self, fault: Fault) -> None:
        """Add a fault, once."""
        if fault.line not in [each.line for each in self.faults]:
            self.faults.append(fault)


def fetch_all(
    wishes: Sequence[Wish],
    now: dt.datetime,
    secrets: Mapping[str, keys.Secrets],
    make: exchange.Maker | None = None,
    folder: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Reply]:
    """Ask all venues side by side.

    Parameters
    ----------
    wishes
        One a venue.
    now
        UTC.
    secrets
        By ccxt's name of the venue.
    make
        Makes the exchange; ccxt's own by default.
    folder
        Where markets are kept; None for nowhere.

    Returns
    -------
    list of Reply
        In the order of the wishes. A venue that fails has its faults and no rows; the others are not touched by it.
    """
    if not wishes:
        return []

    def one(wish: Wish) -> Reply:
        return fetch(wish, now, secrets.get(wish.code, keys.Secrets(wish.code)), make, folder, sleep)

    with ThreadPoolExecutor(max_workers=len(wishes), thread_name_prefix="venue") as pool:
        return list(pool.map(one, wishes))


def fetch(
    wish: Wish,
    now: dt.datetime,
    secrets: keys.Secrets,
    make: exchange.Maker | None = None,
    folder: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Reply:
    """Ask one venue for everything; nothing is raised but what a programmer did wrong."""
    reply = Reply(wish.venue, wish.code)
    try:
        opened = (make or exchange.open_exchange)(wish.code, secrets)
    except exchange.MissingPackageError as failure:
        reply.fail(Fault("unsupported", str(failure)))
        return reply
    visit = _Visit(wish, now, Asking(opened, wish.venue, sleep), reply, bool(secrets))
    try:
        visit.asking.ask("markets", lambda: exchange.load_markets(opened, folder))
        visit.run()
    except FailedError as failure:
        reply.fail(failure.fault)
    except Exception as failure:  # what nobody has foreseen in an answer costs this venue, not the others
        reply.found = Found()
        line = f"{wish.venue} answers in a form that cannot be read ({type(failure).__name__}): the old figures stay"
        reply.fail(Fault("garbled", line))
    reply.calls = visit.asking.calls
    return reply


class _Visit:
    """One round of questions to one venue."""

    def __init__(self, wish: Wish, now: dt.datetime, ask: Asking, reply: Reply, signed: bool) -> None:
        self.wish, self.now, self.asking, self.reply = wish, now, ask, reply
        self.signed = signed
        self.silent = self.absent = False
        self.lacking: list[str] = []
        self.api = ask.exchange
        as_stated(self.api)
        self.profile = profile_of(wish.code)
        self.markets: Mapping[str, Any] = self.api.markets or {}

    def run(self) -> None:
        """Ask for what is wanted; a part that fails leaves the others be."""
        wish, found = self.wish, self.reply.found
        self.markets = self.api.markets or {}
        if not self.profile.tested:
            found.notes.append(f"{wish.venue}: not among the tested venues: look at the preview with care")
        signed = self._may_sign()
        accounts = self._accounts() if signed and "balances" in wish.kinds else {}
        coins = known_coins(self.markets) | set(wish.assets)
        need = {"positions", "balances"} & wish.kinds  # a balance is free of margin only beside the positions
        positions = self._positions() if signed and need else Found()
        held = {coin_of(coin, wish.code, wish.aliases, coins).coin for each in accounts.values() for coin in each}
        tickers = self._tickers([*wish.assets, *held]) if "prices" in wish.kinds else {}
        priced = price_rows(tickers, sorted({*wish.assets, *held}), wish.quote, self.markets, wish.venue, self.now)
        if "prices" in wish.kinds:
            found.take(priced)
        if accounts:
            self._take_balances(accounts, coins, priced, positions)
        if "positions" not in wish.kinds:
            positions = Found()
        marked = contract_calls.take(self, positions)
        for row in positions.rows:  # a mark of its own is younger than the one in the position
            if plain_symbol(str(row.key["Symbol"])) in marked:
                values = {column: value for column, value in row.values.items() if column != "MarkPrice"}
                missing = tuple(each for each in row.missing if each != "MarkPrice")
                row = dataclasses.replace(row, values=values, missing=missing)
            found.rows.append(row)
        found.notes += positions.notes
        found.complete |= positions.complete
        if "history" in wish.kinds:
            history_calls.take(self, signed and self.signed)

    def _may_sign(self) -> bool:
        """Tell whether signed questions are of use: there is a key, and the venue says that it may only read."""
        wanted = {"balances", "positions", "history"} & self.wish.kinds
        if not wanted:
            return False
        if not self.signed:
            self.reply.found.notes.append(
                f"{self.wish.venue}: no key: balances and positions are not asked for (rebalance-xl venues add "
                f"{self.wish.code})"
            )
            return False
        try:
            rights = self.asking.ask("the rights of the key", lambda: rights_of(self.api))
        except FailedError as failure:
            self.reply.fail(failure.fault)
            if failure.fault.kind in FINAL:
                self.signed, self.silent = False, failure.fault.kind in SILENT
                return False
            self.reply.found.notes.append(f"{self.wish.venue}: what the key may do could not be read")
            return True
        if rights.excess:
            line = (
                f"the key of {self.wish.venue} may {', '.join(rights.excess)}: it is not used; make one that may only "
                "read"
            )
            self.reply.fail(Fault("refused", line))
            self.signed = False
            return False
        self.reply.found.notes += [f"{self.wish.venue}: the key: {each}" for each in rights.notes]
        self.reply.asked_signed = True
        return True

    def attempt(self, what: str, call: Callable[[], Any], optional: bool = False) -> Any:
        """Return an answer, None where it failed; after a fault that ends all signed questions none is asked again."""
        self.absent = False
        if self.silent or (not self.signed and what in ("balances", "positions")):
            return None
        try:
            return self.asking.ask(what, call)
        except FailedError as failure:
            if failure.fault.kind in FINAL and what in ("balances", "positions", "deposits", "funding payments"):
                self.signed = False
            self.silent = failure.fault.kind in SILENT
            self.absent = optional and failure.fault.kind in ("account", "unsupported")
            if not (optional and failure.fault.kind in ("account", "unsupported")):
                self.reply.fail(failure.fault)
            return None

    # --- signed ---

    def _accounts(self) -> dict[str, dict[str, Amount]]:
        """Return the amounts of each account that answered."""
        found: dict[str, dict[str, Amount]] = {}
        for account in self.profile.accounts:
            answer = self.attempt(
                "balances",
                lambda account=account: self.api.fetch_balance(dict(account.params)),  # type: ignore[misc]
                account.optional,
            )
            if answer is None and not self.absent:
                self.lacking.append(account.name)
            if isinstance(answer, Mapping):
                kind = "futures" if account.kind == "futures" else account.name
                found[account.name] = amounts_of(answer, self.wish.code, kind)
        return found

    def _take_balances(
        self, accounts: Mapping[str, Mapping[str, Amount]], coins: set[str], priced: Found, positions: Found
    ) -> None:
        wish, found = self.wish, self.reply.found
        prices = {str(row.key["Asset"]): number(row.values["Price"]) or 0.0 for row in priced.rows}
        kinds = {each.name: each.kind for each in self.profile.accounts}
        sure = ("Futures", wish.venue) in positions.complete or not self.profile.positions
        whole = sure and not self.lacking
        if not whole:
            what = "positions" if not sure else "accounts"
            found.notes.append(
                f"{wish.venue}: not all {what} are known, so its balances stay: a part of them is margin"
            )
            return
        known = {**prices, **{coin: 1.0 for coin in ("USDT", "USDC", "USD") if wish.quote == "USD"}}
        posted = margins(positions.rows)
        found.take(spot_rows(accounts, wish.venue, wish.code, coins, wish.aliases, known, posted=posted))
        if not any(amount.total for amounts in accounts.values() for amount in amounts.values()):
            found.notes.append(f"{wish.venue}: the account is empty")
        several = sum(kind == "futures" for kind in kinds.values()) > 1
        for name, amounts in accounts.items():
            if kinds[name] == "spot":
                continue
            label = "COIN-M" if several and name.startswith("COIN-M") else ""
            of_account = label if kinds[name] == "futures" else None
            isolated = margins(positions.rows, "isolated", of_account)
            found.take(wallet_rows(amounts, wish.venue, label, kinds[name] == "futures", isolated))

    def _positions(self) -> Found:
        wish, found, answered = self.wish, Found(), 0
        mode = self._account_mode() if self.profile.mode_in_account else None
        seen: dict[tuple[Any, ...], Any] = {}
        for params in self.profile.positions:
            answer = self.attempt(
                "positions",
                lambda params=params: self.api.fetch_positions(None, dict(params)),  # type: ignore[misc]
                optional=bool(answered),
            )
            if wish.code == "bybit" and answer is not None and len(answer) >= _BYBIT_PAGE:
                answer = self.attempt(
                    "positions",
                    lambda params=params: self.api.fetch_positions(None, {**params, "paginate": True}),  # type: ignore[misc]
                )
            if answer is None:
                continue
            answered += 1
            for each in answer:
                seen.setdefault((each.get("symbol"), each.get("side"), each.get("marginMode"), each.get("id")), each)
        coins = known_coins(self.markets) | set(wish.assets)
        found.take(position_rows(list(seen.values()), self.markets, wish.venue, wish.code, coins, mode))
        if answered == len(self.profile.positions) and answered:
            found.complete.add(("Futures", wish.venue))
        return found

    def _account_mode(self) -> str | None:
        answer = self.attempt("positions", self.api.private_get_v5_account_info)
        result = answer.get("result") if isinstance(answer, Mapping) else None
        word = result.get("marginMode") if isinstance(result, Mapping) else None
        return {"REGULAR_MARGIN": "cross", "ISOLATED_MARGIN": "isolated", "PORTFOLIO_MARGIN": "cross"}.get(str(word))

    # --- public ---

    def _tickers(self, coins: Sequence[str]) -> dict[str, Any]:
        wanted = spot_symbols(sorted(set(coins)), self.wish.quote, self.markets)
        symbols = list(dict.fromkeys(symbol for names in wanted.values() for symbol in names))
        if self.wish.quote != "USD":
            crosses = (f"USDT/{self.wish.quote}", f"{self.wish.quote}/USDT", f"{self.wish.quote}/USDC")
            symbols += [each for each in crosses if each in self.markets and each not in symbols]
        if not symbols:
            return {}
        asked = symbols if len(symbols) <= _LIST_OF else None
        answer = self.attempt("prices", lambda: self.api.fetch_tickers(asked, {"type": "spot"}))
        return dict(answer) if isinstance(answer, Mapping) else {}


__all__ = ["KINDS", "Reply", "Wish", "asking", "fetch", "fetch_all"]
