"""``python -m rebalance_xl.authoring [OUT]``: build the workbook."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance_xl.authoring.build import ROOT, build


def main(arguments: list[str]) -> int:
    """Build ``workbook/Rebalancer.xlsm``, or the file that is named."""
    out = Path(arguments[0]) if arguments else ROOT / "workbook" / "Rebalancer.xlsm"
    package = build()
    unchanged = out.is_file() and out.read_bytes() == package
    out.write_bytes(package)
    print(f"{out}: {len(package):,} bytes{', unchanged' if unchanged else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
