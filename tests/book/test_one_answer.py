"""One answer: what formulas without arguments show in every host is what ``plan --json`` says of the same book."""

from __future__ import annotations

import datetime as dt
import json
import math
import shutil
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwings
from typer.testing import CliRunner

from rebalance_xl.book.account_figures import account_figures
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.model import read_book
from rebalance_xl.book.net_delta import coin_deltas
from rebalance_xl.book.problems import ERROR
from rebalance_xl.book.schema import SETTINGS
from rebalance_xl.catalogue import WHOLE_BOOK
from rebalance_xl.cells import MISSING, CellError, to_serial
from rebalance_xl.cli import app
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.plan_figures import FIGURES
from rebalance_xl.hosts import excel
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.workbook import recalculate
from tests.excel.engine import open_book

ROOT = Path(__file__).resolve().parents[2]
DAY = dt.date(2026, 11, 20)


def _is_book(path: Path) -> bool:
    """Tell whether a workbook holds a book that can be planned."""
    workbook = FileWorkbook.open(path)
    if workbook.read_table("Portfolio") is None:
        return False
    book = read_book(workbook, DAY)
    return bool(book.holdings) and not [each for each in book.problems if each.severity == ERROR]


BOOKS = [
    path
    for path in (*sorted((ROOT / "tests" / "fixtures").glob("*.xls[xm]")), ROOT / "examples" / "sample.xlsx")
    if _is_book(path)
]


@lru_cache(maxsize=2)
def planned(path: Path) -> dict[str, Any]:
    """Return what ``plan --json`` prints."""
    own = FileWorkbook.open(path).read_name("AsOf")
    day = ["--as-of", f"{DAY}"] if own in (MISSING, None, "") else []
    answer = CliRunner().invoke(app, ["plan", str(path), "--json", *day])
    assert answer.exit_code in (0, 1), answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@cache
def calculated(path: Path) -> bytes:
    """Return a book with its own formulas calculated: some fixtures are kept without values."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        recalculate(copy, as_of=DAY)
        return copy.read_bytes()


def opened(path: Path) -> FileWorkbook:
    """Open a calculated book."""
    return FileWorkbook.from_bytes(calculated(path))


#: Moves of the whole market that STRESS_TABLE and `stress` are asked.
MOVES = (-0.5, -0.2, 0.0, 0.2)

#: Every formula that is asked, with its arguments.
ASKED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "prices": ("LIQUIDATION_PRICE", ()),
    "distances": ("LIQUIDATION_DISTANCE", ()),
    "trigger": ("REBALANCE_TRIGGER", ()),
    "plan": ("REBALANCE_PLAN", ()),
    "equity": ("ACCOUNT_EQUITY", ()),
    "maintenance": ("ACCOUNT_MAINTENANCE", ()),
    "deltas": ("NET_DELTA", ()),
    "move": ("ACCOUNT_LIQUIDATION_MOVE", (MISSING, MISSING, "both")),
    "stress": ("STRESS_TABLE", ([["ALL"], *([move] for move in MOVES)],)),
    **{f"figures {table}": ("PLAN_FIGURES", ([list(names)],)) for table, names in FIGURES.items()},
}


# --- hosts: each gives the answer of every formula --------------------------------------------------------------


def in_python(path: Path) -> dict[str, Any]:
    """Return the answers of the functions themselves, which read the file."""
    workbook = opened(path)
    offset = workbook.date_offset
    found = {}
    for key, (name, arguments) in ASKED.items():
        count = len(FUNCTIONS[name].parameters)
        given = [*arguments, *[MISSING] * (count - len(arguments))]
        today = to_serial(DAY) - offset
        found[key] = FUNCTIONS[name].call(*given, WHOLE_BOOK, today, workbook, date_offset=offset)
    return found


def asked_of(path: Path) -> list[str]:
    """Return what a book can be asked: without Futures nothing of accounts."""
    of_accounts = ("prices", "distances", "equity", "maintenance", "move", "stress", "figures Futures")
    has_futures = FileWorkbook.open(path).read_table("Futures") is not None
    return [key for key in ASKED if has_futures or key not in of_accounts]


def formula_of(name: str, arguments: tuple[Any, ...]) -> str:
    """Return a call as a user types it."""
    texts = []
    for each in arguments:
        if isinstance(each, list):
            rows = [",".join(json.dumps(cell) for cell in row) for row in each]
            texts.append("{" + ";".join(rows) + "}")
        else:
            texts.append("" if each is MISSING else f'"{each}"')
    return f"={name}({','.join(texts)})"


def headless(path: Path, folder: Path) -> dict[str, Any]:
    """Return what a recalculation puts into a sheet with the formulas."""
    source = folder / path.name
    shutil.copyfile(path, source)
    book = openpyxl.load_workbook(source)
    rows = 40
    for place, (name, arguments) in enumerate(ASKED.values()):
        sheet = book.create_sheet(f"Asked{place}")
        sheet["A1"] = formula_of(name, arguments)
    book.save(source)
    recalculate(source, as_of=DAY, spill_plain=True)
    values = openpyxl.load_workbook(source, data_only=True)
    return {
        key: [[cell.value for cell in row] for row in values[f"Asked{place}"]["A1" : f"L{rows}"]]
        for place, key in enumerate(ASKED)
    }


def in_excel(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what xlwings' functions give in a live workbook with the same tables."""
    workbook = opened(path)
    tables = {}
    for name in workbook.table_names():
        data = workbook.read_table(name)
        assert data is not None
        tables[name] = [list(data.headers), *map(list, data.rows)]
    settings = {name: value for name in SETTINGS if (value := workbook.read_name(name)) is not MISSING}
    if settings.get("AsOf") in (None, ""):
        settings["AsOf"] = dt.datetime(DAY.year, DAY.month, DAY.day)
    book, _ = open_book(tables, settings)
    monkeypatch.setattr(xlwings.Book, "caller", lambda: book)
    return {key: excel.answer(FUNCTIONS[name], arguments) for key, (name, arguments) in ASKED.items()}


