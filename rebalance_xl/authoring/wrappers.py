"""The module ``xlwings_udfs``: xlwings' wrappers, plus what a trader's cells need.

Additions, each on lines of its own that end in ``' Rebalancer``:

* omitted arguments are filled from the workbook's own tables and named cells (``=TRIM_AMOUNT()``), and
  a date that means "today" from the clock;
* the workbook's own MarginTiers table goes along where a name such as "binance:BTCUSDT" is looked up;
* the marks that stand for errors become error values;
* a failure of Python itself becomes an error value, its text is kept for the About button.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rebalance_xl import expressions
from rebalance_xl.arguments import Parameter
from rebalance_xl.authoring.xlwings_generator import ImportedFunctions
from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING

#: What every added line ends with.
MARK = "' Rebalancer"
#: Groups of functions that Excel itself has; the first of a workbook's own gets this number.
BUILT_IN_GROUPS = 19
_INDENT = "        "
_PLAIN_SIGNS = str.maketrans({"−": "-", "≤": "<=", "≥": ">=", "≠": "<>", "≈": "~", "→": "->", "√": "sqrt "})


def wrapper_module(imported: ImportedFunctions, functions: Mapping[str, Function]) -> str:
    """Add to the generated wrappers what the workbook needs.

    Parameters
    ----------
    imported
        What xlwings' generator made.
    functions
        The catalogue, by worksheet name.

    Returns
    -------
    str
        The source of the module ``xlwings_udfs``.
    """
    groups = {group: BUILT_IN_GROUPS + index for index, group in enumerate(function_groups(imported))}
    lines: list[str] = []
    name = ""
    for line in imported.source.splitlines():
        lines.append(line)
        text = line.strip()
        if text.startswith("Function "):
            name, _, signature = text.removeprefix("Function ").removesuffix(")").partition("(")
            names = [each.strip().removeprefix("Optional ") for each in signature.split(",")]
            group, description, _ = imported.help[name]
            lines.append(f"Attribute {name}.VB_Description = {quoted(description)}")
            lines.append(f'Attribute {name}.VB_ProcData.VB_Invoke_Func = " \\n{groups[group]}"')
        elif text.startswith("If TypeOf Application.Caller"):
            lines += [f"{_INDENT}{added} {MARK}" for added in _filled_arguments(functions[name], names)]
        elif text.endswith("Application.Caller)"):
            lines.append(f"{_INDENT}{name} = WithErrorValues({name}) {MARK}")
        elif text == f"{name} = Err.Description":
            lines.append(f'    {name} = FailureOf("{name}", Err.Number, Err.Description) {MARK}')
    return "\n".join(lines).rstrip() + "\n"


def help_module(imported: ImportedFunctions) -> str:
    """Write the module ``FunctionHelp``, which tells Excel's function wizard about every argument.

    Excel keeps argument descriptions for the session only, so the ribbon calls this when it loads.
    """
    lines = [
        'Attribute VB_Name = "FunctionHelp"',
        "Option Explicit",
        "Option Private Module",
        "' Generated from the catalogue: the texts of the function wizard.",
        "",
        "Public Sub DescribeFunctions()",
        "    Dim WasSaved As Boolean",
        "",
        "    WasSaved = ThisWorkbook.Saved",
        "    On Error Resume Next",
    ]
    for name, (group, description, arguments) in imported.help.items():
        described = f'    Application.MacroOptions Macro:="\'" & ThisWorkbook.Name & "\'!{name}", _\n'
        described += f"        Description:={quoted(description)}, _\n        Category:={quoted(group)}"
        if arguments:
            texts = ", _\n            ".join(quoted(text) for text in arguments)
            described += f", _\n        ArgumentDescriptions:=Array( _\n            {texts})"
        lines += described.split("\n")
    lines += ["    On Error GoTo 0", "    ThisWorkbook.Saved = WasSaved", "End Sub", ""]
    return "\n".join(lines)


def function_groups(imported: ImportedFunctions) -> list[str]:
    """List the groups of the function wizard, in the order of their first function."""
    return list(dict.fromkeys(group for group, _, _ in imported.help.values()))


def quoted(text: str) -> str:
    """Write a VBA text constant; line ends become spaces, signs outside code page 1252 their plain form."""
    return '"' + " ".join(text.translate(_PLAIN_SIGNS).split()).replace('"', '""') + '"'


def _filled_arguments(function: Function, names: Sequence[str]) -> Iterator[str]:
    """Write the lines that fill omitted arguments; `names` are the arguments' names in VBA, in order."""
    named = list(zip(function.parameters, names, strict=False))
    missing = " And ".join(f"IsMissing({name})" for parameter, name in named if parameter.data)
    if function.book_options is not None:
        # Python reads the whole book itself; where it cannot, or an option forbids it, it fills the arguments, too.
        yield f"If {missing} Then Application.Volatile" if missing else "Application.Volatile"
    elif function.has_model:
        yield f"If {missing} Then"
        yield "    Application.Volatile"
        for parameter, name in named:
            if parameter.model:
                yield "    " + _assignment(parameter, name)
        yield "End If"
    for parameter, name in named:
        if parameter.clock:
            fill = "" if function.book_options is not None else f": {name} = Date"
            yield f"If IsMissing({name}) Then Application.Volatile{fill}"
    # A range of wallets or positions names tables in its cells; moves and shocks name none.
    looked_up = [
        name for parameter, name in named if parameter.kind == "raw" and (parameter.data or parameter.unit != "table")
    ]
    for parameter in function.context:
        table = expressions.parse(parameter.model)
        if not isinstance(table, expressions.Reference) or not looked_up:
            raise ValueError(f"{function.name}: no way to tell when {parameter.name} is needed")
        yield f'Set {parameter.name} = TableForText("{table.table}", {looked_up[0]})'
        for other in looked_up[1:]:
            fill = f'Set {parameter.name} = TableForText("{table.table}", {other})'
            yield f"If {parameter.name} Is Nothing Then {fill}"


