"""Excel without Excel: pyOpenVBA runs the workbook's own wrappers, xlwings' own ``call_udf`` runs the functions.

Only three things stand in: the COM server object ``XLPy``, the range objects that COM would hand to Python, and
``Application.Caller``. Values cross between VBA and Python as pywin32 converts them: error values arrive as numbers,
omitted arguments as DISP_E_PARAMNOTFOUND, nested lists go back as arrays.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from pyopenvba.apps.excel import ExcelApplication
from pyopenvba.apps.excel._model import Application, Range
from pyopenvba.excel import ExcelFile
from pyopenvba.exceptions import VBARuntimeError
from pyopenvba.interpreter._objects import MemberSpec, VBAObject, method
from pyopenvba.interpreter._values import (
    EMPTY,
    NOTHING,
    VBAArray,
    VBADate,
    VBAErrorValue,
)
from pyopenvba.interpreter._values import (
    MISSING as VBA_MISSING,
)

from rebalance_xl.authoring import xlwings_generator
from rebalance_xl.cells import MISSING, CellError

#: Excel's numbers of the error values.
ERRORS = {2000: "#NULL!", 2007: "#DIV/0!", 2015: "#VALUE!", 2023: "#REF!", 2029: "#NAME?", 2036: "#NUM!", 2042: "#N/A"}
NUMBERS = {text: number for number, text in ERRORS.items()}
_COM_ERROR = -2146828288
#: "Argument not optional" and "wrong number of arguments": the cell shows #VALUE! without a call.
_WRONG_COUNT = (449, 450)
_COM_MISSING = -2147352572


class VbaHost:
    """A workbook open in an Excel that is not there.

    Parameters
    ----------
    workbook
        The .xlsm whose wrapper modules are run.
    udfs
        The Python module that xlwings serves.
    modules
        Which modules of the workbook to load.
    """

    def __init__(
        self, workbook: Path, udfs: Path, modules: tuple[str, ...] = ("ErrorMarks", "ModelTables", "xlwings_udfs")
    ) -> None:
        self.app = ExcelApplication.open(workbook, with_vba=False)
        with ExcelFile(workbook) as file:
            sources = {module.name: module.source for module in file.vba_project().modules}
        for name in modules:
            self.app.add_module(_readable(sources[name]), name=name)
        self.server = Server(udfs)
        self.caller = self.value('ThisWorkbook.Worksheets("Dashboard").Range("Z1")', raw=True)
        bridge = self.app.interpreter.host
        known = bridge.global_object
        bridge.global_object = lambda name: self.server if name == "xlpy" else known(name)
        spec = MemberSpec(name="Caller", kind="property", getter=lambda application: self.caller)
        Application._vba_members["caller"] = spec

    def call(self, function: str, *arguments: Any) -> Any:
        """Enter a function in a cell: worksheet values and ranges in, what the cell shows out."""
        try:
            shown = to_python(self.app.interpreter.run(function, [to_vba(each) for each in arguments]))
        except VBARuntimeError as failure:
            if failure.number in _WRONG_COUNT:
                return CellError("#VALUE!")
            raise
        return shown[0][0] if isinstance(shown, list) and len(shown) == len(shown[0]) == 1 else shown

    def value(self, expression: str, *, raw: bool = False) -> Any:
        """Evaluate a VBA expression."""
        from pyopenvba.apps.excel import _bare_frame
        from pyopenvba.interpreter._parse import parse_expression

        interpreter = self.app.interpreter
        interpreter.initialise()
        found = interpreter.evaluate(parse_expression(expression), _bare_frame(interpreter))
        return found if raw else to_python(found)

    def column(self, table: str, column: str) -> Range:
        """Return a table's column as the range object that Excel passes."""
        return self.app.interpreter.run("TableColumn", [table, column])


class Server(VBAObject):
    """XLPy, the object of the COM server; ``calls`` keeps what was asked."""

    def __init__(self, udfs: Path) -> None:
        self.calls: list[tuple[str, list[Any]]] = []
        self.fails = ""
        with xlwings_generator._decorators() as generator:
            self.module = xlwings_generator._load(udfs)
            self.generator = generator

    @method
    def CallUDF(self, Module: str, Function: str, Args: VBAArray, Book: Any = None, Caller: Any = None) -> Any:  # noqa: D102, N802, N803
        if self.fails:
            from pyopenvba.interpreter._values import error

            raise error(1000, self.fails)
        arguments = [to_com(each) for each in Args.items]
        self.calls.append((Function, arguments))
        return to_vba(self._call_udf(Module, Function, arguments))

    def _call_udf(self, module: str, function: str, arguments: list[Any]) -> Any:
        """Run xlwings' call_udf with this module and with range objects of this host."""
        import xlwings

        generator = self.generator
        generator.udf_modules[module] = {"filename": "", "filetime": None, "module": self.module}
        kept = generator.Range, sys.modules.get("xlwings.com_server"), getattr(xlwings, "_xlwindows", None)
        windows = SimpleNamespace(Range=lambda xl: xl, is_range_instance=lambda arg: isinstance(arg, ComRange))
        server = ModuleType("xlwings.com_server")
        server.loop = None  # type: ignore[attr-defined]
        try:
            generator.Range = lambda impl: impl
            sys.modules["xlwings.com_server"] = server
            xlwings._xlwindows = windows
            xlwings.engines.engines_by_name["excel"] = ENGINE
            return generator.call_udf(module, function, arguments, None, ComRange(None))
        finally:
            generator.Range, previous, xlwings._xlwindows = kept
            del generator.udf_modules[module], xlwings.engines.engines_by_name["excel"]
            if previous is None:
                del sys.modules["xlwings.com_server"]
            else:
                sys.modules["xlwings.com_server"] = previous


