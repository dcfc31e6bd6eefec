"""What venues' endpoints and ccxt answer about tiers, turned into rows of MarginTiers; recognised by its keys.

Every table keeps what the venue states. Where a venue of continuous tiers states no deduction, the amounts that make
it continuous are computed and the source says so; a venue that applies a tier's rate to the whole position has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rebalance_xl.functions.tier_files import RawTable
from rebalance_xl.functions.tiers import maintenance_amounts

Item = Mapping[str, Any]


class Limit(NamedTuple):
    """One tier as a venue states it; None where it states nothing."""

    floor: float
    cap: float | None
    leverage: float | None
    rate: float
    amount: float | None = None


@dataclass(slots=True)
class Found:
    """What was read: tables, contract sizes by symbol for venues that count contracts, and what was refused and why."""

    tables: list[RawTable] = field(default_factory=list)
    sizes: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


class AnswerError(ValueError):
    """An answer, or the tiers of one symbol in it, that cannot be used."""


def number(value: Any) -> float | None:
    """Return a number that may be a text, None for a blank; anything else is refused."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        raise AnswerError(f"{value!r} is no number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise AnswerError(f"{value!r} is no number") from None


def needed(item: Item, *names: str) -> float:
    """Return the first of some numbers that an item has; refused where it has none."""
    for name in names:
        found = number(item.get(name))
        if found is not None:
            return found
    raise AnswerError(f"{' or '.join(names)} is missing")


_QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "USD1", "USDE", "BTC", "USD", "U")


def _quote(symbol: str) -> str:
    pair = re.split(r"[_\-]\d{6}$", symbol.upper())[0]
    return next((quote for quote in _QUOTES if pair.endswith(quote) and pair != quote), "USDT")


# --- one venue each: the items of a symbol to limits, unit and contract --------------------------------------------


class Shape(NamedTuple):
    """The tiers of one symbol before its table is made."""

    symbol: str
    contract: str
    unit: str
    limits: list[Limit]
    continuous: bool


def _chain(items: Sequence[Item], cap: str, rate: str, leverage: str, amount: str = "") -> list[Limit]:
    """Return limits whose floor is the cap before them."""
    found: list[Limit] = []
    for item in sorted(items, key=lambda each: needed(each, cap)):
        floor = found[-1].cap or 0.0 if found else 0.0
        own = number(item.get(amount)) if amount else None
        found.append(Limit(floor, needed(item, cap), number(item.get(leverage)), needed(item, rate), own))
    return found


def _binance(symbol: str, items: Sequence[Item], scale: float = 1.0) -> Shape:
    inverse = any("qtyCap" in item for item in items)
    limits = [
        Limit(
            scale * needed(item, "notionalFloor", "qtyFloor"),
            scale * needed(item, "notionalCap", "qtyCap"),
            number(item.get("initialLeverage")),
            needed(item, "maintMarginRatio"),
            scale * needed(item, "cum") if number(item.get("cum")) is not None else None,
        )
        for item in sorted(items, key=lambda each: needed(each, "notionalFloor", "qtyFloor"))
    ]
    coin = re.sub(r"USD(_.*)?$", "", symbol)
    return Shape(symbol, "inverse" if inverse else "linear", coin if inverse else _quote(symbol), limits, True)


def _bybit(symbol: str, items: Sequence[Item]) -> Shape:
    limits = _chain(items, "riskLimitValue", "maintenanceMargin", "maxLeverage", "mmDeduction")
    if limits[0].rate >= 0.25 and (limits[0].leverage or 0.0) >= 10.0:  # answers of old: per cent
        limits = [each._replace(rate=each.rate / 100.0) for each in limits]
    if any(each.amount is not None for each in limits[1:]):
        limits[0] = limits[0]._replace(amount=limits[0].amount or 0.0)
    inverse = bool(re.search(r"USD(?:[A-Z]\d{2})?$", symbol))
    unit = re.sub(r"USD(?:[A-Z]\d{2})?$", "", symbol) if inverse else "USDC" if "PERP" in symbol else _quote(symbol)
    return Shape(symbol, "inverse" if inverse else "linear", unit, limits, True)


def _okx(symbol: str, items: Sequence[Item]) -> Shape:
    limits = _chain(items, "maxSz", "mmr", "maxLever")
    return Shape(symbol, "inverse" if "-USD-" in symbol else "linear", "contracts", limits, False)


