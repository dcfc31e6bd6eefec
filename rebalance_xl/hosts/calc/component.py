"""What LibreOffice loads: registers the functions, the commands and the job of the extension.

This file must load in any Python that a LibreOffice may bring, also one that is too old for the rest; then it
says so instead of failing silently.
"""

# No annotations, for that reason; the names of methods are UNO's.
# mypy: ignore-errors
# ruff: noqa: D102, N802, N816

import os
import sys

import uno
import unohelper

HERE = os.path.dirname(os.path.abspath(__file__))
NEEDED = (3, 11)
IMPLEMENTATIONS = {
    "functions": (
        "org.rebalancer.calc.FunctionsImplementation",
        ("org.rebalancer.Functions", "com.sun.star.sheet.AddIn"),
    ),
    "commands": ("org.rebalancer.calc.Commands", ("com.sun.star.frame.ProtocolHandler",)),
    "job": ("org.rebalancer.calc.OpenedBook", ("com.sun.star.task.Job",)),
}

# LibreOffice appends this folder; another rebalance_xl on the path, of another version, must not win.
_packages = os.path.join(HERE, "pythonpath")
if _packages in sys.path:
    sys.path.remove(_packages)
sys.path.insert(0, _packages)

problem = ""
if sys.version_info < NEEDED:
    problem = (
        "Rebalancer needs a LibreOffice whose Python is {}.{} or newer; this one brings Python {}.{}. "
        "The LibreOffice of a Linux distribution uses the system's Python; elsewhere, update LibreOffice."
    ).format(*NEEDED, *sys.version_info[:2])
else:
    try:
        from rebalance_xl.hosts.calc import services

        makers = services.makers()
    except Exception as error:  # told to the user by the commands; LibreOffice itself would stay silent
        problem = f"Rebalancer could not be loaded: {type(error).__name__}: {error}"

g_ImplementationHelper = unohelper.ImplementationHelper()
if problem:
    from com.sun.star.frame import XDispatch, XDispatchProvider
    from com.sun.star.lang import XServiceInfo
    from com.sun.star.task import XJob

    class Unavailable(unohelper.Base, XDispatchProvider, XDispatch, XJob, XServiceInfo):
        """Stands for the commands and the job, and says what is missing."""

        def __init__(self, context, *arguments):
            self.context = context

        def queryDispatch(self, url, target, flags):
            return self

        def queryDispatches(self, requests):
            return tuple(self for _ in requests)

        def dispatch(self, url, arguments):
            make = self.context.ServiceManager.createInstanceWithContext
            parent = make("com.sun.star.frame.Desktop", self.context).getCurrentFrame().getContainerWindow()
            toolkit = make("com.sun.star.awt.Toolkit", self.context)
            kind = uno.Enum("com.sun.star.awt.MessageBoxType", "ERRORBOX")
            toolkit.createMessageBox(parent, kind, 1, "Rebalancer", problem).execute()

        def addStatusListener(self, listener, url):
            pass

        def removeStatusListener(self, listener, url):
            pass

        def execute(self, arguments):
            sys.stderr.write(problem + "\n")

        def getImplementationName(self):
            return IMPLEMENTATIONS["commands"][0]

        def getSupportedServiceNames(self):
            return IMPLEMENTATIONS["commands"][1]

        def supportsService(self, name):
            return name in self.getSupportedServiceNames()

    for part in ("commands", "job"):
        g_ImplementationHelper.addImplementation(Unavailable, *IMPLEMENTATIONS[part])
else:
    for part, maker in makers.items():
        g_ImplementationHelper.addImplementation(maker, *IMPLEMENTATIONS[part])
