"""Venues' answers about tiers: recognised by their keys, read as stated, checked, and found before shipped tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rebalance_xl.book.interface import TableData
from rebalance_xl.cli import app
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.tier_answers import AnswerError, read_answer
from rebalance_xl.functions.tier_files import VARIABLE
from rebalance_xl.functions.tier_tables import shipped_tables
from rebalance_xl.hosts.file import FileWorkbook


def bracket(floor: float, cap: float, leverage: float, rate: float, **more: Any) -> dict[str, Any]:
    """Return one bracket as Binance gives it."""
    return {
        "notionalFloor": floor,
        "notionalCap": cap,
        "initialLeverage": leverage,
        "maintMarginRatio": rate,
        **more,
    }


BINANCE = {"symbol": "PIXUSDT", "brackets": [bracket(0, 4000, 40, 0.012, cum=0), bracket(4000, 9000, 20, 0.02, cum=32)]}
BYBIT_ROWS = [
    {"id": 2, "symbol": "PIXUSDT", "riskLimitValue": "50000", "maintenanceMargin": "0.02", "maxLeverage": "25"},
    {"id": 1, "symbol": "PIXUSDT", "riskLimitValue": "20000", "maintenanceMargin": "0.01", "maxLeverage": "50"},
]
OKX = {
    "code": "0",
    "data": [
        {"instFamily": "PIX-USDT", "tier": "1", "minSz": "0", "maxSz": "300", "mmr": "0.01", "maxLever": "50"},
        {"instFamily": "PIX-USDT", "tier": "2", "minSz": "301", "maxSz": "900", "mmr": "0.02", "maxLever": "25"},
        {"instFamily": "", "instId": "PIX-USDT", "maxSz": "1", "mmr": "0.1", "maxLever": "5", "quoteMaxLoan": "9"},
    ],
}
OKX_SIZES = {"code": "0", "data": [{"instFamily": "PIX-USDT", "ctVal": "0.5", "ctValCcy": "PIX", "ctType": "linear"}]}
MEXC_CUSTOM = {
    "success": True,
    "data": {
        "symbol": "PIX_USDT",
        "contractSize": 10,
        "settleCoin": "USDT",
        "riskLimitType": "BY_VOLUME",
        "riskLimitMode": "CUSTOM",
        "riskLimitCustom": [
            {"level": 1, "maxVol": 70, "mmr": 0.006, "imr": 0.012, "maxLeverage": 80},
            {"level": 2, "maxVol": 90, "mmr": 0.02, "imr": 0.04, "maxLeverage": 25},
        ],
        "liquidationFeeRate": 0.0004,
    },
}
MEXC_STEPS = {
    "data": [
        {
            "symbol": "PIX_USDT",
            "contractSize": 0.5,
            "settleCoin": "USDT",
            "riskLimitType": "BY_VALUE",
            "riskLimitMode": "INCREASE",
            "riskBaseVol": 1000,
            "riskIncrVol": 500,
            "riskIncrMmr": 0.01,
            "riskIncrImr": 0.02,
            "riskLevelLimit": 2,
            "maintenanceMarginRate": 0.01,
            "initialMarginRate": 0.02,
        }
    ]
}
WEEX = [
    {
        "symbol": "PIXUSDT",
        "brackets": [
            {"notionalFloor": "0", "notionalCap": "700", "initialLeverage": "30", "maintMarginRatio": "0.01"},
            {"notionalFloor": "700", "notionalCap": "900", "initialLeverage": "20", "maintMarginRatio": "0.03"},
        ],
    }
]
BINGX = {
    "code": 0,
    "data": [
        {
            "symbol": "PIX-USDT",
            "minPositionVal": "0",
            "maxPositionVal": "80",
            "maintMarginRatio": "0.01",
            "maintAmount": "0",
        }
    ],
}
BITGET = {
    "data": [{"symbol": "PIXUSDT", "startUnit": "0", "endUnit": "60", "leverage": "20", "keepMarginRate": "0.02"}]
}
KUCOIN = {
    "data": [
        {
            "symbol": "PIXUSDTM",
            "level": 1,
            "maxRiskLimit": 900,
            "minRiskLimit": 0,
            "maxLeverage": 20,
            "maintainMargin": 0.02,
        }
    ]
}
GATE = [
    {"contract": "PIX_USDT", "tier": 1, "risk_limit": "100", "maintenance_rate": "0.01", "leverage_max": "50"},
    {"contract": "PIX_USDT", "tier": 2, "risk_limit": "300", "maintenance_rate": "0.03", "leverage_max": "15"},
]
HYPERLIQUID = {
    "universe": [
        {"name": "PIX", "maxLeverage": 10, "marginTableId": 61},
        {"name": "GONE", "maxLeverage": 3, "marginTableId": 3, "isDelisted": True},
        {"name": "POX", "maxLeverage": 4, "marginTableId": 4},
    ],
    "marginTables": [
        [61, {"marginTiers": [{"lowerBound": "0.0", "maxLeverage": 10}, {"lowerBound": "500.0", "maxLeverage": 5}]}]
    ],
}
KRAKEN = {
    "result": "success",
    "instruments": [
        {
            "symbol": "PF_PIXUSD",
            "marginLevels": [
                {"numNonContractUnits": 0, "initialMargin": 0.02, "maintenanceMargin": 0.01},
                {"numNonContractUnits": 400, "initialMargin": 0.05, "maintenanceMargin": 0.025},
            ],
        },
        {"symbol": "in_spot"},
    ],
}
CCXT = {
    "PIX/USDT:USDT": [
        {"tier": 1, "minNotional": 0.0, "maxNotional": 400.0, "maintenanceMarginRate": 0.01, "maxLeverage": 50.0},
        {"tier": 2, "minNotional": 400.0, "maxNotional": 900.0, "maintenanceMarginRate": 0.02, "maxLeverage": 20.0},
    ]
}
CCXT_INFO = {
    "updated": "2025-02-03 10:00:00+00:00",
    "data": {
        "PIX/USDT:USDT": [
            {
                "tier": 1,
                "symbol": None,
                "minNotional": 0.0,
                "maxNotional": 20000.0,
                "maintenanceMarginRate": 0.01,
                "info": BYBIT_ROWS[1],
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("answer", "name", "unit", "cells"),
    [
        ([BINANCE], "binance:PIXUSDT", "USDT", [[0, 4000, 40, 0.012, 0], [4000, 9000, 20, 0.02, 32]]),
        (
            BINANCE | {"notionalCoef": 2},
            "binance:PIXUSDT",
            "USDT",
            [[0, 8000, 40, 0.012, 0], [8000, 18000, 20, 0.02, 64]],
        ),
        (
            {"retCode": 0, "result": {"category": "linear", "list": BYBIT_ROWS}},
            "bybit:PIXUSDT",
            "USDT",
            [[0, 20000, 50, 0.01, 0], [20000, 50000, 25, 0.02, 200]],
        ),
        (MEXC_CUSTOM, "mexc:PIX_USDT", "contracts(10 PIX)", [[0, 70, 80, 0.006, None], [70, 90, 25, 0.02, None]]),
        (MEXC_STEPS, "mexc:PIX_USDT", "USDT", [[0, 1000, 50, 0.01, None], [1000, 1500, 25, 0.02, None]]),
        (WEEX, "weex:PIXUSDT", "USDT", [[0, 700, 30, 0.01, 0], [700, 900, 20, 0.03, 14]]),
        ({"code": "200", "data": WEEX}, "weex:PIXUSDT", "USDT", [[0, 700, 30, 0.01, 0], [700, 900, 20, 0.03, 14]]),
        (BINGX, "bingx:PIX-USDT", "USDT", [[0, 80, None, 0.01, 0]]),
        (BITGET, "bitget:PIXUSDT", "USDT", [[0, 60, 20, 0.02, 0]]),
        (KUCOIN, "kucoin:PIXUSDTM", "USDT", [[0, 900, 20, 0.02, None]]),
        (GATE, "gate:PIX_USDT", "USDT", [[0, 100, 50, 0.01, 0], [100, 300, 15, 0.03, 2]]),
        (HYPERLIQUID, "hyperliquid:PIX", "USDC", [[0, 500, 10, 0.05, 0], [500, None, 5, 0.1, 25]]),
        (KRAKEN, "kraken:PF_PIXUSD", "USD", [[0, 400, 50, 0.01, None], [400, None, 20, 0.025, None]]),
        (CCXT_INFO, "bybit:PIXUSDT", "USDT", [[0, 20000, 50, 0.01, 0]]),
    ],
    ids=lambda each: each if isinstance(each, str) and ":" in each else None,
)
def test_answer_is_read_as_stated(answer: Any, name: str, unit: str, cells: list[list[Any]]) -> None:
    """Floors, caps, leverages, rates and deductions are the venue's; a missing deduction is computed or stays blank."""
    found = read_answer(answer, as_of="2026-11-01", source="answer.json")
    table = next(each for each in found.tables if each.name == name)
    assert found.refused == []
    assert table.unit == unit
    assert [[None if cell is None else pytest.approx(cell) for cell in row] for row in cells] == table.cells
    assert table.as_of == ("2025-02-03" if answer is CCXT_INFO else "2026-11-01")


