"""The published answers about whole accounts and further venues, by id, each at its own tolerance."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl import expressions
from rebalance_xl.cells import MISSING
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.account_solving import DOWN, account_price, liquidation_move, pool_of
from tests.accounts.accounts import account_of
from tests.accounts.joint_rule import joint_price

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[Any]:
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return [pytest.param(row, id=row["id"]) for row in csv.DictReader(file)]


def from_given(given: dict[str, float], question: str) -> float:
    """Return the figure that a sample's own figures make."""
    if question == "available":
        return given["equity"] - given["initial"]
    if question == "exchange_needed":
        return given["debt"] / given["ratio"]
    assert question == "health_ratio"
    maintenance = given["maintenance"] + given.get("fee", 0.0) * given.get("notional", 0.0)
    found = FUNCTIONS["ACCOUNT_MARGIN_RATIO"].call(given["equity"], maintenance, "level")
    assert isinstance(found, float)
    return found


def answer(given: dict[str, Any], question: str) -> float:
    """Return what the product says."""
    if "given" in given:
        return from_given(given["given"], question)
    kind, _, symbol = question.partition(":")
    if "kucoin" in given:
        return joint_price(given["kucoin"], symbol)
    account = account_of(given)
    pools = account.pools()
    if kind == "liq_price":
        return account_price(account, symbol, 0.0)
    if kind == "liq_move":
        return liquidation_move(pools, DOWN).move
    if kind == "isolated_equity":
        pool = pool_of(pools, symbol)
        assert pool is not None
        return pool.figures()[0]
    equity, maintenance = pools[0].figures()
    found = {"equity": equity, "maintenance": maintenance, "surplus": equity - maintenance}
    return maintenance / equity if kind == "margin_ratio" else found[kind]


@pytest.mark.parametrize("row", rows("accounts.csv"))
def test_account_answer(row: dict[str, str]) -> None:
    """The figure of an account comes out within the row's tolerance."""
    found = answer(json.loads(row["inputs"]), row["question"])
    if row["expected"] == "NEVER":
        assert found == math.inf
    else:
        assert abs(found - float(row["expected"])) <= float(row["tolerance"])


def plain_numbers(text: str) -> str:
    """Work out the few products that stand in the formulas, which the reader of examples does not know."""
    for product in ("0.96*10000", "25*100000"):
        left, right = product.split("*")
        text = text.replace(product, repr(float(left) * float(right)))
    return text


@pytest.mark.parametrize("row", rows("venues_2.csv"))
def test_venue_answer(row: dict[str, str]) -> None:
    """A formula gives the figure that a further venue or article prints."""
    call = expressions.parse(plain_numbers(row["formula"]))
    assert isinstance(call, expressions.Call)
    function = FUNCTIONS[call.name]
    arguments = [expressions.evaluate(each) for each in call.arguments]
    found = function.call(*arguments, *[MISSING] * (len(function.parameters) - len(arguments)))
    assert isinstance(found, float), found
    assert abs(found - float(row["expected"])) <= float(row["tolerance"])


def test_rows_equal_the_shared_ones(shared_dir: Path) -> None:
    """The copies in the tests are the shared vectors."""
    for name in ("accounts.csv", "venues_2.csv"):
        assert (DATA / name).read_text() == (shared_dir / "vectors" / name).read_text()
