"""What becomes of a cell: its computed value is written, its cached one kept, or the formula computed more carefully.

This is the whole of that decision. A value is written only when it was really computed: nothing that stands for "could
not" is, and nothing that follows from what nobody could read. The cause decides, never the value alone.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ...cells import CellError
from .engine_values import Trouble


class Action(Enum):
    """What is done with a cell."""

    WRITE = "write"
    KEEP = "keep"
    AGAIN = "compute once more, the careful way"


def decide(
    *,
    answer: Any = None,
    old: Any = None,
    failure: str = "",
    unreadable: str = "",
    doubtful: str = "",
    linked: bool = False,
    blocked: bool = False,
    careful: bool = False,
) -> tuple[Action, str]:
    """Return what is done with a cell, and the cause where its cached value is kept.

    The `answer` is what came out, a trouble or None where `failure` says why nothing did: the engine gave nothing or
    gave up, a limit was hit, a function failed, a text may be a number in another language. `old` is the cached value.

    `unreadable` is what the formula reads that nobody here can read (a linked data type, a picture, a cell without a
    value), `doubtful` what it reads that kept an error for want of a better value. The cell itself may be `linked` to a
    data type, its array `blocked` by taken cells, its formula computed the `careful` way already.

    >>> decide(answer=2.0, old=1.0), decide(old=1.0, failure="circular")
    ((<Action.WRITE: 'write'>, ''), (<Action.KEEP: 'keep'>, 'circular'))
    """
    failure = failure or (answer.cause if isinstance(answer, Trouble) else "")
    if linked:
        return Action.KEEP, "linked-data-type"
    if failure:
        return Action.KEEP, failure
    if unreadable:
        return Action.KEEP, unreadable
    if blocked:
        return Action.KEEP, "spill-blocked"
    if answer.__class__ is CellError and answer != old:
        if doubtful and old.__class__ is not CellError:
            return Action.KEEP, doubtful
        if not careful:
            return Action.AGAIN, ""
    return Action.WRITE, ""
