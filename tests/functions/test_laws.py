"""The laws at the end of the domain page, as far as worksheet functions go."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance_xl.cells import MISSING
from rebalance_xl.functions import FUNCTIONS

from . import strategies as own
from .strategies import Book


def call(name: str, *arguments: Any) -> Any:
    """Call a worksheet function."""
    return FUNCTIONS[name].call(*arguments)


def flat(answer: Any) -> list[Any]:
    """Return the answer of one column (or one cell) as a list."""
    return [row[0] for row in answer] if isinstance(answer, list) else [answer]


def trades(book: Book, trade_to: Any = MISSING, band_kind: Any = MISSING, total: Any = MISSING) -> list[float]:
    """Return TRADE_AMOUNT of a book."""
    values, targets, bands = book.columns()
    total = book.total if len(book.values) == 1 and total is MISSING else total
    return flat(call("TRADE_AMOUNT", values, targets, bands, trade_to, band_kind, total))


def plan(book: Book, *options: Any) -> list[list[Any]]:
    """Return REBALANCE_PLAN of a book without headers."""
    names = [[f"A{i}"] for i in range(len(book.values))]
    answer: list[list[Any]] = call("REBALANCE_PLAN", names, *book.columns(), *options)
    return answer[1:]


def amount(lines: list[list[Any]], *actions: str) -> float:
    """Return the sum of the amounts of some actions."""
    return math.fsum(line[2] for line in lines if line[1] in actions and line[0] != "Over-committed")


@settings(max_examples=40)
@given(own.books(), own.destinations, own.methods, own.shares)
def test_money_is_conserved(book: Book, trim_to: Any, method: str, futures_share: float) -> None:
    """Proceeds = buys + margin + what is left, to the cent."""
    lines = plan(book, trim_to, method, futures_share)
    spent = amount(lines, "BUY", "TRANSFER") + amount([line for line in lines if line[0] == "Left over"], "HOLD")
    assert amount(lines, "SELL") == pytest.approx(spent, abs=0.005, rel=1e-9)


@settings(max_examples=40)
@given(own.books(), own.destinations, own.methods, own.shares)
def test_weights_after_the_plan_sum_to_1(book: Book, trim_to: Any, method: str, futures_share: float) -> None:
    """Weights after the plan, margin and rest included, sum to 1."""
    lines = plan(book, trim_to, method, futures_share)
    assert math.fsum(line[4] for line in lines if line[0] != "Over-committed") == pytest.approx(1.0, abs=1e-8)
    assert all(line[4] == "" or line[4] >= -1e-12 for line in lines)


@given(own.amounts, st.lists(own.amounts, min_size=1, max_size=12), own.methods)
def test_deployment_conserves_money(proceeds: float, needs: list[float], method: str) -> None:
    """What is given and what is left is the proceeds; what is given and what is missing is the needs."""
    column = [[each] for each in needs]
    given_out = flat(call("DEPLOY", proceeds, column, method))
    left, missing = call("UNDEPLOYED", proceeds, column), call("OVERCOMMITTED", proceeds, column)
    assert math.fsum([*given_out, left]) == pytest.approx(proceeds, rel=1e-12, abs=1e-6)
    assert math.fsum([*given_out, missing]) == pytest.approx(math.fsum(needs), rel=1e-12, abs=1e-6)
    assert all(0.0 <= got <= need for got, need in zip(given_out, needs, strict=True))
    assert min(left, missing) == 0.0


@given(own.books(), own.destinations, own.band_kinds)
def test_inside_every_band_there_is_no_trade(book: Book, trade_to: Any, band_kind: str) -> None:
    """A row that is flagged HOLD or UNTARGETED trades nothing; one that is not trades in the flag's direction."""
    values, targets, bands = book.columns()
    total = book.total
    flags = flat(call("DRIFT_FLAG", values, targets, bands, band_kind, total))
    amounts = trades(book, trade_to, band_kind, total)
    for flag, trade in zip(flags, amounts, strict=True):
        assert {"TRIM": trade < 0.0, "ADD": trade > 0.0, "HOLD": trade == 0.0, "UNTARGETED": trade == 0.0}[flag]


@given(own.books(), own.destinations, own.band_kinds)
def test_a_trim_never_exceeds_the_holding(book: Book, trim_to: Any, band_kind: str) -> None:
    """Nothing goes negative."""
    sold = flat(call("TRIM_AMOUNT", *book.columns(), trim_to, band_kind, book.total))
    bought = flat(call("ADD_AMOUNT", *book.columns(), trim_to, band_kind, book.total))
    for value, trim, add in zip(book.values, sold, bought, strict=True):
        assert 0.0 <= trim <= value * (1.0 + 1e-12)
        assert add >= 0.0
        assert trim == 0.0 or add == 0.0


