"""LibreOffice's own package manager takes the extension, and gives it back."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebalance_xl.hosts.calc import install as installer
from rebalance_xl.hosts.calc.commands import InstallError, install, uninstall

ROOT = os.geteuid() == 0


@pytest.fixture
def profile(libreoffice: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make an empty profile; where the tests run as root, unopkg runs as nobody, because it refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="rebalancer-profile-"))
    folder.chmod(0o777)
    if ROOT:
        environment = {**os.environ, "HOME": str(folder)}

        def run(command: list[str]) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                user="nobody",
                group="nogroup",
                env=environment,
                cwd=folder,
            )

        monkeypatch.setattr(installer, "_run", run)
        monkeypatch.setattr(installer, "_shared", list)
    yield folder / "profile"
    shutil.rmtree(folder)


def listed(profile: Path) -> int:
    """Return how many times LibreOffice lists the extension in a profile."""
    program = installer.find_program_folder()
    answer = installer._run([str(program / "unopkg"), "list", "-env:UserInstallation=" + profile.as_uri()])
    return answer.stdout.count("Identifier: org.rebalancer.calc")


@pytest.mark.slow
def test_install_again_and_uninstall(profile):
    """Installed, installed over itself, removed; removing it twice is refused in one line."""
    notes = install(profile)
    assert notes[0] == "installed for this user"
    assert listed(profile) == 1
    unpacked = next(profile.glob("user/uno_packages/cache/uno_packages/*/rebalancer.oxt"))
    assert (unpacked / "pythonpath/rebalance_xl/catalogue.py").exists()
    install(profile)
    assert listed(profile) == 1
    uninstall(profile)
    assert listed(profile) == 0
    with pytest.raises(InstallError, match=r"^the extension org\.rebalancer\.calc is not installed$"):
        uninstall(profile)


def fake_libreoffice(folder: Path, script: str, python_support: bool = True) -> Path:
    """Make a program folder whose unopkg is a shell script."""
    program = folder / "program"
    program.mkdir()
    (program / "unopkg").write_text("#!/bin/sh\n" + script, encoding="utf-8")
    (program / "unopkg").chmod(0o755)
    (program / "python").write_text("#!/bin/sh\necho 3 11\n", encoding="utf-8")
    (program / "python").chmod(0o755)
    if python_support:
        (program / "pythonloader.py").touch()
    return program


@pytest.mark.parametrize(
    ("script", "python_support", "message"),
    [
        ("echo 'ERROR: unopkg cannot be started. It is already running.' >&2; exit 1", True, "close it and try again"),
        ("echo 'ERROR: no room on the disk' >&2; exit 1", True, "^no room on the disk$"),
        ("exit 3", True, "code 3"),
        ("exit 0", False, "python3-uno"),
    ],
)
def test_what_went_wrong_is_said_in_one_line(tmp_path, monkeypatch, script, python_support, message):
    """An open LibreOffice, a refusal and missing support for Python are told apart."""
    program = fake_libreoffice(tmp_path, script, python_support)
    monkeypatch.setattr(installer, "find_program_folder", lambda: program)
    with pytest.raises(InstallError, match=message) as caught:
        install(tmp_path / "profile")
    assert "\n" not in str(caught.value)


def test_a_rare_failure_of_libreoffice_is_tried_again(tmp_path, monkeypatch):
    """What LibreOffice fails at by chance is done at the next try; what it always fails at is told in the end."""
    script = f"echo x >> {tmp_path}/tries; [ $(wc -l < {tmp_path}/tries) -ge 3 ] && exit 0\n"
    script += "echo 'ERROR: CannotRegisterImplementationException' >&2; exit 1"
    program = fake_libreoffice(tmp_path, script)
    monkeypatch.setattr(installer, "find_program_folder", lambda: program)
    install(tmp_path / "profile")
    (program / "unopkg").write_text(f"#!/bin/sh\n{script.partition('; [')[0]}\n{script.partition(chr(10))[2]}")
    (tmp_path / "tries").unlink()
    with pytest.raises(InstallError, match="CannotRegisterImplementationException"):
        install(tmp_path / "profile")
    assert (tmp_path / "tries").read_text().count("x") == 3


@pytest.mark.parametrize(
    ("python", "note"),
    [("echo 3 8", "3.11 is needed"), ("echo 3 12; exit 1", "no numpy"), ("echo 3 12", None)],
)
def test_the_python_of_libreoffice_is_looked_at(tmp_path, monkeypatch, python, note):
    """A Python that is too old, or has no numpy, is mentioned."""
    program = fake_libreoffice(tmp_path, "exit 0")
    (program / "python").write_text("#!/bin/sh\n" + python, encoding="utf-8")
    monkeypatch.setattr(installer, "find_program_folder", lambda: program)
    notes = install(tmp_path / "profile")[1:]
    assert [note in each for each in notes] == ([True] if note else [])


def test_without_libreoffice(monkeypatch):
    """Where no LibreOffice is found the message says what to do."""
    monkeypatch.setattr(shutil, "which", lambda command: None)
    monkeypatch.setattr(installer, "_USUAL_PLACES", ())
    with pytest.raises(InstallError, match="put its program folder on the PATH"):
        install()
