"""Formulas per venue with what they must give: the same table for the functions, the fixtures and every host.

An expected number is either published (the note names the vector or page) or written out here as plain arithmetic
from the venue's published rule; none comes from this project's own code. A text is the word or error of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A formula of constants, its value, how far the published value was rounded, and where it comes from."""

    formula: str
    expected: float | str
    tolerance: float = 0.0
    note: str = ""


BINANCE = (
    Case(
        '=CROSS_LIQUIDATION_PRICE("long",109.488,32481.98,1535443.01,{1000000,5000000,"",0.025,16300},356512.508122,'
        '-448192.885139999,"linear","binance")',
        26316.89,
        0.005,
        "BN-X-2, Binance FAQ b3c689c1",
    ),
    Case(
        '=CROSS_LIQUIDATION_PRICE("short",10,6563.86,6570.42511770999,{50000,250000,"",0.005,50},0,0,,"binance")',
        7189.95,
        0.01,
        "BN-API-2, position sample",
    ),
    Case(
        '=CROSS_LIQUIDATION_PRICE("long",200,37643.10000021,0.00268058,0.004,0,0,"inverse","binance")',
        25119.9744576,
        2e-8,
        "BN-CM-1, COIN-M position sample",
    ),
    Case(
        '=CROSS_LIQUIDATION_PRICE("long",10,100000,6666.66666666666,"binance:BTCUSDT",,,,"binance")',
        99832.24291226304,
        1e-6,
        "E13: 1,000,000 notional lies in tier 3",
    ),
    Case('=LIQUIDATION_PRICE("long",10,100000,150,"binance:BTCUSDT",,"binance")', "#NUM!", 0, "E13: above 75x"),
    Case(
        '=LIQUIDATION_PRICE("short",1,50000,10,"binance:BTCUSDT",,"binance")',
        (50_000 + 5_000) / 1.004,
        0,
        "tier 1: (E + E/L) / (1 + r)",
    ),
    Case('=LIQUIDATION_PRICE("long",1,50000,1,"binance:BTCUSDT",,"binance")', "NEVER", 0, "E01"),
    Case('=MAX_LEVERAGE(1000000,"binance:BTCUSDT")', 75.0, 0, "tier 3 of 2026-09-29"),
    Case('=MAINTENANCE_MARGIN(1000000,"binance:BTCUSDT")', 1_000_000 * 0.0065 - 1_500, 0, "tier 3 of 2026-09-29"),
    Case("=MAINTENANCE_MARGIN(0.4,{0,5,125,0.004,0})", 0.0016, 1e-12, "BN-CM-MM, COIN-M FAQ"),
    Case("=BASIS(62059.8193617,62046.6)", -13.2193617, 1e-8, "BA-5"),
    Case("=BASIS_RATE(29269.93972727,29341.3)", 0.0024, 5e-5, "BA-2"),
    Case('=FUNDING_PAYMENT("short",20,0.0001)', 0.002, 1e-12, "FU-1"),
    Case('=FUTURES_PNL("short",6.645,221.23,221.47)', -1.5948, 1e-9, "PNL-9"),
    Case(
        "=HEDGED_LIQUIDATION_PRICE(2,50000,1,50000,10000,0.01)",
        (10_000 - 2 * 50_000 + 50_000) / (2 * 0.01 + 1 * 0.01 - 2 + 1),
        0,
        "Binance's hedge-mode formula (estimate)",
    ),
)

