"""A book's accounts: who lives together, what the plan shows of them, and what makes figures estimates."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rebalance_xl.book.account_figures import account_figures
from rebalance_xl.book.accounts import book_accounts
from rebalance_xl.book.futures import Tiers, figures_of
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.functions import FUNCTIONS
from tests.book.books import DAY

FUTURES = [
    "Symbol",
    "Asset",
    "Venue",
    "Account",
    "Side",
    "Contract",
    "MarginMode",
    "Quantity",
    "EntryPrice",
    "MarkPrice",
    "Leverage",
    "Margin",
    "MarginCoin",
]
WALLETS = ["Account", "Venue", "Coin", "Balance", "Price", "Ratio", "Loan", "LoanRate", "Equity", "Maintenance"]
PORTFOLIO = [["Asset", "Kind", "Quantity", "Price"], ["BTC", "spot", 1.0, 60_000.0], ["USDT", "stable", 1_000.0, 1.0]]


def position(symbol: str, side: str = "long", quantity: float = 1.0, **more: Any) -> dict[str, Any]:
    """Return a cross position at binance, BTC at 60,000 and ETH at 3,000."""
    asset = symbol[:3]
    price = 60_000.0 if asset == "BTC" else 3_000.0
    return {
        "Symbol": symbol,
        "Asset": asset,
        "Venue": "binance",
        "Side": side,
        "MarginMode": "cross",
        "Quantity": quantity,
        "EntryPrice": price,
        "MarkPrice": price,
        "Leverage": 10.0,
    } | more


def book(
    futures: list[dict[str, Any]],
    wallets: list[dict[str, Any]] | None = None,
    venues: list[dict[str, Any]] | None = None,
    tiers: list[list[Any]] | None = None,
    collateral: list[list[Any]] | None = None,
) -> Book:
    """Return a book of these tables, made for 30 September 2026."""
    tables: dict[str, Any] = {
        "Portfolio": PORTFOLIO,
        "Futures": [FUTURES, *[[row.get(name) for name in FUTURES] for row in futures]],
    }
    if wallets is not None:
        tables["Wallets"] = [WALLETS, *[[row.get(name) for name in WALLETS] for row in wallets]]
    if venues is not None:
        names = ["Venue", "AccountMode", "Trigger", "FuturesFee"]
        tables["Venues"] = [names, *[[row.get(name) for name in names] for row in venues]]
    if tiers is not None:
        tables["MarginTiers"] = [["Venue", "Symbol", "Floor", "Cap", "Rate", "Amount", "AsOf"], *tiers]
    if collateral is not None:
        tables["CollateralTiers"] = [["Venue", "Coin", "From", "To", "Ratio"], *collateral]
    return read_book(MemoryWorkbook(tables), as_of=DAY)


TIERS = [
    ["binance", "BTCUSDT", 0, None, 0.005, 0, 46_290],
    ["binance", "ETHUSDT", 0, None, 0.01, 0, 46_290],
    ["binance", "BTCUSDC", 0, None, 0.005, 0, 46_290],
]


def prices(found: Book) -> dict[str, float | None]:
    tiers = Tiers.of(found)
    return {each.symbol: figures_of(found, tiers, each, 1.0).liquidation_price for each in found.positions}


def test_margin_coins_are_wallets_of_their_own() -> None:
    """A BTCUSDC long with 3,000 of margin has 4.5 % of room, whatever lies in USDT beside it."""
    usdc = position("BTCUSDC", Margin=3_000.0)
    found = book([usdc, position("ETHUSDT", quantity=1.0, Margin=25_000.0)], tiers=TIERS)
    price = prices(found)["BTCUSDC"]
    assert price == pytest.approx((60_000 - 3_000) / 0.995)
    assert 1.0 - price / 60_000.0 == pytest.approx(0.045, abs=5e-4)


def test_cross_positions_of_one_coin_share() -> None:
    """The reference's two longs on 5,000 USDT, as margins of the rows or as a row of Wallets."""
    futures = [position("BTCUSDT", quantity=0.5, Margin=3_000.0), position("ETHUSDT", quantity=10.0, Margin=2_000.0)]
    margins = prices(book(futures, tiers=TIERS))
    wallet = prices(book(futures, wallets=[{"Venue": "binance", "Coin": "USDT", "Balance": 5_000.0}], tiers=TIERS))
    assert margins == wallet
    assert margins["BTCUSDT"] == pytest.approx(50_854.27, abs=0.005)
    assert margins["ETHUSDT"] == pytest.approx(2_540.40, abs=0.005)


