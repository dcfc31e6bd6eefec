"""Arrays of different sizes in one operation: Excel fills the missing places with #N/A, the engine gives up.

``A1:A5*B1:B3`` is five values, the last two of them #N/A. The sizes of ranges and array constants stand in the
formula's own text; where they fit each other, the engine gets the operation as it is. Sizes that only the computation
shows are compared by the engine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from ..references import MAX_COLUMNS, MAX_ROWS, Area
from .compiling import ByCell, Compiling, Out, Piece, Size, fits, written
from .operands import split_area

#: The function that makes an array as large as others, see `native.array_shapes`.
FIT: Final = "RXL.FIT"

Write = Callable[[Sequence[str]], str]
Sizes = list[tuple[int, int] | None]


def of_range(pieces: Sequence[Piece]) -> Size:
    """Return the size of a range, which its text tells in every cell."""
    return lambda row, column, references: _area_size(written(pieces, row, column, references))


@lru_cache(maxsize=1024)
def _area_size(text: str) -> tuple[int, int] | None:
    area = split_area(text)[1]
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
    if len(known) < 2 or len(known) < len(sizes):
        return known[0] if len(known) == len(sizes) == 1 else None

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        found = [each for one in known if (each := one(row, column, references)) is not None]
        return (max(h for h, _ in found), max(w for _, w in found)) if len(found) == len(known) else None

    return size


def _measured(outs: Sequence[Out], row: int, column: int, references: Sequence[str]) -> Sizes:
    return [None if out.size is None else out.size(row, column, references) for out in outs]


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


def fitted(c: Compiling, operands: Sequence[Out], write: Write, chosen_by: int | None = None) -> list[Piece]:
    """Return an operation on operands, made as large as each other where they are not.

    `write` gives the text of the operation from the texts of its operands; the operand `chosen_by` alone decides, when
    it is one value, which of the others is the result (the test of IF).
    """
    places = [place for place, each in enumerate(operands) if not each.single]
    arrays = [operands[place] for place in places]
    names = [f"rl_{number}" for number in range(len(arrays))]
    chooses = places.index(chosen_by) if chosen_by in places else None
    c.functions.add(FIT)

    def fit(sizes: Sizes) -> bool:
        """Say whether arrays are as large as each other, but for single rows and columns, which are repeated."""
        heights, widths = ({size[axis] for size in sizes if size} - {1} for axis in (0, 1))
        alone = chooses is not None and sizes[chooses] == (1, 1)
        return alone or (len(heights) < 2 and len(widths) < 2)

    def own(row: int, column: int, references: Sequence[str]) -> bool:
        sizes = _measured(arrays, row, column, references)
        return None in sizes or fit(sizes)

    def text(row: int, column: int, references: Sequence[str]) -> str:
        sizes = _measured(arrays, row, column, references)
        texts = [written(each.pieces, row, column, references) for each in operands]
        if None not in sizes and fit(sizes):
            return write(texts)
        bound = ",".join(f"{name},{texts[place]}" for name, place in zip(names, places, strict=True))
        enlarged = list(texts)
        for name, place in zip(names, places, strict=True):
            others = ",".join(other for other in names if other != name)
            texts[place], enlarged[place] = name, f"{FIT}({name},{others})"
        test = _same(names)
        if chooses is not None:
            test = f"OR(ROWS({names[chooses]})*COLUMNS({names[chooses]})=1,{test})"
        return f"LET({bound},IF({test},{write(texts)},{write(enlarged)}))"

    return _by_size(text, own, [piece for each in operands for piece in each.pieces])


def as_large(tested: Out, summed: Out) -> Out:
    """Return a range to be summed as large as the one that is tested, from its own top left cell on."""

    def area(row: int, column: int, references: Sequence[str]) -> str:
        second = written(summed.pieces, row, column, references)
        (_, size), (prefix, place) = split_area(written(tested.pieces, row, column, references)), split_area(second)
        if size is None or place is None:
            return second
        bottom, right = place.top + size.height - 1, place.left + size.width - 1
        return prefix + Area(place.top, place.left, min(bottom, MAX_ROWS), min(right, MAX_COLUMNS)).text()

    return Out([ByCell(area)], summed.single)


def alike(ranges: Sequence[Out], out: Out) -> Out:
    """Return what a call gives whose ranges have to be of one size, #VALUE! where they are not."""

    def own(row: int, column: int, references: Sequence[str]) -> bool:
        return len(set(_measured(ranges, row, column, references)) - {None}) < 2

    def text(row: int, column: int, references: Sequence[str]) -> str:
        sizes = _measured(ranges, row, column, references)
        if len(set(sizes) - {None}) > 1:
            return "#VALUE!"
        call = written(out.pieces, row, column, references)
        if None not in sizes:
            return call
        names = [written(each.pieces, row, column, references) for each in ranges]
        references_all = ",".join(f"ISREF({name})" for name in names)  # what is none is an error, and the call gives it
        return f"IF({_same(names)},{call},IF(AND({references_all}),#VALUE!,{call}))"

    pieces = [*out.pieces, *(piece for each in ranges for piece in each.pieces)]
    return Out(_by_size(text, own, pieces), out.single, out.size)


def unless(given: Out, odd: Callable[[int, int], bool], out: Out, otherwise: Out) -> Out:
    """Return what a call gives, something else where the height and width of a range are odd ones."""
    measured = given.size
    if measured is None:
        return out

    def own(row: int, column: int, references: Sequence[str]) -> bool:
        size = measured(row, column, references)
        return size is None or not odd(*size)

    def text(row: int, column: int, references: Sequence[str]) -> str:
        chosen = out if own(row, column, references) else otherwise
        return written(chosen.pieces, row, column, references)

    return Out(_by_size(text, own, [*out.pieces, *otherwise.pieces]), out.single, out.size)


def _by_size(
    text: Callable[[int, int, Sequence[str]], str],
    own: Callable[[int, int, Sequence[str]], bool],
    pieces: Sequence[Piece],
) -> list[Piece]:
    """Return a text that depends on sizes, at once where it is the same in every cell."""
    if all(isinstance(piece, str) for piece in pieces):
        return [text(1, 1, ())]
    return [ByCell(text, lambda *cell: own(*cell) and fits(pieces, *cell))]


def _same(names: Sequence[str]) -> str:
    """Return the engine's question whether arrays are of one size."""
    first, *others = names
    return "AND(" + ",".join(f"ROWS({first})=ROWS({each}),COLUMNS({first})=COLUMNS({each})" for each in others) + ")"
