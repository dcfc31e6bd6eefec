"""Numbers shown by a number format (TEXT), or as text with decimals (FIXED, DOLLAR)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any, Final

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import general, to_text
from rebalance_xl.recalc.native.date_text import shown_date
from rebalance_xl.recalc.native.faults import Fault, undecided_fault, value_fault
from rebalance_xl.recalc.native.format_language import names_of, undecided
from rebalance_xl.recalc.native.number_format import Section, Token, choose, sections
from rebalance_xl.recalc.native.reading import typed_number
from rebalance_xl.recalc.native.registry import worksheet

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
    section, signed = choose(sections(text), value)
    if section is None:
        return general(value)
    if section.has("date", "elapsed", "half"):
        names = names_of(section.language)
        if names is None:
            raise undecided_fault(f"the names of the language {section.language} are not known here")
        return shown_date(value + date_offset, section.tokens, names)
    sign = "" if signed or value >= 0 else "-"
    magnitude = abs(value)
    if section.has("digit"):
        if section.has("exponent"):
            return sign + _scientific(magnitude, section)
        if section.has("slash") and _fraction_start(section.tokens) is not None:
            return sign + _fraction(magnitude, section)
        return sign + _plain(decimal_of(magnitude), section.tokens)
    parts = []
    for kind, part in section.tokens:
        parts.append(general(magnitude) if kind in ("general", "at") else part)
    return (sign if section.has("general", "at") else "") + "".join(parts)


def _plain(number: Decimal, tokens: tuple[Token, ...]) -> str:
    """Show a number by placeholders; literals keep their places between the digits."""
    kinds = [kind for kind, _ in tokens]
    point = kinds.index("point") if "point" in kinds else len(tokens)
    whole_places = [i for i, kind in enumerate(kinds) if kind == "digit" and i < point]
    part_places = [i for i, kind in enumerate(kinds) if kind == "digit" and i > point]
    last = whole_places[-1] if whole_places else -1
    first = whole_places[0] if whole_places else 0
    grouped = any(kind == "comma" and first < i < last for i, kind in enumerate(kinds))
    end = (part_places or [last])[-1]
    scaling = _commas_after(kinds, last if point < len(tokens) else end) + (
        _commas_after(kinds, end) if point < len(tokens) and part_places else 0
    )
    number = number.scaleb(2 * kinds.count("percent") - 3 * scaling, _CONTEXT)
    number = rounded(number, len(part_places))
    digits = f"{number:f}"
    whole, _, part = digits.partition(".")
    whole = whole.lstrip("0")
    out: list[str] = []
    _fill_whole(out, tokens, whole_places, point, whole, grouped)
    for index in range(point, len(tokens)):
        kind, text = tokens[index]
        if kind == "point" and index == point:
            out.append(".")
        elif kind == "digit":
            out.append(_decimal_digit(part, part_places.index(index), text))
        elif kind != "comma":
            out.append(text)
    return "".join(out)


def _commas_after(kinds: list[str], index: int) -> int:
    count = 0
    while index + 1 + count < len(kinds) and kinds[index + 1 + count] == "comma":
        count += 1
    return count if index >= 0 else 0


def _fill_whole(
    out: list[str], tokens: tuple[Token, ...], places: list[int], point: int, digits: str, grouped: bool
) -> None:
    remaining = len(places)
    spare = max(len(digits) - remaining, 0)
    for index in range(point):
        kind, text = tokens[index]
        if kind == "digit":
            if remaining == len(places):
                for offset in range(spare):
                    _put(out, digits[offset], len(digits) - offset - 1, grouped)
            position = remaining - 1
            if position < len(digits):
                _put(out, digits[len(digits) - position - 1], position, grouped)
            elif text == "0":
                _put(out, "0", position, grouped)
            elif text == "?":
                out.append(" ")
            remaining -= 1
        elif kind != "comma":
            out.append(text)
    if not places and digits:
        out.append(digits)


def _put(out: list[str], digit: str, position: int, grouped: bool) -> None:
    out.append(digit)
    if grouped and position and position % 3 == 0:
        out.append(",")


def _decimal_digit(part: str, position: int, placeholder: str) -> str:
    if placeholder == "0" or part[position:].strip("0"):
        return part[position]
    return " " if placeholder == "?" else ""


def _scientific(number: float, section: Section) -> str:
    tokens = section.tokens
    at = next(i for i, (kind, _) in enumerate(tokens) if kind == "exponent")
    mantissa = tokens[:at]
    after = [i for i in range(at + 1, len(tokens)) if tokens[i][0] == "digit"]
    kinds = [kind for kind, _ in mantissa]
    point = kinds.index("point") if "point" in kinds else len(kinds)
    step = max(kinds[:point].count("digit"), 1)
    places = kinds[point:].count("digit")
    exact = decimal_of(number).scaleb(2 * [kind for kind, _ in tokens].count("percent"))
    exponent = 0
    if exact:
        exponent = exact.adjusted() // step * step
        scaled = rounded(exact.scaleb(-exponent, _CONTEXT), places)
        if scaled.adjusted() >= step:
            exponent += step
    body = _plain(exact.scaleb(-exponent, _CONTEXT), tuple(t for t in mantissa if t[0] != "percent"))
    sign = "-" if exponent < 0 else "+" if tokens[at][1][1] == "+" else ""
    tail_end = after[-1] + 1 if after else at + 1
    tail = _plain(Decimal(abs(exponent)), tokens[at + 1 : tail_end])
    rest = "".join(text for kind, text in tokens[tail_end:] if kind in ("text", "percent"))
    return body + tokens[at][1][0] + sign + tail + rest


def _fraction_start(tokens: tuple[Token, ...]) -> int | None:
    """Return where the numerator's placeholders begin, None when the slash separates no digits."""
    slash = next(i for i, (kind, _) in enumerate(tokens) if kind == "slash")
    index = slash
    while index and tokens[index - 1][0] == "digit":
        index -= 1
    following = tokens[slash + 1] if slash + 1 < len(tokens) else ("", "")
    denominator = following[0] == "digit" or following[1].isdigit()
    return index if index < slash and denominator else None


