"""What the user said once about a book's files and coins, kept beside the book: names of columns, aliases of coins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class RememberedError(ValueError):
    """The file beside the book cannot be used; the text says why."""


def memory_path(book: Path) -> Path:
    """Return the file beside a book: ``book.xlsx`` has ``book.import.json``."""
    return book.with_name(f"{book.stem}.import.json")


def remembered(book: Path) -> dict[str, Any]:
    """Return what is kept beside a book; nothing where there is no such file.

    Raises
    ------
    RememberedError
        The file is there and is not what this program writes.
    """
    path = memory_path(book)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as failure:
        raise RememberedError(f"{path}: cannot be read ({type(failure).__name__})") from None
    try:
        found = json.loads(text)
    except ValueError:
        raise RememberedError(f"{path}: is no JSON; delete it or correct it") from None
    if not isinstance(found, dict) or not all(isinstance(found.get(key, {}), dict) for key in ("maps", "aliases")):
        raise RememberedError(f'{path}: needs an object with "maps" and "aliases"')
    return found


def remember(book: Path, headers: str, mapping: Mapping[str, str]) -> None:
    """Keep the names of columns for files with the same header line."""
    found = remembered(book)
    found.setdefault("maps", {})[headers] = dict(mapping)
    text = json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True)
    memory_path(book).write_text(text + "\n", encoding="utf-8")


def remembered_aliases(book: Path) -> dict[tuple[str, str], str]:
    """Return the user's own names of coins: ``{"kraken:XBT.X": "BTC", "MYBTC": "BTC"}`` under "aliases".

    Raises
    ------
    RememberedError
        As for :func:`remembered`.
    """
    found = {}
    for name, coin in remembered(book).get("aliases", {}).items():
        venue, colon, rest = str(name).rpartition(":")
        found[(venue.casefold() if colon else "", rest.strip().upper())] = str(coin).strip()
    return found
