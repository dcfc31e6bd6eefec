"""The tables, columns and named settings of a book, as data.

Everything that reads, checks, writes or builds a book takes names, kinds, words and help from here.

Kinds of a column or setting: ``text``; ``number`` (any); ``amount`` (0 or more); ``price`` (above 0);
``share`` (a fraction, 0 or more); ``fraction`` (any sign); ``flag`` (yes/no); ``date``; ``word`` (one of
`words`); ``frequency`` (a word or a number of days); ``destination`` (a word or a share of the band, 0 to 1);
``lock`` (yes/no, or a number of units); ``ratio`` (a fraction from 0 to 1, or the text that names one).
A blank cell is not a 0: it reads as the default, which for most columns means "not used".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from rebalance_xl.functions.allocation import DESTINATIONS

FLAG_WORDS: Final = {"yes": True, "true": True, "y": True, "x": True, "no": False, "false": False, "n": False}


def snake_case(name: str) -> str:
    """Return a name of the schema as a field of the model: ``MinNotional`` is ``min_notional``.

    Examples
    --------
    >>> snake_case("MinNotional"), snake_case("KYC"), snake_case("Realised gain")
    ('min_notional', 'kyc', 'realised_gain')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])| ", "_", name).lower()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name, kind, help
        Header, kind of value (see the module) and one line of help.
    required
        The table is of no use without it.
    words
        The words allowed; each may have aliases in `aliases`.
    default
        What a blank cell, or a missing column, reads as.
    attribute
        The field of the model, where it is not the column's name in snake case.
    """

    name: str
    kind: str
    help: str
    required: bool = False
    words: tuple[str, ...] = ()
    default: Any = None
    aliases: dict[str, str] = field(default_factory=dict)
    attribute: str = ""

    @property
    def field(self) -> str:
        """The name of the field that holds it in the model: `attribute`, else the column's name in snake case."""
        return self.attribute or snake_case(self.name)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the model: its columns, and the column that names a row."""

    name: str
    key: str
    help: str
    columns: tuple[Column, ...]
    required: bool = False
    free_columns: bool = False

    def column(self, name: str) -> Column:
        """Return a column by its exact name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class Setting:
    """A named cell: its kind, its default when the name is missing or the cell blank, and its help."""

    name: str
    kind: str
    help: str
    default: Any = None
    words: tuple[str, ...] = ()


SIDES: Final = {"buy": "long", "1": "long", "sell": "short", "-1": "short"}
#: What a plan line may do, and the rows about the plan as a whole.
FILL_ACTIONS: Final = (
    "SELL",
    "BUY",
    "TRANSFER",
    "CONVERT",
    "OPEN LONG",
    "OPEN SHORT",
    "CLOSE",
    "REDUCE",
    "ADD MARGIN",
    "RELEASE",
)
PLAN_ACTIONS: Final = (*FILL_ACTIONS, "HOLD", "CHECK", "TRIGGER", "WARNING")
CASH_FLOWS: Final = ("DEPOSIT", "WITHDRAWAL", "FUNDING", "FEE", "INCOME")
EVENT_ACTIONS: Final = ("TRIM", "EXIT", "HOLD", "HEDGE", "LONG", "SHORT", "BREAKOUT")

PORTFOLIO = Table(
    "Portfolio",
    "Asset",
    "Spot holdings and stablecoins, one row an asset and venue",
    (
        Column("Asset", "text", "Name of the asset; one row for each venue that holds it", required=True),
        Column("Sector", "text", "Sector that an event may name", default=""),
        Column(
            "Kind",
            "word",
            "spot or stable (money and reserve); blank = stable for known stablecoins and the Quote, else spot",
            words=("spot", "stable"),
        ),
        Column("Venue", "text", "Where it is held; blank = anywhere, no venue checks", default=""),
        Column("Quantity", "number", "Units held; below 0 only for money, as a debt"),
        Column("Price", "amount", "Price of one unit in the book's currency; 0 for a dead coin"),
        Column("Value", "number", "Quantity x Price; read where one of the two is not kept"),
        Column("CostBasis", "amount", "What the whole holding cost, for the realised gain"),
        Column("Target", "share", "Target weight; blank = no target (never sold), 0 = sell it all"),
        Column("Band", "share", "Tolerated drift around the target; blank = 0", default=0.0),
        Column("Priority", "number", "Order in which money is deployed, 1 first; blank = last"),
        Column("Locked", "lock", "yes: never sold; a number: that many units are never sold", default=False),
        Column("Lot", "amount", "Smallest step of a quantity; blank = the venue's"),
        Column("MinNotional", "amount", "Smallest order; blank = the venue's"),
        Column("Source", "text", "Where its figures were read; not used by the plan", default=""),
        Column("Updated", "date", "When they were read; not used by the plan"),
    ),
    required=True,
)

