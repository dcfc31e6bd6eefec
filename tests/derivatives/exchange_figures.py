"""Figures as particular exchanges show them, where they differ from the textbook: order cost, margin, break-even.

None of these is a worksheet function. They reproduce what an exchange's own screen or interface says, so that a book
can be reconciled with it, and they are what the published samples are tested against.
"""

from __future__ import annotations

from rebalance_xl.functions.contracts import LINEAR, futures_pnl, position_value
from rebalance_xl.functions.elementwise import Numbers, where
from rebalance_xl.functions.liquidation_equation import direction_of


def closing_fee(
    side: Numbers, value: Numbers, leverage: Numbers, taker_fee: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return the fee to close at the bankruptcy price that Bybit sets aside.

    ``value t (1 - s/L)`` for linear contracts, ``value t (1 + s/L)`` for inverse ones.
    Source: Bybit help, order cost.
    """
    return value * taker_fee * (1.0 - direction_of(side, contract) / leverage)


def margin_with_closing_fee(
    side: Numbers, value: Numbers, leverage: Numbers, taker_fee: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return Bybit's initial margin: ``value / L`` plus the fee to close. Source: Bybit help and position samples."""
    return value / leverage + closing_fee(side, value, leverage, taker_fee, contract)


def maintenance_with_closing_fee(
    side: Numbers,
    value: Numbers,
    leverage: Numbers,
    taker_fee: Numbers,
    rate: Numbers,
    amount: Numbers = 0.0,
    contract: Numbers = LINEAR,
) -> Numbers:
    """Return Bybit's maintenance margin: ``rate value - amount`` plus the fee to close. Source: position samples."""
    return value * rate - amount + closing_fee(side, value, leverage, taker_fee, contract)


def two_way_fee(
    side: Numbers, value: Numbers, leverage: Numbers, taker_fee: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return the fee to open plus the fee to close at the bankruptcy price.

    Source: OctoBot-Trading, test_linear_position.py and test_inverse_position.py.
    """
    return value * taker_fee + closing_fee(side, value, leverage, taker_fee, contract)


def order_cost(
    side: Numbers, value: Numbers, leverage: Numbers, taker_fee: Numbers, contract: Numbers = LINEAR
) -> Numbers:
    """Return what a Bybit order takes from the available balance: initial margin and both fees.

    Source: Bybit help, order cost.
    """
    return value / leverage + two_way_fee(side, value, leverage, taker_fee, contract)


def bankruptcy_price_with_margin(
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    leverage: Numbers,
    extra_margin: Numbers = 0.0,
    taker_fee: Numbers = 0.0,
    contract: Numbers = LINEAR,
) -> Numbers:
    """Return Bybit's bankruptcy price after margin was added; the added margin also pays the fee to close.

    Linear ``E (1 - s/L) - s X / (q (1 - s t))``; inverse ``Q / [Q/E (1 + s/L) + s X / (1 + s t)]``.
    Source: Bybit's interface documentation, response of add-margin.
    """
    direction = direction_of(side, contract)
    value = position_value(quantity, entry_price, contract)
    added = extra_margin / (1.0 - direction * taker_fee)
    notional = value - direction * (value / leverage + added)
    return where(contract == LINEAR, notional / quantity, quantity / notional)


def legacy_liquidation_price(side: Numbers, entry_price: Numbers, leverage: Numbers, rate: Numbers) -> Numbers:
    """Return Bybit's isolated linear price before 2025-09-02, with the maintenance of the entry value.

    ``E (1 - s (1/L - r))``, the form that many tools still use. Source: Bybit help before 2025-09-02.
    """
    return entry_price * (1.0 - side * (1.0 / leverage - rate))


def legacy_price_after_margin(
    side: Numbers, price_before: Numbers, extra_margin: Numbers, quantity: Numbers
) -> Numbers:
    """Return where added margin moved Bybit's isolated linear price before 2025-09-02: by X / q.

    Source: Bybit FAQ on adding margin.
    """
    return price_before - side * extra_margin / quantity


def mexc_position_margin(value: Numbers, leverage: Numbers, taker_fee: Numbers) -> Numbers:
    """Return MEXC's position margin: ``value / L`` plus one taker fee on the entry value. Source: position sample."""
    return value / leverage + value * taker_fee


def closed_pnl(
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    exit_price: Numbers,
    open_fee: Numbers,
    close_fee: Numbers,
    contract: Numbers = LINEAR,
) -> Numbers:
    """Return Bybit's closed profit: profit less both fees, each on its own value. Source: closed-pnl sample."""
    fees = position_value(quantity, entry_price, contract) * open_fee
    fees = fees + position_value(quantity, exit_price, contract) * close_fee
    return futures_pnl(side, quantity, entry_price, exit_price, contract) - fees


def profit_ratio_after_fees(
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    exit_price: Numbers,
    leverage: Numbers,
    fees: Numbers,
    contract: Numbers = LINEAR,
) -> Numbers:
    """Return OKX's pnlRatio: profit less fees, over the initial margin. Source: OKX position sample."""
    profit = futures_pnl(side, quantity, entry_price, exit_price, contract) - fees
    return profit / (position_value(quantity, entry_price, contract) / leverage)


def open_loss(side: float, quantity: float, order_price: float, mark_price: float) -> float:
    """Return Binance's open loss: what an order is worth less than the mark the moment it fills, never below 0.

    Source: Binance FAQ 87fa7ee33b574f7084d42bd2ce2e463b.
    """
    return max(0.0, side * quantity * (order_price - mark_price))


def binance_breakeven_price(side: Numbers, entry_price: Numbers, open_fee: Numbers) -> Numbers:
    """Return Binance's breakEvenPrice, which counts the fee already paid only: ``E (1 + s f)``, inverse as well.

    Source: Binance position samples (USD-M and portfolio margin).
    """
    return entry_price * (1.0 + side * open_fee)


def simple_breakeven_price(side: Numbers, entry_price: Numbers, open_fee: Numbers, close_fee: Numbers) -> Numbers:
    """Return the break-even of calculators that add the fees: ``E (1 + s (fo + fc))``.

    Source: markettrace.ai and loris.tools break-even calculators.
    """
    return entry_price * (1.0 + side * (open_fee + close_fee))


def binance_annualized_basis(spot_price: float, futures_price: float, days: float) -> float:
    """Return the annualised basis of Binance's endpoint, which rounds the rate to four decimals first.

    Source: Binance /futures/data/basis samples.
    """
    return round(futures_price / spot_price - 1.0, 4) * 365.0 / days


def weex_margin_ratio(margin: Numbers, unrealised_pnl: Numbers, value: Numbers) -> Numbers:
    """Return WEEX's margin ratio: equity over the position value. Source: WEEX help."""
    return (margin + unrealised_pnl) / value
