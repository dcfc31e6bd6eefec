"""``rebalance-xl new``: a copy of the workbook, anywhere, without what builds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rebalance_xl.authoring.template import new_book, read_template, write_file


def test_the_copy_is_the_workbook(workbook: Path, tmp_path: Path) -> None:
    """The copy equals the shipped file, byte for byte."""
    write_file(tmp_path / "Mine.xlsm", read_template())
    assert (tmp_path / "Mine.xlsm").read_bytes() == workbook.read_bytes()
    assert new_book(macros=True, example=True) == read_template()


def test_a_copy_replaces_a_file_in_one_step(tmp_path: Path) -> None:
    """An existing file is replaced, and no other file stays behind."""
    (tmp_path / "Mine.xlsm").write_bytes(b"old")
    write_file(tmp_path / "Mine.xlsm", read_template())
    assert [path.name for path in tmp_path.iterdir()] == ["Mine.xlsm"]
    assert (tmp_path / "Mine.xlsm").read_bytes()[:2] == b"PK"


def test_a_failed_copy_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last step fails the old file stands and no half-written one lies beside it."""
    import os

    def refuse(*_: object) -> None:
        raise PermissionError(13, "in use")

    target = tmp_path / "Mine.xlsm"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        write_file(target, read_template())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("Mine.xlsm", b"old")]


def test_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    """The command turns an OSError into one line; a folder that does not exist is one."""
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "nowhere" / "Mine.xlsm", b"")


def test_a_copy_needs_neither_xlsxwriter_nor_xlwings(tmp_path: Path) -> None:
    """An installed package without the builder's dependencies can still write a copy."""
    code = (
        "import sys\n"
        "for name in ('xlsxwriter', 'xlwings', 'openpyxl', 'pandas'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from rebalance_xl.authoring.template import new_book, write_file\n"
        f"write_file(Path({str(tmp_path / 'Mine.xlsm')!r}), new_book(macros=True, example=False))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "Mine.xlsm").stat().st_size > 100_000


def test_every_sheet_has_a_small_picture(root: Path) -> None:
    """The pictures of the documentation exist, are PNGs, and are light enough for a repository."""
    from tests.authoring.test_package import SHEETS

    for sheet in SHEETS:
        picture = (root / "docs" / "img" / f"{sheet.lower().replace('.', '-')}.png").read_bytes()
        assert picture[:8] == b"\x89PNG\r\n\x1a\n", sheet
        assert len(picture) < 260_000, sheet


def test_the_pages_pictures_and_links_exist(root: Path) -> None:
    """Nothing that docs/excel.md points at is missing."""
    import re

    page = (root / "docs" / "excel.md").read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", page) if not target.startswith("http")]
    assert len(targets) > 10
    assert [target for target in targets if not (root / "docs" / target).exists()] == []
