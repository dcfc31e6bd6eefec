"""The ribbon's procedures, run by pyOpenVBA with a stand-in for the module xlwings."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyopenvba", reason="pyOpenVBA is not installed")
from pyopenvba.interpreter._values import NOTHING

from tests.authoring.vba_host import VbaHost

#: What RibbonActions uses of the module xlwings; the commands are kept in a variable.
XLWINGS = """
Public Installed As Boolean
Public Commands As String

Function GetConfig(configKey As String, Optional default As String = "", Optional source As String = "") As Variant
    GetConfig = "C:\\Users\\me\\AppData\\Local\\Rebalancer\\venv\\Scripts\\pythonw.exe"
End Function

Function FileExists(ByVal FileSpec As String) As Boolean
    FileExists = Installed
End Function

Public Function RunPython(PythonCommand As String)
    Commands = Commands & PythonCommand & vbLf
End Function

Public Sub SetInstalled(ByVal Value As Boolean)
    Installed = Value
    Commands = ""
End Sub
"""


@pytest.fixture(scope="module")
def opened(workbook: Path, root: Path) -> VbaHost:
    """Open the workbook with its ribbon, and an xlwings that only keeps the commands."""
    host = VbaHost(workbook, root / "udfs.py", ("ErrorMarks", "ModelTables", "RibbonActions", "FunctionHelp"))
    host.app.add_module(XLWINGS, name="xlwings")
    return host


@pytest.fixture
def host(opened: VbaHost) -> VbaHost:
    """Forget what earlier tests did."""
    opened.app.dialogs.clear()
    opened.app.run("SetInstalled", True)
    return opened


@pytest.mark.parametrize(
    "procedure, action",
    [
        ("RebalancerRebalance", "rebalance_button"),
        ("RebalancerRecord", "record_button"),
        ("RebalancerRefresh", "refresh_button"),
        ("RebalancerReview", "review_button"),
        ("RebalancerCheck", "check_button"),
        ("RebalancerFunctions", "functions_button"),
        ("RebalancerAbout", "about_button"),
    ],
)
def test_a_button_calls_its_action(host: VbaHost, procedure: str, action: str) -> None:
    """Each button runs one function of the Excel host, and the command is Python that imports."""
    from rebalance_xl.hosts import excel

    host.app.run(procedure, NOTHING)
    command = host.value("Commands").strip()
    assert command == f"from rebalance_xl.hosts import excel; excel.{action}()"
    assert callable(getattr(excel, action))
    compile(command, "RunPython", "exec")
    assert host.app.dialogs == []


def test_the_button_on_the_dashboard_rebalances(host: VbaHost) -> None:
    """The sheet's button does what the ribbon's does."""
    host.app.run("RebalanceThisBook")
    assert "excel.rebalance_button()" in host.value("Commands")


def test_without_python_the_button_says_what_to_do(host: VbaHost) -> None:
    """No interpreter: a dialog names it and the installer, and nothing is run."""
    host.app.run("SetInstalled", False)
    host.app.run("RebalancerRebalance", NOTHING)
    assert host.value("Commands") == ""
    ((_, prompt, title, _),) = host.app.dialogs
    assert title == "Rebalancer"
    assert "pythonw.exe does not exist" in prompt
    assert "install.ps1" in prompt


def test_about_tells_what_failed_last(host: VbaHost) -> None:
    """The reason behind an error value in a cell is one click away."""
    host.app.run("FailureOf", "WEIGHT", 1000, "Could not activate Python COM server")
    host.app.run("RebalancerAbout", NOTHING)
    ((_, prompt, _, _),) = host.app.dialogs
    assert prompt == "WEIGHT failed: Could not activate Python COM server"