def test_hyperliquid_leaves_out_what_is_delisted() -> None:
    """A delisted coin has no table, a table number below 50 means one tier with that leverage."""
    names = {each.name: each.cells for each in read_answer(HYPERLIQUID).tables}
    assert set(names) == {"hyperliquid:PIX", "hyperliquid:POX"}
    assert names["hyperliquid:POX"] == [[0.0, None, 4.0, 0.125, 0.0]]


def test_ccxt_needs_the_venue_where_nothing_tells_it() -> None:
    """Without the venue's own object the venue is asked for; with it the amounts are computed."""
    assert "--venue" in read_answer(CCXT).refused[0]
    (table,) = read_answer(CCXT, venue="bitget").tables
    assert (table.name, table.cells[1]) == ("bitget:PIXUSDT", [400.0, 900.0, 20.0, 0.02, 4.0])


@pytest.mark.parametrize("answer", [[], {}, {"data": []}, [{"foo": 1}], "text", 3, [[1, 2]], {"symbol": "X"}])
def test_unknown_answers_are_refused(answer: Any) -> None:
    """What is no tier answer is refused, never read as something."""
    with pytest.raises(AnswerError):
        read_answer(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"data": {**MEXC_CUSTOM["data"], "riskLimitCustom": [{"level": 1, "maxVol": 5}]}}, "mexc:PIX_USDT: rate"),  # type: ignore[dict-item]
        ([{"symbol": "PIXUSDT", "brackets": [bracket(0, 5, 2, "much", cum=0)]}], "binance:PIXUSDT: 'much'"),  # type: ignore[arg-type]
    ],
)
def test_entries_without_a_rate_are_refused_by_name(answer: Any, words: str) -> None:
    """One bad symbol is named and left out."""
    assert read_answer(answer).refused[0].startswith(words)


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the place of a user's own tier file that nobody else has."""
    path = tmp_path / "own" / "tiers.csv"
    monkeypatch.setenv(VARIABLE, str(path))
    shipped_tables.cache_clear()
    yield path
    monkeypatch.setenv(VARIABLE, "")
    shipped_tables.cache_clear()


