"""The worksheet functions: pure kernels, each with its declaration beside it."""

from rebalance_xl.catalogue import CATEGORIES, FUNCTIONS, with_texts_of_others
from rebalance_xl.functions import (
    account_delta,
    account_liquidation,
    accounts,
    allocation,
    carry,
    contracts,
    deployment,
    hedge_mode,
    hedging,
    liquidation,
    lots,
    margin,
    plan_figures,
    plan_table,
    review_book,
    review_fills,
    review_flows,
    review_measures,
    review_simulations,
    spreads,
    stress_table,
    triggers,
)

__all__ = [
    "FUNCTIONS",
    "account_delta",
    "account_liquidation",
    "accounts",
    "allocation",
    "carry",
    "contracts",
    "deployment",
    "hedge_mode",
    "hedging",
    "liquidation",
    "lots",
    "margin",
    "plan_figures",
    "plan_table",
    "review_book",
    "review_fills",
    "review_flows",
    "review_measures",
    "review_simulations",
    "spreads",
    "stress_table",
    "triggers",
]

with_texts_of_others()
# The reference page and every list show the functions by section.
_ORDERED = sorted(FUNCTIONS.items(), key=lambda item: CATEGORIES.index(item[1].category))
FUNCTIONS.clear()
FUNCTIONS.update(_ORDERED)
