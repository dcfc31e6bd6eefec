"""The finished workbook as it ships, for ``rebalance-xl new``; needs nothing that builds it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

_NAME = "Rebalancer.xlsm"
_CHECKOUT = Path(__file__).resolve().parents[2] / "workbook" / _NAME


def read_template() -> bytes:
    """Return the workbook: from the installed package, or from the checkout this module is in.

    Raises
    ------
    FileNotFoundError
        If neither has it.
    """
    installed = files("rebalance_xl") / "data" / _NAME
    if installed.is_file():
        return installed.read_bytes()
    return _CHECKOUT.read_bytes()


def write_copy(path: Path) -> None:
    """Write a fresh copy of the workbook; a file of that name is replaced in one step or not at all.

    Parameters
    ----------
    path
        Where to; the folder must exist.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind then.
    """
    content = read_template()
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
