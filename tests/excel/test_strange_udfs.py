"""A strange udfs.py cannot replace ours: the command with which xlwings starts Python, run with one in every place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from rebalance_xl.recalc.workbook import recalculate_bytes
from tests.wine.xlwings_conf import Conf, read_conf, server_command

SERVE = "import xlwings; xlwings.serve('$(CLSID)')"
TELL = "import udfs; print(udfs.__file__)"


@pytest.fixture
def conf(root: Path) -> Conf:
    """Return the settings of the shipped workbook."""
    return read_conf(root / "workbook" / "Rebalancer.xlsm")


def test_the_packages_of_the_interpreter_come_first(conf: Conf) -> None:
    """PYTHONPATH names the packages of the environment that Interpreter_Win lies in, and nothing else."""
    folder, _, rest = conf["INTERPRETER_WIN"].lower().partition(r"\scripts")
    assert rest == r"\pythonw.exe"
    assert conf["PYTHONPATH"] == rf"{folder}\lib\site-packages"


@pytest.mark.parametrize(
    ("interpreter", "expected"),
    [
        (r"C:\Python313\python.exe", r"c:\python313\lib\site-packages"),
        (r"D:\My envs\book\Scripts\PythonW.exe", r"d:\my envs\book\lib\site-packages"),
    ],
)
def test_they_follow_another_interpreter(root: Path, tmp_path: Path, interpreter: str, expected: str) -> None:
    """Whoever names a Python of their own in B1 need not think of the path."""
    book = Workbook()
    for name, value in read_conf(root / "workbook" / "Rebalancer.xlsm", values=False).items():
        book.active.append([name, interpreter if name == "INTERPRETER_WIN" else value])
    book.active.title = "xlwings.conf"
    content = BytesIO()
    book.save(content)
    path = tmp_path / "Book.xlsx"
    path.write_bytes(recalculate_bytes(content.getvalue())[0])
    assert read_conf(path)["PYTHONPATH"] == expected


def imported(conf: Conf, where: Path, site: str) -> Path:
    """Return the udfs.py that the server's command imports, started in a folder, with a strange one on PYTHONPATH."""
    command = server_command({**conf, "PYTHONPATH": site}, str(where / "Book.xlsm"))
    found = re.search(r'-c "(.*)""$', command)
    assert found is not None
    program = found[1].replace('\\"', '"')
    assert SERVE in program  # which needs Windows; what it imports first stands in its place
    done = subprocess.run(
        [sys.executable, "-B", "-c", program.replace(SERVE, TELL)],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(where / "elsewhere")},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip()).resolve()


def test_a_strange_module_in_every_place_is_not_imported(root: Path, tmp_path: Path, conf: Conf) -> None:
    """Beside the workbook, in the current folder and on PYTHONPATH it loses to the one among the packages."""
    for folder in (tmp_path, tmp_path / "elsewhere"):
        folder.mkdir(exist_ok=True)
        (folder / "udfs.py").write_text("print('strange')\n", encoding="utf-8")
    site = tmp_path / "venv" / "lib" / "site-packages"
    site.mkdir(parents=True)
    shutil.copy(root / "udfs.py", site)
    assert imported(conf, tmp_path, str(site)) == (site / "udfs.py").resolve()
    with pytest.raises(AssertionError):  # without the setting the strange one would be
        assert imported(conf, tmp_path, "") == (site / "udfs.py").resolve()
