"""Stands in for Excel: starts the xlwings server with xlwings' own DLL and calls worksheet functions over COM.

Runs in the Windows Python under Wine; reads one JSON request a line and answers with one JSON line.
"""

# The names are those of Excel's object model and of the requests.

from __future__ import annotations

import sys

# Free threading: xlwings calls back into the ranges and the workbook that are served from here.
sys.coinit_flags = 0

import ctypes  # noqa: E402
import datetime as dt  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402

import pythoncom  # noqa: E402
import pywintypes  # noqa: E402
import win32com.client  # noqa: E402
from com_workbook import Workbook  # noqa: E402

OMITTED = -2147352572  # DISP_E_PARAMNOTFOUND: how VBA hands over a missing optional argument
ERROR_BASE = -2146828288  # CVErr(n) is this plus n
ERROR_NUMBERS = {
    "#NULL!": 2000, "#DIV/0!": 2007, "#VALUE!": 2015, "#REF!": 2023, "#NAME?": 2029, "#NUM!": 2036, "#N/A": 2042,
    "#GETTING_DATA": 2043, "#SPILL!": 2045, "#CALC!": 2050,
}  # fmt: skip


class Variant(ctypes.Structure):
    """A VARIANT of a 64-bit process."""

    _fields_ = [
        ("type", ctypes.c_ushort),
        ("reserved", ctypes.c_ushort * 3),
        ("value", ctypes.c_uint64),
        ("more", ctypes.c_uint64),
    ]


def error_text(error):
    """Return what VBA's Err.Description would say."""
    return (error.excepinfo[2] if error.excepinfo else None) or str(error)


class Driver:
    """The state between requests: the DLL, the server that it started, the workbook."""

    def __init__(self):
        self.activate_auto = None
        self.command = b""
        self.server = None
        self.book = Workbook({}, {})

    # --- starting and stopping, as xlwings.bas does it ---

    def do_expand(self, text):
        """Expand %NAME% as VBA's ExpandEnvironmentStrings does."""
        return os.path.expandvars(text)

    def do_load_dll(self, interpreter, name):
        """XLPyLoadDLL: look beside the interpreter, then one folder higher (a virtual environment)."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.LoadLibraryW.restype = ctypes.c_void_p
        tried = []
        for folder in (os.path.dirname(interpreter), os.path.dirname(os.path.dirname(interpreter))):
            path = folder + "\\" + name
            if kernel.LoadLibraryW(path):
                self.activate_auto = ctypes.WinDLL(path).XLPyDLLActivateAuto
                self.activate_auto.argtypes = [ctypes.POINTER(Variant), ctypes.c_char_p, ctypes.c_long]
                self.activate_auto.restype = ctypes.c_long
                return path
            tried.append(folder)
        raise RuntimeError(f"Could not load {name} from either of the following folders: {', '.join(tried)}")

    def do_activate(self, command):
        """XLPy: the DLL starts the interpreter with the command and hands back the server's object."""
        self.command = command.encode("cp1252")
        result = Variant()
        code = self.activate_auto(ctypes.byref(result), self.command, 1)
        if code != 0 or result.type != pythoncom.VT_DISPATCH:
            raise RuntimeError(ctypes.wstring_at(result.value) if result.type == pythoncom.VT_BSTR else f"code {code}")
        pointer = pythoncom.ObjectFromAddress(result.value, pythoncom.IID_IDispatch)
        self.server = win32com.client.Dispatch(pointer)
        return True

    def do_stop(self):
        """KillPy."""
        self.server = None
        return self.activate_auto(ctypes.byref(Variant()), self.command, -1)

    # --- calling ---

    def do_workbook(self, tables, names):
        """Open another workbook: tables by name (rows, the header first), values of named cells."""
        decoded = {name: [[self.decode_cell(cell) for cell in row] for row in rows] for name, rows in tables.items()}
        self.book = Workbook(decoded, {name: self.decode_cell(value) for name, value in names.items()})
        return True

    def do_call(self, module, function, arguments, from_cell=True):
        """CallUDF as a wrapper writes it: the arguments, ThisWorkbook, Application.Caller."""
        place = 1
        decoded = []
        for argument in arguments:
            value, width = self.decode(argument, place)
            decoded.append(value)
            place += width + 1
        origin = (self.book.com, self.book.caller.com) if from_cell else ()
        return self.encode(self.server.CallUDF(module, function, tuple(decoded), *origin))

    def do_call_many(self, module, calls, from_cell):
        """Make several calls; an error is the answer of its call only."""
        answers = []
        for function, arguments in calls:
            try:
                answers.append({"result": self.do_call(module, function, arguments, from_cell)})
            except pywintypes.com_error as error:
                answers.append({"error": error_text(error)})
        return answers

    def do_press(self, code):
        """RunPython with the server: the workbook becomes the caller, then the code runs."""
        self.server.SetAttr(self.server.Module("xlwings._xlwindows"), "BOOK_CALLER", self.book.com)
        self.server.Exec(code)
        return True

    def do_rows(self, table):
        """Return a table's cells, the header first."""
        return self.encode(self.book.table(table).rows)

    def do_protect(self, sheet):
        """Protect a sheet."""
        next(each for each in self.book.sheets if each.Name == sheet).ProtectContents = True
        return True

    def do_evaluate(self, expression):
        """Evaluate a Python expression in the server; for questions such as its interpreter."""
        return str(self.server.Str(self.server.Eval(expression)))

    def decode(self, value, place):
        """Return an argument as VBA hands it over, and how many columns of the scratch sheet it takes."""
        if isinstance(value, dict) and "range" in value:
            rows = [[self.decode_cell(cell) for cell in row] for row in value["range"]]
            return self.book.scratch.fill(rows, top=2, left=place).com, len(rows[0])
        if isinstance(value, dict) and "array" in value:
            return tuple(tuple(self.decode_cell(cell) for cell in row) for row in value["array"]), 0
        if isinstance(value, dict) and "omitted" in value:
            return win32com.client.VARIANT(pythoncom.VT_ERROR, OMITTED), 0
        return self.decode_cell(value), 0

    def decode_cell(self, value):
        """Return a cell's value as Excel's Value property gives it."""
        if isinstance(value, dict) and "error" in value:
            # pywin32 turns every outgoing VT_ERROR into "missing"; incoming it makes them plain integers, so that
            # an integer is what the server sees either way.
            return ERROR_BASE + ERROR_NUMBERS[value["error"]]
        if isinstance(value, dict) and "date" in value:
            return pywintypes.Time(dt.datetime.fromisoformat(value["date"]).replace(tzinfo=dt.UTC))
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        return value

    def encode(self, value):
        """Return a result in JSON."""
        if isinstance(value, tuple | list):
            return [self.encode(item) for item in value]
        if isinstance(value, dt.datetime):
            return {"date": value.replace(tzinfo=None).isoformat()}
        return value

    def serve(self):
        """Answer requests until the input ends."""
        for line in sys.stdin:
            request = json.loads(line)
            try:
                result = getattr(self, "do_" + request.pop("do"))(**request)
                answer = {"result": result}
            except pywintypes.com_error as error:
                answer = {"error": error_text(error)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    Driver().serve()
