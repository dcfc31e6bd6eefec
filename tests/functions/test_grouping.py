"""Rows with one label are one asset: the trailing arguments `assets` and `locked` of the allocation functions."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS

VALUES = [[30_000.0], [30_000.0], [30_000.0]]
TARGETS = [[0.5], [None], [0.5]]
ASSETS = [["BTC"], ["btc"], ["ETH"]]


#: What comes between the bands and the labels.
MIDDLE = (0.05, "target", "absolute", 90_000.0, ASSETS)
SHARES = ([None, None, None], [None, "yes", None], ["x", True, ""])
SOLD = ([7_500.0, 7_500.0], [15_000.0, 0.0], [0.0, 0.0])
THREE = (VALUES, [[0.2], [0.3], [0.5]], 0.01)


def call(name: str, *arguments: Any) -> list[Any]:
    """Return the cells of a column."""
    return [row[0] for row in FUNCTIONS[name].call(*arguments)]


def test_weight_drift_and_flag_are_the_assets_on_each_of_its_rows() -> None:
    """Two rows of BTC weigh two thirds together; only one of them states the target."""
    assert call("WEIGHT", VALUES, 90_000.0, ASSETS) == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert call("DRIFT", VALUES, TARGETS, "absolute", 90_000.0, ASSETS) == pytest.approx([1 / 6, 1 / 6, -1 / 6])
    assert call("DRIFT_FLAG", VALUES, TARGETS, 0.05, "absolute", 90_000.0, ASSETS) == ["TRIM", "TRIM", "ADD"]
    reasons = call("REBALANCE_REASON", VALUES, TARGETS, 0.05, "target", "absolute", 90_000.0, ASSETS)
    assert all("66.67 %" in reason for reason in reasons[:2])


@pytest.mark.parametrize("locked, sold", list(zip(SHARES, SOLD, strict=True)))
def test_amounts_are_shared_by_what_is_unlocked(locked: list[Any], sold: list[float]) -> None:
    """15,000 are sold from the rows that may be; nothing where all of them are locked."""
    locks = [[one] for one in locked]
    assert call("TRIM_AMOUNT", VALUES, TARGETS, *MIDDLE, locks) == pytest.approx([*sold, 0.0])
    traded = call("TRADE_AMOUNT", VALUES, TARGETS, *MIDDLE, locks)
    assert traded == pytest.approx([-sold[0], -sold[1], 15_000.0])


def test_no_more_is_sold_than_is_unlocked() -> None:
    """The free row holds 6,000 of the 15,000 that the rule would sell."""
    values = [[6_000.0], [54_000.0], [30_000.0]]
    found = call("TRIM_AMOUNT", values, TARGETS, *MIDDLE, [[None], ["yes"], [None]])
    assert found == pytest.approx([6_000.0, 0.0, 0.0])


def test_locked_units_are_no_amount_of_money() -> None:
    """How much 3 units are only the plan knows: #N/A with the reason, never a guess."""
    found = call("TRIM_AMOUNT", VALUES, TARGETS, *MIDDLE, [[3.0], [None], [None]])
    assert isinstance(found[0], CellError)
    assert found[0].code == "#N/A"
    assert found[2] == 0.0


def test_without_labels_everything_is_as_before() -> None:
    """Omitted, distinct or blank labels leave each row for itself."""
    before = call("TRIM_AMOUNT", *THREE)
    for labels in ([["a"], ["b"], ["c"]], [[""], [None], [""]]):
        assert call("TRIM_AMOUNT", *THREE, "target", "absolute", 90_000.0, labels) == before
    assert FUNCTIONS["WEIGHT"].call(VALUES, 90_000.0, [["a"], ["b"]]).code == "#VALUE!"


def test_a_plan_of_rows_of_one_asset_is_the_assets() -> None:
    """REBALANCE_PLAN sums the rows of one label; different targets are refused."""
    table = FUNCTIONS["REBALANCE_PLAN"].call(ASSETS, VALUES, TARGETS, 0.05)
    assert [row[:3] for row in table[1:]] == [["BTC", "SELL", 15_000.0], ["ETH", "BUY", 15_000.0]]
    assert FUNCTIONS["REBALANCE_PLAN"].call(ASSETS, VALUES, [[0.5], [0.4], [0.1]], 0.05).code == "#VALUE!"


