"""``python -m rebalance_xl.authoring [OUT | --check]``: build the workbook, or say whether it is up to date."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

from rebalance_xl.authoring.build import ROOT, build
from rebalance_xl.authoring.package import read_parts


def main(arguments: list[str]) -> int:
    """Build ``workbook/Rebalancer.xlsm`` (and note its VBA project in the checklist), or the file that is named."""
    check = "--check" in arguments
    arguments = [each for each in arguments if each != "--check"]
    out = Path(arguments[0]) if arguments else ROOT / "workbook" / "Rebalancer.xlsm"
    package = build()
    unchanged = out.is_file() and out.read_bytes() == package
    if check:
        print(f"{out.name}: {'up to date' if unchanged else 'stale: run python -m rebalance_xl.authoring'}")
        return 0 if unchanged else 1
    out.write_bytes(package)
    if not arguments:
        _note_project(ROOT / "docs" / "excel-checklist.md", read_parts(package)["xl/vbaProject.bin"])
    print(f"{out}: {len(package):,} bytes{', unchanged' if unchanged else ''}")
    return 0


def _note_project(checklist: Path, project: bytes) -> None:
    text = checklist.read_text(encoding="utf-8")
    digest = hashlib.sha256(project).hexdigest()
    changed, count = re.subn(r"(?m)(written by the build\):\n`)[0-9a-f]{64}`", rf"\g<1>{digest}`", text)
    if count != 1:
        raise ValueError(f"{checklist} has no line for the hash of vbaProject.bin")
    checklist.write_text(changed, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
