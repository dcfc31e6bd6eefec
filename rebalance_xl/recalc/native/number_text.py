"""Numbers shown by a number format (TEXT), or as text with decimals (FIXED, DOLLAR)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from itertools import pairwise, takewhile
from typing import Any, Final

from .arguments import general, no_error, to_text
from .faults import undecided_fault
from .format_language import names_of, undecided
from .number_format import Token, choose, sections, shown_date
from .reading import in_1904, typed_number
from .registry import worksheet

_CONTEXT: Final = Context(prec=400, rounding=ROUND_HALF_UP)


def decimal_of(number: float) -> Decimal:
    """Return a number as the 15 significant digits that Excel works with."""
    return Decimal(f"{number:.15g}")


def rounded(number: Decimal, places: int) -> Decimal:
    """Return a number rounded to a number of decimals, halves away from zero."""
    return number.quantize(Decimal(1).scaleb(-places, _CONTEXT), context=_CONTEXT)


def shown(value: float, text: str, date_offset: int = 0) -> str:
    """Return a number as a number format shows it.

    >>> shown(1234.567, "#,##0.00"), shown(-5, "0;(0)"), shown(0.125, "# ?/?"), shown(12345, "0.00E+00")
    ('1,234.57', '(5)', ' 1/8', '1.23E+04')
    """
    found = sections(text)
    section, unsigned = choose(found, value)
    magnitude = abs(value)
    sign = "" if unsigned or value >= 0 else "-"
    if section is None:
        return sign + _general(magnitude)
    if section.has("date", "elapsed", "half"):
        names = names_of(section.language)
        if names is None:
            raise undecided_fault(f"the names of the language {section.language} are not known here")
        sign = "-" if date_offset and value < 0 else ""  # only dates from 1904 on may be negative
        return sign + shown_date((magnitude if sign else value) + date_offset, section.tokens, names)
    if section.has("digit"):
        if section.has("exponent"):
            return sign + _scientific(magnitude, section.tokens)
        if section.has("slash") and (span := _fraction_span(section.tokens)):
            return sign + _fraction(magnitude, section.tokens, *span)
        digits = _plain(decimal_of(magnitude), section.tokens)
        alone = len(found) == 1 and section.condition is None  # then what shows no digit but 0 has no sign
        return digits if alone and not re.search("[1-9]", digits) else sign + digits
    return sign + "".join(_general(magnitude) if kind == "general" else part for kind, part in section.tokens)


def _general(number: float) -> str:
    if 0 < number < 1e-5:  # in a cell an exponent begins here, in a text that is made without a format far below
        raise undecided_fault("the format General of a number so near to 0")
    return general(number)


def _plain(number: Decimal, tokens: Sequence[Token]) -> str:
    """Show a number by placeholders; literals keep their places between the digits."""
    kinds = [kind for kind, _ in tokens]
    point = kinds.index("point") if "point" in kinds else len(tokens)
    whole_places = [i for i, kind in enumerate(kinds) if kind == "digit" and i < point]
    part_places = [i for i, kind in enumerate(kinds) if kind == "digit" and i > point]
    grouped = ("comma", "digit") in pairwise(kinds[:point])
    ends = [*whole_places[-1:], *(part_places or [point])[-1:]]
    scaling = sum(1 for place in ends for _ in takewhile("comma".__eq__, kinds[place + 1 :]))
    number = number.scaleb(2 * kinds.count("percent") - 3 * scaling, _CONTEXT)
    whole, _, part = f"{rounded(number, len(part_places)):f}".lstrip("0").partition(".")
    before = _whole_digits(whole, [tokens[place][1] for place in whole_places], grouped)
    last_digit = len(part.rstrip("0"))
    after = [part[at] if at < last_digit else _EMPTY[tokens[place][1]] for at, place in enumerate(part_places)]
    digits = iter([*before, *after])
    out = [next(digits) if kind == "digit" else "" if kind == "comma" else text for kind, text in tokens]
    if not whole_places:
        out.insert(point, whole)
    return "".join(out)


#: What placeholders show where there is no digit.
_EMPTY: Final = {"0": "0", "?": " ", "#": ""}


def _whole_digits(digits: str, placeholders: list[str], grouped: bool) -> list[str]:
    """Return what each placeholder before the point shows; the first one takes the digits that are left over."""
    filled = [_EMPTY[each] for each in placeholders[: max(len(placeholders) - len(digits), 0)]] + [*digits]
    for index, digit in enumerate(filled[:-1] if grouped else ()):
        if (len(filled) - 1 - index) % 3 == 0:
            filled[index] += "," if digit.strip() else digit  # a blank stands beside a blank
    spare = len(filled) - len(placeholders)
    return ["".join(filled[: spare + 1]), *filled[spare + 1 :]] if placeholders else []


def _scientific(number: float, tokens: Sequence[Token]) -> str:
    kinds = [kind for kind, _ in tokens]
    at = kinds.index("exponent")
    point = kinds[:at].index("point") if "point" in kinds[:at] else at
    width, places = kinds[:point].count("digit"), kinds[point:at].count("digit")
    step = max(width, 1)
    exact = decimal_of(number).scaleb(2 * kinds.count("percent"))
    exponent = 0
    if exact:
        exponent = exact.adjusted() // step * step + (width == 0)
        if rounded(exact.scaleb(-exponent, _CONTEXT), places).adjusted() >= width:
            exponent += step
    body = _plain(exact.scaleb(-exponent, _CONTEXT), [token for token in tokens[:at] if token[0] != "percent"])
    letter = tokens[at][1]
    sign = "-" if exponent < 0 else letter[1].replace("-", "")
    end = max((i for i in range(at + 1, len(tokens)) if kinds[i] == "digit"), default=at) + 1
    start = kinds.index("digit", at) if end > at + 1 else end  # what stands before the digits stands before the sign
    tail = _plain(Decimal(abs(exponent)), _with_zero(tokens[start:end]))
    before = "".join(text for _, text in tokens[at + 1 : start])
    after = "".join(text for kind, text in tokens[end:] if kind in ("text", "percent"))
    return f"{body}{letter[0]}{before}{sign}{tail}{after}"


def _fraction_span(tokens: Sequence[Token]) -> tuple[int, int, int] | None:
    """Return where numerator, slash and denominator's end are, None when the slash separates no digits."""
    slash = next(i for i, (kind, _) in enumerate(tokens) if kind == "slash")
    above = len(list(takewhile(lambda token: token[0] == "digit", reversed(tokens[:slash]))))
    below = len(list(takewhile(lambda token: token[0] == "digit" or token[1].isdigit(), tokens[slash + 1 :])))
    return (slash - above, slash, slash + 1 + below) if above and below else None


