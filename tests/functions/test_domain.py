"""The worked numbers of the domain: threshold table, scenario B, the practical example, uses of the proceeds."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS


def call(name: str, *arguments: Any) -> Any:
    """Call a worksheet function; a list of numbers is a column."""
    given = [
        [[cell] for cell in each] if isinstance(each, list) and not isinstance(each[0], list) else each
        for each in arguments
    ]
    return FUNCTIONS[name].call(*given)


def column(name: str, *arguments: Any) -> list[Any]:
    """Call a worksheet function and return the one column of its answer."""
    return [row[0] for row in call(name, *arguments)]


TARGETS, BANDS = [0.5, 0.3, 0.2], [0.05, 0.05, 0.10]
SCENARIO_B = [40.0, 20.0, 40.0]
BOOK = [5000.0, 3000.0, 4000.0]


# --- triggers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asset, target, band, weight, action",
    [("BTC", 0.50, 0.05, 0.55, "HOLD"), ("ETH", 0.30, 0.05, 0.25, "HOLD"), ("Altcoins", 0.20, 0.10, 0.20, "HOLD")],
)
@pytest.mark.parametrize("total", [1.0, 100.0, 12_000.0, 1e9, 0.003])
def test_threshold_table(asset: str, target: float, band: float, weight: float, action: str, total: float) -> None:
    """55 % against 50 % +/- 5 % is a hold, whatever the size of the book."""
    assert call("DRIFT_FLAG", weight * total, target, band, MISSING, total) == action
    assert call("TRADE_AMOUNT", weight * total, target, band, MISSING, MISSING, total) == 0.0


def test_threshold_table_does_not_trigger() -> None:
    """No row of the threshold table triggers a rebalancing."""
    arguments = ([55.0, 25.0, 20.0], TARGETS, BANDS, 46_000.0, "monthly", 46_001.0)
    assert call("REBALANCE_TRIGGER", *arguments) == "NONE"


def test_review_acts_on_more_than_five_points() -> None:
    """On a review date an asset that drifted by more than 5 points is acted on, at exactly 5 points not."""
    wide = [0.2, 0.2, 0.2]
    assert call("REBALANCE_TRIGGER", [56.0, 24.0, 20.0], TARGETS, wide, 46_000.0, "monthly", 46_031.0) == "TIME"
    assert call("REBALANCE_TRIGGER", [55.0, 25.0, 20.0], TARGETS, wide, 46_000.0, "monthly", 46_031.0) == "NONE"
    assert call("REBALANCE_TRIGGER", [56.0, 24.0, 20.0], TARGETS, wide, 46_000.0, "monthly", 46_001.0) == "NONE"


def test_event_outranks_threshold_and_time() -> None:
    """EVENT, else THRESHOLD, else TIME, else NONE."""
    arguments = (SCENARIO_B, TARGETS, BANDS, 46_000.0, "monthly", 46_031.0)
    assert call("REBALANCE_TRIGGER", *arguments, "TRIM") == "EVENT"
    assert call("REBALANCE_TRIGGER", *arguments, "") == "THRESHOLD"


def test_breakout_above_the_highest_high() -> None:
    """A close above the highest close of N days with a buffer is a breakout; within the buffer it is none."""
    closes = [*([100.0] * 19), 104.0]
    assert call("BREAKOUT", [*closes, 105.1], MISSING, 0.01) == "UP"
    assert call("BREAKOUT", [*closes, 105.0], MISSING, 0.01) == "NONE"


# --- scenario B ----------------------------------------------------------------------------------------------


def test_scenario_b_flags() -> None:
    """After the rally altcoins are over their band, BTC and ETH under theirs."""
    assert column("DRIFT_FLAG", SCENARIO_B, TARGETS, BANDS) == ["ADD", "ADD", "TRIM"]
    assert column("DRIFT", SCENARIO_B, TARGETS) == pytest.approx([-0.1, -0.1, 0.2])


def test_scenario_b_trims_to_25_percent() -> None:
    """Altcoins are trimmed to 25 %, the midpoint between target and band edge, which frees 15 % of the portfolio."""
    trims = column("TRIM_AMOUNT", SCENARIO_B, TARGETS, BANDS, "midpoint")
    assert trims == pytest.approx([0.0, 0.0, 15.0])
    assert (SCENARIO_B[2] - trims[2]) / 100.0 == pytest.approx(0.25)


def test_scenario_b_deploys_by_priority() -> None:
    """10 % go to BTC and fill it to 50 %, 5 % to futures; ETH comes after futures and gets nothing."""
    btc, futures, eth = column("DEPLOY", 15.0, [10.0, 5.0, 10.0], "priority", [1.0, 2.0, 3.0])
    assert (btc, futures, eth) == (10.0, 5.0, 0.0)
    assert call("OVERCOMMITTED", 15.0, [10.0, 5.0, 10.0]) == 10.0


def test_scenario_b_plan_says_that_eth_gets_nothing() -> None:
    """The plan names what stays unfilled instead of hiding it."""
    plan = call("REBALANCE_PLAN", ["BTC", "ETH", "ALT"], SCENARIO_B, TARGETS, BANDS, "midpoint", "priority", 1 / 3)
    lines = {row[0]: row for row in plan[1:]}
    assert lines["ALT"][1:5] == ["SELL", pytest.approx(15.0), 0.4, pytest.approx(0.25)]
    assert lines["BTC"][1:5] == ["BUY", pytest.approx(10.0), 0.4, pytest.approx(0.5)]
    assert lines["Futures margin"][1:3] == ["TRANSFER", pytest.approx(5.0)]
    assert lines["ETH"][1:5] == ["HOLD", 0.0, 0.2, 0.2]
    assert "nothing is left for it" in lines["ETH"][5]
    assert lines["Over-committed"][2] == pytest.approx(10.0)


@pytest.mark.parametrize(
    "trim_to, weight_after",
    [("target", 0.20), (0.0, 0.20), ("edge", 0.30), (1.0, 0.30), ("midpoint", 0.25), (0.5, 0.25), (0.25, 0.225)],
)
def test_destination_of_a_trim(trim_to: str | float, weight_after: float) -> None:
    """0 is back to target, 1 the band edge, any fraction between."""
    sold = call("TRIM_AMOUNT", 40.0, 0.2, 0.1, trim_to, MISSING, 100.0)
    assert (40.0 - sold) / 100.0 == pytest.approx(weight_after)


@pytest.mark.parametrize(
    "band_kind, band, target, width",
    [("absolute", 0.05, 0.1, 0.05), ("relative", 0.2, 0.1, 0.02), ("5/25", 0.9, 0.1, 0.025), ("5/25", 0.9, 0.5, 0.05)],
)
def test_band_kinds(band_kind: str, band: float, target: float, width: float) -> None:
    """Absolute points; 20 % of a 10 % target is 2 points; 5/25 is the smaller of 5 points and 25 % of target."""
    on_the_edge, beyond = (target + width) * 1000.0, (target + width) * 1000.0 + 0.01
    assert call("DRIFT_FLAG", on_the_edge, target, band, band_kind, 1000.0) == "HOLD"
    assert call("DRIFT_FLAG", beyond, target, band, band_kind, 1000.0) == "TRIM"
    assert call("DRIFT_FLAG", (target - width) * 1000.0, target, band, band_kind, 1000.0) == "HOLD"
    assert call("DRIFT_FLAG", (target - width) * 1000.0 - 0.01, target, band, band_kind, 1000.0) == "ADD"


# --- the practical example -----------------------------------------------------------------------------------


def test_practical_example_weights() -> None:
    """After SOL doubled the weights are 41.7, 25.0 and 33.3 %; before, 50, 30 and 20 %."""
    assert column("WEIGHT", [5000.0, 3000.0, 2000.0]) == [0.5, 0.3, 0.2]
    assert [round(each, 3) for each in column("WEIGHT", BOOK)] == [0.417, 0.25, 0.333]


def test_practical_example_trim_and_gain() -> None:
    """1,600 of SOL are sold down to 20 %; their average cost is 800, so the realised gain is 800."""
    assert column("TRIM_AMOUNT", BOOK, TARGETS, 0.05) == [0.0, 0.0, 1600.0]
    assert call("REALIZED_GAIN", 1600.0, 4000.0, 2000.0) == 800.0
    assert 1600.0 - call("REALIZED_GAIN", 1600.0, 4000.0, 2000.0) == 800.0


def test_practical_example_variant_1() -> None:
    """Back to 50/30: BTC needs 1,000, ETH needs 600, 0 is left for futures."""
    needs = column("ADD_AMOUNT", BOOK, TARGETS)
    assert needs == [1000.0, 600.0, 0.0]
    assert call("UNDEPLOYED", 1600.0, needs) == 0.0
    assert call("OVERCOMMITTED", 1600.0, needs) == 0.0


def test_practical_example_variant_2() -> None:
    """1,120 for spot, 480 for futures, needs of 400 + 1,200: over-committed by 480, resolved by a stated rule."""
    spot, futures = 0.7 * 1600.0, 0.3 * 1600.0
    assert (spot, futures) == (1120.0, 480.0)
    needs = column("ADD_AMOUNT", BOOK, [0.45, 0.35, 0.2])
    assert needs == pytest.approx([400.0, 1200.0, 0.0])
    assert call("OVERCOMMITTED", spot, needs) == pytest.approx(480.0)
    assert column("DEPLOY", spot, needs) == pytest.approx([400.0, 720.0, 0.0])
    assert column("DEPLOY", spot, needs, "pro_rata") == pytest.approx([280.0, 840.0, 0.0])


@pytest.mark.parametrize("method, btc, eth", [("priority", 400.0, 720.0), ("pro_rata", 280.0, 840.0)])
def test_practical_example_variant_2_as_a_plan(method: str, btc: float, eth: float) -> None:
    """The plan reports the over-commitment and never spends more than the proceeds."""
    plan = call("REBALANCE_PLAN", ["BTC", "ETH", "SOL"], BOOK, [0.45, 0.35, 0.2], 0.05, MISSING, method, 0.3)
    amounts = {row[0]: row[2] for row in plan[1:]}
    wanted = {"SOL": 1600.0, "BTC": btc, "ETH": eth, "Futures margin": 480.0, "Over-committed": 480.0}
    assert amounts == pytest.approx(wanted)


def test_practical_example_variant_3() -> None:
    """Sell SOL 1,600, buy BTC 400 and ETH 600, margin 600."""
    targets = [0.45, 0.30, 0.20]
    assert column("TRADE_AMOUNT", BOOK, targets) == pytest.approx([400.0, 600.0, -1600.0])
    assert column("DEPLOY", 1600.0, [400.0, 600.0, 600.0]) == [400.0, 600.0, 600.0]
    after = [5400.0, 3600.0, 2400.0, 600.0]
    assert column("WEIGHT", after) == [0.45, 0.30, 0.20, 0.05]


def test_practical_example_variant_3_as_a_plan() -> None:
    """The table's end state is BTC 45, ETH 30, SOL 20 and margin 5 % of 12,000."""
    plan = call("REBALANCE_PLAN", ["BTC", "ETH", "SOL"], BOOK, [0.45, 0.3, 0.2], 0.05, MISSING, MISSING, 0.375)
    assert plan[0] == ["Asset", "Action", "Amount", "Weight before", "Weight after", "Reason"]
    lines = {row[0]: row[1:5] for row in plan[1:]}
    assert lines == {
        "SOL": ["SELL", 1600.0, pytest.approx(1 / 3), pytest.approx(0.20)],
        "ETH": ["BUY", pytest.approx(600.0), 0.25, pytest.approx(0.30)],
        "BTC": ["BUY", pytest.approx(400.0), pytest.approx(5 / 12), pytest.approx(0.45)],
        "Futures margin": ["TRANSFER", 600.0, 0.0, 0.05],
    }
    assert [row[1] for row in plan[1:]] == ["SELL", "BUY", "BUY", "TRANSFER"]