FUTURES = Table(
    "Futures",
    "Symbol",
    "Futures and perpetual positions, open or wanted, one row a venue, symbol, side and margin mode",
    (
        Column("Symbol", "text", "Name of the contract (BTCUSDT)", required=True),
        Column("Asset", "text", "The underlying, as in Portfolio", required=True),
        Column("Venue", "text", "Where it is traded", default=""),
        Column("Side", "word", "long or short", True, ("long", "short"), None, SIDES),
        Column(
            "Contract",
            "word",
            "linear (in units) or inverse (in USD)",
            False,
            ("linear", "inverse"),
            "linear",
        ),
        Column("MarginMode", "word", "isolated or cross", False, ("isolated", "cross"), "isolated"),
        Column("Quantity", "amount", "Open size: units (linear) or USD (inverse)", default=0.0),
        Column("EntryPrice", "price", "Average entry price of what is open", attribute="entry"),
        Column("MarkPrice", "price", "Mark price; blank only in a closed row", required=True, attribute="mark"),
        Column("Leverage", "price", "Leverage, 1 or more", default=1.0),
        Column("Margin", "number", "Margin posted, without unrealised PnL; in the margin coin", default=0.0),
        Column("FundingRate", "fraction", "Funding rate of one interval; positive: longs pay", default=0.0),
        Column("FundingHours", "price", "Hours between settlements", default=8.0),
        Column("Expiry", "date", "Delivery date; blank = perpetual"),
        Column("Target", "share", "Share of the book that its margin should be; blank = none, 0 = close it"),
        Column("HedgeRatio", "share", "Share of the asset's spot value to hold short; blank = no hedge"),
        Column("Priority", "number", "Order in which money is deployed, 1 first; blank = last"),
        Column("Lot", "amount", "Smallest step of a quantity; blank = the venue's"),
        Column("MinNotional", "amount", "Smallest order; blank = the venue's"),
        Column(
            "MarginCoin",
            "text",
            "Coin of the margin; blank = the coin for inverse, the quote part of the symbol for linear, else USDT",
            default="",
        ),
        Column("Account", "text", "Account at the venue that holds it, as in Wallets; blank = the venue's", default=""),
        Column("Spread", "text", "Name that two opposite legs share: both are opened or none", default=""),
        Column("Band", "share", "How far its equity may exceed Target before it is reduced; blank = never reduced"),
        Column("ContractSize", "price", "Units of the asset in one contract (1000SHIBUSDT has 1000)", default=1.0),
        Column("VenueLiquidation", "price", "Liquidation price that the venue shows; not used by the plan"),
        Column("Source", "text", "Where its figures were read; not used by the plan", default=""),
        Column("Updated", "date", "When they were read; not used by the plan"),
    ),
)

EVENTS = Table(
    "Events",
    "Scope",
    "Fundamental and technical events, one row each",
    (
        Column("Scope", "text", "An asset, a sector, the symbol of a future, or ALL", required=True),
        Column(
            "Action",
            "word",
            "TRIM (to the target, times Level), EXIT, HOLD, HEDGE (ratio Level), LONG or SHORT (margin share "
            "Level), BREAKOUT (as LONG once the price closes above its resistance)",
            True,
            EVENT_ACTIONS,
        ),
        Column("Start", "date", "First day", required=True),
        Column("End", "date", "Last day; blank = until removed"),
        Column(
            "Level",
            "share",
            "TRIM: share of the target kept (1); HEDGE: ratio (1); LONG, SHORT: margin share",
        ),
        Column("Note", "text", "Why", default=""),
    ),
)

