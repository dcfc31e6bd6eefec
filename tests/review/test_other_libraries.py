"""Simple rules against bt, where it is installed: all rows to their targets at every trade, no fee."""

from __future__ import annotations

import datetime as dt
import math
import warnings

import numpy as np
import pytest

from rebalance_xl.cells import from_serial
from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms
from rebalance_xl.functions.simulation.walk import curve_from, walk_one

from . import cases


@pytest.mark.slow
def test_monthly_rebalancing_is_that_of_bt() -> None:
    """Five assets, everything to target each month, without a fee: the same curve as bt's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bt = pytest.importorskip("bt", reason="bt is not installed")
        import pandas as pd
    _, days, prices = cases.anywhere()
    days, prices = days[27:800], prices[27:800]  # begins on the last day of a month
    weights = [0.4, 0.25, 0.15, 0.1, 0.1]
    rows = tuple(
        SpotRow(name, 1e6 * weight / price, weight, 10.0)
        for name, weight, price in zip("ABCDE", weights, prices[0], strict=True)
    )
    first = from_serial(float(days[0])).date()
    assert (first + dt.timedelta(days=1)).day == 1
    book = SpotBook(rows, last_review=float(days[0]))
    terms = Terms(frequency=-1.0, review_drift=0.0)
    course, held, money = walk_one(book, terms, days, prices)
    curve = curve_from(course, held, money, prices)
    index = pd.DatetimeIndex([from_serial(float(day)) for day in days])
    frame = pd.DataFrame(prices, index=index, columns=list("ABCDE"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ends = [day for day in index if (day + pd.Timedelta(days=1)).day == 1]
        strategy = bt.Strategy(
            "monthly",
            [
                bt.algos.RunOnDate(*ends),
                bt.algos.SelectAll(),
                bt.algos.WeighSpecified(**dict(zip("ABCDE", weights, strict=True))),
                bt.algos.Rebalance(),
            ],
        )
        test = bt.Backtest(strategy, frame, initial_capital=1e6, integer_positions=False, progress_bar=False)
        values = bt.run(test).prices["monthly"].to_numpy()
    ours = curve / curve[0]
    theirs = values[1:] / values[1]
    assert len(course.executions) == len(ends) - 1
    assert math.isclose(float(ours[-1]), float(theirs[-1]), rel_tol=1e-6)
    assert np.allclose(ours, theirs, rtol=1e-6)
