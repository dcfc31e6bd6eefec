"""Which worksheet functions the engine has, found out by asking it."""

from __future__ import annotations

from functools import cache

import formualizer as fz


@cache
def knows(name: str) -> bool:
    """Say whether the engine has a worksheet function, by asking it."""
    probe = fz.Workbook(mode=fz.WorkbookMode.Interactive)
    sheet = probe.sheet("S")
    try:
        sheet.set_formula(1, 1, f"={name}()")
        probe.evaluate_all()
        value = sheet.get_values(fz.RangeAddress("S", 1, 1, 1, 1))[0][0]
    except Exception:
        return False
    return not (isinstance(value, dict) and value.get("kind") in ("Name", "Error"))
