"""Installs the extension into LibreOffice for a user, and removes it, by LibreOffice's own ``unopkg``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rebalance_xl.hosts.calc.identity import EXTENSION
from rebalance_xl.hosts.calc.oxt import build

__all__ = ["InstallError", "find_program_folder", "install", "uninstall"]

_SECONDS: Final = 180
_USUAL_PLACES: Final = (
    "/Applications/LibreOffice.app/Contents/MacOS",
    "C:/Program Files/LibreOffice/program",
    "C:/Program Files (x86)/LibreOffice/program",
    "/usr/lib/libreoffice/program",
    "/usr/lib64/libreoffice/program",
    "/opt/libreoffice/program",
    "/snap/libreoffice/current/lib/libreoffice/program",
)
#: LibreOffice 7.4 now and then finds its own new registry closed when it takes in a Python extension.
_WORTH_ANOTHER_TRY: Final = "CannotRegisterImplementationException"
_TRIES: Final = 3
_LOADERS: Final = ("pythonloader.py", "../Resources/pythonloader.py")


class InstallError(RuntimeError):
    """The extension could not be installed or removed; the message is one line that says what would help."""


def find_program_folder() -> Path:
    """Return LibreOffice's program folder, in which ``unopkg`` lies.

    Raises
    ------
    InstallError
        When LibreOffice is not where it usually is and not on the PATH.
    """
    places = [Path(place) for place in _USUAL_PLACES]
    for command in ("soffice", "libreoffice"):
        found = shutil.which(command)
        if found is not None:
            places.insert(0, Path(found).resolve().parent)
    for place in places:
        if _unopkg(place).exists():
            return place
    raise InstallError("LibreOffice was not found: install it, or put its program folder on the PATH")


def install(profile: str | os.PathLike[str] | None = None) -> list[str]:
    """Build the extension and install it; an older one is replaced.

    Parameters
    ----------
    profile : path, optional
        A LibreOffice user profile; without it the user's own. Root installs for all users of the machine,
        because LibreOffice does not let root have extensions of its own.

    Returns
    -------
    list of str
        What the user should know: who has it now, and what would make it faster.

    Raises
    ------
    InstallError
        When LibreOffice, or its support for Python, is not there, or it refuses the extension.
    """
    program = find_program_folder()
    if not any((program / loader).exists() for loader in _LOADERS):
        raise InstallError(
            "this LibreOffice has no support for Python, which the extension is written in "
            "(Debian and Ubuntu: apt-get install python3-uno)"
        )
    with tempfile.TemporaryDirectory() as folder:
        extension = build(folder)
        Path(folder).chmod(0o755)
        _unopkg_run(program, ["add", "--force", "--suppress-license", *_shared(), str(extension)], profile)
    notes = ["installed for all users of this machine" if _shared() else "installed for this user"]
    return [*notes, *_python_notes(program)]


def uninstall(profile: str | os.PathLike[str] | None = None) -> None:
    """Remove the extension.

    Parameters
    ----------
    profile : path, optional
        A LibreOffice user profile; without it the user's own.

    Raises
    ------
    InstallError
        When it is not installed, or LibreOffice is open.
    """
    _unopkg_run(find_program_folder(), ["remove", *_shared(), EXTENSION], profile)


def _unopkg(program: Path) -> Path:
    return program / ("unopkg.com" if sys.platform == "win32" else "unopkg")


def _shared() -> list[str]:
    return ["--shared"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _unopkg_run(program: Path, arguments: Sequence[str], profile: str | os.PathLike[str] | None) -> None:
    command = [str(_unopkg(program)), *arguments]
    if profile is not None:
        command.append("-env:UserInstallation=" + Path(profile).resolve().as_uri())
    try:
        done = _run(command)
        for _ in range(_TRIES - 1):
            if done.returncode and _WORTH_ANOTHER_TRY in done.stderr + done.stdout:
                done = _run(command)
    except subprocess.TimeoutExpired:
        raise InstallError(f"LibreOffice did not answer within {_SECONDS} seconds") from None
    except OSError as error:
        raise InstallError(f"{command[0]} could not be started: {error.strerror}") from None
    if done.returncode:
        said = " ".join((done.stderr + done.stdout).split())
        if "already running" in said:
            said = "LibreOffice is open (or its lock file was left behind): close it and try again"
        if "no such extension deployed" in said:
            said = f"the extension {EXTENSION} is not installed"
        raise InstallError(said.removeprefix("ERROR: ") or f"unopkg ended with code {done.returncode}")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False, input=""
    )


def _python_notes(program: Path) -> list[str]:
    """Return what is to be said about the Python that LibreOffice will use."""
    for python in (program / "python", program / "python.exe", Path("/usr/bin/python3")):
        if python.exists():
            break
    else:
        return []
    script = "import sys\nprint(*sys.version_info[:2])\nimport numpy"
    tried = _run([str(python), "-c", script])
    version = tuple(int(part) for part in tried.stdout.split()[:2])
    if version and version < (3, 11):
        return [f"but LibreOffice's Python is {version[0]}.{version[1]} and 3.11 is needed: update LibreOffice"]
    if tried.returncode:
        return [f"{python} has no numpy: everything works, long ranges are slower (Debian: python3-numpy)"]
    return []
