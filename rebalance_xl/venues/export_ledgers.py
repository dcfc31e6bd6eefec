"""Readers of ledgers: exports whose rows are movements of one coin, and the flows among them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from rebalance_xl.venues.figures import is_nothing
from rebalance_xl.venues.movements import Movement, Reading, Statement, movement_kind

_CONVERTED = re.compile(r"Converted [0-9.,]+ [A-Za-z0-9]+ to ([0-9.,]+) ([A-Za-z0-9]+)")


def binance_statement(read: Reading, found: Statement) -> None:
    """Read a row: change is signed, a fee is a row of its own; LD coins mirror Simple Earn."""
    coin, amount = read.coin("Coin"), read.number("Change")
    kind = movement_kind(read.text("Operation"))
    found.movements.append(_move(read, coin, amount, kind, read.text("Account"), read.mark(), "UTC_Time"))


def binance_futures(read: Reading, found: Statement) -> None:
    """Read a row: amount is signed; transfers come from the user's other wallets."""
    kind = {"FUNDING_FEE": "FUNDING", "COMMISSION": "FEE", "TRANSFER": "TRANSFER"}.get(read.text("type"), "TRADE")
    coin, amount = read.coin("Asset"), read.number("Amount")
    found.movements.append(_move(read, coin, amount, kind, "Futures", read.mark("Transaction ID"), "Date"))


def bybit_log(read: Reading, found: Statement) -> None:
    """Read a row: change is signed and net; the first row of a coin, newest first, states its balance."""
    coin, change = read.coin("Currency"), read.number("Change")
    word = read.text("Type")
    kind = "FUNDING" if word == "SETTLEMENT" else "TRADE" if word == "TRADE" else movement_kind(word)
    found.states.setdefault(("Unified", coin), read.number("Wallet Balance"))
    mark = f"{read.mark('Trade ID')}:{coin}:{read.line}" if not is_nothing(read.text("Trade ID")) else read.mark()
    found.movements.append(_move(read, coin, change, kind, "Unified", mark, "Time"))


def bybit_funding(read: Reading, found: Statement) -> None:
    """Read a row: qTY (Amount in older files) is signed."""
    coin, amount = read.coin("Coin"), read.number("QTY", "Amount")
    kind = movement_kind(read.text("Type"))
    found.movements.append(_move(read, coin, amount, kind, "Funding", read.mark(), "Date & Time", "Time"))


def kraken_ledger(read: Reading, found: Statement) -> None:
    """Read a row: the fee is taken beside the amount; rows without txid are pending copies."""
    if is_nothing(read.text("txid")):
        found.notes.append(f"line {read.line}: has no txid, a pending copy: left out")
        return
    coin, amount, fee = read.coin("asset"), read.number("amount"), read.number("fee", needed=False)
    word = read.text("type")
    kind = {"staking": "INCOME", "earn": "TRANSFER"}.get(word, movement_kind(word))
    if word == "earn" and read.text("subtype") == "reward":
        kind = "INCOME"
    found.movements.append(_move(read, coin, amount - fee, kind, "Kraken", read.text("txid"), "time"))


def coinbase(read: Reading, found: Statement) -> None:
    """Read a row: signed quantities; Convert's second leg stands in the notes, purchases are paid from the wallet."""
    coin, amount = read.coin("Asset"), read.number("Quantity Transacted")
    word = read.text("Transaction Type")
    folded = word.casefold()
    total = read.number("Total (inclusive of fees and/or spread)", needed=False)
    money = read.text("Price Currency", "Spot Price Currency")
    signed = "Price Currency" in read.export.headers
    if not signed and folded in ("sell", "send", "convert", "advanced trade sell"):
        amount = -abs(amount)
    kind = "TRADE" if folded in ("buy", "sell", "convert") or "trade" in folded else movement_kind(word)
    mark = read.mark("ID")
    found.movements.append(_move(read, coin, amount, kind, "Coinbase", mark, "Timestamp"))
    if folded in ("buy", "advanced trade buy", "sell", "advanced trade sell") and money:
        paid = -abs(total) if "buy" in folded else abs(total)
        found.movements.append(_move(read, money, paid, "TRADE", "Coinbase", f"{mark}:2", "Timestamp"))
        note = "purchases and sales are paid from the wallet, as the notes say; a card payment would not be"
        if note not in found.notes:
            found.notes.append(note)
    if folded == "convert":
        match = _CONVERTED.search(read.text("Notes"))
        if match is None:
            raise read.refuse("the notes of a Convert do not say what came in")
        came = read.figure(match[1]) or Decimal(0)
        found.movements.append(_move(read, match[2], came, "TRADE", "Coinbase", f"{mark}:2", "Timestamp"))


