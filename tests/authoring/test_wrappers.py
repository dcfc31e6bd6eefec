"""The workbook's VBA wrappers, run by pyOpenVBA against the same Python side that Excel calls."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS
from tests.golden.golden import Case, differences, load

pytest.importorskip("pyopenvba", reason="pyOpenVBA is not installed")
from tests.authoring.vba_host import VbaHost


@pytest.fixture(scope="module")
def host(workbook: Path, root: Path) -> VbaHost:
    """Open the workbook with its wrappers."""
    return VbaHost(workbook, root / "udfs.py")


def by_function() -> list[Any]:
    """Group the golden table by function."""
    cases: dict[str, list[Case]] = {}
    for case in load():
        cases.setdefault(case.function, []).append(case)
    return [pytest.param(group, id=name) for name, group in cases.items()]


@pytest.mark.parametrize("cases", by_function())
def test_the_golden_table_through_the_wrappers(host: VbaHost, cases: list[Case]) -> None:
    """Formula in, wrapper, xlwings' call_udf, function, error mark, cell out: every answer of the golden table."""
    wrong = {
        case.id: found
        for case in cases
        if (found := differences(host.call(case.function, *case.arguments), case.result))
    }
    assert wrong == {}


def test_without_arguments_a_function_reads_the_portfolio(host: VbaHost) -> None:
    """=TRIM_AMOUNT() gives one amount per Portfolio row, from the columns of this workbook's own tables."""
    host.server.calls.clear()
    assert host.call("TRIM_AMOUNT") == [[0.0], [0.0], [pytest.approx(1600.0)], [0.0]]
    name, arguments = host.server.calls[0]
    assert name == "TRIM_AMOUNT"
    assert arguments[0].value == [[5000.0], [3000.0], [4000.0], [0.0]]
    assert arguments[1].value == [[0.45], [0.3], [0.2], [0.0]]
    assert arguments[2].value == [[0.05], [0.05], [0.05], [None]]
    assert [each.value for each in arguments[3:6]] == [[["target"]], [["absolute"]], [[12000.0]]]


def test_an_option_alone_still_reads_the_portfolio(host: VbaHost) -> None:
    """=TRIM_AMOUNT(,,,"edge") takes the data from the tables and the option as typed."""
    from rebalance_xl.cells import MISSING

    assert host.call("TRIM_AMOUNT", MISSING, MISSING, MISSING, "edge")[2] == [pytest.approx(1000.0)]


def test_a_given_argument_switches_the_tables_off(host: VbaHost) -> None:
    """With any data argument given, the omitted ones have their plain defaults: no band."""
    values, targets = host.column("Portfolio", "Value"), host.column("Portfolio", "Target")
    assert host.call("DRIFT_FLAG", values, targets) == [["ADD"], ["ADD"], ["TRIM"], ["HOLD"]]
    assert host.call("DRIFT_FLAG") == [["HOLD"], ["HOLD"], ["TRIM"], ["HOLD"]]


def test_nested_models_run_through_other_wrappers(host: VbaHost) -> None:
    """=DEPLOY() shares out what =TRIM_AMOUNT() frees among what the rows lack, by their priorities."""
    assert host.call("DEPLOY") == [[pytest.approx(400.0)], [pytest.approx(600.0)], [0.0], [0.0]]
    assert host.call("UNDEPLOYED") == pytest.approx(600.0)


@pytest.mark.parametrize("name", ["LIQUIDATION_PRICE", "REBALANCE_TRIGGER", "REBALANCE_PLAN", "PLAN_FIGURES"])
def test_a_call_that_the_whole_book_answers_takes_no_table_along(
    host: VbaHost, sources: dict[str, str], name: str
) -> None:
    """Python reads the book itself, so the arguments stay missing; the cell is volatile."""
    host.server.calls.clear()
    given = ["Trigger"] if name == "PLAN_FIGURES" else []
    host.call(name, *given)
    count = len(FUNCTIONS[name].parameters)
    assert set(host.server.calls[0][1][len(given) : count]) <= {-2147352572}
    (wrapper,) = [each for each in sources["xlwings_udfs"].split("\nFunction ") if each.startswith(f"{name}(")]
    assert "Application.Volatile" in wrapper


def test_the_tier_table_goes_along_only_for_names(host: VbaHost) -> None:
    """A flat rate needs no table, and the cell need not be volatile."""
    host.server.calls.clear()
    flat = host.call("MAINTENANCE_MARGIN", 10000.0, 0.005)
    named = host.call("MAINTENANCE_MARGIN", 10000.0, "binance:ETHUSDT")
    assert (flat, named) == (pytest.approx(50.0), pytest.approx(40.0))
    assert host.server.calls[0][1][-1] is None
    assert len(host.server.calls[1][1][-1].value) > 5


def test_today_is_filled_in_for_a_review(host: VbaHost) -> None:
    """REVIEW_DUE without as_of asks the clock, and a blank setting AsOf does too."""
    yesterday = dt.datetime.combine(dt.date.today(), dt.time()) - dt.timedelta(days=1)
    assert host.call("REVIEW_DUE", yesterday, 1.0) is True
    assert host.call("REVIEW_DUE", yesterday, 5.0) is False


@pytest.mark.parametrize("code", ["#N/A", "#NUM!", "#DIV/0!", "#NULL!", "#REF!", "#NAME?", "#VALUE!"])
def test_error_marks_become_error_values(host: VbaHost, code: str) -> None:
    """A single mark, and a mark inside an array, become Excel's own error value; other texts stay."""
    from rebalance_xl.hosts.excel_values import to_excel

    error = CellError(code)
    assert host.call("WithErrorValues", to_excel(error)) == error
    assert host.call("WithErrorValues", to_excel([[1.0, "TRIM"], [error, ""]])) == [[1.0, "TRIM"], [error, ""]]


def test_errors_in_a_range_come_back_as_errors(host: VbaHost) -> None:
    """An error cell among the values makes its own row and, through the total, every other an error."""
    error = CellError("#DIV/0!")
    assert host.call("WEIGHT", [[5000.0], [error]], 10000.0) == [[0.5], [error]]
    assert host.call("WEIGHT", [[5000.0], [error]]) == [[error], [error]]


def test_a_failing_python_is_an_error_value_and_its_reason_is_kept(host: VbaHost) -> None:
    """No text ever lands in a numeric cell; About tells what went wrong."""
    host.server.fails = "Could not activate Python COM server"
    try:
        assert host.call("WEIGHT", 1.0, 2.0) == CellError("#VALUE!")
    finally:
        host.server.fails = ""
    assert host.value("LastFailure()") == "WEIGHT failed: Could not activate Python COM server"


def test_a_missing_table_is_not_available(host: VbaHost) -> None:
    """Without the table the zero-argument form gives #N/A, and the reason names the table."""
    host.value('ThisWorkbook.Worksheets("Portfolio").ListObjects(1)', raw=True).vba_set("Name", "Holdings")
    try:
        assert host.call("WEIGHT") == CellError("#N/A")
        assert host.value("LastFailure()") == "WEIGHT failed: This workbook has no table Portfolio."
    finally:
        host.value('ThisWorkbook.Worksheets("Portfolio").ListObjects(1)', raw=True).vba_set("Name", "Portfolio")
    assert host.call("WEIGHT") != CellError("#N/A")
