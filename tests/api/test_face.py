"""``import rebalance_xl as rx``: what it offers, lazily, and the page that describes it."""

from __future__ import annotations

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rebalance_xl as rx
from rebalance_xl.functions import FUNCTIONS

#: Names and signatures that other programs rely on; a change here is a decision, and stands in CHANGELOG.md.
SNAPSHOT = {
    "recalculate": None,
    "read_book": "(path, as_of=None)",
    "make_plan": "(book)",
    "record": "(path, output=None, as_of=None)",
    "check_book": "(path, as_of=None)",
    "review": "(path, *, variants=(), sweeps=(), **options)",
    "stress": "(path, shocks=(), as_of=None)",
    "function": "(name)",
    "BookError": None,
    "FunctionError": "(code, reason)",
    "Refused": None,
}


def test_the_face_is_what_it_was() -> None:
    """Exactly these names, beside the functions, and these arguments."""
    assert set(rx.__all__) == {*SNAPSHOT, *FUNCTIONS, "__version__"}
    for name, wanted in SNAPSHOT.items():
        if wanted is not None:
            signature = inspect.signature(getattr(rx, name))
            plain = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
            assert str(inspect.Signature(plain)) == wanted, name
    first = list(inspect.signature(rx.recalculate).parameters)[:2]
    assert first == ["path", "output"]


def test_review_stays_the_function() -> None:
    """Importing the subpackage of the same name, as commands and buttons do, does not take its place."""
    import rebalance_xl.review.reviews  # noqa: F401

    assert inspect.isfunction(rx.review)


def test_dir_lists_it() -> None:
    """Completion in a console finds every name."""
    assert set(rx.__all__) <= set(dir(rx))


def test_another_name_is_an_attribute_error() -> None:
    """A misspelt name is said as Python says it."""
    with pytest.raises(AttributeError, match="TRIM_AMOUNTS"):
        rx.TRIM_AMOUNTS  # noqa: B018


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_a_callable_with_its_arguments(name: str) -> None:
    """Its arguments have the worksheet's names and order."""
    names = list(inspect.signature(getattr(rx, name)).parameters)
    assert names == [each.name for each in FUNCTIONS[name].parameters]
    assert getattr(rx, name).__doc__ == FUNCTIONS[name].summary


def test_a_refusal_is_an_exception_with_code_and_reason() -> None:
    """A single answer that would be an error value is raised; inside of a range it stays a value."""
    with pytest.raises(rx.FunctionError) as caught:
        rx.LIQUIDATION_PRICE("long", -1, 50_000, 10, 0.005)
    assert caught.value.code == "#NUM!"
    assert "quantity" in caught.value.reason
    rows = rx.FUNDING_PAYMENT("long", [100, -1], 0.001)
    assert rows[0] == pytest.approx(-0.1)
    assert rows[1].code == "#NUM!"


def test_numpy_and_named_arguments() -> None:
    """Arrays are columns, and arguments may be named."""
    import numpy

    assert rx.WEIGHT(values=numpy.array([1.0, 3.0])) == pytest.approx([0.25, 0.75])


def test_it_is_typed_and_loads_nothing_big() -> None:
    """The package says that it has types, and a function called from Python loads no numpy."""
    assert (Path(rx.__file__).parent / "py.typed").exists()
    code = (
        "import sys, rebalance_xl as rx; rx.__version__; "
        "print(sorted({'numpy', 'pandas', 'xlwings', 'formualizer', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_runs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example of docs/python.md gives what stands there."""
    monkeypatch.chdir(root)
    text = (root / "docs" / "python.md").read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "docs/python.md", "docs/python.md", 0)
    assert len(test.examples) > 10
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    runner = doctest.DocTestRunner(optionflags=flags)
    runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