def test_accounts_at_one_venue_are_apart() -> None:
    """Positions of another account neither help nor harm."""
    main = position("BTCUSDT", quantity=0.5, Margin=5_000.0)
    other = position("ETHUSDT", side="short", quantity=100.0, Margin=1.0, Account="sub")
    together, apart = prices(book([main], tiers=TIERS)), prices(book([main, other], tiers=TIERS))
    assert together["BTCUSDT"] == apart["BTCUSDT"]


MULTI = [{"Venue": "binance", "AccountMode": "multi"}]


def test_multi_asset_account() -> None:
    """0.4 BTC at 95 % and 8,000 USDT carry a long of 1.5 BTCUSDT; the ratio may be a table's."""
    wallets = [
        {"Venue": "binance", "Coin": "BTC", "Balance": 0.4, "Ratio": 0.95},
        {"Venue": "binance", "Coin": "USDT", "Balance": 8_000.0, "Ratio": 1.0},
    ]
    futures = [position("BTCUSDT", quantity=1.5)]
    found = book(futures, wallets, MULTI, TIERS)
    assert prices(found)["BTCUSDT"] == pytest.approx(39_664.99, abs=0.005)
    (figures,) = account_figures(found, Tiers.of(found).tables)
    assert (figures.equity, figures.requirement, figures.free) == pytest.approx((30_800.0, 450.0, 30_350.0))
    assert figures.fall == pytest.approx(-0.270, abs=5e-4)
    assert figures.estimate == ""
    wallets[0]["Ratio"] = "bybit"
    named = book(futures, wallets, MULTI, TIERS, [["bybit", "BTC", 0, 0.2, 0.95], ["bybit", "BTC", 0.2, None, 0.95]])
    assert prices(named)["BTCUSDT"] == pytest.approx(39_664.99, abs=0.005)


def test_a_coin_without_ratio_is_no_collateral_and_said() -> None:
    """The whole account is an estimate then, naming the coin."""
    wallets = [
        {"Venue": "binance", "Coin": "BTC", "Balance": 0.4},
        {"Venue": "binance", "Coin": "USDT", "Balance": 8_000.0, "Ratio": 1.0},
    ]
    found = book([position("BTCUSDT", quantity=1.5)], wallets, MULTI, TIERS)
    (figures,) = account_figures(found, Tiers.of(found).tables)
    assert figures.equity == pytest.approx(8_000.0)
    assert figures.estimate == "estimate: BTC has no collateral ratio and counts 0"


def test_a_neighbour_without_tiers_makes_estimates() -> None:
    """Half its initial margin is counted, and every price of the account says so."""
    stranger = position("ETHUSDT", quantity=10.0, Margin=2_000.0, Symbol="NOSUCHUSDT", Leverage=5.0)
    found = book([position("BTCUSDT", quantity=0.5, Margin=3_000.0), stranger], tiers=TIERS)
    tiers = Tiers.of(found)
    figures = figures_of(found, tiers, found.positions[0], 1.0)
    assert figures.estimate == "estimate: the tiers of NOSUCHUSDT are not known, half its initial margin is counted"
    assert figures.liquidation_price == pytest.approx((30_000 - 5_000 + 0.1 * 30_000) / (0.5 * 0.995))
    assert figures_of(found, tiers, found.positions[1], 1.0).liquidation_price is None


