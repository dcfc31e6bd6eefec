"""What to ask each venue, and how: accounts, kinds of positions, options of ccxt. Facts, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a venue.

    Parameters
    ----------
    name
        What it is called to people.
    kind
        "spot" (to Portfolio), "futures" (to Wallets), or "unified" (to Portfolio; to Wallets where the book has a row).
    params
        What ccxt has to be told.
    optional
        An account that not everybody has: that it is not open is no fault.
    """

    name: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """How a venue is asked.

    Parameters
    ----------
    accounts
        Its accounts.
    positions
        Parameters of each call that together give all open positions.
    options
        Options of ccxt for this venue.
    tested
        Whether its answers are among the tests; others are read by the same rules and marked.
    rate_params
        Parameters of each call for all funding rates.
    mode_in_account
        The margin mode is a setting of the account (Bybit unified).
    """

    accounts: tuple[Account, ...] = (Account("spot", "spot"), Account("futures", "futures", {"type": "swap"}, True))
    positions: tuple[Mapping[str, Any], ...] = ({},)
    options: Mapping[str, Any] = field(default_factory=dict)
    tested: bool = False
    rate_params: tuple[Mapping[str, Any], ...] = ({},)
    mode_in_account: bool = False


_SWAP: Final = {"type": "swap"}
_INVERSE: Final = {"type": "swap", "subType": "inverse"}
_LINEAR: Final = {"type": "swap", "subType": "linear"}
_SPOT: Final = Account("spot", "spot", {"type": "spot"})

PROFILES: Final[Mapping[str, Profile]] = {
    "binance": Profile(
        (
            _SPOT,
            Account("USD-M futures", "futures", _LINEAR, True),
            Account("COIN-M futures", "futures", _INVERSE, True),
        ),
        positions=(_LINEAR, _INVERSE),
        options={"adjustForTimeDifference": True, "fetchCurrencies": False, "fetchMargins": False},  # both are signed
        tested=True,
        rate_params=(_LINEAR, _INVERSE),
    ),
    "bybit": Profile(
        (Account("unified", "unified"), Account("funding", "spot", {"type": "funding"}, True)),
        positions=({"category": "linear", "settleCoin": "USDT"}, {"category": "linear", "settleCoin": "USDC"},
                   {"category": "inverse"}),
        options={
            "enableUnifiedAccount": True,
            "enableUnifiedMargin": False,
            "adjustForTimeDifference": True,
            "fetchMarkets": {"types": ["spot", "linear", "inverse"]},  # options are many, and not read
        },
        tested=True,
        rate_params=(_LINEAR, _INVERSE),
        mode_in_account=True,
    ),
    "okx": Profile(
        (Account("trading", "unified"), Account("funding", "spot", {"type": "funding"}, True)),
        options={"adjustForTimeDifference": True},
        tested=True,
    ),
    "bingx": Profile(
        (
            _SPOT,
            Account("USD-M futures", "futures", _SWAP, True),
            Account("COIN-M futures", "futures", _INVERSE, True),
        ),
        positions=({"subType": "linear"}, {"subType": "inverse"}),
        options={"adjustForTimeDifference": True},
        tested=True,
        rate_params=({"subType": "linear"}, {"subType": "inverse"}),
    ),
    "weex": Profile((_SPOT, Account("futures", "futures", _SWAP, True)), tested=True),
    "mexc": Profile(
        (_SPOT, Account("futures", "futures", _SWAP, True)),
        options={"adjustForTimeDifference": True},
        tested=True,
        rate_params=(),
    ),
    "kraken": Profile((Account("spot", "spot"),), positions=(), rate_params=()),
    "krakenfutures": Profile((Account("futures", "futures"),)),
    "coinbase": Profile((Account("spot", "spot"),), positions=(), rate_params=()),
    "kucoin": Profile((Account("spot", "spot"),), positions=(), rate_params=()),
    "kucoinfutures": Profile((Account("futures", "futures"),)),
}  # fmt: skip


def profile_of(venue_code: str) -> Profile:
    """Return how a venue is asked; one that is not known is asked the general way."""
    return PROFILES.get(venue_code, Profile())
