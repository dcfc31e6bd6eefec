"""The published answers, and how each category is asked of the functions.

The rows are facts with their sources: exchange samples (evidence A), exchanges' own worked examples (B), other
projects' tests (C), articles (D).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance_xl.functions import carry, contracts, hedging, margin
from rebalance_xl.functions import liquidation as liq
from rebalance_xl.functions.tiers import Tier, TierTable, amount_at, maintenance_amounts, rate_at
from rebalance_xl.functions.venues import VENUE_WORDS
from tests.derivatives import exchange_figures as figures

DATA = Path(__file__).parent / "data"

#: Binance's BTCUSDT tiers of 2021, as FAQ b3c689c1f50a44cabb3a84e663b81d93 printed them.
BTCUSDT_2021 = [[50_000, 0.004, 0], [250_000, 0.005, 50], [1_000_000, 0.01, 1_300], [5_000_000, 0.025, 16_300]]


@dataclass(frozen=True)
class Vector:
    """One row of the published answers."""

    id: str
    category: str
    exchange: str
    contract_type: str
    side_word: str
    inputs: dict[str, Any]
    expected: float
    tolerance: float
    source: str

    @property
    def contract(self) -> float:
        """The contract type as the kernels' number."""
        return contracts.INVERSE if self.contract_type == "inverse" else contracts.LINEAR

    @property
    def side(self) -> float:
        """1 for long (or unstated), -1 for short."""
        return -1.0 if self.side_word == "short" else 1.0

    def __getitem__(self, name: str) -> Any:
        value = self.inputs[name]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def get(self, name: str, default: float = 0.0) -> float:
        """Return an input that may be absent."""
        return float(self.inputs.get(name, default))


def read_vectors() -> list[Vector]:
    with open(DATA / "derivatives.csv", newline="", encoding="utf-8") as file:
        return [
            Vector(
                row["id"],
                row["category"],
                row["exchange"],
                row["contract_type"],
                row["side"],
                json.loads(row["inputs_json"]),
                float(row["expected"]),
                float(row["tolerance_abs"]),
                row["source"],
            )
            for row in csv.DictReader(file)
        ]


def one_tier(rate: float, amount: float = 0.0) -> TierTable:
    """Return the tier in force, as a single row of a sheet gives it."""
    return TierTable((Tier(0.0, math.inf, math.nan, rate, amount),))


def table_of(rows: list[list[Any]]) -> TierTable:
    """Return a continuous table from rows of cap (None: no end), rate, amount."""
    floor, tiers = 0.0, []
    for cap, rate, amount in rows:
        tiers.append(Tier(floor, math.inf if cap is None else float(cap), math.nan, rate, float(amount)))
        floor = float(cap or 0.0)
    return TierTable(tuple(tiers))


def _rounded(v: Vector, price: float) -> float:
    return round_to_tick(v.side, price, v["tick"]) if "tick" in v.inputs else price


def round_to_tick(side: float, price: float, tick: float) -> float:
    from rebalance_xl.functions.margin import round_to_tick as rounded

    return rounded(side, price, tick)


def _annualized_basis(v: Vector) -> float:
    ask = figures.binance_annualized_basis if v["round4"] else carry.annualized_basis
    return ask(v["index"], v["futures"], v["dte"])


def _average(v: Vector) -> float:
    quantities, prices = zip(*v["fills"], strict=True)
    return contracts.average_entry([float(each) for each in quantities], [float(each) for each in prices], v.contract)


def _bankruptcy(v: Vector) -> float:
    if "extra_margin" not in v.inputs:
        return _rounded(v, margin.bankruptcy_price(v.side, v["entry"], v["leverage"], v.contract))
    price = figures.bankruptcy_price_with_margin(
        v.side, v["qty_usd"], v["entry"], v["leverage"], v["extra_margin"], v["taker"], v.contract
    )
    return _rounded(v, price)