# --- using the proceeds --------------------------------------------------------------------------------------


def test_hedge() -> None:
    """10,000 of ETH with 3,000 short: a fall by 10 % costs 1,000 and earns 300, net -700."""
    assert call("HEDGE_NOTIONAL", 10_000.0, 0.3) == 3000.0
    assert call("HEDGE_PNL", 10_000.0, 3000.0, -0.1) == -700.0
    assert call("HEDGE_PNL", 10_000.0, 0.0, -0.1) == -1000.0


def test_hedge_contracts() -> None:
    """Contracts are notional / (price x size) for linear and notional / contract value for inverse."""
    assert call("HEDGE_CONTRACTS", 3000.0, 2500.0, 0.1) == 12.0
    assert call("HEDGE_CONTRACTS", 3000.0, 2500.0, 10.0, "inverse") == 300.0


@pytest.mark.parametrize("returned, rows", [(0.1, 3), (0.05, 6), (0.01, 10), (-0.013, 7), (0.0, 4)])
def test_hedge_ratio_against_futures_that_do_not_move(returned: float, rows: int) -> None:
    """Futures returns that are all equal have no hedge ratio, however their mean is rounded."""
    spot = [0.01 * (row + 1) ** 2 for row in range(rows)]
    assert call("HEDGE_RATIO", spot, [returned] * rows) == CellError("#DIV/0!")


