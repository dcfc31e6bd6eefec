"""Reviews of whole books: variants, sweeps, bootstraps, the command and the sheet."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.cli import app
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.review_book import VARIANTS
from rebalance_xl.functions.simulation.curves import part_ends, part_growth
from rebalance_xl.functions.simulation.standard import STANDARD, changed_terms
from rebalance_xl.review import sheet, variants
from rebalance_xl.review.answers import Review
from rebalance_xl.review.bootstrap import draw, resample
from rebalance_xl.review.general import run_any
from rebalance_xl.review.history import History
from rebalance_xl.review.report import report_html
from rebalance_xl.review.request import Request
from rebalance_xl.review.reviews import review, run_variant
from rebalance_xl.review.simple import beyond_the_kernel, spot_book, terms_of
from rebalance_xl.review.sweeps import worst_neighbours

from . import cases

PORTFOLIO = ["Asset", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band"]


def workbook(closes: int = 400, future: bool = False) -> tuple[MemoryWorkbook, History]:
    """Return the book of five assets at a venue with a fee, and some closes of its history."""
    book, days, prices = cases.anywhere()
    rows: list[list[Any]] = [
        [row.asset, "spot", "V", row.quantity, float(prices[0, i]), row.cost, row.target, row.band]
        for i, row in enumerate(book.rows)
    ]
    tables: dict[str, Any] = {
        "Portfolio": [PORTFOLIO, *rows, ["USDT", "stable", "V", 5_000.0, 1.0, None, None, None]],
        "Venues": [["Venue", "SpotFee"], ["V", 0.001]],
        "Fills": [["Date", "Asset", "Action", "Quantity", "Price", "Amount", "Fee", "Venue"]],
        "CashFlows": [["Date", "Kind", "Asset", "Amount"]],
    }
    if future:
        tables["Futures"] = [
            ["Symbol", "Asset", "Venue", "Side", "Leverage", "MarkPrice", "FundingRate", "Target", "Band"],
            ["AUSDT", "A", "V", "long", 3, 100.0, 0.0001, 0.05, 0.02],
        ]
        tables["MarginTiers"] = [
            ["Venue", "Symbol", "Floor", "Cap", "Rate", "Amount"],
            ["V", "AUSDT", 0, None, 0.005, 0],
        ]
    history = History(days[:closes], {row.asset.casefold(): prices[:closes, i] for i, row in enumerate(book.rows)})
    return MemoryWorkbook(tables, {"ReserveMin": 0.05, "AsOf": float(days[0])}), history


def opened(closes: int = 400, future: bool = False) -> tuple[Book, History]:
    """Return the book and its history."""
    port, history = workbook(closes, future)
    return read_book(port), history


@pytest.fixture(scope="module")
def found() -> Review:
    """Return a review with a sweep and a bootstrap."""
    book, history = opened()
    request = Request(sweeps=("Band=0.02:0.1:0.04", "TrimTo=target,edge"), bootstrap=300)
    return review(book, history, request)


def test_every_standard_variant_is_there(found: Review) -> None:
    """Holding and the own settings come first, with trades, both halves and the difference beside every figure."""
    assert [each.variant.name for each in found.results][:3] == ["hold", "book", "hold from targets"]
    assert len(found.results) == 12
    assert found.hold.run.lines == 0
    for each in found.results:
        assert {"first_half", "second_half", "rebalancing", "executions", "lines"} <= set(each.measures)
    assert found.hold.measures["rebalancing"] == 0.0


def test_hold_is_quantities_times_closes(found: Review) -> None:
    """Holding trades nothing, ever."""
    book, _, prices = cases.anywhere()
    wanted = prices[:400] @ np.array([row.quantity for row in book.rows]) + book.cash
    assert np.allclose(found.hold.run.curve, wanted, rtol=1e-12)


def test_a_cell_of_a_sweep_is_a_run_of_its_own(found: Review) -> None:
    """What a sweep says of a cell is what the variant alone says, through the kernel and through the plan."""
    book, history = opened()
    assert found.sweep is not None
    for place, text in ((0, "x: Band=0.02; TrimTo=target"), (5, "x: Band=0.1; TrimTo=edge")):
        run = run_variant(book, history, variants.named(text, book))
        by_plan = run_any(variants.varied(book, variants.named(text, book)), history)
        cell = found.sweep.measures[place]
        assert cell["value"] == pytest.approx(run.value, rel=1e-11)
        assert by_plan.value == pytest.approx(run.value, rel=1e-11)
        assert cell["executions"] == len(run.executions) == len(by_plan.executions)


def test_the_plateau_counts_the_worst_neighbour() -> None:
    """One good cell among bad ones is no region."""
    grid = np.array([[1.0, 9.0, 1.0], [4.0, 1.0, 5.0], [5.0, 5.0, 5.0]])
    assert worst_neighbours(grid).tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [4.0, 1.0, 5.0]]


def test_the_walk_forward_chooses_without_seeing_ahead(found: Review) -> None:
    """Each step's cell was the best of the parts before it, and is judged on the part that follows."""
    sweep = found.sweep
    assert sweep is not None
    assert len(sweep.steps) == 4
    held = part_growth(found.hold.run.curve.tolist(), found.history.year)
    for part, (cell, against) in enumerate(sweep.steps, start=1):
        before = [sum(each[f"part_{k}"] for k in range(1, part + 1)) for each in sweep.measures]
        assert cell == int(np.argmax(before))
        later = f"part_{part + 1}"
        assert against == pytest.approx(sweep.measures[cell][later] - (held[later] or 0.0))
    assert sweep.walk_forward == pytest.approx(np.mean([step for _, step in sweep.steps]))
    assert "Walk forward: the best cell up to each fifth" in sweep.sentence()


