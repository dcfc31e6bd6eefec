"""What `rebalance-xl plan` prints about futures."""

from __future__ import annotations

import pytest

from rebalance_xl.commands.plan import print_plan
from rebalance_xl.functions import FUNCTIONS
from tests.book.books import ETH_MARGIN, example, perpetual, plan_of, spot, stable


def lines_of(capsys: pytest.CaptureFixture[str], start: str) -> list[list[str]]:
    """Return the cells of the printed lines that start with a word."""
    printed = capsys.readouterr().out.splitlines()
    return [[cell for cell in line.split("  ") if cell] for line in printed if line.startswith(start)]


def test_a_new_position_is_printed_with_its_liquidation_price(capsys: pytest.CaptureFixture[str]) -> None:
    """600 of margin at 10x: notional, liquidation price at that size and break-even stand in the text."""
    print_plan(plan_of(example(), [ETH_MARGIN]))
    call = FUNCTIONS["LIQUIDATION_PRICE"].call
    price = call("long", 3.0, 2000.0, 10.0, "binance:ETHUSDT", "linear", "binance")
    terms = lines_of(capsys, "ETHUSDT")[1]
    assert [cell.strip() for cell in terms] == [
        "ETHUSDT",
        "OPEN LONG",
        "6,000.00",
        "10",
        f"{price:,.2f}",
        f"{100 * (1 - price / 2000):.1f} %",
        "2,000.00",
        "0.00",
    ]


def test_an_estimate_is_labelled_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No published example backs BingX: the line's reason and the printed terms say so."""
    plan = plan_of(example(), [ETH_MARGIN | {"Venue": "BingX", "Symbol": "ETH-USDT"}])
    line = next(each for each in plan.lines if each.asset == "ETH-USDT")
    assert line.futures is not None
    assert line.reason.endswith(f"; the liquidation price is an {line.futures.estimate}")
    print_plan(plan)
    assert [each[-1] for each in lines_of(capsys, "ETH-USDT")][1] == "estimate"


def test_no_distance_is_infinite_in_print(capsys: pytest.CaptureFixture[str]) -> None:
    """A position that is never liquidated has the distance NEVER, not inf."""
    row = perpetual("ETHUSDT", "ETH", "long", 2000.0, Venue="Binance", Quantity=1.0, EntryPrice=2000.0, Margin=2500.0)
    print_plan(plan_of([spot("BTC", 6000.0, 0.7, 0.1)], [row | {"Leverage": 1.0}]))
    printed = capsys.readouterr().out
    assert "inf" not in printed
    assert printed.count("NEVER") == 4  # price and distance of the position; the account, falling and rising


def test_no_zero_is_negative_in_print(capsys: pytest.CaptureFixture[str]) -> None:
    """What rounding leaves below nothing prints as 0.00, also in the check of the money."""
    row = perpetual("ETHUSDT", "ETH", "short", 2000.0, Venue="Binance", Quantity=2.0, EntryPrice=2200.0, Margin=880.0)
    rows = [spot("ETH", 8000.0, 0.4, Price=2000.0, Venue="Binance"), spot("BTC", 2000.0, 0.55, Venue="Binance")]
    venues = [{"Venue": "Binance", "SpotFee": 0.001, "FuturesFee": 0.0005}]
    print_plan(plan_of([*rows, stable(0.0, Venue="Binance")], [row | {"HedgeRatio": 0.5}], venues=venues))
    printed = capsys.readouterr().out
    assert "CLOSE" in printed
    assert "-0.0" not in printed
