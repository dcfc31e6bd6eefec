"""Balances of a venue's accounts to rows of Portfolio (spot) and Wallets (money behind futures)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebalance_xl.venues.names import coin_of
from rebalance_xl.venues.rows import Found, Row, latest, moment, number

_WORDS = ("info", "free", "used", "total", "debt", "timestamp", "datetime")


@dataclass(frozen=True, slots=True)
class Amount:
    """What one account holds of one coin.

    Parameters
    ----------
    total
        Units, without the unrealised profit of open positions where the venue lets it be told apart.
    debt
        Units borrowed.
    time
        By the venue's own word.
    note
        What a reader has to know.
    """

    total: float
    debt: float = 0.0
    time: dt.datetime | None = None
    note: str = ""


def amounts_of(balance: Mapping[str, Any], venue: str, account: str) -> dict[str, Amount]:
    """Return the amounts of a balance as ccxt unifies it, by the venue's own name of the coin.

    Parameters
    ----------
    balance : mapping
        ``{CUR: {free, used, total, debt}, timestamp, info}``. Free and used may be null (portfolio margin).
    venue, account : str
        Which venue; the account is "spot", "funding", "unified" or "futures".

    Notes
    -----
    What the total means differs. Binance futures and OKX add the unrealised profit: it is taken off again with the
    venue's own figure. MEXC futures leave the margin of open positions out: equity less unrealised profit is taken
    from its answer, and its bonus, which cannot be withdrawn, is named.
    """
    time = moment(balance.get("timestamp"))
    info = balance.get("info")
    found: dict[str, Amount] = {}
    corrected = _corrected(info, venue, account)
    for coin, figures in balance.items():
        if coin in _WORDS or not isinstance(figures, Mapping):
            continue
        total = number(figures.get("total"))
        if total is None:
            free, used = number(figures.get("free")), number(figures.get("used"))
            total = None if free is None else free + (used or 0.0)
        if total is None and coin not in corrected:
            continue
        debt = number(figures.get("debt")) or 0.0
        if coin in corrected:
            total, note = corrected[coin]
            found[coin] = Amount(total, debt, time, note)
        else:
            found[coin] = Amount(total or 0.0, debt, time)
    for coin, (total, note) in corrected.items():
        found.setdefault(coin, Amount(total, 0.0, time, note))
    return found


def _corrected(info: Any, venue: str, account: str) -> dict[str, tuple[float, str]]:
    """Return wallet balances that ccxt's total does not give, from the venue's own answer."""
    rows: list[Any] = []
    if venue == "binance" and account == "futures" and isinstance(info, Mapping):
        rows = _entries(info.get("assets"))
        return _wallets(rows, "asset", "walletBalance", None, "")
    if venue == "mexc" and account == "futures" and isinstance(info, Mapping):
        rows = _entries(info.get("data"))
        return _wallets(rows, "currency", "equity", "unrealized", "bonus")
    if venue in ("okx", "myokx", "okxus") and isinstance(info, Mapping):
        rows = [each for entry in _entries(info.get("data")) for each in _entries(entry.get("details"))]
        return _wallets(rows, "ccy", "eq", "upl", "")
    return {}


def _entries(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        value = [value]
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, Sequence) else []


def _wallets(rows: list[Any], coin: str, total: str, profit: str | None, bonus: str) -> dict[str, tuple[float, str]]:
    found = {}
    for row in rows:
        amount, name = number(row.get(total)), row.get(coin)
        if amount is None or not isinstance(name, str):
            continue
        gain = (number(row.get(profit)) or 0.0) if profit else 0.0
        extra = number(row.get(bonus)) if bonus else None
        note = f"{extra:.10g} of it is bonus that cannot be withdrawn" if extra else ""
        found[name] = (round(amount - gain, 12), note)
    return found


def spot_rows(
    accounts: Mapping[str, Mapping[str, Amount]],
    venue: str,
    venue_code: str,
    coins: Collection[str] = (),
    aliases: Mapping[tuple[str, str], str] | None = None,
    prices: Mapping[str, float] | None = None,
    dust: float = 1.0,
    posted: Mapping[str, float] | None = None,
) -> Found:
    """Return one Portfolio row a coin that a venue holds, less what open positions hold of it as margin.

    Parameters
    ----------
    accounts
        Amounts by account and by the venue's name of the coin; one coin in several accounts is added up.
    venue, venue_code
        The venue's name in the book, and ccxt's.
    coins
        Coins known beside everybody's: those of the book and of the venue's markets.
    aliases
        The user's own names.
    prices
        Price of a coin in the book's currency, as far as known.
    dust
        A coin worth less than this that the book does not hold is left out, and counted.
    posted
        Margin of open positions by coin that these accounts hold: it stands in Futures and is taken off here.

    Returns
    -------
    Found
        Rows with Quantity; merged names, debts and dust are told in the notes.
    """
    found = Found()
    totals: dict[str, float] = defaultdict(float)
    debts: dict[str, float] = defaultdict(float)
    times: dict[str, list[dt.datetime | None]] = defaultdict(list)
    merged: dict[str, list[str]] = defaultdict(list)
    for account, amounts in accounts.items():
        for name, amount in amounts.items():
            coin = coin_of(name, venue_code, aliases, coins)
            totals[coin.coin] += amount.total
            debts[coin.coin] += amount.debt
            times[coin.coin].append(amount.time)
            if coin.rule and amount.total:
                merged[coin.coin].append(f"{name} ({coin.rule}) {amount.total:.10g}")
            if amount.note:
                found.notes.append(f"{venue} {account} {name}: {amount.note}")
    worth, count = 0.0, 0
    for coin_name, margin in sorted((posted or {}).items()):
        if not margin:
            continue
        held = totals.get(coin_name, 0.0)
        totals[coin_name] = max(held - margin, 0.0)
        found.notes.append(
            f"{venue}: {margin:.10g} {coin_name} are margin of open positions and stand in Futures, not in Portfolio"
        )
        if margin > held * (1 + 1e-9) + 1e-9:
            found.notes.append(
                f"{venue}: only {held:.10g} {coin_name} are there for that margin: other coins back the rest, so it "
                "counts twice in the book's value; enter Margin by hand"
            )
    for coin_name, total in sorted(totals.items()):
        price = (prices or {}).get(coin_name)
        small = total > 0 and price is not None and total * price < dust
        if small:  # a row of the book is written all the same
            worth, count = worth + total * (price or 0.0), count + 1
        if total < 0 or debts[coin_name] > 0:
            owed = max(debts[coin_name], -total)
            found.notes.append(f"{venue}: {owed:.10g} {coin_name} are borrowed: enter the debt; the cell stays")
            continue
        adds = total > 0 and not small
        row = Row(
            "Portfolio",
            {"Asset": coin_name, "Venue": venue},
            {"Quantity": round(total, 12)},
            f"{venue} balances",
            latest(times[coin_name]),
            adds=adds,
        )
        found.rows.append(row)
    for coin_name, parts in sorted(merged.items()):
        found.notes.append(f"{venue}: {coin_name} includes {', '.join(parts)}")
    if count:
        found.notes.append(f"{venue}: {count} below {dust:g} each, {worth:.2f} together: small coins are not added")
    found.complete.add(("Portfolio", venue))
    return found


def wallet_rows(
    amounts: Mapping[str, Amount],
    venue: str,
    account: str = "",
    add: bool = True,
    isolated: Mapping[str, float] | None = None,
) -> Found:
    """Return one Wallets row a coin of a futures account: what backs its cross positions.

    Parameters
    ----------
    amounts
        By coin.
    venue, account
        The venue's name in the book, and the account's; blank for the venue's own account.
    add
        Whether a wallet that the book does not have is added.
    isolated
        Margin of isolated positions by coin, where the amounts hold it: it backs its own position only.
    """
    found = Found()
    for coin, amount in sorted(amounts.items()):
        if amount.note:
            found.notes.append(f"{venue} {account or 'futures'} {coin}: {amount.note}")
        cross = round(amount.total - (isolated or {}).get(coin, 0.0), 12)
        row = Row(
            "Wallets",
            {"Venue": venue, "Account": account, "Coin": coin},
            {
                "Balance": cross,
                **({"Loan": amount.debt} if amount.debt else {}),
            },
            f"{venue} balances",
            amount.time,
            adds=add and amount.total != 0,
        )
        found.rows.append(row)
    return found
