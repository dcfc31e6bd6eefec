"""The small reader of formula text: worked examples and model expressions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.expressions import Call, Constant, Reference, evaluate, parse


@pytest.mark.parametrize(
    "text, value",
    [
        ("=1", 1.0),
        ("-.5", -0.5),
        ("1e-3", 0.001),
        ('="say ""hi"""', 'say "hi"'),
        ("=TRUE", True),
        ("=false", False),
        ("=#N/A", CellError("#N/A")),
        ("=#DIV/0!", CellError("#DIV/0!")),
        ("={1,2;3,4}", [[1.0, 2.0], [3.0, 4.0]]),
        ("={1;;3}", [[1.0], [None], [3.0]]),
        ('={"";#REF!;TRUE}', [[""], [CellError("#REF!")], [True]]),
        ("=DATE(2026,1,31)", 46053.0),
        ("={DATE(2026,1,31);2}", [[46053.0], [2.0]]),
        ('="a"&"b"&1', "ab1.0"),
    ],
)
def test_constants(text: str, value: Any) -> None:
    """Numbers, texts, truth values, errors, arrays, dates and joined texts."""
    assert evaluate(parse(text)) == value


def test_calls_with_gaps() -> None:
    """A gap between commas is an omitted argument; a name in brackets is a column."""
    call = parse("=F(1,,Portfolio[Value],TrimTo,)")
    assert call == Call(
        "F",
        (Constant(1.0), Constant(MISSING), Reference("Portfolio[Value]"), Reference("TrimTo"), Constant(MISSING)),
    )
    assert parse("f()") == Call("F", ())


@pytest.mark.parametrize(
    "text, table, column",
    [
        ("Portfolio[Value]", "Portfolio", "Value"),
        ("MarginTiers[#All]", "MarginTiers", "#All"),
        ("Plan[Weight after]", "Plan", "Weight after"),
        ("TrimTo", "", ""),
    ],
)
def test_references(text: str, table: str, column: str) -> None:
    """A reference knows its table and column; a defined name has neither."""
    reference = parse(text)
    assert isinstance(reference, Reference)
    assert (reference.table, reference.column) == (table, column)


def test_evaluation_asks_for_references_and_calls() -> None:
    """Columns come from the lookup, functions from the caller."""
    columns = {"Venue": [["a"], [None]], "Symbol": [["x"], ["y"]]}

    def lookup(reference: Reference) -> Any:
        return columns[reference.column]

    joined = evaluate(parse('Futures[Venue]&":"&Futures[Symbol]'), lookup)
    assert joined == [["a:x"], [":y"]]
    assert evaluate(parse("SIZE(Futures[Venue])"), lookup, lambda name, given: (name, len(given[0]))) == ("SIZE", 2)


@pytest.mark.parametrize("missing", [MISSING, CellError("#REF!")])
def test_joining_keeps_missing_and_errors(missing: Any) -> None:
    """What is missing or an error stays so in a joined text."""
    assert evaluate(parse('Name&":"'), lambda reference: missing) == missing
    assert evaluate(parse('Name&":"'), lambda reference: [[missing]]) == [[missing]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "=1+2",
        "=F(",
        "=F(1",
        "={1;2",
        "={1|2}",
        "=F(1))",
        "=(1)",
        '="open',
        "=1 2",
        "=,",
        "={A1}",
        "=A1",
        "=F(1)",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    """Everything else is a ValueError that quotes the text or says what is needed."""
    with pytest.raises(ValueError, match=r"cannot read|needs a"):
        evaluate(parse(text))


@given(st.text(alphabet='=F(1,;{}&"#N/A![]TRUE. ', max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way."""
    try:
        parse(text)
    except ValueError:
        return
