"""What may be the noise of the last digits: values that Excel would not show."""

from __future__ import annotations

from typing import Final

#: What is left over of a subtraction of amounts up to a million million is smaller than this.
TINY: Final = 1e-4
#: A text with more than 15 digits in it is longer than this.
SHORT: Final = 15


def is_tiny(value: object) -> bool:
    """Say whether a value may be nothing but the noise of a subtraction."""
    return value.__class__ is float and value != 0.0 and -TINY < value < TINY
