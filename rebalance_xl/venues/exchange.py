"""One exchange of ccxt, opened for reading: its markets are kept for a day, and nothing but what reads is called."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rebalance_xl.venues.keys import Secrets
from rebalance_xl.venues.profiles import profile_of

#: Makes an exchange of ccxt for a venue: tests pass one whose addresses lead to this computer.
Maker = Callable[[str, Secrets], Any]

TIMEOUT_MS: Final = 20_000
_DAY: Final = 86_400.0
#: What of a market is kept: what ccxt and the mappings read.
_MARKET_INFO: Final = ("instFamily", "uly", "ruleType", "fundingInterval", "instType", "ctVal", "ctValCcy", "pair")


class MissingPackageError(Exception):
    """ccxt is not installed, or it does not know the venue; the text says what to do."""


def open_exchange(venue_code: str, secrets: Secrets) -> Any:
    """Return ccxt's exchange for a venue with its rate limits on.

    Parameters
    ----------
    venue_code : str
        ccxt's name.
    secrets : Secrets
        The key; an empty one for public figures only.

    Raises
    ------
    MissingPackageError
        ccxt is not installed or has no such venue.
    """
    try:
        import ccxt
    except ImportError:
        raise MissingPackageError('refreshing needs the package ccxt: pip install "rebalance-xl[venues]"') from None
    maker = getattr(ccxt, venue_code, None) if venue_code in ccxt.exchanges else None
    if maker is None:
        raise MissingPackageError(f"ccxt {ccxt.__version__} knows no venue {venue_code}")
    exchange = maker(
        {
            **secrets.parts,
            "enableRateLimit": True,
            "timeout": TIMEOUT_MS,
            "options": dict(profile_of(venue_code).options),
        }
    )
    if "fetchCurrencies" in exchange.has:
        exchange.has["fetchCurrencies"] = False  # some sign it, and nothing here reads it
    return exchange


def knows(venue_code: str) -> bool:
    """Tell whether ccxt has a venue.

    Raises
    ------
    MissingPackageError
        ccxt is not installed.
    """
    try:
        import ccxt
    except ImportError:
        raise MissingPackageError('refreshing needs the package ccxt: pip install "rebalance-xl[venues]"') from None
    return venue_code in ccxt.exchanges


def load_markets(exchange: Any, folder: Path | None = None, age: float = _DAY) -> None:
    """Give an exchange its markets: from the disk where they were read today, else from the venue.

    Parameters
    ----------
    exchange
        Of ccxt; one that has markets already is left as it is.
    folder
        Where they are kept; None for nowhere.
    age
        Seconds after which they are asked for again.
    """
    if exchange.markets:
        return
    path = folder / f"markets-{exchange.id}.json" if folder is not None else None
    if path is not None:
        kept = _kept(path, age)
        if kept:
            exchange.set_markets(kept)
            return
    exchange.load_markets()
    if path is not None:
        _keep(path, [_trimmed(market) for market in exchange.markets.values()])


def cache_folder() -> Path:
    """Return where markets are kept between runs."""
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "rebalance-xl"


def _kept(path: Path, age: float) -> list[dict[str, Any]]:
    try:
        if time.time() - path.stat().st_mtime > age:
            return []
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    usable = isinstance(found, list) and all(isinstance(each, dict) and each.get("symbol") for each in found)
    return found if usable else []


def _keep(path: Path, markets: list[dict[str, Any]]) -> None:
    """Write the markets beside and put them in place; that the disk refuses costs only the time of asking again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(markets, stream)
        os.replace(name, path)
    except OSError:
        pass


def _trimmed(market: Mapping[str, Any]) -> dict[str, Any]:
    info = market.get("info")
    kept = {key: info[key] for key in _MARKET_INFO if key in info} if isinstance(info, Mapping) else {}
    return {**market, "info": kept}
