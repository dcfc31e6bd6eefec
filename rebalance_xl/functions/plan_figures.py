"""The names of the plan's figures beside the tables of a workbook, and the worksheet function that shows them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

from rebalance_xl.catalogue import Example, Result, label, worksheet_function
from rebalance_xl.cells import CellError

#: What can be shown, by the table that it stands beside; "" for the book as a whole.
FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "Portfolio": ("Weight", "Drift", "Flag", "Trim", "Buy", "Short of target", "Realised gain", "Reason"),
    "Futures": (
        "Equity",
        "Margin at target",
        "Size",
        "Notional",
        "Liquidation price",
        "Distance",
        "Funding a day",
        "Funding a year",
        "Margin in money",
        "Estimate",
    ),
    "": (
        "Book value",
        "Trigger",
        "Trigger reason",
        "To sell",
        "To buy",
        "Gain",
        "Fees",
        "Reserve",
        "Next review",
        "Nearest liquidation",
    ),
}


def figures_asked(names: Sequence[str]) -> tuple[str, tuple[str, ...]] | CellError:
    """Return the table that figures belong to and their names as they are spelt; #VALUE! where there is none.

    Parameters
    ----------
    names
        Names without regard to case.

    Examples
    --------
    >>> figures_asked(["weight", "FLAG"])
    ('Portfolio', ('Weight', 'Flag'))
    """
    wanted = [name.strip().casefold() for name in names]
    for table, known in FIGURES.items():
        folded = {name.casefold(): name for name in known}
        if wanted and all(name in folded for name in wanted):
            return table, tuple(folded[name] for name in wanted)
    every = [name for known in FIGURES.values() for name in known]
    known_names = {name.casefold() for name in every}
    strange = next((name for name in names if name.strip().casefold() not in known_names), None)
    if strange is None:
        return CellError("#VALUE!", f"figures {', '.join(names)} are not of one table: ask for each table's alone")
    near = difflib.get_close_matches(strange, every, 1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return CellError("#VALUE!", f'figures is "{strange}"; allowed is one of {", ".join(every)}{hint}')


@worksheet_function(
    "PLAN_FIGURES",
    "Deployment",
    [label("figures", vector=True, data=False)],
    Result("table", shape="table"),
    from_book=("figures",),
    errors={
        "#N/A": "the workbook has no table Portfolio (or Futures, for its figures)",
        "#VALUE!": "a figure of no such name, figures of several tables, or a book that cannot be planned",
    },
    examples=[Example('=PLAN_FIGURES("Weight")', "=#N/A", "Where there is no table Portfolio.")],
)
def plan_figures(figures: Sequence[str]) -> CellError:
    """Return figures of the workbook's own plan: a column for each name, beside the rows of Portfolio or of Futures.

    Of Portfolio: Weight, Drift, Flag, Trim, Buy, Short of target, Realised gain, Reason. Of Futures: Equity, Margin at
    target, Size, Notional, Liquidation price, Distance, Funding a day, Funding a year, Margin in money, Estimate. Of
    the whole book, one row: Book value, Trigger, Trigger reason, To sell, To buy, Gain, Fees, Reserve, Next review,
    Nearest liquidation.

    Parameters
    ----------
    figures : text, one or a range
        Names of figures of one table, such as the titles above the cells.

    Notes
    -----
    Equation: what `rebalance-xl plan` says of the same workbook

    Examples
    --------
    >>> plan_figures(["Weight"]).code
    '#N/A'
    """
    found = figures_asked(figures)
    if isinstance(found, CellError):
        return found
    return CellError("#N/A", f"the workbook has no table {found[0] or 'Portfolio'}")