BYBIT = (
    Case(
        '=LIQUIDATION_PRICE("long",1,40000,50,0.005,"linear","bybit",3000,0.00055)',
        36380.25,
        0.005,
        "BY-NEW-1, Bybit help",
    ),
    Case('=LIQUIDATION_PRICE("short",10,100,10,0,"linear","bybit")', 110.0, 1e-9, "BY-NEW-T2"),
    Case('=LIQUIDATION_PRICE("short",10,100,10,0,"linear","bybit",50)', 115.0, 1e-9, "BY-NEW-T4"),
    Case('=LIQUIDATION_PRICE("short",60000,50000,1,0.005,"inverse","bybit")', "NEVER", 0, "E25"),
    Case(
        '=LIQUIDATION_PRICE("long",10000,2000,25,0.005,"inverse","bybit")',
        10_000 * 1.005 / (10_000 / 2_000 * (1 + 1 / 25)),
        0,
        "Q (1 + r) / (Q/E (1 + 1/L))",
    ),
    Case('=LIQUIDATION_PRICE("long",1,50000,10,"bybit:BTCUSD",,"bybit")', "#VALUE!", 0, "an inverse table"),
    Case('=BANKRUPTCY_PRICE("short",60000,50)', 61200.0, 1e-9, "BY-BUST-3"),
    Case(
        '=MAINTENANCE_MARGIN(500000,{0,200000,"",0.005,0;200000,1000000,"",0.01,1000;1000000,"","",0.025,16000})',
        4000.0,
        1e-9,
        "BY-MM-2",
    ),
    Case('=MAINTENANCE_MARGIN(2000000,"bybit:BTCUSDT")', 10_000.0, 0, "the end of tier 1 of 2026-08-05"),
    Case('=MAX_LEVERAGE(2000001,"bybit:BTCUSDT")', 90.0, 0, "tier 2 of 2026-08-05"),
    Case("=INITIAL_MARGIN(50000,10)", 5000.0, 0, "BY-OC-1 without its fees"),
    Case('=FUTURES_PNL("long",1000,1000,1250,"inverse")', 0.2, 1e-12, "PNL-3"),
    Case("=FUNDING_APR(0.0001,4)", 0.219, 1e-9, "AF-2"),
)

BINGX = (
    Case("=INITIAL_MARGIN(8.353,6)", 1.3922, 5e-5, "BX-3, LTC-USDT position sample"),
    Case(
        '=LIQUIDATION_PRICE("long",10,3000,10,"bingx:ETH-USDT",,"bingx",0,0.0005)',
        (30_000 - 3_000) / (10 * (1 - 0.0033 - 0.0005)),
        0,
        "maintenance plus taker fee (estimate)",
    ),
    Case(
        '=LIQUIDATION_PRICE("short",10,3000,10,"bingx:ETH-USDT",,"bingx",0,0.0005)',
        (30_000 + 3_000) / (10 * (1 + 0.0033 + 0.0005)),
        0,
        "maintenance plus taker fee (estimate)",
    ),
    Case(
        '=LIQUIDATION_PRICE("long",300000,50000,10,"bingx:BTC-USD","inverse","bingx",0,0.0005)',
        300_000 * (1 + 0.005 + 0.0005) / (6 + 0.6),
        0,
        "coin-M tiers in dollars: tier 2 at every price (estimate)",
    ),
    Case('=MAINTENANCE_MARGIN(300000,"bingx:BTC-USD")', 1500.0, 0, "tier 2 of 2024"),
    Case('=MAX_LEVERAGE(300000,"bingx:BTC-USD")', 67.0, 0, "tier 2 of 2024"),
    Case('=MAX_LEVERAGE(300000,"bingx:ETH-USDT")', "#N/A", 0, "its interface states no leverage"),
    Case('=MAINTENANCE_MARGIN(1000000,"bingx:ETH-USDT")', 1_000_000 * 0.0056 - 2_070, 0, "tier 2 of 2026-01-07"),
    Case('=RETURN_ON_MARGIN("long",3000,3300,10)', 1.0, 1e-12, "10 % at 10x"),
)