def _value(v: Vector) -> float:
    price = v.inputs.get("entry") or v.inputs["price"]
    quantity = v.inputs.get("qty_usd") or v.inputs.get("qty") or v.inputs["contracts"] * v.inputs["contract_size"]
    return contracts.position_value(float(quantity), float(price), v.contract)


def _initial_margin(v: Vector) -> float:
    if "imr" in v.inputs:
        return margin.initial_margin(_value(v), 1.0 / v["imr"])
    if v.exchange == "bybit":
        needed = figures.margin_with_closing_fee(v.side, _value(v), v["leverage"], v["taker"], v.contract)
        return needed + v.get("extra_margin")
    if v.exchange == "mexc":
        return figures.mexc_position_margin(_value(v), v["leverage"], v["taker"])
    return margin.initial_margin(_value(v), v["leverage"])


def _maintenance(v: Vector) -> float:
    if "tiers" in v.inputs:
        return margin.maintenance_margin(v["position_value"], table_of(v["tiers"]))
    if v.exchange == "binance":
        notional = v["contracts"] * v["multiplier"] / v["mark"]
        return margin.maintenance_margin(notional, one_tier(v["mmr"], v["cum"]))
    return figures.maintenance_with_closing_fee(v.side, _value(v), v["leverage"], v["taker"], v["mmr"])


def _liquidation(v: Vector) -> float:
    if v.exchange == "binance":
        return liq.cross_liquidation_price(
            v.side,
            v["qty"] * v["contract_multiplier"],
            v["entry"],
            v["wallet_balance"],
            one_tier(v["mmr"], v["maint_amount"]),
            v["tmm_other"],
            v["upnl_other"],
            v.contract,
            VENUE_WORDS["binance"],
        )
    if v.exchange == "gate":  # the source tests one formula for Gate and OKX
        return liq.cross_liquidation_price(
            v.side,
            v["qty"],
            v["entry"],
            v["margin"],
            v["mmr"],
            0.0,
            0.0,
            v.contract,
            VENUE_WORDS["okx"],
            v["taker_fee"],
        )
    short_names = {"qty": "q", "entry": "e", "leverage": "L", "mmr": "r", "extra_margin": "x"}

    def get(name: str, default: float = 0.0) -> float:
        return v.get(name, v.get(short_names[name], default))

    return liq.liquidation_price(
        v.side,
        get("qty"),
        get("entry"),
        get("leverage"),
        get("mmr"),
        v.contract,
        VENUE_WORDS[v.exchange],
        get("extra_margin"),
        v.get("taker"),
    )


def _maintenance_amount(v: Vector) -> float:
    caps, rates = v["caps"], v["rates"]
    floors = [0.0, *map(float, caps)][: len(rates)]
    amounts = maintenance_amounts(floors, rates)
    if "notional" not in v.inputs:
        return amounts[-1]
    rows = [[cap, rate, amount] for cap, rate, amount in zip(caps, rates, amounts, strict=True)]
    return float(amount_at(table_of(rows), v["notional"]))


def _tier_amount(v: Vector) -> float:
    return float(amount_at(table_of(BTCUSDT_2021), v["notional"]))


def _tier_sum(v: Vector) -> float:
    table = table_of(v["table"])
    return float(rate_at(table, v["notional"]) + amount_at(table, v["notional"]))


def _funding_sum(v: Vector) -> float:
    settlements = zip(v["marks"], v["rates"], strict=True)
    return math.fsum(carry.funding_payment(v.side, v["qty"] * mark, rate) for mark, rate in settlements)


def _hedged_value(v: Vector) -> float:
    profit = contracts.futures_pnl(v.side, v["qty_usd"], v["entry"], v["exit"], v.contract)
    return (v["exposure_btc"] + profit) * v["exit"]


