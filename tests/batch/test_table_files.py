"""Text files as tables: what is clear is read, what is not is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.book.inputs import read_prices
from rebalance_xl.table_files import Numbers, TableFileError, read_table_bytes, read_table_file

HERE = Path("prices.csv")


def prices(text: str, tmp_path: Path, encoding: str = "utf-8") -> dict[str, object]:
    """Return the prices of a file by asset."""
    path = tmp_path / "prices.csv"
    path.write_bytes(text.encode(encoding))
    return {each.wanted: each.value for each in read_prices(path).changes}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Asset;Price\nBTC;60000,5\nSHIB;0,00000812\n", {"BTC": 60000.5, "SHIB": 0.00000812}),
        ("Asset;Price\nBTC;60.000,50\nSHIB;0,00000812\n", {"BTC": 60000.5, "SHIB": 0.00000812}),
        ('Asset,Price\nBTC,"60,000.50"\nSHIB,8.12E-06\n', {"BTC": 60000.5, "SHIB": 8.12e-06}),
        ("Asset\tPrice\nBTC\t60,000.5\nSHIB\t1,234\n", {"BTC": 60000.5, "SHIB": 1234.0}),
        ("Asset,Price\nSOL,160.125\nBTC,60000\n", {"SOL": 160.125, "BTC": 60000.0}),
        ("Asset;Price\nSOL;160.125\nBTC;60000.5\n", {"SOL": 160.125, "BTC": 60000.5}),
        ("Asset;Price\nBTC;1.234.567\nSOL;31.422\n", {"BTC": 1234567.0, "SOL": 31422.0}),
        ("Asset|Price\nBTC|60 000,50\nETH|2\u00a0500,5\n", {"BTC": 60000.5, "ETH": 2500.5}),
        ("Asset;Price\nBTC;60'000.50\nETH;2\u2019500.5\n", {"BTC": 60000.5, "ETH": 2500.5}),
        ("sep=;\nAsset;Price\nBTC;0.125\n", {"BTC": 0.125}),
        ('\n\nAsset,Price\n"BTC","7"\n,\n', {"BTC": 7.0}),
        ("Asset,Price,\nBTC,7,\n", {"BTC": 7.0}),
    ],
)
def test_clear_files_are_read(text: str, expected: dict[str, float], tmp_path: Path) -> None:
    """Delimiters, decimal marks and separators of thousands are found out where only one reading is possible."""
    assert prices(text, tmp_path) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    """Unicode encodings are recognised with and without their mark."""
    assert prices("Asset\tPrice\nBTC\t60000.5\n", tmp_path, encoding) == {"BTC": 60000.5}


@pytest.mark.parametrize(
    "text, message",
    [
        ("Asset,Price\nBTC,60,000\nETH,2,500\n", 'line 2: "BTC,60,000" has 3 fields, but the header has 2'),
        ("Asset,Price,\nBTC,60,000\n", 'line 2: "000" stands in a column without a title'),
        ("Asset;Price\nSHIB;8\nBTC;31,422\n", '"31,422" may be 31.422 with decimals or 31422; write 31.4220 or 31422'),
        ("Asset;Price\nBTC;31.422\nSHIB;0,008\n", 'line 2: "31.422" may be 31,422 with decimals or 31422'),
        ('Asset,Price\nBTC,"31,422"\n', "line 2: .* may be"),
        ("Asset;Price\nBTC;1.5\nSHIB;0,008\n", 'line 3: "0,008" has another decimal mark than "1.5" in line 2'),
        ("Asset;Price\nBTC;1.234.567\nSHIB;0.08\n", 'line 3: the point in "0.08" means something else than in "1.234'),
        ("Asset,Price\nBTC,1,23\n", "3 fields"),
        ('Asset,Price\nX,1\nBTC,"12,34,567"\n', 'line 3: the price of BTC is "12,34,567"'),
        ('Asset,Price\nBTC,"60"000"\n', "line 2: cannot be read"),
        ('Asset,Price\nBTC,1\nETH,"60\n', "line 3: cannot be read"),
        ("Asset,Price,price\nBTC,1,2\n", "the column price stands twice"),
        ("Asset,Price\nBTC,1e999\n", "cannot be read|too large"),
        ("Asset,Price\nBTC,$60000\n", "line 2: the price of BTC"),
        ("Asset,Price\nB\0C,1\n", "zero bytes"),
    ],
)
def test_unclear_files_are_refused_with_their_line(text: str, message: str, tmp_path: Path) -> None:
    """Nothing is read from a file of which one line has two readings, or none."""
    with pytest.raises(TableFileError, match=message):
        prices(text, tmp_path)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """Text in the encoding of one country is not guessed at."""
    with pytest.raises(TableFileError, match="line 2: is not UTF-8"):
        prices("Asset,Price\nGröße,1\n", tmp_path, "cp1252")


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    """What cannot be opened is named with why."""
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(TableFileError, match="cannot be read"):
            read_table_file(path)


def test_columns_that_are_not_used_are_known(tmp_path: Path) -> None:
    """A column such as Currency is told, since the price may be in other money than the book's."""
    path = tmp_path / "prices.csv"
    path.write_text("Date,Asset,Price,Currency\n2026-11-19,BTC,60000.5,EUR\n", encoding="utf-8")
    assert read_prices(path).unused == ("Date", "Currency")


def written(value: int, places: int, decimal: str, group: str) -> str:
    """Return value / 10**places as a file with these marks writes it."""
    digits = f"{value:0{places + 1}d}"
    whole, rest = (digits[:-places], digits[-places:]) if places else (digits, "")
    grouped = f"{int(whole):,}".replace(",", group)
    return f"{grouped}{decimal}{rest}" if rest else grouped


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 8)), min_size=1, max_size=6),
    st.sampled_from([(".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (".", ""), (",", "")]),
    st.sampled_from([";", "\t", ","]),
)
def test_no_number_is_misread(pairs: list[tuple[int, int]], marks: tuple[str, str], delimiter: str) -> None:
    """Whatever the marks of a file are: each number is read as written, or the file is refused."""
    texts = [written(value, places, *marks) for value, places in pairs]
    rows = "".join(f'X{delimiter}"{text}"\n' for text in texts)
    table = read_table_bytes(f"Asset{delimiter}Price\n{rows}".encode(), HERE)
    usual = delimiter == "," and marks[1] == "."
    try:
        numbers = table.numbers([1])
        found = [numbers.read(row.line, row.cells[1]) for row in table.rows]
    except TableFileError:
        return
    if usual and all("," not in text for text in texts):
        return  # a lone point between commas is what programs write: 31.422 is not thirty-one thousand
    assert found == [value / 10**places for value, places in pairs]


@pytest.mark.parametrize("decimal, expected", [(".", 31.422), (",", 31422.0)])
def test_a_known_decimal_mark_settles_it(decimal: str, expected: float) -> None:
    """Where the kind of file fixes the decimal mark, one mark before three digits has one reading."""
    numbers = Numbers(HERE, [(2, "31.422"), (3, "1.234.567")] if decimal == "," else [(2, "31.422")], decimal)
    assert numbers.read(2, "31.422") == expected
    assert numbers.read(2, "n/a") is None
    with pytest.raises(TableFileError, match="another decimal mark"):
        Numbers(HERE, [(4, "1.5" if decimal == "," else "1,5")], decimal)