def test_parts_of_a_cell_are_those_of_its_curve(found: Review) -> None:
    """The kernel's figures of the parts are those of the curve, and they add up to the whole."""
    book, history = opened()
    assert found.sweep is not None
    curve = run_variant(book, history, variants.named("x: Band=0.02; TrimTo=target", book)).curve.tolist()
    alone, cell = part_growth(curve, history.year), found.sweep.measures[0]
    assert {name: cell[name] for name in alone} == pytest.approx(alone, rel=1e-9)
    ends = part_ends(len(curve))
    whole = sum((alone[f"part_{k}"] or 0.0) * (ends[k] - ends[k - 1]) for k in range(1, 6))
    assert whole / (len(curve) - 1) == pytest.approx(cell["log_growth"], rel=1e-9)


def test_cells_inside_the_noise_have_one_colour(found: Review) -> None:
    """What the bootstrap cannot tell apart is grey on the page; a cell far outside is coloured."""
    sweep, boot = found.sweep, found.bootstrap
    assert sweep is not None
    assert boot is not None
    assert sweep.noise == (boot.q05, boot.q95)
    inside = (sweep.difference >= boot.q05) & (sweep.difference <= boot.q95)
    assert np.array_equal(sweep.inside, inside)
    html = report_html(found, "Review of a book")
    assert html.count("background:#e8edf3") == inside.sum() > 0
    narrow = dataclasses.replace(sweep, noise=(9.0, 10.0))
    html = report_html(dataclasses.replace(found, sweep=narrow), "Review of a book")
    assert html.count("background:#e8edf3") == 0
    assert html.count("background:rgba(") == sweep.difference.size


def test_the_bars_of_the_bootstrap(found: Review) -> None:
    """Its pieces add up to the ends, on whichever side of 0 they lie; blocks twice and half as long stand below."""
    assert found.bootstrap is not None
    assert [row[0] for row in sheet.bootstrap_rows(found)] == ["30 days", "60 days", "15 days"]
    for low, high in ((-0.3, 0.1), (-0.3, -0.1), (0.1, 0.4)):
        boot = dataclasses.replace(found.bootstrap, q05=low, q95=high, longer=None, shorter=None)
        _, *pieces = sheet.bar_rows(dataclasses.replace(found, bootstrap=boot))[0]
        left_gap, left, right_gap, right = (float(str(piece)) for piece in pieces)
        ends = [left_gap + left, left_gap, right_gap, right_gap + right]
        wanted = [min(low, 0.0), min(high, 0.0), max(low, 0.0), max(high, 0.0)]
        assert ends == pytest.approx(wanted)


def test_one_list_of_rules(found: Review) -> None:
    """The worksheet's rules are the review's, and mean the same as terms and as a changed book."""
    book, _ = opened(40)
    names = [each.name for each in variants.standard(book)]
    assert [name for name in names if name in VARIANTS] == list(VARIANTS)
    for name, changes in STANDARD:
        as_book = terms_of(variants.varied(book, variants.named(name, book)))
        as_terms = changed_terms(terms_of(book), changes)
        assert dataclasses.replace(as_terms, band=as_book.band) == as_book, name


def test_the_sentence_admits_noise(found: Review) -> None:
    """Where the band reaches over 0 the first sentence says that the history does not tell the rules apart."""
    assert found.bootstrap is not None
    if found.bootstrap.inside_the_noise:
        assert "does not tell book from holding" in found.bootstrap.sentence()
    html = report_html(found, "Review of a book")
    assert found.bootstrap.sentence().split(":")[0] in html
    assert html.count("<svg") == 2


