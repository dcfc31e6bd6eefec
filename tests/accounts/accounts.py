"""Accounts for the tests: from the JSON of the published answers, and drawn at random."""

from __future__ import annotations

import math
import random
from typing import Any

from rebalance_xl.cells import CellError
from rebalance_xl.functions.account import MULTI, SINGLE, Account, Leg, Wallet
from rebalance_xl.functions.haircuts import IN_FULL, Haircut, flat_haircut, read_bands
from rebalance_xl.functions.tiers import Tier, TierTable, flat_table, maintenance_amounts


def haircut_of(ratio: Any) -> Haircut:
    """Return the haircut of a ratio or of rows."""
    found = read_bands(ratio) if isinstance(ratio, list) else flat_haircut(float(ratio))
    assert not isinstance(found, CellError), found.reason
    return found


def table_of(tiers: Any) -> TierTable:
    """Return the table of a rate, or of rows of floor, cap, rate, amount; one row is the tier in force."""
    if not isinstance(tiers, list):
        return flat_table(float(tiers))
    rows = [Tier(floor, math.inf if cap is None else cap, math.nan, rate, amount) for floor, cap, rate, amount in tiers]
    if len(rows) == 1:
        rows = [rows[0]._replace(floor=0.0, cap=math.inf)]
    return TierTable(tuple(rows))


def account_of(given: dict[str, Any]) -> Account:
    """Return the account that the JSON of a published answer describes."""
    balances, loans = given.get("wallets", {}), given.get("loans", {})
    wallets = tuple(
        Wallet(
            coin,
            float(balances.get(coin, 0.0)),
            float(given["prices"].get(coin, math.nan)),
            haircut_of(given.get("ratios", {}).get(coin, 1.0)),
            float(loans.get(coin, 0.0)),
            float(given.get("loan_rate", {}).get(coin, 0.0)),
        )
        for coin in dict.fromkeys([*balances, *loans])
    )
    legs = tuple(
        Leg(
            symbol=each["symbol"],
            coin=each["coin"],
            margin_coin=each["margin"],
            side=1.0 if each["side"] == "long" else -1.0,
            quantity=float(each["qty"]),
            entry=float(each["entry"]),
            mark=float(each["mark"]),
            table=table_of(each["tiers"]),
            inverse=each["contract"] == "inverse",
            isolated=float(each["wallet"]) if each["mode"] == "isolated" else None,
            fee=float(each.get("fee", 0.0)),
        )
        for each in given.get("positions", ())
    )
    mode = MULTI if given["mode"] == "multi" else SINGLE
    other = float(given.get("other_maintenance", 0.0))
    name = "" if mode == MULTI else wallets[0].coin
    return Account(wallets, legs, mode, float(given.get("trigger", 1.0)), other_maintenance={name: other})


PRICES = {"BTC": 60_000.0, "ETH": 3_000.0, "SOL": 150.0, "USDT": 1.0, "USDC": 0.9998}


def random_table(draw: random.Random, worth: float, stepped: bool) -> TierTable:
    """Return a table of one to six tiers around a position of a worth."""
    count = draw.randint(1, 6)
    floors = [0.0, *sorted(worth * draw.uniform(0.05, 4.0) for _ in range(count - 1))]
    rates = sorted(draw.uniform(0.003, 0.15) for _ in range(count))
    amounts = [0.0] * count if stepped else maintenance_amounts(floors, rates)
    caps = [*floors[1:], math.inf]
    rows = tuple(map(Tier, floors, caps, [math.nan] * count, rates, amounts))
    return TierTable(rows, continuous=not stepped or count == 1)


def random_haircut(draw: random.Random, held: float, in_dollars: bool) -> Haircut:
    """Return a flat ratio or two to four falling ones around an amount."""
    if draw.random() < 0.5:
        return flat_haircut(draw.uniform(0.5, 1.0))
    ends = sorted(max(held, 1e-3) * draw.uniform(0.2, 3.0) for _ in range(draw.randint(1, 3)))
    ratios = sorted((draw.uniform(0.0, 1.0) for _ in range(len(ends) + 1)), reverse=True)
    starts = [0.0, *ends]
    rows = [[start, end, ratio] for start, end, ratio in zip(starts, [*ends, None], ratios, strict=True)]
    found = read_bands(rows, unit="USD" if in_dollars else "coin")
    assert isinstance(found, Haircut)
    return found


def random_account(seed: int, stepped: bool | None = None) -> Account:
    """Return an account with one to three wallets and one to six positions, drawn from a seed."""
    draw = random.Random(seed)
    mode = draw.choice([SINGLE, MULTI])
    coins = draw.sample(["USDT", "USDC", "BTC", "ETH"], draw.randint(1, 3))
    size = 10.0 ** draw.uniform(3.0, 6.0)
    jumps = draw.random() < 0.2 if stepped is None else stepped
    wallets = []
    for coin in coins:
        worth = size * draw.uniform(-0.15, 1.0)
        held = worth / PRICES[coin]
        haircut = (
            random_haircut(draw, abs(held) * (PRICES[coin] if jumps else 1.0), jumps) if mode == MULTI else IN_FULL
        )
        loan = held * draw.uniform(0.0, 0.3) if held > 0.0 and draw.random() < 0.2 else 0.0
        wallets.append(Wallet(coin, held, PRICES[coin], haircut, loan, 0.05 if loan else 0.0))
    legs = []
    for number in range(draw.randint(1, 6)):
        margin_coin = draw.choice(coins)
        inverse = margin_coin in ("BTC", "ETH")
        coin = margin_coin if inverse else draw.choice(["BTC", "ETH", "SOL"])
        mark = PRICES[coin] * draw.uniform(0.98, 1.02)
        entry = mark * draw.uniform(0.85, 1.15)
        worth = size * draw.uniform(0.05, 3.0)
        quantity = worth if inverse else worth / mark
        money = worth / mark if inverse else worth
        isolated = money * draw.uniform(0.05, 1.2) if draw.random() < 0.2 else None
        table = random_table(draw, money, jumps)
        symbol = f"{coin}{margin_coin}{number}"
        fee = draw.choice([0.0, 0.0005])
        side = draw.choice([1.0, -1.0])
        legs.append(Leg(symbol, coin, margin_coin, side, quantity, entry, mark, table, inverse, isolated, fee))
    trigger = draw.choice([1.0, 1.0, 1.05])
    return Account(tuple(wallets), tuple(legs), mode, trigger, draw.random() < 0.8)