ASK: dict[str, Callable[[Vector], float]] = {
    "ann_basis": _annualized_basis,
    "ann_funding": lambda v: carry.funding_apr(v["rate"], v["interval_hours"]),
    "avg_entry": _average,
    "bankruptcy": _bankruptcy,
    "basis": lambda v: carry.basis(v["index"], v["futures"]),
    "basis_rate": lambda v: carry.basis_rate(v["index"], v["futures"]),
    "breakeven": lambda v: contracts.breakeven_price(v.side, v["entry"], v["open_fee"], v["close_fee"], v.contract),
    "breakeven_open_only": lambda v: figures.binance_breakeven_price(v.side, v["entry"], v["open_fee"]),
    "breakeven_simple": lambda v: figures.simple_breakeven_price(v.side, v["entry"], v["open_fee"], v["close_fee"]),
    "closed_pnl": lambda v: figures.closed_pnl(v.side, v["qty"], v["entry"], v["exit"], v["open_fee"], v["close_fee"]),
    "funding": lambda v: carry.funding_payment(v.side, v["qty"] * v["mark"], v["rate"]),
    "funding_day": lambda v: carry.funding_payment(v.side, v["notional"], v["rate"]) * v["periods"],
    "funding_sum": _funding_sum,
    "hedge_contracts": lambda v: hedging.hedge_contracts(
        v["exposure_btc"] * v["price"], v["price"], v["contract_usd"], v.contract, 0.0
    ),
    "hedged_value": _hedged_value,
    "initial_margin": _initial_margin,
    "liq": _liquidation,
    "liq_extra_margin": lambda v: figures.legacy_price_after_margin(
        v.side, v["lp_before"], v["extra_margin"], v["qty"]
    ),
    "maint_amount": _maintenance_amount,
    "maint_margin": _maintenance,
    "margin_rate": lambda v: figures.weex_margin_ratio(v["margin"], v["upnl"], v["face"] * v["contracts"] * v["mark"]),
    "min_var_contracts": lambda v: hedging.hedge_contracts(
        hedging.hedge_notional(v["exposure"], v["h"], 1.0, 0.0), 1.0, v["contract"], 1.0, 2.0
    ),
    "open_loss": lambda v: figures.open_loss(v.side, v["qty"], v["order_price"], v["mark"]),
    "order_cost": lambda v: figures.order_cost(v.side, _value(v), v["leverage"], v["taker"], v.contract),
    "pnl": lambda v: contracts.futures_pnl(v.side, v.get("qty", v.get("qty_usd")), v["entry"], v["exit"], v.contract),
    "roe": lambda v: figures.profit_ratio_after_fees(v.side, v["qty"], v["entry"], v["exit"], v["leverage"], v["fee"]),
    "tier_amount": _tier_amount,
    "tier_mmr+amount": _tier_sum,
    "two_way_fee": lambda v: figures.two_way_fee(v.side, _value(v), v["leverage"], v["taker"], v.contract),
    "value": lambda v: contracts.position_value(v["qty_usd"], v["price"], v.contract),
}

#: Categories whose figure is no worksheet function: the contract has none for it, a pure function answers instead.
OUTSIDE_THE_CONTRACT = {
    "breakeven_open_only": "Binance's own figure; BREAKEVEN_PRICE counts both fees",
    "breakeven_simple": "adds the fees; BREAKEVEN_PRICE is exact",
    "closed_pnl": "FUTURES_PNL is before fees",
    "liq_extra_margin": "Bybit's rule before 2025-09-02; LIQUIDATION_PRICE follows the present one",
    "maint_amount": "amounts are an input of the tiers, which are checked against this rule when read",
    "margin_rate": "WEEX's ratio of equity to value",
    "open_loss": "Binance's cost of an order that is not filled",
    "order_cost": "Bybit's cost of an order that is not filled",
    "roe": "OKX counts the fees; RETURN_ON_MARGIN is before fees",
    "tier_amount": "the amount alone is an input of the tiers",
    "tier_mmr+amount": "rate and amount alone are inputs of the tiers",
    "two_way_fee": "fees to open and to close at the bankruptcy price",
}
