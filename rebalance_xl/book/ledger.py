"""The rows of a book while fills are applied to them, one kind of fill after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rebalance_xl.book.assets import cent_of
from rebalance_xl.book.fills import Fill
from rebalance_xl.book.free_margin import Accounts, listed_wallet, wallet_of
from rebalance_xl.book.futures import Tiers, contract_number, sign, worth_of
from rebalance_xl.book.gains import cost_sold, sale_gain
from rebalance_xl.book.interface import Cell
from rebalance_xl.book.model import Book, Holding, Lot, Position
from rebalance_xl.book.problems import ERROR, Problem
from rebalance_xl.book.sizing import lot_of
from rebalance_xl.book.tolerances import SLACK
from rebalance_xl.functions import contracts
from rebalance_xl.functions.plan_table import amount_text

#: A need that is served twice (pro rata, then by priority) is rounded down twice.
_ROUNDED_LOTS = 2.0


@dataclass(slots=True)
class Coins:
    """Coins on their way to become margin: what is not posted yet, and the row that they come from (None: bought)."""

    key: tuple[str, str]
    money: float
    quantity: float
    row: Holding | None
    all_money: float = field(init=False)
    all_units: float = field(init=False)

    def __post_init__(self) -> None:
        self.all_money, self.all_units = self.money, self.quantity


@dataclass(slots=True)
class Ledger:
    """What fills do to a book: new quantities, values and costs by row, money that came and went by venue."""

    book: Book
    quantities: dict[int, float] = field(default_factory=dict)
    values: dict[int, float] = field(default_factory=dict)
    costs: dict[int, float] = field(default_factory=dict)
    positions: dict[int, dict[str, float]] = field(default_factory=dict)
    came: dict[str, float] = field(default_factory=dict)
    went: dict[str, float] = field(default_factory=dict)
    sold_lots: dict[str, float] = field(default_factory=dict)
    bought_lots: list[Lot] = field(default_factory=list)
    coins: list[Coins] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    deeds: list[str] = field(default_factory=list)
    fill_rows: list[dict[str, Cell]] = field(default_factory=list)
    wallets: dict[int, float] = field(default_factory=dict)
    accounts: Accounts = field(init=False)
    cent: float = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.book, Tiers.of(self.book).tables)
        self.cent = cent_of(self.book.settings.quote, worth_of(self.book).total)

    def refuse(self, fill: Fill, message: str) -> None:
        """Note that a fill cannot be."""
        self.problems.append(Problem(ERROR, fill.where, message))

    def pay(self, venue: str, money: float) -> None:
        """Take in money at a venue (+), or spend it there (-)."""
        side = self.came if money > 0 else self.went
        key = next((known for known in [*self.came, *self.went] if known.casefold() == venue.casefold()), venue)
        side[key] = side.get(key, 0.0) + abs(money)

    def move_coins(self, position: Position, coins: float) -> None:
        """Let coins come into the wallet of a cross position (+), or leave it (-)."""
        wallet = listed_wallet(self.book, position) if self.book.wallets else None
        if wallet is not None and coins:
            self.wallets[wallet.row] = self.wallets.get(wallet.row, 0.0) + coins

    def take_free(self, position: Position, cost: float) -> float:
        """Pay for an opening from the free margin of its account as far as that goes; return that part."""
        part = min(cost, self.accounts.free(position))
        self.accounts.pay(position, part)
        return part

    def add(self, what: str, money: float) -> None:
        """Add to one of the Journal's sums."""
        self.sums[what] = self.sums.get(what, 0.0) + money

    def held(self, holding: Holding) -> float:
        """Return the units that are held of a row by now."""
        return self.quantities.get(holding.row, holding.quantity or 0.0)

    def take_coins(self, position: Position, money: float) -> float:
        """Post coins as margin; return the money that the coins on their way do not cover."""
        places = {position.account_name.casefold() or "margin", position.venue.casefold()}
        for coins in self.coins:
            if coins.key[0] in places and coins.key[1] == position.margin_coin.casefold():
                part = min(coins.money, money)
                coins.quantity -= coins.quantity * part / coins.money if coins.money else 0.0
                coins.money -= part
                money -= part
        return money if money > self.cent * SLACK else 0.0

    def return_coins(self) -> None:
        """Give coins that were not posted back to their row; bought ones stay money of the venue's stablecoins.

        What was posted leaves the row with its share of the cost, and out of its lots.
        """
        for coins in self.coins:
            if coins.row is None:
                if coins.money > self.cent:
                    self.pay(coins.key[0], coins.money)
                continue
            row, money, units = coins.row.row, coins.all_money, coins.all_units
            if coins.money > self.cent:
                self.quantities[row] = self.quantities[row] + coins.quantity
                self.values[row] = self.values.get(row, coins.row.value) + coins.money
                money, units = money - coins.money, units - coins.quantity
            key = coins.row.asset.casefold()
            before = self.sold_lots.get(key, 0.0)
            _take_cost(self, coins.row, units, money, before)
            self.sold_lots[key] = before + units


