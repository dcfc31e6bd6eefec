"""What went wrong at a venue, as one plain line: decided by kind and code, never by handing on a venue's text.

The text of ccxt's errors holds whole addresses with signatures, and bodies with the user's number and address: nothing
of it is shown but the venue's code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: Codes that ccxt 4.5.90 files under another kind than what they mean.
_CODES: Final = {
    ("bingx", "100421"): "clock", ("bingx", "100410"): "wait", ("weex", "-1046"): "clock", ("weex", "-1003"): "wait",
    ("mexc", "10072"): "key", ("mexc", "700006"): "right", ("mexc", "700007"): "right", ("okx", "50120"): "right",
    ("kucoin", "400007"): "right", ("bybit", "10024"): "country", ("binance", "-1021"): "clock",
    ("binance", "-1003"): "wait", ("binance", "-1001"): "down",
}  # fmt: skip
#: Kinds of ccxt's errors, the narrower before the wider.
_KINDS: Final = (
    ("RestrictedLocation", "country"), ("AccountNotEnabled", "account"), ("PermissionDenied", "right"),
    ("AccountSuspended", "suspended"), ("AuthenticationError", "key"), ("InvalidNonce", "clock"),
    ("RateLimitExceeded", "wait"), ("DDoSProtection", "wait"), ("OnMaintenance", "maintenance"),
    ("ExchangeNotAvailable", "down"), ("RequestTimeout", "silent"), ("NetworkError", "silent"),
    ("BadSymbol", "unknown"), ("NotSupported", "unsupported"), ("BadResponse", "garbled"),
    ("OperationFailed", "down"), ("ExchangeError", "other"), ("BaseError", "other"),
)  # fmt: skip
_SENTENCES: Final = {
    "country": "{venue} does not offer this in the country of this computer's address",
    "account": "{venue} says that the account for {what} is not open",
    "right": "the key of {venue} may not read {what}, or this computer's address is not on its list: open the page of "
    "API keys there and allow reading",
    "suspended": "{venue} has suspended the account",
    "key": "{venue} does not accept the key: key, secret or passphrase is wrong, it has expired, or this computer's "
    "address is not on its list",
    "clock": "this computer's clock differs from {venue}'s by more than it allows: set the clock",
    "wait": "{venue} asks to wait{seconds}: the old figures stay",
    "maintenance": "{venue} is down for maintenance: the old figures stay",
    "down": "{venue} is not available: the old figures stay",
    "silent": "no answer from {venue} in {timeout} s: the old figures stay",
    "unknown": "{venue} has no {what}: the cells stay",
    "unsupported": "{venue} does not give {what}: the cells stay",
    "garbled": "{venue} answers {what} in a form that cannot be read: the old figures stay",
    "other": "{venue} refuses {what}: the old figures stay",
}
#: Kinds after which asking the same venue for anything signed is of no use.
FINAL: Final = ("key", "clock", "country", "suspended", "wait", "silent", "down", "maintenance")
#: Kinds after which the venue is not asked anything more: it does not answer, or wants to be left alone.
SILENT: Final = ("wait", "silent", "down", "maintenance")
RETRIED: Final = ("clock", "wait", "down", "silent")


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong.

    Parameters
    ----------
    kind
        One of the kinds above.
    line
        The sentence to print.
    wait
        Seconds that the venue asks to wait, where it says so.
    """

    kind: str
    line: str
    wait: float | None = None


def fault_of(
    failure: BaseException, venue: str, venue_code: str, what: str, timeout: float = 20.0, wait: float | None = None
) -> Fault:
    """Return what an error of ccxt means.

    Parameters
    ----------
    failure
        The error.
    venue, venue_code
        The venue's name in the book, and ccxt's.
    what
        What was asked for, in words ("balances").
    timeout
        Seconds after which a request was given up.
    wait
        The Retry-After of the answer, in seconds.
    """
    text = str(failure)
    cause = f"{type(failure.__cause__).__name__} {failure.__cause__}"
    code = _code(text)
    names = [each.__name__ for each in type(failure).__mro__]
    status = re.search(r"\b(4(?:03|18|29|51)|5[0-9]{2})\b", text.split("{")[0].split("<")[0])
    kind = _CODES.get((venue_code, code)) or next((kind for name, kind in _KINDS if name in names), "garbled")
    if kind in ("other", "down") and status and status[1] in ("418", "429"):
        kind = "wait"
    if kind in ("other", "down", "key") and status and status[1] in ("451",):
        kind = "country"
    if kind == "other" and code == "" and "BaseError" in names and not re.search(r"\{", text):
        kind = "garbled"
    if kind == "silent" and _is_half(cause):
        kind = "garbled"
    seconds = f" {wait:.0f} s" if wait else ""
    line = _SENTENCES[kind].format(venue=venue, what=what, seconds=seconds, timeout=f"{timeout:g}")
    return Fault(kind, line + (f" (code {code})" if code else ""), wait)


def _code(text: str) -> str:
    """Return the venue's code in an error's text: a number of up to seven digits or a short word, nothing else."""
    match = re.search(r'"(?:retCode|code|label|sCode)"\s*:\s*"?(-?[0-9]{1,7}|[A-Z_]{3,40})"?', text)
    return match[1] if match and match[1] not in ("0", "00000", "200000") else ""


def _is_half(text: str) -> bool:
    return any(word in text for word in ("IncompleteRead", "ChunkedEncoding", "ContentDecoding", "Connection broken"))
