"""The rules that are laid side by side: the standard ones, a user's own, and the cells of a sweep."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rebalance_xl.book import schema
from rebalance_xl.book.model import Book
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.reading import UnreadableError, value_of
from rebalance_xl.functions.simulation.standard import BAND, HOLD, NO_BAND, OWN, STANDARD
from rebalance_xl.review.history import History

#: What a variant may change besides the settings and Band.
FUTURES_BAND = "Futures[Band]"
#: What any rule can be walked without, and the rules that stand beside themselves without the futures.
FUTURES, EVENTS = "futures", "events"
_BESIDE = (HOLD, OWN, "monthly", "threshold")
_STEPS = 400


@dataclass(frozen=True, slots=True)
class Variant:
    """A rule: the book with some of its settings changed.

    Parameters
    ----------
    name
        As it stands in the table.
    changes
        Setting, Band or Futures[Band] and the value.
    hold, from_targets
        Nothing is traded; the book is bought to its targets at the first close.
    without_futures, without_events
        Rows that are left out.
    own
        The book's own settings.
    """

    name: str
    changes: tuple[tuple[str, Any], ...] = ()
    hold: bool = False
    from_targets: bool = False
    without_futures: bool = False
    without_events: bool = False
    own: bool = False

    def settings_text(self) -> str:
        """Say what is changed: ``Band=0.02; TrimTo=0.5``."""
        return "; ".join(_change_text(name, value) for name, value in self.changes)


def _change_text(name: str, value: Any) -> str:
    if name == BAND and value == NO_BAND:
        return "no bands"
    return "no review" if name == "ReviewFrequency" and value is None else f"{name}={_shown(value)}"


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float | int) else str(value)


def standard(book: Book) -> list[Variant]:
    """Return the variants that apply to a book, holding first and its own settings second."""
    settings = book.settings
    found = [
        Variant(HOLD, hold=True),
        Variant(OWN, own=True),
        Variant("hold from targets", hold=True, from_targets=True),
        *(Variant(name, changes) for name, changes in STANDARD),
        Variant(
            "threshold + monthly",
            (("ReviewFrequency", settings.review_frequency or "monthly"), ("ReviewDrift", settings.review_drift)),
        ),
    ]
    if settings.review_frequency is not None:
        found.pop()  # it is the book itself
    if book.events:
        found.append(Variant("book without events", without_events=True))
    if book.positions:
        beside = [each for each in found if each.name in _BESIDE]
        found += [_without(each, FUTURES) for each in beside]
    return found


def _without(variant: Variant, what: str) -> Variant:
    """Return a rule for the book without its futures or its events."""
    return replace(
        variant,
        name=f"{variant.name} without {what}",
        own=False,
        without_futures=variant.without_futures or what == FUTURES,
        without_events=variant.without_events or what == EVENTS,
    )


def named(text: str, book: Book) -> Variant:
    """Return the variant of ``--variant``: a standard name, or ``name: Setting=value; Setting=value``.

    A standard name may end in " without futures" or " without events".

    Raises
    ------
    BookError
        If it is neither, or a setting or value is unknown.
    """
    for each in standard(book):
        if each.name.casefold() == text.strip().casefold():
            return each
    base, apart, left_out = text.strip().rpartition(" without ")
    if apart and left_out.casefold() in (FUTURES, EVENTS) and ":" not in base and "=" not in base:
        return _without(named(base, book), left_out.casefold())
    name, colon, rest = text.partition(":")
    if not colon and "=" not in text:
        known = ", ".join(each.name for each in standard(book))
        raise _refuse(f'"{text}" is no variant; known are {known}, or write "name: Setting=value; ..."')
    listed = rest if colon else text
    changes = tuple(_change(each) for each in listed.split(";") if each.strip())
    return Variant(name.strip() if colon else listed.strip(), changes)


def _refuse(message: str) -> BookError:
    return BookError(Problem(ERROR, "review", message))


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise _refuse(f'"{text.strip()}" is no change such as Band=0.02')
    return _read(name.strip(), value.strip())


def _read(name: str, value: str) -> tuple[str, Any]:
    """Return a change with its value read as the setting's kind wants it."""
    for own in (BAND, FUTURES_BAND):
        if name.casefold() == own.casefold():
            return own, _number(own, value)
    key = next((each for each in schema.SETTINGS if each.casefold() == name.casefold()), None)
    if key is None or key in ("AsOf", "LastReview", "Quote"):
        known = ", ".join((BAND, FUTURES_BAND, *(each for each in schema.SETTINGS if each not in ("AsOf", "Quote"))))
        raise _refuse(f'"{name}" is nothing that a variant changes; allowed are {known}')
    setting = schema.SETTINGS[key]
    if not value:
        return key, setting.default
    try:
        cell: Any = float(value)
    except ValueError:
        cell = value
    try:
        return key, value_of(cell, setting.kind, setting.words)
    except UnreadableError as why:
        raise _refuse(f"{key} {why}") from None


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise _refuse(f'{name} is "{value}"; allowed is a share such as 0.05') from None
    if not 0.0 <= number <= NO_BAND:
        raise _refuse(f"{name} is {number:g}; allowed is 0 to 1")
    return number