def _fraction(number: float, section: Section) -> str:
    tokens = section.tokens
    slash = next(i for i, (kind, _) in enumerate(tokens) if kind == "slash")
    start = _fraction_start(tokens)
    assert start is not None
    end = slash + 1
    while end < len(tokens) and (tokens[end][0] == "digit" or tokens[end][1].isdigit()):
        end += 1
    below = "".join(text for _, text in tokens[slash + 1 : end])
    fixed = int(below.replace("#", "").replace("?", "")) if any(c in "123456789" for c in below) else 0
    whole_tokens = tokens[:start]
    exact = Fraction(decimal_of(number))
    mixed = any(kind == "digit" for kind, _ in whole_tokens)
    whole = int(exact) if mixed else 0
    if fixed:
        top, bottom = int((exact - whole) * fixed + Fraction(1, 2)), fixed
    else:
        nearest = (exact - whole).limit_denominator(10 ** min(len(below), 7) - 1)
        top, bottom = nearest.numerator, nearest.denominator
    if mixed and top == bottom:
        whole, top = whole + 1, 0
    if mixed and top == 0:
        width = end - start
        text = _plain(Decimal(whole), whole_tokens) if whole or not width else _plain(Decimal(0), whole_tokens)
        filler = " " * width if "?" in below or any(t == "?" for _, t in tokens[start:slash]) else ""
        lead = text if whole else text.rstrip() + ("0" if not text.strip() else "") + text[len(text.rstrip()) :]
        return lead + filler + "".join(text for _, text in tokens[end:])
    left = _plain(Decimal(whole), whole_tokens) if whole_tokens else ""
    upper = _plain(Decimal(top), tokens[start:slash])
    lower = str(bottom)
    lower = (
        lower.ljust(len(below)) if "?" in below else lower.zfill(len(below)) if "0" in below and not fixed else lower
    )
    return left + upper + "/" + lower + "".join(text for _, text in tokens[end:])


@worksheet("TEXT", kinds="any any", dated=True)
def text_(value: Any, format_text: Any, *, date_offset: int = 0) -> str:
    """Return a value as a number format shows it; text that reads as a number is formatted as one."""
    if isinstance(value, CellError):
        raise Fault(value.code, value.reason)
    pattern = to_text(format_text)
    open_question = undecided(pattern)
    if open_question:
        raise undecided_fault(open_question)
    if isinstance(value, bool):
        value = "TRUE" if value else "FALSE"
    if isinstance(value, str):
        number = typed_number(value)
        if number is None:
            return _shown_text(value, pattern)
        value = number
    return shown(float(value or 0.0), pattern, date_offset) if pattern else ""


def _shown_text(value: str, pattern: str) -> str:
    found = sections(pattern)
    last = found[3] if len(found) > 3 else found[-1] if found[-1].has("at") else None
    if last is None:
        return value
    return "".join(value if kind == "at" else text for kind, text in last.tokens)


@worksheet("FIXED", kinds="number integer flag")
def fixed(number: float, decimals: int = 2, no_commas: bool = False) -> str:
    """Return a number rounded to some decimals as text, with thousands separators unless `no_commas`."""
    return _grouped(number, decimals, not no_commas)


@worksheet("DOLLAR", "USDOLLAR", kinds="number integer")
def dollar(number: float, decimals: int = 2) -> str:
    """Return a number as an amount in dollars, negative ones in brackets."""
    text = "$" + _grouped(abs(number), decimals, True)
    return f"({text})" if number < 0 and any(c in "123456789" for c in text) else text


def _grouped(number: float, decimals: int, commas: bool) -> str:
    if decimals > 127:
        raise value_fault(f"the number of decimals is {decimals}; it must be below 128")
    value = rounded(decimal_of(number), decimals)
    if decimals < 0:
        value = value.quantize(Decimal(1), context=_CONTEXT)
    if not value:
        value = abs(value)
    return f"{value:,f}" if commas else f"{value:f}"
