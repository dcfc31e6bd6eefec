"""Exports as people have them: every shape read right, whatever was done to the bytes; the rest refused by line."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from rebalance_xl.table_files import TableFileError
from rebalance_xl.venues.exports import SHAPES, read_statement
from rebalance_xl.venues.movements import Statement
from rebalance_xl.venues.names import coin_of
from tests.venues.samples import SAMPLES, Sample

#: Titles of the figures without which a row means nothing.
FIGURES = {
    *(
        "Change",
        "Executed",
        "Amount",
        "QTY",
        "Filled Quantity",
        "Quantity",
        "Menge",
        "Balance Change",
        "Shares",
        "Sell",
    ),
    *("Quantity Transacted", "Executed Amount", "amount", "vol", "change_amount", "Base amount", "Filled Amount"),
    *("Closing PNL", "Deposit Amount", "Request Amount", "Received Amount", "Buy", "Received Quantity", "Stück"),
}


def sums(found: Statement) -> dict[str, Decimal]:
    """Return the units by coin, after the rules for names; what adds up to nothing is left out."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for (_, name), amount in found.sums().items():
        totals[coin_of(name, found.venue).coin] += amount
    return {coin: total for coin, total in totals.items() if total}


def read(data: bytes, name: str) -> Statement:
    """Read the bytes of an export."""
    return read_statement(data, Path(name))[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=[each.name for each in SAMPLES])
def test_each_shape_is_known_and_read(sample: Sample) -> None:
    """The kind, the sums by coin and the number of flows are what the rows mean."""
    found = read(sample.text.encode(sample.encoding), sample.name)
    assert (found.source, found.kind) == (sample.source, sample.kind)
    assert sums(found) == {coin: Decimal(units) for coin, units in sample.sums.items()}
    flows = [each for each in found.movements if each.kind in ("DEPOSIT", "WITHDRAWAL", "FUNDING", "INCOME")]
    if found.kind in ("ledger", "flows"):
        assert len(flows) == sample.flows
    assert all(each.time is not None for each in found.movements if found.kind != "balances")


def test_every_known_shape_has_a_sample() -> None:
    """No shape is without a test."""
    assert {shape.name for shape in SHAPES} <= {sample.source for sample in SAMPLES}


def test_shared_exports(shared_dir: Path) -> None:
    """The exports beside the checkout give their expected balances, by coin and by wallet."""
    folder = shared_dir / "data" / "exports"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for name, wanted in expected.items():
        found = read((folder / name).read_bytes(), name)
        assert found.kind == wanted["kind"], name
        assert sums(found) == {coin: Decimal(units) for coin, units in wanted["balances"].items()}, name
        for wallet, balances in wanted.get("by_wallet", {}).items():
            own: dict[str, Decimal] = defaultdict(Decimal)
            for (place, coin), amount in found.sums().items():
                if place == wallet and amount:
                    own[coin_of(coin, found.venue).coin] += amount
            assert own == {coin: Decimal(units) for coin, units in balances.items()}, (name, wallet)


# --- the same export in another dress ---------------------------------------------------------------------------


def mark_of(line: str) -> str:
    """Return what separates the fields of a line."""
    return max("\t;,", key=line.count)


