"""What a key may do, where the venue tells: one that may trade or withdraw is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_BINANCE_TRADE: Final = {
    "enableSpotAndMarginTrading": "trade spot", "enableFutures": "trade futures", "enableMargin": "borrow on margin",
    "enableVanillaOptions": "trade options", "enablePortfolioMarginTrading": "trade with portfolio margin",
    "enableFixApiTrade": "trade through FIX",
}  # fmt: skip
_BINANCE_MOVE: Final = {
    "enableWithdrawals": "withdraw", "enableInternalTransfer": "transfer to other accounts",
    "permitsUniversalTransfer": "transfer between wallets",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rights:
    """What a venue says about a key.

    Parameters
    ----------
    told
        Whether the venue tells at all.
    excess
        What the key may do beyond reading, in words.
    notes
        What else is worth knowing: when it expires, that no addresses are set.
    """

    told: bool
    excess: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def read_only(self) -> bool:
        """Whether the venue says that the key may only read."""
        return self.told and not self.excess


def rights_of(exchange: Any) -> Rights:
    """Ask a venue what the key may do.

    Parameters
    ----------
    exchange
        Of ccxt, with a key.

    Returns
    -------
    Rights
        Not told where the venue has no such question.

    Raises
    ------
    Exception
        Whatever ccxt raises when the venue refuses the question.
    """
    if exchange.id == "binance":
        return binance_rights(exchange.sapi_get_account_apirestrictions())
    if exchange.id == "bybit":
        return bybit_rights(exchange.private_get_v5_user_query_api())
    if exchange.id in ("okx", "myokx", "okxus"):
        return okx_rights(exchange.private_get_account_config())
    if exchange.id == "coinbase":
        return coinbase_rights(exchange.v3_private_get_brokerage_key_permissions())
    return Rights(False)


def binance_rights(answer: Any) -> Rights:
    """Read Binance's answer about a key.

    Examples
    --------
    >>> binance_rights({"enableReading": True, "enableWithdrawals": False, "enableFutures": True}).excess
    ('trade futures',)
    """
    if not isinstance(answer, Mapping) or "enableReading" not in answer:
        return Rights(False)
    allowed = tuple(words for name, words in {**_BINANCE_TRADE, **_BINANCE_MOVE}.items() if answer.get(name) is True)
    notes = () if answer.get("ipRestrict") is not False else ("no list of addresses is set for it",)
    return Rights(True, allowed, notes)


def bybit_rights(answer: Any) -> Rights:
    """Read Bybit's answer about a key: readOnly decides; the lists of permissions are filled even then."""
    result = answer.get("result") if isinstance(answer, Mapping) else None
    if not isinstance(result, Mapping) or str(result.get("readOnly")) not in ("0", "1"):
        return Rights(False)
    notes = []
    if str(result.get("deadlineDay") or "") not in ("", "0"):
        notes.append(f"it expires in {result['deadlineDay']} days")
    excess = () if str(result["readOnly"]) == "1" else ("trade or move money (it is no read-only key)",)
    return Rights(True, excess, tuple(notes))


def okx_rights(answer: Any) -> Rights:
    """Read OKX's answer about the account: perm is read_only, with trade and withdraw where they are allowed."""
    data = answer.get("data") if isinstance(answer, Mapping) else None
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], Mapping) else {}
    words = str(first.get("perm") or "").replace(" ", "").split(",")
    if words == [""]:
        return Rights(False)
    return Rights(True, tuple(word for word in words if word != "read_only"))


def coinbase_rights(answer: Any) -> Rights:
    """Read Coinbase's answer about a key."""
    if not isinstance(answer, Mapping) or "can_view" not in answer:
        return Rights(False)
    names = {"can_trade": "trade", "can_transfer": "transfer"}
    return Rights(True, tuple(words for name, words in names.items() if answer.get(name) is True))
