"""What makes a book unsound beyond single cells: contradictions, doubles, impossible targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rebalance_xl.book.problems import ERROR, NOTE, WARNING, Problem, nearest
from rebalance_xl.book.reading import Record
from rebalance_xl.cells import from_serial

if TYPE_CHECKING:
    from rebalance_xl.book.model import Book

SUM_TOLERANCE = 1e-9
VALUE_TOLERANCE = 1e-6
LARGE_FEE = 0.02
STABLECOINS = ("USDT", "USDC", "DAI", "FDUSD", "TUSD", "USDE", "PYUSD", "USD", "EUR")


def value_of_holding(record: Record, problems: list[Problem]) -> float:
    """Return the money a row of Portfolio is worth; a row whose worth cannot be known is an error."""
    quantity, price, value = record["Quantity"], record["Price"], record["Value"]
    asset = record["Asset"]
    if quantity is not None and price is not None:
        product: float = quantity * price
        if value is not None and abs(value - product) > VALUE_TOLERANCE * max(abs(value), abs(product)):
            problems.append(
                Problem(
                    WARNING,
                    record.where("Value"),
                    f"the Value of {asset} is {value:,.2f}, but Quantity x Price is {product:,.2f}; the plan "
                    "uses Quantity x Price (is the workbook recalculated?)",
                )
            )
        return product
    if quantity and record.table.column("Price") is not None:
        if not record.is_blank("Price"):
            return 0.0
        problems.append(
            Problem(ERROR, record.where("Price"), f"the Price of {asset} is blank, so its value is not known")
        )
        return 0.0
    if quantity == 0 and value is None:
        return 0.0
    if value is not None:
        return float(value)
    if not (record.is_blank("Quantity") and record.is_blank("Value")):
        return 0.0
    if quantity is None and record.table.column("Value") is not None and record.table.column("Quantity") is None:
        where, what = record.where("Value"), "Value"
    else:
        where, what = record.where("Quantity"), "Quantity"
    problems.append(Problem(WARNING, where, f"the {what} of {asset} is blank: read as nothing held"))
    return 0.0


def check_position(record: Record, problems: list[Problem]) -> bool:
    """Report a row of Futures that cannot be computed; False when it cannot be used at all."""
    symbol = record["Symbol"]
    usable = True
    for column in ("Asset", "Side", "MarkPrice"):
        if record.is_blank(column) and record.table.column(column) is not None:
            problems.append(Problem(ERROR, record.where(column), f"the {column} of {symbol} is blank"))
        usable = usable and record[column] is not None
    if record["Quantity"] and record["EntryPrice"] is None:
        usable = False
    if record["Quantity"] and record.is_blank("EntryPrice"):
        problems.append(Problem(ERROR, record.where("EntryPrice"), f"{symbol} is open, but its EntryPrice is blank"))
        usable = False
    if record["Quantity"] and not record["Margin"]:
        problems.append(
            Problem(
                WARNING if record["MarginMode"] == "cross" else ERROR,
                record.where("Margin"),
                f"{symbol} is open, but its Margin is blank or 0",
            )
        )
    if record["Leverage"] < 1:
        problems.append(
            Problem(
                ERROR,
                record.where("Leverage"),
                f"the Leverage of {symbol} is {record['Leverage']:g}; it is 1 or more",
            )
        )
        usable = False
    if record["HedgeRatio"] is not None and record["Side"] == "long":
        problems.append(
            Problem(
                ERROR,
                record.where("HedgeRatio"),
                f"{symbol} has a HedgeRatio, but its Side is long; a hedge is short",
            )
        )
    return usable


def check_book(
    book: Book,
    portfolio: Sequence[Record] | None,
    futures: Sequence[Record],
    venues: Sequence[Record],
) -> list[Problem]:
    """Return what is wrong between the rows of a book; `portfolio` is None where there is no such table."""
    problems: list[Problem] = []
    problems += _duplicates(portfolio or (), "Asset") + _duplicates(futures, "Symbol") + _duplicates(venues, "Venue")
    problems += _targets(book, portfolio or ())
    problems += _references(book)
    problems += _fees(venues)
    problems += _lots(book)
    problems += _settings(book)
    if portfolio:
        table = portfolio[0].table
        if table.column("Value") is None and (table.column("Quantity") is None or table.column("Price") is None):
            problems.append(
                Problem(
                    ERROR,
                    table.address(-1, 0),
                    "table Portfolio needs the column Value, or Quantity and Price",
                )
            )
        unused = [
            name
            for name in ("Sector", "Kind", "Venue", "CostBasis", "Target", "Band", "Priority", "Locked")
            if table.column(name) is None
        ]
        if unused:
            problems.append(Problem(NOTE, "Portfolio", f"columns not in the table and not used: {', '.join(unused)}"))
    elif portfolio is not None:
        problems.append(Problem(ERROR, "Portfolio", "the table Portfolio has no holdings"))
    return problems


def _duplicates(records: Iterable[Record], column: str) -> list[Problem]:
    first: dict[str, Record] = {}
    problems = []
    for record in records:
        label = str(record[column]).casefold()
        if label in first:
            problems.append(
                Problem(
                    ERROR,
                    record.where(column),
                    f'"{record[column]}" is already in {first[label].where(column)}; '
                    f"each {column} is listed once (join the two rows)",
                )
            )
        else:
            first[label] = record
    return problems


def _targets(book: Book, portfolio: Sequence[Record]) -> list[Problem]:
    spot = sum(holding.target or 0.0 for holding in book.holdings)
    margin = sum(position.target or 0.0 for position in book.positions)
    problems: list[Problem] = []
    where = portfolio[0].table.address(-1, "Target") if portfolio else "Portfolio"
    if portfolio and portfolio[0].table.column("Target") is None:
        return [Problem(WARNING, where, "table Portfolio has no column Target: nothing will be traded")]
    if book.holdings and all(holding.target is None for holding in book.holdings):
        problems.append(Problem(WARNING, where, "no asset has a Target: nothing will be sold or bought"))
    if 90 <= spot + margin <= 110 or any((holding.target or 0.0) > 5 for holding in book.holdings):
        problems.append(
            Problem(
                ERROR,
                where,
                f"the targets sum to {spot + margin:g}: enter fractions, 0.5 (or 50 %) instead of 50",
            )
        )
    elif spot > 1 + SUM_TOLERANCE:
        problems.append(
            Problem(
                ERROR,
                where,
                f"the targets sum to {spot:.6g} ({spot:.1%}); they cannot sum to more than 1 (100 %)",
            )
        )
    elif spot + margin > 1 + SUM_TOLERANCE:
        problems.append(
            Problem(
                WARNING,
                where,
                f"the targets of Portfolio ({spot:.1%}) and Futures ({margin:.1%}) sum to "
                f"{spot + margin:.1%}: they cannot all be reached, the priorities decide",
            )
        )
    problems += [
        Problem(
            ERROR,
            holding.where,
            f"the Band of {holding.asset} is {holding.band:g}; a band is a fraction (0.05)",
        )
        for holding in book.holdings
        if holding.band > 1 and book.settings.band_kind == "absolute"
    ]
    return problems


def _references(book: Book) -> list[Problem]:
    problems = []
    assets = {holding.asset.casefold(): holding.asset for holding in book.holdings}
    sectors = {holding.sector.casefold(): holding.sector for holding in book.holdings if holding.sector}
    rows = [(holding.asset, holding.venue, holding.where) for holding in book.holdings]
    rows += [(position.symbol, position.venue, position.where) for position in book.positions]
    for name, venue, where in rows:
        if venue and book.venues and venue.casefold() not in book.venues:
            guess = nearest(venue, [known.name for known in book.venues.values()])
            hint = f'; did you mean "{guess}"?' if guess else "; no fee, lot or KYC is known for it"
            problems.append(
                Problem(
                    ERROR if guess else WARNING,
                    where,
                    f'the venue "{venue}" of {name} is not in the table Venues{hint}',
                )
            )
    problems += [
        Problem(WARNING, holding.where, f'{holding.asset} looks like money: give it the Kind "stable"')
        for holding in book.holdings
        if not holding.stable and holding.target is None and holding.asset.upper() in STABLECOINS
    ]
    for position in book.positions:
        if position.hedge_ratio is not None and position.asset.casefold() not in assets:
            problems.append(
                Problem(
                    WARNING,
                    position.where,
                    f"{position.symbol} hedges {position.asset}, which Portfolio does not hold",
                )
            )
        if position.expired(book.as_of) and (position.quantity or position.target or position.hedge_ratio):
            day = f"{from_serial(position.expiry or 0.0):%Y-%m-%d}"
            what = "it counts as open until its row is cleared" if position.quantity else "nothing is opened in it"
            problems.append(Problem(WARNING, position.where, f"{position.symbol} expired on {day}: {what}"))
    known = assets | sectors | {position.asset.casefold(): position.asset for position in book.positions}
    for event in book.events:
        if event.scope.casefold() not in known and event.scope.casefold() != "all":
            guess = nearest(event.scope, list(known.values()))
            hint = f'; did you mean "{guess}"?' if guess else ""
            problems.append(
                Problem(
                    ERROR if guess else WARNING,
                    event.where,
                    f'the scope "{event.scope}" is no asset or sector of the book{hint}',
                )
            )
    return problems


def _fees(venues: Sequence[Record]) -> list[Problem]:
    problems = []
    for record in venues:
        for column in ("SpotFee", "FuturesFee"):
            fee = record[column] or 0.0
            if fee >= LARGE_FEE:
                severity = ERROR if fee >= 0.5 else WARNING
                message = f"the {column} of {record['Venue']} is {fee:g}; a fee is a fraction (0.001 for 0.1 %)"
                problems.append(Problem(severity, record.where(column), message))
    return problems


def _lots(book: Book) -> list[Problem]:
    problems = []
    for holding in book.holdings:
        held = [lot.quantity for lot in book.lots if lot.asset.casefold() == holding.asset.casefold()]
        quantity = holding.quantity or 0.0
        if held and abs(sum(held) - quantity) > VALUE_TOLERANCE * max(quantity, sum(held)):
            problems.append(
                Problem(
                    WARNING,
                    holding.where,
                    f"the Lots of {holding.asset} sum to {sum(held):g}, but {quantity:g} are held; "
                    "its realised gain is taken from the average cost",
                )
            )
    return problems


def _settings(book: Book) -> list[Problem]:
    settings = book.settings
    problems = []
    for name, value in (
        ("FuturesShare", settings.futures_share),
        ("ReserveMin", settings.reserve_min),
        ("ReserveMax", settings.reserve_max),
        ("TurnoverCap", settings.turnover_cap),
    ):
        if value is not None and value > 1:
            problems.append(Problem(ERROR, name, f"{name} is {value:g}; a share lies between 0 and 1"))
    low, high = settings.reserve_min, settings.reserve_max
    kept = sum(holding.target or 0.0 for holding in book.holdings if holding.stable)
    if high is not None and kept > high + SUM_TOLERANCE:
        message = f"the targets of the stablecoins ({kept:.1%}) are above ReserveMax ({high:.1%}); the targets hold"
        problems.append(Problem(WARNING, "ReserveMax", message))
    if low is not None and high is not None and low > high:
        problems.append(Problem(ERROR, "ReserveMin", f"ReserveMin ({low:g}) is above ReserveMax ({high:g})"))
    if settings.last_review is not None and book.as_of is not None and settings.last_review > book.as_of:
        problems.append(Problem(WARNING, "LastReview", "LastReview lies after the day the plan is made for"))
    return problems
