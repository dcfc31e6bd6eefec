"""From the workbook's xlwings.conf to a running server: what xlwings.bas and its DLL do with the settings."""

from __future__ import annotations

from importlib.metadata import version

import pytest

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
    assert int(excel.request("evaluate", expression=expression)) == 48


def test_command_escapes_paths() -> None:
    """Backslashes and ampersands in a folder's name survive the way through cmd.exe and Python."""
    command = server_command({"INTERPRETER_WIN": "C:\\v\\pythonw.exe"}, "C:\\Profit & Loss\\Book.xlsm")
    assert 'cmd.exe  /K ""C:\\v\\pythonw.exe" -B -c "import sys, os;' in command
    assert 'prepare_sys_path(\\"true;C:\\\\Profit ^& Loss\\\\Book.xlsm;' in command
    assert command.endswith("xlwings.serve('$(CLSID)')\"\"")
