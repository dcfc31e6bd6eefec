"""When to act: reviews, breakouts, events and the trigger that outranks the others: the Triggers section."""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence

from rebalance_xl.catalogue import (
    Example,
    Result,
    date,
    fraction,
    label,
    money,
    number,
    price,
    word,
    worksheet_function,
)
from rebalance_xl.cells import LAST_SERIAL, from_serial, to_serial
from rebalance_xl.functions.elementwise import BLANK, DIV0, NA, NUM, TOLERANCE

#: Days as positive numbers, calendar months as negative ones.
FREQUENCIES = {"weekly": 7.0, "monthly": -1.0, "quarterly": -3.0, "yearly": -12.0}
NO_BREAKOUT, UP, DOWN = 0.0, 1.0, 2.0
BREAKOUTS = ("NONE", "UP", "DOWN")
NO_TRIGGER, TIME, THRESHOLD, EVENT = 0.0, 1.0, 2.0, 3.0
TRIGGERS = ("NONE", "TIME", "THRESHOLD", "EVENT")
REVIEW_DRIFT = 0.05

_LAST_REVIEW = date("last_review", model="LastReview", blank="row")
_FREQUENCY = word(
    "frequency",
    FREQUENCIES,
    or_number=True,
    low=0.0,
    above=True,
    data=True,
    blank="na",
    model="ReviewFrequency",
)
_AS_OF = date("as_of", model="AsOf", clock=True)


@worksheet_function(
    "NEXT_REVIEW",
    "Triggers",
    [_LAST_REVIEW, _FREQUENCY],
    Result("date"),
    row_by_row=True,
    errors={"#NUM!": "the next review is beyond the year 9999"},
    examples=[
        Example('=NEXT_REVIEW(DATE(2026,1,31),"monthly")', "=DATE(2026,2,28)"),
        Example('=NEXT_REVIEW(DATE(2026,2,28),"monthly")', "=DATE(2026,3,31)", "A month's end stays one."),
        Example("=NEXT_REVIEW(DATE(2026,1,31),45)", "=DATE(2026,3,17)"),
    ],
)
def next_review(last_review: float, frequency: float) -> float:
    """Return the date of the next review.

    Parameters
    ----------
    last_review : date
        Date of the last review; a blank row stays blank.
    frequency : word or number
        "weekly", "monthly", "quarterly", "yearly", or a number of days. Month ends stay month ends.

    Notes
    -----
    Equation: last review + days, or the same day (at most the last) of the month that many months later

    Examples
    --------
    >>> from rebalance_xl.cells import from_serial
    >>> from_serial(next_review(46053.0, -1.0)).date().isoformat()
    '2026-02-28'
    """
    if last_review != last_review:
        return BLANK
    if frequency > 0.0:
        following = math.floor(last_review) + frequency
        return following if following <= LAST_SERIAL else NUM
    day = from_serial(math.floor(last_review))
    months = day.year * 12 + day.month - 1 - int(frequency)
    year, month = divmod(months, 12)
    if year > 9999:
        return NUM
    last_day = calendar.monthrange(year, month + 1)[1]
    at_month_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return to_serial(day.replace(year=year, month=month + 1, day=last_day if at_month_end else min(day.day, last_day)))


@worksheet_function(
    "REVIEW_DUE",
    "Triggers",
    [_LAST_REVIEW, _FREQUENCY, _AS_OF],
    Result("flag"),
    row_by_row=True,
    examples=[
        Example('=REVIEW_DUE(DATE(2026,1,31),"monthly",DATE(2026,2,28))', "=TRUE"),
        Example('=REVIEW_DUE(DATE(2026,1,31),"monthly",DATE(2026,2,27))', "=FALSE"),
    ],
)
def review_due(last_review: float, frequency: float, as_of: float) -> float:
    """Return TRUE when the review date has come.

    Parameters
    ----------
    last_review : date
        As in NEXT_REVIEW.
    frequency : word or number
        "weekly", "monthly", "quarterly", "yearly", or a number of days.
    as_of : date
        The date to judge by, such as TODAY().

    Notes
    -----
    Equation: as_of ≥ NEXT_REVIEW(last_review, frequency)

    Examples
    --------
    >>> review_due(46053.0, 7.0, 46060.0)
    1.0
    """
    due = next_review(last_review, frequency)
    return due if due != due else float(math.floor(as_of) >= due)


