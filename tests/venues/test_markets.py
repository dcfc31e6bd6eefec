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


def _weex(name: str, base: str, **more: Any) -> dict[str, Any]:
    return {"symbol": name, "baseAsset": base, "quoteAsset": "USDT", "baseAssetPrecision": "8", **more}


_WEEX_SPOT: dict[str, Any] = {
    "status": "TRADING", "quoteAssetPrecision": "8", "tickSize": "0.01", "stepSize": "0.00001",
    "minTradeAmount": "0.0001", "maxTradeAmount": "9999", "takerFeeRate": "0.001", "makerFeeRate": "0.001",
    "enableTrade": True, "enableDisplay": True,
}  # fmt: skip
_WEEX_SWAP: dict[str, Any] = {
    "marginAsset": "USDT", "pricePrecision": "2", "quantityPrecision": "3", "quotePrecision": "8",
    "contractVal": "0.001", "delivery": ["00:00:00", "08:00:00", "16:00:00"], "forwardContractFlag": True,
    "minLeverage": "1", "maxLeverage": "200", "makerFeeRate": "0.0002", "takerFeeRate": "0.0008",
    "minOrderSize": "0.001", "maxOrderSize": "9999",
}  # fmt: skip


def _bingx_spot(name: str) -> dict[str, Any]:
    return {"symbol": name, "minQty": 0.0001, "maxQty": 100, "minNotional": 5, "maxNotional": 20000, "status": 1,
            "tickSize": 0.01, "stepSize": 0.0001, "apiStateSell": True, "apiStateBuy": True, "timeOnline": 0,
            "offTime": 0, "maintainTime": 0}  # fmt: skip


def _bingx_swap(name: str) -> dict[str, Any]:
    coin, money = name.split("-")
    return {"contractId": "100", "symbol": name, "size": "0.0001", "quantityPrecision": "4", "pricePrecision": "1",
            "feeRate": "0.0005", "makerFeeRate": "0.0002", "takerFeeRate": "0.0005", "tradeMinLimit": "0",
            "tradeMinQuantity": "0.0001", "tradeMinUSDT": "2", "maxLongLeverage": "125", "maxShortLeverage": "125",
            "currency": money, "asset": coin, "status": "1", "apiStateOpen": "true",
            "apiStateClose": "true"}  # fmt: skip


def _mexc_spot(name: str, coin: str) -> dict[str, Any]:
    return {"symbol": name, "status": "1", "baseAsset": coin, "baseAssetPrecision": "6", "quoteAsset": "USDT",
            "quoteAssetPrecision": "2", "orderTypes": ["LIMIT"], "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False, "permissions": ["SPOT"], "filters": [], "baseSizePrecision": "0.000001",
            "maxQuoteAmount": "2000000", "makerCommission": "0", "takerCommission": "0.0005",
            "quoteAmountPrecision": "1", "quotePrecision": "2"}  # fmt: skip


