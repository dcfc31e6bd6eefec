"""Open positions of a venue to rows of Futures: sizes in units, sides, margins, the venue's liquidation price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from rebalance_xl.venues.names import multiple_of
from rebalance_xl.venues.rows import Found, Row, latest, moment, number, positive

#: A liquidation price this far from the entry means that none is near.
_NONE_NEAR: Final = 1e-6
_CLOSE: Final = 0.10
#: What ccxt works out where a venue leaves it out.
_DERIVED: Final = ("liquidationPrice", "entryPrice", "contracts", "markPrice", "initialMargin")
#: Venues whose coin-margined contracts have an account of their own.
_COIN_ACCOUNTS: Final = ("binance", "bingx")
#: Venues whose stated value is at the entry price, as their documentation says of positionValue and openValue.
_VALUE_AT_ENTRY: Final = ("bybit", "weex")


def as_stated(exchange: Any) -> None:
    """Keep an exchange of ccxt from working out figures of a position that its venue leaves out.

    ccxt fills a liquidation price, an entry, a mark, a size or a margin that is missing from the others by a formula of
    its own. In a book such a figure would look like the venue's.
    """
    derive = exchange.safe_position

    def safe_position(position: dict[str, Any]) -> Any:
        missing = [name for name in _DERIVED if position.get(name) is None]
        margins = ("positionMargin", "collateral", "initialMargin")
        if all(position.get(name) is None for name in margins):
            missing += margins
        found = derive(position)
        found.update(dict.fromkeys(missing))
        return found

    exchange.safe_position = safe_position


def position_rows(
    positions: Sequence[Mapping[str, Any]],
    markets: Mapping[str, Mapping[str, Any]],
    venue: str,
    venue_code: str,
    coins: Collection[str] = (),
    margin_mode: str | None = None,
) -> Found:
    """Return one Futures row an open position.

    Parameters
    ----------
    positions : sequence of mapping
        As ccxt unifies them; those with no contracts are left out.
    markets : mapping
        The venue's markets by ccxt's symbol.
    venue, venue_code : str
        The venue's name in the book, and ccxt's.
    coins : collection of str
        Coins that 1000SHIB and its like may be made of.
    margin_mode : str, optional
        The account's mode where the venue states it there and not in the position (Bybit).

    Returns
    -------
    Found
        Rows with the key Symbol, Venue, Side and, where it is known, MarginMode. A position whose size agrees neither
        with the contract size nor without it to the stated value is named in the notes and has no row.

    Notes
    -----
    Linear quantity = contracts x contract size in the venue's unit, checked against the stated value: where only the
    bare figure agrees within 10 % the size is in units already. Inverse quantity in USD = contracts x contract size.
    Leverage where the venue leaves it out = 1 / initial margin rate. Margin = the position's own margin, else
    collateral less unrealised profit (isolated), else initial margin.
    """
    found = Found()
    for position in positions:
        contracts = positive(position.get("contracts"))
        side = position.get("side")
        if contracts is None or side not in ("long", "short"):
            continue
        symbol = str(position.get("symbol") or "")
        market = markets.get(symbol)
        if market is None or not market.get("contract"):
            found.notes.append(f"{venue}: a position in {symbol or 'an unnamed market'} is in no market that is known")
            continue
        if market.get("option"):
            found.notes.append(f"{venue}: {market['id']} is an option: not read")
            continue
        quantity, why = position_size(position, market, venue_code)
        name = str(market["id"])
        if quantity is None:
            found.notes.append(f"{venue} {name}: {why}: the row stays")
            continue
        if why:
            found.notes.append(f"{venue} {name}: {why}")
        found.rows.append(_row(position, market, quantity, venue, venue_code, coins, margin_mode))
    return found


def position_size(position: Mapping[str, Any], market: Mapping[str, Any], venue_code: str) -> tuple[float | None, str]:
    """Return the quantity of a position in the unit of the book (units, or USD for inverse) and what to say about it.

    Parameters
    ----------
    position, market
        As ccxt unifies them.
    venue_code
        ccxt's name of the venue.
    """
    contracts = positive(position.get("contracts")) or 0.0
    size = positive(market.get("contractSize")) or positive(position.get("contractSize")) or 1.0
    entry, mark = positive(position.get("entryPrice")), positive(position.get("markPrice"))
    if market.get("inverse"):  # Bybit counts in USD; ccxt takes its smallest order for the size of a contract
        return _shortened(contracts * (1.0 if venue_code == "bybit" else size)), ""
    stated = number(position.get("notional"))
    value = abs(stated) if stated else None
    price = entry if venue_code in _VALUE_AT_ENTRY else mark or entry
    prices = [each for each in (price, mark, entry) if each is not None]
    if value is None or not prices:
        return _shortened(contracts * size), ""
    if any(abs(contracts * size * each / value - 1) <= _CLOSE for each in prices):
        return _shortened(contracts * size), ""
    if abs(contracts * prices[0] / value - 1) <= _CLOSE:
        return _shortened(contracts), "the size is stated in units, not in contracts"
    return None, (
        f"{contracts:.10g} contracts of {size:.10g} at {prices[0]:.10g} are not the stated value {value:.10g}"
    )


def margins(rows: Sequence[Row], mode: str = "", account: str | None = None) -> dict[str, float]:
    """Return the margin of positions by coin, of those of one mode and account where they are given."""
    found: dict[str, float] = {}
    for row in rows:
        margin, coin = row.values.get("Margin"), row.new.get("MarginCoin")
        if mode and row.key.get("MarginMode") != mode:
            continue
        if account is not None and (row.new.get("Account") or "") != account:
            continue
        if isinstance(margin, float) and coin:
            found[str(coin)] = found.get(str(coin), 0.0) + margin
    return {coin: _shortened(total) for coin, total in found.items()}


def _shortened(value: float) -> float:
    """Return a product without the digits that multiplying floats adds."""
    return float(f"{value:.12g}")


def _row(
    position: Mapping[str, Any],
    market: Mapping[str, Any],
    quantity: float,
    venue: str,
    venue_code: str,
    coins: Collection[str],
    margin_mode: str | None,
) -> Row:
    mode = position.get("marginMode") or margin_mode
    inverse = bool(market.get("inverse"))
    asset, units = multiple_of(str(market.get("base")), coins)
    leverage, rate = positive(position.get("leverage")), positive(position.get("initialMarginPercentage"))
    if leverage is None and rate is not None and rate <= 1:
        leverage = float(round(1 / rate)) or None
    values: dict[str, Any] = {"Quantity": quantity}
    figures = {
        "EntryPrice": positive(position.get("entryPrice")),
        "MarkPrice": positive(position.get("markPrice")),
        "Leverage": leverage,
        "Margin": _margin(position, mode),
    }
    values.update({name: value for name, value in figures.items() if value is not None})
    missing = tuple(name for name, value in figures.items() if value is None)
    liquidation, entry = positive(position.get("liquidationPrice")), positive(position.get("entryPrice"))
    if liquidation is not None and entry is not None and liquidation > entry * 1e-4 + _NONE_NEAR:
        values["VenueLiquidation"] = liquidation
    new: dict[str, Any] = {"Asset": asset, "Contract": "inverse" if inverse else "linear"}
    settle = market.get("settle")
    if settle:
        new["MarginCoin"] = str(settle)
    if inverse and venue_code in _COIN_ACCOUNTS:
        new["Account"] = "COIN-M"
    if units != 1.0:
        new["ContractSize"] = units
    expiry = moment(market.get("expiry"))
    if expiry is not None:
        new["Expiry"] = dt.date(expiry.year, expiry.month, expiry.day)
    key: dict[str, Any] = {"Symbol": str(market["id"]), "Venue": venue, "Side": position["side"]}
    if mode in ("cross", "isolated"):
        key["MarginMode"] = mode
    else:
        missing += ("MarginMode",)
    time = latest([moment(position.get("lastUpdateTimestamp")), moment(position.get("timestamp"))])
    return Row("Futures", key, values, f"{venue} positions", time, missing, new)


def _margin(position: Mapping[str, Any], mode: Any) -> float | None:
    own, collateral = positive(position.get("positionMargin")), positive(position.get("collateral"))
    if own is not None:
        return own
    if mode == "isolated" and collateral is not None:
        return collateral - (number(position.get("unrealizedPnl")) or 0.0)
    return positive(position.get("initialMargin"))
