"""From the workbook's xlwings.conf to a running server: what xlwings.bas and its DLL do with the settings."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from rebalance_xl.functions import FUNCTIONS

from .setup_wine import XLWINGS
from .wine_session import WineError, WineSession
from .xlwings_conf import Conf, server_command


def test_xlwings_is_the_pinned_one() -> None:
    """The DLL that is tried is of the version that the project pins."""
    assert version("xlwings") == XLWINGS


def test_dll_starts_the_interpreter_of_the_settings(excel: WineSession, conf: Conf) -> None:
    """The server runs in the environment that Interpreter_Win names."""
    expected = excel.request("expand", text=conf["INTERPRETER_WIN"])
    assert excel.request("evaluate", expression="__import__('sys').executable").casefold() == expected.casefold()


def test_dll_is_found_in_the_environment(excel: WineSession, conf: Conf) -> None:
    """The DLL is loaded from the root of the virtual environment, where pip puts it."""
    interpreter = excel.request("expand", text=conf["INTERPRETER_WIN"])
    root = interpreter.rpartition("\\Scripts\\")[0]
    found = excel.request("load_dll", interpreter=interpreter, name=f"xlwings64-{XLWINGS}.dll")
    assert found == f"{root}\\xlwings64-{XLWINGS}.dll"


def test_missing_environment_is_named(excel: WineSession) -> None:
    """Where the installer has not run, the error names the folders that were searched."""
    with pytest.raises(WineError, match=r"Could not load .* C:\\nowhere\\Scripts, C:\\nowhere"):
        excel.request("load_dll", interpreter="C:\\nowhere\\Scripts\\pythonw.exe", name=f"xlwings64-{XLWINGS}.dll")


def test_functions_come_from_the_module_of_the_settings(excel: WineSession, conf: Conf) -> None:
    """The module that "UDF Modules" names has the functions, decorated by xlwings for COM."""
    modules = conf["UDF MODULES"].split(";")
    assert modules == ["udfs"]
    expression = f"len([f for f in vars(__import__('{modules[0]}')).values() if hasattr(f, '__xlfunc__')])"
    assert int(excel.request("evaluate", expression=expression)) == len(FUNCTIONS)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"INTERPRETER_WIN": "C:\\Program Files\\v\\pythonw.exe", "PYTHONPATH": "C:\\Profit & Loss\\it's"},
        {"SHOW CONSOLE": "True", "ADD_WORKBOOK_TO_PYTHONPATH": "True", "ONEDRIVE_CONSUMER_WIN": "C:\\OneDrive"},
    ],
    ids=["as shipped", "odd paths", "console"],
)
def test_command_is_what_the_workbook_makes(root: Path, conf: Conf, changed: Conf) -> None:
    """The command that these tests give to the DLL is the one that the workbook's own module xlwings computes."""
    pytest.importorskip("pyopenvba", reason="pyOpenVBA, which runs VBA, is not installed (pip install pyOpenVBA)")
    settings = {**conf, **changed}
    expected, name = command_by_vba(root / "workbook" / "Rebalancer.xlsm", settings)
    assert server_command(settings, name) == expected


def command_by_vba(workbook: Path, settings: Conf) -> tuple[str, str]:
    """Run XLPyCommand as it is in the workbook; return the command and the full name of the workbook."""
    from pyopenvba.apps.excel import ExcelApplication
    from pyopenvba.excel import ExcelFile

    with ExcelFile(workbook) as file:
        source = next(module.source for module in file.vba_project().modules if module.name == "xlwings")
    command = re.search(r"(?ms)^Function XLPyCommand\(\).*?^End Function", source)
    assert command is not None
    cases = "".join(f"Case {literal(name)}: GetConfig = {literal(value)}\n" for name, value in settings.items())
    # Stands for the module's own GetConfig, which reads the sheet and the user's files.
    settings_function = (
        'Function GetConfig(configKey As String, Optional default As String = "")\nGetConfig = default\n'
        'If GetConfig = "False" Then GetConfig = False\n'
        f"Select Case UCase(configKey)\n{cases}End Select\nEnd Function\n"
    )
    name_function = "Function NameOfBook()\nNameOfBook = ThisWorkbook.FullName\nEnd Function\n"
    application = ExcelApplication.open(workbook, with_vba=False)
    text = f'#Const App = "Microsoft Excel"\n{settings_function}{name_function}{command[0]}'
    application.add_module(text, name="conf")
    run = application.interpreter.run
    return str(run("XLPyCommand", [])), str(run("NameOfBook", []))


def literal(text: str) -> str:
    """Write a setting as VBA reads it from a cell: TRUE and FALSE are truth values."""
    return text if text in ("True", "False") else '"' + text.replace('"', '""') + '"'
