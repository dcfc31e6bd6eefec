"""Exports of exchanges and trackers, known by their titles: which reader reads them, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from rebalance_xl.table_files import TableFileError
from rebalance_xl.venues import export_ledgers as ledgers
from rebalance_xl.venues import export_trades as trades
from rebalance_xl.venues.export_balances import MAPPED, balances, guess_columns
from rebalance_xl.venues.export_text import Export, read_export
from rebalance_xl.venues.movements import Reading, Statement, fold


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of export.

    Parameters
    ----------
    name, venue, kind
        What it is called, whose it is, and what it tells (see :class:`~rebalance_xl.venues.movements.Statement`).
    titles
        The columns that it always has.
    read
        Reads one row.
    decimal
        Its decimal mark; blank where it follows the user's language.
    zone, order
        Of its dates.
    by_wallet
        Its wallets are venues of the book.
    """

    name: str
    venue: str
    kind: str
    titles: str
    read: Callable[[Reading, Statement], None]
    decimal: str = "."
    zone: str = "UTC"
    order: str = ""
    by_wallet: bool = False

    def fits(self, titles: Sequence[str]) -> bool:
        """Tell whether a line of titles is this kind's."""
        return {fold(each) for each in self.titles.split("|")} <= {fold(each) for each in titles}


_TOTAL: Final = "Total (inclusive of fees and/or spread)"
#: The narrower before the wider: the first that fits is taken.
SHAPES: Final = (
    Shape("Binance statement", "binance", "ledger", "UTC_Time|Account|Operation|Coin|Change",
          ledgers.binance_statement),
    Shape("Binance trades", "binance", "trades", "Date|Pair|Side|Price|Executed|Amount|Fee", trades.binance_trades),
    Shape("Binance trades (old)", "binance", "trades", "Date|Market|Type|Price|Amount|Total|Fee|Fee Coin",
          trades.binance_old_trades),
    Shape("Binance convert", "binance", "trades", "Date|Pair|Type|Sell|Buy|Price|Inverse Price|Status",
          trades.binance_convert),
    Shape("Binance futures", "binance", "ledger", "Date|type|Amount|Asset|Symbol|Transaction ID",
          ledgers.binance_futures),
    Shape("Binance transfers", "binance", "flows", "Date|Coin|Network|Amount|Address|TXID|Status", ledgers.transfers),
    Shape("Bybit account log", "bybit", "ledger", "Time|Currency|Contract|Type|Cash Flow|Change|Wallet Balance",
          ledgers.bybit_log),
    Shape("Bybit funding", "bybit", "ledger", "Date & Time|Coin|QTY|Type|Account Balance", ledgers.bybit_funding),
    Shape("Bybit funding (old)", "bybit", "ledger", "Type|Coin|Amount|Wallet Balance|Time", ledgers.bybit_funding),
    Shape("Bybit spot orders", "bybit", "trades", "Spot Pairs|Direction|Filled Value|Filled Quantity|Fees|Timestamp",
          trades.bybit_spot),
    Shape("Kraken ledgers", "kraken", "ledger", "txid|refid|time|type|asset|amount|fee|balance", ledgers.kraken_ledger),
    Shape("Kraken trades", "kraken", "trades", "txid|ordertxid|pair|time|type|price|cost|fee|vol",
          trades.kraken_trades),
    Shape("Coinbase", "coinbase", "ledger", f"Timestamp|Transaction Type|Asset|Quantity Transacted|{_TOTAL}|Notes",
          ledgers.coinbase),
    Shape("KuCoin account history", "kucoin", "ledger", "UID|Account Type|Currency|Side|Amount|Fee|Time",
          ledgers.kucoin_history),
    Shape("KuCoin filled orders", "kucoin", "trades", "UID|Symbol|Side|Filled Amount|Filled Volume|Filled Time|Fee",
          trades.kucoin_orders),
    Shape("OKX trading", "okx", "ledger", "id|Time|Trade Type|Instrument|Balance Change|Balance|Unit",
          ledgers.okx_trading),
    Shape("OKX funding", "okx", "ledger", "id|Time|Type|Amount|Before Balance|After Balance|Fee|Symbol",
          ledgers.okx_funding),
    Shape("MEXC spot", "mexc", "trades", "Pairs|Time|Side|Filled Price|Executed Amount|Total|Fee|Role",
          trades.mexc_spot),
    Shape("MEXC futures", "mexc", "flows", "Futures Trading Pair|Direction|Closing PNL|Trading Fee|Fee-payment Crypto",
          trades.mexc_futures),
    Shape("MEXC deposits", "mexc", "flows", "Status|Time|Crypto|Network|Deposit Amount|TxID", ledgers.transfers),
    Shape("MEXC withdrawals", "mexc", "flows", "Status|Time|Crypto|Network|Request Amount|TxID", ledgers.transfers),
    Shape("Gate", "gate", "ledger", "no|time|action_desc|type|change_amount|amount", ledgers.gate_history),
    Shape("Koinly", "", "ledger", "Date|Sending Wallet|Sent Amount|Sent Currency|Receiving Wallet|Received Amount",
          ledgers.koinly, by_wallet=True),
    Shape("CoinTracking", "", "trades", "Type|Buy|Cur.|Sell|Fee|Exchange|Date", trades.cointracking, by_wallet=True),
    Shape("CoinTracker", "", "ledger", "Date|Type|Received Quantity|Received Currency|Sent Quantity|Sent Currency",
          ledgers.cointracker, order="mdy"),
    Shape("Delta", "", "ledger", "Date|Way|Base amount|Base currency (name)|Quote amount|Exchange", ledgers.delta,
          by_wallet=True),
    Shape("Ghostfolio", "", "trades", "Date|Code|Currency|Price|Quantity|Action|Fee", trades.ghostfolio),
    Shape("Ghostfolio", "", "trades", "Date|Code|Currency|Price|Quantity|Type|Fee", trades.ghostfolio),
    Shape("Portfolio Performance", "", "trades", "Date|Type|Value|Transaction Currency|Shares|Ticker Symbol",
          trades.portfolio_performance, ""),
    Shape("Portfolio Performance", "", "trades", "Datum|Typ|Wert|Buchungswährung|Stück|Ticker-Symbol",
          trades.portfolio_performance, ""),
    Shape("Bitvavo", "bitvavo", "ledger", "Date|Time|Type|Currency|Amount|Received / Paid Amount|Fee amount|Status",
          ledgers.bitvavo),
    Shape("Crypto.com app", "crypto.com", "ledger", "Timestamp|Transaction Description|Currency|Amount|To Currency",
          ledgers.crypto_com),
    Shape("Revolut", "revolut", "trades", "Symbol|Type|Quantity|Price|Value|Fees|Date", trades.revolut),
)  # fmt: skip


