"""Text: in capitals or small, found, cut and replaced, by places, delimiters and regular expressions; N and T."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from ...cells import MISSING, CellError
from .arguments import LONGEST, Rows, cells_of, to_text
from .criteria import wildcard
from .faults import UNDECIDED, Fault, value_fault
from .registry import REGISTERED, worksheet

#: A text with the first letter of every word in capitals and the others small.
worksheet("PROPER", kinds="text")(
    lambda text: "".join(each.lower() if before.isalpha() else each.upper() for before, each in pairwise(f" {text}"))
)


@worksheet("UPPER", kinds="text")
def upper(text: str) -> str:
    """Return a text in capitals; letters without one of their own, such as the German sharp s, stay."""
    if text.isascii():
        return text.upper()
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


worksheet("LOWER", kinds="text")(str.lower)


#: A text without blanks around it and with single ones within; only the ordinary blank is one.
worksheet("TRIM", kinds="text")(lambda text: " ".join(filter(None, text.split(" "))))


@worksheet("REPLACE", kinds="text start_num num_chars text")
def replace(old_text: str, start_num: int, num_chars: int, new_text: str) -> str:
    """Return a text with characters from a place on replaced; beyond its end the new text is added."""
    made = old_text[: start_num - 1] + new_text + old_text[start_num - 1 + num_chars :]
    if len(made) > LONGEST:
        raise value_fault(f"the text would have {len(made)} characters; a cell holds {LONGEST}")
    return made


#: A number as it is, TRUE as 1, an error as it is, anything else as 0.
worksheet("RXL.N", kinds="any")(
    lambda value: value if isinstance(value, CellError) else float(value) if isinstance(value, float | int) else 0.0
)
#: A text or an error as it is, anything else as an empty text.
worksheet("RXL.T", kinds="any")(lambda value: value if isinstance(value, str | CellError) else "")


@worksheet("SEARCH", kinds="text text integer")
def search(find_text: str, within_text: str, start_num: int = 1) -> int:
    """Return where a text begins in another, in any case and alphabet; * and ? are wildcards."""
    if not 1 <= start_num <= len(within_text) + (not find_text):
        raise value_fault(f"start_num is {start_num}; the text has {len(within_text)} characters")
    found = wildcard(find_text, whole=False).search(within_text, start_num - 1)
    if found is None:
        raise value_fault(f"{find_text!r} is not in the text")
    return found.start() + 1


@worksheet("RXL.FOUND", kinds="any any any=1")
def found_in(*given: Any) -> Any:
    """Return whether SEARCH finds a text, of which arrays are asked; what nobody can know stays so."""
    answer = REGISTERED["SEARCH"].callable(*given)
    failed = isinstance(answer, CellError)
    return answer if failed and answer.code == UNDECIDED else not failed


def _part(
    before: bool, text: str, delimiter: Rows, instance: int | None, match_mode: float, match_end: float, missed: Any
) -> Any:
    """Return the text before or after a delimiter; a negative instance counts from the end."""
    wanted = 1 if instance is None else instance
    delimiters = sorted((to_text(cell) for cell in cells_of(delimiter)), key=len, reverse=True)
    if "" in delimiters:
        return text if before == (wanted < 0) else ""
    if instance is not None and max(abs(wanted), len(delimiters[-1])) > max(len(text), 1):
        raise value_fault(f"instance_num is {wanted}, the text has {len(text)} characters")
    expression = re.compile("|".join(map(re.escape, delimiters)), re.IGNORECASE if match_mode else 0)
    spans = [match.span() for match in expression.finditer(text)]
    if match_end:  # the end that the instances are counted towards is one, too
        spans = [*spans, (len(text), len(text))] if wanted > 0 else [(0, 0), *spans]
    if abs(wanted) <= len(spans):
        start, end = spans[wanted - 1 if wanted > 0 else wanted]
        return text[:start] if before else text[end:]
    if missed is MISSING:
        raise Fault("#N/A", "the delimiter is not in the text")
    return "" if missed is None else missed


for _name in ("TEXTBEFORE", "TEXTAFTER"):
    worksheet(_name, kinds="text range instance_num=NONE match_mode=0 match_end=0 any=MISSING")(
        partial(_part, _name == "TEXTBEFORE")
    )


_POSSESSIVE = re.compile(r"\[:(\w+):\]")
_CLASSES = {
    **{"alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s"},
    **{"punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "word": r"\w"},
}


@lru_cache(maxsize=512)
def expression_of(pattern: str, any_case: float) -> re.Pattern[str]:
    """Return a compiled pattern (PCRE2 as Excel writes it, as far as Python's expressions go), or #VALUE!."""
    known = _POSSESSIVE.sub(lambda match: _CLASSES.get(match[1], match[0]), pattern)
    try:
        return re.compile(known, re.IGNORECASE if any_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise value_fault(f"the pattern {pattern!r} cannot be read: {error}") from None


#: Whether any part of a text matches a pattern.
worksheet("REGEXTEST", kinds="text text case_sensitivity=0")(
    lambda text, pattern, any_case: expression_of(pattern, any_case).search(text) is not None
)


@worksheet("REGEXEXTRACT", kinds="text text return_mode=0 case_sensitivity=0")
def regexextract(text: str, pattern: str, return_mode: float, any_case: float) -> Any:
    """Return the first match (0), all matches as a column (1) or the groups of the first match as a row (2)."""
    expression = expression_of(pattern, any_case)
    first = expression.search(text)
    if first is None or (return_mode == 2 and not expression.groups):
        raise Fault("#N/A", "nothing matches the pattern")
    if return_mode == 1:
        return [[match[0]] for match in expression.finditer(text)]
    return [[group or "" for group in first.groups()]] if return_mode else first[0]


@worksheet("REGEXREPLACE", kinds="text text text integer=0 case_sensitivity=0")
def regexreplace(text: str, pattern: str, replacement: str, occurrence: int, any_case: float) -> str:
    """Return a text with its matches replaced: all (0), the n-th, or the n-th from the end (negative).

    In the replacement ``$1`` to ``$99`` and ``${name}`` are groups, ``$0`` is the match and ``$$`` a dollar sign.
    """
    matches = list(expression_of(pattern, any_case).finditer(text))
    last = len(matches) + 1
    chosen = [match for place, match in enumerate(matches, 1) if occurrence in (0, place, place - last)]
    template = _GROUP.sub(
        lambda sign: "$" if sign[1] else rf"\g<{sign[2] or sign[3]}>", replacement.replace("\\", r"\\")
    )
    out, end = [], 0
    for match in chosen:
        try:
            out += [text[end : match.start()], match.expand(template)]
        except (re.error, IndexError) as error:
            raise value_fault(f"the replacement cannot be used: {error}") from None
        end = match.end()
    return "".join(out) + text[end:]


_GROUP = re.compile(r"\$(?:(\$)|(\d{1,2})|\{(\w+)\})")

worksheet("ENCODEURL", kinds="text")(lambda text: quote(text, safe="-_.~"))