@worksheet_function(
    "BREAKOUT",
    "Triggers",
    [
        price("prices", vector=True, blank="row"),
        number("lookback", low=1.0, high=1e6, default=20.0, blank="default", data=False),
        fraction("buffer", low=0.0, high=1.0, default=0.0, blank="default", data=False),
    ],
    Result("word", shape="value", words=BREAKOUTS),
    errors={"#N/A": "there are fewer closes than lookback + 1"},
    examples=[
        Example("=BREAKOUT({100;104;102;103;106},4)", '="UP"'),
        Example("=BREAKOUT({100;104;102;103;106},4,0.05)", '="NONE"', "106 is not above 104 × 1.05."),
        Example("=BREAKOUT({100;104;102;103;99},4)", '="DOWN"'),
    ],
)
def breakout(prices: Sequence[float], lookback: float, buffer: float) -> float:
    """Return UP, DOWN or NONE: whether the last close leaves the range of the closes before it.

    Parameters
    ----------
    prices : price, range
        Closes, oldest first; blanks are skipped.
    lookback : number
        How many closes before the last one count. Default 20.
    buffer : fraction
        How far beyond the highest or lowest close it must be. Default 0.

    Notes
    -----
    Equation: UP where close > highest × (1 + buffer), DOWN where close < lowest × (1 − buffer)

    Source: Donchian's channel rule

    Examples
    --------
    >>> BREAKOUTS[int(breakout([100.0, 104.0, 106.0], 2.0, 0.0))]
    'UP'
    """
    closes = [each for each in prices if each == each]
    count = int(lookback)
    if len(closes) < count + 1:
        return NA
    last, before = closes[-1], closes[-1 - count : -1]
    if last > max(before) * (1.0 + buffer) * (1.0 + TOLERANCE):
        return UP
    if last < min(before) * (1.0 - buffer) * (1.0 - TOLERANCE):
        return DOWN
    return NO_BREAKOUT


@worksheet_function(
    "EVENT_ACTION",
    "Triggers",
    [
        label("scope", model="Portfolio[Asset]"),
        label("scopes", vector=True, model="Events[Scope]"),
        label("actions", vector=True, model="Events[Action]"),
        date("starts", vector=True, blank="keep", model="Events[Start]"),
        date("ends", vector=True, default=LAST_SERIAL, blank="default", data=False, model="Events[End]"),
        date("as_of", data=False, model="AsOf", clock=True, optional=True),
    ],
    Result("text"),
    row_by_row=True,
    examples=[
        Example(
            '=EVENT_ACTION("privacy",{"Privacy";"DeFi"},{"trim";"hold"},{46000;46010},{46100;46100},46050)',
            '="TRIM"',
        ),
        Example(
            '=EVENT_ACTION("Privacy",{"Privacy"},{"trim"},{46000},{46040},46050)',
            '=""',
            "The event has ended.",
        ),
    ],
)
def event_action(
    scope: str,
    scopes: Sequence[str],
    actions: Sequence[str],
    starts: Sequence[float],
    ends: Sequence[float],
    as_of: float,
) -> str:
    """Return the action of the latest event in force for an asset or sector, or a blank text.

    Parameters
    ----------
    scope : text, one or a range
        The asset or sector asked for; case does not matter.
    scopes : text, range
        Asset or sector of each event.
    actions : text, range
        Action of each event.
    starts : date, range
        First day of each event; an event without one is not in force.
    ends : date, range
        Last day of each event; blank for an open end.
    as_of : date
        The date to judge by; in a cell the default is TODAY().

    Notes
    -----
    Equation: the action with the latest start among the events with the scope and start ≤ as_of ≤ end

    Examples
    --------
    >>> event_action("DeFi", ["defi"], ["trim"], [46000.0], [46100.0], 46050.0)
    'TRIM'
    """
    day = math.floor(as_of)
    wanted = scope.strip().casefold()
    found, latest = "", -math.inf
    for i, name in enumerate(scopes):
        end = ends[0 if len(ends) == 1 else i]
        begun = starts[i] == starts[i] and latest <= starts[i] and math.floor(starts[i]) <= day
        if wanted and name.casefold() == wanted and begun and day <= end:
            found, latest = actions[i], starts[i]
    return found.upper()