def test_a_hedge_is_liquidated_as_one() -> None:
    """Both legs of a symbol move together: the nearer of fall and rise, as HEDGED_LIQUIDATION_PRICE says."""
    legs = [
        position("BTCUSDT", quantity=1.0, Margin=5_000.0),
        position("BTCUSDT", side="short", quantity=0.4, Margin=3_000.0),
    ]
    found = book(legs, tiers=TIERS)
    wanted = FUNCTIONS["HEDGED_LIQUIDATION_PRICE"].call(1.0, 60_000.0, 0.4, 60_000.0, 8_000.0, 0.005)
    figures = [figures_of(found, Tiers.of(found), each, 1.0) for each in found.positions]
    assert [each.liquidation_price for each in figures] == pytest.approx([wanted, wanted])
    assert all("hedge mode" in each.estimate for each in figures)


def test_given_accounts_show_the_venues_figures() -> None:
    """Of a portfolio-margin account the ratio is that of the entered equity and requirement; no price is made up."""
    wallets = [{"Venue": "binance", "Coin": "USDT", "Equity": 1_000.0, "Maintenance": 50.0}]
    found = book([position("BTCUSDT", Margin=100.0)], wallets, [{"Venue": "binance", "AccountMode": "given"}], TIERS)
    (figures,) = account_figures(found, Tiers.of(found).tables)
    assert (figures.ratio, figures.free, figures.fall) == (0.05, 950.0, None)
    assert prices(found)["BTCUSDT"] is None


def test_old_tiers_are_told_with_their_age() -> None:
    """A price whose tiers are older than 90 days says how old they are."""
    old = [[*row[:-1], 46_000] for row in TIERS]
    found = book([position("BTCUSDT", Margin=3_000.0)], tiers=old)
    figures = figures_of(found, Tiers.of(found), found.positions[0], 1.0)
    assert figures.estimate == "estimate: its tiers are of 2025-12-09, 295 days old"


def test_coin_margined_pools_are_figured_in_money() -> None:
    """A COIN-M wallet counts in its coin and is shown in the book's currency."""
    inverse = position("BTCUSD_PERP", quantity=30_000.0, Contract="inverse", Margin=0.1)
    tiers = [["binance", "BTCUSD_PERP", 0, None, 0.005, 0, 46_290]]
    found = book([inverse], [{"Venue": "binance", "Coin": "BTC", "Balance": 0.1}], tiers=tiers)
    (figures,) = account_figures(found, Tiers.of(found).tables)
    assert (figures.pool, figures.equity, figures.ratio) == ("BTC", pytest.approx(6_000.0), pytest.approx(0.025))
    assert figures.fall == pytest.approx(-0.1625)
    assert figures.rise == math.inf
    assert prices(found)["BTCUSD_PERP"] == pytest.approx(50_250.0)


def test_names_of_accounts() -> None:
    """An account is named by its own name, else by its venue."""
    found = book([position("BTCUSDT"), position("ETHUSDT", Account="sub")], tiers=TIERS)
    assert [each.name for each in book_accounts(found, Tiers.of(found).tables)] == ["binance", "sub"]


def test_accounts_near_liquidation_are_warned_of() -> None:
    """Two longs that each have 15 % of room fall together at 7.6 %, which the plan says; a wide account is quiet."""
    futures = [position("BTCUSDT", quantity=0.5, Margin=3_000.0), position("ETHUSDT", quantity=10.0, Margin=2_000.0)]
    said = make_plan(book(futures, tiers=TIERS)).warnings
    assert "a fall of the whole market by 7.64% liquidates the account binance USDT" in said
    wide = make_plan(book([row | {"Margin": 30_000.0} for row in futures], tiers=TIERS)).warnings
    assert not any("whole market" in text for text in wide)
    dead = make_plan(book([row | {"Margin": 100.0} for row in futures], tiers=TIERS)).warnings
    assert any(text.startswith("the account binance USDT is liquidatable: it holds 200.00 of 450.00") for text in dead)