def kucoin_history(read: Reading, found: Statement) -> None:
    """Read a row: side is the sign; the fee is taken beside the amount."""
    coin, amount, fee = read.coin("Currency"), read.number("Amount"), read.number("Fee", needed=False)
    side = read.text("Side").casefold()
    if side not in ("deposit", "withdrawal", "in", "out"):
        raise read.refuse(f'Side is "{read.text("Side")}", neither Deposit nor Withdrawal')
    sign = 1 if side in ("deposit", "in") else -1
    word = read.text("Type") or read.text("Remark")
    kind = "TRADE" if word.casefold() in ("trade", "spot") else movement_kind(word)
    amount = sign * abs(amount) - fee
    found.movements.append(_move(read, coin, amount, kind, read.text("Account Type"), read.mark(), "Time"))


def okx_funding(read: Reading, found: Statement) -> None:
    """Read a row: amount and fee are signed, the fee beside the amount; After Balance is that of the funding wallet."""
    coin, amount, fee = read.coin("Symbol"), read.number("Amount"), read.number("Fee", needed=False)
    kind = movement_kind(read.text("Type"))
    found.movements.append(_move(read, coin, amount + fee, kind, "Funding", read.mark("id"), "Time"))
    found.states[("Funding", coin)] = read.number("After Balance")


def okx_trading(read: Reading, found: Statement) -> None:
    """Read a row: balance Change is net, in the unit of the last column of that name; swap amounts are in contracts."""
    coin, amount = read.coin("Unit", last=True), read.number("Balance Change")
    kind = "FUNDING" if "funding" in read.text("Type", "Trade Type").casefold() else "TRADE"
    if "transfer" in read.text("Type", "Trade Type").casefold():
        kind = "TRANSFER"
    found.movements.append(_move(read, coin, amount, kind, "Trading", read.mark("id"), "Time"))
    found.states[("Trading", coin)] = read.number("Balance")


def gate_history(read: Reading, found: Statement) -> None:
    """Read a row: change_amount is signed; type names the coin."""
    coin, amount = read.coin("type"), read.number("change_amount")
    kind = movement_kind(read.text("action_desc"))
    found.movements.append(_move(read, coin, amount, kind, "Gate", read.mark("no"), "time"))


def bitvavo(read: Reading, found: Statement) -> None:
    """Read a row: the amount paid holds the fee; a withdrawal's is on top. Times are local, the zone in a column."""
    if read.text("Status").casefold() not in ("completed", "distributed"):
        found.notes.append(f"line {read.line}: its status is {read.text('Status') or 'blank'}: left out")
        return
    coin, amount = read.coin("Currency"), read.number("Amount")
    word, mark = read.text("Type").casefold(), read.mark("Transaction ID")
    place = read.place("Date")
    assert place is not None
    text = f"{read.text('Date')} {read.text('Time')}".strip()
    time = read.date(place, text, read.text("Timezone"))
    kind = "TRADE" if word in ("buy", "sell", "trade") else movement_kind(word)
    found.movements.append(Movement(read.line, coin, amount, kind, "Bitvavo", time, mark))
    paid = read.number("Received / Paid Amount", needed=False)
    if paid:
        other = read.coin("Received / Paid Currency")
        found.movements.append(Movement(read.line, other, paid, "TRADE", "Bitvavo", time, f"{mark}:2"))
    fee = read.number("Fee amount", needed=False)
    if fee and word.startswith("withdraw"):
        other = read.coin("Fee currency")
        found.movements.append(Movement(read.line, other, -abs(fee), kind, "Bitvavo", time, f"{mark}:fee"))


def crypto_com(read: Reading, found: Statement) -> None:
    """Read a row: amount is signed; To Currency and To Amount are the other leg."""
    coin, amount = read.coin("Currency"), read.number("Amount")
    kind = movement_kind(read.text("Transaction Kind") or read.text("Transaction Description"))
    mark = read.mark("Transaction Hash")
    to = read.text("To Currency")
    kind = "TRADE" if not is_nothing(to) else kind
    found.movements.append(_move(read, coin, amount, kind, "Crypto.com", mark, "Timestamp"))
    if not is_nothing(to):
        other = abs(read.number("To Amount"))
        found.movements.append(
            _move(read, read.coin("To Currency"), other, kind, "Crypto.com", f"{mark}:2", "Timestamp")
        )


