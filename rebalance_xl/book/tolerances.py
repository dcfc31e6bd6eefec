"""The tolerances of the book: each has one value and one meaning."""

from __future__ import annotations

from typing import Final

from rebalance_xl.functions.elementwise import TOLERANCE

#: A leg below this share of the book is rounding dust, not a trade.
DUST: Final = 1e-6
#: Weights this close to an edge are on it: 0.55 - 0.50 is 0.05000000000000004.
EDGE: Final = TOLERANCE
#: Minimums, holdings and positions are met when an amount falls short by no more than this share of it.
SLACK: Final = 1e-9
#: A sale of all but this share sells everything.
WHOLE: Final = 1e-12
#: Fees have settled once a pass changes them by no more than this share of the book.
SETTLED: Final = 1e-15
#: Money that a person would not write down.
CENT: Final = 0.005

__all__ = ["CENT", "DUST", "EDGE", "SETTLED", "SLACK", "WHOLE"]
