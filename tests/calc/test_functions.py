"""The functions in a running Calc: wizard, values, errors, arrays, the book's own tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS

from .office import Office
from .sheets import Worksheet, cell_value

PORTFOLIO = [
    ["Asset", "Kind", "Value", "Target", "Band"],
    ["BTC", "spot", 5000, 0.45, 0.05],
    ["ETH", "spot", 3000, 0.3, 0.05],
    ["SOL", "spot", 4000, 0.2, 0.05],
]


@pytest.fixture(scope="module")
def sheet(office: Office) -> Worksheet:
    """Open a document for calls."""
    return Worksheet(office)


@pytest.fixture
def book(office: Office) -> Iterator[Office]:
    """Open a document with a Portfolio table in A1:E4 and the names TrimTo and Total."""
    office.new(name="book")
    office.put(address="A1:E4", values=PORTFOLIO)
    office.table(table="Portfolio", address="A1:E4")
    yield office
    office.close_document(name="book")


def values(office: Office, address: str) -> list[list[object]]:
    """Return the values of some cells of the book."""
    return [[cell_value(cell) for cell in row] for row in office.cells(address=address)]


def test_the_whole_catalogue_is_in_the_wizard(office):
    """Every function has its help, its arguments by name, and nothing but optional arguments for Calc."""
    known = office.wizards(names=list(FUNCTIONS))
    assert set(known) == set(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        assert known[name]["description"].startswith(function.summary[:200])
        assert [argument[0] for argument in known[name]["arguments"]] == [each.name for each in function.parameters]
        assert all(argument[1] for argument in known[name]["arguments"])


def test_trim_of_the_worked_example(sheet):
    """SOL is trimmed by 1,600, the others are inside their bands."""
    arguments = [[[5000.0], [3000.0], [4000.0]], [[0.45], [0.3], [0.2]], 0.05]
    assert sheet.call("TRIM_AMOUNT", arguments, [[0], [0], [0]]) == [[0.0], [0.0], [1600.0]]


@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        ("INITIAL_MARGIN", [1000.0, -1.0], "#NUM!"),
        ("INITIAL_MARGIN", ["text", 5.0], "#VALUE!"),
        ("TRIM_AMOUNT", [5000.0, 0.4], "#VALUE!"),
        ("WEIGHT", [0.0, 0.0], "#DIV/0!"),
        ("EVENT_ACTION", ["BTC", [["BTC"]], [["TRIM"]], [["no date"]]], "#VALUE!"),
    ],
)
def test_error_values_are_errors_of_calc(sheet, function, arguments, error):
    """Bad input is an error value that ISERROR sees, of the same kind as in Excel."""
    assert sheet.call(function, arguments) == CellError(error)


def test_errors_inside_an_array_stay_in_their_row(sheet):
    """One text among the targets spoils its own row only."""
    answer = sheet.call("TARGET_VALUE", [[[5000.0], [3000.0]], [[0.5], ["half"]], 8000.0], [[0], [0]])
    assert answer == [[4000.0], [CellError("#VALUE!")]]


def test_trailing_blank_rows_are_blank(sheet):
    """An array formula over spare rows shows nothing there, not #N/A."""
    arguments = [[[5000.0], [5000.0], [None], [None]], [[0.4], [0.6], [None], [None]], 0.0]
    assert sheet.call("TRIM_AMOUNT", arguments, [[0]] * 4) == [[1000.0], [0.0], [""], [""]]


def test_a_word_and_a_flag(sheet):
    """Words are text, TRUE is 1."""
    assert sheet.call("DRIFT_FLAG", [6000.0, 0.5, 0.05, "absolute", 10000.0]) == "TRIM"
    assert sheet.call("REVIEW_DUE", [45000.0, "weekly", 45010.0]) == 1.0


@pytest.mark.parametrize("name", ["database range", "named range"])
def test_zero_arguments_read_the_portfolio_table(book, name):
    """=TRIM_AMOUNT() gives one amount per row of the Portfolio table."""
    if name == "named range":
        book.untable(table="Portfolio")
        book.name(label="Portfolio", content="$Sheet1.$A$1:$E$4")
    book.formula(address="G2:G4", formula="=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT()", array=True)
    assert values(book, "G2:G4") == [[0.0], [0.0], [1600.0]]


def test_zero_arguments_take_the_settings(book):
    """The named cell TrimTo changes where a trim ends; the name Total is the book's value."""
    book.put(address="H1:I1", values=[["edge", 20000]])
    book.name(label="TrimTo", content="$Sheet1.$H$1")
    book.formula(address="G2:G4", formula="=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT()", array=True)
    assert values(book, "G2:G4") == [[0.0], [0.0], [1000.0]]
    book.name(label="Total", content="$Sheet1.$I$1")
    book.calculate()
    assert values(book, "G2:G4") == [[0.0], [0.0], [0.0]]