def _mexc(symbol: str, items: Sequence[Item]) -> Shape:
    item = items[0]
    base, _, quote = symbol.partition("_")
    settle = str(item.get("settleCoin") or quote)
    inverse = quote == "USD"
    if item.get("riskLimitMode") == "CUSTOM" or item.get("riskLimitCustom"):
        levels = [
            {
                "cap": level.get("maxVol", level.get("vol")),
                "rate": level.get("mmr", level.get("maintenanceMarginRate")),
                "leverage": level.get("maxLeverage", level.get("mlev")),
            }
            for level in item.get("riskLimitCustom") or ()
        ]
        if not levels:
            raise AnswerError("riskLimitCustom is empty")
        limits = _chain(levels, "cap", "rate", "leverage")
    else:
        count = int(needed(item, "riskLevelLimit"))
        first, step = needed(item, "riskBaseVol"), number(item.get("riskIncrVol")) or 0.0
        limits = []
        for level in range(count if step else 1):
            rate = needed(item, "maintenanceMarginRate") + level * (number(item.get("riskIncrMmr")) or 0.0)
            initial = needed(item, "initialMarginRate") + level * (number(item.get("riskIncrImr")) or 0.0)
            floor = limits[-1].cap or 0.0 if limits else 0.0
            limits.append(Limit(floor, first + level * step, 1.0 / initial, rate))
    by_value = item.get("riskLimitType") == "BY_VALUE"
    unit = settle if by_value else f"contracts({needed(item, 'contractSize'):g} {'USD' if inverse else base})"
    return Shape(symbol, "inverse" if inverse else "linear", unit, limits, False)


def _weex(symbol: str, items: Sequence[Item]) -> Shape:
    return _binance(symbol, items)


def _bingx(symbol: str, items: Sequence[Item]) -> Shape:
    limits = _chain(items, "maxPositionVal", "maintMarginRatio", "leverage", "maintAmount")
    return Shape(symbol, "linear", symbol.rpartition("-")[2] or "USDT", limits, True)


def _bitget(symbol: str, items: Sequence[Item]) -> Shape:
    plain = [
        {
            "cap": item.get("endUnit", item.get("maxTierValue")),
            "rate": item.get("keepMarginRate", item.get("mmr")),
            "leverage": item.get("leverage"),
        }
        for item in items
    ]
    inverse = symbol.endswith("USD")
    unit = symbol.removesuffix("USD") if inverse else _quote(symbol)
    return Shape(symbol, "inverse" if inverse else "linear", unit, _chain(plain, "cap", "rate", "leverage"), True)


def _kucoin(symbol: str, items: Sequence[Item]) -> Shape:
    limits = _chain(items, "maxRiskLimit", "maintainMargin", "maxLeverage")
    inverse = symbol.endswith("USDM")
    unit = symbol.removesuffix("USDM").replace("XBT", "BTC") if inverse else _quote(symbol.removesuffix("M"))
    return Shape(symbol, "inverse" if inverse else "linear", unit, limits, False)


def _gate(symbol: str, items: Sequence[Item]) -> Shape:
    limits = _chain(items, "risk_limit", "maintenance_rate", "leverage_max", "deduction")
    base, _, quote = symbol.partition("_")
    inverse = quote == "USD"
    return Shape(symbol, "inverse" if inverse else "linear", base if inverse else quote or "USDT", limits, True)


def _kraken(symbol: str, items: Sequence[Item]) -> Shape:
    counted = any("contracts" in item and "numNonContractUnits" not in item for item in items)
    starts = sorted(items, key=lambda each: needed(each, "numNonContractUnits", "contracts"))
    floors = [needed(item, "numNonContractUnits", "contracts") for item in starts]
    limits = [
        Limit(floor, cap, 1.0 / needed(item, "initialMargin"), needed(item, "maintenanceMargin"))
        for item, floor, cap in zip(starts, floors, [*floors[1:], None], strict=True)
    ]
    return Shape(symbol, "inverse" if counted else "linear", "contracts(1 USD)" if counted else "USD", limits, False)


def _hyperliquid(answer: Item) -> Iterator[Shape]:
    tables = {int(key): value for key, value in answer["marginTables"]}
    for asset in answer["universe"]:
        if asset.get("isDelisted"):
            continue
        number_of = asset.get("marginTableId")
        tiers = tables[int(number_of)]["marginTiers"] if number_of is not None and int(number_of) in tables else None
        if tiers is None:
            tiers = [{"lowerBound": "0", "maxLeverage": asset["maxLeverage"]}]
        floors = [needed(tier, "lowerBound") for tier in tiers]
        limits = [
            Limit(floor, cap, needed(tier, "maxLeverage"), 0.5 / needed(tier, "maxLeverage"))
            for tier, floor, cap in zip(tiers, floors, [*floors[1:], None], strict=True)
        ]
        yield Shape(str(asset["name"]), "linear", "USDC", limits, True)


