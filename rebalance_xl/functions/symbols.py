"""What a contract's symbol says about its coins, for whoever has no better word."""

from __future__ import annotations

import re

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USDE", "TUSD", "USD1", "DAI", "EUR", "USD")


def quote_of(symbol: str) -> str:
    """Return the quote coin that a linear symbol names, USDT where it names none.

    Examples
    --------
    >>> quote_of("BTCUSDC"), quote_of("ETH-USDT-SWAP"), quote_of("PF_XBTUSD"), quote_of("BTCPERP"), quote_of("SAGA")
    ('USDC', 'USDT', 'USD', 'USDC', 'USDT')
    """
    for part in re.findall(r"[A-Z0-9]+", symbol.upper()):
        if part.endswith("XBTUSD"):  # Kraken's and BitMEX's bitcoin, not the coin TUSD
            return "USD"
        if part.endswith("PERP") and part != "PERP":  # Bybit's USDC perpetuals
            return "USDC"
        for coin in _QUOTES:
            if part.endswith(coin):
                return coin
    return "USDT"
