"""What ``rebalance-xl calc`` calls: build, install and uninstall the extension, and the names pass."""

from __future__ import annotations

from rebalance_xl.hosts.calc.install import InstallError, install, uninstall
from rebalance_xl.hosts.calc.names_pass import NamesReport, rewrite_names
from rebalance_xl.hosts.calc.oxt import build

__all__ = ["InstallError", "NamesReport", "build", "install", "rewrite_names", "uninstall"]