OKX = (
    Case(
        '=CROSS_LIQUIDATION_PRICE("short",1,10,2,0.01,0,0,"linear","okx",0.0006)',
        11.87413417771621,
        1e-6,
        "OKX-FT-1 (estimate)",
    ),
    Case(
        '=CROSS_LIQUIDATION_PRICE("short",1,8,1.6,0.01,0,0,"linear","okx",0.0006)',
        9.499307342172967,
        1e-6,
        "OKX-FT-4 (estimate)",
    ),
    Case(
        '=CROSS_LIQUIDATION_PRICE("long",1,10,3.33333333333333,0.01,0,0,"linear","okx",0.0006)',
        6.738090425173506,
        1e-6,
        "OKX-FT-7 (estimate)",
    ),
    Case(
        '=LIQUIDATION_PRICE("long",30,50000,20,"okx:BTC-USDT-SWAP",,"okx",0,0.0005)',
        (1_500_000 - 75_000) / (30 * (1 - 0.005 - 0.0005)),
        0,
        "3,000 contracts of 0.01 BTC: tier 2 (estimate)",
    ),
    Case('=LIQUIDATION_PRICE("long",30,50000,80,"okx:BTC-USDT-SWAP",,"okx")', "#NUM!", 0, "above 66.66x"),
    Case('=MAX_LEVERAGE(1500000,"okx:BTC-USDT-SWAP")', "#VALUE!", 0, "contracts, not money"),
    Case(
        '=LIQUIDATION_PRICE("short",60000,50000,10,"okx:BTC-USD-FUTURES","inverse","okx",0,0.0005)',
        60_000 * (1 - 0.005 - 0.0005) / (1.2 - 0.12),
        0,
        "600 contracts of 100 dollars: tier 2 (estimate)",
    ),
    Case(
        '=RETURN_ON_MARGIN("short",1.2462,1.2567,10)',
        -40 * (1.2567 - 1.2462) / (40 * 1.2462 / 10),
        0,
        "OK-2 before its fees",
    ),
)

MEXC = (
    Case('=LIQUIDATION_PRICE("long",0.1,50000,25,0.004,"linear","mexc")', 48200.0, 1e-6, "MX-1, MEXC blog (estimate)"),
    Case(
        '=LIQUIDATION_PRICE("short",0.1,50000,25,0.004,"linear","mexc")',
        (5_000 - (20 - 200)) / 0.1,
        0,
        "(E q + s (MM - PM)) / q (estimate)",
    ),
    Case(
        '=LIQUIDATION_PRICE("long",0.1,50000,25,0.004,"linear","mexc",100,0.0006)',
        (5_000 + (20 + 3 - 300)) / 0.1,
        0,
        "added margin, and the liquidation fee on the entry value (estimate)",
    ),
    Case('=LIQUIDATION_PRICE("long",0.1,50000,0.9,0.004,"linear","mexc")', "NEVER"),
    Case(
        '=CROSS_LIQUIDATION_PRICE("long",0.1,50000,1000,0.004,0,0,"linear","mexc")',
        (5_000 + (20 - 1_000)) / 0.1,
        0,
        "the same with the cross wallet (estimate)",
    ),
    Case('=LIQUIDATION_PRICE("long",0.1,50000,25,"mexc:NOSUCHUSDT",,"mexc")', "#N/A", 0, "no table ships"),
    Case('=BANKRUPTCY_PRICE("long",50000,25)', 48000.0, 1e-9),
    Case("=LIQUIDATION_DISTANCE(48200,50000)", 0.036, 1e-12),
)