def test_zero_arguments_follow_their_table(book):
    """A changed value in the table, or in a setting, reaches =TRIM_AMOUNT() without a hard recalculation."""
    book.put(address="H1", values=[["target"]])
    book.name(label="TrimTo", content="$Sheet1.$H$1")
    book.formula(address="G2:G4", formula="=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT()", array=True)
    assert values(book, "G4") == [[1600.0]]
    book.put(address="C4", values=[[3000]])
    eventually(lambda: values(book, "G4"), [[pytest.approx(800.0)]])
    book.put(address="H1", values=[["edge"]])
    eventually(lambda: values(book, "G4"), [[pytest.approx(250.0)]])


def test_watching_ends_with_a_random_number(book):
    """A table in which every calculation changes something is calculated once for a change, not for ever."""
    book.formula(address="E2", formula="=0.05+RAND()/1000")
    book.formula(address="G2:G4", formula="=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT()", array=True)
    book.put(address="C4", values=[[3000]])
    eventually(lambda: values(book, "G4"), [[pytest.approx(800.0)]])

    def at_rest() -> bool:
        drawn = values(book, "E2")
        time.sleep(1)
        return values(book, "E2") == drawn

    eventually(at_rest, True)


def eventually(read: Callable[[], object], expected: object) -> None:
    """Wait until a value is there; LibreOffice recalculates when it is idle."""
    deadline = time.monotonic() + 30
    while (found := read()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_an_error_value_in_the_table_is_no_blank(book):
    """The error of a target stays in its row; that of a value, or of Total, is the answer of every row."""
    book.formula(address="G2:G4", formula="=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT()", array=True)
    book.formula(address="D4", formula="=1/0")
    book.calculate()
    assert values(book, "G2:G4") == [[0.0], [0.0], [CellError("#DIV/0!")]]
    book.put(address="D4", values=[[0.2]])
    book.formula(address="C4", formula="=NA()")
    book.calculate()
    assert values(book, "G2:G4") == [[CellError("#N/A")]] * 3
    book.put(address="C4", values=[[4000]])
    book.formula(address="H1", formula="=1/0")
    book.name(label="Total", content="$Sheet1.$H$1")
    book.calculate()
    assert values(book, "G2:G4") == [[CellError("#DIV/0!")]] * 3


def test_zero_arguments_without_a_table_are_not_available(office):
    """Without a Portfolio table the answer is #N/A, not a number."""
    office.new(name="empty")
    office.formula(name="empty", address="A1", formula="=ORG.REBALANCER.FUNCTIONS.UNDEPLOYED()")
    assert cell_value(office.cells(name="empty", address="A1")[0][0]) == CellError("#N/A")
    office.close_document(name="empty")


def test_margin_tiers_of_the_book_come_first(book):
    """A MarginTiers table in the book replaces the shipped tiers of the same symbol."""
    formula = '=ORG.REBALANCER.FUNCTIONS.MAINTENANCEMARGIN(10000;"binance:BTCUSDT")'
    book.formula(address="A20", formula=formula)
    shipped = values(book, "A20")[0][0]
    expected = FUNCTIONS["MAINTENANCE_MARGIN"].call(10000.0, "binance:BTCUSDT")
    assert shipped == pytest.approx(expected)
    headers = ["Venue", "Symbol", "Unit", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"]
    book.put(address="A10:H11", values=[headers, ["binance", "BTCUSDT", "notional", 0, 1e9, 50, 0.02, 0]])
    book.table(table="MarginTiers", address="A10:H11")
    book.calculate()
    assert values(book, "A20")[0][0] == pytest.approx(200.0)


def test_dates_of_a_1904_book(book):
    """A book that counts its days from 1904 gets its dates back in its own count."""
    formula = '=ORG.REBALANCER.FUNCTIONS.NEXTREVIEW(46000;"monthly")'
    book.formula(address="A20", formula=formula)
    plain = values(book, "A20")[0][0]
    book.formula(address="A20", formula=formula.replace("46000", str(46000 - 1462)))
    book.origin_of_dates(year=1904, month=1, day=1)
    book.calculate()
    assert values(book, "A20")[0][0] == plain - 1462


def test_typed_in_the_users_own_way(book):
    """A user types the plain name; Calc keeps it under the stored one."""
    book.typed(address="G1", formula="=SUM(TRIM_AMOUNT(C2:C4;D2:D4;E2:E4))")
    assert values(book, "G1") == [[1600.0]]


def test_an_ods_file_keeps_the_functions(book, tmp_path):
    """Saved as .ods and opened again, the formula still computes."""
    book.formula(address="G1", formula="=SUM(ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT(C2:C4;D2:D4;E2:E4))")
    book.save(path=str(tmp_path / "book.ods"), filter="calc8")
    book.open(path=str(tmp_path / "book.ods"), name="again")
    book.put(name="again", address="C4", values=[[5000]])
    assert cell_value(book.cells(name="again", address="G1")[0][0]) == 2400.0
    book.close_document(name="again")
