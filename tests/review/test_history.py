"""Reading and refusing histories of prices."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import to_serial
from rebalance_xl.review.history import History, check_history, history_of, read_history

FIRST = dt.date(2026, 1, 1)


def rows(count: int = 40, price: float = 100.0) -> list[list[Any]]:
    """Return rows of two assets."""
    return [[FIRST + dt.timedelta(days=i), price + i, 50.0 + i % 3] for i in range(count)]


def refusal(history: History, assets: list[str], **more: Any) -> str:
    """Return the words of a refusal."""
    with pytest.raises(BookError) as caught:
        check_history(history, assets, **more)
    return str(caught.value)


def test_wide_and_long_tables_are_the_same() -> None:
    """A column an asset, or a row an asset and day, read alike, in any order of the days of a long one."""
    wide = history_of(["Date", "A", "B"], rows())
    long = history_of(
        ["Date", "Asset", "Price"], [[row[0], name, row[i]] for row in rows() for i, name in ((1, "A"), (2, "B"))]
    )
    assert wide.days.tolist() == long.days.tolist()
    assert wide.close("a").tolist() == long.close("A").tolist()  # type: ignore[union-attr]
    assert wide.year == 365.0


def test_hourly_closes_have_more_in_a_year() -> None:
    """The distance of two closes says how many a year has."""
    hours = [[46_000.0 + i / 24, 100.0] for i in range(48)]
    assert history_of(["Date", "A"], hours).year == pytest.approx(8760.0)


def _csv(folder: Path) -> Path:
    path = folder / "prices.csv"
    path.write_text("Date,A,A low\n" + "".join(f"{day},{a},{a - 1}\n" for day, a, _ in rows()), encoding="utf-8")
    return path


def test_csv(tmp_path: Path) -> None:
    """A file gives the history; dates may be ISO texts."""
    found = read_history(_csv(tmp_path))
    assert found.days[0] == to_serial(FIRST)
    assert found.columns["a low"].tolist() == [99.0 + i for i in range(40)]


@pytest.mark.slow  # the packages that the quick tests install lack pyarrow
def test_parquet(tmp_path: Path) -> None:
    """A Parquet file gives the history of the same text."""
    path = _csv(tmp_path)
    found = read_history(path)
    pandas, _ = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    pandas.read_csv(path, parse_dates=["Date"]).to_parquet(tmp_path / "prices.parquet")
    again = read_history(tmp_path / "prices.parquet")
    assert again.days.tolist() == found.days.tolist()
    assert again.columns["a"].tolist() == found.columns["a"].tolist()


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda table: table[:29], "has 29 closes of all assets; a review needs at least 30"),
        (lambda table: [*table, table[-1]], "2026-02-09 twice"),
        (lambda table: [table[1], table[0], *table[2:]], "out of order"),
        (lambda table: [*table[:20], *table[28:]], "no close for 9 days after 2026-01-20"),
        (lambda table: [*table[:5], [table[5][0], None, 50.0], *table[6:]], "A is blank on 2026-01-06"),
        (lambda table: [*table[:5], [table[5][0], 0.0, 50.0], *table[6:]], "a on 2026-01-06 is 0; allowed is a price"),
    ],
)
def test_refusals(change: Any, words: str) -> None:
    """What a history lacks is told with the day."""
    assert words in refusal(history_of(["Date", "A", "B"], change(rows())), ["A", "B"])


def test_an_asset_without_prices_is_named() -> None:
    """The refusal names the asset and how to leave it out."""
    assert "has no prices of C: add a column, or leave it out with --without C" in refusal(
        history_of(["Date", "A", "B"], rows()), ["A", "C"]
    )


def test_holes_are_carried_over_when_asked() -> None:
    """Closes are carried over, and the history says so."""
    table = [*rows()[:20], *rows()[28:]]
    table[3] = [table[3][0], None, 50.0]
    found = check_history(history_of(["Date", "A", "B"], table), ["A", "B"], fill_gaps=True)
    assert len(found.days) == 40
    assert found.columns["a"][3] == 102.0
    assert np.diff(found.days).max() == 1.0
    assert len(found.notes) == 2


def test_it_begins_with_the_last_asset_to_come() -> None:
    """Days before the first close of every asset are left out, and the history says so."""
    table = rows(50)
    for row in table[:10]:
        row[2] = None
    found = check_history(history_of(["Date", "A", "B"], table), ["A", "B"])
    assert len(found.days) == 40
    assert "2026-01-11" in found.notes[0]
