"""Files written so that an interruption, a full disk or a second program never leaves half a workbook."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from .container import Container
from .refusals import FileMark, Refused, refuse_output
from .temporaries import new_temporary


def write_atomically(
    target: Path,
    content: bytes,
    source: Path,
    mark: FileMark,
    *,
    ignore_lock: bool = False,
    verify: Callable[[bytes], None] | None = None,
) -> None:
    """Write a workbook under its name only when it is complete, on disk and readable.

    Parameters
    ----------
    target : Path
        Where the result goes.
    content : bytes
        The whole file.
    source : Path
        The workbook it was made from.
    mark : FileMark
        The state of the source when it was read.
    ignore_lock : bool
        Write although a lock file lies beside the target.
    verify : callable, optional
        Called with the bytes read back; raises when they are not right.

    Raises
    ------
    Refused
        The place is unfit, or writing failed; nothing is left behind and the old file is untouched.
    """
    refuse_output(target, source, mark, ignore_lock)
    try:
        handle, temporary, lock = new_temporary(target)
    except OSError as error:
        raise Refused(f"cannot write into {target.parent}: {error.strerror or error}") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        written = temporary.read_bytes()
        if written != content:
            raise Refused(f"what was written to {target.parent} reads back differently: the disk may be failing")
        if verify is not None:
            verify(written)
        _copy_permissions(target if target.exists() else source, temporary)
        refuse_output(target, source, mark, ignore_lock)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise Refused(f"cannot write {target.name}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


def verify_package(content: bytes, original: Container, changed: dict[str, bytes]) -> None:
    """Check a finished package: it opens, changed parts read back, all others carry the same compressed bytes.

    Parameters
    ----------
    content : bytes
        The file as read back.
    original : Container
        What it was made from.
    changed : dict of str to bytes
        The parts that were replaced or added.

    Raises
    ------
    Refused
        Anything differs.
    """
    result = Container.open(content)
    if set(result.members) != set(original.members) | set(changed):
        raise Refused("the written file lacks parts of the workbook: nothing was replaced")
    for name, info in original.members.items():
        if name not in changed and result.payload(result.members[name]) != original.payload(info):
            raise Refused(f"the part {name} was not copied as it was: nothing was replaced")
    for name, part in changed.items():
        if not result.holds(name, part):
            raise Refused(f"the part {name} was not written as computed: nothing was replaced")


def _copy_permissions(model: Path, path: Path) -> None:
    try:
        path.chmod(stat.S_IMODE(model.stat().st_mode))
    except OSError:
        return


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