def shape_of(titles: Sequence[str]) -> Shape | None:
    """Return the kind of export that some titles belong to, None where it is none that is known."""
    return next((shape for shape in SHAPES if shape.fits(titles)), None)


def read_statement(
    data: bytes, path: Path, mapping: Mapping[str, str] | Callable[[Export], Mapping[str, str]] | None = None
) -> tuple[Statement, Export]:
    """Read an export of any kind that is known, or a table of balances.

    Parameters
    ----------
    data, path
        The bytes, and the file that messages name.
    mapping
        The columns of a table that is none of the known kinds: coin, quantity, venue, price, value to its titles; or a
        function that gives them for the file.

    Raises
    ------
    TableFileError
        The file is none of these, or something in it cannot be read for sure: the line and what is wrong.
    """
    export = read_export(data, path, lambda titles: shape_of(titles) is not None)
    named = mapping(export) if callable(mapping) else dict(mapping or {})
    columns = {key: title for key, title in named.items() if key in MAPPED}
    shape = None if columns else shape_of(export.headers)
    if shape is None:
        return balances(export, guess_columns(export, columns), named.get("dates", "")), export
    read = Reading(export, shape.decimal, shape.zone, named.get("dates", shape.order))
    found = Statement(shape.name, shape.kind, shape.venue, by_wallet=shape.by_wallet)
    for row in export.rows:
        read.row = row
        shape.read(read, found)
    if not export.rows:
        raise TableFileError(f"{path.name}: {shape.name} has no rows")
    if shape.kind == "ledger":
        _check_states(found, path)
    return found, export


def _check_states(found: Statement, path: Path) -> None:
    """Say where the balances that a file states are not the sums of its rows: it does not begin at zero."""
    if not found.states:
        return
    sums: dict[tuple[str, str], Decimal] = {}
    for each in found.movements:
        sums[each.wallet, each.coin] = sums.get((each.wallet, each.coin), Decimal(0)) + each.amount
    for key, state in found.states.items():
        if abs(sums.get(key, Decimal(0)) - state) > Decimal("1e-8") * max(abs(state), Decimal(1)):
            found.notes.append(f"{key[1]}: the stated balance {state:f} is taken; the rows alone do not begin at zero")
