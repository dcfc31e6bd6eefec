"""Reasons not to touch a file: what is refused, and the guards for inputs and outputs."""

from __future__ import annotations

import os
from pathlib import Path

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
MAX_FILE = 1024 * 2**20
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xltx", ".xltm")


class Refused(Exception):  # noqa: N818 - the name tells what happened
    """A file that is left alone; the message is one line that says why and what would help.

    Names that the message takes from the file are shown without their control characters, line breaks among them.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(each if each.isprintable() else ascii(each)[1:-1] for each in message))


#: What identifies one state of a file, to notice that it was changed meanwhile: size, time of the change, inode.
FileMark = tuple[int, int, int]


def mark_of(path: Path) -> FileMark:
    """Return the mark of a file as it is now."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def read_input(path: Path, ignore_lock: bool = False) -> tuple[bytes, FileMark]:
    """Read a workbook file whole, after the checks that need no parsing; `ignore_lock` also beside a lock file.

    Refused is what is missing, a folder, a device, unreadable, locked, empty, huge, encrypted, .xls, .xlsb or no zip
    file.
    """
    if path.suffix.lower() == ".xlsb":
        raise Refused("binary workbook (.xlsb): save it as .xlsx or .xlsm first")
    if not ignore_lock:
        refuse_when_locked(path)
    try:
        mark = mark_of(path)
        if not path.is_dir() and not path.is_file():
            raise Refused("is a pipe or a device, not a workbook")
        if mark[0] > MAX_FILE:
            raise Refused(f"has {mark[0] / 2**20:,.0f} MB; more than {MAX_FILE // 2**20:,} MB are not read")
        data = path.read_bytes()
    except FileNotFoundError:
        raise Refused("no such file") from None
    except IsADirectoryError:
        raise Refused("is a folder, not a workbook") from None
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror or error}") from None
    refuse_by_content(data)
    return data, mark


def refuse_by_content(data: bytes) -> None:
    """Refuse what the first bytes show not to be an Open XML workbook."""
    if not data:
        raise Refused("the file is empty")
    if data.startswith(OLE_MAGIC):
        if ENCRYPTED_STREAM in data:
            raise Refused("protected with a password: remove the password first")
        raise Refused("old binary workbook (.xls): save it as .xlsx first")
    if not data.startswith(b"PK"):
        raise Refused("not an .xlsx or .xlsm workbook (no zip file)")


def refuse_when_locked(path: Path) -> None:
    """Refuse a workbook beside which a lock file of Excel or LibreOffice says that it is open."""
    for lock in (path.with_name("~$" + path.name), path.with_name(f".~lock.{path.name}#")):
        if os.path.exists(lock):  # also of names too long for a lock file, for which Path.exists raises
            raise Refused(f"open in another program ({lock.name} lies beside it): close it, or override the lock")


def refuse_output(target: Path, source: Path, mark: FileMark, ignore_lock: bool, read_only_too: bool) -> None:
    """Refuse a place where the result must not be written, or a source that is not in the state `mark` any more.

    Not replaced is a file that is write-protected, or known under further names that would keep the old state.
    """
    if target.is_symlink():
        raise Refused(f"the output {target.name} is a link: name the file it points to")
    if target.is_dir():
        raise Refused(f"the output {target.name} is a folder")
    if target.exists() and not target.is_file():
        raise Refused(f"the output {target.name} is not an ordinary file")
    if target.suffix.lower() != source.suffix.lower():
        ending = f"must end in {source.suffix}" if source.suffix else "must have no ending"
        raise Refused(f"the output {target.name} {ending}, as the workbook does: Excel opens it under no other")
    if not target.parent.is_dir():
        raise Refused(f"the output folder {target.parent} does not exist")
    if not ignore_lock:
        refuse_when_locked(target)
    same = target.exists() and os.path.samefile(target, source) if source.exists() else False
    if same and mark_of(source) != mark:
        raise Refused("was changed by another program while it was recalculated: run it again")
    if not target.exists():
        return
    status = target.stat()
    if status.st_nlink > 1:
        raise Refused(
            f"{target.name} has {status.st_nlink} names (hard links), and the others would keep the old values: "
            "write to another file"
        )
    protected = not status.st_mode & 0o222 or not os.access(target, os.W_OK)
    if protected and not read_only_too:
        raise Refused(f"{target.name} is write-protected: write to another file, or override the protection")
