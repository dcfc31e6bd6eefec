"""`rebalance-xl functions`: the list of worksheet functions, or the help of one."""

from __future__ import annotations

import difflib

from rebalance_xl import terminal
from rebalance_xl.catalogue import Function
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.reference import cell_text, default_text, error_lines, function_help, result_text, zero_argument_text


def show(name: str | None, as_json: bool) -> int:
    """Print all functions, or one with its worked examples; returns the exit code."""
    if name is None:
        return _list(as_json)
    function = FUNCTIONS.get(name.strip().lstrip("=").split("(")[0].upper())
    if function is None:
        near = difflib.get_close_matches(name.upper(), list(FUNCTIONS), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else "; rebalance-xl functions lists them"
        terminal.complain(f"there is no function {name.upper()}{hint}")
        return 2
    if as_json:
        terminal.print_json(as_data(function))
    else:
        terminal.say(function_help(function))
    return 0


def _list(as_json: bool) -> int:
    if as_json:
        terminal.print_json([as_data(each) for each in FUNCTIONS.values()])
        return 0
    rows = [[each.category, each.signature, each.summary] for each in FUNCTIONS.values()]
    terminal.print_table(["Section", "Function", "What it gives"], rows)
    return 0


def as_data(function: Function) -> dict[str, object]:
    """Return everything the catalogue says of a function, ready for JSON."""
    return {
        "name": function.name,
        "category": function.category,
        "signature": function.signature,
        "summary": function.summary,
        "description": function.description,
        "estimate": function.estimate,
        "parameters": [
            {
                "name": each.name,
                "kind": each.kind,
                "unit": each.unit,
                "required": each.required,
                "default": default_text(each),
                "allowed": each.allowed(),
                "model": each.model,
                "help": each.help,
            }
            for each in function.parameters
        ],
        "result": {
            "kind": function.result.kind,
            "shape": function.result.shape,
            "words": list(function.result.words),
        },
        "equation": function.equation,
        "without_arguments": zero_argument_text(function) if function.has_model else "",
        "examples": [
            {
                "formula": each.formula,
                "result": result_text(each, function.result.kind),
                "value": cell_text(each.result) if not isinstance(each.result, list) else each.result,
                "note": each.note,
            }
            for each in function.examples
        ],
        "errors": dict(error_lines(function)),
        "source": function.source,
    }
