"""What is imported when, and by whom: start-up costs and the layers."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = "rebalance_xl"

#: The floors from the ground up; a module imports only floors below its own, or its own.
FLOORS = {
    "cells": 0,
    "docstrings": 0,
    "arguments": 1,
    "expressions": 1,
    "declarations": 1.5,
    "calling": 2,
    "scalar_calls": 2,
    "grouping": 2,
    "catalogue": 3,
    "column_calls": 3,
    "functions": 4,
    "book": 5,
    "recalc": 5,
    "review": 5.5,
    "data": 0,
    "reference": 6,
    "hosts": 6,
    "face": 7,
    "venues": 6,
    "authoring": 7,
    "commands": 8,
    "table_files": 0,
    "terminal": 8,
    "cli": 9,
}

#: Packages of hosts and files, which the functions and everything below them do not know.
HEAVY = {"pandas", "xlwings", "xlsxwriter", "openpyxl", "distributed", "ccxt", "keyring"}
HOST_PACKAGES = HEAVY | {"formualizer", "lxml", "typer", "rich", "uno"}

SHOW = "import sys, json; print(json.dumps(sorted({each.partition('.')[0] for each in sys.modules})))"
RUN = """import sys; sys.argv = {argv!r}
try:
    from rebalance_xl.cli import main; main()
except SystemExit:
    pass
"""


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after a statement."""
    code = [sys.executable, "-c", f"{statement}\n{SHOW}"]
    done = subprocess.run(code, capture_output=True, text=True, check=True, timeout=120)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "module", ["rebalance_xl", "rebalance_xl.cells", "rebalance_xl.catalogue", "rebalance_xl.functions"]
)
def test_the_functions_load_nothing_big(module: str) -> None:
    """The package and its functions need the standard library only; numpy comes with the first long column."""
    loaded = loaded_by(f"import {module}")
    assert not loaded & {*HEAVY, "numpy", "formualizer", "lxml", "typer", "rich"}


def test_a_scalar_call_needs_no_numpy() -> None:
    """Calls on single cells and on the columns of an ordinary book load nothing either."""
    call = 'from rebalance_xl.functions import FUNCTIONS; FUNCTIONS["WEIGHT"].call([[1.0]] * 500)'
    assert "numpy" not in loaded_by(call)
    call = 'from rebalance_xl.functions import FUNCTIONS; FUNCTIONS["WEIGHT"].call([[1.0]] * 5000)'
    assert "numpy" in loaded_by(call)


@pytest.mark.parametrize("module", ["rebalance_xl.recalc.workbook", "rebalance_xl.cli"])
def test_recalculation_and_command_load_no_office_packages(module: str) -> None:
    """The recalculation and the command load none of pandas, xlwings, XlsxWriter and openpyxl when imported."""
    assert not loaded_by(f"import {module}") & HEAVY


def test_a_recalculation_loads_no_office_packages(root: Path, tmp_path: Path) -> None:
    """A whole recalculation of the sample loads none of them, nor numpy."""
    sample, target = root / "examples" / "sample.xlsx", tmp_path / "out.xlsx"
    statement = f"from rebalance_xl.recalc.workbook import recalculate; recalculate({str(sample)!r}, {str(target)!r})"
    assert not loaded_by(statement) & (HEAVY | {"numpy"})
    assert target.exists()


@pytest.mark.parametrize("arguments", [["recalc", "SAMPLE", "-o", "OUT"], ["recalc", "SAMPLE", "--check"], ["--help"]])
def test_the_command_loads_no_office_packages(root: Path, tmp_path: Path, arguments: list[str]) -> None:
    """The commands themselves load none of them."""
    replaced = {"SAMPLE": str(root / "examples" / "sample.xlsx"), "OUT": str(tmp_path / "out.xlsx")}
    argv = ["rebalance-xl", *(replaced.get(each, each) for each in arguments)]
    assert not loaded_by(RUN.format(argv=argv)) & HEAVY


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of every module of the package."""
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse each module once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(name: str, path: Path, types: bool = False) -> Iterator[str]:
    """Yield the absolute names of what a module imports, wherever the import stands; with `types` for types too."""
    tree = tree_of(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    typing_only = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only and not types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if base == PACKAGE)


def floor(name: str) -> int | None:
    """Return the floor of a module of the package, None for what lies outside."""
    parts = name.split(".")
    if parts[0] != PACKAGE or len(parts) == 1:
        return None
    return FLOORS.get(parts[1])


def test_every_module_has_a_floor(root: Path) -> None:
    """A new module or folder gets its place before it gets imports."""
    names = {name.split(".")[1] for name, _ in modules(root) if "." in name} - {"__main__"}
    assert names - set(FLOORS) == set()


def test_imports_go_downwards(root: Path) -> None:
    """No module imports from a floor above its own."""
    upwards = [
        f"{name} imports {each}"
        for name, path in modules(root)
        for each in imports(name, path)
        if (own := floor(name)) is not None and (other := floor(each)) is not None and other > own
    ]
    assert upwards == []


def test_book_and_recalc_are_side_by_side(root: Path) -> None:
    """Neither imports the other: a host brings them together."""
    across = [
        f"{name} imports {each}"
        for name, path in modules(root)
        for each in imports(name, path)
        if (name.startswith(f"{PACKAGE}.book") and each.startswith(f"{PACKAGE}.recalc"))
        or (name.startswith(f"{PACKAGE}.recalc") and each.startswith(f"{PACKAGE}.book"))
    ]
    assert across == []


def test_functions_know_no_host(root: Path) -> None:
    """The functions and what lies below import no package of a host or of a file format."""
    below = [(name, path) for name, path in modules(root) if (floor(name) or 0) <= FLOORS["functions"]]
    known = [
        f"{name} imports {each}"
        for name, path in below
        for each in imports(name, path)
        if each.partition(".")[0] in HOST_PACKAGES
    ]
    assert known == []
    assert len(below) > 10


def test_no_circles(root: Path) -> None:
    """No module can reach itself over imports, wherever they stand and not even for types only."""
    files = dict(modules(root))
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        found = set(imports(name, path, types=True))
        found |= {f"{base}.{each}" for base, each in _names_imported(name, path)}
        graph[name] = {each for each in found if each in files and each not in (name, PACKAGE)}
    assert [sorted(each) for each in _knots(graph)] == []
    assert len(graph) > 100


def _names_imported(name: str, path: Path) -> Iterator[tuple[str, str]]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((base, alias.name) for alias in node.names)


def _knots(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that reach each other (Tarjan's strongly connected components of more than one)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    trail: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        trail.append(name)
        for each in sorted(graph[name]):
            if each not in number:
                visit(each)
                lowest[name] = min(lowest[name], lowest[each])
            elif each in trail:
                lowest[name] = min(lowest[name], number[each])
        if lowest[name] == number[name]:
            knot = set(trail[trail.index(name) :])
            del trail[trail.index(name) :]
            if len(knot) > 1:
                found.append(knot)

    for name in sorted(graph):
        if name not in number:
            visit(name)
    return found
