"""An Excel without a screen: the real xlwings DLL, server and conversions under Wine, driven from a test."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from setup_wine import XLWINGS, cache_folder, locked, stop_wine, wine_environment

from rebalance_xl.cells import MISSING, CellError

DRIVER = Path(__file__).parent / "windows" / "com_driver.py"
DLL = f"xlwings64-{XLWINGS}.dll"
START_TIMEOUT = 120.0
CALL_TIMEOUT = 60.0


class WineError(RuntimeError):
    """What the driver, the DLL or the server reported."""


def windows_path(path: Path) -> str:
    """The path of a file of this machine as Windows programs under Wine see it."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


def server_command(interpreter: str, pythonpath: str, workbook: str) -> str:
    """What XLPyCommand in xlwings.bas hands to the DLL, for the values of an xlwings.conf sheet."""
    path = f"true;{workbook};{workbook};;;;{pythonpath}"
    path = path.replace("\\", "\\\\").replace("'", "\\'").replace("&", "^&")
    return (
        f'cmd.exe  /K ""{interpreter}" -B -c "import sys, os;import xlwings.utils;'
        f'xlwings.utils.prepare_sys_path(\\"{path}\\");import xlwings; xlwings.serve(\'$(CLSID)\')""'
    )


class WineSession:
    """One driver process and the xlwings server that it starts; nothing is left when it is closed.

    Parameters
    ----------
    python_path
        Folders that the server can import from, beside its own site-packages.
    """

    def __init__(self, python_path: Sequence[Path] = ()) -> None:
        self.folder = cache_folder()
        self._python_path = list(python_path)
        self._stack = contextlib.ExitStack()
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._complaints: deque[str] = deque(maxlen=40)

    def __enter__(self) -> WineSession:
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked(self.folder))
            stack.callback(stop_wine, self.folder)
            self._start()
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        environment = wine_environment(self.folder)
        environment["PYTHONPATH"] = ";".join(windows_path(path) for path in self._python_path)
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        # Pipes on all three: under Wine, Python dies at start on an inherited file or a missing console.
        self._process = subprocess.Popen(
            ["wine", "C:\\rebalancer-venv\\Scripts\\python.exe", windows_path(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._read_answers, daemon=True).start()
        threading.Thread(target=self._read_complaints, daemon=True).start()
        self.request("expand", timeout=START_TIMEOUT, text="")

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaints.append(line.rstrip())

    def _end(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            stop_wine(self.folder)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait(timeout=10)

    def request(self, what: str, timeout: float = CALL_TIMEOUT, **fields: Any) -> Any:
        """Send one request to the driver and return its result."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": what, **fields}) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise WineError(f"no answer to {what!r} within {timeout:.0f} seconds; {self._last_words()}") from None
        except OSError:
            line = None
        if line is None:
            raise WineError(f"the driver ended at {what!r}; {self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WineError(answer["error"])
        return answer["result"]

    def _last_words(self) -> str:
        return "it said: " + (" | ".join(self._complaints) or "nothing")

    def activate(self, interpreter: str, pythonpath: str = "", workbook: str = "C:\\Book.xlsm") -> str:
        """Start the server from the values of an xlwings.conf sheet; return the path of the DLL that did it."""
        interpreter = self.request("expand", text=interpreter)
        pythonpath = self.request("expand", text=pythonpath)
        dll: str = self.request("load_dll", interpreter=interpreter, name=DLL)
        command = server_command(interpreter, pythonpath, workbook)
        self.request("activate", timeout=START_TIMEOUT, command=command)
        return dll

    def open_workbook(
        self, tables: Mapping[str, Sequence[Sequence[Any]]], names: Mapping[str, Any] | None = None
    ) -> None:
        """Put a workbook with these tables (rows, the header first) and named cells behind the calls."""
        encoded = {name: [[encode_cell(cell) for cell in row] for row in rows] for name, rows in tables.items()}
        values = {name: encode_cell(value) for name, value in (names or {}).items()}
        self.request("workbook", tables=encoded, names=values)

    def call(self, function: str, *arguments: Any, module: str = "udfs", timeout: float = CALL_TIMEOUT) -> Any:
        """Call a worksheet function as a cell does; ranges (lists of rows) arrive as Range objects."""
        encoded = [encode_argument(argument) for argument in arguments]
        answer = self.request("call", timeout=timeout, module=module, function=function, arguments=encoded)
        return decode(answer["value"])

    def seconds_per_call(self, function: str, *arguments: Any, module: str = "udfs", repeat: int = 200) -> float:
        """Mean time of a call."""
        encoded = [encode_argument(argument) for argument in arguments]
        fields = {"module": module, "function": function, "arguments": encoded, "repeat": repeat}
        answer = self.request("call", timeout=CALL_TIMEOUT * 5, **fields)
        return float(answer["seconds"])


def encode_cell(value: Any) -> Any:
    """A cell's value as the driver reads it."""
    if isinstance(value, CellError):
        return {"error": value.code}
    if isinstance(value, dt.datetime):
        return {"date": value.isoformat()}
    if isinstance(value, dt.date):
        return {"date": dt.datetime(value.year, value.month, value.day).isoformat()}
    return value


def encode_argument(value: Any) -> Any:
    """A worksheet value as the driver reads it: a list of rows becomes a Range, a tuple of rows an array."""
    if value is MISSING:
        return {"omitted": True}
    if isinstance(value, list | tuple):
        rows = [[encode_cell(cell) for cell in (row if isinstance(row, list | tuple) else [row])] for row in value]
        return {"array" if isinstance(value, tuple) else "range": rows}
    return encode_cell(value)


def decode(value: Any) -> Any:
    """A result as Python values; an error stays the mark that the VBA wrapper turns into an error value."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        return dt.datetime.fromisoformat(value["date"])
    return value