def _fraction(number: float, tokens: Sequence[Token], start: int, slash: int, end: int) -> str:
    below = "".join(text for _, text in tokens[slash + 1 : end])
    fixed = int(re.sub("[#?]", "", below)) if re.search("[1-9]", below) else 0
    before, rest = tokens[:start], "".join(text for _, text in tokens[end:])
    exact = Fraction(decimal_of(number))
    mixed = any(kind == "digit" for kind, _ in before)
    whole = int(exact) if mixed else 0
    if fixed:
        top, bottom = int((exact - whole) * fixed + Fraction(1, 2)), fixed
    else:
        nearest = (exact - whole).limit_denominator(10 ** min(len(below), 7) - 1)
        top, bottom = nearest.numerator, nearest.denominator
    if mixed and top == bottom:
        whole, top = whole + 1, 0
    if mixed and top == 0 and ("digit", "0") not in tokens[start:slash]:
        wide = "?" in below or ("digit", "?") in tokens[start:slash]
        until = len(before) if wide else 1 + max(place for place, (kind, _) in enumerate(before) if kind == "digit")
        return _plain(Decimal(whole), _with_zero(before)[:until]) + " " * (end - start if wide else 0) + rest
    lead = _plain(Decimal(whole), before) if before else ""
    lower = str(bottom)
    if "?" in below:
        lower = lower.ljust(len(below))
    elif "0" in below and not fixed:
        lower = lower.zfill(len(below))
    return lead + _plain(Decimal(top), _with_zero(tokens[start:slash])) + "/" + lower + rest


def _with_zero(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens whose last placeholder shows a 0 where there is no digit."""
    last = max((place for place, (kind, _) in enumerate(tokens) if kind == "digit"), default=None)
    return [("digit", "0") if place == last else token for place, token in enumerate(tokens)]


@worksheet("TEXT", kinds="any any", dated=True)
def text_(value: Any, format_text: Any, *, date_offset: int = 0) -> str:
    """Return a value as a number format shows it; text that reads as a number is formatted as one."""
    no_error(value)
    pattern = to_text(format_text)
    if open_question := undecided(pattern):
        raise undecided_fault(open_question)
    if isinstance(value, bool | str):
        number = typed_number(to_text(value))
        if number is None:
            return _shown_text(to_text(value), pattern)
        dated = in_1904(value) if date_offset else number
        value = number if isinstance(dated, str) else dated
    return shown(float(value or 0.0), pattern, date_offset) if pattern else ""


def _shown_text(value: str, pattern: str) -> str:
    found = sections(pattern)
    if len(found) <= 3 and not found[-1].has("at"):
        return value
    return "".join(value if kind == "at" else text for kind, text in found[min(3, len(found) - 1)].tokens)


@worksheet("FIXED", kinds="number decimals flag")
def fixed(number: float, decimals: int = 2, no_commas: bool = False) -> str:
    """Return a number rounded to some decimals as text, with thousands separators unless `no_commas`."""
    value = rounded(rounded(decimal_of(number), decimals), max(decimals, 0))
    value = value if value else abs(value)
    return f"{value:f}" if no_commas else f"{value:,f}"


@worksheet("DOLLAR", "USDOLLAR", kinds="number decimals")
def dollar(number: float, decimals: int = 2) -> str:
    """Return a number as an amount in dollars, negative ones in brackets."""
    text = "$" + fixed(abs(number), decimals)
    return f"({text})" if number < 0 else text
