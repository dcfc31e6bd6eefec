"""Readers of trades: exports whose rows change two coins and a fee. They tell changes, never a balance."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from rebalance_xl.venues.figures import is_nothing
from rebalance_xl.venues.movements import Movement, Reading, Statement, Trade
from rebalance_xl.venues.names import KNOWN_COINS, QUOTES, split_pair

_NAMES: Final = {
    "bitcoin": "BTC", "ethereum": "ETH", "solana": "SOL", "cardano": "ADA", "ripple": "XRP", "dogecoin": "DOGE",
    "polkadot": "DOT", "litecoin": "LTC", "chainlink": "LINK", "tether": "USDT", "usd-coin": "USDC",
    "binancecoin": "BNB", "avalanche-2": "AVAX", "tron": "TRX", "stellar": "XLM", "monero": "XMR", "cosmos": "ATOM",
}  # fmt: skip
_BUYS: Final = ("buy", "kauf", "kaufen", "bought", "einlieferung", "delivery (inbound)", "purchase")
_SELLS: Final = ("sell", "verkauf", "verkaufen", "sold", "auslieferung", "delivery (outbound)", "sale")


def binance_trades(read: Reading, found: Statement) -> None:
    """Read a row: the new form glues coins to figures: 0.0500000000BTC; a coin's name may begin with a digit."""
    base, quote = _pair(read, "Pair")
    quantity, money = _glued(read, "Executed", (base,)), _glued(read, "Amount", (quote,))
    fee, coin = _fee(read, "Fee", (base, quote))
    _trade(read, found, base, quote, _side(read, "Side"), quantity[0], money[0], fee, coin, "Date")


def binance_old_trades(read: Reading, found: Statement) -> None:
    """Read a row: the old form has the coins of fees in a column, and pairs without a separator."""
    base, quote = _pair(read, "Market")
    quantity, money = read.number("Amount"), read.number("Total")
    fee = read.number("Fee", needed=False)
    coin = read.coin("Fee Coin") if fee else ""
    _trade(read, found, base, quote, _side(read, "Type"), quantity, money, fee, coin, "Date")


def binance_convert(read: Reading, found: Statement) -> None:
    """Read a row: sell and Buy hold a figure, a blank and a coin; only what succeeded counts."""
    if not read.text("Status").casefold().startswith("success"):
        found.notes.append(f"line {read.line}: its status is {read.text('Status') or 'blank'}: left out")
        return
    sold, bought = read.text("Sell").split(), read.text("Buy").split()
    if len(sold) != 2 or len(bought) != 2:
        raise read.refuse('Sell and Buy need a figure, a blank and a coin, as in "0.05 BTC"')
    out, came = read.figure(sold[0]) or Decimal(0), read.figure(bought[0]) or Decimal(0)
    _trade(read, found, bought[1], sold[1], "buy", came, out, Decimal(0), "", "Date")


def bybit_spot(read: Reading, found: Statement) -> None:
    """Read a row: the fee is in the base coin of a purchase and in the quote of a sale."""
    base, quote = _pair(read, "Spot Pairs")
    side, quantity = _side(read, "Direction"), _glued(read, "Filled Quantity", (base, quote))
    money, fee = _glued(read, "Filled Value", (quote, base)), _glued(read, "Fees", (base, quote))
    coin = fee[1] or (base if side == "buy" else quote)
    _trade(read, found, base, quote, side, quantity[0], money[0], fee[0], coin, "Timestamp", "Transaction ID")


def kraken_trades(read: Reading, found: Statement) -> None:
    """Read a row: cost and fee are in the quote; the ledger tells more."""
    base, quote = _pair(read, "pair")
    note = "the ledger export tells fees and transfers as well: prefer it"
    if note not in found.notes:
        found.notes.append(note)
    quantity, money, fee = read.number("vol"), read.number("cost"), read.number("fee", needed=False)
    _trade(read, found, base, quote, _side(read, "type"), quantity, money, fee, quote, "time", "txid")


def kucoin_orders(read: Reading, found: Statement) -> None:
    """Read a row: filled Amount is in the base, Filled Volume in the quote."""
    base, quote = _pair(read, "Symbol")
    fee = read.number("Fee", needed=False)
    coin = read.coin("Fee Currency") if fee else ""
    quantity, money = read.number("Filled Amount"), read.number("Filled Volume")
    side = _side(read, "Side")
    _trade(read, found, base, quote, side, quantity, money, fee, coin, "Filled Time", "Order ID")


