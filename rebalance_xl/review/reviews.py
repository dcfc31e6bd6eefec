"""The review of a book: variants side by side, a sweep, the bootstrap of a difference, and the real performance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rebalance_xl.book.model import Book
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.functions.simulation.curves import part_growth
from rebalance_xl.functions.simulation.standard import BAND, HOLD, OWN
from rebalance_xl.recalc.batch.jobs import Job
from rebalance_xl.recalc.batch.workers import run_jobs
from rebalance_xl.review import variants as rules
from rebalance_xl.review.answers import Result, Review
from rebalance_xl.review.bootstrap import Bootstrap, resample
from rebalance_xl.review.general import run_any
from rebalance_xl.review.history import History, check_history
from rebalance_xl.review.kernel import prices_of, run_simple, sweep_simple
from rebalance_xl.review.request import Request
from rebalance_xl.review.runs import Run
from rebalance_xl.review.sentences import assumptions_of, warnings_of
from rebalance_xl.review.simple import beyond_the_kernel, spot_book, terms_of
from rebalance_xl.review.sweeps import Sweep, sweep_of
from rebalance_xl.review.variants import Variant

#: Paths of a bootstrap that the plan itself has to walk, where none are asked for by number.
_PATHS_BY_PLAN = 100
Progress = Callable[[str], None]


def prepared(book: Book, history: History, request: Request) -> tuple[Book, History]:
    """Return the book with units for every row and without what is left out, and the checked history.

    Raises
    ------
    BookError
        If an asset that is left out is not in the book, or the history is refused.
    """
    absent = {name.casefold() for name in request.without}
    known = {holding.asset.casefold() for holding in book.holdings}
    strangers = sorted(absent - known)
    if strangers:
        raise BookError(Problem(ERROR, "Portfolio", f"has no {strangers[0]} to leave out"))
    holdings = tuple(
        holding
        for holding in book.holdings
        if holding.asset.casefold() not in absent
        and (holding.stable or holding.target is not None or holding.quantity or holding.value)
    )
    positions = tuple(
        position
        for position in book.positions
        if position.asset.casefold() not in absent and (position.quantity or position.target or position.hedge_ratio)
    )
    history = history.between(request.first, request.last)
    needed = list(dict.fromkeys(holding.asset for holding in holdings if not holding.stable))
    for position in positions:
        if history.close(position.symbol) is None and position.asset.casefold() not in {n.casefold() for n in needed}:
            needed.append(position.asset)
    if not needed:
        raise BookError(Problem(ERROR, "Portfolio", "has no row whose prices move: there is nothing to review"))
    history = check_history(history, needed, request.fill_gaps)
    with_units = tuple(
        holding if holding.quantity is not None else replace(holding, quantity=_units(holding.value, holding, history))
        for holding in holdings
    )
    days = history.days
    events = tuple(
        event for event in book.events if event.start <= days[-1] and (event.end is None or event.end >= days[0])
    )
    settings = book.settings
    if settings.last_review is None or settings.last_review > days[0]:
        settings = replace(settings, last_review=float(days[0]))
    executed = book.last_execution if book.last_execution and book.last_execution < days[0] else None
    lots = () if book.lots and min((lot.date or -math.inf) for lot in book.lots) > days[0] else book.lots
    return (
        replace(
            book,
            holdings=with_units,
            positions=positions,
            events=events,
            settings=settings,
            last_execution=executed,
            lots=lots,
        ),
        history,
    )


def _units(value: float, holding: Any, history: History) -> float:
    closes = history.close(holding.asset)
    price = float(closes[-1]) if closes is not None else (holding.price or 1.0)
    return value / price


def run_variant(book: Book, history: History, variant: Variant, fill: str = "close", slippage: float = 0.0) -> Run:
    """Return the run of one variant of a prepared book.

    Raises
    ------
    BookError
        If fills at the next close or slippage are asked for where the plan itself has to walk.
    """
    changed = rules.varied(book, variant)
    if variant.from_targets:
        changed = rules.on_target(changed, history)
    if variant.hold:
        return run_any(changed, history, trade=False)
    beyond = beyond_the_kernel(changed)
    if not beyond:
        return run_simple(changed, history, slippage, delayed=fill == "next")
    if fill == "next":
        raise BookError(Problem(ERROR, "review", f"--fill next is not for books with {beyond}"))
    if slippage:
        changed = _dearer(changed, slippage)
    return run_any(changed, history)


def _dearer(book: Book, slippage: float) -> Book:
    """Return the book with slippage on top of the spot fee of every venue that it uses."""
    names = {holding.venue for holding in book.holdings} | {position.venue for position in book.positions}
    venues = dict(book.venues)
    for name in names:
        venue = book.venue(name)
        venues[name.casefold()] = replace(venue, spot_fee=venue.spot_fee + slippage)
    return replace(book, venues=venues)


def review(book: Book, history: History, request: Request, progress: Progress | None = None) -> Review:
    """Return the review of a book.

    Parameters
    ----------
    book
        Sound, as :func:`rebalance_xl.book.model.read_book` gives it.
    history
        As read; it is checked here.
    request
        What is asked.
    progress
        Told what is being done, step by step.

    Raises
    ------
    BookError
        If the history or a variant is refused, with everything that is wrong.
    """
    told = progress or (lambda _: None)
    book, history = prepared(book, history, request)
    chosen = [rules.named(text, book) for text in request.variants] or rules.standard(book)
    listed = [each for each in rules.standard(book) if each.name in (HOLD, OWN)]
    listed += [each for each in chosen if each.name not in {other.name for other in listed}]
    results = []
    for variant in listed:
        told(variant.name)
        run = run_variant(book, history, variant, request.fill, request.slippage)
        results.append(Result(variant, run, run.measures(history.year)))
    hold = next(each for each in results if each.variant.name == HOLD)
    own = next(each for each in results if each.variant.own)
    for each in results:
        each.measures["rebalancing"] = _difference(each.measures["log_growth"], hold.measures["log_growth"])
    found = Review(history, results, own, hold, slippage=request.slippage)
    if request.sweeps:
        found.sweep = swept(book, history, request, hold, told)
    found.bootstrap = bootstrapped(book, history, request, found, told)
    if found.sweep is not None and found.bootstrap is not None:
        found.sweep.noise = (found.bootstrap.q05, found.bootstrap.q95)
    found.warnings = warnings_of(found, book)
    found.assumptions = assumptions_of(found, book, request)
    return found


def _difference(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def work(job: Job) -> dict[str, float | None]:
    """Return the measures of one cell of a sweep; runs in a worker."""
    book, history, variant, slippage = job.options
    run = run_variant(book, history, variant, "close", slippage)
    return run.measures(history.year) | part_growth(run.curve.tolist(), history.year)


def swept(book: Book, history: History, request: Request, hold: Result, told: Progress) -> Sweep:
    """Return the sweep that a request asks for."""
    axes = [rules.axis_of(text) for text in request.sweeps]
    if len(axes) > 2:
        raise BookError(Problem(ERROR, "review", f"{len(axes)} sweeps are given; one makes a curve, two a grid"))
    cells = rules.grid(axes)
    changed = [rules.varied(book, cell) for cell in cells]
    if not any(map(beyond_the_kernel, changed)):
        terms = [
            replace(terms_of(each, request.slippage), band=dict(cell.changes).get(BAND, math.nan))
            for each, cell in zip(changed, cells, strict=True)
        ]
        told(f"{len(cells)} cells")
        columns = sweep_simple(book, history, terms)
        measures = [{name: float(values[i]) for name, values in columns.items()} for i in range(len(cells))]
    else:
        jobs = [
            Job(Path(f"cell {number + 1}"), Path(), (book, history, cell, request.slippage))
            for number, cell in enumerate(cells)
        ]
        outcomes = run_jobs(
            jobs,
            work,
            workers=request.workers,
            scheduler=request.scheduler,
            done=lambda outcome: told(str(outcome.job.path)),
        )
        failed = next((each for each in outcomes if each.failure), None)
        if failed is not None:
            raise BookError(Problem(ERROR, "review", f"{failed.job.path} of the sweep failed: {failed.failure}"))
        measures = [each.value for each in outcomes]
    return sweep_of(axes, measures, hold.measures["log_growth"] or 0.0, hold.run, history.year)


def bootstrapped(book: Book, history: History, request: Request, found: Review, told: Progress) -> Bootstrap | None:
    """Return how sure the difference of a variant to holding is, None where it does not trade."""
    subject = _subject(found, request)
    if request.bootstrap == 0 or subject is None:
        return None
    changed = rules.varied(book, subject.variant)
    if subject.variant.from_targets:
        changed = rules.on_target(changed, history)
    point = subject.measures["rebalancing"]
    if point is None:
        return None
    name, year = subject.variant.name, history.year
    if not beyond_the_kernel(changed):
        prices = prices_of(changed, history)
        return resample(
            name,
            spot_book(changed),
            terms_of(changed, request.slippage),
            history.days,
            prices,
            point,
            paths=2000 if request.bootstrap is None else request.bootstrap,
            block=request.block,
            seed=request.seed,
            year=year,
            workers=request.workers,
            scheduler=request.scheduler,
            checks=True,
            progress=lambda: told("bootstrap"),
        )
    from rebalance_xl.review import resampled

    paths = _PATHS_BY_PLAN if request.bootstrap is None else request.bootstrap
    steps, piece = len(history.days) - 1, 5
    block = max(1.0, request.block * year / 365.0)
    jobs = [
        Job(
            Path(f"bootstrap {number + 1}"),
            Path(),
            (changed, history, min(piece, paths - number * piece), block, request.seed * 1_000_003 + number, steps),
        )
        for number in range(math.ceil(paths / piece))
    ]
    outcomes = run_jobs(
        jobs,
        resampled.work,
        workers=request.workers,
        scheduler=request.scheduler,
        done=lambda outcome: told("bootstrap"),
    )
    failed = next((each.failure for each in outcomes if each.failure), "")
    if failed:
        raise BookError(Problem(ERROR, "review", f"the bootstrap failed: {failed}"))
    values = np.array([value for each in outcomes for value in each.value]) * year / steps
    low, middle, high = (float(each) for each in np.quantile(values, (0.05, 0.5, 0.95)))
    above = float((values > 0).mean())
    return Bootstrap(name, point, low, middle, high, above, paths, request.block, request.seed)


def _subject(found: Review, request: Request) -> Result | None:
    """Return the result that the bootstrap is about: the one named, else the book's own rule where it trades."""
    if request.of:
        wanted = next((each for each in found.results if each.variant.name.casefold() == request.of.casefold()), None)
        if wanted is None:
            known = ", ".join(each.variant.name for each in found.results)
            raise BookError(Problem(ERROR, "review", f'"{request.of}" is none of the variants: {known}'))
        return wanted
    trading: Sequence[Result] = [found.own, *(each for each in found.results if each.variant.name == "threshold")]
    return next((each for each in trading if each.run.executions), None)