def carry(ledger: Ledger, fill: Fill) -> None:
    """Apply one fill to the rows of a book; one that cannot be becomes a problem of the ledger."""
    before = len(ledger.problems)
    gain_before = ledger.sums.get("Realised gain")
    money = _DEEDS[fill.action](ledger, fill)
    ledger.deeds.append(f"{fill.action} {fill.asset} {amount_text(money)}")
    if len(ledger.problems) > before:
        return
    gain = ledger.sums.get("Realised gain")
    realised = None if gain is None else gain - (gain_before or 0.0)
    changed = gain is not None and (gain_before is None or gain != gain_before)
    ledger.fill_rows.append(
        {
            "Asset": fill.asset,
            "Action": fill.action,
            "Quantity": fill.quantity,
            "Price": fill.price,
            "Amount": money,
            "Fee": fill.fee,
            "Venue": fill.venue or None,
            "To venue": fill.to_venue or None,
            "Realised gain": realised if changed else None,
        }
    )


def _holding_of(ledger: Ledger, fill: Fill, venue: str) -> Holding | None:
    """Return the row of Portfolio that a fill is about; None, with a problem, where it is not clear."""
    rows = [row for row in ledger.book.holdings if row.asset.casefold() == fill.asset.casefold()]
    near = [row for row in rows if row.venue.casefold() == venue.casefold()]
    if near:
        return near[0]
    if len(rows) == 1:
        return rows[0]
    if rows:
        places = " and ".join(row.venue or "no venue" for row in rows)
        ledger.refuse(fill, f"{fill.asset} is held at {places}: say at which Venue the line was done")
    else:
        ledger.refuse(fill, f"{fill.asset} is not in Portfolio")
    return None


def _position_of(ledger: Ledger, fill: Fill) -> Position | None:
    """Return the row of Futures that a fill is about: by symbol, venue, side and margin mode as far as needed."""
    rows = [row for row in ledger.book.positions if row.symbol.casefold() == fill.asset.casefold()]
    if not rows:
        ledger.refuse(fill, f"{fill.asset} is not in Futures")
        return None
    words = fill.side.casefold().split()
    if fill.action in ("OPEN LONG", "OPEN SHORT") and not words:
        words = [fill.action.removeprefix("OPEN ").casefold()]
    tests: tuple[Callable[[Position], bool], ...] = (
        lambda row: row.venue.casefold() == fill.venue.casefold(),
        lambda row: not words or row.side in words,
        lambda row: not words or row.margin_mode in words,
        lambda row: row.quantity > 0 or fill.action.startswith("OPEN"),
    )
    for test in tests:
        if len(rows) > 1:
            rows = [row for row in rows if test(row)] or rows
    if len(rows) > 1:
        ledger.refuse(fill, f"{fill.asset} stands in more than one row of Futures: say Venue and Side (long, short)")
        return None
    return rows[0]