VENUES = Table(
    "Venues",
    "Venue",
    "What each venue charges and allows",
    (
        Column("Venue", "text", "Name, as in Portfolio and Futures", required=True),
        Column(
            "KYC",
            "word",
            "Products it verified the user for: yes (all), spot, futures, no",
            False,
            ("yes", "no", "spot", "futures"),
            "yes",
            {"all": "yes", "both": "yes", "true": "yes", "none": "no", "false": "no"},
        ),
        Column("Withdrawals", "flag", "yes: money can be taken out", default=True),
        Column(
            "Products",
            "word",
            "Products traded there",
            False,
            ("both", "spot", "futures"),
            "both",
            {"all": "both"},
        ),
        Column("SpotFee", "share", "Taker fee on spot, as a fraction (0.001)", default=0.0),
        Column("FuturesFee", "share", "Taker fee on futures notional", default=0.0),
        Column("WithdrawalFee", "amount", "Cost of one transfer out, in money", default=0.0),
        Column("MaxLeverage", "price", "Highest leverage the user may take"),
        Column("Lot", "amount", "Smallest step of a quantity"),
        Column("MinNotional", "amount", "Smallest order, in money", default=0.0),
        Column("Credit", "amount", "Bonus credit that pays fees here, in money", default=0.0),
        Column(
            "AccountMode",
            "word",
            "single (each margin coin its own wallet), multi (one account with collateral ratios) or given (equity and "
            "requirement are entered)",
            False,
            ("single", "multi", "given"),
            "single",
        ),
        Column("Trigger", "price", "Equity over requirement at which the account is liquidated", default=1.0),
    ),
)

MARGIN_TIERS = Table(
    "MarginTiers",
    "Symbol",
    "Maintenance margin tiers that override the shipped ones",
    (
        Column("Venue", "text", "Venue, in lower case (binance)", required=True),
        Column("Symbol", "text", "Symbol (BTCUSDT)", required=True),
        Column("Floor", "amount", "Notional from which the tier holds", required=True),
        Column("Cap", "amount", "Notional up to which it holds; blank = no end"),
        Column("MaxLeverage", "price", "Highest leverage in the tier"),
        Column("Rate", "share", "Maintenance margin rate", required=True),
        Column("Amount", "amount", "Maintenance amount (deduction); blank in flat tables"),
        Column("Unit", "text", "USDT, coin or contracts", default=""),
        Column("AsOf", "date", "Day the tier was read"),
        Column("Source", "text", "Where from", default=""),
    ),
    free_columns=True,
)

PRICES = Table(
    "Prices",
    "Date",
    "Closing prices: a column Date, then one column an asset",
    (Column("Date", "date", "Day of the close", required=True),),
    free_columns=True,
)

LOTS = Table(
    "Lots",
    "Asset",
    "Tax lots: what was bought when and for how much",
    (
        Column("Asset", "text", "As in Portfolio", required=True),
        Column("Date", "date", "Day of the purchase"),
        Column("Quantity", "amount", "Units left of the lot", required=True),
        Column("Price", "amount", "Price paid for a unit", required=True),
    ),
)

WALLETS = Table(
    "Wallets",
    "Coin",
    "Wallets of derivatives accounts: what is collateral there, one row an account and coin",
    (
        Column("Account", "text", "Name of the account; blank = the venue's", default=""),
        Column("Venue", "text", "Where it is; blank = the account's name", default=""),
        Column("Coin", "text", "Coin of the wallet", required=True),
        Column("Balance", "number", "Coins in the cross wallet, without unrealised PnL; may be negative", default=0.0),
        Column("Price", "price", "Money of one coin; blank = the price of its row in Portfolio, 1 for the Quote"),
        Column("Ratio", "ratio", "Collateral ratio: a fraction, or the venue whose CollateralTiers hold"),
        Column("Loan", "amount", "Coins borrowed", default=0.0),
        Column("LoanRate", "share", "Maintenance rate of the loan", default=0.0),
        Column("LoanLimit", "amount", "Coins that may be borrowed at most; blank = not checked"),
        Column("Equity", "number", "Equity as the venue shows it, in money (AccountMode given)"),
        Column("Maintenance", "amount", "Requirement as the venue shows it, in money (AccountMode given)"),
        Column("Source", "text", "Where its figures were read; not used by the plan", default=""),
        Column("Updated", "date", "When they were read; not used by the plan"),
    ),
)

