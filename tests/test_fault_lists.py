"""The faults that benchmarks plants: each is a line of the code as it stands, so that none goes out of date unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_every_fault_can_be_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file and the line of each fault are there, what it becomes differs, and so are the tests that it names."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from plant_faults import FAULTS

    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in {fault.file for fault in FAULTS}}
    assert len(FAULTS) > 500
    assert [fault.name for fault in FAULTS if fault.line not in texts[fault.file] or fault.becomes == fault.line] == []
    assert [fault.name for fault in FAULTS for test in fault.tests if not (ROOT / test).exists()] == []
