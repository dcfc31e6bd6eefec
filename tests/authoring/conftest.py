"""The committed workbook, and what independent readers see in it."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def workbook(root: Path) -> Path:
    """Return the committed workbook."""
    return root / "workbook" / "Rebalancer.xlsm"


@pytest.fixture(scope="session")
def parts(workbook: Path) -> dict[str, bytes]:
    """Return the parts of its package."""
    with zipfile.ZipFile(workbook) as package:
        return {name: package.read(name) for name in package.namelist()}


@pytest.fixture(scope="session")
def checker(shared_dir: Path) -> ModuleType:
    """Load the strict checks of the VBA container."""
    spec = importlib.util.spec_from_file_location("checkvba", shared_dir / "tools" / "checkvba.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    pytest.importorskip("oletools", reason="oletools is not installed")
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sources(workbook: Path) -> dict[str, str]:
    """Return the text of every VBA module, as olevba extracts it."""
    olevba = pytest.importorskip("oletools.olevba", reason="oletools is not installed")
    parser = olevba.VBA_Parser(str(workbook))
    try:
        found: dict[str, Any] = {name.rpartition(".")[0]: text for _, _, name, text in parser.extract_macros()}
    finally:
        parser.close()
    return {name: text.replace("\r\n", "\n") for name, text in found.items()}
