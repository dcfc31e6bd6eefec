"""A LibreOffice with the extension installed, once for each module of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebalance_xl.hosts.calc.oxt import build

from .office import Office, why_not


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the extension from the sources."""
    return build(tmp_path_factory.mktemp("extension"))


@pytest.fixture(scope="session")
def libreoffice() -> None:
    """Skip the test without LibreOffice, or fail it where that is required."""
    reason = why_not()
    if reason is not None:
        if "calc" in os.environ.get("REBALANCE_REQUIRE", "").split(","):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def office(libreoffice: None, extension: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Run a headless LibreOffice with the extension, in a profile of its own."""
    with Office(tmp_path_factory.mktemp("office"), [extension]) as running:
        yield running
