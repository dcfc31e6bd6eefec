"""A message when a plan triggers: to a webhook, a mail command or a file, with the figures that the user chose."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rebalance_xl import terminal
from rebalance_xl.commands.options import UsageError

#: What a message may hold. Without --notify-fields only the trigger and its count of trades leave the machine.
FIELDS: Final = ("trigger", "trades", "reasons", "lines", "value", "faults", "book")
DEFAULT_FIELDS: Final = ("trigger", "trades")
_TIMEOUT = 20


@dataclass(frozen=True, slots=True)
class Targets:
    """Where messages go and what they hold.

    Parameters
    ----------
    places
        Kind (webhook, mail, file) and place.
    fields
        Of :data:`FIELDS`.
    """

    places: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = DEFAULT_FIELDS


def read_targets(places: Sequence[str], fields: str) -> Targets:
    """Return the targets of ``--notify``.

    Raises
    ------
    UsageError
        A target is none of webhook, mail command and file, or a field is not known.
    """
    found = []
    for place in places:
        kind, _, rest = place.partition(":")
        if kind in ("http", "https"):
            found.append(("webhook", place))
        elif kind in ("mail", "file") and rest.strip():
            found.append((kind, rest.strip()))
        else:
            raise UsageError(
                f'--notify is "{place}"; write https://... for a webhook, mail:COMMAND for a program that takes the '
                "message on its input, or file:PATH"
            )
    chosen = tuple(each.strip() for each in fields.split(",") if each.strip()) or DEFAULT_FIELDS
    for each in chosen:
        if each not in FIELDS:
            raise UsageError(f'--notify-fields has "{each}"; allowed are {", ".join(FIELDS)}')
    return Targets(tuple(found), chosen)


def send(targets: Targets, data: bytes, faults: Sequence[str], now: dt.datetime) -> None:
    """Plan the refreshed book and send a message when something triggers or a venue failed.

    Parameters
    ----------
    targets
        Where to, and which figures.
    data
        The book's bytes after the refresh.
    faults
        What failed, a line each.
    now
        UTC; the message names its day.
    """
    if not targets.places:
        return
    figures = _figures(data, faults, now)
    if figures["trigger"] == "NONE" and not figures["faults"]:
        return
    message = {"date": f"{now:%Y-%m-%d}", **{name: figures[name] for name in targets.fields}}
    if not any(message.get(name) for name in targets.fields) and figures["faults"]:
        message["trigger"] = figures["trigger"]
    for kind, place in targets.places:
        problem = {"webhook": _to_webhook, "mail": _to_mail, "file": _to_file}[kind](place, message)
        if problem:
            terminal.complain(f"--notify {kind}: {problem}")


def _figures(data: bytes, faults: Sequence[str], now: dt.datetime) -> dict[str, Any]:
    from rebalance_xl.book import actions
    from rebalance_xl.book.problems import BookError
    from rebalance_xl.hosts.file import FileWorkbook

    figures: dict[str, Any] = {"faults": list(faults), "book": "", "value": None, "reasons": [], "lines": []}
    try:
        plan = actions.plan(FileWorkbook.from_bytes(data), None, now.date())
    except BookError as failure:
        return {**figures, "trigger": "REFUSED", "trades": 0, "reasons": str(failure).splitlines()}
    trades = [line for line in plan.lines if line.trades]
    return {
        **figures,
        "trigger": plan.trigger.kind,
        "trades": len(trades),
        "reasons": list(plan.trigger.reasons),
        "lines": [f"{line.action} {line.asset} {line.amount:.2f}" for line in trades],
        "value": round(plan.totals.value, 2),
    }


def message_text(message: Mapping[str, Any]) -> str:
    """Return a message as lines of plain text."""
    lines = []
    for name, value in message.items():
        text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
        if text not in ("", "None"):
            lines.append(f"{name}: {text}")
    return "\n".join(lines) + "\n"


def _to_webhook(place: str, message: Mapping[str, Any]) -> str:
    """Post a message as JSON, with its text under "text" and "content", as chat programs read it."""
    text = message_text(message)
    body = json.dumps({**message, "text": text, "content": text}).encode()
    request = urllib.request.Request(place, body, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):
            return ""
    except urllib.error.HTTPError as failure:
        return f"the webhook answers {failure.code}"
    except (OSError, ValueError) as failure:
        return f"the webhook does not answer ({type(failure).__name__})"


def _to_mail(command: str, message: Mapping[str, Any]) -> str:
    """Give a message to a program on its input."""
    try:
        words = shlex.split(command)
        text = message_text(message)
        done = subprocess.run(words, input=text, text=True, capture_output=True, timeout=_TIMEOUT, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired) as failure:
        return f"the program cannot be run ({type(failure).__name__})"
    return f"the program ended with {done.returncode}" if done.returncode else ""


def _to_file(place: str, message: Mapping[str, Any]) -> str:
    """Add a message to a file, one JSON line each."""
    try:
        with Path(place).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(message, ensure_ascii=False) + "\n")
    except OSError as failure:
        return f"the file cannot be written ({failure.strerror or type(failure).__name__})"
    return ""