def run(*arguments: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["tiers", *map(str, arguments)])
    return answer.exit_code, answer.output


def saved(folder: Path, name: str, answer: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(answer))
    return path


def test_import_goes_before_the_shipped_tables(own: Path, tmp_path: Path) -> None:
    """An imported table answers from then on; a second import replaces it and keeps the others."""
    btc = {"symbol": "BTCUSDT", "brackets": [bracket(0, 1000, 20, 0.1, cum=0)]}
    code, _ = run("import", saved(tmp_path, "a.json", [BINANCE, btc]), "--as-of", "2026-11-20")
    assert code == 0
    call = FUNCTIONS["MAINTENANCE_MARGIN"].call
    assert call(500, "binance:BTCUSDT") == 50.0
    assert call(500, "binance:PIXUSDT") == pytest.approx(6.0)
    assert call(500, "binance:ETHUSDT") == 2.0
    assert run("import", saved(tmp_path, "b.json", GATE))[0] == 0
    assert call(200, "gate:PIX_USDT") == pytest.approx(4.0)
    assert call(500, "binance:BTCUSDT") == 50.0
    code, text = run("binance:BTCUSDT", "--as-of", "2026-11-21")
    assert code == 0
    assert "1 days" in text


def test_contracts_need_their_size(own: Path, tmp_path: Path) -> None:
    """OKX's tiers count contracts: without the instruments they are refused, with them they are read."""
    tiers = saved(tmp_path, "tiers.json", OKX)
    code, text = run("import", tiers)
    assert code == 1
    assert "import the instruments file with it" in text
    assert not own.exists()
    assert run("import", tiers, saved(tmp_path, "sizes.json", OKX_SIZES))[0] == 0
    price = FUNCTIONS["LIQUIDATION_PRICE"].call("long", 400, 10.0, 5, "okx:PIX-USDT-SWAP", "linear", "okx")
    assert price == pytest.approx(8.0 / 0.98)  # 800 contracts of 0.5: the second tier at any price


