"""What the module xlwings of the workbook makes of the sheet xlwings.conf, in Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from openpyxl import load_workbook

#: Settings by their name in upper case; values with %NAME% as they are in the cell.
Conf: TypeAlias = Mapping[str, str]


def read_conf(workbook: Path, values: bool = True) -> Conf:
    """Read the settings, or the formulas behind them, as GetConfigFromSheet does: from A1 to the first blank cell."""
    book = load_workbook(workbook, read_only=True, data_only=values)
    settings: dict[str, str] = {}
    for name, value, *_ in book["xlwings.conf"].iter_rows(min_col=1, max_col=2, values_only=True):
        if name is None:
            break
        settings[str(name).upper()] = "" if value is None else str(value)
    book.close()
    return settings


def server_command(conf: Conf, workbook: str) -> str:
    r"""Write the command that XLPyCommand hands to the DLL, for expanded settings.

    Parameters
    ----------
    conf
        The settings, %NAME% expanded.
    workbook
        The full name of the workbook, such as ``C:\Book.xlsm``.
    """
    drives = ";".join(
        conf.get(f"{kind}_WIN", "") for kind in ("ONEDRIVE_CONSUMER", "ONEDRIVE_COMMERCIAL", "SHAREPOINT")
    )
    path = (
        f"{conf.get('ADD_WORKBOOK_TO_PYTHONPATH', 'true')};{workbook};{workbook};{drives};{conf.get('PYTHONPATH', '')}"
    )
    path = path.replace("\\", "\\\\").replace("'", "\\'").replace("&", "^&")
    console = "/showconsole" if conf.get("SHOW CONSOLE", "").casefold() == "true" else ""
    return (
        f'cmd.exe {console} /K ""{conf["INTERPRETER_WIN"]}" -B -c "import sys, os;import xlwings.utils;'
        f'xlwings.utils.prepare_sys_path(\\"{path}\\");import xlwings; xlwings.serve(\'$(CLSID)\')""'
    )
