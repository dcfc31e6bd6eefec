"""One writer at a time: reading a workbook, computing and replacing it are one step for every program of this project.

The lock is an advisory one on the workbook itself (``flock``), so that nothing is left behind however a program ends;
where files cannot be locked so, a file in the folder for temporary files, named after the workbook, is locked instead.
Other programs do not ask for it: what they change meanwhile is noticed right before the file is replaced.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .refusals import Refused

#: Seconds to wait for another program of this project to finish with a workbook.
PATIENCE = 120.0
_POLL = 0.02

_held = threading.local()


@contextmanager
def exclusive(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Keep every other program of this project from writing a workbook, whatever this one does with it meanwhile.

    A file that does not exist yet needs no lock, and a thread that holds the lock may ask for it again. A program that
    has it is waited for, `patience` seconds at most, and then Refused is raised.
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
            while (held := try_lock(descriptor)) is False:
                if time.monotonic() >= until:
                    raise Refused("another run of this program is working on it: run it again when that has ended")
                time.sleep(_POLL)
        except BaseException:
            os.close(descriptor)
            raise
        if held and (os.name != "posix" or is_named(descriptor, path)):
            return descriptor
        os.close(descriptor)
        if not held:
            return None
        # It was replaced while this program waited: now the new file has to be locked.


def _opened(path: Path, key: str) -> int | None:
    try:
        if os.name == "posix":
            return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        import hashlib  # it brings a library of ciphers along, and few need it

        name = hashlib.sha256(os.path.normcase(key).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return os.open(os.path.join(tempfile.gettempdir(), f"rebalance-xl-{name}.lock"), os.O_RDWR | os.O_CREAT)
    except OSError:  # missing or not to be read: who reads it says so
        return None


def try_lock(descriptor: int) -> bool | None:
    """Lock a file without waiting; False when another descriptor holds the lock, None where nothing can be locked."""
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def is_named(descriptor: int, path: Path) -> bool:
    """Say whether an open file is still the one that a path names."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False
