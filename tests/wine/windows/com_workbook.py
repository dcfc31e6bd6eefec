"""A workbook served over COM: the part of Excel's object model that xlwings reads during a worksheet call.

Runs in the Windows Python under Wine. xlwings recognises a range by the interface id in its type information, so
the type library that Excel would bring is made here with one entry.
"""

# The names are those of Excel's object model and of the requests.
# ruff: noqa: D102, N802

from __future__ import annotations

import datetime as dt
import os
import tempfile

import pythoncom
import pywintypes
import win32com.client
import winerror
from win32com.server.exception import COMException
from win32com.server.policy import DesignatedWrapPolicy
from win32com.server.util import NewEnum, wrap

RANGE_IID = "{00020846-0000-0000-C000-000000000046}"
WORKBOOK_IID = "{000208DA-0000-0000-C000-000000000046}"
SYS_WIN64 = 3  # pythoncom knows the smaller ones only
NO_CALLER = -2146826265  # Application.Caller outside of a cell: the error value #REF!


def _type_information(**interfaces):
    """Return the type information that Excel's type library would have for these interfaces."""
    path = os.path.join(tempfile.mkdtemp(), "excel.tlb")
    library = pythoncom.CreateTypeLib2(SYS_WIN64, path)
    library.SetName("Excel")
    library.SetGuid(pywintypes.IID("{00020813-0000-0000-C000-000000000046}"))
    library.SetVersion(1, 9)
    dispatch = pythoncom.LoadTypeLib("stdole2.tlb").GetTypeInfoOfGuid(pythoncom.IID_IDispatch)
    for name, iid in interfaces.items():
        entry = library.CreateTypeInfo(name, pythoncom.TKIND_DISPATCH)
        entry.SetGuid(pywintypes.IID(iid))
        entry.AddImplType(0, entry.AddRefTypeInfo(dispatch))
        entry.LayOut()
    library.SaveAllChanges()
    loaded = pythoncom.LoadTypeLib(path)
    return [loaded.GetTypeInfo(index) for index in range(len(interfaces))]


_OF_RANGE, _OF_WORKBOOK = _type_information(Range=RANGE_IID, Workbook=WORKBOOK_IID)


class _RangePolicy(DesignatedWrapPolicy):
    def _build_typeinfos_(self):
        return [_OF_RANGE]


class _WorkbookPolicy(DesignatedWrapPolicy):
    def _build_typeinfos_(self):
        return [_OF_WORKBOOK]


class _Object:
    """A COM object; its interface is made once, because COM compares objects by identity."""

    _public_methods_ = ()
    _policy = DesignatedWrapPolicy

    @property
    def com(self):
        if "_com" not in self.__dict__:
            self._com = wrap(self, usePolicy=self._policy)
        return self._com


class _Collection(_Object):
    _public_methods_ = ("Item",)
    _public_attrs_ = ("Count",)

    def __init__(self, members, names):
        self.members, self.names = members, names

    @property
    def Count(self):
        return len(self.members)

    def Item(self, key=None):
        if key is None:  # what tells pywin32's late binding that this is a method
            raise COMException(scode=winerror.DISP_E_BADPARAMCOUNT)
        if isinstance(key, str):
            lowered = [name.lower() for name in self.names]
            if key.lower() not in lowered:
                raise COMException("Subscript out of range", scode=winerror.DISP_E_BADINDEX)
            return self.members[lowered.index(key.lower())].com
        if not 1 <= key <= len(self.members):
            raise COMException("Subscript out of range", scode=winerror.DISP_E_BADINDEX)
        return self.members[int(key) - 1].com

    _value_ = Item

    def _NewEnum(self):
        return NewEnum([member.com for member in self.members], iid=pythoncom.IID_IEnumVARIANT)


class _Size(_Object):
    _public_attrs_ = ("Count",)

    def __init__(self, count):
        self.Count = count


