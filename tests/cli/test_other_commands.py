"""`rebalance-xl functions`, `tiers`, `new` and the start of the program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rebalance_xl import __version__
from rebalance_xl.functions import FUNCTIONS

from .conftest import Run


def test_functions_lists_the_catalogue(run: Run) -> None:
    """Every function stands in the list with its signature."""
    answer = run("functions")
    assert answer.code == 0
    for function in FUNCTIONS.values():
        assert function.signature in answer.out


def test_help_of_a_function_holds_its_worked_example(run: Run) -> None:
    """The help says what the function computes, shows the worked example and its result."""
    answer = run("functions", "trim_amount")
    assert answer.code == 0
    assert "=TRIM_AMOUNT({5000;3000;4000},{0.45;0.3;0.2},0.05)\n    → 0; 0; 1600" in answer.out


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_has_help(run: Run, name: str) -> None:
    """Help exists for every function, as text and as JSON."""
    answer = run("functions", name)
    assert answer.code == 0
    assert answer.out.startswith(FUNCTIONS[name].signature)
    found = json.loads(run("functions", name, "--json").out)
    assert [each["name"] for each in found["parameters"]] == [each.name for each in FUNCTIONS[name].parameters]


def test_a_misspelt_function_gets_the_nearest(run: Run) -> None:
    """A name that does not exist is answered with the nearest one and exit code 2."""
    answer = run("functions", "TRIM_AMMOUNT")
    assert answer.code == 2
    assert answer.err == "rebalance-xl: there is no function TRIM_AMMOUNT; did you mean TRIM_AMOUNT?\n"


def test_tiers_are_listed_with_their_age(run: Run) -> None:
    """Tables older than 90 days on the given day are marked, younger ones are not."""
    fresh = run("tiers", "binance:BTCUSDT", "--as-of", "2026-10-01")
    assert fresh.code == 0
    assert "2 days" in fresh.out
    assert "STALE" not in fresh.out + fresh.err
    old = run("tiers", "binance:BTCUSDT", "--as-of", "2027-10-01")
    assert "STALE" in old.out
    assert "older than 90 days" in old.err


def test_tiers_show_one_table(run: Run) -> None:
    """One table is shown row by row, with its source."""
    answer = run("tiers", "binance:BTCUSDT", "--as-of", "2026-10-01")
    assert "300,000        800,000      100x   0.5 %          300" in answer.out
    assert "freqtrade" in answer.out
    assert run("tiers", "binance:NOSUCH").code == 2


def test_version_and_help_start_without_heavy_packages() -> None:
    """Help is printed without loading pandas, xlwings, XlsxWriter, numpy or openpyxl."""
    code = (
        "import sys; sys.argv = ['rebalance-xl', '--help']\n"
        "from rebalance_xl.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', sorted({'pandas', 'xlwings', 'xlsxwriter', 'numpy', 'openpyxl'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "recalc" in found.stdout
    assert found.stdout.endswith("LOADED []\n")


def test_version(run: Run) -> None:
    """--version prints the version."""
    assert run("--version").out == f"rebalance-xl {__version__}\n"


def test_an_extension_ends_in_oxt(run: Run, tmp_path: Path) -> None:
    """A workbook named by mistake is not replaced; a folder and a file that ends in .oxt are taken."""
    book = tmp_path / "book.xlsx"
    book.write_bytes(b"a workbook")
    answer = run("calc", "build", str(book))
    assert answer.code == 2
    assert "must end in .oxt" in answer.err
    assert book.read_bytes() == b"a workbook"
    for target in (tmp_path, tmp_path / "mine.oxt"):
        assert run("calc", "build", str(target)).code == 0
    assert {each.name for each in tmp_path.iterdir()} == {"book.xlsx", "mine.oxt", "rebalancer.oxt"}


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["stress", "SAMPLE", "--shocks", "none.csv"], 2, "none.csv: cannot be read: No such file or directory"),
        (["stress", "SAMPLE", "--shocks", "FOLDER"], 2, "FOLDER: cannot be read: Is a directory"),
        (["tiers", "import", "none.json"], 1, "none.json: cannot be read: No such file or directory"),
        (["tiers", "import", "FOLDER"], 1, "FOLDER: cannot be read: Is a directory"),
        (["review", "SAMPLE", "--prices", "none.csv"], 1, "none.csv: cannot be read: No such file or directory"),
        (["review", "SAMPLE", "--from", "soon"], 2, '--from is "soon"; allowed is a date such as 2026-11-22'),
        (["review", "SAMPLE", "--to", "soon"], 2, '--to is "soon"; allowed is a date such as 2026-11-22'),
        (["refresh", "SAMPLE", "--since", "soon"], 2, '--since is "soon"; allowed is a date such as 2026-11-22'),
        (["calc", "convert", "none.xlsm"], 1, "none.xlsm: no such file"),
        (["calc", "convert", "SAMPLE", "-o", "book.txt"], 2, "book.txt must end in .ods"),
        (["calc", "convert", "SAMPLE", "-o", "SAMPLE"], 2, "SAMPLE must end in .ods"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Run, root: Path, tmp_path: Path, words: list[str], code: int, expected: str
) -> None:
    """A wrong option or file is named with its reason, in one line and in the system's words."""
    places = {"SAMPLE": str(root / "examples" / "sample.xlsx"), "FOLDER": str(tmp_path)}
    answer = run(*(places.get(word, word) for word in words))
    for name, place in places.items():
        expected = expected.replace(name, place)
    assert answer.code == code
    assert answer.err.strip().endswith(expected)
    assert answer.err.count("\n") == 1
