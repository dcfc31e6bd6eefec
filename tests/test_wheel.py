"""What the wheel leaves out."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

from tests.test_imports import imports, modules


def test_nothing_that_ships_imports_what_does_not(root: Path) -> None:
    """The wheel lacks what builds the workbook and the reference pages, and no module of it asks for them."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    files = dict(modules(root))
    left_out = {
        name
        for name, path in files.items()
        if any(fnmatch(path.relative_to(root).as_posix(), pattern) for pattern in patterns)
    }
    asked = [
        f"{name} imports {each}"
        for name, path in files.items()
        if name not in left_out
        for each in imports(name, path)
        if each in left_out
    ]
    assert asked == []
    assert len(left_out) >= len(patterns)
