"""The options ``--prices`` and ``--set`` of `rebalance-xl plan`: inputs that are written before the plan is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rebalance_xl import terminal
from rebalance_xl.commands.options import UsageError

Editor: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is to be written first.

    Parameters
    ----------
    changes
        Texts such as ``Portfolio[Price] where Asset=SOL = 200``.
    prices
        A file of prices, as `rebalance-xl recalc` takes it.
    """

    changes: Sequence[str] = ()
    prices: Path | None = None

    def editor(self) -> Editor | None:
        """Return what writes them into a book's bytes, None where there are none; what matches no row is said.

        Raises
        ------
        UsageError
            If a text cannot be read, or the file not without guessing.
        """
        from rebalance_xl.book.inputs import apply_changes, parse_change, read_prices, rows_without_price, without_row
        from rebalance_xl.hosts.file import FileWorkbook

        try:
            prices = read_prices(self.prices) if self.prices is not None else None
            changes = [*(prices.changes if prices else ()), *(parse_change(each) for each in self.changes)]
        except ValueError as failure:
            raise UsageError(str(failure)) from None
        if not changes:
            return None

        def edit(data: bytes) -> bytes:
            workbook = FileWorkbook.from_bytes(data)
            for text in [*without_row(workbook, changes), *(prices.unused if prices else ())]:
                terminal.complain(f"not used: {text}")
            for text in rows_without_price(workbook, changes):
                terminal.complain(text)
            apply_changes(workbook, changes)
            return workbook.content()

        return edit
