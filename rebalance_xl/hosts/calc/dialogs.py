"""Message boxes in Calc; without a visible window (headless) a message goes to the log instead."""

from __future__ import annotations

import logging
from typing import Any, Final

__all__ = ["DocumentScreen"]

_log = logging.getLogger("rebalance_xl.calc")
_OK, _YES_NO = 1, 3  # com.sun.star.awt.MessageBoxButtons
_YES: Final = 2  # com.sun.star.awt.MessageBoxResults
_TITLE: Final = "Rebalancer"


class DocumentScreen:
    """The window of a document.

    Parameters
    ----------
    context : com.sun.star.uno.XComponentContext
        LibreOffice's component context.
    document : com.sun.star.sheet.SpreadsheetDocument
        The document whose window is meant.
    """

    def __init__(self, context: Any, document: Any) -> None:
        self._context, self._document = context, document

    def show(self, message: str, kind: str = "INFOBOX") -> None:
        """Show a message; `kind` is INFOBOX, WARNINGBOX or ERRORBOX."""
        _log.log(logging.INFO if kind == "INFOBOX" else logging.WARNING, "%s", message)
        self._execute(message, kind, _OK)

    def ask(self, question: str) -> bool:
        """Return whether the user said yes; without a window nobody is there to say no to a command."""
        return self._execute(question, "QUERYBOX", _YES_NO) in (None, _YES)

    def go_to(self, sheet: str) -> bool:
        """Bring a sheet to the front; return whether there is one of that name."""
        if not self._document.Sheets.hasByName(sheet):
            return False
        controller = self._document.getCurrentController()
        if controller is not None:
            controller.setActiveSheet(self._document.Sheets.getByName(sheet))
        return True

    def command(self, url: str) -> None:
        """Run one of Calc's own commands in this window."""
        helper = self._make("com.sun.star.frame.DispatchHelper")
        helper.executeDispatch(self._document.getCurrentController().getFrame(), url, "", 0, ())

    def _execute(self, message: str, kind: str, buttons: int) -> int | None:
        """Return which button was pressed, None without a window."""
        import uno

        controller = self._document.getCurrentController()
        window = controller.getFrame().getContainerWindow() if controller is not None else None
        if window is None or not window.isVisible():
            return None
        enum = uno.Enum("com.sun.star.awt.MessageBoxType", kind)
        toolkit = self._make("com.sun.star.awt.Toolkit")
        box = toolkit.createMessageBox(window, enum, buttons, _TITLE, message)
        try:
            pressed: int = box.execute()
        finally:
            box.dispose()
        return pressed

    def _make(self, service: str) -> Any:
        return self._context.ServiceManager.createInstanceWithContext(service, self._context)