_READERS: dict[str, Callable[[str, Sequence[Item]], Shape]] = {
    "binance": _binance,
    "bybit": _bybit,
    "okx": _okx,
    "mexc": _mexc,
    "weex": _weex,
    "bingx": _bingx,
    "bitget": _bitget,
    "kucoin": _kucoin,
    "gate": _gate,
    "kraken": _kraken,
}

#: The key that gives a venue's tier away, and the key of its symbol.
_MARKS: tuple[tuple[str, str, str], ...] = (
    ("riskLimitValue", "bybit", "symbol"),
    ("maxSz", "okx", "instFamily"),
    ("riskLimitCustom", "mexc", "symbol"),
    ("riskIncrVol", "mexc", "symbol"),
    ("keepMarginRate", "bitget", "symbol"),
    ("maxTierValue", "bitget", "symbol"),
    ("minPositionVal", "bingx", "symbol"),
    ("maintainMargin", "kucoin", "symbol"),
    ("maintenance_rate", "gate", "contract"),
)


def _mark_of(item: Item) -> tuple[str, str] | None:
    return next(((venue, symbol) for key, venue, symbol in _MARKS if key in item), None)


# --- whole answers ------------------------------------------------------------------------------------------------


def read_answer(answer: Any, *, venue: str = "", as_of: str = "", source: str = "") -> Found:
    """Return the tables of one answer.

    Parameters
    ----------
    answer
        The JSON of an endpoint of Binance, Bybit, OKX (tiers, or instruments for its contract sizes), MEXC, WEEX,
        BingX, Bitget, KuCoin, Gate, Hyperliquid or Kraken; or what ccxt's fetch_leverage_tiers gives, as it is or in
        freqtrade's cache.
    venue
        For an answer that does not give it away.
    as_of, source
        Day and origin for the tables; a date in the answer goes before the day.

    Raises
    ------
    AnswerError
        If the answer is none of these.
    """
    found = Found()
    if isinstance(answer, Mapping) and "updated" in answer and isinstance(answer.get("data"), Mapping):
        return read_answer(answer["data"], venue=venue, as_of=str(answer["updated"])[:10], source=source)
    if _is_ccxt(answer):
        _read_ccxt(answer, venue, as_of, source, found)
        return found
    if isinstance(answer, Mapping) and "marginTables" in answer and "universe" in answer:
        for shape in _hyperliquid(answer):
            _add(found, "hyperliquid", shape, as_of, source)
        return found
    items = _items(answer)
    if not items:
        raise AnswerError("it holds no tiers that are recognised")
    if "ctVal" in items[0]:
        for item in items:
            family = str(item.get("instFamily") or item.get("uly") or "")
            inverse = item.get("ctType") == "inverse"
            unit = "USD" if inverse else item.get("ctValCcy")
            found.sizes[f"okx:{family}-SWAP"] = f"contracts({needed(item, 'ctVal'):g} {unit})"
        return found
    if "marginLevels" in items[0] or any("marginLevels" in item for item in items):
        for item in items:
            if item.get("marginLevels"):
                _take(found, "kraken", str(item["symbol"]).upper(), item["marginLevels"], as_of, source)
        return found
    if any("brackets" in item for item in items):
        for item in items:
            brackets = item.get("brackets") or []
            named = venue or ("binance" if any("cum" in each for each in brackets) else "weex")
            scale = number(item.get("notionalCoef")) or 1.0
            if scale != 1.0:
                brackets = [_scaled(each, scale) for each in brackets]
            _take(found, named, str(item["symbol"]), brackets, as_of, source)
        return found
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        mark = _mark_of(item)
        if mark is None:
            raise AnswerError(f"an entry with the keys {', '.join(list(item)[:6])} is not recognised")
        if mark[0] == "okx" and item.get("quoteMaxLoan"):
            continue  # tiers of spot margin
        groups.setdefault((mark[0], str(item.get(mark[1]) or item.get("symbol") or "")), []).append(item)
    for (named, symbol), group in groups.items():
        _take(found, named, f"{symbol}-SWAP" if named == "okx" else symbol, group, as_of, source)
    return found


