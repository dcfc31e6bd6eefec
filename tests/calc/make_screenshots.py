"""Takes the pictures of ``docs/calc.md``: ``python -m tests.calc.make_screenshots`` (needs LibreOffice and Xvfb).

Each picture shows Calc on a virtual screen with a copy of Rebalancer.xlsm.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from rebalance_xl.hosts.calc.oxt import build
from tests.calc.office import Office
from tests.calc.screen import Screen

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "img"
SETTLE_SECONDS = 4


def main() -> None:
    """Write docs/img/calc-*.png."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "screen").mkdir()
        copy = folder / "Rebalancer.xlsm"
        shutil.copy(ROOT / "workbook" / "Rebalancer.xlsm", copy)
        with Screen(folder / "screen") as screen, Office(folder, [build(folder)], display=screen.display) as office:

            def picture(what: str) -> None:
                time.sleep(SETTLE_SECONDS)
                screen.photograph(PICTURES / f"calc-{what}.png")

            office.open(path=str(copy), hidden=False)
            office.calculate()
            picture("dashboard")
            office.select(sheet="Portfolio", address="A5")
            time.sleep(SETTLE_SECONDS)
            x, y, _ = next(found for found in office.find(text="Rebalance") if found[2] == 44 and found[1] > 0)
            screen.click(x, y)
            picture("plan")
            message = office.message()
            screen.click(*message[1])
            office.new(name="new", hidden=False)
            office.put(
                name="new",
                address="A1:D4",
                values=[
                    ["Asset", "Value", "Target", "Band"],
                    ["BTC", 5000, 0.45, 0.05],
                    ["ETH", 3000, 0.3, 0.05],
                    ["SOL", 4000, 0.2, 0.05],
                ],
            )
            office.typed(name="new", address="F4", formula='=TRIM_AMOUNT(B4;C4;D4;"target";"absolute";12000)')
            office.select(name="new", sheet="Sheet1", address="F4")
            office.dispatch(name="new", url=".uno:FunctionDialog")
            picture("wizard")
            screen.key("Escape")


if __name__ == "__main__":
    main()
