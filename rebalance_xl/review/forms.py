"""A review as data for others: plain dictionaries for JSON, and rows for tables."""

from __future__ import annotations

import math
from typing import Any

from rebalance_xl.functions.simulation.performance import Performance
from rebalance_xl.review.answers import Result, Review
from rebalance_xl.review.sentences import day_text, headline
from rebalance_xl.review.sweeps import Sweep

#: Columns of the table of variants: header, measure, and how it is shown.
COLUMNS = (
    ("Growth", "growth", "share"),
    ("1st half", "first_half", "signed"),
    ("2nd half", "second_half", "signed"),
    ("Against hold", "rebalancing", "signed"),
    ("Volatility", "volatility", "share"),
    ("Max drawdown", "max_drawdown", "share"),
    ("Days down", "drawdown_days", "count"),
    ("Sharpe", "sharpe", "ratio"),
    ("Sortino", "sortino", "ratio"),
    ("Calmar", "calmar", "ratio"),
    ("Turnover", "turnover", "ratio"),
    ("Lines", "lines", "count"),
    ("Executions", "executions", "count"),
    ("Fees", "fees", "money"),
    ("Gain", "gain", "money"),
    ("Funding", "funding", "money"),
    ("Liquidations", "liquidations", "count"),
    ("Margin lost", "margin_lost", "money"),
    ("Out of band", "out_of_band", "count"),
    ("Distance", "distance", "ratio"),
    ("Tracking error", "tracking_error", "share"),
    ("Value", "value", "money"),
)
_COUNTS = ("lines", "executions", "reduced", "liquidations", "out_of_band", "small")


def columns_of(found: Review) -> tuple[tuple[str, str, str], ...]:
    """Return the columns that a period allows: under a year its return stands in place of the growth a year."""
    if len(found.history.days) - 1 >= found.history.year:
        return COLUMNS
    return (("Return", "total_return", "share"), *COLUMNS[1:])


def variant_row(found: Review, result: Result) -> list[Any]:
    """Return a row of the table of variants: name, settings and the measures."""
    return [result.variant.name, result.variant.settings_text()] + [
        result.measures.get(name) for _, name, _ in columns_of(found)
    ]


def review_to_dict(found: Review) -> dict[str, Any]:
    """Return a review as plain data; the curve of a variant is its value at every close."""
    days = found.history.days
    return {
        "headline": headline(found),
        "period": {
            "from": day_text(days[0]),
            "to": day_text(days[-1]),
            "closes": len(days),
            "closes_a_year": found.history.year,
            "prices": found.history.where,
        },
        "variants": [
            {
                "name": each.variant.name,
                "settings": dict(each.variant.changes),
                "own": each.variant.own,
                "walked_by": each.run.by,
                "measures": {name: value for name, value in each.measures.items() if name not in _COUNTS},
                "counts": {name: each.measures[name] for name in _COUNTS},
                "halves": [each.measures["first_half"], each.measures["second_half"]],
                "liquidations": [
                    {"day": day_text(day), "symbol": symbol, "price": price, "margin": margin}
                    for day, symbol, price, margin in each.run.liquidations
                ],
                "curve": [float(value) for value in each.run.curve],
            }
            for each in found.results
        ],
        "sweep": None if found.sweep is None else _sweep_to_dict(found.sweep),
        "bootstrap": None
        if found.bootstrap is None
        else {
            "variant": found.bootstrap.variant,
            "point": found.bootstrap.point,
            "q05": found.bootstrap.q05,
            "q50": found.bootstrap.q50,
            "q95": found.bootstrap.q95,
            "above0": found.bootstrap.above,
            "paths": found.bootstrap.paths,
            "block": found.bootstrap.block,
            "seed": found.bootstrap.seed,
            "twice_the_block": found.bootstrap.longer,
            "half_the_block": found.bootstrap.shorter,
        },
        "performance": None if found.performance is None else performance_to_dict(found.performance),
        "approximate_return": None if found.approximate is None else found.approximate.total,
        "warnings": found.warnings,
        "assumptions": found.assumptions,
    }


def _sweep_to_dict(sweep: Sweep) -> dict[str, Any]:
    return {
        "axes": [{"name": axis.name, "values": list(axis.values)} for axis in sweep.axes],
        "cells": sweep.measures,
        "difference": sweep.difference.tolist(),
        "worst_neighbour": sweep.worst_neighbour.tolist(),
        "plateau": sweep.cell_text(sweep.plateau),
        "best_of_first_half": sweep.cell_text(sweep.best_first),
        "its_rank_in_the_second": sweep.rank_of_winner,
        "correlation_of_halves": None if math.isnan(sweep.correlation) else sweep.correlation,
        "walk_forward": {
            "steps": [{"chosen": sweep.cell_text(cell), "against_hold": step} for cell, step in sweep.steps],
            "mean": sweep.walk_forward,
        },
        "noise": sweep.noise,
        "inside_the_noise": sweep.inside.tolist(),
        "sentence": sweep.sentence(),
    }


def performance_to_dict(found: Performance) -> dict[str, Any]:
    """Return the performance of the real book as plain data."""
    return {
        "from": day_text(found.days[0]),
        "to": day_text(found.days[-1]),
        "time_weighted": found.time_weighted,
        "money_weighted": None if math.isnan(found.money_weighted) else found.money_weighted,
        "benchmark": found.benchmark,
        "benchmark_value": found.benchmark_value,
        "value": float(found.values[-1]),
        "flows": math.fsum(found.flows[1:]),
        "rows": [
            {
                "name": row.name,
                "start": row.start,
                "bought": row.bought,
                "sold": row.sold,
                "fees": row.fees,
                "end": row.end,
                "profit": row.profit,
                "contribution": row.contribution,
            }
            for row in found.rows
        ],
    }
