"""What becomes of a cell: its computed value is written, its cached one kept, or the formula computed more carefully.

A value is written only when it was really computed: nothing that stands for "could not" is. Formulas of which a
function failed, and what reads what nobody can read, are kept with that cause without any look at what came out.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from ...cells import CellError
from .engine_values import Trouble

#: The cause of an array that finds cells in its way.
BLOCKED: Final = "spill-blocked"


class Action(Enum):
    """What is done with a cell."""

    WRITE = "write"
    KEEP = "keep"
    AGAIN = "compute once more, the careful way"


def decide(
    *, answer: Any, old: Any, doubtful: str = "", blocked: bool = False, careful: bool = False
) -> tuple[Action, str]:
    """Return what is done with a cell, and the cause where its cached value is kept.

    The `answer` is what came out, a trouble where the engine gave nothing or gave up, `old` the cached value;
    `doubtful` is what the formula reads that kept an error for want of a better value. The array of the cell may be
    `blocked` by taken cells, its formula computed the `careful` way already.

    >>> decide(answer=2.0, old=1.0), decide(answer=Trouble("circular"), old=1.0)
    ((<Action.WRITE: 'write'>, ''), (<Action.KEEP: 'keep'>, 'circular'))
    """
    if isinstance(answer, Trouble):
        return Action.KEEP, answer.cause
    if blocked:
        return Action.KEEP, BLOCKED
    if answer.__class__ is CellError and answer != old:
        if doubtful and old.__class__ is not CellError:
            return Action.KEEP, doubtful
        if not careful:
            return Action.AGAIN, ""
    return Action.WRITE, ""
