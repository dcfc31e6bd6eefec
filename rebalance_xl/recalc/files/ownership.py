"""What a file keeps when it is replaced: owner, permissions and extended attributes; and what is not replaced."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from .refusals import Refused

_OF_THE_SYSTEM = ("security.", "trusted.")


def refuse_protected(target: Path, read_only_too: bool = False) -> None:
    """Refuse to replace a file that is write-protected, or known under further names that would keep the old state."""
    try:
        status = target.stat()
    except OSError:
        return
    if status.st_nlink > 1 and stat.S_ISREG(status.st_mode):
        raise Refused(
            f"{target.name} has {status.st_nlink} names (hard links), and the others would keep the old values: "
            "write to another file"
        )
    protected = not status.st_mode & 0o222 or not os.access(target, os.W_OK)
    if protected and not read_only_too:
        raise Refused(f"{target.name} is write-protected: write to another file, or override the protection")


def keep_attributes(model: Path, path: Path) -> None:
    """Give a new file owner, permissions and extended attributes of the one that it will replace, or refuse."""
    status = model.stat()
    if hasattr(os, "chown"):
        mine = path.stat()
        if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
            try:
                os.chown(path, status.st_uid, status.st_gid)
            except OSError:
                raise Refused(
                    f"{model.name} would change its owner or group, since this user may not keep them: "
                    "write to another file"
                ) from None
    _copy_extended(model, path)
    path.chmod(stat.S_IMODE(status.st_mode))


def give_permissions(source: Path, path: Path) -> None:
    """Give a new file the permissions of the workbook it was made from, and let its owner write it."""
    path.chmod(stat.S_IMODE(source.stat().st_mode) | stat.S_IWUSR)


def _copy_extended(model: Path, path: Path) -> None:
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(model)
    except OSError:  # a file system without them
        return
    for name in names:
        try:
            os.setxattr(path, name, os.getxattr(model, name))
        except OSError as error:
            if name.startswith(_OF_THE_SYSTEM) or error.errno == errno.ENODATA:
                continue
            raise Refused(f"the extended attribute {name} of {model.name} cannot be kept: {error.strerror}") from None
