"""Pictures of a review as SVG: value and drawdown curves, and the bar of the bootstrap."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np

from rebalance_xl.review.answers import Result, Review
from rebalance_xl.review.bootstrap import Bootstrap
from rebalance_xl.review.sentences import day_text

#: Holding is grey; the own rule stands out.
COLOURS = ("#8c96a3", "#0b5cad", "#d97706", "#15803d", "#9333ea", "#be123c", "#0e7490", "#4d7c0f")
_WIDTH, _LEFT, _RIGHT = 860, 70, 12
_POINTS = 400


def drawn(found: Review, names: Sequence[str] = ()) -> list[Result]:
    """Return the variants that are drawn: holding, the own rule and those named, else the monthly and the threshold."""
    wanted = {name.casefold() for name in names} or {"monthly", "threshold"}
    others = [each for each in found.results if each.variant.name.casefold() in wanted]
    return [found.hold, found.own, *(each for each in others if each not in (found.hold, found.own))]


def curves_svg(found: Review, names: Sequence[str] = ()) -> str:
    """Return value (on a logarithmic axis) above drawdown below, both over the same days."""
    results = drawn(found, names)
    days = found.history.days
    places = np.unique(np.linspace(0, len(days) - 1, min(len(days), _POINTS)).round().astype(int))
    curves = [each.run.curve[places] for each in results]
    falls = [(each.run.curve / np.maximum.accumulate(each.run.curve) - 1.0)[places] for each in results]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 480" '
        'font-family="Segoe UI, Helvetica, Arial, sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="480" fill="#ffffff"/>',
    ]
    parts += _legend([_label(each) for each in results])
    low, high = min(float(each.min()) for each in curves), max(float(each.max()) for each in curves)
    low, high = math.log(max(low, 1e-12)), math.log(max(high, 1e-9))
    high = high if high > low else low + 1.0
    ticks = [(math.log(tick), f"{tick:,.6g}") for tick in _round_values(math.exp(low), math.exp(high))]
    parts += _panel(34, 290, low, high, ticks, "value, logarithmic")
    for colour, values in reversed(list(zip(COLOURS, curves, strict=False))):
        parts.append(_line(np.log(np.maximum(values, 1e-12)), low, high, 34, 290, colour))
    deepest = min(-0.01, min(float(each.min()) for each in falls))
    steps = [(-part * 0.1, f"{-part * 10} %") for part in range(0, 11) if -part * 0.1 >= deepest]
    parts += _panel(320, 450, deepest, 0.0, steps, "drawdown")
    for colour, values in reversed(list(zip(COLOURS, falls, strict=False))):
        parts.append(_line(values, deepest, 0.0, 320, 450, colour))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        day = days[round(share * (len(days) - 1))]
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        x = _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        parts.append(f'<text x="{x:.0f}" y="470" text-anchor="{anchor}" fill="#475569">{day_text(float(day))}</text>')
    return "\n".join([*parts, "</svg>"])


def _label(result: Result) -> str:
    return "book (own settings)" if result.variant.own else result.variant.name


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for colour, name in zip(COLOURS, names, strict=False):
        parts.append(f'<line x1="{x:.0f}" y1="15" x2="{x + 18:.0f}" y2="15" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 24:.0f}" y="19" fill="#0f172a">{html.escape(name)}</text>')
        x += 40 + 7 * len(name)
    return parts


def _round_values(low: float, high: float) -> list[float]:
    """Return round values of a logarithmic axis: 1, 2 and 5 times powers of ten."""
    found = []
    power = math.floor(math.log10(low))
    while 10.0**power <= high:
        found += [step * 10.0**power for step in (1, 2, 5) if low <= step * 10.0**power <= high]
        power += 1
    return found or [low, high]


def _panel(
    top: float, bottom: float, low: float, high: float, ticks: Sequence[tuple[float, str]], title: str
) -> list[str]:
    parts = [f'<text x="{_LEFT}" y="{top - 4}" fill="#475569">{title}</text>']
    for value, text in ticks:
        y = bottom - (value - low) / (high - low) * (bottom - top)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#475569">{text}</text>')
    return parts


def _line(values: np.ndarray, low: float, high: float, top: float, bottom: float, colour: str) -> str:
    width = (_WIDTH - _LEFT - _RIGHT) / max(1, len(values) - 1)
    points = " ".join(
        f"{_LEFT + i * width:.1f},{bottom - (float(value) - low) / (high - low) * (bottom - top):.1f}"
        for i, value in enumerate(values)
    )
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{points}"/>'


def bootstrap_svg(boot: Bootstrap) -> str:
    """Return the bar from 5 to 95 % of the difference to holding, across 0."""
    ends = [boot.q05, boot.q95, boot.point, 0.0]
    low, high = min(ends), max(ends)
    margin = 0.08 * (high - low or 1.0)
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return 20 + (value - low) / (high - low) * (_WIDTH - 40)

    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 86" '
            'font-family="Segoe UI, Helvetica, Arial, sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="86" fill="#ffffff"/>',
            f'<rect x="{x(boot.q05):.1f}" y="30" width="{x(boot.q95) - x(boot.q05):.1f}" height="18" fill="#bfdbfe"/>',
            f'<line x1="{x(0):.1f}" y1="20" x2="{x(0):.1f}" y2="58" stroke="#0f172a" stroke-dasharray="4 3"/>',
            f'<line x1="{x(boot.q50):.1f}" y1="30" x2="{x(boot.q50):.1f}" y2="48" stroke="#1d4ed8"/>',
            f'<circle cx="{x(boot.point):.1f}" cy="39" r="5" fill="#0b5cad"/>',
            f'<text x="{x(boot.q05):.1f}" y="70" text-anchor="middle">{boot.q05:+.1%}</text>',
            f'<text x="{x(boot.q95):.1f}" y="70" text-anchor="middle">{boot.q95:+.1%}</text>',
            f'<text x="{x(boot.point):.1f}" y="18" text-anchor="middle">this history {boot.point:+.1%}</text>',
            f'<text x="{x(0):.1f}" y="82" text-anchor="middle" fill="#475569">no difference to holding</text>',
            "</svg>",
        ]
    )
