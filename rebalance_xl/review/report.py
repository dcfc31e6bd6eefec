"""A review as one page of HTML that needs nothing else: tables, curves, heat map, bootstrap, performance."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.review.answers import Review
from rebalance_xl.review.forms import columns_of, variant_row
from rebalance_xl.review.pictures import bootstrap_svg, curves_svg
from rebalance_xl.review.sentences import day_text, headline
from rebalance_xl.review.sweeps import Sweep

_STYLE = """
body { font: 15px/1.5 "Segoe UI", Helvetica, Arial, sans-serif; color: #0f172a; max-width: 1180px; margin: 32px auto;
  padding: 0 20px; }
h1 { margin: 0; color: #0b2545; } h2 { margin-top: 36px; color: #0b2545; font-size: 18px; }
.headline { background: #eff6ff; border-left: 4px solid #0b5cad; padding: 12px 16px; font-size: 16px; }
.small { color: #475569; } table { border-collapse: collapse; font-size: 13px; }
.wide { overflow-x: auto; } th, td { padding: 4px 8px; border-bottom: 1px solid #e2e8f0; text-align: right;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { color: #475569; border-bottom: 2px solid #94a3b8; }
tr.own td { font-weight: 600; background: #f1f5f9; } .heat td { text-align: center; } .heat small { color: #334155; }
"""


#: Of cells that the history does not tell apart.
_NOISE = "#e8edf3"


def shown(value: Any, kind: str) -> str:
    """Return a figure as a reader wants it; a dash where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if kind == "share":
        return f"{value:.1%}"
    if kind == "signed":
        return f"{value:+.1%}"
    if kind == "count":
        return f"{value:,.0f}"
    return f"{value:,.2f}"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], marked: int | None = None, kind: str = "") -> str:
    head = "".join(f"<th>{html.escape(each)}</th>" for each in headers)
    body = []
    for number, row in enumerate(rows):
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        body.append(f'<tr class="own">{cells}</tr>' if number == marked else f"<tr>{cells}</tr>")
    inner = "\n".join(body)
    table = f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{inner}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def report_html(found: Review, title: str) -> str:
    """Return the page.

    Parameters
    ----------
    found
        The review.
    title
        What was reviewed, for the heading.
    """
    days = found.history.days
    columns = columns_of(found)
    rows = []
    for each in found.results:
        name, settings, *values = variant_row(found, each)
        cells = [shown(value, kind) for value, (_, _, kind) in zip(values, columns, strict=True)]
        rows.append([name, settings, *cells])
    own = found.results.index(found.own)
    period = f"{day_text(days[0])} to {day_text(days[-1])}, {len(days):,} closes from {found.history.where}"
    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1><p class='small'>{html.escape(period)}</p>",
        f"<p class='headline'>{html.escape(headline(found))}</p>",
        "<h2>Rules side by side</h2>",
        _table(["Variant", "Settings", *(header for header, _, _ in columns)], rows, own),
        "<h2>Value and drawdown</h2>",
        curves_svg(found),
    ]
    if found.bootstrap is not None:
        parts += [f"<h2>{html.escape(found.bootstrap.variant)} against holding, a year</h2>"]
        parts += [bootstrap_svg(found.bootstrap)]
    if found.sweep is not None:
        parts += ["<h2>Sweep: growth a year against holding</h2>", _heat(found.sweep)]
        parts += [f"<p>{html.escape(found.sweep.sentence())}</p>"]
    parts += _performance(found)
    for heading, notes in (("What to know", found.warnings), ("What every figure rests on", found.assumptions)):
        if notes:
            items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
            parts += [f"<h2>{heading}</h2><ul class='small'>{items}</ul>"]
    return "\n".join([*parts, "</body></html>"])


def _heat(sweep: Sweep) -> str:
    """Return the cells with their executions.

    A colour counts from the worst neighbour, not from the cell alone; all cells inside the band of the bootstrap have
    one colour.
    """
    two = len(sweep.axes) == 2
    first = sweep.axes[0]
    second = sweep.axes[1].values if two else ("",)
    largest = max(1e-9, float(abs(sweep.worst_neighbour).max()))
    difference = sweep.difference if two else sweep.difference[:, None]
    worst = sweep.worst_neighbour if two else sweep.worst_neighbour[:, None]
    executions = sweep.executions if two else sweep.executions[:, None]
    inside = sweep.inside if two else sweep.inside[:, None]
    name = sweep.axes[1].name if two else ""
    head = "".join(f"<th>{html.escape(f'{name} {_text(each)}'.strip())}</th>" for each in second)
    body = []
    for i, value in enumerate(first.values):
        cells = []
        for j in range(len(second)):
            strength = min(1.0, abs(float(worst[i, j])) / largest)
            hue = "21,128,61" if worst[i, j] > 0 else "190,18,60"
            colour = _NOISE if inside[i, j] else f"rgba({hue},{0.08 + 0.42 * strength:.2f})"
            count = f"<small>{executions[i, j]:,.0f}</small>"
            cells.append(f'<td style="background:{colour}">{difference[i, j]:+.1%}<br>{count}</td>')
        body.append(f"<tr><td>{html.escape(f'{first.name} {_text(value)}')}</td>{''.join(cells)}</tr>")
    return f'<table class="heat"><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _performance(found: Review) -> list[str]:
    real = found.performance
    if real is None:
        return []
    rows = [
        [row.name]
        + [shown(value, "money") for value in (row.start, row.bought, row.sold, row.fees, row.end, row.profit)]
        + [shown(row.contribution, "signed")]
        for row in real.rows
    ]
    money = "" if math.isnan(real.money_weighted) else f", money-weighted {real.money_weighted:+.2%}"
    return [
        "<h2>The real book</h2>",
        f"<p>{day_text(real.days[0])} to {day_text(real.days[-1])}: time-weighted {real.time_weighted:+.2%}{money}; "
        f"holding what it had {real.benchmark:+.2%}.</p>",
        _table(["Line", "Start", "Bought", "Sold", "Fees", "End", "Profit", "Contribution"], rows),
    ]