def _assignment(parameter: Parameter, name: str) -> str:
    expression = expressions.parse(parameter.model)
    is_range = isinstance(expression, expressions.Reference)
    fill = f"{'Set ' if is_range else ''}{name} = {vba_expression(expression)}"
    conditions = [f"IsMissing({name})"] if not parameter.data else []
    if parameter.clock or not parameter.required:
        conditions += [_exists(reference) for reference in dict.fromkeys(_references(expression))]
    return f"If {' And '.join(conditions)} Then {fill}" if conditions else fill


def _exists(reference: expressions.Reference) -> str:
    if reference.table:
        return f'HasColumn("{reference.table}", "{reference.column}")'
    return f'HasSetting("{reference.text}")'


def _references(expression: expressions.Expression) -> Iterator[expressions.Reference]:
    if isinstance(expression, expressions.Reference):
        yield expression
    elif isinstance(expression, expressions.Call):
        for argument in expression.arguments:
            yield from _references(argument)


def vba_expression(expression: expressions.Expression) -> str:
    """Write a model expression in VBA.

    Columns and names become ranges of this workbook, and a function of the catalogue is its own wrapper. What joins
    columns has no place here: the calls that need it are answered by the whole book, which Python reads itself.
    """
    if isinstance(expression, expressions.Constant):
        value = expression.value
        if value is MISSING:
            return ""
        if isinstance(value, bool):
            return str(value)
        if isinstance(value, float):
            return f"{value:g}"
        if isinstance(value, str):
            return quoted(value)
        raise ValueError(f"{value!r} has no place in a model expression")
    if isinstance(expression, expressions.Reference):
        if not expression.table:
            return f'Setting("{expression.text}")'
        if expression.column.startswith("#"):
            return f'WholeTable("{expression.table}")'
        return f'TableColumn("{expression.table}", "{expression.column}")'
    if expression.name == "&":
        raise ValueError("joined columns have no place in a wrapper")
    arguments = ", ".join(vba_expression(argument) for argument in expression.arguments)
    return f"{expression.name}({arguments})"
