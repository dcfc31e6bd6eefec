"""Single-line faults in rebalance_xl/recalc, for plant_faults.py: name, module, line, what it becomes."""

from __future__ import annotations

RECALC: tuple[tuple[str, str, str, str], ...] = (
    # --- recalc
    (
        "an area loses its first column",
        "references",
        "self.left <= column <= self.right",
        "self.left < column <= self.right",
    ),
    ("an area is a row too low", "references", "return self.bottom - self.top + 1", "return self.bottom - self.top"),
    ("columns are counted from 0", "references", "number * 26 + ord(letter) - 64", "number * 26 + ord(letter) - 65"),
    (
        "a table without a header loses a row",
        "files/package",
        "return self.area.top + int(self.header)",
        "return self.area.top + 1",
    ),
    ("a totals row is data", "files/package", "return self.area.bottom - int(self.totals)", "return self.area.bottom"),
    ("values that differ are the same", "outcome", "isclose(old, new, rel_tol=SAME_WITHIN, abs_tol=0.0)", "True"),
    # --- recalc: values kept or written, loops, arrays, what lies beside the cells
    ("an error that follows from a kept one is written", "evaluation/decision", "if finding.doubtful:", "if False:"),
    ("a linked data type is overwritten", "evaluation/decision", "if finding.linked:", "if False:"),
    ("a loop at rest is moved", "evaluation/loops", "cell.old if rests or", "cell.old if"),
    (
        "a blank in an array stays blank",
        "evaluation/spills",
        "    if cell is None:\n        return 0.0",
        "    if cell is None:\n        return ''",
    ),
    (
        "a longer array is cut off",
        "evaluation/spills",
        "if (row >= tall and tall > 1) or",
        "if False and (row >= tall and tall > 1) or",
    ),
    (
        "a data table takes rows for columns",
        "evaluation/data_tables",
        "put = [above[column], beside[row]]",
        "put = [beside[row], above[column]]",
    ),
    (
        "links are counted from 0",
        "evaluation/external_links",
        'enumerate(every(root, "externalReference"), 1)',
        'enumerate(every(root, "externalReference"))',
    ),
    (
        "numbers near each other are not looked for",
        "evaluation/suspects",
        "suspects = [*_noisy(calculation), *_near(calculation)]",
        "suspects = [*_noisy(calculation)]",
    ),
    ("noise of a last subtraction is shown", "formulas/fifteen_digits", "<=ABS(rl_right)*1E-15,0,", "<0,0,"),
    (
        "an intersection takes the row above",
        "formulas/operands",
        'return f"{prefix}{column_letters(area.left)}{row}"',
        'return f"{prefix}{column_letters(area.left)}{row - 1}"',
    ),
    (
        "a name is no array formula",
        "formulas/compiling_references",
        "out = inner.expression(expression, ARRAY if formula else wanted)",
        "out = inner.expression(expression, wanted)",
    ),
    (
        "errors in summed ranges are passed over",
        "formulas/compiling_calls",
        "if watched is not None and watched < len(call.arguments):",
        "if False:",
    ),
    # --- recalc: functions of our own
    (
        "greater is greater or equal",
        "native/criteria",
        "return lambda cell: is_number(cell) and compare(cell, number)",
        "return lambda cell: is_number(cell) and (compare(cell, number) or cell == number)",
    ),
    ("a wildcard is a plain star", "native/criteria", '".*" if sign == "*"', '"[*]" if sign == "*"'),
    (
        "a criterion's percent is no number",
        "native/criteria",
        "return criterion if number is None else sign + repr(number)",
        "return criterion if True else sign + repr(number)",
    ),
    (
        "an error among numbers met is left out",
        "native/arguments",
        "            raise Fault(cell.code, cell.reason)\n        elif isinstance(cell, int)",
        "            continue\n        elif isinstance(cell, int)",
    ),
    (
        "the mean of nothing is 0",
        "native/aggregates",
        "return math.fsum(numbers) / len(numbers)",
        "return math.fsum(numbers) / max(len(numbers), 1)",
    ),
    (
        "a year of cash flows has 360 days",
        "native/cashflows",
        "(int(day) - start) / 365.0)",
        "(int(day) - start) / 360.0)",
    ),
    ("CEILING takes any signs", "native/rounding", "if number > 0 > significance:", "if False:"),
    (
        "FLOOR.MATH without a significance rounds to tens",
        "native/rounding",
        "def floor_math(number: float, significance: float = 1.0",
        "def floor_math(number: float, significance: float = 10.0",
    ),
    (
        "halves of MROUND go down",
        "native/rounding",
        "math.floor(quotient(number, multiple) + 0.5)",
        "math.ceil(quotient(number, multiple) - 0.5)",
    ),
    (
        "1900 has no 29 February",
        "native/days",
        "if day == PHANTOM_DAY:\n        return 1900, 2, 29",
        "if day == PHANTOM_DAY:\n        return 1900, 3, 1",
    ),
    (
        "the American rule is the European one",
        "native/days",
        "        if d2 == 31 and d1 >= 30:",
        "        if d2 == 31:",
    ),
    (
        "the next smaller is the next larger",
        "native/lookup",
        "(other < key) == (match_mode == -1)",
        "(other < key) == (match_mode == 1)",
    ),
    (
        "a discounted price is too high",
        "native/discounted",
        "redemption - rate * redemption * years",
        "redemption + rate * redemption * years",
    ),
    (
        "a Treasury bill's year has 365 days",
        "native/discounted",
        "price = 100.0 * (1.0 - discount * days / 360.0)",
        "price = 100.0 * (1.0 - discount * days / 365.0)",
    ),
    (
        "the declining balance never changes to equal amounts",
        "native/depreciation",
        "if not no_switch and even > amount:",
        "if no_switch and even > amount:",
    ),
    ("DB's first year is whole", "native/depreciation", "amount = cost * rate * months / 12", "amount = cost * rate"),
    (
        "rows of criteria must all be met",
        "native/aggregates",
        "row for row in database[1:] if any(all(",
        "row for row in database[1:] if all(all(",
    ),
    (
        "degrees of freedom are rounded",
        "native/roles",
        'at most 10^10", int)',
        'at most 10^10", round)',
    ),
    (
        "the exclusive percentile is the inclusive one",
        "native/aggregates",
        "place = part * (count + 1) - 1 if exclusive",
        "place = part * (count - 1) if exclusive",
    ),
    (
        "wrapped rows are not filled up",
        "native/array_shapes",
        "cells += [pad_with] * (-len(cells) % size)",
        "cells += [None] * (-len(cells) % size)",
    ),
    (
        "TAKE from the end takes from the start",
        "native/array_shapes",
        "return slice(0, number) if wanted > 0 else slice(size - number, size)",
        "return slice(0, number)",
    ),
    (
        "a long text is not refused",
        "native/careful",
        "return TOO_LONG if value.__class__ is str and len(value) > LONGEST else value",
        "return value",
    ),
)