# --- what the cells may hold ------------------------------------------------------------------------------------


def test_labels_match_without_regard_to_case_and_blanks() -> None:
    """A blank typed after a name makes no other asset of it."""
    labels = [["BTC"], [" btc "], ["ETH"]]
    assert call("WEIGHT", VALUES, 90_000.0, labels) == pytest.approx([2 / 3, 2 / 3, 1 / 3])


@pytest.mark.parametrize("stated", [[[0.5], [None], [0.5]], [[None], [0.5], [0.5]], [[""], [0.5], [0.5]]])
def test_target_and_band_may_stand_on_any_row_of_an_asset(stated: list[list[Any]]) -> None:
    """Typed at the first or at the second row, they hold for both."""
    bands = [[None if cell[0] in (None, "") else 0.2] for cell in stated]
    assert call("DRIFT", VALUES, stated, "absolute", 90_000.0, ASSETS) == pytest.approx([1 / 6, 1 / 6, -1 / 6])
    assert call("DRIFT_FLAG", VALUES, stated, bands, "absolute", 90_000.0, ASSETS) == ["HOLD"] * 3
    apart = [[0.2 if band[0] is None else None] for band in bands[:2]] + [[0.2]]
    assert call("DRIFT_FLAG", VALUES, stated, apart, "absolute", 90_000.0, ASSETS) == ["HOLD"] * 3


def test_the_band_of_a_plan_may_stand_on_another_row_than_the_target() -> None:
    """17 points over the target are inside a band of 20: nothing is sold, wherever the band is typed."""
    for bands in ([[0.2], [None], [0.2]], [[None], [0.2], [0.2]]):
        table = FUNCTIONS["REBALANCE_PLAN"].call(ASSETS, VALUES, TARGETS, bands)
        assert [row[:2] for row in table[1:]] == [["BTC", "HOLD"], ["ETH", "HOLD"]]


def test_an_error_or_a_text_among_the_values_is_the_assets() -> None:
    """What an asset is worth is not known where one of its rows is not; the other asset keeps its weight."""
    for wrong, code in ((CellError("#REF!", ""), "#REF!"), ("much", "#VALUE!"), (True, "#VALUE!")):
        found = call("WEIGHT", [[30_000.0], [wrong], [30_000.0]], 90_000.0, ASSETS)
        assert [getattr(cell, "code", None) for cell in found[:2]] == [code, code]
        assert found[2] == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ["WEIGHT", "TRIM_AMOUNT", "DRIFT_FLAG"])
def test_headings_are_left_out_of_every_range(name: str) -> None:
    """Ranges that begin with their headings give what they give without: a row less, and each row its own asset's."""
    columns = ([["Value"], *VALUES], [["Target"], *TARGETS], [["Band"], [0.05], [0.05], [0.05]])
    labels, locks = [["Asset"], *ASSETS], [["Locked"], [None], ["yes"], [None]]
    options = {"WEIGHT": (), "TRIM_AMOUNT": ("target", "absolute"), "DRIFT_FLAG": ("absolute",)}[name]
    count = 1 if name == "WEIGHT" else 3
    headed = call(name, *columns[:count], *options, 90_000.0, labels, locks)
    plain = call(name, *[each[1:] for each in columns[:count]], *options, 90_000.0, labels[1:], locks[1:])
    assert headed == plain
    assert len(plain) == 3


def test_a_blank_row_of_an_asset_stays_blank() -> None:
    """It neither shows the weight nor takes a part of an amount."""
    values = [[60_000.0], [None], [30_000.0]]
    assert call("WEIGHT", values, 90_000.0, ASSETS) == [pytest.approx(2 / 3), "", pytest.approx(1 / 3)]
    assert call("TRIM_AMOUNT", values, TARGETS, *MIDDLE, [[None]] * 3) == [pytest.approx(15_000.0), "", 0.0]


