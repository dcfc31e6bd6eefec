"""The names by which LibreOffice knows the extension; files saved as .ods contain some of them, so they stay."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACTIONS",
    "EXTENSION",
    "FUNCTIONS_IMPLEMENTATION",
    "INTERFACE",
    "JOB_IMPLEMENTATION",
    "PROTOCOL",
    "PROTOCOL_IMPLEMENTATION",
    "SERVICE",
    "method_name",
    "stored_name",
]

EXTENSION: Final = "org.rebalancer.calc"
SERVICE: Final = "org.rebalancer.Functions"
INTERFACE: Final = "org.rebalancer.XFunctions"
FUNCTIONS_IMPLEMENTATION: Final = "org.rebalancer.calc.FunctionsImplementation"
PROTOCOL_IMPLEMENTATION: Final = "org.rebalancer.calc.Commands"
JOB_IMPLEMENTATION: Final = "org.rebalancer.calc.OpenedBook"
PROTOCOL: Final = "org.rebalancer.calc:"

#: Path of a command behind the protocol, its label, and what it does in one line.
ACTIONS: Final = (
    ("refresh", "Refresh...", "Ask the exchanges for balances, positions and prices; nothing is written before a yes"),
    ("rebalance", "Rebalance", "Compute the plan and write it to the Plan sheet; inputs stay as they are"),
    ("record", "Record execution...", "Apply the plan's fills to Portfolio and Futures and add a Journal row"),
    ("review", "Review", "Let the rules run over the prices and write the sheet Review"),
    ("check", "Check book", "List data problems with their cell addresses"),
    ("functions", "Functions", "List the worksheet functions with their help"),
    ("about", "About Rebalancer", "Version, and whether everything that is needed is here"),
)


def method_name(function: str) -> str:
    """Return the UNO method behind a worksheet function: an identifier of a method may not be all capitals.

    Examples
    --------
    >>> method_name("TRIM_AMOUNT")
    'trimAmount'
    """
    first, *others = function.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


def stored_name(function: str) -> str:
    """Return the name that .ods files hold and that Calc's English formula grammar reads.

    Examples
    --------
    >>> stored_name("TRIM_AMOUNT")
    'ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT'
    """
    return f"{SERVICE}.{method_name(function)}".upper()
