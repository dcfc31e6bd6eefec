"""What an export says, whatever its kind: movements of coins, or balances, with what was left out."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rebalance_xl.table_files import TableFileError, TextRow
from rebalance_xl.venues.export_text import Export
from rebalance_xl.venues.figures import Dates, Figures, is_nothing


@dataclass(frozen=True, slots=True)
class Movement:
    """One coin that came or went.

    Parameters
    ----------
    line
        Where it stands.
    coin
        The name as read.
    amount
        Units; negative where they went.
    kind
        DEPOSIT, WITHDRAWAL, INCOME, FEE, FUNDING, TRADE or TRANSFER.
    wallet
        Where: the account of the venue, or the venue itself in trackers' files.
    time
        UTC; None where the row has none.
    mark
        The venue's own number of it; blank where it has none.
    """

    line: int
    coin: str
    amount: Decimal
    kind: str
    wallet: str = ""
    time: dt.datetime | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade as a fill of the book."""

    line: int
    time: dt.datetime | None
    base: str
    quote: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal = Decimal(0)
    fee_coin: str = ""
    mark: str = ""


@dataclass(slots=True)
class Statement:
    """All that one file says.

    Parameters
    ----------
    source, kind
        The kind of export, and "ledger" (sums to a state if it begins at zero), "trades" (changes only), "flows" or
        "balances" (a state).
    venue
        The venue whose export it is; blank for trackers and tables of one's own.
    movements, trades
        What happened.
    states
        Balances that the file states: (wallet, coin as read) to units.
    notes
        What was left out or merged.
    by_wallet
        Whether the wallets of the movements are venues of the book.
    """

    source: str
    kind: str
    venue: str = ""
    movements: list[Movement] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    states: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    by_wallet: bool = False

    def sums(self) -> dict[tuple[str, str], Decimal]:
        """Return units by wallet and coin as read: the states, else the sums of the movements."""
        if self.states:
            return dict(self.states)
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for each in self.movements:
            found[each.wallet, each.coin] += each.amount
        return dict(found)


