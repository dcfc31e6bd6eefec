"""What runs inside of Pyodide: the Excel host of the wheel, called as xlwings Lite calls it.

The decorators of xlwings do nothing outside of its own hosts, so they are replaced by ones that keep which converter an
argument asks for; the values then go through xlwings' own conversion.
"""

import inspect
import json
import sys
import types

import xlwings
from xlwings import conversion

assert "xlwings.pro" not in sys.modules
_converters = {}


def _arg(name, convert=None, **options):
    def keep(function):
        _converters.setdefault(function.__name__, {})[name] = convert
        return function

    return keep


def _func(*given, **options):
    return given[0] if given else lambda function: function


xlwings.arg, xlwings.func = _arg, _func
# xlwings' conversion asks for an engine; the one of xlwings Lite is part of ``pro``.
xlwings.engines.add(xlwings.Engine(impl=types.SimpleNamespace(name="excel")))

from rebalance_xl.cells import MISSING  # noqa: E402
from rebalance_xl.hosts import excel  # noqa: E402


def answer(name, given):
    """Return the JSON of what a function hands back to Excel."""
    function = getattr(excel, name)
    values = given.to_py()
    arguments = []
    for parameter, value in zip(inspect.signature(function).parameters, values, strict=False):
        converter = _converters[name][parameter]
        # None is JavaScript's undefined, an argument left out; its null is a blank cell.
        arguments.append(MISSING if value is None else conversion.read(None, value, {"convert": converter}))
    arguments += values[len(arguments) :]  # too many, which the function itself refuses
    return json.dumps(function(*arguments), default=_date)


def _date(value):
    return {"date": value.isoformat()}


def about():
    """Return what this Python is and what it has loaded, as JSON."""
    loaded = [name for name in ("numpy", "pandas", "openpyxl", "formualizer") if name in sys.modules]
    scripts = sorted(name for name in excel.__all__ if name.endswith("_book"))
    return json.dumps(
        {"platform": sys.platform, "python": sys.version.split()[0], "loaded": loaded, "scripts": scripts}
    )