def _plain(value):
    """Return a date as the serial number that Value2 gives (1900 system, from March 1900 on)."""
    if isinstance(value, dt.datetime):
        return (value.replace(tzinfo=None) - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    return value


class Range(_Object):
    """A rectangle of a sheet's grid."""

    _public_attrs_ = (
        *("Value", "Value2", "Formula", "Row", "Column", "Rows", "Columns", "Count"),
        *("Worksheet", "Application", "Address", "CLSID"),
    )
    _public_methods_ = ("ClearContents",)
    _policy = _RangePolicy
    CLSID = RANGE_IID

    def __init__(self, sheet, row, column, height, width):
        self.sheet, self.Row, self.Column, self.height, self.width = sheet, row, column, height, width
        self.Count = height * width
        self.Address = f"R{row}C{column}:R{row + height - 1}C{column + width - 1}"

    @property
    def Value(self):
        grid = self.sheet.grid
        rows = [
            [grid.get((row, column)) for column in range(self.Column, self.Column + self.width)]
            for row in range(self.Row, self.Row + self.height)
        ]
        # A list, because pywin32 takes a tuple for several results; one cell is a plain value in Excel.
        return rows[0][0] if self.Count == 1 else rows

    @Value.setter
    def Value(self, value):
        rows = value if isinstance(value, tuple | list) else [[value] * self.width] * self.height
        for y in range(self.height):
            for x in range(self.width):
                cell = rows[y][x]
                # The apostrophe says "text" and is no part of it.
                typed = cell[1:] if isinstance(cell, str) and cell.startswith("'") else cell
                self.sheet.grid[self.Row + y, self.Column + x] = None if typed == "" else typed

    @property
    def Value2(self):
        value = self.Value
        return [[_plain(cell) for cell in row] for row in value] if isinstance(value, list) else _plain(value)

    def _value_(self, row=None, column=None):
        if row is None:
            return self.Value
        return Range(self.sheet, self.Row + int(row) - 1, self.Column + int(column) - 1, 1, 1).com

    def ClearContents(self):
        self.Value = None

    @property
    def Formula(self):
        value = self.Value
        return "" if value is None else value

    @property
    def Rows(self):
        return _Size(self.height).com

    @property
    def Columns(self):
        return _Size(self.width).com

    @property
    def Worksheet(self):
        return self.sheet.com

    @property
    def Application(self):
        return self.sheet.book.Application


class _Table(_Object):
    _public_methods_ = ("Resize",)
    _public_attrs_ = (
        *("Name", "DisplayName", "HeaderRowRange", "DataBodyRange", "Range"),
        *("ShowHeaders", "ShowTotals", "Parent"),
    )
    ShowHeaders, ShowTotals = True, False

    def __init__(self, sheet, name, height, width):
        self.sheet, self.Name, self.DisplayName = sheet, name, name
        self.height, self.width = height, width

    @property
    def Range(self):
        return Range(self.sheet, 1, 1, self.height, self.width).com

    @property
    def HeaderRowRange(self):
        return Range(self.sheet, 1, 1, 1, self.width).com

    @property
    def DataBodyRange(self):
        return Range(self.sheet, 2, 1, self.height - 1, self.width).com

    @property
    def Parent(self):
        return self.sheet.com

    @property
    def rows(self):
        grid = self.sheet.grid
        return [[grid.get((row + 1, column + 1)) for column in range(self.width)] for row in range(self.height)]

    def Resize(self, area):
        rows = win32com.client.Dispatch(area).Rows.Count
        assert rows >= 2, "a table keeps one data row"
        self.height = rows


class _Name(_Object):
    _public_attrs_ = ("Name", "RefersTo", "RefersToRange")

    def __init__(self, name, cell):
        self.Name, self.cell = name, cell
        self.RefersTo = f"={cell.sheet.Name}!{cell.Address}"

    @property
    def RefersToRange(self):
        return self.cell.com


class _Sheet(_Object):
    _public_methods_ = ("Cells", "Range", "Select")
    _public_attrs_ = ("Name", "Index", "Parent", "Application", "ListObjects", "ProtectContents")
    ProtectContents = False

    def __init__(self, book, name):
        self.book, self.Name, self.grid, self.tables = book, name, {}, []
        book.sheets.append(self)
        self.Index = len(book.sheets)

    def fill(self, rows, top=1, left=1):
        """Put rows into the grid and return their range."""
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                self.grid[top + y, left + x] = value
        return Range(self, top, left, len(rows), len(rows[0]))

    def Select(self):
        self.book.selected = self.Name

    def Cells(self, row=None, column=None):
        if row is None:
            raise COMException(scode=winerror.DISP_E_BADPARAMCOUNT)
        return Range(self, row, column, 1, 1).com

    def Range(self, first=None, last=None):
        if first is None:
            raise COMException(scode=winerror.DISP_E_BADPARAMCOUNT)
        corners = [win32com.client.Dispatch(each) for each in (first, last)]
        (top, left), (bottom, right) = [(corner.Row, corner.Column) for corner in corners]
        return Range(self, top, left, bottom - top + 1, right - left + 1).com

    @property
    def Parent(self):
        return self.book.com

    @property
    def Application(self):
        return self.book.Application

    @property
    def ListObjects(self):
        return _Collection(self.tables, [table.Name for table in self.tables]).com


class _Application(_Object):
    _public_attrs_ = ("Hwnd", "Caller", "Version", "Name", "ActiveWorkbook")
    Hwnd, Version, Name = 0, "16.0", "Microsoft Excel"

    def __init__(self, book):
        self.book, self.caller = book, None

    @property
    def Caller(self):
        return NO_CALLER if self.caller is None else self.caller.com

    @property
    def ActiveWorkbook(self):
        return self.book.com


class Workbook(_Object):
    """A workbook with one sheet per table, a sheet for the named cells and one for the calling formula.

    `tables` maps a name to its rows, the header first; `names` maps a defined name to the value of its cell.
    """

    _public_attrs_ = ("Name", "FullName", "Path", "Application", "Worksheets", "Sheets", "Names", "Date1904")
    _public_methods_ = ("Activate",)
    _policy = _WorkbookPolicy
    Date1904 = False
    selected = ""
    Name, FullName, Path = "Book.xlsm", "C:\\Book.xlsm", "C:\\"

    def __init__(self, tables, names):
        self.sheets, self.named = [], []
        self.application = _Application(self)
        for name, rows in tables.items():
            sheet = _Sheet(self, name)
            sheet.fill(rows)
            sheet.tables.append(_Table(sheet, name, max(len(rows), 2), len(rows[0])))
        settings = _Sheet(self, "Settings")
        for row, (name, value) in enumerate(names.items(), start=1):
            self.named.append(_Name(name, settings.fill([[value]], top=row)))
        self.scratch = _Sheet(self, "Calculation")
        self.caller = Range(self.scratch, 1, 1, 1, 1)
        self.application.caller = self.caller

    def Activate(self):
        """Come to the front."""

    def table(self, name):
        """Return a table by name."""
        return next(table for sheet in self.sheets for table in sheet.tables if table.Name == name)

    @property
    def Application(self):
        return self.application.com

    @property
    def Worksheets(self):
        return _Collection(self.sheets, [sheet.Name for sheet in self.sheets]).com

    Sheets = Worksheets

    @property
    def Names(self):
        return _Collection(self.named, [name.Name for name in self.named]).com