class Reading:
    """Rows of an export with their figures and dates, for the readers of the kinds.

    Parameters
    ----------
    export
        The file.
    decimal
        The decimal mark that the kind fixes; blank where it follows the user's language.
    zone, order
        Of its dates.
    """

    def __init__(self, export: Export, decimal: str = ".", zone: str = "UTC", order: str = "") -> None:
        self.export = export
        self.places: dict[str, list[int]] = {}
        for place, title in enumerate(export.headers):
            self.places.setdefault(fold(title), []).append(place)
        self._decimal, self._zone, self._order = decimal, zone, order
        self._figures: Figures | None = None
        self._dates: dict[int, Dates] = {}
        self._seen: Counter[str] = Counter()
        self._marked = (0, "")
        self.row: TextRow = TextRow(0, ())

    @property
    def line(self) -> int:
        """The line of the row that is read."""
        return self.row.line

    def has(self, title: str) -> bool:
        """Tell whether the file has a column."""
        return fold(title) in self.places

    def place(self, *titles: str) -> int | None:
        """Return the place of the first of some columns that the file has."""
        return next((self.places[fold(title)][0] for title in titles if self.has(title)), None)

    def text(self, *titles: str, after: int = 0, last: bool = False) -> str:
        """Return a cell as text; `after` columns further to the right, `last` for the last column of that title."""
        for title in titles:
            if self.has(title):
                place = self.places[fold(title)][-1 if last else 0] + after
                text = self.row.cells[place] if place < len(self.row.cells) else ""
                if text.startswith("\x01") and not after:
                    return text[1:]
                return text
        return ""

    def coin(self, *titles: str, after: int = 0, last: bool = False) -> str:
        """Return the name of a coin.

        Raises
        ------
        TableFileError
            It is blank, or a spreadsheet has made TRUE or a date of it.
        """
        for title in titles:
            if self.has(title):
                place = self.places[fold(title)][-1 if last else 0] + after
                text = self.row.cells[place] if place < len(self.row.cells) else ""
                if text.startswith("\x01"):
                    raise self.refuse(f"{title} holds {text[1:]}: a spreadsheet has changed the name of a coin")
                if not text or is_nothing(text) or not any(each.isalpha() for each in text) or len(text) > 60:
                    raise self.refuse(f'{title} is "{text[:40]}", which is no coin')
                return text
        raise self.refuse(f"there is no column {' or '.join(titles)}")

    def number(self, *titles: str, needed: bool = True) -> Decimal:
        """Return a figure; 0 for a blank one that is not needed.

        Raises
        ------
        TableFileError
            It is needed and blank, no figure, or may be two.
        """
        place = self.place(*titles)
        found = None if place is None else self.figure(self.row.cells[place])
        if found is None:
            if needed:
                raise self.refuse(f"{titles[0]} is blank")
            return Decimal(0)
        return found

    def figure(self, text: str) -> Decimal | None:
        """Return a text as a figure in this file's spelling."""
        if self._figures is None:
            cells = []
            if not self._decimal:
                cells = [(row.line, cell) for row in self.export.rows for cell in row.cells]
            self._figures = Figures(self.export.path, cells, self._decimal)
        return self._figures.read(self.line, text)

    def time(self, *titles: str, zone: str = "") -> dt.datetime:
        """Return a date and time in UTC."""
        place = self.place(*titles)
        if place is None:
            raise self.refuse(f"there is no column {' or '.join(titles)}")
        return self.date(place, self.row.cells[place], zone)

    def date(self, place: int, text: str, zone: str = "") -> dt.datetime:
        """Return a text of a column of dates in UTC."""
        if place not in self._dates:
            texts = [row.cells[place].replace("\x01", "") for row in self.export.rows]
            named = self.export.headers[place].rpartition("(")[2].rstrip(")")
            zone_named = named if named.upper().startswith(("UTC", "GMT")) else self._zone
            self._dates[place] = Dates(self.export.path, texts, zone_named, self._order)
        return self._dates[place].read(self.line, text, zone)

    def refuse(self, reason: str) -> TableFileError:
        """Return the error to raise about the row that is read."""
        return self.export.refuse(self.line, reason)

    def mark(self, *titles: str) -> str:
        """Return the venue's number of the row, else one made of the row itself."""
        for title in titles:
            text = self.text(title)
            if text and not is_nothing(text):
                return text
        if self._marked[0] != self.line:
            mark = "row-" + hashlib.sha256("\x1f".join(self.row.cells).encode()).hexdigest()[:16]
            self._seen[mark] += 1
            self._marked = (self.line, mark if self._seen[mark] == 1 else f"{mark}-{self._seen[mark]}")
        return self._marked[1]


def fold(title: str) -> str:
    """Return a title as it is compared: no case, no outer spaces, no zone in brackets."""
    text = " ".join(title.replace("\ufeff", "").split()).casefold()
    head, bracket, zone = text.rpartition("(")
    return head.strip() if bracket and zone.startswith(("utc", "gmt")) else text


def movement_kind(word: str) -> str:
    """Return the kind of a movement by the venue's word for it.

    Examples
    --------
    >>> movement_kind("Deposit"), movement_kind("Simple Earn Flexible Interest"), movement_kind("Transaction Buy")
    ('DEPOSIT', 'INCOME', 'TRADE')
    """
    text = word.casefold().replace("_", " ")
    for kind, words in _KINDS.items():
        if any(each in text for each in words):
            return kind
    return "TRADE"


_KINDS: Mapping[str, Sequence[str]] = {
    "FUNDING": ("funding fee", "settlement"),
    "INCOME": ("interest", "reward", "staking income", "distribution", "airdrop", "cashback", "referral", "bonus"),
    "TRANSFER": ("transfer", "subscription", "redemption", "allocation", "earn", "spottostaking", "stakingfromspot"),
    "DEPOSIT": ("deposit", "receive"),
    "WITHDRAWAL": ("withdraw", "send"),
    "FEE": ("fee", "commission"),
}
