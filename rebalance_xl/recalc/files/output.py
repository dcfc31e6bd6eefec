"""Files written so that an interruption, a full disk or a second program never leaves half a workbook."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .container import Container
from .exclusive import exclusive
from .ownership import give_permissions, keep_attributes, refuse_protected
from .parts import check_xml
from .refusals import FileMark, Refused, read_input, refuse_output
from .temporaries import new_temporary, remove_leftovers_once


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

    def write(self, content: bytes, changed: Mapping[str, bytes] | None = None) -> None:
        """Write the result under its name only when it is complete, on disk and readable; else the old file stays.

        `changed` are the parts in which it differs from the file that was read, where they are known. Nothing is left
        behind where the place is unfit or writing fails, which is refused.
        """
        with exclusive(self.target):
            refuse_output(self.target, self.source, self.mark, self.ignore_lock)
            refuse_protected(self.target, self.read_only_too)
            try:
                handle, temporary, lock = new_temporary(self.target)
            except OSError as error:
                raise Refused(f"cannot write into {self.target.parent}: {error.strerror or error}") from None
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                written = temporary.read_bytes()
                if written != content:
                    raise Refused(
                        f"what was written to {self.target.parent} reads back differently: the disk may be failing"
                    )
                verify_package(written, Container.open(self.data), changed)
                if self.target.exists():
                    keep_attributes(self.target, temporary)
                else:
                    give_permissions(self.source, temporary)
                refuse_output(self.target, self.source, self.mark, self.ignore_lock)
                os.replace(temporary, self.target)
                _sync_folder(self.target.parent)
            except OSError as error:
                raise Refused(f"cannot write {self.target.name}: {error.strerror or error}") from None
            finally:
                temporary.unlink(missing_ok=True)
                if lock is not None:
                    os.close(lock)


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
        refuse_output(place, source, mark, ignore_lock)
        refuse_protected(place, read_only_too)
        yield Update(data, source, place, mark, ignore_lock, read_only_too)


def verify_package(content: bytes, original: Container, changed: Mapping[str, bytes] | None = None) -> None:
    """Check a finished package: it opens, no part is lost, what changed is as computed, all else is untouched.

    Where it is not known which parts were `changed`, any may be, and has to be XML.
    """
    result = Container.open(content)
    lost = set(original.members) - set(result.members)
    if lost:
        raise Refused(f"the written file lacks the part {min(lost)}: nothing was replaced")
    if changed is not None and set(result.members) != set(original.members) | set(changed):
        raise Refused("the written file lacks parts of the workbook or has others: nothing was replaced")
    for name, info in result.members.items():
        if changed is not None and name in changed:
            if not result.holds(name, changed[name]):
                raise Refused(f"the part {name} was not written as computed: nothing was replaced")
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