def mexc_spot(read: Reading, found: Statement) -> None:
    """Read a row: the fee has its coin glued on: 0.9USDT, 0MX."""
    base, quote = _pair(read, "Pairs")
    fee, coin = _fee(read, "Fee", (base, quote))
    quantity, money = read.number("Executed Amount"), read.number("Total")
    _trade(read, found, base, quote, _side(read, "Side"), quantity, money, fee, coin, "Time")


def mexc_futures(read: Reading, found: Statement) -> None:
    """Read a row: closed profit and fees of contracts; the sizes are left to the venue."""
    coin = read.coin("Fee-payment Crypto")
    gain, fee = read.number("Closing PNL", needed=False), read.number("Trading Fee", needed=False)
    mark, time = read.mark(), read.time("Time")
    found.movements.append(Movement(read.line, coin, gain - abs(fee), "TRADE", "Futures", time, mark))


def cointracking(read: Reading, found: Statement) -> None:
    """Read a row: three columns have one name: the coin stands right of Buy, Sell and Fee; the fee comes on top."""
    time, mark, wallet = read.time("Date"), read.mark("Tx-ID"), read.text("Exchange")
    bought, sold = read.number("Buy", needed=False), read.number("Sell", needed=False)
    word = read.text("Type").casefold()
    kind = "TRADE" if bought and sold else "WITHDRAWAL" if sold else "DEPOSIT" if word == "deposit" else "INCOME"
    for title, amount, sign, tail in (("Buy", bought, 1, "in"), ("Sell", sold, -1, "out")):
        if amount:
            coin = read.coin(title, after=1)
            found.movements.append(Movement(read.line, coin, sign * abs(amount), kind, wallet, time, f"{mark}:{tail}"))
    fee = read.number("Fee", needed=False)
    if fee:
        coin = read.coin("Fee", after=1)
        found.movements.append(Movement(read.line, coin, -abs(fee), "FEE", wallet, time, f"{mark}:fee"))
        note = "the fee is taken beside Buy and Sell; some exports state them net of it"
        if note not in found.notes:
            found.notes.append(note)
    if bought and sold:
        base, quote = read.coin("Buy", after=1), read.coin("Sell", after=1)
        price = abs(sold) / abs(bought)
        coin = read.coin("Fee", after=1) if fee else ""
        found.trades.append(Trade(read.line, time, base, quote, "buy", abs(bought), price, abs(fee), coin, mark))


def ghostfolio(read: Reading, found: Statement) -> None:
    """Read a row: codes are CoinGecko's or Yahoo's names; money is not kept; several forms of dates in one file."""
    word = read.text("Action", "Type").casefold()
    if word not in (*_BUYS, *_SELLS):
        found.notes.append(f"line {read.line}: {word or 'a blank action'} changes no coin: left out")
        return
    code = read.coin("Code", "Symbol")
    yahoo = re.fullmatch(r"([A-Z0-9]+)-[A-Z]{3}", code)
    base = _NAMES.get(code.casefold()) or (yahoo[1] if yahoo else code)
    if base.islower():
        raise read.refuse(f'the code "{code}" is not known: give its coin under "aliases" beside the book')
    quantity, price = abs(read.number("Quantity")), read.number("Price")
    side, money = "buy" if word in _BUYS else "sell", read.coin("Currency")
    fee = read.number("Fee", needed=False)
    time, mark = read.time("Date"), read.mark()
    amount = quantity if side == "buy" else -quantity
    found.movements.append(Movement(read.line, base, amount, "TRADE", read.text("Account"), time, mark))
    coin = money if fee else ""
    found.trades.append(Trade(read.line, time, base, money, side, quantity, price, abs(fee), coin, mark))


def portfolio_performance(read: Reading, found: Statement) -> None:
    """Read a row: shares are coins, Value is signed money with fees; words and figures follow the language."""
    word = read.text("Type", "Typ").casefold()
    shares, money = read.number("Shares", "Stück", needed=False), read.number("Value", "Wert")
    currency = read.coin("Transaction Currency", "Buchungswährung")
    time, mark = read.time("Date", "Datum"), read.mark()
    found.movements.append(Movement(read.line, currency, money, "TRADE", "", time, f"{mark}:2"))
    if not shares:
        return
    if word not in (*_BUYS, *_SELLS):
        raise read.refuse(f'the type "{word}" is not known')
    symbol = read.coin("Ticker Symbol", "Ticker-Symbol")
    base, side = symbol.partition("-")[0], "buy" if word in _BUYS else "sell"
    amount = abs(shares) if side == "buy" else -abs(shares)
    found.movements.append(Movement(read.line, base, amount, "TRADE", "", time, mark))
    fee = read.number("Fees", "Gebühren", needed=False)
    gross = abs(money) - abs(fee) if side == "buy" else abs(money) + abs(fee)
    coin = currency if fee else ""
    price = gross / abs(shares)
    found.trades.append(Trade(read.line, time, base, currency, side, abs(shares), price, abs(fee), coin, mark))


