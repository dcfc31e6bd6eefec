"""What a review is asked: by the command line, by a workbook's button and from Python alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be reviewed.

    Parameters
    ----------
    variants
        Names or ``name: Setting=value; ...``; none for all standard ones.
    sweeps
        ``Band=0.01:0.25:0.01``: one makes a curve, two a grid.
    bootstrap
        Histories to draw; 0 for none, None for as many as are quick.
    of
        The variant that the bootstrap and the first page are about.
    block, seed
        Mean block in days, and the seed.
    fill
        "close", or "next": what is decided at a close is traded at the next one.
    slippage
        Share of the amount on top of the fee.
    without
        Assets that are left out.
    fill_gaps
        Carry closes over holes of the history.
    first, last
        Days between which the history is used, as serial numbers.
    workers, scheduler
        Processes, or a dask scheduler, for sweeps and bootstraps.
    """

    variants: tuple[str, ...] = ()
    sweeps: tuple[str, ...] = ()
    bootstrap: int | None = None
    of: str = ""
    block: float = 30.0
    seed: int = 1
    fill: str = "close"
    slippage: float = 0.0
    without: tuple[str, ...] = ()
    fill_gaps: bool = False
    first: float | None = None
    last: float | None = None
    workers: int = 1
    scheduler: str = ""
