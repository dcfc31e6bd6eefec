"""Books drawn by seed, as wide as traders keep them: futures of both kinds, spreads, several venues, lots, debts."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from rebalance_xl.book.memory import MemoryWorkbook
from tests.book.books import DAY, FUTURES, LOTS, perpetual, spot, stable, table, workbook

ASSETS = ("BTC", "ETH", "SOL", "ADA", "XRP", "DOT")
VENUES = ("binance", "bybit", "kraken")
PRICES = {"BTC": 50_000.0, "ETH": 2_500.0, "SOL": 150.0, "ADA": 0.5, "XRP": 2.0, "DOT": 6.0}


def wide_book(seed: int) -> MemoryWorkbook:
    """Return the book of a seed: sound, and untidy in as many ways as fit."""
    draw = random.Random(seed)
    weights = [draw.randint(0, 10) for _ in range(len(ASSETS) + 3)]
    whole = max(1, sum(weights)) / draw.choice([1.0, 0.9])
    portfolio: list[dict[str, Any]] = []
    for asset, weight in zip(ASSETS[: draw.randint(1, 6)], weights, strict=False):
        portfolio += _rows(draw, asset, weight / whole)
    portfolio += _stables(draw, weights[-1] / whole)
    if not any((one["Quantity"] or 0.0) > 0 for one in portfolio):
        portfolio.append({**stable(500.0), "Venue": "kraken"})
    futures = _futures(draw, weights[-2] / whole) if draw.random() < 0.6 else []
    book = workbook(
        _unique(portfolio, ("Asset", "Venue")),
        _unique(futures, ("Symbol", "Venue", "Side", "MarginMode")),
        _settings(draw),
        _events(draw) if draw.random() < 0.3 else (),
        _venues(draw),
    )
    if draw.random() < 0.3:
        book.tables["Lots"] = table(LOTS, _lots(draw, portfolio))
    _add_spread(random.Random(f"spread {seed}"), book)
    _add_wallets(random.Random(f"wallets {seed}"), book)
    legs = [f"{leg}{asset}" for asset in ASSETS for leg in ("NEAR", "FAR")]
    book.tables["MarginTiers"] = [
        ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit"],
        *[[venue, f"{asset}USDT", 0.0, 5e6, 50.0, 0.005, 0.0, "USDT"] for venue in VENUES for asset in ASSETS],
        *[[venue, f"{asset}USD", 0.0, None, 50.0, 0.005, 0.0, "coin"] for venue in VENUES for asset in ASSETS],
        *[[venue, symbol, 0.0, None, 50.0, 0.005, 0.0, "USDT"] for venue in VENUES for symbol in legs],
    ]
    return book


def _unique(rows: list[dict[str, Any]], key: tuple[str, ...]) -> list[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in rows:
        found.setdefault(tuple(one.get(column) for column in key), one)
    return list(found.values())


def _rows(draw: random.Random, asset: str, target: float) -> list[dict[str, Any]]:
    places = draw.sample([None, *VENUES], draw.choice([1, 1, 1, 2, 3]))
    price = PRICES[asset]
    rows = []
    for number, place in enumerate(places):
        value = draw.choice([0.0, draw.uniform(10.0, 10_000.0)])
        units = value / price
        one = spot(
            asset,
            value,
            draw.choice([target, target, target, 0.0, None]) if number == 0 else None,
            draw.choice([None, 0.0, 0.02, 0.05, 0.1]) if number == 0 else None,
            Price=price,
            Venue=place,
            Lot=draw.choice([None, None, 10.0 / price]),
            MinNotional=draw.choice([None, None, 5.0]),
            Locked=draw.choice([None, None, None, "yes", units / 3]),
            CostBasis=draw.choice([None, value / 2]),
        )
        if number == 0:
            one |= {"Priority": draw.choice([None, 1, 2, 3]), "Sector": draw.choice([None, "L1", "meme"])}
        rows.append(one)
    return rows


def _stables(draw: random.Random, target: float) -> list[dict[str, Any]]:
    rows = []
    first = True
    for place in draw.sample([None, *VENUES], draw.choice([0, 1, 1, 2])):
        money = draw.choice([0.0, draw.uniform(1.0, 5_000.0), draw.uniform(1.0, 5_000.0), -draw.uniform(0.01, 50.0)])
        one = {**stable(money), "Venue": place, "Kind": draw.choice(["stable", None])}
        if first:
            one |= {"Target": draw.choice([None, target]), "Band": draw.choice([None, 0.05])}
            one["Kind"] = None
        first = False
        rows.append(one | {"Kind": None})
    return rows


def _futures(draw: random.Random, target: float) -> list[dict[str, Any]]:
    rows = []
    for _ in range(draw.randint(1, 4)):
        asset = draw.choice(ASSETS)
        inverse = draw.random() < 0.4
        side = draw.choice(["long", "short"])
        mark = PRICES[asset] * draw.uniform(0.98, 1.02)
        leverage = draw.choice([1.0, 3.0, 10.0])
        notional = draw.choice([0.0, draw.uniform(50.0, 2_000.0)])
        entry = mark * draw.uniform(0.9, 1.1)
        margin = notional / leverage * draw.choice([1.0, 1.0, 1.5])
        hedge = side == "short" and draw.random() < 0.5
        one = perpetual(
            f"{asset}USD" if inverse else f"{asset}USDT",
            asset,
            side,
            mark,
            Venue=draw.choice(VENUES),
            Contract="inverse" if inverse else "linear",
            MarginMode=draw.choice(["isolated", "isolated", "cross"]),
            Quantity=notional if inverse else notional / mark,
            EntryPrice=entry if notional else None,
            Margin=margin / mark if inverse else margin,
            Leverage=leverage,
            Lot=draw.choice([None, 1.0 if inverse else 1.0 / mark]),
            HedgeRatio=draw.choice([0.0, 0.3, 1.0]) if hedge else None,
            Target=None if hedge else draw.choice([None, 0.0, target / 4]),
            Band=draw.choice([None, 0.0, 0.02]),
            Expiry=draw.choice([None, None, None, dt.date(2026, 8, 1), dt.date(2026, 12, 25)]),
            Priority=draw.choice([None, 1, 2]),
        )
        rows.append(one)
    return rows


def _add_spread(draw: random.Random, book: MemoryWorkbook) -> None:
    """Add two opposite legs to a third of the books, some of them open, some with a history of both symbols."""
    if draw.random() > 0.35:
        return
    asset = draw.choice(ASSETS)
    near, far = PRICES[asset] * draw.uniform(0.97, 1.05), PRICES[asset] * draw.uniform(0.97, 1.05)
    sides = draw.choice([("long", "short"), ("short", "long")])
    venues = draw.choice([("binance", "binance"), ("binance", "bybit")])
    kinds = draw.choice([("linear", "linear"), ("linear", "linear"), ("inverse", "inverse"), ("linear", "inverse")])
    leverage = draw.choice([1.0, 3.0, 5.0])
    coins = draw.choice([0.0, 0.0, draw.uniform(50.0, 500.0) / PRICES[asset]])
    band, target = draw.choice([None, 0.02]), draw.choice([0.0, 0.02, 0.05, 0.05, None])
    legs = []
    for number, (mark, side, venue, kind) in enumerate(zip((near, far), sides, venues, kinds, strict=True)):
        legs.append(
            perpetual(
                ("NEAR", "FAR")[number] + asset,
                asset,
                side,
                mark,
                Venue=venue,
                Contract=kind,
                Quantity=coins * mark if kind == "inverse" else coins,
                EntryPrice=mark * draw.uniform(0.97, 1.03) if coins else None,
                Margin=coins / leverage if kind == "inverse" else coins * mark / leverage,
                Leverage=leverage,
                Lot=draw.choice([None, 1.0 if kind == "inverse" else 1.0 / PRICES[asset]]),
                Expiry=(draw.choice([None, dt.date(2026, 12, 25)]), dt.date(2027, 3, 26))[number],
                Spread="calendar",
                Band=band,
                Target=target if number == 0 else draw.choice([None, target]),
                Priority=draw.choice([None, 1, 2]),
            )
        )
    header = book.tables.setdefault("Futures", [list(FUTURES)])[0]
    book.tables["Futures"] += [[leg.get(column) for column in header] for leg in legs]
    if draw.random() < 0.5:
        days = [DAY - dt.timedelta(days=back) for back in range(30, 0, -1)]
        book.tables["Prices"] = [
            ["Date", legs[0]["Symbol"], legs[1]["Symbol"]],
            *[[day, near * draw.uniform(0.99, 1.01), far * draw.uniform(0.99, 1.01)] for day in days],
        ]


def _add_wallets(draw: random.Random, book: MemoryWorkbook) -> None:
    """Give the cross accounts of a third of the books their wallets, with more than the margins or less, or multi."""
    if draw.random() > 0.35 or "Futures" not in book.tables:
        return
    header, *rows = book.tables["Futures"]
    posted: dict[tuple[str, str], float] = {}
    for cells in rows:
        row = dict(zip(header, cells, strict=True))
        if row["MarginMode"] == "cross":
            if row["Contract"] == "inverse":  # coins count at the price in Wallets, margins at the mark
                cells[header.index("MarkPrice")] = PRICES[row["Asset"]]
            key = row["Venue"], row["Asset"] if row["Contract"] == "inverse" else "USDT"
            posted[key] = posted.get(key, 0.0) + row["Margin"]
    price = PRICES | {"USDT": 1.0}
    wallets = []
    for (venue, coin), margin in posted.items():
        money = margin * draw.choice([0.9, 1.0, 1.5]) + draw.choice([0.0, draw.uniform(50.0, 2_000.0)]) / price[coin]
        wallets.append({"Venue": venue, "Coin": coin, "Balance": money, "Price": price[coin], "Ratio": 1.0})
    if not wallets:
        return
    book.tables["Wallets"] = table(list(wallets[0]), wallets)
    multi = draw.random() < 0.3
    book.tables["Venues"][0].append("AccountMode")
    for cells in book.tables["Venues"][1:]:
        cells.append("multi" if multi else None)


def _events(draw: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "Scope": draw.choice(["BTC", "ETH", "L1", "ALL"]),
            "Action": draw.choice(["TRIM", "EXIT", "HOLD", "HEDGE", "LONG", "SHORT"]),
            "Start": DAY - dt.timedelta(days=draw.randint(0, 5)),
            "Level": draw.choice([None, 0.05, 0.5]),
        }
        for _ in range(draw.choice([1, 1, 2]))
    ]


def _venues(draw: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "Venue": name,
            "KYC": draw.choice(["yes", "yes", "yes", "yes", "spot", "no"]),
            "Withdrawals": draw.choice(["yes", "yes", "yes", "no"]),
            "SpotFee": draw.choice([0.0, 0.001, 0.006]),
            "FuturesFee": draw.choice([0.0, 0.0005]),
            "WithdrawalFee": draw.choice([0.0, 1.0]),
            "MinNotional": draw.choice([None, 5.0]),
            "Credit": draw.choice([None, None, 2.0]),
        }
        for name in VENUES
    ]


def _lots(draw: random.Random, portfolio: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lots = []
    for asset in ASSETS:
        held = sum(one["Quantity"] for one in portfolio if one["Asset"] == asset)
        if held and draw.random() < 0.6:
            share = draw.uniform(0.2, 0.8)
            for part in (share, 1 - share):
                lots.append(
                    {
                        "Asset": asset,
                        "Date": dt.date(2025, draw.randint(1, 12), 5),
                        "Quantity": held * part,
                        "Price": PRICES[asset] * draw.uniform(0.3, 1.5),
                    }
                )
    return lots


def _settings(draw: random.Random) -> dict[str, Any]:
    return {
        "TrimTo": draw.choice([None, "target", "midpoint", "edge", 0.25]),
        "BandKind": draw.choice([None, "absolute", "relative", "5/25"]),
        "BuyScope": draw.choice([None, "underweight", "breaching"]),
        "DeployMethod": draw.choice([None, "priority", "pro_rata"]),
        "FundFrom": draw.choice([None, "overweight", "none"]),
        "ReserveMin": draw.choice([None, None, 0.05]),
        "ReserveMax": draw.choice([None, None, 0.2]),
        "MinTrade": draw.choice([None, 20.0]),
        "TurnoverCap": draw.choice([None, None, 0.1]),
        "FuturesShare": draw.choice([None, None, 0.3]),
        "MarginTopUp": draw.choice([None, None, 0.1]),
        "LotMethod": draw.choice([None, "LIFO", "HIFO", "AVERAGE"]),
        "EventFunding": draw.choice([None, "weakest", "none"]),
        "ReviewFrequency": draw.choice([None, "monthly"]),
        "LastReview": draw.choice([None, dt.date(2026, 8, 1), dt.date(2026, 9, 25)]),
        "ReviewDrift": draw.choice([None, 0.02]),
    }