@given(own.books(), own.destinations, own.band_kinds)
def test_a_blank_target_is_never_sold_and_a_target_of_0_sells_all(book: Book, to: Any, band_kind: str) -> None:
    """A blank target is no target; a target of 0 means sell it all, whatever the band."""
    for value, target, trade in zip(book.values, book.targets, trades(book, to, band_kind), strict=True):
        if target is None:
            assert trade == 0.0
        elif target == 0.0 and value / book.total > 1e-9:
            assert trade == -value


@settings(max_examples=40)
@given(own.books(), own.destinations, own.band_kinds, st.sampled_from([0.001, 0.5, 3.0, 1e6]))
def test_scaling_the_values_scales_the_amounts(book: Book, to: Any, band_kind: str, factor: float) -> None:
    """Scaling all values by k scales all amounts by k."""
    scaled = Book([value * factor for value in book.values], book.targets, book.bands)
    wanted = [each * factor for each in trades(book, to, band_kind)]
    slack = book.total * factor * 2e-9  # a row within the tolerance of its band's edge may fall on either side
    for got, want, band in zip(trades(scaled, to, band_kind), wanted, book.bands, strict=True):
        on_the_edge = got == 0.0 or want == 0.0
        assert got == pytest.approx(want, rel=1e-9, abs=slack) or (on_the_edge and _edge(book, band, band_kind))


def _edge(book: Book, band: float, band_kind: str) -> bool:
    """Tell whether some row lies so near its band's edge that rounding decides."""
    for value, target in zip(book.values, book.targets, strict=True):
        if target is None:
            continue
        width = {"absolute": band, "relative": band * target, "5/25": min(0.05, 0.25 * target)}[band_kind]
        width = 0.0 if target == 0.0 else width
        if abs(abs(value / book.total - target) - width - 1e-9) < 1e-14:
            return True
    return False


@settings(max_examples=40)
@given(own.books(), own.destinations, own.band_kinds, st.randoms(use_true_random=False))
def test_permuting_rows_permutes_the_result(book: Book, to: Any, band_kind: str, random: Any) -> None:
    """The order of the rows does not matter."""
    order = list(range(len(book.values)))
    random.shuffle(order)
    mixed = Book([book.values[i] for i in order], [book.targets[i] for i in order], [book.bands[i] for i in order])
    before = trades(book, to, band_kind)
    assert trades(mixed, to, band_kind) == [before[i] for i in order]


@given(own.books(blank_targets=False), own.band_kinds, own.destinations)
def test_rebalancing_a_rebalanced_book_gives_nothing(book: Book, band_kind: str, to: Any) -> None:
    """After all trades (the difference going to or coming from cash) no row is out of its band."""
    traded = trades(book, to, band_kind)
    after = [value + trade for value, trade in zip(book.values, traded, strict=True)]
    again = trades(Book([max(each, 0.0) for each in after], book.targets, book.bands), to, band_kind, book.total)
    assert again == pytest.approx([0.0] * len(after), abs=book.total * 1e-8)


@settings(max_examples=40)
@given(own.books(), own.destinations, own.methods, own.shares)
def test_the_plan_sells_only_what_is_flagged(book: Book, trim_to: Any, method: str, futures_share: float) -> None:
    """Sells come first, largest first; only rows above their band are sold; every asset has exactly one line."""
    lines = plan(book, trim_to, method, futures_share)
    flags = flat(call("DRIFT_FLAG", *book.columns(), MISSING, book.total))
    sells = [line for line in lines if line[1] == "SELL"]
    assert lines[: len(sells)] == sells
    assert [line[2] for line in sells] == sorted((line[2] for line in sells), reverse=True)
    assert {line[0] for line in sells} == {f"A{i}" for i, flag in enumerate(flags) if flag == "TRIM"}
    named = [line[0] for line in lines if line[0].startswith("A")]
    assert sorted(named) == sorted(f"A{i}" for i in range(len(book.values)))
    assert all(line[5] for line in lines)


@given(own.amounts, own.amounts, st.floats(0.0, 1.0))
def test_gain_and_cost_are_the_proceeds(value: float, cost: float, share: float) -> None:
    """Realised gain plus the cost of what was sold is the proceeds."""
    sold = value * share
    gain = call("REALIZED_GAIN", sold, value, cost)
    cost_of_sold = cost * share if sold else 0.0
    assert gain + cost_of_sold == pytest.approx(sold, rel=1e-9, abs=1e-9 * max(value, cost, 1.0))


lots = st.lists(
    st.tuples(st.integers(1, 10_000).map(lambda each: each / 100.0), st.integers(1, 100_000).map(float)),
    min_size=1,
    max_size=8,
)


