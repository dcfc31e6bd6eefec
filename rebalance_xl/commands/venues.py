"""`rebalance-xl venues`: keys in the system's keyring, and what they may do; nothing of a key is ever printed."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

from rebalance_xl import terminal
from rebalance_xl.venues import keys
from rebalance_xl.venues.asking import Asking, FailedError
from rebalance_xl.venues.exchange import Maker, MissingPackageError, knows, open_exchange
from rebalance_xl.venues.names import venue_id
from rebalance_xl.venues.profiles import PROFILES, profile_of
from rebalance_xl.venues.rights import Rights, rights_of


def add(
    name: str,
    make: Maker | None = None,
    read: Callable[[str], str] = getpass.getpass,
    unchecked: bool = False,
) -> int:
    """Ask for a venue's key without showing it, test it, and keep it in the keyring; returns the exit code."""

    def action() -> int:
        venue = _known(name)
        keys.require_keyring(venue)
        opened = (make or open_exchange)(venue, keys.Secrets(venue))
        parts = {}
        for part, word in keys.PARTS.items():
            if opened.requiredCredentials.get(part):
                value = read(f"{venue} {word} (not shown): ").strip()
                if not value:
                    raise keys.VenueKeyError(f"{venue}: the {word} is blank; nothing is kept")
                parts[part] = value.replace("\\n", "\n")
        secrets = keys.Secrets(venue, parts, "keyring")
        rights = None if unchecked else _rights(venue, secrets, make)
        if rights is not None and rights.excess:
            terminal.complain(_refusal(venue, rights))
            return 1
        keys.keep_secrets(secrets)
        terminal.say(f"{venue}: the key {secrets.hint()} is kept in the system's keyring; {_told(rights)}")
        return 0

    return _guarded(action)


def check(name: str, make: Maker | None = None) -> int:
    """Tell whether a venue accepts the key and what it may do; returns the exit code."""

    def action() -> int:
        venue = _known(name)
        secrets = keys.find_secrets(venue)
        if not secrets:
            terminal.complain(f"{venue}: no key: rebalance-xl venues add {venue}")
            return 1
        rights = _rights(venue, secrets, make)
        if rights.excess:
            terminal.complain(_refusal(venue, rights))
            return 1
        account = profile_of(venue).accounts[0]
        opened = (make or open_exchange)(venue, secrets)
        Asking(opened, venue).ask("balances", lambda: opened.fetch_balance(dict(account.params)))
        terminal.say(f"{venue}: the key {secrets.hint()} ({secrets.origin}) reads balances; {_told(rights)}")
        return 0

    return _guarded(action)


def show() -> int:
    """List the venues with their keys' places; returns the exit code."""

    def action() -> int:
        environment, ring = set(keys.environment_venues()), set(keys.kept_venues())
        rows = []
        for venue in sorted({*PROFILES, *environment, *ring}):
            place = "environment" if venue in environment else "keyring" if venue in ring else ""
            tested = "yes" if profile_of(venue).tested else "no"
            rows.append([venue, place, tested])
        terminal.print_table(["Venue", "Key", "Tested"], rows)
        terminal.say("Every other venue of ccxt may be named as well; its answers are read by the general rules.")
        return 0

    return _guarded(action)


def remove(name: str) -> int:
    """Take a key out of the keyring; returns the exit code."""

    def action() -> int:
        venue = venue_id(name)
        if not keys.remove_secrets(venue):
            terminal.complain(f"{venue}: the keyring holds no key of it")
            return 1
        terminal.say(f"{venue}: the key is removed from the keyring; delete it at the venue as well")
        return 0

    return _guarded(action)


def _known(name: str) -> str:
    venue = venue_id(name)
    if not knows(venue):
        raise MissingPackageError(f"ccxt knows no venue {name}; rebalance-xl venues list shows the tested ones")
    return venue


def _rights(venue: str, secrets: keys.Secrets, make: Maker | None) -> Rights:
    opened = (make or open_exchange)(venue, secrets)
    return Asking(opened, venue).ask("the rights of the key", lambda: rights_of(opened))


def _refusal(venue: str, rights: Rights) -> str:
    return f"the key of {venue} may {', '.join(rights.excess)}: it is not kept or used; make one that may only read"


def _told(rights: Rights | None) -> str:
    if rights is None:
        return "what it may do was not asked"
    if not rights.told:
        return "the venue does not tell what it may do: make sure at the venue that it may only read"
    return "; ".join(["it may only read", *rights.notes])


def _guarded(action: Callable[[], int]) -> int:
    try:
        return action()
    except (MissingPackageError, keys.VenueKeyError) as failure:
        terminal.complain(str(failure))
    except FailedError as failure:
        terminal.complain(failure.fault.line)
    except (EOFError, KeyboardInterrupt):
        print(file=sys.stderr)
        terminal.complain("nothing is kept")
    return 1
