"""Temporary files beside the files they will replace, locked while they are written, so that leftovers can be told.

The number of the process in the name would not do: a dead process that nobody has waited for still has its number, and
numbers come round again. A lock ends with the last process that holds it, however that ends.
"""

from __future__ import annotations

import os
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from .exclusive import is_named, try_lock

TEMPORARY_PREFIX = ".rebalance-"


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file in a block: complete and on disk at its end, it replaces one of its name; else nothing is left."""
    with beside(path) as (stream, temporary):
        yield stream
        finish(stream)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)


@contextmanager
def beside(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Write a file beside a target in a block that may put it in the target's place; else it is removed at the end."""
    handle, path, lock = _opened(target)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, path
    finally:
        path.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


def finish(stream: BinaryIO) -> None:
    """Close a file when what was written is on disk."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def _opened(target: Path) -> tuple[int, Path, int | None]:
    """Make a file beside a target whose name tells host and process, and lock it for as long as it is written.

    Given are the descriptor to write to, the name, and a second descriptor whose closing ends the lock (None: no locks
    here).
    """
    prefix = f"{TEMPORARY_PREFIX}{platform.node()}-{os.getpid()}-"
    while True:
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=target.suffix, dir=target.parent)
        if os.name != "posix":
            return handle, Path(name), None
        locked = try_lock(handle)
        if locked is None:  # no locks here: nobody can take the file for a leftover either
            return handle, Path(name), None
        if locked and is_named(handle, Path(name)):
            return handle, Path(name), os.dup(handle)
        os.close(handle)  # a clean-up was faster than the lock


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes of this machine left in a folder where results are written.

    Files that a process still writes (it holds their lock, which dies with it), files of other machines and files that
    cannot be locked stay.
    """
    if os.name != "posix" or not folder.is_dir():
        return
    mine = re.compile(rf"{re.escape(TEMPORARY_PREFIX + platform.node())}-[0-9]+-")
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        if mine.match(path.name) is not None and path.is_file() and not path.is_symlink():
            with suppress(OSError):
                _remove_unlocked(path)


#: The same, once for each folder in the life of a process.
remove_leftovers_once = lru_cache(maxsize=1024)(remove_leftovers)


def _remove_unlocked(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError:  # it has got the permissions of a read-only workbook already
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if try_lock(descriptor) and is_named(descriptor, path):
            path.unlink()
    finally:
        os.close(descriptor)