def test_blocks_stay_together() -> None:
    """Drawn days follow each other inside a block, whose mean length is the one asked for."""
    chosen = draw(1000, 5000, 4, 20.0, np.random.default_rng(1))
    follows = (chosen[1:] == (chosen[:-1] + 1) % 1000).mean()
    assert 1.0 / (1.0 - follows) == pytest.approx(20.0, rel=0.1)


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_processes_gives_the_same_figures(workers: int) -> None:
    """The seed of a piece follows from its number, wherever it is worked on."""
    book, history = opened(120)
    simple, terms = spot_book(book), terms_of(book)
    prices = history.matrix(["A", "B", "C", "D", "E"])
    got = resample("book", simple, terms, history.days, prices, 0.0, paths=500, seed=3, workers=workers)
    again = resample("book", simple, terms, history.days, prices, 0.0, paths=500, seed=3)
    assert got == again


@pytest.mark.slow
def test_a_cluster_gives_the_same_figures() -> None:
    """A dask cluster on this machine draws the same histories."""
    distributed = pytest.importorskip("distributed")
    book, history = opened(120)
    prices = history.matrix(["A", "B", "C", "D", "E"])
    arguments = ("book", spot_book(book), terms_of(book), history.days, prices, 0.0)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        got = resample(*arguments, paths=500, seed=3, scheduler=cluster.scheduler_address)
    assert got == resample(*arguments, paths=500, seed=3)


def test_a_book_with_futures_is_walked_by_its_plan() -> None:
    """Futures, their funding and liquidations are walked by the plan; without them the kernel takes over."""
    book, history = opened(200, future=True)
    assert beyond_the_kernel(book) == "futures"
    result = review(book, history, Request(bootstrap=5))
    names = {each.variant.name: each for each in result.results}
    assert names["book"].run.by == "plan"
    assert names["book without futures"].run.by == "kernel"
    assert names["book"].run.funding > 0.0
    assert result.bootstrap is not None
    assert result.bootstrap.paths == 5


def test_rules_with_and_without_the_futures() -> None:
    """Four rules stand beside themselves without the sleeve, and every other one can be asked for without it."""
    book, history = opened(60, future=True)
    names = [each.name for each in variants.standard(book)]
    assert [name for name in names if name.endswith(" without futures")] == [
        "hold without futures", "book without futures", "monthly without futures", "threshold without futures",
    ]  # fmt: skip
    weekly = variants.named("weekly without futures", book)
    assert weekly.changes == variants.named("weekly", book).changes
    assert not variants.varied(book, weekly).positions
    held = dataclasses.replace(book, positions=(dataclasses.replace(book.positions[0], quantity=5.0, margin=150.0),))
    assert variants.varied(held, weekly).holdings[-1].quantity == 5_150.0  # the margin is money again
    both = variants.varied(book, variants.named("5/25 without events without futures", book))
    assert (both.positions, both.events, both.settings.band_kind) == ((), (), "5/25")
    result = review(book, history, Request(variants=("weekly without futures", "weekly"), bootstrap=0))
    by_name = {each.variant.name: each for each in result.results}
    assert list(by_name) == ["hold", "book", "weekly without futures", "weekly"]
    assert by_name["weekly"].run.by == "plan"
    assert by_name["weekly without futures"].run.by == "kernel"
    with pytest.raises(BookError, match='"nonsense" is no variant'):
        variants.named("nonsense without futures", book)


def test_a_liquidation_takes_the_margin_and_no_more() -> None:
    """A position that is liquidated loses its margin; the rest of the book is what its quantities are worth."""
    port, history = workbook(60, future=True)
    port.tables["Futures"] = [
        ["Symbol", "Asset", "Venue", "Side", "Leverage", "MarkPrice", "Quantity", "EntryPrice", "Margin"],
        ["AUSDT", "A", "V", "long", 20, 100.0, 100.0, 100.0, 500.0],
    ]
    falling = np.linspace(100.0, 60.0, 60)
    history = dataclasses.replace(history, columns=history.columns | {"a": falling})
    run = run_any(read_book(port), history, trade=False)
    assert len(run.liquidations) == 1
    assert run.margin_lost == 500.0
    spot = sum((holding.quantity or 0.0) * (holding.price or 0.0) for holding in run.final.holdings)
    assert run.value == pytest.approx(spot, rel=1e-12)


def test_slippage_and_fills_at_the_next_close_cost() -> None:
    """Slippage is paid on top of the fee; fills at the next close are other fills."""
    book, history = opened()
    own = variants.Variant("book", own=True)
    plain, dear = run_variant(book, history, own), run_variant(book, history, own, slippage=0.01)
    assert dear.fees > 5 * plain.fees
    late = run_variant(book, history, own, "next")
    assert late.value != plain.value
    future, prices = opened(60, future=True)
    with pytest.raises(BookError, match="--fill next is not for books with futures"):
        run_variant(future, prices, own, "next")


