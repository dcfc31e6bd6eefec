"""Processor time, time by the clock and peak memory of commands and of statements, each in a process of its own.

Runs on Linux, which tells the peak memory of processes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

STATEMENT = """
import json, sys, time
book, out = sys.argv[1:3]
{setup}
clock, work = time.perf_counter(), time.process_time()
run()
found = [time.process_time() - work, time.perf_counter() - clock]
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([*found, int(peak.split()[1]) / 1024]))
"""
# A process inherits the peak memory of the one that starts it, so a small one does.
COMMAND = """
import json, os, sys, time
clock = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(process, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime,
                  time.perf_counter() - clock, usage.ru_maxrss / 1024]))
"""
#: What users have: modules are compiled once, not at every start.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
# Without this LibreOffice shows the cached values of a workbook that it did not write itself.
RECALCULATE_ON_LOAD = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"
><value>0</value></prop></item></oor:items>
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds, seconds by the clock, peak megabytes of the largest process."""

    processor: float
    clock: float
    megabytes: float

    def text(self) -> str:
        """Return the cost for people."""
        return f"{self.processor:.2f} s ({self.clock:.2f} by the clock, {self.megabytes:.0f} MB)"

    def against(self, other: Cost) -> dict[str, float]:
        """Return how many times as much this costs as another."""
        return {name: value / asdict(other)[name] for name, value in asdict(self).items()}


def cost_of_command(words: Sequence[str | Path], allowed: Sequence[int] = (0,), limit: float | None = None) -> Cost:
    """Run a command and the processes that it starts to their end.

    Parameters
    ----------
    words
        The command line.
    allowed
        Exit codes that are no failure.
    limit
        Seconds by the clock after which the command has failed and is ended.
    """
    launcher = [sys.executable, "-S", "-c", COMMAND, *(str(word) for word in words)]
    with subprocess.Popen(
        launcher, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True
    ) as process:
        try:
            found, complaint = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise RuntimeError(f"{words} has not ended within {limit} s") from None
    if process.returncode:
        raise RuntimeError(f"{words} could not be run: {complaint[-500:]}")
    code, *cost = json.loads(found)
    if code not in allowed:
        raise RuntimeError(f"{words} ended with {code}: {complaint[-500:]}")
    return Cost(*cost)


def cost_of_statement(setup: str, book: Path, out: Path) -> Cost:
    """Run the function `run` that some lines define, in a process of its own; its start is not counted."""
    words = [sys.executable, "-c", STATEMENT.format(setup=setup), str(book), str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return Cost(*json.loads(done.stdout))


def best(rivals: Mapping[str, Callable[[], Cost]], repeat: int) -> dict[str, Cost]:
    """Run each rival in turn, several times, and return the lowest of each cost.

    Parameters
    ----------
    rivals
        What is to be measured, by name.
    repeat
        How many turns.
    """
    runs: dict[str, list[Cost]] = {name: [] for name in rivals}
    for _ in range(repeat):
        for name, run in rivals.items():
            runs[name].append(run())
    return {
        name: Cost(*(min(asdict(each)[field] for each in costs) for field in ("processor", "clock", "megabytes")))
        for name, costs in runs.items()
    }


def our_command() -> list[str]:
    """Return the console command of this interpreter's environment."""
    script = Path(sys.executable).with_name("rebalance-xl")
    return [str(script)] if script.exists() else [sys.executable, "-m", "rebalance_xl.cli"]


class Office:
    """LibreOffice without a window, with a profile of its own that recalculates every workbook it loads."""

    def __init__(self, folder: Path) -> None:
        self.profile, self.folder = folder / "profile", folder / "office"
        user = self.profile / "user"
        user.mkdir(parents=True)
        self.folder.mkdir()
        (user / "registrymodifications.xcu").write_text(RECALCULATE_ON_LOAD, encoding="utf-8")

    @staticmethod
    def missing() -> str:
        """Say why nothing can be compared with LibreOffice, or nothing."""
        return "" if shutil.which("soffice") else "LibreOffice (soffice) is not installed"

    def convert(self, book: Path, limit: float | None = None) -> Cost:
        """Load a workbook, recalculate it and write it as .xlsx, as a user would from the command line."""
        result = self.result(book)
        result.unlink(missing_ok=True)
        profile = f"-env:UserInstallation={self.profile.as_uri()}"
        words = ["soffice", "--headless", profile, "--convert-to", "xlsx", "--outdir", str(self.folder), str(book)]
        found = cost_of_command(words, limit=limit)
        if not result.exists():
            raise RuntimeError(f"LibreOffice has not written {result.name}")
        return found

    def result(self, book: Path) -> Path:
        """Return where the result of a workbook is written."""
        return self.folder / f"{book.stem}.xlsx"
