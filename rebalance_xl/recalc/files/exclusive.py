"""One writer at a time: reading a workbook, computing and replacing it are one step for every program of this project.

The lock is an advisory one on the workbook itself (``flock``), so that nothing is left behind however a program ends;
where files cannot be locked so, a file in the folder for temporary files, named after the workbook, is locked instead.
Other programs do not ask for it: what they change meanwhile is noticed right before the file is replaced.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .refusals import Refused

#: Seconds to wait for another program of this project to finish with a workbook.
PATIENCE = 120.0
_POLL = 0.02

_held = threading.local()


@contextmanager
def exclusive(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Keep every other program of this project from writing a workbook, whatever this one does with it meanwhile.

    Parameters
    ----------
    path
        The file that will be replaced; one that does not exist yet needs no lock. A thread that holds the lock may
        ask for it again.
    patience
        Seconds to wait for a program that has it.

    Raises
    ------
    Refused
        Another program has it for longer than that.
    """
    key = os.path.realpath(path)
    mine: set[str] = _held.__dict__.setdefault("names", set())
    if key in mine:
        yield
        return
    descriptor = _locked(path, key, time.monotonic() + patience)
    mine.add(key)
    try:
        yield
    finally:
        mine.discard(key)
        if descriptor is not None:
            os.close(descriptor)


def _locked(path: Path, key: str, until: float) -> int | None:
    """Return a descriptor that holds the lock until it is closed, None where there is nothing to lock."""
    while True:
        descriptor = _opened(path, key)
        if descriptor is None:
            return None
        try:
            while not _try(descriptor):
                if time.monotonic() >= until:
                    raise Refused("another run of this program is working on it: run it again when that has ended")
                time.sleep(_POLL)
            if _is_current(descriptor, path):
                return descriptor
        except OSError:  # locks are not to be had here
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was replaced while this program waited: now the new file has to be locked


def _opened(path: Path, key: str) -> int | None:
    try:
        if os.name == "posix":
            return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        name = hashlib.sha256(os.path.normcase(key).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return os.open(os.path.join(tempfile.gettempdir(), f"rebalance-xl-{name}.lock"), os.O_RDWR | os.O_CREAT)
    except OSError:  # missing or not to be read: who reads it says so
        return None


def _try(descriptor: int) -> bool:
    if os.name == "posix":
        import fcntl

        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
    import msvcrt

    with suppress(PermissionError):
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        return True
    return False


def _is_current(descriptor: int, path: Path) -> bool:
    if os.name != "posix":
        return True
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False
