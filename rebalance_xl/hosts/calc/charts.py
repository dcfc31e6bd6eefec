"""Lets the Dashboard's charts draw the rows that are filled: an .ods knows no names that grow, as Excel's charts do.

Each chart draws columns of one block of cells, thirteen rows from its first one: the twelve largest and "Other". Rows
at the end of the block that show nothing are left out of its ranges, and come back when they show something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

__all__ = ["follow", "keep_following"]

_SHEET: Final = "Dashboard"
_ROWS: Final = 13
_AREA: Final = re.compile(rf"(\$?{_SHEET}\.\$([A-Z]+)\$)(\d+):\$\2\$(\d+)")


def keep_following(
    document: Any, later: Callable[[Callable[[], None]], None], listener: Callable[[Callable[[], None]], Any]
) -> None:
    """Let the charts of a document follow now and at every change; nothing happens where it has none of ours.

    Parameters
    ----------
    document : com.sun.star.sheet.SpreadsheetDocument
        A document that has just been opened.
    later, listener
        As for :class:`rebalance_xl.hosts.calc.live.Watches`.
    """
    waiting: list[bool] = []

    def changed() -> None:
        if not waiting:
            waiting.append(True)
            later(follow_once)

    def follow_once() -> None:
        waiting.clear()
        follow(document)

    blocks = {address: area for chart in _charts(document) for address, area in _block(document, chart).items()}
    if blocks:
        follow(document)
    for area in blocks.values():
        area.addModifyListener(listener(changed))


def follow(document: Any) -> None:
    """Set the ranges of the charts to the rows that show something; the document is not marked as changed.

    Parameters
    ----------
    document : com.sun.star.sheet.SpreadsheetDocument
        An open document.
    """
    was_modified = document.isModified()
    for chart in _charts(document):
        for area in _block(document, chart).values():
            filled = 0
            for (text,) in area.getDataArray():
                if text == "":
                    break
                filled += 1
            if _draw(chart, max(filled, 1)):
                chart.setModified(False)  # else it tells its document later
    document.setModified(was_modified)


def _charts(document: Any) -> Iterator[Any]:
    if not document.Sheets.hasByName(_SHEET):
        return
    charts = document.Sheets.getByName(_SHEET).Charts
    for index in range(charts.getCount()):
        chart = charts.getByIndex(index).EmbeddedObject
        if chart is not None and chart.getFirstDiagram() is not None:
            yield chart


def _block(document: Any, chart: Any) -> dict[str, Any]:
    """Return the cells with the names of what a chart draws, by their address; none for a chart of another kind."""
    for axis, _ in _axes(chart):
        found = _AREA.fullmatch(axis.getScaleData().Categories.getValues().getSourceRangeRepresentation())
        if found is not None:
            first = int(found[3])
            address = f"{found[2]}{first}:{found[2]}{first + _ROWS - 1}"
            return {address: document.Sheets.getByName(_SHEET).getCellRangeByName(address)}
    return {}


def _axes(chart: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the axes with categories, each with its scale."""
    for system in chart.getFirstDiagram().getCoordinateSystems():
        axis = system.getAxisByDimension(0, 0)
        if axis is not None and axis.getScaleData().Categories is not None:
            yield axis, axis.getScaleData()


def _draw(chart: Any, rows: int) -> bool:
    """Let every series, and the names below them, end with a row counted from the first; tell whether any did not."""
    provider = chart.getDataProvider()
    sequences = [
        sequence
        for system in chart.getFirstDiagram().getCoordinateSystems()
        for kind in system.getChartTypes()
        for series in kind.getDataSeries()
        for sequence in series.getDataSequences()
    ]
    changed = [_cut(provider, sequence, rows) for sequence in sequences]
    for axis, scale in _axes(chart):
        if _cut(provider, scale.Categories, rows):
            axis.setScaleData(scale)
            changed.append(True)
    return any(changed)


def _cut(provider: Any, labelled: Any, rows: int) -> bool:
    """Give a sequence its new end, where it has another one."""
    values = labelled.getValues()
    found = _AREA.fullmatch(values.getSourceRangeRepresentation())
    if found is None or int(found[4]) == int(found[3]) + rows - 1:
        return False
    last = int(found[3]) + rows - 1
    new = provider.createDataSequenceByRangeRepresentation(f"{found[1]}{found[3]}:${found[2]}${last}")
    new.Role = values.Role
    labelled.setValues(new)
    return True
