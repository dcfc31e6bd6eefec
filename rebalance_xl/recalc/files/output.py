"""Workbooks replaced so that an interruption, a full disk or a second program never leaves half of one.

A file keeps its owner, permissions and extended attributes, and some are not replaced at all.
"""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .container import Container
from .locks import beside, exclusive, finish, remove_leftovers_once
from .parts import check_xml
from .refusals import FileMark, Refused, read_input, refuse_output


@dataclass(frozen=True, slots=True)
class Update:
    """A workbook that is being worked on: no other program of this project writes it until the block ends.

    `data` is the file as it was read from `source`, whose state then was `mark`; the result goes to `target`.
    """

    data: bytes
    source: Path
    target: Path
    mark: FileMark
    ignore_lock: bool = False
    read_only_too: bool = False

    def write(self, content: bytes, changed: Mapping[str, bytes] | None = None, *, known: bool = False) -> None:
        """Write the result under its name only when it is complete, on disk and readable; else the old file stays.

        `changed` are the parts in which it differs from the file that was read, where they are known; they are parsed
        unless they are `known` to be XML. Nothing is left behind where the place is unfit or writing fails, which is
        refused.
        """
        with exclusive(self.target):
            self.refuse_unfit()
            try:
                with beside(self.target) as (stream, temporary):
                    stream.write(content)
                    finish(stream)
                    written = temporary.read_bytes()
                    if written != content:
                        raise Refused(
                            f"what was written to {self.target.parent} reads back differently: the disk may be failing"
                        )
                    verify_package(written, Container.open(self.data), changed, known=known)
                    if self.target.exists():
                        _keep_attributes(self.target, temporary)
                    else:  # its owner may write it
                        temporary.chmod(stat.S_IMODE(self.source.stat().st_mode) | stat.S_IWUSR)
                    self.refuse_unfit()
                    os.replace(temporary, self.target)
                    _sync_folder(self.target.parent)
            except OSError as error:
                raise Refused(f"cannot write {self.target}: {error.strerror or error}") from None

    def refuse_unfit(self) -> None:
        """Refuse a place that is unfit for the result, or a workbook that was changed meanwhile."""
        refuse_output(self.target, self.source, self.mark, self.ignore_lock, self.read_only_too)


@contextmanager
def update(
    source: Path, target: Path | None = None, *, ignore_lock: bool = False, read_only_too: bool = False
) -> Iterator[Update]:
    """Read a workbook to replace it, or another file, at the end of the block: one step that nothing comes between.

    `ignore_lock` goes on although a lock file says that another program has it open, `read_only_too` replaces a
    write-protected file. What cannot be read or written is refused before anything is computed in vain.
    """
    place = target or source
    remove_leftovers_once(place.parent)
    with exclusive(place):
        data, mark = read_input(source, ignore_lock)
        book = Update(data, source, place, mark, ignore_lock, read_only_too)
        book.refuse_unfit()
        yield book


def verify_package(
    content: bytes, original: Container, changed: Mapping[str, bytes] | None = None, *, known: bool = False
) -> None:
    """Check a finished package: it opens, no part is lost, what changed is as computed and XML, all else is untouched.

    Where it is not known which parts were `changed`, any may be; `known` tells that those that are were parsed before.
    """
    result = Container.open(content)
    lost = set(original.members) - set(result.members)
    if lost:
        raise Refused(f"the written file lacks the part {min(lost)}: nothing was replaced")
    if changed is not None and set(result.members) != set(original.members) | set(changed):
        raise Refused("the written file lacks parts of the workbook or has others: nothing was replaced")
    for name, info in result.members.items():
        if changed is not None and name in changed:
            if result.read(name, zlib) != changed[name]:  # not read by what may have packed it
                raise Refused(f"the part {name} was not written as computed: nothing was replaced")
            if not known:
                check_xml(name, changed[name])
        elif name not in original or result.payload(info) != original.payload(original.members[name]):
            if changed is not None:
                raise Refused(f"the part {name} was not copied as it was: nothing was replaced")
            check_xml(name, result.read(name))


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep_attributes(model: Path, path: Path) -> None:
    """Give a new file owner, permissions and extended attributes of the one that it will replace, or refuse."""
    status = model.stat()
    mine = path.stat()
    if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):  # both are 0 where files have no owner
        try:
            os.chown(path, status.st_uid, status.st_gid)
        except OSError:
            raise Refused(
                f"{model.name} would change its owner or group, since this user may not keep them: "
                "write to another file"
            ) from None
    _copy_extended(model, path)
    path.chmod(stat.S_IMODE(status.st_mode))


def _copy_extended(model: Path, path: Path) -> None:
    names: list[str] = []
    with suppress(AttributeError, OSError):  # a system or a file system without them
        names = os.listxattr(model)
    for name in names:
        try:
            os.setxattr(path, name, os.getxattr(model, name))
        except OSError as error:
            if not name.startswith(("security.", "trusted.")) and error.errno != errno.ENODATA:
                told = f"the extended attribute {name} of {model.name} cannot be kept: {error.strerror}"
                raise Refused(told) from None
