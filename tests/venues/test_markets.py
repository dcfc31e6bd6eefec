"""The venues' own lists of markets, read by the real ccxt: contract sizes, ids and kinds as the mappings need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.venues import keys
from rebalance_xl.venues.exchange import load_markets, open_exchange
from rebalance_xl.venues.fetching import Wish, fetch
from tests.venues.books import NOW
from tests.venues.loopback import Answer, Request, Venues, led, secrets_of

_FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "1000000", "tickSize": "0.1"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
]


def _binance(symbol: str, base: str, quote: str, **more: Any) -> dict[str, Any]:
    return {"symbol": symbol, "status": "TRADING", "baseAsset": base, "quoteAsset": quote, "filters": _FILTERS,
            "pricePrecision": 2, "quantityPrecision": 3, "baseAssetPrecision": 8, "quotePrecision": 8,
            "isSpotTradingAllowed": True, "permissions": ["SPOT"], "orderTypes": ["LIMIT"], **more}  # fmt: skip


def _okx(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"instType": kind, "instId": name, "state": "live", "tickSz": "0.1", "lotSz": "1", "minSz": "1",
            "lever": "100", "baseCcy": "", "quoteCcy": "", "settleCcy": "", "ctVal": "", "ctMult": "", "ctValCcy": "",
            "ctType": "",
            "expTime": "", "listTime": "1600000000000", "instFamily": "", "uly": "", "alias": "", **more}  # fmt: skip


def _bybit(name: str, base: str, quote: str, **more: Any) -> dict[str, Any]:
    return {"symbol": name, "baseCoin": base, "quoteCoin": quote, "status": "Trading", "launchTime": "1585526400000",
            "deliveryTime": "0", "deliveryFeeRate": "", "priceScale": "2",
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
            "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
            "lotSizeFilter": {"maxOrderQty": "1190", "minOrderQty": "0.001", "qtyStep": "0.001",
                              "basePrecision": "0.000001", "quotePrecision": "0.00000001", "minOrderAmt": "1"},
            **more}  # fmt: skip


def _contract(pair: str, margin: str, **more: Any) -> dict[str, Any]:
    return {"pair": pair, "marginAsset": margin, "contractType": "PERPETUAL", "contractStatus": "TRADING",
            "deliveryDate": 4133404800000, "onboardDate": 1569398400000, **more}  # fmt: skip


LISTS: dict[str, dict[str, Any]] = {
    "binance": {
        "/api/v3/exchangeInfo": {"symbols": [_binance("BTCUSDT", "BTC", "USDT")]},
        "/fapi/v1/exchangeInfo": {"symbols": [
            _binance("BTCUSDT", "BTC", "USDT", **_contract("BTCUSDT", "USDT")),
            _binance("1000SHIBUSDT", "1000SHIB", "USDT", **_contract("1000SHIBUSDT", "USDT"))]},
        "/dapi/v1/exchangeInfo": {"symbols": [
            _binance("BTCUSD_PERP", "BTC", "USD", **_contract("BTCUSD", "BTC", contractSize=100))]},
    },
    "okx": {
        "SPOT": {"code": "0", "data": [_okx("SPOT", "BTC-USDT", baseCcy="BTC", quoteCcy="USDT")]},
        "SWAP": {"code": "0", "data": [
            _okx("SWAP", "BTC-USDT-SWAP", settleCcy="USDT", ctVal="0.01", ctMult="1", ctValCcy="BTC", ctType="linear",
                 instFamily="BTC-USDT", uly="BTC-USDT"),
            _okx("SWAP", "BTC-USD-SWAP", settleCcy="BTC", ctVal="100", ctMult="1", ctValCcy="USD", ctType="inverse",
                 instFamily="BTC-USD", uly="BTC-USD")]},
        "FUTURES": {"code": "0", "data": []},
        "OPTION": {"code": "0", "data": []},
    },
    "bybit": {
        "spot": [_bybit("BTCUSDT", "BTC", "USDT")],
        "linear": [_bybit("BTCUSDT", "BTC", "USDT", contractType="LinearPerpetual", settleCoin="USDT",
                          fundingInterval=480)],
        "inverse": [_bybit("BTCUSD", "BTC", "USD", contractType="InversePerpetual", settleCoin="BTC",
                           fundingInterval=480,
                           lotSizeFilter={"maxOrderQty": "25000000", "minOrderQty": "1", "qtyStep": "1"})],
        "option": [],
    },
}  # fmt: skip
WANTED = {
    "binance": {"BTC/USDT": ("BTCUSDT", None), "BTC/USDT:USDT": ("BTCUSDT", 1.0), "BTC/USD:BTC": ("BTCUSD_PERP", 100.0),
                "1000SHIB/USDT:USDT": ("1000SHIBUSDT", 1.0)},
    "okx": {"BTC/USDT": ("BTC-USDT", None), "BTC/USDT:USDT": ("BTC-USDT-SWAP", 0.01),
            "BTC/USD:BTC": ("BTC-USD-SWAP", 100.0)},
    "bybit": {"BTC/USDT": ("BTCUSDT", None), "BTC/USDT:USDT": ("BTCUSDT", 1.0), "BTC/USD:BTC": ("BTCUSD", 1.0)},
}  # fmt: skip


def listed(request: Request) -> Answer | None:
    """Answer what asks for a list of markets."""
    lists = LISTS[request.venue]
    if request.venue == "binance" and "exchangeInfo" in request.path:
        return 200, next(body for path, body in lists.items() if request.path.endswith(path)), {}
    if request.venue == "okx" and request.path.endswith("/public/instruments"):
        return 200, lists[request.query["instType"]], {}
    if request.venue == "bybit" and request.path.endswith("/instruments-info"):
        rows = lists[request.query["category"]]
        result = {"category": request.query["category"], "list": rows, "nextPageCursor": ""}
        return 200, {"retCode": 0, "retMsg": "OK", "result": result, "time": 1}, {}
    if request.path.endswith("/time"):
        result = {"timeSecond": "1", "timeNano": "1"}
        return 200, {"serverTime": 1, "retCode": 0, "result": result, "time": 1, "code": "0", "data": [{"ts": "1"}]}, {}
    return None


@pytest.mark.parametrize("venue", list(LISTS))
def test_markets_come_from_the_venues_own_lists(venue: str, server: Venues, tmp_path: Path) -> None:
    """The exchange is opened as a user's is; ids and contract sizes are right, also from the disk the next time."""
    server.rules.append(listed)
    lists = []
    for _ in (1, 2):
        exchange = open_exchange(venue, keys.Secrets(venue))
        exchange.urls["api"] = led(exchange.urls["api"], f"{server.base}/{venue}")
        load_markets(exchange, tmp_path)
        for symbol, (name, size) in WANTED[venue].items():
            market = exchange.markets[symbol]
            assert (market["id"], market["contractSize"]) == (name, size)
        assert exchange.markets["BTC/USD:BTC"]["inverse"] is True
        lists.append(sum("exchangeInfo" in each.path or "instruments" in each.path for each in server.seen))
    assert lists[0] == lists[1] <= 6


def test_positions_are_right_with_markets_from_the_list(server: Venues, tmp_path: Path) -> None:
    """OKX's own list gives 0.01 BTC a contract: 20 contracts are 0.2 BTC, and the tiers know their family."""
    server.rules.append(listed)

    def make(code: str, secrets: keys.Secrets) -> Any:
        exchange = open_exchange(code, secrets)
        exchange.options["adjustForTimeDifference"] = False
        exchange.urls["api"] = led(exchange.urls["api"], f"{server.base}/{code}")
        return exchange

    kinds = frozenset(("positions", "tiers"))
    reply = fetch(Wish("okx", "okx", kinds), NOW, secrets_of("okx"), make, tmp_path)
    long = next(row for row in reply.found.rows if row.table == "Futures" and row.key["Side"] == "long")
    assert long.values["Quantity"] == 0.2
    assert any(row.table == "MarginTiers" and row.values["Unit"] == "contracts(0.01 BTC)" for row in reply.found.rows)
