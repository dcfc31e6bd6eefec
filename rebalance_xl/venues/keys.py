"""Keys of venues: from the environment or the system's keyring, never from or into anything else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SERVICE: Final = "rebalance-xl"
#: What ccxt calls the parts of a key, and what they are called in the environment and to people.
PARTS: Final = {"apiKey": "key", "secret": "secret", "password": "password"}
_LIST: Final = "venues"


class VenueKeyError(Exception):
    """A key that cannot be read or kept; the text says what to do and holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The key of one venue. Its text shows nothing of it.

    Parameters
    ----------
    venue
        ccxt's name of the venue.
    parts
        By ccxt's names: apiKey, secret, password.
    origin
        "environment" or "keyring".
    """

    venue: str
    parts: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str = ""

    def __bool__(self) -> bool:
        return bool(self.parts)

    def hint(self) -> str:
        """Return the last four characters of the key, which is what venues show of it in their lists."""
        return f"...{self.parts.get('apiKey', '')[-4:]}" if len(self.parts.get("apiKey", "")) >= 12 else "..."


def from_environment(venue: str, environment: Mapping[str, str] | None = None) -> Secrets:
    """Return the key in REBALANCE_XL_<VENUE>_KEY, _SECRET and _PASSWORD; an empty one where there is none."""
    values = os.environ if environment is None else environment
    parts = {}
    for part, name in PARTS.items():
        value = values.get(f"REBALANCE_XL_{venue.upper()}_{name.upper()}", "").strip()
        if value:
            parts[part] = value.replace("\\n", "\n")
    return Secrets(venue, parts, "environment")


def find_secrets(venue: str, environment: Mapping[str, str] | None = None) -> Secrets:
    """Return a venue's key: the environment's, else the keyring's, else an empty one.

    Raises
    ------
    VenueKeyError
        If the environment holds half a key, or the keyring does not answer.
    """
    found = from_environment(venue, environment)
    if found:
        if not {"apiKey", "secret"} <= set(found.parts):
            raise VenueKeyError(
                f"{venue}: the environment holds half a key: set both REBALANCE_XL_{venue.upper()}_KEY and _SECRET"
            )
        return found
    ring = _keyring(optional=True)
    if ring is None:
        return Secrets(venue)
    try:
        parts = {part: ring.get_password(SERVICE, f"{venue}:{name}") for part, name in PARTS.items()}
    except Exception as failure:  # every backend raises its own kinds; their texts may hold anything
        if type(failure).__name__ == "NoKeyringError":
            return Secrets(venue)
        raise VenueKeyError(f"{venue}: the system's keyring does not answer ({type(failure).__name__})") from None
    return Secrets(venue, {part: value for part, value in parts.items() if value}, "keyring")


def keep_secrets(secrets: Secrets) -> None:
    """Put a venue's key into the system's keyring and its name onto the list of venues.

    Raises
    ------
    VenueKeyError
        If this machine has no keyring, or it refuses.
    """
    ring = _keyring()
    try:
        for part, name in PARTS.items():
            if part in secrets.parts:
                ring.set_password(SERVICE, f"{secrets.venue}:{name}", secrets.parts[part])
        ring.set_password(SERVICE, _LIST, " ".join(sorted({*kept_venues(), secrets.venue})))
    except VenueKeyError:
        raise
    except Exception as failure:
        raise VenueKeyError(_refused(failure, secrets.venue)) from None


def remove_secrets(venue: str) -> bool:
    """Take a venue's key out of the keyring; False where it held none."""
    ring = _keyring()
    found = False
    try:
        for name in PARTS.values():
            if ring.get_password(SERVICE, f"{venue}:{name}") is not None:
                ring.delete_password(SERVICE, f"{venue}:{name}")
                found = True
        ring.set_password(SERVICE, _LIST, " ".join(sorted(set(kept_venues()) - {venue})))
    except Exception as failure:
        raise VenueKeyError(_refused(failure, venue)) from None
    return found


def kept_venues() -> list[str]:
    """Return the venues whose keys the keyring holds; none where there is no keyring."""
    ring = _keyring(optional=True)
    if ring is None:
        return []
    try:
        return sorted((ring.get_password(SERVICE, _LIST) or "").split())
    except Exception:
        return []


def environment_venues(environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the venues that have a key in the environment."""
    values = os.environ if environment is None else environment
    found = (re.fullmatch(r"REBALANCE_XL_([A-Z0-9]+)_KEY", name) for name in values)
    return sorted(match[1].lower() for match in found if match)


def scrubbed(text: str, secrets: Iterable[Secrets]) -> str:
    """Return a text without any part of a key and without what stands behind the "?" of an address."""
    for each in secrets:
        for part in each.parts.values():
            if part:
                text = text.replace(part, "***")
    return re.sub(r"(https?://[^\s?]+)\?\S*", r"\1", text)


def _keyring(optional: bool = False) -> Any:
    try:
        import keyring
    except ImportError:
        if optional:
            return None
        raise VenueKeyError('keys need the package keyring: pip install "rebalance-xl[venues]"') from None
    return keyring


def require_keyring(venue: str) -> None:
    """Say that this machine has no keyring before anybody types a key.

    Raises
    ------
    VenueKeyError
        If the package is missing, or it has no place to keep a key in.
    """
    asked = getattr(_keyring(), "get_keyring", None)
    if asked is not None and type(asked()).__module__ == "keyring.backends.fail":
        raise VenueKeyError(_no_keyring(venue))


def _no_keyring(venue: str) -> str:
    upper = venue.upper()
    return (
        f"this machine has no keyring: set REBALANCE_XL_{upper}_KEY and REBALANCE_XL_{upper}_SECRET "
        "in the environment of the job instead"
    )


def _refused(failure: Exception, venue: str) -> str:
    if type(failure).__name__ == "NoKeyringError":
        return _no_keyring(venue)
    return f"{venue}: the system's keyring refuses ({type(failure).__name__})"