def test_directional() -> None:
    """1,000 controls 5,000 at 5x; 600 at 10x controls 6,000 and a 10 % move against it loses the whole 600."""
    assert call("MARGIN_NOTIONAL", 1000.0, 5.0) == 5000.0
    assert call("INITIAL_MARGIN", 5000.0, 5.0) == 1000.0
    assert call("MARGIN_NOTIONAL", 600.0, 10.0) == 6000.0
    assert call("FUTURES_PNL", "long", 6000.0 / 2500.0, 2500.0, 2250.0) == pytest.approx(-600.0)
    assert call("RETURN_ON_MARGIN", "long", 2500.0, 2250.0, 10.0) == pytest.approx(-1.0)
    liquidation = call("LIQUIDATION_PRICE", "long", 6000.0 / 2500.0, 2500.0, 10.0, 0.005)
    assert 2250.0 < liquidation < 2500.0


def test_spread() -> None:
    """Basis is futures - spot; an unusually high near premium says sell the near month and buy the far one."""
    assert call("BASIS", 60_000.0, 60_600.0) == 600.0
    assert call("BASIS_RATE", 60_000.0, 60_600.0) == pytest.approx(0.01)
    history = [0.01, 0.011, 0.009, 0.010, 0.0105, 0.0095]
    assert call("SPREAD_SIGNAL", 0.02, history) == "SELL_NEAR_BUY_FAR"
    assert call("SPREAD_SIGNAL", 0.0, history) == "BUY_NEAR_SELL_FAR"
    assert call("SPREAD_SIGNAL", 0.0101, history) == "NONE"


