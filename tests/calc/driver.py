"""Runs inside an interpreter that has LibreOffice's ``uno`` module and drives one soffice process.

Commands come in on standard input and answers go out on standard output, one JSON object a line; pytest
stays in the project's own environment (see ``office.py``). Started as

    /usr/bin/python3 driver.py SOFFICE PROFILE_FOLDER [--window] [EXTENSION.oxt ...]
"""

# ruff: noqa: D102, D401, N802, SIM105
from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import uuid
from pathlib import Path

import uno
import unohelper
from com.sun.star.beans import NamedValue, PropertyValue
from com.sun.star.task import XInteractionHandler
from com.sun.star.ucb import XCommandEnvironment
from com.sun.star.util import Date

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
START_SECONDS = 90
FORMULA_RESULT_ERROR = 4
ALERT, MENU, STATIC = 1, 34, 86  # com.sun.star.accessibility.AccessibleRole


def to_json(value):
    """Worksheet values and what the workbook interface returns, as JSON has them."""
    from rebalance_xl.cells import MISSING, CellError

    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_json(each) for each in value]
    if isinstance(value, CellError):
        return {"error": value.code}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    return {"missing": True} if value is MISSING else value


def from_json(value):
    """Turn JSON into worksheet values."""
    if isinstance(value, list):
        return [from_json(each) for each in value]
    if isinstance(value, dict):
        if "date" in value:
            return dt.datetime.fromisoformat(value["date"])
        return {key: from_json(each) for key, each in value.items()}
    return value


class Approving(unohelper.Base, XCommandEnvironment, XInteractionHandler):
    """Says yes when LibreOffice asks whether an extension is to be installed."""

    def getInteractionHandler(self):
        return self

    def getProgressHandler(self):
        return None

    def handle(self, request):
        approve = uno.getTypeByName("com.sun.star.task.XInteractionApprove")
        for continuation in request.getContinuations():
            approved = continuation.queryInterface(approve)
            if approved is not None:
                approved.select()


def property_values(**values):
    """UNO property values from keyword arguments."""
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


