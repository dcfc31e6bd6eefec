"""The UNO objects of the extension, put together inside LibreOffice from the modules that do the work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc.addin import make_methods
from rebalance_xl.hosts.calc.buttons import run
from rebalance_xl.hosts.calc.charts import keep_following
from rebalance_xl.hosts.calc.dialogs import DocumentScreen
from rebalance_xl.hosts.calc.identity import (
    FUNCTIONS_IMPLEMENTATION,
    JOB_IMPLEMENTATION,
    PROTOCOL,
    PROTOCOL_IMPLEMENTATION,
    SERVICE,
)
from rebalance_xl.hosts.calc.live import Watches
from rebalance_xl.hosts.calc.rebind import comes_from_excel, rebind

__all__ = ["makers", "service_info"]


_log = logging.getLogger("rebalance_xl.calc")


def service_info(implementation: str, *services: str) -> dict[str, Callable[..., Any]]:
    """Return the methods of XServiceInfo."""
    return {
        "getImplementationName": lambda self: implementation,
        "getSupportedServiceNames": lambda self: services,
        "supportsService": lambda self, name: name in services,
    }


def makers() -> dict[str, Callable[..., Any]]:
    """Return what makes each object when LibreOffice asks for it: functions, commands, job."""
    import unohelper
    from com.sun.star.lang import XServiceInfo, XServiceName
    from org.rebalancer import XFunctions  # type: ignore[import-not-found]

    def initialise(self: Any, context: Any, *arguments: Any) -> None:
        self.context = context

    def initialise_functions(self: Any, context: Any, *arguments: Any) -> None:
        self.watches = Watches(*_callbacks(unohelper, context))

    functions = type(
        "Functions",
        (unohelper.Base, XFunctions, XServiceName, XServiceInfo),
        {
            "__init__": initialise_functions,
            "getServiceName": lambda self: SERVICE,
            **service_info(FUNCTIONS_IMPLEMENTATION, SERVICE, "com.sun.star.sheet.AddIn"),
            **make_methods(FUNCTIONS),
        },
    )
    return {
        "functions": functions,
        "commands": _commands(unohelper, initialise),
        "job": _job(unohelper, initialise),
    }


def _callbacks(unohelper: Any, context: Any) -> tuple[Callable[..., None], Callable[..., Any]]:
    """Return what runs a function when LibreOffice is idle, and what makes a listener to changes."""
    from com.sun.star.awt import XCallback
    from com.sun.star.util import XModifyListener

    requests = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)

    def guarded(action: Callable[[], None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            try:
                action()
            except Exception:  # the document may be gone by now
                _log.debug("a watched document could not be recalculated", exc_info=True)

        return call

    def make(interface: Any, **methods: Callable[..., None]) -> Any:
        return type(interface.__name__, (unohelper.Base, interface), methods)()

    def later(action: Callable[[], None]) -> None:
        call = guarded(action)
        requests.addCallback(make(XCallback, notify=lambda self, data: call()), None)

    def listener(changed: Callable[[], None]) -> Any:
        call = guarded(changed)
        return make(XModifyListener, modified=lambda self, event: call(), disposing=lambda self, event: None)

    return later, listener


def _commands(unohelper: Any, start: Callable[..., None]) -> type:
    from com.sun.star.frame import XDispatch, XDispatchProvider
    from com.sun.star.lang import XInitialization, XServiceInfo

    def initialize(self: Any, arguments: Any) -> None:
        self.frame = arguments[0] if arguments else None

    def query(self: Any, url: Any, target: str, flags: int) -> Any:
        return self if url.Complete.startswith(PROTOCOL) else None

    def dispatch(self: Any, url: Any, arguments: Any) -> None:
        """Run the command that an address names."""
        try:
            document = self.frame.getController().getModel()
            run(url.Complete.removeprefix(PROTOCOL), document, DocumentScreen(self.context, document))
        except Exception:
            _log.exception("%s failed", url.Complete)

    return type(
        "Commands",
        (unohelper.Base, XDispatchProvider, XDispatch, XInitialization, XServiceInfo),
        {
            "__init__": start,
            "initialize": initialize,
            "queryDispatch": query,
            "queryDispatches": lambda self, requests: tuple(
                query(self, each.FeatureURL, each.FrameName, each.SearchFlags) for each in requests
            ),
            "dispatch": dispatch,
            "addStatusListener": lambda self, listener, url: None,
            "removeStatusListener": lambda self, listener, url: None,
            **service_info(PROTOCOL_IMPLEMENTATION, "com.sun.star.frame.ProtocolHandler"),
        },
    )


def _job(unohelper: Any, initialise: Callable[..., None]) -> type:
    from com.sun.star.lang import XServiceInfo
    from com.sun.star.task import XJob

    def execute(self: Any, arguments: Any) -> None:
        """Look at a document that has just been opened."""
        try:
            document = _opened_document(arguments)
            if document is None:
                return
            if comes_from_excel(document):
                message = rebind(document).message()
                if message:
                    DocumentScreen(self.context, document).show(message, "WARNINGBOX")
            else:
                keep_following(document, *_callbacks(unohelper, self.context))
        except Exception:
            _log.exception("a book could not be looked at")

    return type(
        "OpenedBook",
        (unohelper.Base, XJob, XServiceInfo),
        {"__init__": initialise, "execute": execute, **service_info(JOB_IMPLEMENTATION, "com.sun.star.task.Job")},
    )


def _opened_document(arguments: Any) -> Any:
    """Return the spreadsheet that a job is called for, None for a document of another kind."""
    fields = {each.Name: each.Value for each in arguments}
    environment = {each.Name: each.Value for each in fields.get("Environment") or ()}
    document = environment.get("Model")
    is_sheet = document is not None and document.supportsService("com.sun.star.sheet.SpreadsheetDocument")
    return document if is_sheet else None
