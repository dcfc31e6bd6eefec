"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rebalance_xl import calling, column_calls
from tests.venues.loopback import Venues, bodies_of, environment, serving

# Columns are computed as arrays from a few rows on, so that small examples reach both ways of computing.
calling.ARRAY_FROM = column_calls.ARRAY_FROM = 16
# The same examples at every run, so that a change is judged by what it changed; "thorough" draws new ones.
settings.register_profile("default", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
# A shell's job in the background ignores Ctrl-C, and so would every program that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of shared material beside the checkout; tests that use it skip without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared folder is not beside this checkout")
    return folder


@pytest.fixture
def okx(monkeypatch: pytest.MonkeyPatch) -> Iterator[Venues]:
    """Serve OKX with the bodies of the project, its key in the environment."""
    pytest.importorskip("ccxt")
    for name, value in environment("okx").items():
        monkeypatch.setenv(name, value)
    with serving(Venues({"okx": bodies_of("okx")})) as venues:
        yield venues
