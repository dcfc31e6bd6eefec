"""Message boxes in Calc; without a window (headless) the message goes to the log instead."""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["ask", "show"]

_log = logging.getLogger("rebalance_xl.calc")
_OK, _YES_NO = 1, 3  # com.sun.star.awt.MessageBoxButtons
_YES = 2  # com.sun.star.awt.MessageBoxResults
_TITLE = "Rebalancer"


def show(context: Any, document: Any, message: str, kind: str = "INFOBOX") -> None:
    """Show a message in front of the document's window; `kind` is INFOBOX, WARNINGBOX or ERRORBOX."""
    box = _box(context, document, message, kind, _OK)
    if box is not None:
        box.execute()


def ask(context: Any, document: Any, question: str) -> bool:
    """Return whether the user said yes; without a window nobody did."""
    box = _box(context, document, question, "QUERYBOX", _YES_NO)
    return box is not None and box.execute() == _YES


def _box(context: Any, document: Any, message: str, kind: str, buttons: int) -> Any:
    import uno

    _log.warning("%s", message) if kind != "INFOBOX" else _log.info("%s", message)
    controller = document.getCurrentController()
    window = controller.getFrame().getContainerWindow() if controller is not None else None
    if window is None or not window.isVisible():
        return None
    toolkit = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
    enum = uno.Enum("com.sun.star.awt.MessageBoxType", kind)
    return toolkit.createMessageBox(window, enum, buttons, _TITLE, message)
