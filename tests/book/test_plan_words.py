"""Every kind of line is known wherever lines are told apart: a new one that lacks a place fails here by name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rebalance_xl.authoring.styles import WORD_COLOURS
from rebalance_xl.book import ledger, plan_data, plan_lines, schema, sentences
from rebalance_xl.book.orders import CLOSINGS
from rebalance_xl.review import record

WORDS = set(schema.FILL_ACTIONS)


def test_every_action_has_its_place_in_the_plan() -> None:
    """`ORDER` of plan_data.py sorts the words of `schema.FILL_ACTIONS`, and HOLD."""
    assert set(plan_data.ORDER) == WORDS | {plan_data.HOLD}


def test_record_knows_every_action() -> None:
    """`_DEEDS` of ledger.py says what Record does with each."""
    assert set(ledger._DEEDS) == WORDS


def test_the_real_performance_knows_every_action() -> None:
    """review/record.py counts the money of each as spent or earned; TRANSFER and CONVERT alone are neither."""
    assert {*record._SPENDING, *record._EARNING, "TRANSFER", "CONVERT"} == WORDS


def test_every_word_of_a_plan_has_a_colour() -> None:
    """`WORD_COLOURS` of styles.py has each; TRIGGER stays grey."""
    assert set(schema.PLAN_ACTIONS) - {"TRIGGER"} - set(WORD_COLOURS) == set()


def test_every_closing_becomes_a_word() -> None:
    """`_CLOSING_ACTIONS` of plan_lines.py names the word of each kind in `CLOSINGS`."""
    assert set(plan_lines._CLOSING_ACTIONS) == set(CLOSINGS)


@pytest.mark.parametrize(("made", "said"), [("Cause", sentences._CAUSES), ("Refusal", sentences._REFUSALS)])
def test_every_cause_and_refusal_has_a_sentence(root: Path, made: str, said: dict[str, object]) -> None:
    """What is made with a word of its own in book/ is an entry of `_CAUSES` or `_REFUSALS` in sentences.py."""
    words = set()
    for path in (root / "rebalance_xl" / "book").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == made and node.args:
                word = node.args[0]
                either = (word.body, word.orelse) if isinstance(word, ast.IfExp) else (word,)
                words |= {each.value for each in either if isinstance(each, ast.Constant)}
    assert words
    assert words - set(said) == set()