@worksheet_function(
    "REBALANCE_TRIGGER",
    "Triggers",
    [
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
        fraction("bands", low=0.0, high=1.0, blank="keep", vector=True, model="Portfolio[Band]"),
        date("last_review", model="LastReview", blank="keep"),
        _FREQUENCY,
        _AS_OF,
        label("event", default="", vector=True, alone=True, data=False, model="EVENT_ACTION()"),
        fraction(
            "review_drift", low=0.0, high=1.0, default=REVIEW_DRIFT, blank="default", data=False, model="ReviewDrift"
        ),
    ],
    Result("word", shape="value", words=TRIGGERS),
    from_book=(),
    errors={"#DIV/0!": "the values sum to 0: an empty book has no weights"},
    examples=[
        Example('=REBALANCE_TRIGGER({55;25;20},{0.5;0.3;0.2},{0.05;0.05;0.1},46000,"monthly",46010)', '="NONE"'),
        Example(
            '=REBALANCE_TRIGGER({40;20;40},{0.5;0.3;0.2},{0.05;0.05;0.1},46000,"monthly",46010)',
            '="THRESHOLD"',
        ),
        Example('=REBALANCE_TRIGGER({58;22;20},{0.5;0.3;0.2},{0.1;0.1;0.1},46000,"monthly",46040)', '="TIME"'),
    ],
)
def rebalance_trigger(
    values: Sequence[float],
    targets: Sequence[float],
    bands: Sequence[float],
    last_review: float,
    frequency: float,
    as_of: float,
    event: Sequence[str],
    review_drift: float,
) -> float:
    """Return EVENT, THRESHOLD, TIME or NONE: what makes the book due for rebalancing.

    Without ranges it is the trigger of the workbook's plan, with events, BandKind, locked rows, lots, the equity of
    futures and the cooldown. With ranges weights are shares of the sum of the values and bands are points of weight.

    Parameters
    ----------
    values : money, range
        As in RESERVE_GAP.
    targets : fraction, range
        Target weights; rows with a blank target are skipped.
    bands : fraction, one or a range
        Tolerance on either side of each target; a blank band is 0.
    last_review : date
        Date of the last review; blank for none yet.
    frequency : word or number
        As in REVIEW_DUE.
    as_of : date
        The date to judge by, such as TODAY().
    event : text, one or a range
        The action of an event in force, such as EVENT_ACTION gives; blank or NONE for none.
    review_drift : fraction
        Drift beyond which a due review acts. Default 0.05.

    Notes
    -----
    Equation: EVENT, else THRESHOLD where some |weight − target| > band, else TIME where the review is due and some
    |weight − target| > review_drift, else NONE

    Examples
    --------
    >>> TRIGGERS[int(rebalance_trigger([40.0, 60.0], [0.5, 0.5], [0.05], 46000.0, -1.0, 46010.0, [""], 0.05))]
    'THRESHOLD'
    """
    if any(each.casefold() not in ("", "none") for each in event):
        return EVENT
    total = math.fsum(each for each in values if each == each)
    if total == 0.0:
        return DIV0
    largest = 0.0
    for i, value in enumerate(values):
        target = targets[0 if len(targets) == 1 else i]
        if value != value or target != target:
            continue
        band = bands[0 if len(bands) == 1 else i]
        width = 0.0 if band != band or target == 0.0 else band
        drift = abs(value / total - target)
        if drift > width + TOLERANCE:
            return THRESHOLD
        largest = max(largest, drift)
    due = last_review != last_review or review_due(last_review, frequency, as_of) == 1.0
    return TIME if due and largest > review_drift + TOLERANCE else NO_TRIGGER
