"""Whether an answer has the form that the venue's answers have: what ccxt would else read as an empty account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Per venue, the end of a path and where in the answer the list (or the object) stands that has to be there.
_FORMS: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "binance": (
        ("/api/v3/account", ("balances",)), ("/account", ("assets",)), ("/positionRisk", ()), ("/balance", ()),
        ("/premiumIndex", ()), ("/leverageBracket", ()), ("/klines", ()), ("/income", ()), ("/hisrec", ()),
    ),
    "bybit": (
        ("/wallet-balance", ("result", "list")), ("/query-account-coins-balance", ("result", "balance")),
        ("/position/list", ("result", "list")), ("/tickers", ("result", "list")), ("/kline", ("result", "list")),
        ("/execution/list", ("result", "list")), ("/query-record", ("result", "rows")), ("", ("result",)),
    ),
    "okx": (("", ("data",)),),
    "bingx": (("/hisrec", ()), ("/history", ()), ("", ("data",))),
    "mexc": (
        ("/api/v3/account", ("balances",)), ("/private/", ("data",)), ("/contract/", ("data",)),
        ("/hisrec", ()), ("/history", ()), ("/klines", ()),
    ),
    "weex": (("/api/v3/account/", ("balances",)), ("/account/balance", ()), ("/allPosition", ()), ("/klines", ())),
}  # fmt: skip


def is_whole(venue_code: str, url: str, answer: Any) -> bool:
    """Tell whether an answer that reports no error has the form of the venue's answers.

    Parameters
    ----------
    venue_code : str
        ccxt's name of the venue.
    url : str
        What was asked.
    answer : object
        The JSON of the answer, None where it was none.

    Examples
    --------
    >>> is_whole("okx", "https://www.okx.com/api/v5/account/positions", {"code": "0", "data": []})
    True
    >>> is_whole("okx", "https://www.okx.com/api/v5/account/positions", {})
    False
    """
    if not isinstance(answer, Mapping | list):
        return False
    path = url.partition("?")[0]
    for end, keys in _FORMS.get(venue_code, ()):
        if path.endswith(end) or (end.endswith("/") and end in path):
            found: Any = answer
            for key in keys:
                found = found.get(key) if isinstance(found, Mapping) else None
            return isinstance(found, Mapping | list) if keys else isinstance(found, list)
    return bool(answer) or isinstance(answer, list)