WEEX = (
    Case(
        '=CROSS_LIQUIDATION_PRICE("short",0.5,98000,1400,{0,50000,"",0.005;50000,100000,"",0.01},0,0,"linear","weex")',
        100000.0,
        1e-9,
        "E20: the boundary (estimate)",
    ),
    Case(
        '=LIQUIDATION_PRICE("long",10,4000,10,"weex:PAXGUSDT",,"weex")',
        4_000 - (4_000 - 0.005 * 40_000) / (10 * (1 - 0.005)),
        0,
        "mark - (equity - maintenance) / (net (1 - r)) (estimate)",
    ),
    Case(
        '=LIQUIDATION_PRICE("short",10,4000,10,"weex:PAXGUSDT",,"weex")',
        4_000 + (4_000 - 0.005 * 40_000) / (10 * (1 + 0.005)),
        0,
        "mark + (equity - maintenance) / (net (1 + r)) (estimate)",
    ),
    Case("=INITIAL_MARGIN(17.79,20)", 0.8895, 1e-12, "WX-2"),
    Case('=MAINTENANCE_MARGIN(60000,"weex:PAXGUSDT")', 600.0, 0, "no amounts: the whole notional at 1 %"),
    Case('=MAX_LEVERAGE(60000,"weex:XAUTUSDT")', 100.0, 0, "tier 2 of 2026-03-04"),
    Case('=MAINTENANCE_MARGIN(100,"weex:TRBUSDT")', "#N/A", 0, "contract size not published"),
    Case('=LIQUIDATION_PRICE("long",10,4000,200,"weex:PAXGUSDT",,"weex")', "#NUM!", 0, "above 100x"),
)

GENERIC = (
    Case('=CROSS_LIQUIDATION_PRICE("short",1,50000,50000,0.004)', 99601.593625498, 1e-9, "E03"),
    Case('=CROSS_LIQUIDATION_PRICE("long",1,50000,60000,0.004)', "NEVER", 0, "E02"),
    Case('=CROSS_LIQUIDATION_PRICE("long",10000,50000,0.2,0.004,0,0,"inverse")', 25100.0, 1e-9, "E06"),
    Case('=CROSS_LIQUIDATION_PRICE("long",1,50000,-1000,0.004)', 51204.819277108436, 1e-9, "E07"),
    Case('=CROSS_LIQUIDATION_PRICE("short",1,50000,-1000,0.004)', 48804.78087649403, 1e-9, "E08"),
    Case('=CROSS_LIQUIDATION_PRICE("long",0,50000,100,0.004)', "#N/A", 0, "E09"),
    Case('=BREAKEVEN_PRICE("long",50000,0.0005,0.0005,"inverse")', 50050.02501250625, 1e-9, "E28"),
    Case("=FUNDING_APR(0.0001,8,TRUE)", 0.11571396279167323, 1e-12, "E29"),
    Case("=ANNUALIZED_BASIS(100,102,90)", 0.08111111111111118, 1e-12, "E30"),
    Case("=ANNUALIZED_BASIS(100,102,90,TRUE)", 0.08362364865431271, 1e-12, "E30"),
    Case('=AVERAGE_ENTRY({10;10},{10;20},"inverse")', 13.333333333333334, 1e-9, "OB-AE3"),
    Case('=FUNDING_COST("long",20000,0.0001,1)', 6.0, 1e-9, "FU-10 as a cost"),
    Case("=CALENDAR_SPREAD(102,105,30,120)", (105 / 102 - 1) * 365 / 90),
    Case("=BASIS_ZSCORE(0.05,{0.01;0.02;0.03})", 3.0, 1e-9),
    Case("=SPREAD_SIGNAL(0.05,{0.01;0.02;0.03})", "SELL_NEAR_BUY_FAR"),
    Case("=MARGIN_NOTIONAL(600,10)", 6000.0, 0, "600 at 10x control 6,000"),
    Case("=HEDGED_LIQUIDATION_PRICE(1,50000,1,50000,1000,0.005)", 100000.0, 1e-9, "1,000 = 2 x 0.005 x price"),
)

#: Every venue's formulas, by the name of its fixture workbook.
VENUE_CASES: dict[str, tuple[Case, ...]] = {
    "binance": BINANCE,
    "bybit": BYBIT,
    "bingx": BINGX,
    "okx": OKX,
    "mexc": MEXC,
    "weex": WEEX,
    "generic": GENERIC,
}
