"""Makes sentences from causes and refusals: the only place where a plan becomes prose.

A new kind of cause or refusal is one entry in the tables of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rebalance_xl.book.causes import Cause, Refusal
from rebalance_xl.book.orders import Order
from rebalance_xl.book.rows import Event
from rebalance_xl.book.states import EVENT, THRESHOLD, TIME, FuturesState, Judgement, SpotState
from rebalance_xl.book.tolerances import DUST, EDGE, ON_TARGET
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.plan_table import amount_text, percent
from rebalance_xl.functions.wording import names_text


def day_text(serial: float) -> str:
    """Return a day as people write it in a table: 2026-09-30."""
    return f"{from_serial(serial):%Y-%m-%d}"


def drift_text(state: SpotState, review_drift: float = 0.05) -> str:
    """Say where an asset stands against its rule: its band, or ReviewDrift where a review acts on it."""
    if state.target is None:
        return f"{weight_text(state)}, no target"
    review = state.acts == TIME
    width = review_drift if review else state.width
    beyond = abs(state.drift) > width + EDGE
    close = abs(state.drift) < ON_TARGET
    if close and not (beyond and abs(state.drift) > DUST):
        return f"{weight_text(state)} is on its target"
    side = "above" if state.drift >= 0 else "below"
    size = f"{abs(state.drift) * 100:.2g}" if close else f"{abs(state.drift) * 100:.2f}"
    points = f"{size} points {side} the target of {percent(state.target)}"
    rule = "ReviewDrift" if review else "the band"
    limit = f"{'' if beyond else 'not '}beyond {rule} of {width * 100:.2f} points"
    return f"{weight_text(state)} is {points}, {limit}"


def weight_text(state: SpotState) -> str:
    """Say what an asset weighs; money below 0 is a debt, not a weight of -0.00 %."""
    if state.value < 0:
        return f"a debt of {amount_text(-state.value)}"
    return f"weight {percent(state.weight)}"


def event_text(event: Event) -> str:
    """Say which event is in force."""
    note = f": {event.note}" if event.note else ""
    level = f" {event.level:g}" if event.level is not None else ""
    return f"{event.action}{level} for {event.scope} in force since {day_text(event.start)}{note}"


def trigger_reasons(judgement: Judgement, review_drift: float) -> tuple[str, ...]:
    """Return why the book acts: the strongest first, one sentence a row or event; or why it does not."""
    if judgement.trigger == "NONE":
        return (_quiet(judgement),)
    events = [state.named for state in judgement.spot if state.acts == EVENT and state.named]
    events += [each.named for each in judgement.futures if each.acts == EVENT and each.named]
    reasons = [event_text(event) for event in dict.fromkeys(events)]
    for kind in (THRESHOLD, TIME):
        for state in judgement.spot:
            if state.acts == kind:
                due = "a review is due and " if kind == TIME else ""
                drifted = " drifted" if kind == TIME else ""
                reasons.append(f"{due}{state.asset}{drifted}: {drift_text(state, review_drift)}")
        reasons += [_futures_reason(state) for state in judgement.futures if state.acts == kind]
    return tuple(reasons)


def _quiet(judgement: Judgement) -> str:
    if judgement.waiting:
        return f"in the cooldown for another {judgement.cooling:g} days: only events count"
    if not judgement.spot:
        return "the book has no holdings" + ("" if judgement.due else ", and no review is due")
    stuck = [state for state in judgement.spot if state.beyond and state.idle is not None and not state.acts]
    why = "every asset is inside its band"
    if stuck:
        why = f"nothing outside its band can be traded ({names_text([state.asset for state in stuck])})"
    if judgement.review:
        return why + ", and the review that is due finds nothing to trade"
    return why + (", and no review is due" if not judgement.due else "")


def _futures_reason(state: FuturesState) -> str:
    position = state.position
    if state.expired:
        return f"{position.symbol}: it expired on {day_text(position.expiry or 0.0)}"
    if state.to_close:
        return f"{position.symbol}: its target is 0, so it is closed"
    if state.short > 0:
        return f"{position.symbol}: it is nearer to liquidation than MarginTopUp"
    if state.reduce:
        return f"{position.symbol}: its equity is above Target and Band"
    assert position.quantity <= 0, f"no sentence says why {position.symbol} acts"
    return f"{position.symbol}: margin lies on it without a position"


# --- causes ----------------------------------------------------------------------------------------------------


def _band(order: Order, review_drift: float) -> str:
    assert order.spot is not None
    return f"{drift_text(order.spot, review_drift)}: sell down to {percent(order.cause.figures[0])}"


def _event(order: Order, _: float) -> str:
    event = order.cause.event
    assert event is not None
    what = f"{event.action} event for {event.scope}" + (f" ({event.note})" if event.note else "")
    if order.futures is not None:
        return f"{event.action} event for {event.scope}: close the position"
    return f"{what}: sell down to {percent(order.cause.figures[0])}"


def _pays(order: Order, review_drift: float) -> str:
    assert order.spot is not None
    whom = names_text(order.cause.names, " and ")
    return f"{drift_text(order.spot, review_drift)}: sells what stands above its target, for {whom}"


def _weakest(order: Order, review_drift: float) -> str:
    assert order.cause.because is not None
    why = _margin_text(order.cause.because)
    return f"{why}: sell from the weakest holding (return {percent(order.cause.figures[0])})"


def _margin_text(cause: Cause) -> str:
    text = f"margin under its target of {percent(cause.figures[0])}"
    return f"{cause.event.action} event for {cause.event.scope}: {text}" if cause.event is not None else text


def _hedge(order: Order, _: float) -> str:
    ratio, gap = order.cause.figures
    text = f"hedge {percent(ratio)} of {order.position.asset}: {amount_text(gap)} still to short"
    event = order.cause.event
    return f"HEDGE event for {event.scope}: {text}" if event is not None else text


def _stable(order: Order, _: float) -> str:
    assert order.spot is not None
    target = percent(order.spot.target or 0.0)
    return f"kept in {order.label}: {percent(order.spot.weight)} is under its target of {target}"


def _equity(order: Order, _: float) -> str:
    share, target, width, goal = order.cause.figures
    lifted = "with the margin of MarginTopUp its " if order.cause.kind == "too large to top up" else ""
    rule = f"Target {percent(target)} and Band {width * 100:.2f} points"
    return f"{lifted}equity {percent(share)} of the book is beyond {rule}: reduce it to {percent(goal)}"


_CAUSES: Final[dict[str, Callable[[Order, float], str]]] = {
    "band": _band,
    "event": _event,
    "pays": _pays,
    "weakest": _weakest,
    "target zero": lambda order, _: "its target is 0: close the position",
    "expired": lambda order, _: f"it expired on {day_text(order.cause.figures[0])}: settled at the mark",
    "hedge too large": lambda order, _: (
        f"the hedge of {percent(order.cause.figures[0])} of {order.position.asset} is too large by "
        f"{amount_text(order.cause.figures[1])}"
    ),
    "no position": lambda order, _: "margin without a position comes back",
    "equity beyond band": _equity,
    "too large to top up": _equity,
    "under target": lambda order, review: "" if order.spot is None else drift_text(order.spot, review),
    "stable target": _stable,
    "reserve": lambda order, _: (
        f"kept in {order.label}: the reserve is under ReserveMin {percent(order.cause.figures[0])}"
    ),
    "debt": lambda order, _: f"a debt of {amount_text(order.cause.figures[0])} is paid first",
    "near liquidation": lambda order, _: (
        f"nearer to liquidation than MarginTopUp {percent(order.cause.figures[0])}: add margin up to that distance"
    ),
    "margin target": lambda order, _: _margin_text(order.cause),
    "event margin": lambda order, _: _margin_text(order.cause),
    "futures share": lambda order, _: (
        f"FuturesShare {percent(order.cause.figures[0])} of the proceeds is kept for margin"
    ),
    "spread": lambda order, _: (
        f"spread {order.cause.names[0]}: margin of both legs under its target of {percent(order.cause.figures[0])}"
    ),
    "hedge": _hedge,
}


def cause_text(order: Order, review_drift: float) -> str:
    """Return why an order is there."""
    return _CAUSES[order.cause.kind](order, review_drift)


# --- refusals --------------------------------------------------------------------------------------------------


def _left(refusal: Refusal) -> str:
    """Say that the money decided the size, where it did."""
    short = refusal.figures[-1] if refusal.names[-1:] == ("short",) else 0.0
    return f"only {amount_text(short)} is left for it, and " if short else ""


def _minimum(refusal: Refusal) -> str:
    where = f" of {refusal.names[0]}" if refusal.names and refusal.names[0] and refusal.names[0] != "short" else ""
    amount, minimum = refusal.figures[:2]
    return f"{amount_text(amount)} is below the minimum notional of {amount_text(minimum)}{where}"


_REFUSALS: Final[dict[str, Callable[[Refusal], str]]] = {
    "product": lambda r: f"{r.names[0]} does not trade {r.names[1]}",
    "KYC": lambda r: f"{r.names[0]} has not verified you (KYC) for {r.names[1]}",
    "no price": lambda r: f"no price: {amount_text(r.figures[0])} cannot be turned into a quantity",
    "price missing": lambda r: "no price",
    "lot": lambda r: (
        f"{amount_text(r.figures[0])} is less than one lot of {r.figures[1]:g}, which is worth "
        f"{amount_text(r.figures[2])}"
    ),
    "minimum notional": _minimum,
    "MinTrade": lambda r: (
        f"{amount_text(r.figures[0])} is below the smallest trade, MinTrade {amount_text(r.figures[1])}"
    ),
    "expired": lambda r: f"it expired on {day_text(r.figures[0])}",
    "gone": lambda r: "its mark is past its liquidation price, so nothing is opened on it",
    "negative margin": lambda r: (
        f"its margin is {amount_text(r.figures[0])}, below 0: add margin before anything is opened on it"
    ),
    "venue leverage": lambda r: f"leverage {r.figures[0]:g} is above the {r.figures[1]:g} that {r.names[0]} allows you",
    "last tier": lambda r: f"{amount_text(r.figures[0])} notional is beyond the last margin tier at {r.names[0]}",
    "tier leverage": lambda r: (
        f"leverage {r.figures[0]:g} is above {r.figures[1]:g}, the maximum of the tier of "
        f"{amount_text(r.figures[2])} notional at {r.names[0]}"
    ),
    "liquidated at once": lambda r: "its liquidation price would be on the wrong side of the mark",
    "other leg stays": lambda r: f"the other leg of the spread, {r.names[0]}, cannot be closed: both or none",
    "other leg": lambda r: f"the other leg of the spread, {r.names[0]}, cannot be opened: both or none",
    "own margin": lambda r: (
        f"at {r.figures[0]:g}x coins bought as its margin add what they hedge: none are bought beyond their own target"
    ),
    "margin in use": lambda r: f"the account needs the {amount_text(r.figures[0])} for its other positions",
    "loss above margin": lambda r: f"its loss is larger than its margin by {amount_text(r.figures[0])}",
}


def refusal_text(refusal: Refusal) -> str:
    """Return what stands against an order."""
    kind = refusal.kind.removeprefix("cannot close: ")
    return _left(refusal) + _REFUSALS[kind](refusal)


def sale_refusal(order: Order) -> str:
    """Return why a sale was not made."""
    assert order.refusal is not None
    if order.hard:
        return f"{refusal_text(order.refusal)}: {amount_text(order.wanted)} cannot be sold"
    return (
        refusal_text(order.refusal) if order.refusal.kind == "no price" else f"not sold: {refusal_text(order.refusal)}"
    )


def closing_refusal(order: Order) -> str:
    """Return why a position was not closed."""
    assert order.refusal is not None, f"an order to {order.kind} has neither a quantity nor a refusal"
    text = refusal_text(order.refusal)
    if order.refusal.kind.startswith("cannot close"):
        return f"{text}: it cannot be closed"
    return text if order.hard else f"not closed: {text}"


def need_refusal(order: Order) -> str:
    """Return why a need was not served."""
    assert order.refusal is not None
    return refusal_text(order.refusal) if order.hard else f"not placed: {refusal_text(order.refusal)}"