COLLATERAL_TIERS = Table(
    "CollateralTiers",
    "Coin",
    "Which share of a coin counts as collateral, by amount",
    (
        Column("Venue", "text", "Venue, as in Wallets", required=True),
        Column("Coin", "text", "Coin", required=True),
        Column("From", "amount", "Amount from which the ratio holds", default=0.0, attribute="start"),
        Column("To", "amount", "Amount up to which it holds; blank = no end", attribute="end"),
        Column("Ratio", "share", "Share that counts", required=True),
        Column("Unit", "word", "Unit of From and To", False, ("coin", "USD"), "coin"),
        Column("AsOf", "date", "Day the ratio was read"),
        Column("Source", "text", "Where from", default=""),
    ),
    free_columns=True,
)

CASH_FLOWS_TABLE = Table(
    "CashFlows",
    "Date",
    "Money that came or went without a trade: deposits, withdrawals, funding, fees, income",
    (
        Column("Date", "date", "Day", required=True),
        Column("Kind", "word", "What it was; only DEPOSIT and WITHDRAWAL cross the book's border", True, CASH_FLOWS),
        Column("Asset", "text", "Coin or symbol it concerns", default=""),
        Column("Amount", "number", "In the book's currency; into the book positive", required=True),
        Column("Venue", "text", "Where", default=""),
        Column("Note", "text", "Why", default=""),
        Column("Id", "text", "The venue's own number of it: what is there is not added again", default=""),
    ),
    free_columns=True,
)

FILLS = Table(
    "Fills",
    "Date",
    "What was executed: Record adds a row for every line",
    (
        Column("Date", "date", "Day of the execution", required=True),
        Column("Asset", "text", "Asset, or Symbol of a futures line", required=True),
        Column("Action", "word", "What was done", True, FILL_ACTIONS),
        Column("Quantity", "amount", "Units"),
        Column("Price", "amount", "Price of a unit"),
        Column("Amount", "amount", "Money traded; the margin of a futures line", default=0.0),
        Column("Fee", "number", "Fee in money; a rebate is negative", default=0.0),
        Column("Venue", "text", "Where", default=""),
        Column("To venue", "text", "Where a transfer went", default=""),
        Column("Realised gain", "number", "Gain that it realised, before fees"),
        Column("Fee coin", "text", "Coin in which the fee was paid", default=""),
        Column("Id", "text", "The venue's own number of it", default=""),
    ),
    free_columns=True,
)

PLAN = Table(
    "Plan",
    "Asset",
    "The plan that the Rebalance button writes; quantities may be edited to the real fills before Record",
    (
        Column("Asset", "text", "Asset, or Symbol of a futures line", required=True),
        Column("Action", "word", "What to do", True, PLAN_ACTIONS),
        Column("Amount", "amount", "Money traded; the margin of a futures line", True, (), 0.0),
        Column("Quantity", "amount", "Units, rounded down to the lot", True),
        Column("Price", "number", "Price the quantity was computed with", True),
        Column("Fee", "amount", "Fee in money", True, (), 0.0),
        Column("Weight before", "number", "Share of the book before the plan"),
        Column("Weight after", "number", "Share of the book after the plan"),
        Column("Realised gain", "number", "Gain that the sale realises"),
        Column("Reason", "text", "Why, also for lines that do not trade", default=""),
        Column("Venue", "text", "Where", default=""),
        Column("To venue", "text", "Where a transfer goes", default=""),
        Column("Notional", "number", "Size of a futures line in money"),
        Column(
            "Liquidation price",
            "text",
            "Of the whole position after the line; text NEVER where there is none",
        ),
        Column("Break-even", "number", "Price that pays fees and funding over the holding period"),
        Column(
            "Side", "text", "Of a futures line: long or short, with the margin mode where both are held", default=""
        ),
    ),
)

