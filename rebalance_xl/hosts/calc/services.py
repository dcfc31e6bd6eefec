"""The UNO objects of the extension, put together inside LibreOffice from the modules that do the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc.addin import make_methods

__all__ = ["makers"]


def makers() -> dict[str, Callable[..., Any]]:
    """Return what makes each object when LibreOffice asks for it: functions, commands, job."""
    import unohelper
    from com.sun.star.lang import XServiceInfo, XServiceName
    from org.rebalancer import XFunctions  # type: ignore[import-not-found]

    def initialise(self: Any, context: Any, *arguments: Any) -> None:
        self.context = context

    functions = type(
        "Functions",
        (unohelper.Base, XFunctions, XServiceName, XServiceInfo),
        {"__init__": initialise, **make_methods(FUNCTIONS)},
    )
    return {"functions": functions}