def dressed(sample: Sample, draw: random.Random) -> tuple[bytes, str]:
    """Return a sample's bytes with everything changed that does not change its meaning."""
    text = sample.text.replace("\r\n", "\n")
    lines = text.split("\n")
    head = ""
    if lines[0].startswith("sep="):
        head, lines = lines[0], lines[1:]
    separator = head[4:5] or mark_of(lines[-2])
    records = [row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator) if row]
    start = max(range(len(records)), key=lambda place: len(records[place]) if place < 4 else 0)
    titles, rows = records[start], records[start + 1 :]
    positional = "Cur." in titles or titles.count("Unit") > 1
    if draw.random() < 0.5 and not positional:
        order = list(range(len(titles)))
        draw.shuffle(order)
        titles = [titles[place] for place in order]
        rows = [[(row + [""] * len(order))[place] for place in order] for row in rows]
    if draw.random() < 0.5:
        titles = [*titles, "Extra"]
        rows = [[*row, draw.choice(["", "x", "a note"])] for row in rows]
    if draw.random() < 0.3:
        rows = [[f" {cell} " if draw.random() < 0.3 else cell for cell in row] for row in rows]
    kind = draw.choice(["csv", "csv", "csv", "zip", "xlsx"])
    if kind == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        for row in [*records[:start], titles, *rows]:
            sheet.append([cell if cell else None for cell in row])
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue(), sample.name
    separator = draw.choice([",", ";", "\t", "|"])
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=separator,
        lineterminator=draw.choice(["\n", "\r\n"]),
        quoting=draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    for row in [*records[:start], titles, *rows]:
        writer.writerow(row)
        if draw.random() < 0.1:
            out.write("\n")
    body = out.getvalue()
    if draw.random() < 0.3:
        body = f"sep={separator}\n{body}"
    encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
    try:
        data = body.encode(encoding)
    except UnicodeEncodeError:
        data = body.encode("utf-8")
    if kind == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(sample.name, data)
        data = stream.getvalue()
    return data, sample.name


