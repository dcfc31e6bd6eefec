"""A LibreOffice Calc that tests talk to: one driver process, one throwaway profile, one soffice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

DRIVER = Path(__file__).with_name("driver.py")


def soffice_path() -> str | None:
    """Return where LibreOffice is, None where it is not installed; REBALANCE_SOFFICE names another one."""
    if chosen := os.environ.get("REBALANCE_SOFFICE"):
        return chosen
    return shutil.which("soffice") or shutil.which("libreoffice")


def uno_python() -> str | None:
    """Return an interpreter that can import LibreOffice's ``uno`` module, None where there is none."""
    usual = ("/usr/bin/python3", "/usr/lib/libreoffice/program/python", "/opt/libreoffice/program/python")
    for candidate in (os.environ.get("REBALANCE_UNO_PYTHON", ""), *usual):
        if candidate and Path(candidate).exists():
            tried = subprocess.run([candidate, "-c", "import uno"], capture_output=True, check=False)
            if tried.returncode == 0:
                return candidate
    return None


def why_not() -> str | None:
    """Return the reason to skip, None where everything that is needed is here."""
    if soffice_path() is None:
        return "LibreOffice is not installed (Debian: apt-get install libreoffice-calc)"
    if uno_python() is None:
        return "no Python here can import uno (Debian: apt-get install python3-uno)"
    return None


#: LibreOffice 7.4 ends once in a hundred times while it installs a Python extension.
_STARTS = 3


class OfficeError(RuntimeError):
    """The driver reported an error."""


class Office:
    """Runs LibreOffice until it is closed; methods are the ``do_`` commands of the driver.

    Parameters
    ----------
    folder : Path
        An empty folder for the profile and the log.
    extensions : sequence of Path
        Extensions to install before the tests begin.
    display : str or None
        An X display such as ``":99"``; None runs LibreOffice headless.
    """

    def __init__(self, folder: Path, extensions: Sequence[Path] = (), display: str | None = None) -> None:
        self.log = folder / "soffice.log"
        for start in range(1, _STARTS + 1):
            self._start(folder, extensions, display)
            try:
                self._answer()
            except OfficeError:
                self.close()
                if start == _STARTS:
                    raise
                shutil.rmtree(folder / "profile", ignore_errors=True)
            else:
                return

    def _start(self, folder: Path, extensions: Sequence[Path], display: str | None) -> None:
        soffice, python = soffice_path(), uno_python()
        assert soffice is not None
        assert python is not None
        temporary = folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(temporary),  # of its own: others run at the same time
            "LANG": "C.UTF-8",
            "SAL_USE_VCLPLUGIN": "svp",
        }
        arguments = [python, str(DRIVER), soffice, str(folder / "profile")]
        if display is not None:
            environment |= {"DISPLAY": display, "SAL_USE_VCLPLUGIN": "gen"}
            arguments.append("--window")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*arguments, *map(str, extensions)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=environment,
            )

    def __getattr__(self, command: str) -> Any:
        def call(**fields: Any) -> Any:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"do": command, **fields}, default=str) + "\n")
            self._process.stdin.flush()
            return self._answer().get("result")

        return call

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise OfficeError("the driver ended: " + self.log.read_text(errors="replace")[-4000:])
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OfficeError(answer["error"] + "\n" + answer["traceback"])
        return answer

    def log_text(self) -> str:
        """Return what LibreOffice and the extension have logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End soffice and the driver."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Office:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