@given(lots, st.floats(0.0, 1.0), st.integers(1, 100_000).map(float), st.data())
def test_lot_methods(bought: list[tuple[float, float]], share: float, price: float, data: st.DataObject) -> None:
    """HIFO gives the smallest gain; selling everything gives the same gain by every method."""
    quantities, prices = [[each[0]] for each in bought], [[each[1]] for each in bought]
    dates = [[float(day)] for day in data.draw(st.permutations(range(45_000, 45_000 + len(bought))))]
    held = math.fsum(each[0] for each in bought)
    gains = {
        sold: [
            call("LOT_GAIN", sold, price, quantities, prices, dates, method)
            for method in ("HIFO", "FIFO", "LIFO", "AVERAGE")
        ]
        for sold in (share * held, held)
    }
    slack = 1e-9 * held * 1e5
    assert gains[share * held][0] <= min(gains[share * held]) + slack
    assert gains[held] == pytest.approx([gains[held][0]] * 4, rel=1e-9, abs=slack)


@given(st.floats(0.01, 1e7), st.floats(0.01, 1e6), st.sampled_from([0.0, 1e-8, 0.001, 0.01, 0.1, 1.0, 5.0]))
def test_an_order_never_exceeds_the_amount(amount: float, price: float, lot: float) -> None:
    """Quantities are rounded down to a whole number of lots, never more than one lot short."""
    quantity = call("ORDER_QUANTITY", amount, price, lot)
    assert quantity * price <= amount + max(2e-9 * lot * price, 1e-9 * amount)
    assert quantity >= amount / price - lot * (1.0 + 1e-9) - 1e-12 * quantity
    if lot:
        assert quantity / lot == pytest.approx(round(quantity / lot), rel=1e-12, abs=1e-6)
    assert call("ORDER_QUANTITY", -amount, price, lot) == -quantity


@given(
    st.integers(1, 10**9), st.sampled_from([0.00001234, 0.1, 0.7, 3.3, 61_234.5]), st.sampled_from([0.001, 0.1, 1.0])
)
def test_an_order_for_whole_lots_keeps_them_all(lots_wanted: int, price: float, lot: float) -> None:
    """Money for exactly n lots buys n lots: binary fractions cost no lot."""
    assert call("ORDER_QUANTITY", lots_wanted * lot * price, price, lot) == pytest.approx(lots_wanted * lot, rel=1e-12)


@given(st.floats(0.001, 1e5), st.floats(1.0, 2.0), st.floats(0.0, 0.2))
def test_a_close_on_the_edge_is_no_breakout(low: float, rise: float, buffer: float) -> None:
    """The highest and the lowest close, moved out by the buffer, are not left yet; a millionth further they are."""
    high = low * rise
    for edge, outwards, word in ((high * (1.0 + buffer), 1.0, "UP"), (low * (1.0 - buffer), -1.0, "DOWN")):
        for last, wanted in ((edge, "NONE"), (edge * (1.0 + outwards * 1e-6), word)):
            assert call("BREAKOUT", [[high], [low], [last]], 2, buffer) == wanted


@given(st.integers(36_526, 73_000), st.sampled_from(["weekly", "monthly", "quarterly", "yearly", 1.0, 45.0]))
def test_reviews_go_forward_and_month_ends_stay(day: int, frequency: Any) -> None:
    """The next review is later; a review at a month's end stays at month ends; it is due on its day, not before."""
    import calendar

    from rebalance_xl.cells import from_serial

    due = call("NEXT_REVIEW", float(day), frequency)
    assert due > day
    assert call("REVIEW_DUE", float(day), frequency, due) is True
    assert call("REVIEW_DUE", float(day), frequency, due - 1.0) is False
    before, after = from_serial(day), from_serial(due)
    if frequency in ("monthly", "quarterly", "yearly"):
        at_end = before.day == calendar.monthrange(before.year, before.month)[1]
        last = calendar.monthrange(after.year, after.month)[1]
        assert after.day == (last if at_end else min(before.day, last))
        months = {"monthly": 1, "quarterly": 3, "yearly": 12}[frequency]
        assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == months


@given(st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=3, max_size=30))
def test_hedge_ratio_minimises_the_variance(returns: list[tuple[float, float]]) -> None:
    """No other ratio leaves a smaller variance of spot less hedge."""
    ratio = call("HEDGE_RATIO", [[s] for s, _ in returns], [[f] for _, f in returns])
    if not isinstance(ratio, float):
        futures = [f for _, f in returns]
        spread, largest = max(futures) - min(futures), max(map(abs, futures))
        assert spread <= 1e-12 * largest or spread**2 == 0.0 or math.fsum(f * f for f in futures) < 1e-300
        return

    def variance(h: float) -> float:
        hedged = [s - h * f for s, f in returns]
        mean = math.fsum(hedged) / len(hedged)
        return math.fsum((each - mean) ** 2 for each in hedged)

    step = max(abs(ratio), 1.0) * 1e-3
    assert variance(ratio) <= variance(ratio + step) * (1 + 1e-9) + 1e-15
    assert variance(ratio) <= variance(ratio - step) * (1 + 1e-9) + 1e-15
