"""Help for the worksheet functions, all of it derived from the catalogue: for the terminal and as the reference page.

``python -m rebalance_xl.reference docs/functions.md`` writes the page; with ``--check`` it only says whether the page
is up to date.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import CATEGORIES, Example, Function
from rebalance_xl.cells import MISSING, from_serial, is_range
from rebalance_xl.functions import FUNCTIONS

#: What holds for every function and is said once.
GENERAL = (
    "Arguments are single cells, rows or columns; the result has one cell per data row, and single cells are used for "
    "every row. A header in the first cell of a range and blank rows at its end are ignored; a row whose value is "
    "blank stays blank. Shares, rates and ratios are fractions (0.2, not 20). Names and words match without regard to "
    "case.",
    "Where all data arguments are omitted, they come from the workbook's own model: `=TRIM_AMOUNT()` gives one amount "
    "per row of the table Portfolio. Once any data argument is given, omitted ones take the default written here.",
    "Errors are error values: #VALUE! for a wrong type, an unknown word or ranges that do not go together, #NUM! for a "
    "number out of its range, #N/A for missing data, #DIV/0! for an empty book. An error in an argument is the answer. "
    "`rebalance-xl recalc --report` and `rebalance-xl functions` say the reason.",
)


def cell_text(value: Any, kind: str = "") -> str:
    """Write a worksheet value as a cell shows it."""
    if value is True or value is False:
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        if kind == "date":
            return from_serial(value).date().isoformat()
        return f"{value:,.10g}".replace(",", "")
    if value is None or value == "":
        return '""'
    return str(value)


def result_text(example: Example, kind: str) -> str:
    """Write the result of an example: a cell, or the cells of a spill."""
    value = example.result
    if not is_range(value):
        return cell_text(value, kind)
    return "; ".join(", ".join(cell_text(cell, kind) for cell in row) for row in value)


def default_text(parameter: Parameter) -> str:
    """Say what an omitted argument is, or nothing for a required one."""
    if parameter.sum_of:
        return f"the sum of {parameter.sum_of}"
    if parameter.clock:
        return "today" if parameter.optional else ""
    if parameter.required:
        return ""
    if parameter.kind == "switch":
        return "TRUE" if parameter.default else "FALSE"
    if isinstance(parameter.default, str):
        return f'"{parameter.default}"' if parameter.default else "blank"
    if parameter.kind == "date":
        return "none"
    if parameter.default is MISSING:
        return ""
    return f"{parameter.default:g}" if isinstance(parameter.default, float | int) else str(parameter.default)


def zero_argument_text(function: Function) -> str:
    """Write the zero-argument form out in full."""
    given = [each.model or (each.name if each.required and not each.data else "") for each in function.parameters]
    while given and not given[-1]:
        given.pop()
    return f"={function.name}({','.join(given)})"


def error_lines(function: Function) -> list[tuple[str, str]]:
    """Return what each error value of a function means, the general rules included."""
    found = dict(function.errors)
    limited = [each.name for each in function.parameters if each.low > float("-inf") or each.high < float("inf")]
    if limited:
        out = f"{', '.join(limited)} out of the allowed range"
        found["#NUM!"] = f"{found['#NUM!']}; {out}" if "#NUM!" in found else out
    return sorted(found.items())


def function_help(function: Function, width: int = 88) -> str:
    """Return the help of one function as plain text.

    Parameters
    ----------
    function
        One of the catalogue.
    width
        Where lines are broken.
    """
    indent = "    "

    def block(text: str, first: str = indent) -> str:
        return textwrap.fill(
            text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )

    lines = [function.signature, "", block(function.summary, "")]
    lines += ["", *(textwrap.fill(each, width) for each in function.description.split("\n\n") if each)]
    if function.estimate:
        lines += ["", textwrap.fill(f"Estimate: {function.estimate}", width)]
    lines += ["", "Arguments"]
    for parameter in function.parameters:
        default = default_text(parameter)
        lines.append(f"  {parameter.name}" + (f" (default {default})" if default else ""))
        lines.append(block(f"{parameter.help} Allowed: {parameter.allowed()}." if parameter.words else parameter.help))
    lines += ["", "Computes", block(function.equation)]
    if function.has_model:
        lines += ["", "Without arguments", block(zero_argument_text(function))]
    lines += ["", "Examples"]
    for example in function.examples:
        lines.append(f"  {example.formula}")
        lines.append(block(f"→ {result_text(example, function.result.kind)}"))
        if example.note:
            lines.append(block(example.note))
    errors = error_lines(function)
    if errors:
        lines += ["", "Errors"]
        lines += [block(f"{code} {text}", "  ") for code, text in errors]
    if function.source:
        lines += ["", "Source", block(function.source)]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def reference_page() -> str:
    """Return docs/functions.md."""
    lines = [
        "# Worksheet functions",
        "",
        "<!-- Generated by `python -m rebalance_xl.reference docs/functions.md`; do not edit. -->",
        "",
    ]
    for paragraph in GENERAL:
        lines += [textwrap.fill(paragraph, 110, break_on_hyphens=False), ""]
    for category in CATEGORIES:
        functions = [each for each in FUNCTIONS.values() if each.category == category]
        if not functions:
            continue
        lines += [f"## {category}", ""]
        for function in functions:
            lines += _section(function)
    return "\n".join(lines).rstrip() + "\n"


def _section(function: Function) -> list[str]:
    lines = [f"### {function.name}", "", f"`{function.signature}`", "", function.summary, ""]
    if function.description:
        lines += [function.description, ""]
    if function.estimate:
        lines += [f"**Estimate.** {function.estimate}", ""]
    lines += ["| argument | default | meaning |", "|---|---|---|"]
    lines += [f"| {each.name} | {default_text(each)} | {_escape(each.help)} |" for each in function.parameters]
    lines += ["", f"Computes: {_escape(function.equation)}", ""]
    if function.has_model:
        lines += [f"Without arguments: `{zero_argument_text(function)}`", ""]
    lines += ["| example | result | |", "|---|---|---|"]
    for example in function.examples:
        result = _escape(result_text(example, function.result.kind))
        lines.append(f"| `{_escape(example.formula)}` | {result} | {_escape(example.note)} |")
    lines.append("")
    errors = error_lines(function)
    if errors:
        lines += [" ".join(f"{code} {_escape(text)}." for code, text in errors), ""]
    if function.source:
        lines += [f"Source: {_escape(function.source)}", ""]
    return lines


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the reference page, or with ``--check`` say whether it is up to date."""
    path = Path(next((each for each in arguments if not each.startswith("-")), "docs/functions.md"))
    page = reference_page()
    if "--check" in arguments:
        if path.exists() and path.read_text(encoding="utf-8") == page:
            return 0
        print(f"{path} is stale: run python -m rebalance_xl.reference {path}", file=sys.stderr)
        return 1
    path.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
