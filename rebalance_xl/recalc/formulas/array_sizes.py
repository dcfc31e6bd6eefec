"""Arrays of different sizes in one operation: Excel fills the missing places with #N/A, the engine gives up.

``A1:A5*B1:B3`` is five values, the last two of them #N/A. The sizes of ranges and array constants stand in the
formula's own text; where they fit each other, the engine gets the operation as it is. Sizes that only the computation
shows are compared by the engine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..references import MAX_COLUMNS, MAX_ROWS, Area
from .compiling import ByCell, Compiling, Out, Piece, Size, written
from .operands import split_area


def of_range(pieces: Sequence[Piece]) -> Size:
    """Return the size of a range, which its text tells in every cell."""

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        area = split_area(written(pieces, row, column, references))[1]
        return None if area is None else (area.height, area.width)

    return size


def of_constant(text: str) -> Size:
    """Return the size of an array constant.

    >>> of_constant('{1,"a;b";2,3;4,5}')(1, 1, ())
    (3, 2)
    """
    outside = text.split('"')[::2]
    rows = 1 + sum(part.count(";") for part in outside)
    cells = rows + sum(part.count(",") for part in outside)
    return lambda row, column, references: (rows, cells // rows)


def joint(outs: Sequence[Out]) -> Size | None:
    """Return the size of what is computed cell by cell from operands, None where it does not stand in the text."""
    arrays = [out for out in outs if not out.single]
    known = [out.size for out in arrays if out.size is not None]

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        found = [each for one in known if (each := one(row, column, references)) is not None]
        return (max(h for h, _ in found), max(w for _, w in found)) if len(found) == len(known) else None

    return size if arrays and len(known) == len(arrays) else None


def of_product(matrices: Sequence[Out]) -> Size | None:
    """Return the size of a product of matrices where it is one value, which an error is, too."""
    sizes = [matrix.size for matrix in matrices if matrix.size is not None]
    if len(sizes) < 2:
        return None

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        left, right = (each(row, column, references) for each in sizes)
        return (1, 1) if left and right and left[0] == right[1] == 1 else None

    return size


def operated(c: Compiling, operands: Sequence[Out], between: Sequence[str]) -> list[Piece]:
    """Return operands with the operators between them, before the first and after the last one."""
    pattern = between[0] + "".join(f"{{{place}}}{operator}" for place, operator in enumerate(between[1:]))
    several = sum(not out.single for out in operands) > 1
    return fitted(c, operands, pattern) if several else c.say(pattern, *operands).pieces


def fitted(c: Compiling, operands: Sequence[Out], pattern: str, chosen_by: int | None = None) -> list[Piece]:
    """Return an operation on operands, made as large as each other where they are not.

    `pattern` is the operation with the operands in the places {0}, {1}; the operand `chosen_by` alone decides, when it
    is one value, which of the others is the result (the test of IF).
    """
    places = [place for place, each in enumerate(operands) if not each.single]
    arrays = [operands[place] for place in places]
    names = [f"rl_{number}" for number in range(len(arrays))]
    chooses = places.index(chosen_by) if chosen_by in places else None
    kept = [f"{{{place}}}" for place in range(len(operands))]
    enlarged = list(kept)
    for name, place in zip(names, places, strict=True):
        kept[place], enlarged[place] = name, f"RXL.FIT({','.join([name, *(each for each in names if each != name)])})"
    test = _same(names)
    if chooses is not None:
        test = f"OR(ROWS({names[chooses]})*COLUMNS({names[chooses]})=1,{test})"
    bound = ",".join(f"{name},{{{place}}}" for name, place in zip(names, places, strict=True))
    asked = c.say(f"LET({bound},IF({test},{pattern.format(*kept)},{pattern.format(*enlarged)}))", *operands)

    def odd(sizes: list[tuple[int, int]]) -> bool:
        """Say whether arrays are not as large as each other, but for single rows and columns, which are repeated."""
        heights, widths = ({size[axis] for size in sizes} - {1} for axis in (0, 1))
        alone = chooses is not None and sizes[chooses : chooses + 1] == [(1, 1)]
        return len(sizes) < len(arrays) or not (alone or (len(heights) < 2 and len(widths) < 2))

    return unless(c, arrays, odd, c.say(pattern, *operands), asked).pieces


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


def alike(c: Compiling, ranges: Sequence[Out], out: Out) -> Out:
    """Return what a call gives whose ranges have to be of one size, #VALUE! where they are not."""
    names = [f"{{{place}}}" for place in range(1, len(ranges) + 1)]
    references = ",".join(f"ISREF({name})" for name in names)  # what is none is an error, and the call gives it
    asked = c.say(f"IF({_same(names)},{{0}},IF(AND({references}),#VALUE!,{{0}}))", out, *ranges)
    known = unless(c, ranges, lambda sizes: len(sizes) < len(ranges), out, asked)
    return unless(c, ranges, lambda sizes: len(set(sizes)) > 1, known, Out(["#VALUE!"], True))


def once(c: Compiling, out: Out) -> Out:
    """Return an argument, with a sign where IF gives an array: the engine would compute it twice, first as a place."""
    size, first = out.size, out.pieces[0] if out.pieces else ""
    if size is None or not (isinstance(first, str) and first.startswith("IF(")):
        return out
    several = c.holds(lambda *cell: size(*cell) not in (None, (1, 1)))
    return replace(out, pieces=["+", *out.pieces]) if several else out


def unless(
    c: Compiling, given: Sequence[Out], odd: Callable[[list[tuple[int, int]]], bool], out: Out, otherwise: Out
) -> Out:
    """Return what a call gives, something else where the sizes (height, width) of ranges are odd ones.

    Sizes that only the computation shows are not among those that `odd` gets.
    """
    if any(not each.single and each.size is None for each in given):
        return otherwise if odd([]) else out

    def usual(row: int, column: int, references: Sequence[str]) -> bool:
        found = [(1, 1) if each.single or not each.size else each.size(row, column, references) for each in given]
        return not odd([size for size in found if size is not None])

    return out if c.holds(usual) else otherwise


def _same(names: Sequence[str]) -> str:
    """Return the engine's question whether arrays are of one size."""
    first, *others = names
    return "AND(" + ",".join(f"ROWS({first})=ROWS({each}),COLUMNS({first})=COLUMNS({each})" for each in others) + ")"