class Office:
    """One soffice process on a named pipe, and the documents that are open in it."""

    def __init__(self, soffice, profile, window):
        self.soffice, self.profile, self.window = soffice, Path(profile), window
        self.documents, self.ports = {}, {}
        self.start()

    def start(self):
        pipe = "rebalancer-" + uuid.uuid4().hex
        command = [
            self.soffice,
            "-env:UserInstallation=" + self.profile.as_uri(),
            f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext",
            "--norestore",
            "--nologo",
            "--nofirststartwizard",
            "--nodefault",
        ]
        if not self.window:
            command.append("--headless")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr, start_new_session=True
        )
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except Exception:
                if time.monotonic() > deadline or self.process.poll() not in (None, 81):
                    raise
                time.sleep(0.05)
        self.desktop = self.make("com.sun.star.frame.Desktop")

    def make(self, service):
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def stop(self):
        for document in self.documents.values():
            try:
                document.close(True)
            except Exception:
                pass
        self.documents.clear()
        try:
            self.desktop.terminate()
        except Exception:
            pass  # the bridge goes down with the process
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):  # whatever of its session is still there
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def install(self, paths):
        manager = self.context.getByName("/singletons/com.sun.star.deployment.ExtensionManager")
        for path in paths:
            manager.addExtension(Path(path).as_uri(), (), "user", None, Approving())

    # commands: each takes the fields of its JSON object and returns something that JSON can hold

    def do_restart(self):
        self.stop()
        self.start()

    def do_version(self):
        provider = self.make("com.sun.star.configuration.ConfigurationProvider")
        access = provider.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess",
            (NamedValue("nodepath", "/org.openoffice.Setup/Product"),),
        )
        return access.getByName("ooSetupVersionAboutBox")

    def do_extensions(self):
        manager = self.context.getByName("/singletons/com.sun.star.deployment.ExtensionManager")
        return [e.getIdentifier().Value for e in manager.getDeployedExtensions("user", None, Approving())]

    def do_new(self, name="new", hidden=True):
        self.documents[name] = self.desktop.loadComponentFromURL(
            "private:factory/scalc", "_blank", 0, property_values(Hidden=hidden)
        )

    def do_open(self, path, name="book", hidden=True):
        # Never run macros: a window would ask, and nobody is there to answer.
        options = property_values(Hidden=hidden, MacroExecutionMode=0)
        document = self.desktop.loadComponentFromURL(Path(path).as_uri(), "_blank", 0, options)
        if document is None:
            raise RuntimeError(f"LibreOffice would not open {path}")
        self.documents[name] = document

    def do_save(self, path, filter, name="book"):
        self.documents[name].storeToURL(Path(path).as_uri(), property_values(FilterName=filter))

    def do_close_document(self, name="book"):
        self.ports.pop(name, None)
        self.documents.pop(name).close(True)

    def range(self, name, sheet, address):
        sheets = self.documents[name].Sheets
        found = sheets.getByIndex(sheet) if isinstance(sheet, int) else sheets.getByName(sheet)
        return found.getCellRangeByName(address)

    def do_sheets(self, name="book"):
        return list(self.documents[name].Sheets.ElementNames)

    def do_put(self, address, values, sheet=0, name="book"):
        self.range(name, sheet, address).setDataArray(
            tuple(tuple("" if cell is None else cell for cell in row) for row in values)
        )

    def do_formula(self, address, formula, sheet=0, name="book", array=False):
        cells = self.range(name, sheet, address)
        if array:
            cells.setArrayFormula(formula)
        else:
            cells.getCellByPosition(0, 0).setFormula(formula)

    def do_typed(self, address, formula, sheet=0, name="book"):
        """What a user types: the formula in the language and separators of the user interface."""
        self.range(name, sheet, address).getCellByPosition(0, 0).setPropertyValue("FormulaLocal", formula)

    def do_table(self, table, address, sheet=0, name="book"):
        self.documents[name].DatabaseRanges.addNewByName(table, self.range(name, sheet, address).getRangeAddress())

    def do_untable(self, table, name="book"):
        self.documents[name].DatabaseRanges.removeByName(table)

    def do_origin_of_dates(self, year, month, day, name="book"):
        self.documents[name].NullDate = Date(day, month, year)

    def do_name(self, label, content, name="book"):
        origin = self.range(name, 0, "A1").getCellAddress()
        self.documents[name].NamedRanges.addNewByName(label, content, origin, 0)

    def do_calculate(self, name="book"):
        self.documents[name].calculateAll()

    def do_cells(self, address, sheet=0, name="book"):
        """Each cell as {"value"| "text" | "error", "formula"}."""
        cells = self.range(name, sheet, address)
        area = cells.getRangeAddress()
        return [
            [self.cell(cells.getCellByPosition(column, row)) for column in range(area.EndColumn - area.StartColumn + 1)]
            for row in range(area.EndRow - area.StartRow + 1)
        ]

    def do_calls(self, calls, name):
        """Put formulas with their inputs into the first sheet and return the values; error values as numbers."""
        document = self.documents[name]
        sheet = document.Sheets.getByIndex(0)
        areas = []
        for call in calls:
            for address, values in call["inputs"]:
                rows = tuple(tuple("" if cell is None else cell for cell in row) for row in values)
                sheet.getCellRangeByName(address).setDataArray(rows)
            for address, formula in call["formulas"]:
                sheet.getCellRangeByName(address).getCellByPosition(0, 0).setFormula(formula)
            area = sheet.getCellRangeByName(call["address"])
            if call["array"]:
                area.setArrayFormula(call["formula"])
            else:
                area.getCellByPosition(0, 0).setFormula(call["formula"])
            areas.append(area)
        return [self.values_of(sheet, area) for area in areas]

    def do_area(self, address, sheet=0, name="book"):
        """Formulas and values of a large range in a few round trips."""
        cells = self.range(name, sheet, address)
        found = cells.getSpreadsheet()
        return {"formulas": cells.getFormulaArray(), "values": self.values_of(found, cells)}

    @staticmethod
    def values_of(sheet, area):
        rows = [list(row) for row in area.getDataArray()]
        place = area.getRangeAddress()
        wrong = area.queryFormulaCells(FORMULA_RESULT_ERROR)
        for index in range(wrong.getCount()):
            cells = wrong.getByIndex(index).getRangeAddress()
            for row in range(cells.StartRow, cells.EndRow + 1):
                for column in range(cells.StartColumn, cells.EndColumn + 1):
                    number = sheet.getCellByPosition(column, row).getError()
                    rows[row - place.StartRow][column - place.StartColumn] = {"error": number}
        return rows

    @staticmethod
    def cell(cell):
        found = {"formula": cell.getFormula()}
        kind = cell.getType().value
        if kind == "FORMULA":
            kind = "ERROR" if cell.getError() else ("TEXT" if cell.FormulaResultType2 == 2 else "VALUE")
        if kind == "ERROR":
            found["error"] = cell.getError()
            found["shown"] = cell.getString()
        elif kind == "TEXT":
            found["text"] = cell.getString()
        elif kind == "VALUE":
            found["value"] = cell.getValue()
        return found

    def do_wizards(self, names):
        """What the function wizard knows about some functions."""
        descriptions = self.make("com.sun.star.sheet.FunctionDescriptions")
        found = {}
        for index in range(descriptions.getCount()):
            fields = {field.Name: field.Value for field in descriptions.getByIndex(index)}
            if fields["Name"] in names:
                found[fields["Name"]] = {
                    "description": fields["Description"],
                    "arguments": [[each.Name, each.Description] for each in fields["Arguments"]],
                }
        return found

    def do_dispatch(self, url, name="book"):
        helper = self.make("com.sun.star.frame.DispatchHelper")
        frame = self.documents[name].CurrentController.Frame
        helper.executeDispatch(frame, url, "", 0, ())

    def do_port(self, call, arguments, name="book"):
        """A method of the workbook interface on a document; the package is imported from the checkout."""
        from rebalance_xl.hosts.calc.book import CalcWorkbook

        port = self.ports.setdefault(name, CalcWorkbook(self.documents[name]))
        answer = getattr(port, call)(*from_json(arguments))
        return to_json(answer)

    def do_repeat_row(self, sheet, row, name="book"):
        """What a user does to add a row: insert one below, copy the row above onto it; counted from 1."""
        cells = self.documents[name].Sheets.getByName(sheet)
        cells.Rows.insertByIndex(row, 1)
        above = cells.getCellRangeByPosition(0, row - 1, 60, row - 1).getRangeAddress()
        cells.copyRange(cells.getCellByPosition(0, row).getCellAddress(), above)

    def do_chart_values(self, sheet, index, name="book"):
        """The numbers that each series of a chart draws, by its cells."""
        charts = self.documents[name].Sheets.getByName(sheet).Charts
        diagram = charts.getByIndex(index).EmbeddedObject.getFirstDiagram()
        found = {}
        for system in diagram.getCoordinateSystems():
            for kind in system.getChartTypes():
                for series in kind.getDataSeries():
                    for sequence in series.getDataSequences():
                        values = sequence.getValues()
                        found[values.getSourceRangeRepresentation()] = list(values.getData())
        return found

    def do_look(self, sheet, address, name="book"):
        """Number format and alignment of a cell."""
        cell = self.range(name, sheet, address)
        formats = self.documents[name].NumberFormats
        return [formats.getByKey(cell.NumberFormat).FormatString, cell.HoriJustify.value]

    def do_protect(self, sheet, name="book"):
        self.documents[name].Sheets.getByIndex(sheet).protect("")

    def do_undo(self, name="book"):
        self.documents[name].UndoManager.undo()

    def do_undo_titles(self, name="book"):
        return list(self.documents[name].UndoManager.getAllUndoActionTitles())

    def do_idle(self):
        """Let LibreOffice do what it has put off."""
        self.make("com.sun.star.awt.Toolkit").processEventsToIdle()

    def do_modified(self, name="book"):
        return self.documents[name].isModified()

    def do_find(self, text, role="", name="book"):
        """The middle of each visible part of the window (button, menu entry) of this name, as [x, y, role]."""
        window = self.documents[name].CurrentController.Frame.ContainerWindow
        found = []
        waiting = [window.getAccessibleContext()]
        while waiting:
            context = waiting.pop()
            if context.getAccessibleName() == text:
                place, size = context.getLocationOnScreen(), context.getSize()
                found.append([place.X + size.Width // 2, place.Y + size.Height // 2, context.getAccessibleRole()])
            if context.getAccessibleRole() == MENU:
                continue  # each entry is a round trip, and there are hundreds
            for index in range(min(context.getAccessibleChildCount(), 100)):
                child = context.getAccessibleChild(index)
                if child is not None:
                    waiting.append(child.getAccessibleContext())
        return found

    def do_active_sheet(self, name="book"):
        return self.documents[name].CurrentController.ActiveSheet.Name

    def do_select(self, sheet, address, name="book"):
        document = self.documents[name]
        document.CurrentController.setActiveSheet(document.Sheets.getByName(sheet))
        document.CurrentController.select(self.range(name, sheet, address))

    def do_message(self):
        """The text of the message box that is open and the middle of its OK button, None without one."""
        toolkit = self.make("com.sun.star.awt.Toolkit")
        for index in range(toolkit.getTopWindowCount()):
            box = toolkit.getTopWindow(index).getAccessibleContext()
            if box.getAccessibleRole() == ALERT and box.getAccessibleName() == "Rebalancer":
                parts = [box.getAccessibleChild(i).getAccessibleContext() for i in range(box.getAccessibleChildCount())]
                text = next(part.getAccessibleName() for part in parts if part.getAccessibleRole() == STATIC)
                button = next(part for part in parts if part.getAccessibleName() == "OK")
                place, size = button.getLocationOnScreen(), button.getSize()
                return [text, [place.X + size.Width // 2, place.Y + size.Height // 2]]
        return None


def main():
    soffice, profile, *rest = sys.argv[1:]
    window = "--window" in rest
    extensions = [path for path in rest if path != "--window"]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not come between the answers
    office = Office(soffice, profile, window)
    try:
        if extensions:
            office.install(extensions)
            office.do_restart()  # a running Calc has read its list of functions already
        print(json.dumps({"ready": True}), file=answers, flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = {"result": getattr(office, "do_" + command.pop("do"))(**command)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
            print(json.dumps(answer), file=answers, flush=True)
    finally:
        office.stop()


if __name__ == "__main__":
    main()