def _trade(ledger: Ledger, fill: Fill) -> float:
    holding = _holding_of(ledger, fill, fill.venue)
    if holding is None:
        return fill.amount
    row, buying = holding.row, fill.action == "BUY"
    held = ledger.held(holding)
    value = ledger.values.get(row, holding.value)
    by_quantity = holding.quantity is not None or (fill.quantity is not None and not holding.value)
    if by_quantity and fill.quantity is None:
        ledger.refuse(fill, f"the line of {fill.asset} has no Quantity")
        return fill.amount
    quantity = fill.quantity or 0.0
    if not buying and (quantity > held * (1 + SLACK) if by_quantity else fill.amount > value * (1 + SLACK)):
        sold, have = (f"{quantity:g}", f"{held:g}") if by_quantity else (amount_text(fill.amount), amount_text(value))
        ledger.refuse(fill, f"{sold} of {fill.asset} sold, but only {have} held")
        return fill.amount
    step = 1.0 if buying else -1.0
    if by_quantity:
        after = held + step * quantity
        ledger.quantities[row] = 0.0 if abs(after) <= SLACK * held else after
    ledger.values[row] = max(0.0, value + step * fill.amount)
    ledger.pay(holding.venue, -step * fill.amount - fill.fee)
    ledger.add("Fees", fill.fee)
    if buying:
        ledger.add("Bought", fill.amount)
        if holding.cost_basis is not None or not held:
            ledger.costs[row] = ledger.costs.get(row, holding.cost_basis or 0.0) + fill.amount
        price = fill.amount / quantity if quantity else 0.0
        ledger.bought_lots.append(Lot(holding.asset, ledger.book.as_of, quantity, price, -1))
        return fill.amount
    ledger.add("Sold", fill.amount)
    paid = fill.price if by_quantity else None
    key = holding.asset.casefold()
    before = ledger.sold_lots.get(key, 0.0)
    gain = sale_gain(ledger.book, holding, fill.amount, fill.quantity, paid, before)
    if gain is not None:
        ledger.add("Realised gain", gain)
    _take_cost(ledger, holding, quantity, fill.amount, before)
    ledger.sold_lots[key] = before + quantity
    return fill.amount


def _take_cost(ledger: Ledger, holding: Holding, quantity: float, amount: float, before: float) -> None:
    cost = cost_sold(ledger.book, holding, quantity, amount, before)
    if cost is not None and holding.cost_basis is not None:
        left = ledger.costs.get(holding.row, holding.cost_basis) - cost
        ledger.costs[holding.row] = 0.0 if left < SLACK * holding.cost_basis else left


def _transfer(ledger: Ledger, fill: Fill) -> float:
    rows = [row for row in ledger.book.holdings if row.asset.casefold() == fill.asset.casefold()]
    if rows and not rows[0].stable:
        return _move_holding(ledger, fill, rows)
    ledger.pay(fill.venue, -fill.amount - fill.fee)
    ledger.pay(fill.to_venue, fill.amount)
    ledger.add("Fees", fill.fee)
    return fill.amount