def varied(book: Book, variant: Variant) -> Book:
    """Return the book with the changes of a variant."""
    settings = {schema.snake_case(name): value for name, value in variant.changes if name in schema.SETTINGS}
    changed = replace(book, settings=replace(book.settings, **settings))
    for name, value in variant.changes:
        if name == BAND:
            holdings = tuple(
                holding
                if holding.target is None or (holding.stable and not holding.banded)
                else replace(holding, band=value)
                for holding in changed.holdings
            )
            changed = replace(changed, holdings=holdings)
        elif name == FUTURES_BAND:
            positions = tuple(
                position if position.target is None else replace(position, band=value) for position in changed.positions
            )
            changed = replace(changed, positions=positions)
    if variant.without_events:
        changed = replace(changed, events=())
    if variant.without_futures:
        changed = _in_stablecoins(changed)
    return changed


def _in_stablecoins(book: Book) -> Book:
    """Return the book without its futures: the margin that they hold lies in stablecoins, so the money is the same."""
    holdings = list(book.holdings)
    stables = [place for place, holding in enumerate(holdings) if holding.stable]
    for position in book.positions:
        margin = position.margin * position.money
        here = [place for place in stables if holdings[place].venue.casefold() == position.venue.casefold()]
        if not margin or not stables:
            continue
        place = (here or stables)[0]
        row, price = holdings[place], holdings[place].price or 1.0
        quantity = None if row.quantity is None else row.quantity + margin / price
        holdings[place] = replace(row, quantity=quantity, value=row.value + margin)
    return replace(book, holdings=tuple(holdings), positions=())


def on_target(book: Book, history: History) -> Book:
    """Return the spot book of the same value bought to its targets at the first close, without fees."""
    worth: dict[str, float] = {}
    for holding in book.holdings:
        closes = history.close(holding.asset)
        price = float(closes[0]) if closes is not None else (holding.price or 1.0)
        worth[holding.asset.casefold()] = price
    total = math.fsum((holding.quantity or 0.0) * worth[holding.asset.casefold()] for holding in book.holdings)
    spent, seen, rows = 0.0, set(), []
    for holding in book.holdings:
        key, price = holding.asset.casefold(), worth[holding.asset.casefold()]
        quantity = holding.quantity or 0.0
        if not holding.stable and holding.target is not None:
            quantity = 0.0 if key in seen else holding.target * total / price
            seen.add(key)
            holding = replace(holding, quantity=quantity, cost_basis=quantity * price)
        spent += 0.0 if holding.stable else quantity * price
        rows.append(holding)
    left = total - spent
    stables = [place for place, holding in enumerate(rows) if holding.stable]
    for number, place in enumerate(stables):
        holding = rows[place]
        money = left if number == 0 else 0.0
        rows[place] = replace(holding, quantity=money / worth[holding.asset.casefold()])
    return replace(book, holdings=tuple(rows))


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a sweep: what is changed, and the values it takes."""

    name: str
    values: tuple[Any, ...]


def axis_of(text: str) -> Axis:
    """Return the axis of ``--sweep``: ``Band=0.01:0.25:0.01`` or ``TrimTo=target,midpoint,edge``.

    Raises
    ------
    BookError
        If the text is no such list, or names more than 400 values.
    """
    name, equals, listed = text.partition("=")
    if not equals or not listed.strip():
        raise _refuse(f'"{text}" is no sweep such as Band=0.01:0.25:0.01')
    parts = [part.strip() for part in listed.split(":")]
    if len(parts) == 3 and "," not in listed:
        try:
            low, high, step = map(float, parts)
        except ValueError:
            raise _refuse(f'"{listed}" is no range such as 0.01:0.25:0.01') from None
        if step <= 0 or high < low:
            raise _refuse(f'"{listed}" must rise by a step above 0')
        count = math.floor((high - low) / step + 1e-9) + 1
        if count > _STEPS:
            raise _refuse(f'"{listed}" has {count} values; at most {_STEPS} are allowed')
        texts = [f"{low + i * step:.12g}" for i in range(count)]
    else:
        texts = [part.strip() for part in listed.split(",") if part.strip()]
    found = [_read(name.strip(), each) for each in texts]
    return Axis(found[0][0], tuple(value for _, value in found))


def grid(axes: Sequence[Axis]) -> list[Variant]:
    """Return a variant for every cell of a sweep, the last axis running fastest."""
    cells = itertools.product(*(axis.values for axis in axes))
    return [
        Variant(
            ", ".join(f"{axis.name} {_shown(value)}" for axis, value in zip(axes, cell, strict=True)),
            tuple((axis.name, value) for axis, value in zip(axes, cell, strict=True)),
        )
        for cell in cells
    ]
