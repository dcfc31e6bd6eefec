"""What a `tiers` argument may be: a rate, rows in the sheet, or a name such as "binance:BTCUSDT"; one or a column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from rebalance_xl.arguments import BlankError, Parameter
from rebalance_xl.cells import MISSING, CellError, as_rows, describe, error_to_nan, is_range, nan_to_error
from rebalance_xl.functions.elementwise import Numbers
from rebalance_xl.functions.tier_reading import TierError, read_tier_rows
from rebalance_xl.functions.tier_tables import TierTables, read_margin_tiers
from rebalance_xl.functions.tiers import Tier, TierTable, flat_table

_TIER_COLUMNS = len(Tier._fields)
_LEVERAGE_COLUMN = Tier._fields.index("max_leverage")

#: What one cell (or a range of rows) of a `tiers` argument is read as.
TierChoice: TypeAlias = float | str | TierTable


def is_tier_rows(rows: Sequence[Sequence[Any]]) -> bool:
    """Tell whether a range is one table of tiers rather than a column with one choice per position."""
    if len(rows[0]) < 4 or any(isinstance(cell, str) and ":" in cell for cell in rows[-1]):
        return False
    return len(rows) > 1 or not _is_row_of_rates(rows[0])


def _is_row_of_rates(row: Sequence[Any]) -> bool:
    """Tell whether one row has a rate for each position; as a tier its maximum leverage would be below 1."""
    if len(row) > _TIER_COLUMNS:
        return True
    numbers = [cell for cell in row if isinstance(cell, float | int)]
    return isinstance(row[_LEVERAGE_COLUMN], float | int) and all(0.0 <= each < 1.0 for each in numbers)


def read_tier_choice(value: Any) -> TierChoice | CellError:
    """Return what a `tiers` argument says: a rate, a name in upper-case form, or a table of its own.

    Errors: #NUM! for a rate outside 0 to below 1 and for rows that cannot be right; #VALUE! for a text that is no
    name or no number; #N/A for a blank; an error among the rows is the answer.
    """
    if isinstance(value, TierTable | CellError):
        return value
    if is_range(value):
        try:
            return read_tier_rows(as_rows(value))
        except TierError as failure:
            return CellError(failure.code, str(failure))
    if isinstance(value, bool) or value is MISSING:
        return CellError("#VALUE!", f"tiers is {describe(value)}; {_ALLOWED}")
    if isinstance(value, float | int):
        if 0.0 <= value < 1.0:
            return float(value)
        hint = "; fractions are meant, not percents (0.005, not 0.5)" if value >= 1.0 else ""
        return CellError("#NUM!", f"tiers is {describe(value)}; allowed is a rate from 0 to below 1{hint}")
    # ":" is what the model's Venue and Symbol columns give for a row that is blank in both.
    if value is None or (isinstance(value, str) and value.strip() in ("", ":")):
        return BlankError("#N/A", "tiers is blank")
    if isinstance(value, str):
        venue, colon, symbol = value.partition(":")
        if colon and venue.strip() and symbol.strip():
            return f"{venue.strip()}:{symbol.strip()}"
    return CellError("#VALUE!", f"tiers is {describe(value)}; {_ALLOWED}")


_ALLOWED = 'allowed is a rate (0.005), rows of floor, cap, max leverage, rate, amount, or a name ("binance:BTCUSDT")'


def resolve(choice: TierChoice, tables: TierTables) -> TierTable | CellError:
    """Return the table that a choice stands for."""
    if isinstance(choice, TierTable):
        return choice
    return tables.lookup(choice) if isinstance(choice, str) else flat_table(choice)


def for_each_table(
    tiers: TierChoice | list[TierChoice],
    tables: TierTables,
    compute: Callable[..., Numbers],
    columns: Sequence[Numbers],
    explain: Callable[..., str] | None = None,
) -> Any:
    """Return ``compute(table, *columns)`` for all positions, table by table.

    Parameters
    ----------
    tiers
        One choice for all positions, or one for each.
    tables
        Where names are looked up.
    compute
        A kernel whose first argument is a table.
    columns
        The kernel's other arguments, numbers or arrays.
    explain
        Says why one position has no answer, given the same arguments.
    """
    if isinstance(tiers, list):
        return _grouped(tiers, tables, compute, columns)
    table = resolve(tiers, tables)
    if isinstance(table, CellError):
        return table if all(type(each) is float for each in columns) else error_to_nan(table.code)
    answer = compute(table, *columns)
    if explain is not None and type(answer) is float and answer != answer:
        reason = explain(table, *columns)
        return CellError(nan_to_error(answer), reason) if reason else answer
    return answer


def _grouped(
    tiers: Sequence[TierChoice], tables: TierTables, compute: Callable[..., Numbers], columns: Sequence[Numbers]
) -> Any:
    import numpy as np

    places: dict[Any, list[int]] = {}
    for index, choice in enumerate(tiers):
        places.setdefault("rate" if isinstance(choice, float) else choice, []).append(index)
    answers = np.empty(len(tiers))
    for choice, where in places.items():
        rows = np.array(where)
        if choice == "rate":
            # One table whose rate is a column: positions with a rate of their own need no loop.
            rates: Any = np.array([tiers[index] for index in where], dtype=np.float64)
            table: TierTable | CellError = TierTable((Tier(0.0, math.inf, math.nan, rates, 0.0),))
        else:
            table = resolve(choice, tables)
        if isinstance(table, CellError):
            answers[rows] = error_to_nan(table.code)
            continue
        part = [each if type(each) is float else np.broadcast_to(each, len(tiers))[rows] for each in columns]
        answers[rows] = compute(table, *part)
    return answers


# --- declarations ----------------------------------------------------------------------------------------------

#: The hidden argument that hosts append: the workbook's MarginTiers table with its header row.
MARGIN_TIERS = Parameter(
    "margin_tiers",
    kind="raw",
    unit="table",
    help="The workbook's MarginTiers table, which comes before the shipped tables.",
    default=MISSING,
    data=False,
    model="MarginTiers[#All]",
    convert=read_margin_tiers,
)


def tiers_parameter(model: str = "") -> Parameter:
    """Declare a `tiers` argument."""
    return Parameter("tiers", kind="raw", unit="tiers", convert=read_tier_choice, whole=is_tier_rows, model=model)