def _prepared(value: Any, options: Any) -> Any:
    """Return what xlwings' Windows engine hands to COM."""
    return "" if value is None or value != value else value


ENGINE = SimpleNamespace(name="excel", type="desktop", impl=SimpleNamespace(prepare_xl_data_element=_prepared))


class ComRange:
    """What xlwings sees of a range: its shape and its values, errors as their texts."""

    sheet = SimpleNamespace(book=SimpleNamespace(app=SimpleNamespace(engine=ENGINE)))

    def __init__(self, area: Range | None) -> None:
        rows = [] if area is None else _rows(area.vba_get("Value"))
        self.value = [[_error_text(cell) for cell in row] for row in rows]
        self.shape = (len(rows), len(rows[0]) if rows else 0)
        self.address = "$Z$1"

    def options(self, **options: Any) -> ComRange:
        """Ask for rows and error texts, which is what there is."""
        assert options == {"ndim": 2, "err_to_str": True}
        return self


def _readable(source: str) -> str:
    """Leave out what pyOpenVBA does not read: attributes of procedures, a comment after a directive."""
    source = re.sub(r"(?m)^Attribute (?!VB_Name).*\r?\n", "", source)
    return re.sub(r"(?m)^(#Const App = \"Microsoft Excel\") '.*$", r"\1", source)


def _rows(value: Any) -> list[list[Any]]:
    if not isinstance(value, VBAArray):
        return [[to_com(value)]]
    if value.dimensions == 1:
        return [[to_com(item) for item in value.items]]
    (top, bottom), (left, right) = value.bounds
    return [[to_com(value.get([i, j])) for j in range(left, right + 1)] for i in range(top, bottom + 1)]


def _error_text(cell: Any) -> Any:
    return ERRORS.get(cell - _COM_ERROR, cell) if type(cell) is int else cell


def to_com(value: Any) -> Any:
    """Return what pywin32 makes of a VBA value."""
    if isinstance(value, Range):
        return ComRange(value)
    if isinstance(value, VBAArray):
        return tuple(tuple(row) for row in _rows(value))
    if value is VBA_MISSING:
        return _COM_MISSING
    if value is EMPTY or value is NOTHING:
        return None
    if isinstance(value, VBAErrorValue):
        return _COM_ERROR + value.number
    if isinstance(value, VBADate):
        return value.to_datetime()
    if isinstance(value, bool | str):
        return value
    return float(value)


def to_vba(value: Any) -> Any:
    """Return the VBA value of a worksheet value, or of what Python returns over COM."""
    if isinstance(value, list | tuple):
        rows = [list(row) if isinstance(row, list | tuple) else [row] for row in value]
        bounds = [(1, len(rows)), (1, len(rows[0]))]
        return VBAArray(bounds, items=[to_vba(row[column]) for column in range(len(rows[0])) for row in rows])
    if value is MISSING:
        return VBA_MISSING
    if value is None:
        return EMPTY
    if isinstance(value, CellError):
        return VBAErrorValue(NUMBERS[value.code])
    if isinstance(value, dt.date):
        return VBADate.from_datetime(value)
    return value


def to_python(value: Any) -> Any:
    """Return what a cell shows as a worksheet value."""
    if isinstance(value, VBAArray):
        return [[to_python(cell) for cell in _row] for _row in _cells(value)]
    if isinstance(value, VBAErrorValue):
        return CellError(ERRORS[value.number])
    if value is EMPTY:
        return None
    return to_com(value) if not isinstance(value, VBADate) else value.to_datetime()


def _cells(value: VBAArray) -> list[list[Any]]:
    if value.dimensions == 1:
        return [list(value.items)]
    (top, bottom), (left, right) = value.bounds
    return [[value.get([i, j]) for j in range(left, right + 1)] for i in range(top, bottom + 1)]
