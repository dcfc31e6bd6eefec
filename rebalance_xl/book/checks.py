"""What makes a book unsound beyond single cells: contradictions, doubles, impossible targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rebalance_xl.book.assets import is_money
from rebalance_xl.book.contents import Book
from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.book.problems import ERROR, NO_MARGIN, NOTE, UNUSED, WARNING, Problem, nearest
from rebalance_xl.book.reading import Record
from rebalance_xl.book.rows import Holding
from rebalance_xl.book.states import rows_by_asset
from rebalance_xl.book.tolerances import EDGE, TYPED
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.wording import names_text

LARGE_FEE = 0.02


def value_of_holding(record: Record, holding: Holding, problems: list[Problem]) -> float:
    """Return the money a row of Portfolio is worth; an asset with a target whose worth is not known is an error.

    A row without a target and a price counts what its Value says, 0 where that is blank as well.
    """
    quantity, price, value = record["Quantity"], record["Price"], record["Value"]
    asset = record["Asset"]
    if price == 0 and holding.target:
        message = f"Portfolio[Price] of {asset} holds 0; it must be above 0 where the asset has a target"
        problems.append(Problem(ERROR, record.where("Price"), message))
    if quantity is not None and price is not None:
        product: float = quantity * price
        if value is not None and abs(value - product) > TYPED * max(abs(value), abs(product)):
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
        if holding.target is None and not holding.stable:
            if value is None and record.is_blank("Price"):
                message = f"the Price of {asset} is blank: it has no target, so it counts 0"
                problems.append(Problem(WARNING, record.where("Price"), message))
            return float(value or 0.0)
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


def check_position(record: Record, problems: list[Problem], in_wallet: bool = False) -> bool:
    """Report a row of Futures that cannot be computed; False when it cannot be used at all.

    Parameters
    ----------
    record, problems
        The row, and where findings go.
    in_wallet
        Its account has rows in Wallets, which carry the margin of a cross position.
    """
    symbol = record["Symbol"]
    usable = True
    if not record["Quantity"] and record.is_blank("MarkPrice") and not record["Target"] and not record["HedgeRatio"]:
        problems.append(Problem(NOTE, record.where("Symbol"), f"{symbol} is closed and has no MarkPrice: ignored"))
        return False
    for column in ("Asset", "Side", "MarkPrice"):
        if record.is_blank(column) and record.table.column(column) is not None:
            problems.append(Problem(ERROR, record.where(column), f"the {column} of {symbol} is blank"))
        usable = usable and record[column] is not None
    if record["Quantity"] and record["EntryPrice"] is None:
        usable = False
    if record["Quantity"] and record.is_blank("EntryPrice"):
        problems.append(Problem(ERROR, record.where("EntryPrice"), f"{symbol} is open, but its EntryPrice is blank"))
        usable = False
    if record["Quantity"] and record["Margin"] in (None, 0) and not (in_wallet and record["MarginMode"] == "cross"):
        problems.append(
            Problem(
                WARNING if record["MarginMode"] == "cross" else ERROR,
                record.where("Margin"),
                f"{symbol} is open, but its Margin is blank or 0",
                NO_MARGIN,
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


def check_below(port: WorkbookPort, tables: Iterable[str]) -> list[Problem]:
    """Report what is typed directly under a table: it looks like a row of it and is none.

    Parameters
    ----------
    port
        The workbook.
    tables
        Names of the tables.
    """
    return [
        Problem(
            WARNING, where, f"this cell stands directly under the table {name} and is no part of it: extend the table"
        )
        for name in tables
        if (where := port.below_table(name))
    ]


def _wallets(book: Book) -> list[Problem]:
    """Report coins that are borrowed beyond their limit, and coins of an unknown price."""
    priced = {row.asset.casefold() for row in book.holdings if row.price is not None}
    priced |= {each.margin_coin.casefold() for each in book.positions} | {book.settings.quote.casefold()}
    problems = []
    for wallet in book.wallets:
        if wallet.loan_limit is not None and wallet.loan > wallet.loan_limit:
            message = (
                f"Wallets[Loan] of {wallet.coin} holds {wallet.loan:,.10g}; its LoanLimit is {wallet.loan_limit:,.10g}"
            )
            problems.append(Problem(ERROR, wallet.where, message))
        if wallet.price is None and wallet.coin.casefold() not in priced and (wallet.balance or wallet.loan):
            message = (
                f"the price of {wallet.coin} is not known, so {wallet.balance:,.10g} of it count 0: "
                "type Wallets[Price], or give the coin a row in Portfolio"
            )
            problems.append(Problem(WARNING, wallet.where, message))
    return problems


def check_book(
    book: Book,
    portfolio: Sequence[Record] | None,
    futures: Sequence[Record],
    venues: Sequence[Record],
) -> list[Problem]:
    """Return what is wrong between the rows of a book; `portfolio` is None where there is no such table."""
    problems: list[Problem] = []
    problems += _duplicates(portfolio or (), "Asset", "Venue") + _duplicates(venues, "Venue")
    problems += _duplicates(futures, "Symbol", "Venue", "Side", "MarginMode", "Account")
    problems += _spreads(futures)
    problems += _targets(book, portfolio or ())
    problems += _references(book)
    problems += _fees(venues)
    problems += _lots(book)
    problems += _wallets(book)
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
            message = f"columns not in the table and not used: {', '.join(unused)}"
            problems.append(Problem(NOTE, "Portfolio", message, UNUSED))
    elif portfolio is not None:
        problems.append(Problem(ERROR, "Portfolio", "the table Portfolio has no holdings"))
    return problems


def _duplicates(records: Iterable[Record], *columns: str) -> list[Problem]:
    """Report rows that stand twice: the same in every one of the columns."""
    first: dict[tuple[str, ...], Record] = {}
    problems = []
    for record in records:
        key = tuple(str(record[column] or "").casefold() for column in columns)
        if key not in first:
            first[key] = record
            continue
        name = record[columns[0]]
        at = f" at {record['Venue']}" if len(columns) > 1 and record["Venue"] else ""
        rows = "row of one venue" if columns[0] == "Asset" else "row of one venue, side and margin mode"
        each = f"each {columns[0]}" if len(columns) == 1 else f"each {columns[0]} has one {rows}"
        listed = f"{each} is listed once (join the two rows)" if len(columns) == 1 else f"{each} (join the two rows)"
        problems.append(
            Problem(
                ERROR, record.where(columns[0]), f'"{name}"{at} is already in {first[key].where(columns[0])}; {listed}'
            )
        )
    return problems


def _spreads(futures: Sequence[Record]) -> list[Problem]:
    """Report spreads that are not two opposite legs, or whose legs state different targets."""
    groups: dict[str, list[Record]] = {}
    for record in futures:
        if record["Spread"]:
            groups.setdefault(record["Spread"].casefold(), []).append(record)
    problems = []
    for legs in groups.values():
        name, last = legs[0]["Spread"], legs[-1]
        if len(legs) != 2 or legs[0]["Side"] == legs[1]["Side"]:
            message = f"the spread {name} needs two legs, one long and one short; it has {len(legs)}"
            problems.append(Problem(ERROR, last.where("Spread"), message))
            continue
        if any(leg["HedgeRatio"] is not None for leg in legs):
            message = f"a leg of the spread {name} has a HedgeRatio; a leg is no hedge"
            problems.append(Problem(ERROR, last.where("HedgeRatio"), message))
        targets = [leg["Target"] for leg in legs]
        if None not in targets and targets[0] != targets[1]:
            message = (
                f"the Target of the spread {name} is {targets[1]:g} here and {targets[0]:g} in "
                f"{legs[0].where('Target')}: it is the margin of both legs together, so give it once"
            )
            problems.append(Problem(ERROR, last.where("Target"), message))
    return problems


def _targets(book: Book, portfolio: Sequence[Record]) -> list[Problem]:
    spot = sum(holding.target or 0.0 for holding in book.holdings if holding.main)
    margin = margin_targets(book)
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
    elif spot > 1 + EDGE:
        problems.append(
            Problem(
                ERROR,
                where,
                f"the targets sum to {spot:.6g} ({spot:.1%}); they cannot sum to more than 1 (100 %)",
            )
        )
    elif spot + margin > 1 + EDGE:
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


def margin_targets(book: Book) -> float:
    """Return the sum of the Futures targets; the two legs of a spread share one."""
    alone = [position.target or 0.0 for position in book.positions if not position.spread]
    spreads: dict[str, float] = {}
    for position in book.positions:
        if position.spread and position.target is not None:
            spreads[position.spread.casefold()] = position.target
    return sum(alone) + sum(spreads.values())


def _references(book: Book) -> list[Problem]:
    problems = []
    assets = {holding.asset.casefold(): holding.asset for holding in book.holdings}
    sectors = {holding.sector.casefold(): holding.sector for holding in book.holdings if holding.sector}
    rows = [(holding.asset, holding.venue, holding.where) for holding in book.holdings]
    rows += [(position.symbol, position.venue, position.where) for position in book.positions]
    strangers: dict[str, list[tuple[str, str]]] = {}
    for name, venue, where in rows:
        if venue and book.venues and venue.casefold() not in book.venues:
            strangers.setdefault(venue, []).append((name, where))
    for venue, found in strangers.items():
        guess = nearest(venue, [known.name for known in book.venues.values()])
        hint = f'; did you mean "{guess}"?' if guess else "; no fee, lot or KYC is known for it"
        message = f'the venue "{venue}" of {names_text(name for name, _ in found)} is not in the table Venues{hint}'
        problems.append(Problem(ERROR if guess else WARNING, found[0][1], message))
    problems += [
        Problem(WARNING, holding.where, f'{holding.asset} looks like money: give it the Kind "stable"')
        for holding in book.holdings
        if not holding.stable and holding.target is None and is_money(holding.asset, book.settings.quote)
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
            what = "it is closed at its mark" if position.quantity else "nothing is opened in it"
            problems.append(Problem(WARNING, position.where, f"{position.symbol} expired on {day}: {what}"))
    known = assets | sectors | {position.asset.casefold(): position.asset for position in book.positions}
    known |= {position.symbol.casefold(): position.symbol for position in book.positions}
    for event in book.events:
        if event.scope.casefold() not in known and event.scope.casefold() != "all":
            guess = nearest(event.scope, list(known.values()))
            hint = f'; did you mean "{guess}"?' if guess else ""
            problems.append(
                Problem(
                    ERROR if guess else WARNING,
                    event.where,
                    f'the scope "{event.scope}" is no asset, sector or symbol of the book{hint}',
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
    for rows in rows_by_asset(book.holdings).values():
        holding = rows[0]
        held = [lot.quantity for lot in book.lots if lot.asset.casefold() == holding.asset.casefold()]
        quantity = sum(row.quantity or 0.0 for row in rows)
        if held and abs(sum(held) - quantity) > TYPED * max(quantity, sum(held)):
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
    kept = sum(holding.target or 0.0 for holding in book.holdings if holding.stable and holding.main)
    if high is not None and kept > high + EDGE:
        message = f"the targets of the stablecoins ({kept:.1%}) are above ReserveMax ({high:.1%}); the targets hold"
        problems.append(Problem(WARNING, "ReserveMax", message))
    if low is not None and high is not None and low > high:
        problems.append(Problem(ERROR, "ReserveMin", f"ReserveMin ({low:g}) is above ReserveMax ({high:g})"))
    if settings.last_review is not None and book.as_of is not None and settings.last_review > book.as_of:
        problems.append(Problem(WARNING, "LastReview", "LastReview lies after the day the plan is made for"))
    return problems