@pytest.mark.parametrize("lowest, step", [(0.01, 0.01), (0.0, 0.0011), (-0.003, 0.0007), (0.4, 0.1), (-12.5, 3.3)])
def test_spread_exactly_on_the_threshold(lowest: float, step: float) -> None:
    """A premium exactly two deviations from the mean is not beyond the threshold, however it is rounded."""
    history = [lowest, lowest + step, lowest + 2 * step]
    assert call("SPREAD_SIGNAL", lowest + 3 * step, history) == "NONE"
    assert call("SPREAD_SIGNAL", lowest - step, history) == "NONE"
    assert call("SPREAD_SIGNAL", lowest + 3.001 * step, history) == "SELL_NEAR_BUY_FAR"
    assert call("SPREAD_SIGNAL", lowest - 1.001 * step, history) == "BUY_NEAR_SELL_FAR"


def test_funding() -> None:
    """A long perpetual pays positive funding; a short receives it."""
    assert call("FUNDING_PAYMENT", "long", 10_000.0, 0.0001) == pytest.approx(-1.0)
    assert call("FUNDING_PAYMENT", "short", 10_000.0, 0.0001) == pytest.approx(1.0)
    assert call("FUNDING_COST", "long", 10_000.0, 0.0001, 1.0) == pytest.approx(3.0)


@pytest.mark.parametrize("stable, flag", [(4.99, "LOW"), (5.0, "OK"), (12.0, "OK"), (20.0, "OK"), (20.01, "HIGH")])
def test_reserve_range(stable: float, flag: str) -> None:
    """A reserve below 5 % or above 20 % of the portfolio warns."""
    assert call("RESERVE_FLAG", [100.0 - stable, stable], ["spot", "stable"]) == flag


# --- properties with one example each ------------------------------------------------------------------------


def test_blank_target_and_target_of_zero_differ() -> None:
    """A blank target is no target and never sold by accident; a target of 0 means sell it all."""
    assert column("TRIM_AMOUNT", [60.0, 40.0], [None, 0.4], 0.0) == [0.0, 0.0]
    assert column("TRIM_AMOUNT", [60.0, 40.0], [0.0, 0.4], 0.0) == [60.0, 0.0]
    assert column("DRIFT_FLAG", [60.0, 40.0], [None, 0.4], 0.0) == ["UNTARGETED", "HOLD"]


def test_percents_are_refused_with_a_message_that_says_so() -> None:
    """Targets that sum near 100 are refused, and the reason says that fractions are meant."""
    for targets in ([50.0, 30.0, 20.0], [0.5, 0.3, 20.0]):
        answer = column("TRIM_AMOUNT", BOOK, targets)
        assert CellError("#NUM!") in answer
        reasons = [each.reason for each in answer if isinstance(each, CellError)]
        assert all("fractions are meant" in reason for reason in reasons)


def test_a_band_in_points_is_refused() -> None:
    """A band of 5, meant as 5 points, would switch every trigger off; it is refused with the same hint."""
    answer = call("TRIM_AMOUNT", 4000.0, 0.2, 5.0, MISSING, MISSING, 12_000.0)
    assert answer == CellError("#NUM!")
    assert "bands is 5" in answer.reason
    assert "fractions are meant" in answer.reason
