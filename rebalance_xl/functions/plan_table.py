"""The reason behind a flag in words, and the whole plan of a spot book as one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.catalogue import Example, Result, fraction, label, money, switch, word, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.allocation import (
    ADD,
    BAND_KIND,
    BANDS,
    EMPTY_BOOK,
    FLAGS,
    TARGETS,
    TOTAL,
    TRIM,
    UNTARGETED,
    VALUES,
    add_amount,
    band_width,
    destination,
    drift_flag,
    trim_amount,
)
from rebalance_xl.functions.deployment import METHODS, fill
from rebalance_xl.functions.elementwise import TOLERANCE

HEADERS = ("Asset", "Action", "Amount", "Weight before", "Weight after", "Reason")
_BAND_NAMES = ("band of {0}", "band of {0}", "5/25 band of {0}")


def percent(share: float) -> str:
    """Write a weight as a person reads it: 33.33 %."""
    return f"{share * 100.0:.2f} %"


def amount_text(amount: float) -> str:
    """Write money as a person reads it: 1,600.00."""
    return f"{amount:,.2f}"


@worksheet_function(
    "REBALANCE_REASON",
    "Allocation",
    [VALUES, TARGETS, BANDS, destination("trim_to"), BAND_KIND, TOTAL],
    Result("text"),
    row_by_row=True,
    errors=EMPTY_BOOK,
    grouped=True,
    examples=[
        Example(
            "=REBALANCE_REASON(4000,0.2,0.05,,,12000)",
            '="TRIM: weight 33.33 % is 13.33 points above the target of 20.00 %, beyond the band of 5.00 points; '
            'sell 1,600.00 to reach 20.00 %"',
        ),
        Example(
            "=REBALANCE_REASON(55,0.5,0.05,,,100)",
            '="HOLD: weight 55.00 % is 5.00 points above the target of 50.00 %, not beyond the band of 5.00 points"',
        ),
        Example('=REBALANCE_REASON(55,{""},0.05,,,100)', '="UNTARGETED: no target; held and never traded"'),
    ],
)
def rebalance_reason(
    values: float, targets: float, bands: float, trim_to: float, band_kind: float, total: float
) -> str | float:
    """Return the sentence behind the flag and the amount of each holding.

    Parameters
    ----------
    values : money, one or a range
        As in WEIGHT.
    targets : fraction
        As in DRIFT_FLAG.
    bands : fraction
        As in DRIFT_FLAG.
    trim_to : word or number
        Where a trade ends: "target" (default), "midpoint", "edge", or the share of the band left, 0 to 1.
    band_kind : word
        As in DRIFT_FLAG.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: the flag of DRIFT_FLAG and the amount of TRIM_AMOUNT or ADD_AMOUNT in words

    Examples
    --------
    >>> rebalance_reason(55.0, 0.5, 0.05, 0.0, 0.0, 100.0)[:4]
    'HOLD'
    """
    flag = drift_flag(values, targets, bands, band_kind, total)
    if flag != flag:
        return float(flag)
    if flag == UNTARGETED:
        return "UNTARGETED: no target; held and never traded"
    share = values / total
    points = f"{abs(share - targets) * 100.0:.2f} points"
    side = "above" if share >= targets else "below"
    width = float(band_width(targets, bands, band_kind))
    band = _BAND_NAMES[int(band_kind)].format(f"{width * 100.0:.2f} points")
    position = f"weight {percent(share)} is {points} {side} the target of {percent(targets)}"
    if flag == TRIM:
        sold = float(trim_amount(values, targets, bands, trim_to, band_kind, total))
        goal = f"sell {amount_text(sold)} to reach {percent((values - sold) / total)}"
        return f"TRIM: {position}, beyond the {band}; {goal}"
    if flag == ADD:
        bought = float(add_amount(values, targets, bands, trim_to, band_kind, total))
        goal = f"buy {amount_text(bought)} to reach {percent((values + bought) / total)}"
        return f"ADD: {position}, beyond the {band}; {goal}"
    return f"HOLD: {position}, not beyond the {band}"


def _contradiction(assets: Sequence[str], targets: Sequence[float]) -> str:
    """Return the name of an asset whose rows state different targets, "" where none does."""
    stated: dict[str, float] = {}
    for name, target in zip(assets, targets, strict=False):
        key = name.casefold()
        if key and target == target and stated.setdefault(key, target) != target:
            return name
    return ""


def _one_row_an_asset(
    assets: Sequence[str], values: Sequence[float], targets: Sequence[float], bands: Sequence[float]
) -> tuple[list[str], list[float], list[float], list[float]]:
    """Return the sum of the rows of each asset, with the first target and the first band that one of them states."""
    first: dict[str, int] = {}
    names: list[str] = []
    sums: list[float] = []
    wanted: list[float] = []
    widths: list[float] = []
    for name, value, target, band in zip(assets, values, targets, bands, strict=False):
        key = name.casefold()
        place = first.get(key)
        if place is None or not key:
            first[key] = len(names)
            names.append(name)
            sums.append(value)
            wanted.append(target)
            widths.append(band)
            continue
        known = [each for each in (sums[place], value) if each == each]
        sums[place] = math.fsum(known) if known else value
        if wanted[place] != wanted[place]:
            wanted[place] = target
        widths[place] = widths[place] or band
    return names, sums, wanted, widths


@worksheet_function(
    "REBALANCE_PLAN",
    "Deployment",
    [
        label("assets", vector=True, model="Portfolio[Asset]"),
        money("values", low=0.0, blank="row", vector=True, model="Portfolio[Value]"),
        fraction(
            "targets",
            low=0.0,
            high=1.0,
            sum_at_most=1.0,
            blank="keep",
            vector=True,
            model="Portfolio[Target]",
        ),
        fraction("bands", low=0.0, high=1.0, default=0.0, blank="default", vector=True, model="Portfolio[Band]"),
        destination("trim_to"),
        word("method", METHODS, "priority", model="DeployMethod"),
        fraction("futures_share", low=0.0, high=1.0, default=0.0, blank="default", data=False, model="FuturesShare"),
        switch("headers", True),
    ],
    Result("table", shape="table"),
    from_book=("headers",),
    errors={
        "#DIV/0!": "the values sum to 0: an empty book has no weights",
        "#VALUE!": "rows of one asset state different targets, or the ranges differ in length",
    },
    examples=[
        Example(
            '=REBALANCE_PLAN({"BTC";"ETH";"SOL"},{5000;3000;4000},{0.45;0.3;0.2},0.05,,,0.375,FALSE)',
            '={"SOL","SELL",1600,0.33333333333333331,0.2,"TRIM: weight 33.33 % is 13.33 points above the target of '
            '20.00 %, beyond the band of 5.00 points; sell 1,600.00 to reach 20.00 %";'
            '"ETH","BUY",600,0.25,0.3,"600.00 under the target of 30.00 %; filled";'
            '"BTC","BUY",400,0.41666666666666669,0.45,"400.00 under the target of 45.00 %; filled";'
            '"Futures margin","TRANSFER",600,0,0.05,"37.50 % of the proceeds are kept for margin"}',
        )
    ],
)
def rebalance_plan(
    assets: Sequence[str],
    values: Sequence[float],
    targets: Sequence[float],
    bands: Sequence[float],
    trim_to: float,
    method: float,
    futures_share: float,
    headers: float,
) -> list[list[Any]] | CellError:
    """Return the plan of a spot book as a table: sells first, then buys, margin, what is left, and what is held.

    Sells are the trims of the rows above their band. Their proceeds, less the part kept for margin, go to the rows
    under their target, which may be inside their band. What is left stays in stablecoins and is shown; needs that the
    proceeds cannot meet are shown as over-committed.

    Without ranges it gives the lines of the workbook's plan, as the Rebalance button and `rebalance-xl plan` do: with
    futures, events, bands of every kind, locked rows, lots and fees. With ranges weights are shares of the sum of the
    values and bands are points of weight.

    Parameters
    ----------
    assets : text, range
        Name of each holding; a name may stand only once.
    values : money, range
        Market value of each holding; a blank row is left out.
    targets : fraction, range
        Target weights; a row with a blank target is held.
    bands : fraction, one or a range
        Tolerance on either side of each target. Default 0; a blank band is 0.
    trim_to : word or number
        As in TRIM_AMOUNT.
    method : word
        "priority" (default): fill the needs as listed; "pro_rata": in proportion.
    futures_share : fraction
        Part of the proceeds that is kept for futures margin. Default 0.
    headers : TRUE or FALSE
        Whether the first row holds the headers. Default TRUE.

    Notes
    -----
    Equation: Σ sells = Σ buys + margin + what is left

    Examples
    --------
    >>> rebalance_plan(["A", "B"], [6.0, 4.0], [0.5, 0.5], [0.05], 0.0, 0.0, 0.0, 0.0)[0][:3]
    ['A', 'SELL', 1.0]
    """
    if len(assets) != len(values) or len(targets) not in (1, len(values)):
        return CellError("#VALUE!", "assets, values and targets must have one cell per holding")
    wide_targets = list(targets) * len(values) if len(targets) == 1 else list(targets)
    wide_bands = list(bands) * len(values) if len(bands) == 1 else list(bands)
    twice = _contradiction(assets, wide_targets)
    if twice:
        return CellError("#VALUE!", f'the rows of "{twice}" state different targets; give the target once')
    assets, values, wide_targets, wide_bands = _one_row_an_asset(assets, values, wide_targets, wide_bands)
    rows = [i for i, value in enumerate(values) if value == value]
    total = math.fsum(values[i] for i in rows)
    if total == 0.0:
        return CellError("#DIV/0!", "the values sum to 0: an empty book has no weights")

    sold = {i: float(trim_amount(values[i], wide_targets[i], wide_bands[i], trim_to, 0.0, total)) for i in rows}
    proceeds = math.fsum(sold.values())
    margin = proceeds * futures_share
    short = {i: max(0.0, wide_targets[i] * total - values[i]) if not sold[i] > 0.0 else 0.0 for i in rows}
    short = {i: need if need > TOLERANCE * total else 0.0 for i, need in short.items()}
    given = dict(zip(rows, fill(proceeds - margin, [short[i] for i in rows], method, [0.0] * len(rows)), strict=True))

    sells, buys, holds = [], [], []
    for i in rows:
        before = values[i] / total
        reason = str(rebalance_reason(values[i], wide_targets[i], wide_bands[i], trim_to, 0.0, total))
        after = (values[i] - sold[i] + given[i]) / total
        if sold[i] > 0.0:
            sells.append([assets[i], "SELL", sold[i], before, after, reason])
        elif given[i] > 0.0:
            buys.append([assets[i], "BUY", given[i], before, after, _need_text(short[i], given[i], wide_targets[i])])
        elif short[i] > 0.0:
            note = _need_text(short[i], 0.0, wide_targets[i])
            holds.append([assets[i], "HOLD", 0.0, before, after, f"{reason}; {note}"])
        else:
            holds.append([assets[i], "HOLD", 0.0, before, after, reason])
    table = sorted(sells, key=_by_amount) + sorted(buys, key=_by_amount)
    left = proceeds - margin - math.fsum(given.values())
    missing = math.fsum(short.values()) - math.fsum(given.values())
    if margin > 0.0:
        kept = f"{percent(futures_share)} of the proceeds are kept for margin"
        table.append(["Futures margin", "TRANSFER", margin, 0.0, margin / total, kept])
    if left > TOLERANCE * total:
        table.append(["Left over", "HOLD", left, 0.0, left / total, "every need is met; stays in stablecoins"])
    if proceeds > 0.0 and missing > TOLERANCE * total:
        over = f"the needs exceed the money for spot by {amount_text(missing)}"
        table.append(["Over-committed", "HOLD", missing, "", "", over])
    table += holds
    return [list(HEADERS), *table] if headers else table


def _by_amount(line: list[Any]) -> float:
    return -float(line[2])


def _need_text(need: float, given: float, target: float) -> str:
    text = f"{amount_text(need)} under the target of {percent(target)}"
    if given >= need:
        return f"{text}; filled"
    return f"{text}; {amount_text(need - given)} of it cannot be met" if given else f"{text}; nothing is left for it"


__all__ = ["FLAGS", "HEADERS", "amount_text", "percent", "rebalance_plan", "rebalance_reason"]
