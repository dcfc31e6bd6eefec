"""Names of coins, venues and contracts as exchanges and files spell them, brought to those of a book.

Names are matched, never guessed: a rule applies only where what is left is a coin that is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

#: Coins that people hold; a rule may only lead to one of these or to a coin that the venue or the book lists.
KNOWN_COINS: Final = frozenset((resources.files("rebalance_xl.data") / "coins.txt").read_text("utf-8").split())

_KRAKEN: Final = {
    "XXBT": "BTC", "XBT": "BTC", "XXDG": "DOGE", "XDG": "DOGE", "XETH": "ETH", "XLTC": "LTC", "XXRP": "XRP",
    "XXLM": "XLM", "XXMR": "XMR", "XZEC": "ZEC", "XETC": "ETC", "XREP": "REP", "XMLN": "MLN", "ZEUR": "EUR",
    "ZUSD": "USD", "ZGBP": "GBP", "ZCAD": "CAD", "ZJPY": "JPY", "ZAUD": "AUD", "ETH2": "ETH",
}  # fmt: skip
#: Only staking and pending tails that Kraken names; digits before the dot are days of a lock.
_KRAKEN_TAIL = re.compile(r"^(?P<coin>ETH2|[A-Z0-9]*?[A-Z])(?:[0-9]{2})?\.(?:S|M|F|B|P|HOLD)$")
#: Written as one text, since the list is long.
_NETWORKS: Final = str.split(
    "TRC20 ERC20 BEP20 BEP2 BSC TRX TRON SOL MATIC POLYGON ARBITRUM ARB OPTIMISM OP AVAXC AVAX TON OMNI BASE KCC ETH E"
)
_NETWORK_TAIL = re.compile(rf"^(?P<coin>[A-Z0-9]{{3,}}?)(?:[-_. ]|\s*\()?(?:{'|'.join(_NETWORKS)})\)?$")
_SEPARATED_TAIL = re.compile(rf"^(?P<coin>[A-Z0-9]{{2,}})\s*[-_. (]\s*(?:{'|'.join(_NETWORKS)})\s*\)?$")
_BRACKETS = re.compile(r"^(?P<first>.+?)\s*\((?P<second>[^()]+)\)$")
_THOUSANDS = re.compile(r"^(?P<factor>1000000|10000|1000|1M|k)(?P<coin>[A-Z][A-Z0-9]*)$")
_THOUSANDS_LAST = re.compile(r"^(?P<coin>[A-Z]+)(?P<factor>1000)$")
_FACTORS = {"1000000": 1e6, "1M": 1e6, "10000": 1e4, "1000": 1e3, "k": 1e3}

#: What people write for a venue, and ccxt's name of it.
_VENUES: Final = {
    "gateio": "gate", "okex": "okx", "mxc": "mexc", "mexcglobal": "mexc", "binancecom": "binance",
    "binanceglobal": "binance", "coinbaseadvanced": "coinbase", "huobi": "htx", "kucoinspot": "kucoin",
}  # fmt: skip

#: Quotes by which a pair without separator is split, longest first.
QUOTES: Final = (
    "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDE", "USD1", "USD", "EUR", "TRY", "GBP", "BRL", "BTC", "ETH", "BNB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CoinName:
    """A coin, and what of its name was taken away.

    Parameters
    ----------
    coin
        The coin as a book names it.
    rule
        Why it differs from the name that was read ("flexible earn", "network"); empty where it does not.
    """

    coin: str
    rule: str = ""


def coin_of(
    name: str,
    venue: str = "",
    aliases: Mapping[tuple[str, str], str] | None = None,
    coins: Collection[str] = (),
) -> CoinName:
    """Return the coin that a venue or a file means by a name.

    Parameters
    ----------
    name : str
        The name as read ("XXBT", "LDBTC", "USDT-TRC20", "SOL (Solana)").
    venue : str
        Where it was read, in lower case; Kraken's and Binance's own spellings hold only there or where it is blank.
    aliases : mapping, optional
        The user's own names: (venue or "", name in capitals) to coin; they go before every rule.
    coins : collection of str
        Coins beside :data:`KNOWN_COINS` that are known to exist, such as those of the book.

    Returns
    -------
    CoinName
        The coin and the rule that was used.

    Examples
    --------
    >>> coin_of("LDBTC", "binance"), coin_of("LDO", "binance").coin
    (CoinName(coin='BTC', rule='flexible earn'), 'LDO')
    >>> coin_of("DOT28.S", "kraken").coin, coin_of("1INCH").coin, coin_of("USDT (ERC20)").coin
    ('DOT', '1INCH', 'USDT')
    """
    text = " ".join(name.split())
    plain = text.upper()
    for key in ((venue, plain), ("", plain)):
        if aliases and key in aliases:
            return CoinName(aliases[key], "your alias")
    known = _known(coins if isinstance(coins, frozenset) else frozenset(coins))
    if venue in ("", "kraken") and plain in _KRAKEN and (venue or plain not in known):
        return CoinName(_KRAKEN[plain], "Kraken's name")
    if venue in ("kucoin", "kucoinfutures", "bitmex") and plain == "XBT":
        return CoinName("BTC", "XBT is BTC")
    if venue == "coinbase" and plain in ("ETH2", "CGLD"):
        return CoinName({"ETH2": "ETH", "CGLD": "CELO"}[plain], "Coinbase's name")
    if plain in known:
        return CoinName(plain)
    if venue in ("", "kraken") and (match := _KRAKEN_TAIL.match(plain)):
        base = _KRAKEN.get(match["coin"], match["coin"])
        if base == "ETH2":
            base = "ETH"
        if base in known:
            return CoinName(base, "staked or in earn")
    if venue in ("", "binance") and plain.startswith("LD") and plain[2:] in known:
        return CoinName(plain[2:], "flexible earn")
    match = _BRACKETS.match(text)
    if match:
        first, second = match["first"].strip().upper(), match["second"].strip().upper()
        if first in known:
            return CoinName(first, "network" if second in _NETWORKS else "name in brackets")
        if second in known:
            return CoinName(second, "name in brackets")
    for pattern in (_SEPARATED_TAIL, _NETWORK_TAIL):
        match = pattern.match(plain)
        if match and match["coin"] in ("USDT", "USDC"):
            return CoinName(match["coin"], "network")
    return CoinName(plain if re.fullmatch(r"[A-Za-z0-9.\-_]+", text) else text)


@lru_cache(maxsize=64)
def _known(coins: frozenset[str]) -> frozenset[str]:
    """Return everybody's coins and some others in capitals: the same few sets are asked with for every name."""
    return KNOWN_COINS | {each.upper() for each in coins}


