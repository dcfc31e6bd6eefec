"""Exports in the shapes that people have them, with rows of our own, and what they mean: kept in samples.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """One export: its text, the kind it tells, the sums by coin, and how many flows it holds."""

    name: str
    text: str
    source: str
    kind: str
    sums: dict[str, str]
    flows: int = 0
    encoding: str = "utf-8"


SAMPLES = [Sample(**each) for each in json.loads(Path(__file__).with_name("samples.json").read_text(encoding="utf-8"))]
