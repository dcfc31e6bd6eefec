"""Rebalancer: worksheet functions, plans and headless recalculation for a crypto spot and futures book.

``import rebalance_xl as rx`` offers :mod:`rebalance_xl.face` and every worksheet function under its name, each loaded
when it is first asked for. See docs/python.md.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rebalance_xl.face import (
        BookError as BookError,
    )
    from rebalance_xl.face import (
        FunctionError as FunctionError,
    )
    from rebalance_xl.face import (
        Refused as Refused,
    )
    from rebalance_xl.face import (
        check_book as check_book,
    )
    from rebalance_xl.face import (
        function as function,
    )
    from rebalance_xl.face import (
        make_plan as make_plan,
    )
    from rebalance_xl.face import (
        read_book as read_book,
    )
    from rebalance_xl.face import (
        recalculate as recalculate,
    )
    from rebalance_xl.face import (
        record as record,
    )
    from rebalance_xl.face import (
        review as review,
    )
    from rebalance_xl.face import (
        stress as stress,
    )

__version__ = "0.2.0"

_FACE = (
    "BookError",
    "FunctionError",
    "Refused",
    "check_book",
    "function",
    "make_plan",
    "read_book",
    "recalculate",
    "record",
    "review",
    "stress",
)


def __getattr__(name: str) -> Any:
    if name in _FACE:
        from rebalance_xl import face

        return getattr(face, name)
    if name == "__all__":
        from rebalance_xl.functions import FUNCTIONS

        return ["__version__", *_FACE, *FUNCTIONS]
    if name.isupper():
        from rebalance_xl.face import function

        return function(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__getattr__("__all__")]


class _Package(type(sys)):  # type: ignore[misc]
    """The package: `review` is the function also after the subpackage of that name has been imported."""

    @property
    def review(self) -> Any:
        """Return the function; the import system would put the subpackage here, `from rebalance_xl.review` finds it."""
        return __getattr__("review")

    @review.setter
    def review(self, subpackage: Any) -> None:
        pass


sys.modules[__name__].__class__ = _Package
