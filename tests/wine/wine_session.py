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

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.hosts.excel_values import ERROR_MARK

from .setup_wine import XLWINGS, cache_folder, locked, prefix_folder, stop_wine, venv_folder, wine_environment
from .xlwings_conf import Conf, server_command

DRIVER = Path(__file__).parent / "windows" / "com_driver.py"
DLL = f"xlwings64-{XLWINGS}.dll"
START_TIMEOUT = 120.0
CALL_TIMEOUT = 60.0


class WineError(RuntimeError):
    """What the driver, the DLL or the server reported."""


def windows_path(path: Path) -> str:
    """Return the path of a file of this machine as Windows programs under Wine see it."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


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
        self._dead = ""

    def __enter__(self) -> WineSession:
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked(self.folder))
            stop_wine(self.folder)  # what a session that was killed has left
            try:
                self._start()
            except BaseException:
                self._end()
                raise
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
        readers = (self._read_answers, self._read_complaints)
        self._readers = [threading.Thread(target=reader, daemon=True) for reader in readers]
        for reader in self._readers:
            reader.start()
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
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        # Ends the xlwings server too, which holds the pipes that it inherited.
        stop_wine(self.folder)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait(timeout=10)
        for reader in self._readers:
            reader.join(timeout=10)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def request(self, what: str, timeout: float = CALL_TIMEOUT, **fields: Any) -> Any:
        """Send one request to the driver and return its result; after a missing answer none is sent any more."""
        assert self._process.stdin is not None
        if self._dead:
            raise WineError(self._dead)
        try:
            self._process.stdin.write(json.dumps({"do": what, **fields}) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            self._dead = f"no answer to {what!r} within {timeout:.0f} seconds; {self._last_words()}"
            raise WineError(self._dead) from None
        except OSError:
            line = None
        if line is None:
            self._dead = f"the driver ended at {what!r}; {self._last_words()}"
            raise WineError(self._dead)
        answer = json.loads(line)
        if "error" in answer:
            raise WineError(answer["error"])
        return answer["result"]

    def _last_words(self) -> str:
        return "it said: " + (" | ".join(self._complaints) or "nothing")

    def install_where(self, interpreter: str) -> Path:
        """Put the virtual environment where a setting looks for its interpreter; return that place.

        A link stands there: what counts is that the path out of the workbook leads to an installation.
        """
        expanded = self.request("expand", text=interpreter)
        drive, *parts = expanded.split("\\")
        assert drive.upper() == "C:", f"{interpreter} is {expanded}, which is not on drive C:"
        place = prefix_folder(self.folder).joinpath("drive_c", *parts).parent.parent
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            place.unlink()
        place.symlink_to(venv_folder(self.folder), target_is_directory=True)
        self._stack.callback(place.unlink, missing_ok=True)
        return place

    def activate(self, conf: Conf, workbook: str = "C:\\Book.xlsm") -> str:
        """Start the server from the settings of an xlwings.conf sheet; return the path of the DLL that did it."""
        expanded = {name: self.request("expand", text=value) for name, value in conf.items()}
        dll: str = self.request("load_dll", interpreter=expanded["INTERPRETER_WIN"], name=DLL)
        self.request("activate", timeout=START_TIMEOUT, command=server_command(expanded, workbook))
        return dll

    def open_workbook(
        self, tables: Mapping[str, Sequence[Sequence[Any]]], names: Mapping[str, Any] | None = None
    ) -> None:
        """Put a workbook with these tables (rows, the header first) and named cells behind the calls."""
        encoded = {name: [[encode_cell(cell) for cell in row] for row in rows] for name, rows in tables.items()}
        values = {name: encode_cell(value) for name, value in (names or {}).items()}
        self.request("workbook", tables=encoded, names=values)

    def press(self, button: str) -> tuple[str, str]:
        """Press a button of the ribbon; return text and mode of its last dialog, which is answered with Yes."""
        # A message box needs a desktop; everything before it is xlwings' own.
        code = (
            "import xlwings\n"
            "def alert(self, prompt, title, buttons, mode, callback):\n"
            "    import xlwings\n"
            "    xlwings.said = (prompt, mode)\n"
            "    return 'yes'\n"
            "xlwings._xlwindows.App.alert = alert\n"
            f"from rebalance_xl.hosts import excel; excel.{button}()\n"
        )
        self.request("press", timeout=CALL_TIMEOUT * 3, code=code)
        text = self.request("evaluate", expression="__import__('json').dumps(__import__('xlwings').said)")
        prompt, mode = json.loads(text)
        return prompt, mode

    def rows(self, table: str) -> list[list[Any]]:
        """Return a table's cells, the header first."""
        return [[decode(cell) for cell in row] for row in self.request("rows", table=table)]

    def call(self, function: str, *arguments: Any, module: str = "udfs", timeout: float = CALL_TIMEOUT) -> Any:
        """Call a worksheet function as a cell does; ranges (lists of rows) arrive as Range objects."""
        encoded = [encode_argument(argument) for argument in arguments]
        return decode(self.request("call", timeout=timeout, module=module, function=function, arguments=encoded))

    def call_many(
        self, calls: Sequence[tuple[str, Sequence[Any]]], *, from_cell: bool, module: str = "udfs"
    ) -> list[Any]:
        """Make several calls; a Python error, which a cell would show as #VALUE!, is returned as a WineError."""
        encoded = [(function, [encode_argument(each) for each in arguments]) for function, arguments in calls]
        timeout = CALL_TIMEOUT + 2 * len(calls)
        answers = self.request("call_many", timeout=timeout, module=module, calls=encoded, from_cell=from_cell)
        return [WineError(each["error"]) if "error" in each else decode(each["result"]) for each in answers]


def encode_cell(value: Any) -> Any:
    """Return a cell's value as the driver reads it."""
    if isinstance(value, CellError):
        return {"error": value.code}
    if isinstance(value, dt.datetime):
        return {"date": value.isoformat()}
    if isinstance(value, dt.date):
        return {"date": dt.datetime(value.year, value.month, value.day).isoformat()}
    return value


def encode_argument(value: Any) -> Any:
    """Return an argument as the driver reads it: a list of rows becomes a Range, a tuple of rows an array."""
    if value is MISSING:
        return {"omitted": True}
    if isinstance(value, list | tuple):
        rows = [[encode_cell(cell) for cell in (row if isinstance(row, list | tuple) else [row])] for row in value]
        return {"array" if isinstance(value, tuple) else "range": rows}
    return encode_cell(value)


def decode(value: Any) -> Any:
    """Return a result as the wrapper in the workbook hands it on: marks are error values, one row may come flat."""
    if isinstance(value, list):
        rows = value if value and isinstance(value[0], list) else [value]
        return [[decode(cell) for cell in row] for row in rows]
    if isinstance(value, dict):
        return dt.datetime.fromisoformat(value["date"])
    if isinstance(value, str) and value.startswith(ERROR_MARK):
        return CellError("#" + value.removeprefix(ERROR_MARK))
    return value
