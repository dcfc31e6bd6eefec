"""Distributions as Excel evaluates them: degrees of freedom, counts and trials are cut off to whole numbers first."""

from __future__ import annotations

import math

from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet
from rebalance_xl.recalc.native.special import (
    beta_lower,
    beta_upper,
    gamma_lower,
    gamma_upper,
    inverse_of,
    log_beta,
    normal_below,
    normal_quantile,
)


def _freedom(value: float, least: int = 1) -> int:
    """Return degrees of freedom cut off to a whole number, at most 10**10."""
    whole = int(value)
    if not least <= whole <= 10**10:
        raise number_fault(f"{value:.10g} degrees of freedom; at least {least} are needed")
    return whole


def _probability(value: float, zero: bool = False, one: bool = False) -> float:
    """Refuse a probability outside 0 to 1, and the ends that are not allowed."""
    if not 0 <= value <= 1 or (value == 0 and not zero) or (value == 1 and not one):
        raise number_fault(f"the probability is {value:.10g}; it must lie between 0 and 1")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise number_fault(f"{value:.10g} must not be below 0")
    return value


# --- F ------------------------------------------------------------------------------------------------------


def _f_below(x: float, d1: int, d2: int) -> float:
    return beta_lower(d1 / 2, d2 / 2, d1 * x / (d1 * x + d2))


def _f_above(x: float, d1: int, d2: int) -> float:
    return beta_lower(d2 / 2, d1 / 2, d2 / (d1 * x + d2))


@worksheet("F.DIST", kinds="number number number flag", override=True)
def f_dist(x: float, deg_freedom1: float, deg_freedom2: float, cumulative: bool) -> float:
    """Return the F distribution function or its density."""
    d1, d2 = _freedom(deg_freedom1), _freedom(deg_freedom2)
    _not_negative(x)
    if cumulative:
        return _f_below(x, d1, d2)
    if x == 0:
        return {1: math.inf, 2: 1.0}.get(d1, 0.0)
    log = (d1 * math.log(d1 * x) + d2 * math.log(d2) - (d1 + d2) * math.log(d1 * x + d2)) / 2
    return math.exp(log - log_beta(d1 / 2, d2 / 2)) / x


@worksheet("F.DIST.RT", "FDIST", kinds="number number number", override=True)
def f_dist_rt(x: float, deg_freedom1: float, deg_freedom2: float) -> float:
    """Return the probability above x of the F distribution."""
    return _f_above(_not_negative(x), _freedom(deg_freedom1), _freedom(deg_freedom2))


@worksheet("F.INV", kinds="number number number", override=True)
def f_inv(probability: float, deg_freedom1: float, deg_freedom2: float) -> float:
    """Return where the F distribution function reaches a probability."""
    d1, d2 = _freedom(deg_freedom1), _freedom(deg_freedom2)
    return inverse_of(lambda x: _f_below(x, d1, d2), _probability(probability, zero=True), 0.0, math.inf)


@worksheet("F.INV.RT", "FINV", kinds="number number number", override=True)
def f_inv_rt(probability: float, deg_freedom1: float, deg_freedom2: float) -> float:
    """Return where the probability above x of the F distribution falls to a probability."""
    d1, d2 = _freedom(deg_freedom1), _freedom(deg_freedom2)
    return inverse_of(lambda x: -_f_above(x, d1, d2), -_probability(probability, one=True), 0.0, math.inf)


# --- chi-squared ----------------------------------------------------------------------------------------------


@worksheet("CHISQ.DIST", kinds="number number flag", override=True)
def chisq_dist(x: float, deg_freedom: float, cumulative: bool) -> float:
    """Return the chi-squared distribution function or its density."""
    half = _freedom(deg_freedom) / 2
    _not_negative(x)
    if cumulative:
        return gamma_lower(half, x / 2)
    if x == 0:
        return {0.5: math.inf, 1.0: 0.5}.get(half, 0.0)
    return math.exp((half - 1) * math.log(x) - x / 2 - half * math.log(2) - math.lgamma(half))


@worksheet("CHISQ.DIST.RT", kinds="number number", override=True)
def chisq_dist_rt(x: float, deg_freedom: float) -> float:
    """Return the probability above x of the chi-squared distribution."""
    return gamma_upper(_freedom(deg_freedom) / 2, _not_negative(x) / 2)


