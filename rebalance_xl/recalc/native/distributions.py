"""Distributions and the gamma function: scipy's functions behind Excel's checks, which cut counts off first.

Every function is a line of a table: its arguments by role, and what it computes. Quantiles are taken from both ends
of the incomplete beta function, so that no tail is lost in 1 - p.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from scipy import special

from .faults import number_fault
from .registry import worksheet


def _beta_below(a: float, b: float, part: float, rest: float) -> float:
    """Return the regularised incomplete beta function at part / (part + rest), without the digits that 1 - x loses."""
    if part < rest:
        return special.betainc(a, b, part / (part + rest))
    return special.betaincc(b, a, rest / (part + rest))


def _f_density(x: float, d1: int, d2: int) -> float:
    if x == 0:
        return {1: math.inf, 2: 1.0}.get(d1, 0.0)
    log = (d1 * math.log(d1 * x) + d2 * math.log(d2) - (d1 + d2) * math.log(d1 * x + d2)) / 2
    return math.exp(log - special.betaln(d1 / 2, d2 / 2)) / x


def _f_quantile(p: float, d1: int, d2: int) -> float:
    return special.betaincinv(d1 / 2, d2 / 2, p) * d2 / (special.betainccinv(d2 / 2, d1 / 2, p) * d1)


def _f_quantile_of_tail(p: float, d1: int, d2: int) -> float:
    return special.betainccinv(d1 / 2, d2 / 2, p) * d2 / (special.betaincinv(d2 / 2, d1 / 2, p) * d1)


def _gamma_density(x: float, shape: float, scale: float) -> float:
    if x == 0 and shape <= 1:
        return math.inf if shape < 1 else 1 / scale
    return math.exp(special.xlogy(shape - 1, x / scale) - x / scale - special.gammaln(shape)) / scale


def _t_density(x: float, freedom: int) -> float:
    log = -(freedom + 1) / 2 * math.log1p(x * x / freedom) - special.betaln(freedom / 2, 0.5)
    return math.exp(log) / math.sqrt(freedom)


def _t_tails(x: float, freedom: int) -> float:
    """Return the probability of both tails beyond x."""
    return _beta_below(freedom / 2, 0.5, freedom, x * x)


def _t_above(x: float, freedom: int) -> float:
    tail = _t_tails(x, freedom) / 2
    return tail if x > 0 else 1 - tail


def _t_quantile_of_tails(p: float, freedom: int) -> float:
    return math.sqrt(_f_quantile_of_tail(p, 1, freedom))


def _t_quantile(p: float, freedom: int) -> float:
    value = _t_quantile_of_tails(2 * min(p, 1 - p), freedom)
    return value if p > 0.5 else -value


def _binomial_below(successes: int, trials: int, chance: float) -> float:
    """Return the probability of at most so many successes."""
    if successes >= trials or chance == 0:
        return 1.0
    return 0.0 if successes < 0 else special.betaincc(successes + 1, trials - successes, chance)


def _binomial_at(successes: int, trials: int, chance: float) -> float:
    """Return the probability of exactly so many successes."""
    if min(successes, trials - successes) <= 1000:
        ways = math.log(math.comb(trials, successes))
    else:
        ways = -special.betaln(trials - successes + 1, successes + 1) - math.log(trials + 1)
    return math.exp(ways + special.xlogy(successes, chance) + special.xlog1py(trials - successes, -chance))


def _binomial(successes: int, trials: int, chance: float, cumulative: bool) -> float:
    if successes > trials:
        raise number_fault(f"{successes} successes in {trials} trials")
    return (_binomial_below if cumulative else _binomial_at)(successes, trials, chance)


def _binomial_range(trials: int, chance: float, low: int, high: int | None = None) -> float:
    high = low if high is None else high
    if not low <= high <= trials:
        raise number_fault(f"{low} to {high} successes in {trials} trials")
    if high - low < 64:
        return sum(_binomial_at(count, trials, chance) for count in range(low, high + 1))
    return _binomial_below(high, trials, chance) - _binomial_below(low - 1, trials, chance)


def _negative_binomial(failures: int, successes: int, chance: float, cumulative: bool) -> float:
    if successes < 1:
        raise number_fault(f"{failures} failures before {successes} successes")
    if cumulative:
        return special.betainc(successes, failures + 1, chance)
    ways = -special.betaln(failures + 1, successes) - math.log(failures + successes)
    return math.exp(ways + successes * math.log(chance) + failures * math.log1p(-chance))


def _poisson_at(events: int, mean: float) -> float:
    return math.exp(special.xlogy(events, mean) - mean - math.lgamma(events + 1))


def _lognormal(x: float, mean: float, deviation: float, cumulative: bool) -> float:
    z = (math.log(x) - mean) / deviation
    return special.ndtr(z) if cumulative else math.exp(-z * z / 2) / (x * deviation * math.sqrt(2 * math.pi))


#: Distributions whose last argument chooses between the function and its density: names, other arguments, these two.
_WITH_DENSITIES: Final[tuple[tuple[str, str, Callable[..., float], Callable[..., float]], ...]] = (
    ("F.DIST", "x freedom freedom", lambda x, d1, d2: _beta_below(d1 / 2, d2 / 2, d1 * x, d2), _f_density),
    ("CHISQ.DIST", "x freedom", lambda x, n: special.chdtr(n, x), lambda x, n: _gamma_density(x, n / 2, 2)),
    ("GAMMA.DIST GAMMADIST", "x positive positive", lambda x, a, scale: special.gammainc(a, x / scale), _gamma_density),
    ("T.DIST", "number freedom", lambda x, freedom: _t_above(-x, freedom), _t_density),
    ("POISSON.DIST POISSON", "count x", lambda n, mean: special.gammaincc(n + 1, mean) if mean else 1.0, _poisson_at),
    ("EXPON.DIST EXPONDIST", "x positive", lambda x, a: -math.expm1(-a * x), lambda x, a: a * math.exp(-a * x)),
)
for _names, _arguments, _below, _density in _WITH_DENSITIES:
    worksheet(*_names.split(), kinds=f"{_arguments} cumulative")(
        lambda *given, below=_below, density=_density: float((below if given[-1] else density)(*given[:-1]))
    )
_TABLE: Final[tuple[tuple[str, str, Callable[..., float]], ...]] = (
    ("F.DIST.RT FDIST", "x freedom freedom", lambda x, d1, d2: _beta_below(d2 / 2, d1 / 2, d2, d1 * x)),
    ("F.INV", "below_1 freedom freedom", _f_quantile),
    ("F.INV.RT FINV", "above_0 freedom freedom", _f_quantile_of_tail),
    ("CHISQ.DIST.RT", "x freedom", lambda x, freedom: special.chdtrc(freedom, x)),
    ("CHISQ.INV", "below_1 freedom", lambda p, freedom: 2 * special.gammaincinv(freedom / 2, p)),
    ("CHISQ.INV.RT", "above_0 freedom", lambda p, freedom: 2 * special.gammainccinv(freedom / 2, p)),
    ("GAMMA.INV GAMMAINV", "below_1 positive positive", lambda p, shape, scale: scale * special.gammaincinv(shape, p)),
    ("GAMMA", "number", special.gamma),
    ("T.DIST.2T", "x freedom", _t_tails),
    ("T.DIST.RT", "number freedom", _t_above),
    ("T.INV", "between freedom", _t_quantile),
    ("T.INV.2T", "above_0 freedom", _t_quantile_of_tails),
    ("BINOM.DIST BINOMDIST", "count count chance cumulative", _binomial),
    ("BINOM.DIST.RANGE", "count chance count count=NONE", _binomial_range),
    (  # the least number of successes whose cumulative probability reaches alpha
        "BINOM.INV CRITBINOM",
        "count between between",
        lambda n, chance, alpha: bisect_left(range(n), alpha, key=lambda count: _binomial_below(count, n, chance)),
    ),
    ("NEGBINOM.DIST", "count count between cumulative", _negative_binomial),
    ("LOGNORM.DIST", "positive number positive cumulative", _lognormal),
    ("LOGNORM.INV LOGINV", "between number positive", lambda p, mean, sd: math.exp(mean + sd * special.ndtri(p))),
)
for _names, _arguments, _formula in _TABLE:
    worksheet(*_names.split(), kinds=_arguments)(lambda *given, formula=_formula: float(formula(*given)))