# --- comparing ---------------------------------------------------------------------------------------------------


def flat(value: Any) -> list[list[Any]]:
    """Return an answer as rows without the blanks that an array's area adds; errors by their code."""
    rows = value if isinstance(value, list) else [[value]]
    kept = []
    for row in rows:
        cells = [cell.code if isinstance(cell, CellError) else None if cell == "" else cell for cell in row]
        while cells and cells[-1] in (None, "#N/A"):
            cells.pop()
        kept.append(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def same(one: Any, other: Any) -> bool:
    """Tell whether two cells agree: numbers to 1e-9, everything else exactly."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, dt.datetime) and isinstance(other, int | float):
        return same(to_serial(one), other)
    return bool(one == other)


def differences(found: Any, wanted: Any) -> list[Any]:
    """Return where two answers differ."""
    left, right = flat(found), flat(wanted)
    if [len(row) for row in left] != [len(row) for row in right]:
        return [(left, right)]
    return [
        (one, other)
        for a, b in zip(left, right, strict=True)
        for one, other in zip(a, b, strict=True)
        if not same(one, other)
    ]


# --- the laws -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_functions_say_what_the_plan_says(path: Path) -> None:
    """Trigger, lines, prices, weights, accounts and deltas are the numbers of plan --json."""
    plan, found = planned(path), in_python(path)
    assert found["trigger"] == plan["trigger"]["kind"]
    lines = [
        [line["asset"], line["action"], line["amount"], line["weight_before"], line["weight_after"], line["reason"]]
        for line in plan["lines"]
    ]
    assert differences(found["plan"][1:], [["" if cell is None else cell for cell in line] for line in lines]) == []
    book = read_book(opened(path), today=DAY)
    open_rows = [position.row for position in book.positions if position.quantity > 0]
    assert len(open_rows) == len(plan["positions"])
    titles, rows = list(FIGURES["Futures"]), found["figures Futures"]
    for row, position in zip(open_rows, plan["positions"], strict=True):
        price = position["liquidation_price"]
        shown = found["prices"] if isinstance(found["prices"], list) else [[found["prices"]]]
        beside = dict(zip(titles, rows[row], strict=True))
        for cell in (shown[row][0], beside["Liquidation price"]):
            assert (isinstance(cell, CellError) and price is None) or same(cell, price), position["symbol"]
        assert same(beside["Equity"], position["equity"])
        assert same(beside["Notional"], position["notional"])
        assert same(beside["Margin in money"], position["margin"])
        assert same(beside["Funding a day"], position["funding_per_day"])
        assert beside["Estimate"] == position["estimate"]
        if position["liquidation_distance"] is not None:
            assert same(beside["Distance"], position["liquidation_distance"])
    for delta in plan["net_delta"]:
        assert same(coin_deltas(book)[delta["asset"].casefold()], delta["before"])
    for row, holding in enumerate(book.holdings):
        beside = dict(zip(FIGURES["Portfolio"], found["figures Portfolio"][holding.row], strict=True))
        mine = [line for line in plan["lines"] if line["row"] == holding.row and line["product"] in ("spot", "cash")]
        sold = math.fsum(line["amount"] for line in mine if line["action"] == "SELL")
        assert same(beside["Trim"], sold), row
        assert same(beside["Buy"], math.fsum(line["amount"] for line in mine if line["action"] == "BUY"))
        assert any(same(beside["Weight"], line["weight_before"]) for line in mine)
        assert beside["Reason"] in [line["reason"] for line in mine]
    whole = dict(zip(FIGURES[""], found["figures "][0], strict=True))
    totals = plan["totals"]
    assert same(whole["Book value"], totals["value"])
    assert whole["Trigger"] == plan["trigger"]["kind"]
    assert same(whole["To buy"], totals["bought"])
    assert same(whole["Gain"], totals["realised_gain"])
    assert same(whole["Fees"], totals["fees"])
    distances = [p["liquidation_distance"] for p in plan["positions"] if isinstance(p["liquidation_distance"], float)]
    if distances and not any(position.target and not position.quantity for position in book.positions):
        assert same(whole["Nearest liquidation"], min(distances))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_account_functions_say_what_the_plan_says(path: Path) -> None:
    """Equity and requirement of every account, by the modes, wallets and fees of the book."""
    book, found = read_book(opened(path), today=DAY), in_python(path)
    cross = [
        each
        for each in account_figures(book, Tiers.of(book).tables)
        if each.pool not in {position.symbol for position in book.positions}
    ]
    for key, figure in (("equity", "equity"), ("maintenance", "requirement")):
        answer = found[key]
        if isinstance(answer, CellError):
            assert not book.positions
            continue
        rows = answer if isinstance(answer, list) else [["account", answer]]
        numbers = [row[1] for row in rows if row[1] not in ("", None)]
        for each in cross:
            unit = next((p.money for p in book.positions if p.margin_coin == each.pool and each.mode == "single"), 1.0)
            assert any(same(number * unit, getattr(each, figure)) for number in numbers), each
    falls = [each.fall for each in account_figures(book, Tiers.of(book).tables) if each.fall is not None]
    if falls and not isinstance(found["move"], CellError):
        down = found["move"][0][0]
        wanted = max((fall for fall in falls if math.isfinite(fall)), default=None)
        assert down == "NEVER" if wanted is None else same(down, wanted)


@pytest.mark.parametrize("path", [each for each in BOOKS if "stress" in asked_of(each)], ids=lambda path: path.stem)
def test_stress_table_says_what_the_stress_command_says(path: Path, tmp_path: Path) -> None:
    """Value, value if lost, equity, ratio and what falls, at every move, of the book as it stands."""
    copy = tmp_path / path.name
    copy.write_bytes(calculated(path))
    shocks = [f"--shock=ALL={move}" for move in MOVES]
    answer = CliRunner().invoke(app, ["stress", str(copy), "--as-of", f"{DAY}", "--json", *shocks])
    assert answer.exit_code == 0, answer.output
    rows = json.loads(answer.stdout)
    headers, *found = in_python(path)["stress"]
    assert headers == ["Value", "Value if lost", "Equity", "Ratio", "Liquidated"]
    wanted = [
        [
            row["value"],
            row["value_if_lost"],
            row["equity"],
            "LIQUIDATABLE"
            if any(each["is_dead"] and each["equity"] <= 0 for each in row["accounts"])
            else row["ratio"],
            ", ".join(row["liquidated"]),
        ]
        for row in rows
    ]
    assert differences(found, wanted) == []


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_recalculated_file_shows_the_same(path: Path, tmp_path: Path) -> None:
    """The formulas in a file, recalculated, show what the functions say."""
    wanted, found = in_python(path), headless(path, tmp_path)
    assert {key: wrong for key in asked_of(path) if (wrong := differences(found[key], wanted[key]))} == {}


@pytest.mark.parametrize("path", [each for each in BOOKS if "1904" not in each.name], ids=lambda path: path.stem)
def test_a_live_workbook_shows_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The formulas in Excel, through xlwings, show what the functions say."""
    wanted, found = in_python(path), in_excel(path, monkeypatch)
    assert {key: wrong for key in asked_of(path) if (wrong := differences(found[key], wanted[key]))} == {}