@worksheet("CHISQ.INV", kinds="number number", override=True)
def chisq_inv(probability: float, deg_freedom: float) -> float:
    """Return where the chi-squared distribution function reaches a probability."""
    half = _freedom(deg_freedom) / 2
    return inverse_of(lambda x: gamma_lower(half, x / 2), _probability(probability, zero=True), 0.0, math.inf)


@worksheet("CHISQ.INV.RT", kinds="number number", override=True)
def chisq_inv_rt(probability: float, deg_freedom: float) -> float:
    """Return where the probability above x of the chi-squared distribution falls to a probability."""
    half = _freedom(deg_freedom) / 2
    return inverse_of(lambda x: -gamma_upper(half, x / 2), -_probability(probability, one=True), 0.0, math.inf)


# --- Student's t ------------------------------------------------------------------------------------------------


def _t_tails(x: float, freedom: int) -> float:
    """Return the probability of both tails beyond x."""
    return beta_lower(freedom / 2, 0.5, freedom / (freedom + x * x))


@worksheet("T.DIST", kinds="number number flag", override=True)
def t_dist(x: float, deg_freedom: float, cumulative: bool) -> float:
    """Return Student's t distribution function or its density."""
    freedom = _freedom(deg_freedom)
    if cumulative:
        tail = _t_tails(x, freedom) / 2
        return tail if x < 0 else 1 - tail
    log = -(freedom + 1) / 2 * math.log1p(x * x / freedom) - log_beta(freedom / 2, 0.5)
    return math.exp(log) / math.sqrt(freedom)


@worksheet("T.DIST.2T", kinds="number number", override=True)
def t_dist_2t(x: float, deg_freedom: float) -> float:
    """Return the probability of both tails of Student's t distribution."""
    return _t_tails(_not_negative(x), _freedom(deg_freedom))


@worksheet("T.DIST.RT", kinds="number number", override=True)
def t_dist_rt(x: float, deg_freedom: float) -> float:
    """Return the probability above x of Student's t distribution."""
    tail = _t_tails(x, _freedom(deg_freedom)) / 2
    return tail if x > 0 else 1 - tail


@worksheet("T.INV.2T", kinds="number number", override=True)
def t_inv_2t(probability: float, deg_freedom: float) -> float:
    """Return where the probability of both tails of Student's t distribution falls to a probability."""
    freedom = _freedom(deg_freedom)
    return inverse_of(lambda x: -_t_tails(x, freedom), -_probability(probability, one=True), 0.0, math.inf)


@worksheet("T.INV", kinds="number number", override=True)
def t_inv(probability: float, deg_freedom: float) -> float:
    """Return where Student's t distribution function reaches a probability."""
    _probability(probability)
    if probability == 0.5:
        return 0.0
    value = t_inv_2t(2 * min(probability, 1 - probability), deg_freedom)
    return value if probability > 0.5 else -value


# --- counts -----------------------------------------------------------------------------------------------------


def binomial_below(successes: int, trials: int, chance: float) -> float:
    """Return the probability of at most so many successes."""
    if successes >= trials or chance == 0:
        return 1.0
    return 0.0 if successes < 0 else beta_upper(successes + 1, trials - successes, chance)


def binomial_at(successes: int, trials: int, chance: float) -> float:
    """Return the probability of exactly so many successes."""
    if chance in (0.0, 1.0):
        return 1.0 if successes == (trials if chance else 0) else 0.0
    ways = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    if trials <= 1000:
        return math.exp(
            math.log(math.comb(trials, successes))
            + successes * math.log(chance)
            + (trials - successes) * math.log1p(-chance)
        )
    return math.exp(ways + successes * math.log(chance) + (trials - successes) * math.log1p(-chance))


@worksheet("BINOM.DIST", "BINOMDIST", kinds="number number number flag", override=True)
def binom_dist(number_s: float, trials: float, probability_s: float, cumulative: bool) -> float:
    """Return the probability of so many successes, or of at most so many."""
    successes, tries = math.floor(number_s), math.floor(trials)
    _probability(probability_s, zero=True, one=True)
    if not 0 <= successes <= tries or tries > 10**15:
        raise number_fault(f"{successes} successes in {tries} trials")
    return (binomial_below if cumulative else binomial_at)(successes, tries, probability_s)