def _mexc_swap(coin: str, money: str, settle: str, size: float) -> dict[str, Any]:
    return {"symbol": f"{coin}_{money}", "baseCoin": coin, "quoteCoin": money, "settleCoin": settle, "state": 0,
            "contractSize": size, "minLeverage": 1, "maxLeverage": 500, "priceUnit": 0.1, "volUnit": 1, "minVol": 1,
            "maxVol": 1000000, "takerFeeRate": 0.0002, "makerFeeRate": 0, "maintenanceMarginRate": 0.001,
            "riskBaseVol": 1000000, "riskIncrVol": 1000000, "riskIncrMmr": 0.001, "isHidden": False}  # fmt: skip


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
        "FUTURES": {"code": "0", "data": [
            _okx("FUTURES", "BTC-USDT-261225", settleCcy="USDT", ctVal="0.01", ctMult="1", ctValCcy="BTC",
                 ctType="linear", instFamily="BTC-USDT", uly="BTC-USDT", expTime="1798185600000")]},
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
    "bingx": {
        "/common/symbols": {"code": 0, "msg": "", "data": {
            "symbols": [_bingx_spot("BTC-USDT"), _bingx_spot("ETH-USDT")]}},
        "/quote/contracts": {"code": 0, "msg": "", "data": [_bingx_swap("BTC-USDT"), _bingx_swap("ETH-USDT")]},
        "/market/contracts": {"code": 0, "msg": "", "data": [
            {"symbol": "BTC-USD", "pricePrecision": 1, "minTickSize": "100", "minTradeValue": "100", "minQty": "1",
             "status": 1, "timeOnline": 1713175200000},
            {"symbol": "SOL-USD", "pricePrecision": 3, "minTickSize": "10", "minTradeValue": "10", "minQty": "1",
             "status": 1, "timeOnline": 1713175200000}]},
    },
    "weex": {
        "/api/v3/exchangeInfo": {"symbols": [_weex("BTCUSDT", "BTC", **_WEEX_SPOT)]},
        "/market/exchangeInfo": {"symbols": [
            _weex("BTCUSDT", "BTC", **{**_WEEX_SWAP, "contractVal": "0.0001"}),
            _weex("ETHUSDT", "ETH", **_WEEX_SWAP)]},
    },
    "mexc": {
        "/exchangeInfo": {"timezone": "CST", "serverTime": 1, "symbols": [_mexc_spot("BTCUSDT", "BTC")]},
        "/contract/detail": {"success": True, "code": 0, "data": [
            _mexc_swap("BTC", "USDT", "USDT", 0.0001), _mexc_swap("BTC", "USD", "BTC", 100)]},
    },
}  # fmt: skip
WANTED = {
    "binance": {"BTC/USDT": ("BTCUSDT", None), "BTC/USDT:USDT": ("BTCUSDT", 1.0), "BTC/USD:BTC": ("BTCUSD_PERP", 100.0),
                "1000SHIB/USDT:USDT": ("1000SHIBUSDT", 1.0)},
    "okx": {"BTC/USDT": ("BTC-USDT", None), "BTC/USDT:USDT": ("BTC-USDT-SWAP", 0.01),
            "BTC/USD:BTC": ("BTC-USD-SWAP", 100.0)},
    "bybit": {"BTC/USDT": ("BTCUSDT", None), "BTC/USDT:USDT": ("BTCUSDT", 1.0), "BTC/USD:BTC": ("BTCUSD", 1.0)},
    "bingx": {"BTC/USDT": ("BTC-USDT", None), "BTC/USDT:USDT": ("BTC-USDT", 1.0), "BTC/USD:BTC": ("BTC-USD", 100.0),
              "SOL/USD:SOL": ("SOL-USD", 10.0)},
    "weex": {"BTC/USDT": ("BTCUSDT", None), "BTC/USDT:USDT": ("BTCUSDT", 0.0001), "ETH/USDT:USDT": ("ETHUSDT", 0.001)},
    "mexc": {"BTC/USDT": ("BTCUSDT", None), "BTC/USDT:USDT": ("BTC_USDT", 0.0001), "BTC/USD:BTC": ("BTC_USD", 100.0)},
}  # fmt: skip
#: Quantities of the open positions, by contract and side, with these lists.
HELD = {
    "binance": {("BTCUSDT", "long"): 0.15, ("BTCUSDT", "short"): 0.05, ("1000SHIBUSDT", "short"): 1000.0,
                ("BTCUSD_PERP", "short"): 2000.0},
    "bybit": {("BTCUSDT", "long"): 0.1, ("BTCUSD", "short"): 3000.0},
    "okx": {("BTC-USDT-SWAP", "long"): 0.2, ("BTC-USD-SWAP", "short"): 500.0, ("BTC-USDT-261225", "short"): 0.1},
    "bingx": {("ETH-USDT", "short"): 1.0, ("SOL-USD", "long"): 120.0},
    "weex": {("ETHUSDT", "long"): 0.6},
    "mexc": {("BTC_USDT", "long"): 0.01},
}  # fmt: skip


def listed(request: Request) -> Answer | None:
    """Answer what asks for a list of markets."""
    lists = LISTS[request.venue]
    if request.venue in ("binance", "bingx", "weex", "mexc"):
        ready = next((body for path, body in lists.items() if request.path.endswith(path)), None)
        if ready is not None:
            return 200, ready, {}
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
        if "BTC/USD:BTC" in WANTED[venue]:
            assert exchange.markets["BTC/USD:BTC"]["inverse"] is True
        words = ("exchangeInfo", "instruments", "symbols", "contracts", "detail")
        lists.append(sum(any(word in each.path for word in words) for each in server.seen))
    assert 1 <= lists[0] == lists[1] <= 6


@pytest.mark.parametrize("venue", list(LISTS))
def test_positions_are_right_with_markets_from_the_list(venue: str, server: Venues, tmp_path: Path) -> None:
    """With the venue's own lists the sizes of all positions are in units: 20 contracts of OKX are 0.2 BTC."""
    server.rules.append(listed)

    def make(code: str, secrets: keys.Secrets) -> Any:
        exchange = open_exchange(code, secrets)
        exchange.options["adjustForTimeDifference"] = False
        exchange.urls["api"] = led(exchange.urls["api"], f"{server.base}/{code}")
        return exchange

    kinds = frozenset(("positions", "tiers") if venue == "okx" else ("positions",))
    reply = fetch(Wish(venue, venue, kinds), NOW, secrets_of(venue), make, tmp_path)
    assert [fault.line for fault in reply.faults] == []
    rows = {(row.key["Symbol"], row.key["Side"]): row for row in reply.found.rows if row.table == "Futures"}
    assert {key: row.values["Quantity"] for key, row in rows.items()} == HELD[venue]
    if venue == "okx":
        units = {str(row.values["Unit"]) for row in reply.found.rows if row.table == "MarginTiers"}
        assert "contracts(0.01 BTC)" in units