def broken(sample: Sample, draw: random.Random) -> tuple[bytes, str]:
    """Return a sample's bytes with something gone that it needs."""
    text = sample.text.replace("\r\n", "\n").rstrip("\n")
    data = text.encode("utf-8")
    kind = draw.choice(["title", "cut", "html", "xls", "zeros", "quote", "wide", "letters", "zip", "empty"])
    lines = text.split("\n")
    if kind == "cut":
        last = lines[-1]
        return "\n".join([*lines[:-1], last[: max(len(last) // 5, 2)]]).encode(), kind
    if kind == "html":
        return b"<html><table>" + data, kind
    if kind == "xls":
        return b"\xd0\xcf\x11\xe0" + data, kind
    if kind == "zeros":
        return data[: len(data) // 2] + b"\0\0\0" + data[len(data) // 2 :], kind
    if kind == "quote":
        return data + b'\n"open', kind
    if kind == "wide":
        mark = mark_of(lines[-1])
        return (text + "\n" + mark.join(["BTC", *["1"] * 60])).encode(), kind
    if kind == "zip":
        return b"PK\x03\x04" + data, kind
    if kind == "empty":
        return draw.choice([b"", b"\n\n", b"hello", b"1,2,3\n4,5,6\n"]), kind
    mark = mark_of(lines[-1])
    start = next(
        place for place, line in enumerate(lines) if set(next(csv.reader([line], delimiter=mark), [])) & FIGURES
    )
    if kind == "title":
        titles = [f"c{place}" for place, _ in enumerate(lines[start].split(mark))]
        return "\n".join([*lines[:start], mark.join(titles), *lines[start + 1 :]]).encode(), kind
    titles = next(csv.reader([lines[start]], delimiter=mark))
    place = next(i for i, title in enumerate(titles) if title in FIGURES)
    cells = next(csv.reader([lines[start + 1]], delimiter=mark))
    cells[place] = draw.choice(["abc", "1.2.3,4,5", "12:30", "0x10", "1e999", "#REF!"])
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerow(cells)
    return "\n".join([*lines[: start + 1], out.getvalue().strip("\n"), *lines[start + 2 :]]).encode(), kind


def refusal_of(data: bytes, name: str, wanted: dict[str, Decimal]) -> str:
    """Return why a file is refused, nothing where it is read right; a wrong result is an error."""
    try:
        found = sums(read(data, name))
    except TableFileError as failure:
        return str(failure)
    assert found == wanted, (name, data[-200:])
    return ""


def mutate(count: int, seed: int) -> tuple[int, int]:
    """Read many mutated files; return how many were read right and how many refused."""
    draw = random.Random(seed)
    right = refused = 0
    for _ in range(count):
        sample = draw.choice(SAMPLES)
        wanted = {coin: Decimal(units) for coin, units in sample.sums.items()}
        if draw.random() < 0.6:
            data, name = dressed(sample, draw)
            assert sums(read(data, name)) == wanted, (sample.name, data[:200])
            right += 1
        else:
            data, kind = broken(sample, draw)
            message = refusal_of(data, sample.name, wanted)
            if kind != "letters" or message:  # a figure that the reader does not need may be anything
                assert sample.name in message, (kind, data[-200:])
                assert len(message) < 1200
                refused += 1
            else:
                right += 1
    return right, refused


def test_mutated_files_end_in_a_refusal_or_the_right_result() -> None:
    """A sample of mutated files: dressed differently they read the same, broken they are refused."""
    right, refused = mutate(150, 1)
    assert right > 50
    assert refused > 30


@pytest.mark.slow
def test_two_thousand_mutated_files() -> None:
    """Two thousand of them."""
    right, refused = mutate(2000, 20261128)
    assert right + refused == 2000


# --- what may be two things -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, word",
    [
        ("Coin;Menge\nUSDT;12.500\n", "may be 12.500 with decimals or 12500"),
        ("Coin;Menge;Bestand\nUSDT;1;2\n", 'say --map "quantity=Menge"'),
        ("Name of thing;Menge\nUSDT;1\n", 'say --map "coin=TITLE"'),
        ("Coin;Menge\nUSDT;-5\n", "a balance is 0 or more"),
        ("Coin;Menge\nUSDT;\n", "the quantity of USDT is blank"),
        ("Coin;Menge\n123;5\n", "is no coin"),
        ("Coin;Menge\nTotal;5\n", "no rows with a coin"),
    ],
)
def test_what_may_be_two_things_is_refused(text: str, word: str) -> None:
    """The message says what was found and what is needed."""
    with pytest.raises(TableFileError, match=word.replace("(", r"\(")):
        read(text.encode(), "mine.csv")


def test_price_times_quantity_decides_about_a_point() -> None:
    """12.500 at 0,92 worth 11.500,00 is twelve thousand five hundred; worth 11,50 it is twelve and a half."""
    head = "Coin;Menge;Kurs;Wert\n"
    assert sums(read(f"{head}USDT;12.500;0,92;11.500,00\n".encode(), "a.csv")) == {"USDT": Decimal(12500)}
    with pytest.raises(TableFileError):
        read(f"{head}USDT;12.500;0,92;99,00\n".encode(), "a.csv")


def test_slashed_dates_that_may_be_two_days_are_refused() -> None:
    """03/04/2026 alone is refused; a day above 12 in the column, or --map dates=dmy, decides."""
    head = "Date,Code,DataSource,Currency,Price,Quantity,Action,Fee,Note\n"
    row = "03/04/2026,BTC-USD,YAHOO,USD,90000,0.02,buy,1.00,\n"
    with pytest.raises(TableFileError, match="dates=dmy"):
        read((head + row).encode(), "g.csv")
    found, _ = read_statement((head + row).encode(), Path("g.csv"), {"dates": "dmy"})
    assert found.movements[0].time is not None
    assert (found.movements[0].time.month, found.movements[0].time.day) == (4, 3)


def test_a_spreadsheet_that_changed_a_coin_is_refused() -> None:
    """TRUE and dates in the column of coins are refused with their line."""
    for value in (True, __import__("datetime").datetime(2026, 3, 1)):
        book = openpyxl.Workbook()
        book.worksheets[0].append(["Coin", "Quantity"])
        book.worksheets[0].append([value, 5])
        stream = io.BytesIO()
        book.save(stream)
        with pytest.raises(TableFileError, match="line 2"):
            read(stream.getvalue(), "mine.xlsx")


def test_zones_decide_the_day() -> None:
    """01:00 in UTC+02:00 is the day before in UTC; -04:00 in a cell likewise moves a late evening on."""
    kucoin = next(each for each in SAMPLES if each.name == "kucoin.csv")
    first = read(kucoin.text.encode(), "k.csv").movements[0].time
    assert first is not None
    assert (first.month, first.day) == (2, 28)
    delta = next(each for each in SAMPLES if each.name == "delta.csv")
    moved = read(delta.text.encode(), "d.csv").movements[0].time
    assert moved is not None
    assert moved.day == 2