@worksheet("BINOM.DIST.RANGE", kinds="number number number number", override=True)
def binom_dist_range(trials: float, probability_s: float, number_s: float, number_s2: float | None = None) -> float:
    """Return the probability of between so many and so many successes."""
    tries, low = math.floor(trials), math.floor(number_s)
    high = low if number_s2 is None else math.floor(number_s2)
    _probability(probability_s, zero=True, one=True)
    if not 0 <= low <= high <= tries:
        raise number_fault(f"{low} to {high} successes in {tries} trials")
    if high - low < 64:
        return sum(binomial_at(count, tries, probability_s) for count in range(low, high + 1))
    return binomial_below(high, tries, probability_s) - binomial_below(low - 1, tries, probability_s)


@worksheet("BINOM.INV", "CRITBINOM", kinds="number number number", override=True)
def binom_inv(trials: float, probability_s: float, alpha: float) -> float:
    """Return the least number of successes whose cumulative probability reaches alpha."""
    tries = math.floor(trials)
    _probability(probability_s)
    _probability(alpha)
    if tries < 0:
        raise number_fault(f"the number of trials is {tries}; it must not be below 0")
    low, high = 0, tries
    while low < high:
        middle = (low + high) // 2
        if binomial_below(middle, tries, probability_s) >= alpha:
            high = middle
        else:
            low = middle + 1
    return float(low)


@worksheet("NEGBINOM.DIST", kinds="number number number flag", override=True)
def negbinom_dist(number_f: float, number_s: float, probability_s: float, cumulative: bool) -> float:
    """Return the probability of so many failures before a number of successes, or of at most so many."""
    failures, successes = math.floor(number_f), math.floor(number_s)
    _probability(probability_s)
    if failures < 0 or successes < 1:
        raise number_fault(f"{failures} failures before {successes} successes")
    if cumulative:
        return beta_lower(successes, failures + 1, probability_s)
    ways = -log_beta(failures + 1, successes) - math.log(failures + successes)
    return math.exp(ways + successes * math.log(probability_s) + failures * math.log1p(-probability_s))


@worksheet("POISSON.DIST", "POISSON", kinds="number number flag", override=True)
def poisson_dist(x: float, mean: float, cumulative: bool) -> float:
    """Return the Poisson probability of so many events, or of at most so many."""
    events = math.floor(x)
    if events < 0 or mean < 0:
        raise number_fault(f"{x:.10g} events with a mean of {mean:.10g}")
    if mean == 0:
        return 1.0 if cumulative or events == 0 else 0.0
    if cumulative:
        return gamma_upper(events + 1, mean)
    return math.exp(events * math.log(mean) - mean - math.lgamma(events + 1))


@worksheet("EXPON.DIST", "EXPONDIST", kinds="number number flag", override=True)
def expon_dist(x: float, rate: float, cumulative: bool) -> float:
    """Return the exponential distribution function or its density."""
    if x < 0 or rate <= 0:
        raise number_fault("x must not be below 0 and lambda must be above 0")
    return -math.expm1(-rate * x) if cumulative else rate * math.exp(-rate * x)


@worksheet("LOGNORM.DIST", kinds="number number number flag", override=True)
def lognorm_dist(x: float, mean: float, standard_dev: float, cumulative: bool) -> float:
    """Return the lognormal distribution function or its density."""
    if x <= 0 or standard_dev <= 0:
        raise number_fault("x and the standard deviation must be above 0")
    z = (math.log(x) - mean) / standard_dev
    if cumulative:
        return normal_below(z)
    return math.exp(-z * z / 2) / (x * standard_dev * math.sqrt(2 * math.pi))


@worksheet("LOGNORM.INV", "LOGINV", kinds="number number number", override=True)
def lognorm_inv(probability: float, mean: float, standard_dev: float) -> float:
    """Return where the lognormal distribution function reaches a probability."""
    _probability(probability)
    if standard_dev <= 0:
        raise number_fault(f"the standard deviation is {standard_dev:.10g}; it must be above 0")
    return math.exp(mean + standard_dev * normal_quantile(probability))
