"""Incomplete gamma and beta functions, which the distributions are made of, and their inverses.

Series and continued fractions: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.5.29, 6.5.31 and 26.5.8.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from rebalance_xl.recalc.native.faults import number_fault

_TINY = 1e-300
_EPSILON = 1e-16
_TERMS = 20_000


def gamma_lower(shape: float, x: float) -> float:
    """Return the regularised lower incomplete gamma function P(shape, x)."""
    if x <= 0:
        return 0.0
    if x < shape + 1:
        return _gamma_series(shape, x)
    return 1.0 - _gamma_fraction(shape, x)


def gamma_upper(shape: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(shape, x), exact in the tail."""
    if x <= 0:
        return 1.0
    if x < shape + 1:
        return 1.0 - _gamma_series(shape, x)
    return _gamma_fraction(shape, x)


def _gamma_front(shape: float, x: float) -> float:
    """Return x**shape * exp(-x) / gamma(shape), by Stirling's series where the logarithms would cancel."""
    if shape < 50:
        return math.exp(shape * math.log(x) - x - math.lgamma(shape))
    away = (x - shape) / shape
    stirling = 1 / (12 * shape) - 1 / (360 * shape**3) + 1 / (1260 * shape**5)
    return math.sqrt(shape / (2 * math.pi)) * math.exp(shape * (math.log1p(away) - away) - stirling)


def _gamma_series(shape: float, x: float) -> float:
    term = total = 1.0 / shape
    for step in range(1, _TERMS):
        term *= x / (shape + step)
        total += term
        if term < total * _EPSILON:
            break
    return total * _gamma_front(shape, x)


def _gamma_fraction(shape: float, x: float) -> float:
    b = x + 1.0 - shape
    c = 1.0 / _TINY
    d = 1.0 / b if b else 1.0 / _TINY
    value = d
    for step in range(1, _TERMS):
        factor = -step * (step - shape)
        b += 2.0
        d = factor * d + b
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = b + factor / c
        c = c if abs(c) > _TINY else _TINY
        value *= c * d
        if abs(c * d - 1.0) < _EPSILON:
            break
    return value * _gamma_front(shape, x)


def log_beta(a: float, b: float) -> float:
    """Return the logarithm of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def beta_lower(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta(a, b))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def beta_upper(a: float, b: float, x: float) -> float:
    """Return 1 - I_x(a, b), exact in the tail."""
    return beta_lower(b, a, 1.0 - x)


def _beta_fraction(a: float, b: float, x: float) -> float:
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _TERMS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + factor * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + factor / c
            c = c if abs(c) > _TINY else _TINY
            change = c * d
            value *= change
        if abs(change - 1.0) < _EPSILON:
            break
    return value


def inverse_of(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Return where a rising function between two bounds reaches a value; an infinite upper bound is searched for.

    Raises
    ------
    Fault
        ``#NUM!`` when it is reached nowhere.
    """
    if math.isinf(high):
        high = max(1.0, low + 1.0)
        while rising(high) < target:
            high *= 2.0
            if high > 1e300:
                raise number_fault("the value is reached nowhere")
    for _ in range(2000):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return low if abs(rising(low) - target) < abs(rising(high) - target) else high


def normal_below(z: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def normal_quantile(probability: float) -> float:
    """Return the standard normal quantile: the standard library's, refined by one Newton step in the thin tails."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf(probability)
    density = math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
    tail = normal_below(z) - probability if probability < 0.5 else (1 - probability) - normal_below(-z)
    return z - tail / density if density > 0 else z
