"""The page on tables and settings is the one that the schema makes."""

from __future__ import annotations

from pathlib import Path

from rebalance_xl.book.reference import main, page
from rebalance_xl.book.schema import SETTINGS, TABLES


def test_the_page_is_up_to_date(root: Path) -> None:
    """docs/book.md equals what the schema makes."""
    assert (root / "docs" / "book.md").read_text(encoding="utf-8") == page()
    assert main([str(root / "docs" / "book.md"), "--check"]) == 0


def test_a_stale_page_is_told(tmp_path: Path) -> None:
    """The check fails on any difference."""
    stale = tmp_path / "book.md"
    stale.write_text("old", encoding="utf-8")
    assert main([str(stale), "--check"]) == 1


def test_every_column_and_setting_has_help() -> None:
    """Nothing in the schema is without a line of help."""
    assert [column.name for table in TABLES.values() for column in table.columns if not column.help] == []
    assert [setting.name for setting in SETTINGS.values() if not setting.help] == []
