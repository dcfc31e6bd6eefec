"""The configuration files of the extension: functions for the wizard, menu, toolbar, commands, job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from rebalance_xl.catalogue import Function
from rebalance_xl.hosts.calc.identity import (
    ACTIONS,
    EXTENSION,
    JOB_IMPLEMENTATION,
    PROTOCOL,
    PROTOCOL_IMPLEMENTATION,
    SERVICE,
    method_name,
)

__all__ = ["addons", "calc_add_ins", "jobs", "protocol_handler", "window_state"]

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name={name} oor:package="org.openoffice.{package}">\n'
)
_FOOT: Final = "</oor:component-data>\n"
#: The wizard cuts longer descriptions in Excel; the same texts are used everywhere.
_DESCRIPTION_LENGTH: Final = 255


def calc_add_ins(functions: Iterable[Function]) -> str:
    """Return ``CalcAddIns.xcu``: name, help and arguments of each function, and its name in Excel files."""
    lines = [_head("CalcAddIns", "Office"), f'<node oor:name="AddInInfo">\n<node oor:name={quoteattr(SERVICE)} ']
    lines.append('oor:op="replace">\n<node oor:name="AddInFunctions">\n')
    for function in functions:
        lines.append(f'<node oor:name={quoteattr(method_name(function.name))} oor:op="replace">\n')
        lines.append(_text("DisplayName", function.name))
        lines.append(_text("Description", _help(function)))
        lines.append('<prop oor:name="Category"><value>Financial</value></prop>\n')
        lines.append(_text("CompatibilityName", function.name))
        lines.append('<node oor:name="Parameters">\n')
        for parameter in function.parameters:
            lines.append(f'<node oor:name={quoteattr(parameter.name)} oor:op="replace">\n')
            lines.append(_text("DisplayName", parameter.name))
            lines.append(_text("Description", parameter.help or parameter.name))
            lines.append("</node>\n")
        lines.append("</node>\n</node>\n")
    lines.append(f"</node>\n</node>\n</node>\n{_FOOT}")
    return "".join(lines)


def _help(function: Function) -> str:
    """Return the summary, and the first worked example where there is room for it."""
    whole = function.summary
    if function.examples:
        with_example = f"{whole} Example: {function.examples[0].formula}"
        if len(with_example) <= _DESCRIPTION_LENGTH:
            whole = with_example
    return whole if len(whole) <= _DESCRIPTION_LENGTH else whole[: _DESCRIPTION_LENGTH - 3] + "..."


def protocol_handler() -> str:
    """Return ``ProtocolHandler.xcu``: which object answers the commands of menu and toolbar."""
    return (
        _head("ProtocolHandler", "Office")
        + f'<node oor:name="HandlerSet">\n<node oor:name={quoteattr(PROTOCOL_IMPLEMENTATION)} oor:op="replace">\n'
        + '<prop oor:name="Protocols" oor:type="oor:string-list">'
        + f"<value>{escape(PROTOCOL)}*</value></prop>\n</node>\n</node>\n"
        + _FOOT
    )


def addons() -> str:
    """Return ``Addons.xcu``: the menu "Rebalancer" and its toolbar, in Calc only."""
    context = (
        '<prop oor:name="Context" oor:type="xs:string"><value>com.sun.star.sheet.SpreadsheetDocument</value></prop>\n'
    )
    menu, bar = [], []
    for index, (command, title, _tip) in enumerate(ACTIONS, start=1):
        entry = _plain("URL", PROTOCOL + command) + _text("Title", title) + _plain("Target", "_self") + context
        menu.append(f'<node oor:name="M{index}" oor:op="replace">\n{entry}</node>\n')
        if command in ("refresh", "rebalance", "record", "review", "check"):
            bar.append(f'<node oor:name="B{index}" oor:op="replace">\n{entry}</node>\n')
    return "".join(
        [
            _head("Addons", "Office"),
            '<node oor:name="AddonUI">\n',
            f'<node oor:name="OfficeMenuBar">\n<node oor:name="{EXTENSION}" oor:op="replace">\n',
            _text("Title", "Rebalancer"),
            _plain("Target", "_self"),
            context,
            '<node oor:name="Submenu">\n',
            *menu,
            "</node>\n</node>\n</node>\n",
            f'<node oor:name="OfficeToolBar">\n<node oor:name="{EXTENSION}" oor:op="replace">\n',
            *bar,
            "</node>\n</node>\n",
            f'<node oor:name="OfficeToolbarMerging"/>\n</node>\n{_FOOT}',
        ]
    )


def window_state() -> str:
    """Return ``CalcWindowState.xcu``: the toolbar has a name and stands below the others, not in the way."""
    flags = "".join(
        f'<prop oor:name="{name}" oor:type="xs:boolean"><value>true</value></prop>\n' for name in ("Docked", "Visible")
    )
    return (
        _head("CalcWindowState", "Office.UI")
        + '<node oor:name="UIElements">\n<node oor:name="States">\n'
        + f'<node oor:name="private:resource/toolbar/addon_{EXTENSION}" oor:op="replace">\n'
        + _text("UIName", "Rebalancer")
        + flags
        + '<prop oor:name="DockingArea" oor:type="xs:int"><value>0</value></prop>\n'
        + _plain("DockPos", "1000,0")
        + "</node>\n</node>\n</node>\n"
        + _FOOT
    )


def jobs() -> str:
    """Return ``Jobs.xcu``: look at every document that has been opened (see ``rebind`` and ``charts``)."""
    return (
        _head("Jobs", "Office")
        + f'<node oor:name="Jobs">\n<node oor:name="{EXTENSION}.opened" oor:op="replace">\n'
        + _plain("Service", JOB_IMPLEMENTATION)
        + "</node>\n</node>\n"
        + '<node oor:name="Events">\n<node oor:name="OnLoadFinished" oor:op="fuse">\n'
        + f'<node oor:name="JobList">\n<node oor:name="{EXTENSION}.opened" oor:op="replace"/>\n'
        + "</node>\n</node>\n</node>\n"
        + _FOOT
    )


def _head(name: str, package: str) -> str:
    return _HEAD.format(name=quoteattr(name), package=package)


def _text(name: str, text: str) -> str:
    return f'<prop oor:name="{name}"><value xml:lang="en">{escape(text)}</value></prop>\n'


def _plain(name: str, text: str) -> str:
    return f'<prop oor:name="{name}" oor:type="xs:string"><value>{escape(text)}</value></prop>\n'