def test_tables_that_cannot_be_right_are_refused(own: Path, tmp_path: Path) -> None:
    """A table with a gap is refused with the reason, the others of the file are written."""
    gap = {"symbol": "GAPUSDT", "brackets": [bracket(0, 10, 20, 0.01, cum=0), bracket(20, 30, 10, 0.02, cum=0.1)]}
    code, text = run("import", saved(tmp_path, "a.json", [gap, BINANCE]))
    assert code == 1
    assert "leaves a gap" in text
    assert "PIXUSDT" in own.read_text()
    assert "GAPUSDT" not in own.read_text()


def test_import_into_a_book(own: Path, tmp_path: Path, root: Path) -> None:
    """With --book the table MarginTiers is written, other tables of it stay."""
    book = tmp_path / "book.xlsm"
    shutil.copy(root / "workbook" / "Rebalancer.xlsm", book)
    before = FileWorkbook.open(book).read_table("MarginTiers")
    code, text = run("import", saved(tmp_path, "a.json", BINANCE), "--book", book, "--as-of", "2026-11-20")
    assert (code, own.exists()) == (0, False), text
    after = FileWorkbook.open(book).read_table("MarginTiers")
    assert isinstance(before, TableData)
    assert isinstance(after, TableData)
    rows = [row for row in after.rows if row[1] == "PIXUSDT"]
    assert [row[2:7] for row in rows] == [(0.0, 4000.0, 40.0, 0.012, 0.0), (4000.0, 9000.0, 20.0, 0.02, 32.0)]
    filled = [row for row in before.rows if row[0]]
    assert len(after.rows) == len(filled) + 2


def test_wrong_requests(own: Path, tmp_path: Path) -> None:
    """No file, a missing file, no JSON, two places and a wrong day are told."""
    good = saved(tmp_path, "a.json", BINANCE)
    assert run("import")[0] == 2
    assert run("import", tmp_path / "missing.json")[0] == 1
    (tmp_path / "bad.json").write_text("{")
    assert run("import", tmp_path / "bad.json")[0] == 1
    assert run("import", good, "--output", tmp_path / "x.csv", "--book", tmp_path / "b.xlsx")[0] == 2
    assert run("import", good, "--as-of", "soon")[0] == 2