def koinly(read: Reading, found: Statement) -> None:
    """Read a row: what was sent left one wallet, what was received entered another; the fee may be their difference."""
    sent, came = read.number("Sent Amount", needed=False), read.number("Received Amount", needed=False)
    fee, mark = read.number("Fee Amount", needed=False), read.mark("TxHash")
    time = read.time("Date")
    crosses = not (sent and came)
    if sent:
        wallet, coin = read.text("Sending Wallet"), read.coin("Sent Currency")
        kind = "WITHDRAWAL" if crosses else "TRADE"
        found.movements.append(Movement(read.line, coin, -abs(sent), kind, wallet, time, f"{mark}:out"))
    if came:
        wallet, coin = read.text("Receiving Wallet"), read.coin("Received Currency")
        word = read.text("Label", "Tag").casefold()
        kind = "TRADE" if not crosses else "INCOME" if word in _INCOME else "DEPOSIT"
        found.movements.append(Movement(read.line, coin, abs(came), kind, wallet, time, f"{mark}:in"))
    if fee:
        coin = read.coin("Fee Currency")
        between = sent and came and read.coin("Sent Currency") == read.coin("Received Currency") == coin
        if between and abs(abs(sent) - abs(came) - abs(fee)) <= abs(fee) * Decimal("1e-9"):
            return  # the fee is the difference already
        wallet = read.text("Sending Wallet") or read.text("Receiving Wallet")
        found.movements.append(Movement(read.line, coin, -abs(fee), "FEE", wallet, time, f"{mark}:fee"))


_INCOME: Final = ("reward", "staking", "airdrop", "lending interest", "mining", "cashback", "income", "fork")


def cointracker(read: Reading, found: Statement) -> None:
    """Read a row: sent and received legs with a fee beside them; dates are American."""
    sent, came = read.number("Sent Quantity", needed=False), read.number("Received Quantity", needed=False)
    fee, mark, word = read.number("Fee Amount", needed=False), read.mark("Transaction ID"), read.text("Type")
    kind = "TRADE" if sent and came else movement_kind(word)
    time = read.time("Date")
    if sent:
        coin = read.coin("Sent Currency")
        found.movements.append(Movement(read.line, coin, -abs(sent), kind, "", time, f"{mark}:out"))
    if came:
        coin = read.coin("Received Currency")
        found.movements.append(Movement(read.line, coin, abs(came), kind, "", time, f"{mark}:in"))
    if fee:
        coin = read.coin("Fee Currency")
        found.movements.append(Movement(read.line, coin, -abs(fee), "FEE", "", time, f"{mark}:fee"))


def delta(read: Reading, found: Statement) -> None:
    """Read a row: base and quote amounts, signed by the way; the fee comes on top."""
    way, coin, amount = read.text("Way").upper(), read.coin("Base currency (name)"), abs(read.number("Base amount"))
    comes = way in ("BUY", "DEPOSIT", "RECEIVE")
    if not comes and way not in ("SELL", "WITHDRAW", "WITHDRAWAL", "SEND"):
        raise read.refuse(f'Way is "{read.text("Way")}", which is not known')
    time, mark, wallet = read.time("Date"), read.mark(), read.text("Exchange")
    kind = "TRADE" if way in ("BUY", "SELL") else "DEPOSIT" if comes else "WITHDRAWAL"
    found.movements.append(Movement(read.line, coin, amount if comes else -amount, kind, wallet, time, mark))
    if kind == "TRADE":
        other, money = read.coin("Quote currency"), abs(read.number("Quote amount"))
        found.movements.append(Movement(read.line, other, -money if comes else money, kind, wallet, time, f"{mark}:2"))
    fee = read.number("Fee amount", needed=False)
    if fee:
        other = read.coin("Fee currency (name)")
        found.movements.append(Movement(read.line, other, -abs(fee), "FEE", wallet, time, f"{mark}:fee"))


def transfers(read: Reading, found: Statement) -> None:
    """Read a row: deposits or withdrawals of Binance and MEXC; only those that are completed count."""
    status = read.text("Status", "Progress").casefold()
    if not any(word in status for word in ("completed", "success", "credited")):
        found.notes.append(f"line {read.line}: its status is {status or 'blank'}: left out")
        return
    out = read.has("Withdrawal Address") or read.has("Request Amount")
    amount = read.number("Deposit Amount", "Request Amount", "Amount")
    if not out and not read.has("Deposit Amount"):
        out = "withdraw" in read.export.path.name.casefold()
        note = f"taken as {'withdrawals' if out else 'deposits'}, by the name of the file"
        if note not in found.notes:
            found.notes.append(note)
    fee = read.number("TransactionFee", "Trading Fee", "Fee", needed=False) if out else Decimal(0)
    coin, kind = read.coin("Coin", "Crypto"), "WITHDRAWAL" if out else "DEPOSIT"
    gross = abs(amount) if read.has("Request Amount") else abs(amount) + abs(fee)  # MEXC's request holds the fee
    total = -gross if out else abs(amount)
    found.movements.append(_move(read, coin, total, kind, "", read.mark("TXID", "TxID"), "Date", "Time"))


def _move(read: Reading, coin: str, amount: Decimal, kind: str, wallet: str, mark: str, *times: str) -> Movement:
    return Movement(read.line, coin, amount, kind, wallet, read.time(*times), mark)