@pytest.mark.parametrize(
    "text, words",
    [
        ("nonsense", '"nonsense" is no variant'),
        ("x: Bands=0.1", '"Bands" is nothing that a variant changes'),
        ("x: BandKind=wide", "BandKind"),
        ("x: Band=5e9", "Band is 5e+09; allowed is 0 to 1"),
    ],
)
def test_unknown_variants_are_refused(text: str, words: str) -> None:
    """A refusal names what is wrong and what is known."""
    with pytest.raises(BookError) as caught:
        variants.named(text, opened(40)[0])
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["Band", "Band=0.2:0.1:0.01", "Band=0:1:0.0001", "Band=a:b:c", "Nothing=1,2"])
def test_impossible_sweeps_are_refused(text: str) -> None:
    """A sweep must name a setting and rising values."""
    with pytest.raises(BookError):
        variants.axis_of(text)


def test_the_worksheet_function_says_the_same(found: Review) -> None:
    """REVIEW() of the tables gives the command's figures for a book that the kernel knows."""
    port, history = workbook()
    prices = [["Date", *"ABCDE"]] + [
        [float(day), *row] for day, row in zip(history.days, history.matrix(list("ABCDE")).tolist(), strict=True)
    ]
    table = FUNCTIONS["REVIEW"].call(prices, port.tables["Portfolio"], False, port.tables["Venues"], *[
        "absolute", "target", 0, 0.05, 0.05,
    ])  # fmt: skip
    by_name = {each.variant.name: each for each in found.results}
    assert [row[0] for row in table] == list(VARIANTS)
    for row in table:
        result = by_name[row[0]]
        assert row[-1] == pytest.approx(result.run.value, rel=1e-11)
        assert row[11] == len(result.run.executions)
        assert row[1] == pytest.approx(result.measures["growth"], rel=1e-9)


def test_the_sheet_is_filled_and_nothing_else_changes() -> None:
    """Five tables are written; Portfolio and settings stay."""
    port, history = workbook(120)
    with pytest.raises(BookError, match="has no table ReviewNotes"):
        sheet.fill_review(port, Request(bootstrap=0), history)
    for name, headers in (
        (sheet.NOTES, sheet.NOTE_HEADERS),
        (sheet.VARIANTS, sheet.VARIANT_HEADERS),
        (sheet.CURVES, sheet.CURVE_HEADERS),
        (sheet.GRID, sheet.GRID_HEADERS),
        (sheet.RETURNS, sheet.RETURN_HEADERS),
    ):
        port.tables[name] = [list(headers), [None] * len(headers)]
    before = json.dumps(port.tables["Portfolio"])
    day = float(history.days[50])
    port.append_row(
        "Fills", {"Date": day, "Asset": "A", "Action": "BUY", "Quantity": 1.0, "Price": 90.0, "Amount": 90.0}
    )
    done = sheet.fill_review(port, Request(sweeps=sheet.SHEET_SWEEPS, bootstrap=0), history)
    assert json.dumps(port.tables["Portfolio"]) == before
    assert [row[0] for row in port.tables[sheet.VARIANTS][1:3]] == ["hold", "book (own settings)"]
    assert len(port.tables[sheet.GRID]) == 1 + len(sheet.GRID_BANDS)
    assert len(port.tables[sheet.CURVES]) == 121
    assert done.performance is not None
    assert port.tables[sheet.RETURNS][-2][-1] == pytest.approx(done.performance.time_weighted)


def test_the_command_on_the_shipped_example(root: Path, tmp_path: Path) -> None:
    """The review of the sample over the committed, invented prices ends with 0, as text, JSON and a page."""
    page = tmp_path / "page.html"
    arguments = [
        "review",
        str(root / "examples" / "sample.xlsx"),
        "--prices",
        str(root / "examples" / "synthetic_prices.csv"),
    ]
    arguments += ["--from", "2025-11-20", "--bootstrap", "5", "--json", "--report", str(page), "--variant", "threshold"]
    done = CliRunner().invoke(app, [*arguments, "--sweep", "Band=0.05,0.1"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert [each["name"] for each in answer["variants"]] == ["hold", "book", "threshold"]
    assert answer["bootstrap"]["paths"] == 5
    assert len(answer["sweep"]["cells"]) == 2
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_refuses_in_words(root: Path) -> None:
    """A book without a history, and a wrong option, end with the codes of the other commands."""
    sample = str(root / "examples" / "sample.xlsx")
    runner = CliRunner()
    done = runner.invoke(app, ["review", sample])
    assert done.exit_code == 1
    assert "Prices" in done.output
    assert runner.invoke(app, ["review", sample, "--fill", "never"]).exit_code == 2
