"""Why an order is there, and what stands against it, as types: a kind and the figures that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from rebalance_xl.book.rows import Event, quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Cause:
    """Why an order is there: the kind of rule, the event behind it, and the figures and names that belong to it."""

    kind: str
    event: Event | None = None
    figures: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    because: Cause | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands against an order: the kind of rule, and the figures and names that belong to it."""

    kind: str
    figures: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