def test_a_lock_counts_where_every_row_is_an_asset_of_its_own() -> None:
    """Distinct labels: the locked row is not sold, the other one is."""
    values, targets = [[60_000.0], [30_000.0], [10_000.0]], [[0.4], [0.2], [0.4]]
    names = [["A"], ["B"], ["C"]]
    found = call(
        "TRIM_AMOUNT", values, targets, 0.05, "target", "absolute", 100_000.0, names, [["yes"], [None], [None]]
    )
    assert found == pytest.approx([0.0, 10_000.0, 0.0])
    alone = call("TRIM_AMOUNT", values, targets, 0.05, "target", "absolute", 100_000.0, names)
    assert alone == pytest.approx([20_000.0, 10_000.0, 0.0])


@pytest.mark.parametrize(
    "lock, code",
    [(0.0, None), (False, None), ("no", None), ("maybe", "#VALUE!"), (CellError("#REF!", ""), "#REF!"), (3.0, "#N/A")],
)
def test_what_a_lock_may_be(lock: Any, code: str | None) -> None:
    """0 units and no lock nothing; a word that is neither yes nor no, an error and a number of units are said."""
    found = call("TRIM_AMOUNT", VALUES, TARGETS, *MIDDLE, [[lock], [None], [None]])
    if code is None:
        assert found == pytest.approx([7_500.0, 7_500.0, 0.0])
    else:
        assert [getattr(cell, "code", None) for cell in found] == [code, code, None]


def test_a_lock_of_units_is_no_error_where_nothing_is_traded() -> None:
    """BTC is inside its band: 0 is sold, whatever 3 units are worth."""
    locks = [[3.0], [None], [None]]
    targets = [[0.66], [None], [0.34]]
    found = call("TRIM_AMOUNT", VALUES, targets, 0.05, "target", "absolute", 90_000.0, ASSETS, locks)
    assert found == [0.0, 0.0, 0.0]


def test_too_few_locks_are_refused() -> None:
    """As too few labels are: which rows are meant is not known."""
    found = FUNCTIONS["TRIM_AMOUNT"].call(VALUES, TARGETS, *MIDDLE, [[None], ["yes"]])
    assert (found.code, "assets and locked need a cell for each of the 3 values" in found.reason) == ("#VALUE!", True)


@pytest.mark.parametrize("name, sign", [("ADD_AMOUNT", 1.0), ("TRADE_AMOUNT", 1.0)])
@pytest.mark.parametrize(
    "values, locks, shares",
    [
        ([[10_000.0], [20_000.0], [60_000.0]], [["yes"], [None], [None]], [0.0, 1.0]),
        ([[10_000.0], [20_000.0], [60_000.0]], [[None], [None], [None]], [1 / 3, 2 / 3]),
        ([[10_000.0], [20_000.0], [60_000.0]], [["yes"], ["yes"], [None]], [1 / 3, 2 / 3]),
        ([[0.0], [0.0], [90_000.0]], [[None], [None], [None]], [1.0, 0.0]),
    ],
)
def test_purchases_are_shared_by_what_is_unlocked(
    name: str, sign: float, values: list[list[Any]], locks: list[list[Any]], shares: list[float]
) -> None:
    """An asset that is locked as a whole is still bought, by value; one that is worth nothing in its first row."""
    whole = 45_000.0 - values[0][0] - values[1][0]
    found = call(name, values, TARGETS, *MIDDLE, locks)
    assert found[:2] == pytest.approx([sign * whole * share for share in shares])
    assert sum(found[:2]) == pytest.approx(whole)


def test_a_row_of_cells_is_answered_in_a_row() -> None:
    """Values that stand side by side get their answers side by side; a single cell gets one."""
    across = [[30_000.0, 30_000.0, 30_000.0]]
    (found,) = FUNCTIONS["WEIGHT"].call(across, 90_000.0, [["BTC", "btc", "ETH"]])
    assert found == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert FUNCTIONS["TRIM_AMOUNT"].call(60_000.0, 0.5, 0.05, "target", "absolute", 90_000.0, "BTC", "yes") == 0.0