def _scaled(bracket: Item, scale: float) -> Item:
    sizes = ("notionalFloor", "notionalCap", "qtyFloor", "qtyCap", "cum")
    return {key: scale * needed(bracket, key) if key in sizes else value for key, value in bracket.items()}


def _items(answer: Any) -> list[Item]:
    while isinstance(answer, Mapping):
        inside = (answer.get(key) for key in ("data", "result", "list", "instruments"))
        inner = next((each for each in inside if isinstance(each, Mapping | list) and each), None)
        if inner is None:
            return [answer] if answer.get("symbol") or answer.get("contract") else []
        answer = inner
    if not isinstance(answer, list) or not all(isinstance(each, Mapping) for each in answer):
        return []
    return list(answer)


def _is_ccxt(answer: Any) -> bool:
    rows = next(iter(answer.values()), None) if isinstance(answer, Mapping) and answer else answer
    return (
        isinstance(rows, list)
        and bool(rows)
        and isinstance(rows[0], Mapping)
        and "maintenanceMarginRate" in rows[0]
        and ("maxNotional" in rows[0] or "minNotional" in rows[0])
    )


def _read_ccxt(answer: Any, venue: str, as_of: str, source: str, found: Found) -> None:
    groups = answer if isinstance(answer, Mapping) else {str(answer[0].get("symbol") or ""): answer}
    for key, rows in groups.items():
        infos = [row.get("info") for row in rows]
        first = infos[0] if infos and isinstance(infos[0], Mapping) else {}
        if "bracket" in first or "cum" in first:
            mark: tuple[str, str] | None = ("binance", "symbol")
        else:
            mark = _mark_of(first)
        named = venue or (mark[0] if mark else "")
        pair = key.partition(":")[0].replace("/", "")
        symbol = str(first.get(mark[1]) or "") if mark else ""
        if mark and mark[0] in _READERS and all(isinstance(each, Mapping) for each in infos):
            own = symbol or pair
            if mark[0] == "okx":
                own = f"{own if '-' in own else key.partition(':')[0].replace('/', '-')}-SWAP"
            _take(found, named, own, infos, as_of, source)
        elif not named:
            found.refused.append(f"{key}: the venue is not told; name it with --venue")
        else:
            _unified(found, named, pair, key, rows, as_of, source)


def _unified(found: Found, venue: str, symbol: str, key: str, rows: Sequence[Item], as_of: str, source: str) -> None:
    try:
        ordered = sorted(rows, key=lambda row: number(row.get("minNotional")) or 0.0)
        limits = [
            Limit(
                number(row.get("minNotional")) or 0.0,
                number(row.get("maxNotional")),
                number(row.get("maxLeverage")),
                needed(row, "maintenanceMarginRate"),
            )
            for row in ordered
        ]
        settle = key.partition(":")[2] or _quote(symbol)
        base = key.partition("/")[0]
        flat = venue in ("okx", "mexc", "kucoin", "kraken")
        inverse = bool(base) and settle == base
        shape = Shape(symbol, "inverse" if inverse else "linear", settle, limits, not flat)
        _add(found, venue, shape, as_of, source)
    except AnswerError as failure:
        found.refused.append(f"{venue}:{symbol}: {failure}")


def _take(found: Found, venue: str, symbol: str, items: Sequence[Item], as_of: str, source: str) -> None:
    reader = _READERS.get(venue)
    try:
        if reader is None:
            raise AnswerError(f'the venue "{venue}" has no reader for this answer')
        if not items:
            raise AnswerError("it has no tiers")
        _add(found, venue, reader(symbol, items), as_of, source)
    except (AnswerError, ZeroDivisionError, KeyError, AttributeError) as failure:
        found.refused.append(f"{venue}:{symbol}: {failure}")


def _add(found: Found, venue: str, shape: Shape, as_of: str, source: str) -> None:
    limits = shape.limits
    computed = shape.continuous and any(each.amount is None for each in limits)
    if computed:
        amounts: list[float | None] = list(
            maintenance_amounts([each.floor for each in limits], [each.rate for each in limits])
        )
    elif shape.continuous:
        amounts = [each.amount for each in limits]
    else:
        amounts = [None] * len(limits)
    cells = [
        [each.floor, each.cap, each.leverage, each.rate, amount] for each, amount in zip(limits, amounts, strict=True)
    ]
    told = f"{source}; amount computed" if computed and source else "amount computed" if computed else source
    found.tables.append(RawTable(f"{venue}:{shape.symbol}", cells, shape.unit, shape.contract, as_of, told))