def _move_holding(ledger: Ledger, fill: Fill, rows: list[Holding]) -> float:
    """Move an asset between two of its rows, by units or as each keeps it; the fee is money of the venue it leaves."""
    origin = next((row for row in rows if row.venue.casefold() == fill.venue.casefold()), None)
    goal = next((row for row in rows if row.venue.casefold() == fill.to_venue.casefold()), None)
    if origin is None or goal is None or origin is goal:
        ledger.refuse(fill, f"{fill.asset} needs a row at {fill.venue or 'no venue'} and one at {fill.to_venue}")
        return fill.amount
    value = ledger.values.get(origin.row, origin.value)
    by_units = origin.quantity is not None
    held, moved = (ledger.held(origin), fill.quantity or 0.0) if by_units else (value, fill.amount)
    if moved > held * (1 + SLACK):
        said, have = (f"{moved:g}", f"{held:g}") if by_units else (amount_text(moved), amount_text(held))
        ledger.refuse(fill, f"{said} of {fill.asset} moved, but only {have} held at {fill.venue}")
        return fill.amount
    share = min(1.0, moved / held) if held else 0.0
    if origin.cost_basis is not None and held:
        left = ledger.costs.get(origin.row, origin.cost_basis)  # after the sales that stand before it
        cost = left * share
        ledger.costs[origin.row] = left - cost
        if goal.cost_basis is not None or not ledger.held(goal):  # coins of unknown cost stay so
            ledger.costs[goal.row] = ledger.costs.get(goal.row, goal.cost_basis or 0.0) + cost
    ledger.values[origin.row] = value * (1.0 - share)
    ledger.values[goal.row] = ledger.values.get(goal.row, goal.value) + value * share
    if by_units:
        ledger.quantities[origin.row] = held * (1.0 - share) if share > 1.0 - SLACK else held - moved
    if goal.quantity is not None or not goal.value:
        units = moved if by_units else moved / goal.price if goal.price and goal.quantity is not None else None
        if units is not None:
            ledger.quantities[goal.row] = ledger.held(goal) + units
    ledger.pay(fill.venue, -fill.fee)
    ledger.add("Fees", fill.fee)
    return fill.amount


def _convert(ledger: Ledger, fill: Fill) -> float:
    """Set coins apart to be posted: from their row where To venue says where they go, else bought with money."""
    quantity = fill.quantity or 0.0
    row: Holding | None = None
    if fill.to_venue:
        row = _holding_of(ledger, fill, fill.venue)
        if row is None:
            return fill.amount
        held = ledger.held(row)
        if quantity > held * (1 + SLACK):
            ledger.refuse(fill, f"{quantity:g} of {fill.asset} moved as margin, but only {held:g} held")
            return fill.amount
        after = held - quantity
        ledger.quantities[row.row] = 0.0 if abs(after) <= SLACK * held else after
        ledger.values[row.row] = ledger.values.get(row.row, row.value) - fill.amount
    else:
        ledger.pay(fill.venue, -fill.amount - fill.fee)
    ledger.add("Fees", fill.fee)
    place = (fill.to_venue or fill.venue).casefold()
    ledger.coins.append(Coins((place, fill.asset.casefold()), fill.amount, quantity, row))
    return fill.amount


# --- futures ---------------------------------------------------------------------------------------------------


def _state(ledger: Ledger, position: Position, price: float) -> dict[str, float]:
    return ledger.positions.setdefault(
        position.row,
        {"Quantity": position.quantity, "EntryPrice": position.entry or price, "Margin": position.margin},
    )


def _coin_money(position: Position, price: float) -> float:
    """Return the money of one margin coin at a fill's price."""
    return price * position.money / position.mark if position.inverse else position.money


def _close(ledger: Ledger, fill: Fill) -> float:
    """Close all or part of a position; return the money that came back."""
    position = _position_of(ledger, fill)
    if position is None:
        return fill.amount
    if fill.quantity is None:
        ledger.refuse(fill, f"the line of {fill.asset} has no Quantity")
        return fill.amount
    price = fill.price or position.mark
    state = _state(ledger, position, price)
    ledger.add("Fees", fill.fee)
    if fill.quantity > state["Quantity"] * (1 + SLACK):
        ledger.refuse(fill, f"{fill.quantity:g} of {fill.asset} closed, but only {state['Quantity']:g} open")
        return fill.amount
    share = min(1.0, fill.quantity / state["Quantity"]) if state["Quantity"] else 0.0
    kind = contract_number(position)
    profit = float(contracts.futures_pnl(sign(position), fill.quantity, state["EntryPrice"], price, kind))
    money = _coin_money(position, price)
    margin = state["Margin"] * share
    released = (margin + profit) * money
    if position.margin_mode == "isolated":
        released = max(0.0, released)
    elif ledger.book.wallets:
        released = ledger.accounts.leave(position, released, share, profit * money)
        ledger.move_coins(position, profit - released / money)
    state["Quantity"] = 0.0 if share >= 1 - SLACK else state["Quantity"] - fill.quantity
    state["Margin"] = state["Margin"] - margin if state["Quantity"] else 0.0
    net = released - fill.fee
    if net < 0.0 and ledger.book.wallets and wallet_of(ledger.book, position) is not None:
        ledger.move_coins(position, net / money)
        ledger.accounts.pay(position, -net)
        net = 0.0
    ledger.pay(position.venue, net)
    ledger.add("Sold", released)
    ledger.add("Realised gain", profit * money)
    return released


