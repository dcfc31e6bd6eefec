"""Many numbers read from text at once, each to the last bit like `float` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # loading numpy.typing takes longer than reading thousands of cells
    from numpy.typing import NDArray

    Ints = NDArray[np.intp]
    Bytes = NDArray[np.uint8]

#: Powers of ten that a double holds exactly: a product or quotient with one of them is rounded once, hence right.
_POWERS = 10.0 ** np.arange(23)
_LONGEST = 22
_EXACT = 2**53


def parsed_numbers(content: Bytes, starts: Ints, ends: Ints) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers that pieces of a text write, and which of them are right.

    Parameters
    ----------
    content : array of uint8
        The text.
    starts, ends : arrays of int
        The bounds of the pieces.

    Returns
    -------
    tuple of arrays
        A number for every piece, and whether it is what the piece says; others (more than about 16 digits, large
        exponents, whatever is no number) have to be read one by one.
    """
    lengths, count = ends - starts, len(starts)
    good = (lengths > 0) & (lengths <= _LONGEST)
    negative = content[starts] == 45
    whole = np.zeros(count, np.int64)
    digits, decimals, exponent, exponent_digits = (np.zeros(count, np.int32) for _ in range(4))
    point, lowered = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    letter_at, letters = np.full(count, -9, np.int32), False
    for place in range(int(lengths[good].max(initial=0))):
        inside = lengths > place
        each = content[np.where(inside, starts + place, 0)]
        figure = each - np.uint8(48)
        digit = (figure < 10) & inside
        other = inside & ~digit
        if letters:
            raised = letter_at >= 0
            more = digit & raised
            exponent = np.where(more, exponent * 10 + figure, exponent)
            exponent_digits += more
            digit &= ~raised
        whole = np.where(digit, whole * 10 + figure, whole)
        digits += digit
        decimals += digit & point
        if place == 0:
            other &= ~negative
        if not other.any():
            continue
        fine = (each == 46) & ~point & other
        letter = ((each | 32) == 101) & (digits > 0) & other
        if letters:
            fine &= ~raised
            letter &= ~raised
        point |= fine
        sign = (letter_at == place - 1) & ((each == 45) | (each == 43)) & other
        lowered |= sign & (each == 45)
        good &= ~other | fine | letter | sign
        if letter.any():
            letter_at[letter], letters = place, True
    good &= (digits > 0) & (digits <= 18) & (whole <= _EXACT)
    good &= (letter_at < 0) | ((exponent_digits > 0) & (exponent_digits <= 4))
    shift = np.where(lowered, -exponent, exponent) - decimals
    good &= (shift >= -22) & (shift <= 22)
    powers = _POWERS[np.where(good, np.abs(shift), 0)]
    numbers = np.where(shift < 0, whole / powers, whole * powers)
    return np.where(negative, -numbers, numbers), good
