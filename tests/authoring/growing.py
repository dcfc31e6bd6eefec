"""Fills tables of a workbook as a user of Excel would: the table grows, new rows look like the row above.

Works on the XML of the file, without the code under test, as Excel writes it: the table's area, cells of the columns
with the style of the last row (blank ones too), the formulas of calculated columns. What spills beside a table is
left to the recalculation.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from rebalance_xl.authoring.package import read_parts, write_parts

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def letters(number: int) -> str:
    """Return a column's letters, counted from 1."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def number_of(text: str) -> int:
    """Return a column's number from its letters."""
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - 64
    return number


def grown(package: bytes, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """Return the workbook with these rows in its tables; a table of no rows keeps one blank row."""
    parts = read_parts(package)
    for name, rows in tables.items():
        _fill(parts, name, list(rows) or [{}])
    return write_parts(parts)


def _fill(parts: dict[str, bytes], name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    part = next(each for each in parts if each.startswith("xl/tables/") and f' name="{name}"'.encode() in parts[each])
    table = etree.fromstring(parts[part])
    left, top, right, bottom = re.fullmatch(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", table.get("ref")).groups()
    first, header, old = number_of(left), int(top), int(bottom)
    columns = [each.get("name") for each in table.iter(f"{SPACE}tableColumn")]
    formulas = {
        each.get("name"): each.find(f"{SPACE}calculatedColumnFormula").text
        for each in table.iter(f"{SPACE}tableColumn")
        if each.find(f"{SPACE}calculatedColumnFormula") is not None
    }
    relation = part.rpartition("/")[2].encode()
    sheet_part = next(
        each.replace("_rels/", "").removesuffix(".rels")
        for each in parts
        if each.startswith("xl/worksheets/_rels/") and b"/" + relation in parts[each]
    )
    sheet = etree.fromstring(parts[sheet_part])
    data = sheet.find(f"{SPACE}sheetData")
    lines = {int(each.get("r")): each for each in data}
    like = {cell.get("r"): cell.get("s") for cell in lines[old]}
    styles = [like.get(f"{letters(first + place)}{old}") for place in range(len(columns))]
    for offset in range(max(len(rows), old - header)):
        number = header + 1 + offset
        line = lines.get(number)
        if line is None:
            line = etree.SubElement(data, f"{SPACE}row", r=str(number))
            lines[number] = line
        names = {f"{letters(first + place)}{number}" for place in range(len(columns))}
        kept = [cell for cell in line if cell.get("r") not in names]
        made = []
        if offset < len(rows):
            values = rows[offset]
            for place, title in enumerate(columns):
                value = None if title in formulas else values.get(title)
                made.append(_cell(f"{letters(first + place)}{number}", styles[place], value, formulas.get(title)))
        line[:] = sorted(made + kept, key=lambda cell: number_of(re.sub(r"\d", "", cell.get("r"))))
    data[:] = sorted(data, key=lambda each: int(each.get("r")))
    table.set("ref", f"{left}{top}:{right}{header + len(rows)}")
    parts[part] = etree.tostring(table, xml_declaration=True, encoding="UTF-8", standalone=True)
    parts[sheet_part] = etree.tostring(sheet, xml_declaration=True, encoding="UTF-8", standalone=True)


def _cell(name: str, style: str | None, value: Any, formula: str | None) -> Any:
    cell = etree.Element(f"{SPACE}c", r=name)
    if style is not None:
        cell.set("s", style)
    if formula is not None:
        etree.SubElement(cell, f"{SPACE}f").text = formula
        etree.SubElement(cell, f"{SPACE}v").text = "0"
    elif isinstance(value, dt.date):
        etree.SubElement(cell, f"{SPACE}v").text = str((value - dt.date(1899, 12, 30)).days)
    elif isinstance(value, str):
        cell.set("t", "inlineStr")
        etree.SubElement(etree.SubElement(cell, f"{SPACE}is"), f"{SPACE}t").text = value
    elif value is not None:
        etree.SubElement(cell, f"{SPACE}v").text = repr(value)
    return cell


def assets(count: int, seed: int = 5) -> list[dict[str, Any]]:
    """Invent a spot book: a few large assets and a long tail, stablecoins last; some rows out of band."""
    draw = random.Random(seed)
    names = ["BTC", "ETH", "SOL", "ADA", "LINK", "AVAX", "DOT", "ATOM", "NEAR", "UNI"]
    names += [f"COIN{number}" for number in range(len(names) + 1, count)]
    rows: list[dict[str, Any]] = []
    weights = [1 / (rank + 2) for rank in range(count - 1)]
    for name, weight in zip(names, weights, strict=False):
        price = round(draw.lognormvariate(2.5, 2.2), 2) + 0.01
        target = round(0.9 * weight / sum(weights), 4)
        quantity = round(250_000 * target * draw.choice((0.8, 0.97, 1.0, 1.05, 1.6)) / price, 4)
        rows.append(
            {
                "Asset": name,
                "Sector": draw.choice(("Store of value", "Smart contracts", "DeFi", "Infrastructure")),
                "Kind": "spot",
                "Venue": draw.choice(("binance", "bybit", "okx")),
                "Quantity": quantity,
                "Price": price,
                "CostBasis": round(quantity * price * draw.uniform(0.4, 1.3), 2),
                "Target": target,
                "Band": round(max(0.002, target / 5), 4),
                "Priority": len(rows) + 1,
                "Locked": "no",
            }
        )
    stable = {"Asset": "USDT", "Sector": "Stablecoins", "Kind": "stable", "Venue": "binance", "Locked": "no"}
    return [*rows, stable | {"Quantity": 18_000, "Price": 1, "CostBasis": 18_000, "Target": 0.05}][:count]


def positions(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Invent open futures positions, long and short, a few of them near their liquidation price."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        name = ("BTC", "ETH", "SOL", "ADA", "LINK")[number] if number < 5 else f"COIN{number + 6}"
        mark = round(draw.lognormvariate(3, 1.5), 2) + 0.05
        size = round(draw.uniform(500, 9000) / mark, 3)
        leverage = draw.choice((1, 2, 3, 5, 10))
        side = draw.choice(("long", "short"))
        rows.append(
            {
                "Symbol": f"{name}USDT",
                "Asset": name,
                "Venue": "binance",
                "Side": side,
                "Contract": "linear",
                "MarginMode": "isolated",
                "Quantity": size,
                "EntryPrice": round(mark * draw.uniform(0.93, 1.07), 4),
                "MarkPrice": mark,
                "Leverage": leverage,
                "Margin": round(size * mark / leverage, 2),
                "FundingRate": round(draw.uniform(-0.0001, 0.0003), 6),
                "FundingHours": 8,
            }
        )
    return rows


def tiers(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Invent flat margin tiers for the symbols of futures rows, as a user enters those of his venue."""
    return [
        {"Venue": row["Venue"], "Symbol": row["Symbol"], "Floor": 0, "Cap": 1_000_000, "MaxLeverage": 20}
        | {"Rate": 0.01, "Unit": "USDT", "AsOf": dt.date(2026, 11, 18), "Source": "the venue's page"}
        for row in rows
    ]