def _release(ledger: Ledger, fill: Fill) -> float:
    position = _position_of(ledger, fill)
    if position is None:
        return fill.amount
    price = fill.price or position.mark
    state = _state(ledger, position, price)
    coins = fill.amount / _coin_money(position, price)
    if coins > state["Margin"] * (1 + SLACK):
        have = amount_text(state["Margin"] * _coin_money(position, price))
        ledger.refuse(fill, f"{amount_text(fill.amount)} of {fill.asset} released, but only {have} posted")
        return fill.amount
    left = state["Margin"] - coins
    state["Margin"] = 0.0 if abs(left) <= SLACK * state["Margin"] else left
    ledger.move_coins(position, -coins)
    ledger.accounts.leave(position, fill.amount)
    ledger.pay(position.venue, fill.amount - fill.fee)
    ledger.add("Fees", fill.fee)
    ledger.add("Sold", fill.amount)
    return fill.amount


def _post(ledger: Ledger, fill: Fill) -> float:
    """Open, add to or add margin to a position; return the margin that was posted."""
    position = _position_of(ledger, fill)
    if position is None:
        return fill.amount
    price = fill.price or position.mark
    state = _state(ledger, position, price)
    ledger.add("Fees", fill.fee)
    if fill.action == "ADD MARGIN":
        posted = fill.amount
    else:
        if fill.action != f"OPEN {position.side.upper()}":
            ledger.refuse(fill, f"{fill.action} does not fit {fill.asset}, which is {position.side} in Futures")
            return fill.amount
        quantity = fill.quantity or 0.0
        if state["Quantity"] + quantity > 0:
            state["EntryPrice"] = float(
                contracts.average_entry(
                    [state["Quantity"], quantity], [state["EntryPrice"], price], contract_number(position)
                )
            )
        posted = _margin_posted(ledger, fill, position, price)
        state["Quantity"] += quantity
    state["Margin"] += posted / _coin_money(position, price)
    cost = posted + fill.fee
    free = 0.0 if fill.action == "ADD MARGIN" else ledger.take_free(position, cost)
    ledger.move_coins(position, (posted - free) / _coin_money(position, price))
    cost -= free
    if position.inverse:
        cost = ledger.take_coins(position, cost)
    ledger.pay(position.venue, -cost)
    ledger.add("Margin", posted)
    return posted


def _margin_posted(ledger: Ledger, fill: Fill, position: Position, price: float) -> float:
    """Return the margin of an opening: as planned it follows the size that was filled, an edited one stands."""
    if not fill.quantity or not fill.notional:
        return fill.amount
    unit = position.unit_value if position.inverse else price * position.money
    beyond = fill.amount - fill.notional / position.leverage  # what rounding the size down to the lot has left
    rounding = _ROUNDED_LOTS * lot_of(ledger.book, position) * unit / position.leverage + ledger.cent
    if not -ledger.cent <= beyond <= rounding:
        return fill.amount
    return fill.amount * fill.quantity * unit / fill.notional


_DEEDS: dict[str, Callable[[Ledger, Fill], float]] = {
    "SELL": _trade,
    "BUY": _trade,
    "TRANSFER": _transfer,
    "CONVERT": _convert,
    "OPEN LONG": _post,
    "OPEN SHORT": _post,
    "ADD MARGIN": _post,
    "CLOSE": _close,
    "REDUCE": _close,
    "RELEASE": _release,
}
