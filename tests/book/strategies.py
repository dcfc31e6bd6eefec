"""Hypothesis strategies for whole books."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rebalance_xl.book.memory import MemoryWorkbook
from tests.book.books import DAY, perpetual, spot, stable, workbook

ASSETS = ("BTC", "ETH", "SOL", "ADA", "XRP")
VENUE_NAMES = ("Binance", "Bybit", "MEXC")


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return the strategy or a blank."""
    return st.one_of(st.none(), strategy)


@st.composite
def venue_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw the terms of three venues, some of which charge or forbid something."""
    rows = []
    for name in VENUE_NAMES:
        rows.append(
            {
                "Venue": name,
                "KYC": draw(st.sampled_from(["yes", "yes", "yes", "spot", "no"])),
                "Withdrawals": draw(st.sampled_from(["yes", "yes", "no"])),
                "SpotFee": draw(st.sampled_from([0.0, 0.001, 0.006])),
                "FuturesFee": draw(st.sampled_from([0.0, 0.0005])),
                "WithdrawalFee": draw(st.sampled_from([0.0, 1.0])),
                "Lot": draw(st.sampled_from([None, 0.01])),
                "MinNotional": draw(st.sampled_from([None, 5.0])),
                "Credit": draw(st.sampled_from([None, 2.0])),
            }
        )
    return rows


@st.composite
def books(
    draw: st.DrawFn,
    venues: bool = True,
    futures: bool = True,
    shares: bool = True,
    lots: bool = True,
    news: bool = True,
) -> MemoryWorkbook:
    """Draw a sound book: targets sum to 1 at most, some are blank or 0, some rows are locked or fall short."""
    count = draw(st.integers(1, 5))
    weights = [draw(st.integers(0, 10)) for _ in range(count + 2)]
    whole = max(sum(weights), 1) / draw(st.sampled_from([1.0, 0.9]))
    where = st.sampled_from([None, *VENUE_NAMES]) if venues else st.none()
    # Money without a venue may be spent anywhere, so a reserve without one would take the place of a transfer.
    home = st.sampled_from(VENUE_NAMES) if venues else st.none()
    rows = []
    for asset, weight in zip(ASSETS, weights[:count], strict=False):
        value = draw(st.integers(0, 10_000)) * draw(st.sampled_from([1.0, 0.37]))
        rows.append(
            spot(
                asset,
                float(value),
                draw(st.sampled_from([weight / whole, weight / whole, weight / whole, None])),
                draw(st.sampled_from([None, 0.0, 0.01, 0.05, 0.1])),
                Price=draw(st.sampled_from([0.5, 10.0, 333.3])),
                Venue=draw(where),
                Priority=draw(st.sampled_from([None, 1, 2, 3])),
                Locked=draw(st.sampled_from([None, None, "yes"])),
                Lot=draw(st.sampled_from([None, 0.1, 1.0])) if lots else None,
                CostBasis=draw(optional(st.integers(0, 10_000).map(float))),
            )
        )
    if draw(st.booleans()):
        money = float(draw(st.integers(1, 5_000)))
        target = draw(st.sampled_from([None, weights[-1] / whole]))
        rows.append(stable(money, target, draw(st.sampled_from([None, 0.05])), Venue=draw(home)))
    if not any(row["Quantity"] for row in rows):
        rows.append(stable(100.0)) if rows[-1]["Asset"] != "USDT" else rows[-1].update(Quantity=100.0)
    contracts = []
    if futures and draw(st.booleans()):
        open_size = draw(st.sampled_from([0.0, 1.5]))
        contracts.append(
            perpetual(
                "ETHUSDT",
                "ETH",
                draw(st.sampled_from(["long", "short"])),
                100.0,
                Venue=draw(where),
                Quantity=open_size,
                EntryPrice=90.0 if open_size else None,
                Margin=40.0 if open_size else None,
                Target=draw(st.sampled_from([None, 0.0, weights[-2] / whole])),
                Priority=draw(st.sampled_from([None, 1, 2])),
                Lot=draw(st.sampled_from([None, 0.01])) if lots else None,
                Leverage=draw(st.sampled_from([1.0, 5.0])),
            )
        )
        if contracts[0]["Side"] == "short" and draw(st.booleans()):
            contracts[0] |= {"HedgeRatio": draw(st.sampled_from([0.0, 0.3, 1.0])), "Target": None}
    events = []
    if news and draw(st.integers(0, 3)) == 0:
        events.append(
            {
                "Scope": draw(st.sampled_from(["BTC", "ETH", "ALL"])),
                "Action": draw(st.sampled_from(["TRIM", "EXIT", "HOLD", "HEDGE", "LONG", "SHORT"])),
                "Start": DAY,
                "Level": draw(st.sampled_from([None, 0.05, 0.5])),
            }
        )
    settings = {
        "EventFunding": draw(st.sampled_from([None, "reserve", "weakest", "none"])) if events else None,
        "TrimTo": draw(st.sampled_from([None, "target", "midpoint", "edge", 0.25])),
        "BandKind": draw(st.sampled_from([None, "absolute", "relative", "5/25"])),
        "BuyScope": draw(st.sampled_from([None, "underweight", "breaching"])),
        "DeployMethod": draw(st.sampled_from([None, "priority", "pro_rata"])),
        "ReserveMin": draw(st.sampled_from([None, 0.05])),
        "ReserveMax": draw(st.sampled_from([None, 0.2])),
        "MinTrade": draw(st.sampled_from([None, 20.0])) if lots else None,
    }
    if shares:
        settings["FuturesShare"] = draw(st.sampled_from([None, None, 0.3]))
        settings["TurnoverCap"] = draw(st.sampled_from([None, None, 0.1]))
    return workbook(rows, contracts, settings, events, venues=draw(venue_rows()) if venues else ())
