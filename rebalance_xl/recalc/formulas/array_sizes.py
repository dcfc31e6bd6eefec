"""Arrays of different sizes in one operation: Excel fills the missing places with #N/A, the engine gives up.

``A1:A5*B1:B3`` is five values, the last two of them #N/A. The sizes of ranges and array constants stand in the
formula's own text; where they fit each other, the engine gets the operation as it is. Sizes that only the computation
shows are compared by the engine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from .compiling import Compiling
from .operands import area_of
from .template import ByCell, Out, Piece, Size, Sized, says_nothing_of_others, text_of

#: The function that makes an array as large as others, see `native.array_shapes`.
FIT: Final = "RXL.FIT"

Write = Callable[[Sequence[str]], str]


def of_range(pieces: Sequence[Piece]) -> Size:
    """Return the size of a range, which its text tells in every cell."""

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        return _area_size(_written(pieces, row, column, references))

    return size


@lru_cache(maxsize=1024)
def _area_size(text: str) -> tuple[int, int] | None:
    area = area_of(text.strip("()").rpartition("!")[2])
    return None if area is None else (area.height, area.width)


def of_constant(text: str) -> Size:
    """Return the size of an array constant.

    Examples
    --------
    >>> of_constant('{1,"a;b";2,3;4,5}')(1, 1, ())
    (3, 2)
    """
    outside = text.split('"')[::2]
    rows = 1 + sum(part.count(";") for part in outside)
    cells = rows + sum(part.count(",") for part in outside)
    return lambda row, column, references: (rows, cells // rows)


def joint(outs: Sequence[Out]) -> Size | None:
    """Return the size of what is computed cell by cell from operands, None where it does not stand in the text."""
    sizes = [out.size for out in outs if not out.single]
    known = [size for size in sizes if size is not None]
    if not known or len(known) < len(sizes):
        return None
    if len(known) == 1:
        return known[0]

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        each = [one(row, column, references) for one in known]
        found = [one for one in each if one is not None]
        return (max(h for h, _ in found), max(w for _, w in found)) if len(found) == len(each) else None

    return size


def fitted(c: Compiling, operands: Sequence[Out | str], write: Write, chosen_by: int | None = None) -> list[Piece]:
    """Return an operation on operands, made as large as each other where they are not.

    Parameters
    ----------
    c : Compiling
        The formula.
    operands : sequence of Out or str
        What is computed with; texts are written as they are.
    write : callable
        Gives the text of the operation from the texts of its operands.
    chosen_by : int, optional
        The operand that alone decides, when it is one value, which of the others is the result (the test of IF).

    Returns
    -------
    list of Piece
    """
    arrays = [place for place, each in enumerate(operands) if isinstance(each, Out) and not each.single]
    sizes = {place: each.size for place, each in enumerate(operands) if isinstance(each, Out)}
    c.functions.add(FIT)

    def fits(row: int, column: int, references: Sequence[str]) -> bool:
        found = [_measured(sizes[place], row, column, references) for place in arrays]
        known = [size for size in found if size is not None]
        return len(known) < len(found) or _fit(known) or _one(known, arrays, chosen_by)

    def text(row: int, column: int, references: Sequence[str]) -> str:
        texts = [each if isinstance(each, str) else _written(each.pieces, row, column, references) for each in operands]
        unknown = any(_measured(sizes[place], row, column, references) is None for place in arrays)
        if not unknown and fits(row, column, references):
            return write(texts)
        names = {place: f"rl_{number}" for number, place in enumerate(arrays)}
        bound = ",".join(f"{name},{texts[place]}" for place, name in names.items())
        for place, name in names.items():
            others = ",".join(other for other in names.values() if other != name)
            texts[place] = f"{FIT}({name},{others})"
        enlarged = write(texts)
        if not unknown:
            return f"LET({bound},{enlarged})"
        for place, name in names.items():
            texts[place] = name
        chooses = None if chosen_by is None else names.get(chosen_by)
        return f"LET({bound},IF({_same([*names.values()], chooses)},{write(texts)},{enlarged}))"

    pieces = [piece for each in operands if isinstance(each, Out) for piece in each.pieces]
    if all(isinstance(piece, str) for piece in pieces):
        return [text(1, 1, ())]
    return [ByCell(text) if says_nothing_of_others(pieces) else Sized(text, fits)]


def alike(ranges: Sequence[Out], out: Out) -> Out:
    """Return what a call gives whose ranges have to be of one size, #VALUE! where they are not."""

    def measured(row: int, column: int, references: Sequence[str]) -> list[tuple[int, int] | None]:
        return [_measured(each.size, row, column, references) for each in ranges]

    def fits(row: int, column: int, references: Sequence[str]) -> bool:
        return len(set(measured(row, column, references)) - {None}) < 2

    def text(row: int, column: int, references: Sequence[str]) -> str:
        sizes = measured(row, column, references)
        if len(set(sizes) - {None}) > 1:
            return "#VALUE!"
        call = _written(out.pieces, row, column, references)
        if None not in sizes:
            return call
        names = [_written(each.pieces, row, column, references) for each in ranges]
        references_all = ",".join(f"ISREF({name})" for name in names)  # what is none is an error, and the call gives it
        return f"IF({_same(names, None)},{call},IF(AND({references_all}),#VALUE!,{call}))"

    pieces = [*out.pieces, *(piece for each in ranges for piece in each.pieces)]
    if all(isinstance(piece, str) for piece in pieces):
        return Out([text(1, 1, ())], out.single, out.size)
    return Out([ByCell(text) if says_nothing_of_others(pieces) else Sized(text, fits)], out.single, out.size)


def _written(pieces: Sequence[Piece], row: int, column: int, references: Sequence[str]) -> str:
    return "".join([text_of(piece, row, column, references) for piece in pieces])


def _measured(size: Size | None, row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
    return None if size is None else size(row, column, references)


def _fit(sizes: Sequence[tuple[int, int]]) -> bool:
    """Say whether arrays are as large as each other, but for single rows and columns, which are repeated."""
    heights, widths = ({size[axis] for size in sizes} - {1} for axis in (0, 1))
    return len(heights) < 2 and len(widths) < 2


def _one(sizes: Sequence[tuple[int, int]], arrays: Sequence[int], chosen_by: int | None) -> bool:
    return chosen_by in arrays and sizes[arrays.index(chosen_by)] == (1, 1)


def _same(names: Sequence[str], chooses: str | None) -> str:
    """Return the engine's question whether arrays are of one size."""
    first, *others = names
    tests = ",".join(f"ROWS({first})=ROWS({other}),COLUMNS({first})=COLUMNS({other})" for other in others)
    return f"AND({tests})" if chooses is None else f"OR(ROWS({chooses})*COLUMNS({chooses})=1,AND({tests}))"


def operated(c: Compiling, operands: Sequence[Out], between: Sequence[str]) -> list[Piece]:
    """Return operands with the operators between them, before the first and after the last one."""
    if sum(not out.single for out in operands) < 2:
        pieces: list[Piece] = [between[0]] if between[0] else []
        for out, operator in zip(operands, between[1:], strict=True):
            pieces += [*out.pieces, operator] if operator else out.pieces
        return pieces

    def write(texts: Sequence[str]) -> str:
        return between[0] + "".join([each for pair in zip(texts, between[1:], strict=True) for each in pair])

    return fitted(c, operands, write)
