"""What an account owns of each coin, and the coin-margined short that hedges it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, fraction, label, number, price, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.account_ranges import POSITIONS, WALLETS, PositionRow, WalletRow
from rebalance_xl.functions.accounts import CATEGORY
from rebalance_xl.functions.elementwise import Numbers


def position_delta(
    side: float, quantity: float, entry: float, inverse: bool = False, contract_size: float = 1.0
) -> float:
    """Return the coins that a position gains or loses with: ``s q`` (linear), ``s Q / E`` (inverse).

    The profit of an inverse position is paid in the coin, so that its value in dollars is a straight line in the
    price: the slope is that of the entry, whatever the mark.
    """
    return side * (quantity / entry if inverse else quantity * contract_size)


@worksheet_function(
    "NET_DELTA",
    CATEGORY,
    [
        label("assets", vector=True, model="Portfolio[Asset]"),
        POSITIONS,
        WALLETS,
        number("spot", unit="units", vector=True, default=0.0, blank="default", model="Portfolio[Quantity]"),
    ],
    Result("units", shape="vector"),
    from_book=(),
    errors={"#VALUE!": "a column is missing or a word is unknown", "#NUM!": "a number is out of range"},
    examples=[
        Example(
            '=NET_DELTA("ETH",{"symbol","coin","side","quantity","entry","mark","contract";'
            '"ETHUSD","ETH","short",6000,3000,3000,"inverse"},{"coin","balance";"ETH",2})',
            "=0",
            "2 ETH as margin, 6,000 USD short: worth 6,000 at every price.",
        ),
        Example(
            '=NET_DELTA({"BTC";"ETH"},{"symbol","coin","side","quantity","entry","mark";'
            '"BTCUSDT","BTC","short",0.4,60000,60000},,{1;2})',
            "={0.6;2}",
        ),
    ],
)
def net_delta(
    assets: Sequence[str],
    positions: Sequence[PositionRow] | None = None,
    wallets: Sequence[WalletRow] | None = None,
    spot: Sequence[float] = (0.0,),
) -> list[float] | CellError:
    """Return how many coins of each asset the whole book gains or loses with.

    Parameters
    ----------
    assets : text, one or a range
        The coins asked for.
    positions : range with a header row
        Columns symbol, coin, side, quantity, entry, mark; margin_coin, contract, isolated_margin, account;
        contract_size where one unit is not one coin (1000SHIBUSDT: 1000). Default none.
    wallets : range with a header row
        Columns coin, balance, loan: the derivatives accounts, without isolated margins. Default none.
    spot : units
        Coins held outside the accounts, one cell an asset. Default 0.

    Notes
    -----
    Equation: spot + balances − loans + isolated coin margins + Σ s q × contract size (linear) + Σ s Q / E (inverse)

    Source: the slope of the book's value in dollars; BitMEX and Deribit on coin-margined shorts.

    Examples
    --------
    >>> net_delta(["BTC"], spot=[1.5])
    [1.5]
    """
    held = list(spot) * len(assets) if len(spot) == 1 else list(spot)
    if len(held) != len(assets):
        return CellError("#VALUE!", f"spot has {len(held)} cells; allowed is one for each of {len(assets)} assets")
    parts: dict[str, list[float]] = {}
    for wallet in wallets or ():
        parts.setdefault(wallet.coin.casefold(), []).append(wallet.balance - wallet.loan)
    for row in positions or ():
        own = position_delta(row.side, row.quantity, row.entry, row.inverse, row.contract_size)
        parts.setdefault(row.coin.casefold(), []).append(own)
        if row.isolated is not None:
            parts.setdefault(row.margin_coin.casefold(), []).append(row.isolated)
    return [
        math.fsum([spot_held, *parts.get(asset.strip().casefold(), ())]) + 0.0
        for asset, spot_held in zip(assets, held, strict=True)
    ]


@worksheet_function(
    "HEDGE_NOTIONAL_COIN",
    CATEGORY,
    [
        number("spot", unit="units", low=0.0, blank="row"),
        number("margin_coins", unit="units", low=0.0),
        price("price"),
        fraction("ratio", low=0.0, high=5.0, default=1.0, blank="default", data=False),
    ],
    Result("money"),
    examples=[
        Example("=HEDGE_NOTIONAL_COIN(1,1,60000)", "=120000", "The margin bought for the short is long as well."),
        Example("=HEDGE_NOTIONAL_COIN(0,2,3000)", "=6000", "Synthetic dollars: a 1x short on its own coin."),
    ],
)
def hedge_notional_coin(spot: Numbers, margin_coins: Numbers, price: Numbers, ratio: Numbers = 1.0) -> Numbers:
    """Return the dollars to short with coin-margined contracts so that spot and margin together are hedged.

    Parameters
    ----------
    spot : units, one or a range
        Coins held outside the account. A blank row stays blank.
    margin_coins : units
        Coins posted as margin.
    price : price
        Price at which the short is opened, above 0.
    ratio : fraction
        Share to hedge. Default 1.

    Notes
    -----
    Equation: (spot + margin coins) × ratio × price

    Source: the condition that the net delta is (1 − ratio) × (spot + margin coins).

    Examples
    --------
    >>> hedge_notional_coin(0.0, 2.0, 3000.0)
    6000.0
    """
    return (spot + margin_coins) * ratio * price