JOURNAL = Table(
    "Journal",
    "Date",
    "What was planned and what was executed, one row each",
    (
        Column("Date", "date", "Day of the entry", required=True),
        Column("Entry", "word", "PLAN or EXECUTION", True, ("PLAN", "EXECUTION")),
        Column("Trigger", "text", "EVENT, THRESHOLD, TIME or NONE", default=""),
        Column("Value", "number", "Book value"),
        Column("Sold", "number", "Money from sales and closed futures"),
        Column("Bought", "number", "Money into spot"),
        Column("Margin", "number", "Money into futures margin"),
        Column("Fees", "number", "Fees paid"),
        Column("Left over", "number", "Money left in stablecoins"),
        Column("Realised gain", "number", "Gain realised"),
        Column("Reason", "text", "The trigger in words", default=""),
    ),
)

TABLES: Final = {
    table.name: table
    for table in (
        PORTFOLIO,
        FUTURES,
        EVENTS,
        VENUES,
        MARGIN_TIERS,
        WALLETS,
        COLLATERAL_TIERS,
        PRICES,
        LOTS,
        PLAN,
        JOURNAL,
        FILLS,
        CASH_FLOWS_TABLE,
    )
}

#: Tables that a person fills: what is typed directly under one of them looks like a row of it and is none.
INPUTS: Final = tuple(name for name in TABLES if name != PLAN.name)


def numeric_columns(table: Table) -> tuple[str, ...]:
    """Return the headers of a table's columns that hold numbers."""
    return tuple(column.name for column in table.columns if column.kind in ("amount", "number", "price", "share"))


FREQUENCIES: Final = ("weekly", "monthly", "quarterly", "yearly")

SETTINGS: Final = {
    setting.name: setting
    for setting in (
        Setting("ReviewFrequency", "frequency", "weekly, monthly, quarterly, yearly or days", None, FREQUENCIES),
        Setting("LastReview", "date", "Day of the last review; Record sets it"),
        Setting("AsOf", "date", "The day the plan is made for; blank = today"),
        Setting("BandKind", "word", "How Band is meant", "absolute", ("absolute", "relative", "5/25")),
        Setting("TrimTo", "destination", "Where a trim ends", 0.0, tuple(DESTINATIONS)),
        Setting("BuyScope", "word", "Which rows receive money", "underweight", ("underweight", "breaching")),
        Setting("DeployMethod", "word", "How money is shared out", "priority", ("priority", "pro_rata")),
        Setting("FuturesShare", "share", "Share of the proceeds kept for margin; blank = by priority"),
        Setting("ReserveMin", "share", "Reserve to be kept in stablecoins; blank = only the 5 % warning"),
        Setting("ReserveMax", "share", "Stablecoins above it are deployed; blank = only the 20 % warning"),
        Setting("MinTrade", "amount", "Smallest trade worth making, in money", 0.0),
        Setting("Cooldown", "amount", "Days after an execution in which only events count", 0.0),
        Setting("LotMethod", "word", "Order in which lots are sold", "FIFO", ("FIFO", "LIFO", "HIFO", "AVERAGE")),
        Setting("TurnoverCap", "share", "Most that one plan may sell, as a share of the book; blank = no limit"),
        Setting("ReviewDrift", "share", "Drift that counts on a review day", 0.05),
        Setting("HoldingDays", "amount", "Days for which funding enters a break-even price", 30.0),
        Setting("LiquidationWarning", "share", "Warn when the liquidation price is nearer than this", 0.15),
        Setting("FundingWarning", "share", "Warn when funding costs more than this a year", 0.20),
        Setting(
            "EventFunding",
            "word",
            "Pays a LONG event when money is short",
            "reserve",
            ("reserve", "weakest", "none"),
        ),
        Setting(
            "FundFrom",
            "word",
            "Who pays for a row below its band when money is short",
            "overweight",
            ("overweight", "none"),
        ),
        Setting("MarginTopUp", "share", "Liquidation distance below which margin is added; blank = never"),
        Setting("Quote", "text", "Currency of the book", "USD"),
        Setting("BreakoutLookback", "price", "Closes that make the resistance", 20.0),
        Setting("BreakoutBuffer", "share", "How far above the resistance a close must be", 0.0),
    )
}
