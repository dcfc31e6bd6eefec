"""The Windows side for the tests in this folder: set up, or skipped with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .setup_wine import why_not
from .wine_session import WineSession
from .xlwings_conf import Conf, read_conf

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as slow."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def wine() -> None:
    """Need Wine with a Windows Python; CI demands it, elsewhere tests are skipped without it."""
    reason = why_not()
    if reason is not None and "wine" in os.environ.get("REBALANCE_REQUIRE", "").split(","):
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def conf(root: Path) -> Conf:
    """Read the sheet xlwings.conf of the workbook that users get."""
    return read_conf(root / "workbook" / "Rebalancer.xlsm")


@pytest.fixture(scope="session")
def excel(wine: None, conf: Conf, root: Path) -> Iterator[WineSession]:
    """Start an xlwings server that the DLL starts from the workbook's own settings."""
    with WineSession([root]) as session:
        session.install_where(conf["INTERPRETER_WIN"])
        session.activate(conf)
        yield session
