"""Install npm's ``pyodide``, the Python that runs in browsers, in which the tests run the wheel under Node.

    python tests/pyodide/setup_pyodide.py          install (a second run finds it and takes no time)
    python tests/pyodide/setup_pyodide.py --check  exit 1 and say why when it is not installed

It lives in one folder outside of the checkout: ``$REBALANCE_XL_PYODIDE``, by default ``rebalance-xl/pyodide`` in the
user's cache folder. The version is pinned; the package brings its interpreter and standard library, nothing else is
loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PYODIDE = "314.0.7"
INSTALL_TIMEOUT = 300


class SetupError(RuntimeError):
    """What stopped the installation, in one sentence."""


def cache_folder() -> Path:
    """Return the folder in which Pyodide lives."""
    chosen = os.environ.get("REBALANCE_XL_PYODIDE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "rebalance-xl" / "pyodide"


def package_folder() -> Path:
    """Return the folder of the npm package."""
    return cache_folder() / "node_modules" / "pyodide"


def why_not() -> str | None:
    """Say why the tests cannot run, None where they can."""
    if shutil.which("node") is None:
        return "node is not installed"
    try:
        found = json.loads((package_folder() / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return "pyodide is not installed (python tests/pyodide/setup_pyodide.py)"
    return None if found == PYODIDE else f"pyodide is {found}, wanted is {PYODIDE}"


def install() -> None:
    """Install the package by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError("npm is not installed")
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [*command, f"pyodide@{PYODIDE}"], capture_output=True, text=True, timeout=INSTALL_TIMEOUT, check=False
    )
    if done.returncode:
        raise SetupError(f"npm could not install pyodide: {done.stderr.strip()[-500:]}")


def main() -> int:
    """Install what is missing, or say what is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only say whether everything is there")
    chosen = parser.parse_args()
    try:
        if not chosen.check and why_not() is not None:
            install()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    reason = why_not()
    print(reason or f"pyodide {PYODIDE} in {cache_folder()}")
    return int(reason is not None)


if __name__ == "__main__":
    sys.exit(main())