def revolut(read: Reading, found: Statement) -> None:
    """Read a row: figures hold the currency; only what was bought, sold, sent or received changes a coin."""
    word, coin = read.text("Type").casefold(), read.coin("Symbol")
    quantity = abs(read.number("Quantity"))
    comes = word in (*_BUYS, "receive", "stake reward", "learn reward", "other")
    if not comes and word not in (*_SELLS, "send", "payment"):
        raise read.refuse(f'the type "{word}" is not known')
    amount, kind = (quantity if comes else -quantity), "TRADE" if word in (*_BUYS, *_SELLS) else "TRANSFER"
    found.movements.append(Movement(read.line, coin, amount, kind, "Revolut", read.time("Date"), read.mark()))


def _side(read: Reading, title: str) -> str:
    word = read.text(title).casefold()
    if word in _BUYS or word == "b":
        return "buy"
    if word in _SELLS or word == "s":
        return "sell"
    raise read.refuse(f'{title} is "{read.text(title)[:20]}", neither buy nor sell')


def _pair(read: Reading, title: str) -> tuple[str, str]:
    found = split_pair(read.coin(title))
    if found is None:
        raise read.refuse(f'{title} "{read.text(title)[:30]}" cannot be split into two coins')
    return found


def _glued(read: Reading, title: str, coins: tuple[str, ...], strict: bool = True) -> tuple[Decimal, str]:
    """Return figure and coin of a cell such as 0.0500000000BTC; only a fee may be in a coin beside the pair's."""
    text = read.text(title).strip()
    upper = text.upper()
    for coin in sorted(coins, key=len, reverse=True):
        if coin and upper.endswith(coin) and re.fullmatch(r"[-+0-9.,' ]+", text[: -len(coin)].strip() or "x"):
            return read.figure(text[: -len(coin)]) or Decimal(0), coin
    match = re.fullmatch(r"([-+]?[0-9][0-9.,' ]*?)\s*([A-Za-z][A-Za-z0-9]*)?", text)
    coin = (match[2] or "").upper() if match is not None else ""
    if match is None or is_nothing(text) or (coin and strict) or re.fullmatch(r"E[0-9]+", coin):
        raise read.refuse(f'{title} is "{text[:40]}", no figure with a coin')
    return read.figure(match[1]) or Decimal(0), coin


def _fee(read: Reading, title: str, coins: tuple[str, ...]) -> tuple[Decimal, str]:
    if is_nothing(read.text(title)):
        return Decimal(0), ""
    fee, coin = _glued(read, title, (*coins, *QUOTES, *_DIGIT_COINS), strict=False)
    if fee and not coin:
        raise read.refuse(f'{title} is "{read.text(title)[:40]}", which names no coin')
    return fee, coin


_DIGIT_COINS: Final = tuple(coin for coin in KNOWN_COINS if coin[0].isdigit())


def _trade(
    read: Reading,
    found: Statement,
    base: str,
    quote: str,
    side: str,
    quantity: Decimal,
    money: Decimal,
    fee: Decimal,
    fee_coin: str,
    time_title: str,
    mark_title: str = "",
) -> None:
    """Note both legs and the fee of a trade, and the trade itself."""
    quantity, money = abs(quantity), abs(money)
    if not quantity:
        raise read.refuse("the quantity is 0")
    time, sign = read.time(time_title), 1 if side == "buy" else -1
    mark = read.mark(mark_title) if mark_title else read.mark()
    found.movements.append(Movement(read.line, base, sign * quantity, "TRADE", "", time, mark))
    found.movements.append(Movement(read.line, quote, -sign * money, "TRADE", "", time, f"{mark}:2"))
    if fee:
        found.movements.append(Movement(read.line, fee_coin, -fee, "FEE", "", time, f"{mark}:fee"))
    found.trades.append(Trade(read.line, time, base, quote, side, quantity, money / quantity, fee, fee_coin, mark))
