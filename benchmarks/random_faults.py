"""Draws single-line faults by a seed: a comparison, a sign, a word of logic, a minimum that becomes its opposite.

A comparison is negated, not moved by the width of a number: whether 0.3 <= 0.3 counts as below is asked by the faults
of the list, where the tests have an edge to stand on.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from pathlib import Path

#: A fault: name, file, the text and what it becomes, and where in the file the text begins.
Drawn = tuple[str, str, str, str, int]

_COMPARE: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
}
_CALLS = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any"}


#: Modules of functions/ whose tests are those of another folder (review, venues).
ELSEWHERE = ("review_", "tier_answers", "tier_files", "tier_reading")


def drawn(root: Path, folder: str, count: int, seed: int) -> list[Drawn]:
    """Return faults of the modules of a folder and of those below it, drawn by a seed, no two in one line.

    Parameters
    ----------
    root, folder
        The checkout, and the folder in it whose modules are searched.
    count, seed
        How many, and what they are drawn by.
    """
    sites: list[Drawn] = []
    for path in sorted((root / folder).rglob("*.py")):
        if path.stem.startswith(ELSEWHERE):
            continue
        file = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        sites += [(name, file, old, new, at) for name, old, new, at in _sites(path.stem, text)]
    random.Random(seed).shuffle(sites)
    found: dict[str, Drawn] = {}
    for site in sites:
        found.setdefault(site[0].split(":")[0] + site[0].split(":")[1], site)
    return list(found.values())[:count]


def _sites(stem: str, text: str) -> Iterator[tuple[str, str, str, int]]:
    """Yield every place of a module that can be changed: name, text, what it becomes, where it begins."""
    lines = [0]
    for line in text.split("\n"):
        lines.append(lines[-1] + len(line) + 1)
    shown = text.split("\n")

    def place(line: int, column: int) -> int:
        return lines[line - 1] + len(shown[line - 1].encode()[:column].decode())

    def between(left: ast.expr, right: ast.expr, old: str) -> int:
        start, end = place(left.end_lineno or 0, left.end_col_offset or 0), place(right.lineno, right.col_offset)
        return text.find(old, start, end)

    for node in ast.walk(ast.parse(text)):
        changes: list[tuple[str, str, int]] = []
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            old, new = _COMPARE[type(node.ops[0])]
            changes.append((old, new, between(node.left, node.comparators[0], old)))
        elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not _is_text(node):
            old, new = _ARITHMETIC[type(node.op)]
            changes.append((old, new, between(node.left, node.right, old)))
        elif isinstance(node, ast.BoolOp):
            old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            changes.append((old, new, between(node.values[0], node.values[1], old)))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            changes.append(("not ", "", place(node.lineno, node.col_offset)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            changes.append((node.func.id, _CALLS[node.func.id], place(node.lineno, node.col_offset)))
        elif (
            isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
        ):
            old = str(node.value.value)
            changes.append((old, str(not node.value.value), place(node.value.lineno, node.value.col_offset)))
        for old, new, at in changes:
            if at >= 0:
                line = text.count("\n", 0, at) + 1
                yield (
                    f"{stem}:{line}: {old.strip()} becomes {new or 'nothing'} in {shown[line - 1].strip()}",
                    old,
                    new,
                    at,
                )


def _is_text(node: ast.BinOp) -> bool:
    """Tell whether an addition joins texts: no sum is wrong there."""
    return any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in ast.walk(node)
    )
