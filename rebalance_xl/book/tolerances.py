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
#: A quotient of units and lots is raised by this share before it is cut, or 0.3 / 0.1 lots would be 2.
QUOTIENT: Final = 1e-14
#: Money in a stablecoin below this share of the book is none.
NO_MONEY: Final = 1e-12
#: Half of what a weight with two decimals shows.
ON_TARGET: Final = 5e-5
#: A typed value and what it should be are the same up to this share.
TYPED: Final = 1e-6
#: An amount that is searched for is found up to this share of it.
FOUND: Final = 1e-13
#: A plan whose hedges still move by more than this share of the book has not settled.
STILL: Final = 1e-9
#: Fees have settled once a pass changes them by no more than this share of the book.
SETTLED: Final = 1e-15
#: Money that a person would not write down in a currency: it shows as 0.00, makes no line and no row. A book kept in a
#: coin has no cents (0.005 BTC are hundreds of dollars): there dust is what makes none (assets.cent_of).
CENT: Final = 0.005

__all__ = [
    "CENT",
    "DUST",
    "EDGE",
    "FOUND",
    "NO_MONEY",
    "ON_TARGET",
    "QUOTIENT",
    "SETTLED",
    "SLACK",
    "STILL",
    "TYPED",
    "WHOLE",
]