def multiple_of(base: str, coins: Collection[str]) -> tuple[str, float]:
    """Return the coin of a contract on many coins, and how many it is on.

    Parameters
    ----------
    base : str
        The base of a futures market ("1000SHIB", "kPEPE", "SHIB1000", "1INCH").
    coins : collection of str
        Coins with a spot market, or that the book holds: only these may be left when the figure is taken away.

    Returns
    -------
    tuple of str and float
        Coin and number of coins in one unit; the base itself and 1.0 where it is no multiple.

    Examples
    --------
    >>> multiple_of("1000SHIB", ["SHIB"]), multiple_of("1INCH", ["SHIB"])
    (('SHIB', 1000.0), ('1INCH', 1.0))
    """
    for match in (_THOUSANDS.match(base), _THOUSANDS_LAST.match(base)):
        if match and (match["coin"] in coins or match["coin"] in KNOWN_COINS):
            return match["coin"], _FACTORS[match["factor"]]
    return base, 1.0


@lru_cache(maxsize=1024)
def venue_id(name: str) -> str:
    """Return ccxt's name of a venue that a book names as people do.

    Examples
    --------
    >>> venue_id("Gate.io"), venue_id(" OKX ")
    ('gate', 'okx')
    """
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return _VENUES.get(plain, plain)


@lru_cache(maxsize=65536)
def plain_symbol(symbol: str) -> str:
    """Return a contract's name without what venues write between its parts, for matching.

    Examples
    --------
    >>> plain_symbol("BTC-USDT-SWAP"), plain_symbol("BTC_USDT"), plain_symbol("BTC/USDT:USDT")
    ('BTCUSDT', 'BTCUSDT', 'BTCUSDT')
    """
    text = symbol.upper().strip()
    text, _, settle = text.partition(":")
    dated = re.search(r"-[0-9]{6}$", settle)
    text = re.sub(r"[-_/]?(SWAP|PERP)$", "", text)
    return re.sub(r"[-_/ .]", "", text) + (dated[0] if dated else "")


def split_pair(pair: str, coins: Collection[str] = ()) -> tuple[str, str] | None:
    """Return base and quote of a pair, with or without a separator; None where it cannot be told.

    Examples
    --------
    >>> split_pair("1INCHUSDT"), split_pair("BTC-USDT"), split_pair("XXBTZEUR")
    (('1INCH', 'USDT'), ('BTC', 'USDT'), ('XXBT', 'ZEUR'))
    """
    text = pair.upper().strip()
    parts = re.split(r"[-_/:]", text)
    if len(parts) >= 2 and parts[0] and parts[1]:
        return parts[0], parts[1]
    known = _known(coins if isinstance(coins, frozenset) else frozenset(coins))
    found = [
        (text[: -len(quote)], quote)
        for quote in (*QUOTES, *(each for each in _KRAKEN if each.startswith(("X", "Z"))))
        if text.endswith(quote) and len(text) > len(quote)
    ]
    sure = [each for each in found if each[0] in known or each[0] in _KRAKEN]
    chosen = sure or found
    return max(chosen, key=lambda each: len(each[1])) if chosen else None
