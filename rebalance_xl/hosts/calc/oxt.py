"""Builds the LibreOffice extension: a zip with the type library, the configuration and the package itself."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from rebalance_xl import __version__
from rebalance_xl.catalogue import Function
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc import xcu
from rebalance_xl.hosts.calc.addin import returns_rows
from rebalance_xl.hosts.calc.identity import EXTENSION, INTERFACE, SERVICE, method_name
from rebalance_xl.hosts.calc.types_rdb import Interface, Method, Service, write_types

__all__ = ["FILE_NAME", "build", "extension_parts"]

FILE_NAME: Final = "rebalancer.oxt"
_PACKAGE: Final = Path(__file__).resolve().parents[2]
#: What runs inside Calc; the rest of the package (recalculation, authoring, command line) stays outside.
_FOLDERS: Final = ("functions", "data", "book", "review", "venues", "hosts/calc")
_MODULES: Final = ("hosts/__init__.py", "hosts/completion.py")
_UNUSED: Final = (
    "cli.py",
    "reference.py",
    "terminal.py",
    *(
        f"hosts/calc/{name}.py"
        for name in ("commands", "component", "install", "names_pass", "oxt", "types_rdb", "xcu")
    ),
)
_OLDEST_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_CALLER: Final = ("caller", "com.sun.star.beans.XPropertySet")


def build(path: str | os.PathLike[str]) -> Path:
    """Write the extension to a file, the same bytes for the same sources.

    Parameters
    ----------
    path : path
        The ``.oxt`` to write, or an existing folder, in which it is called ``rebalancer.oxt``.

    Returns
    -------
    Path
        The file that was written.
    """
    target = Path(path)
    if target.is_dir():
        target /= FILE_NAME
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".rebalancer-", delete=False) as file:
        partial = Path(file.name)
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in extension_parts().items():
                entry = zipfile.ZipInfo(name, _OLDEST_ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, content)
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def extension_parts() -> dict[str, bytes]:
    """Return the members of the extension by their names in the zip."""
    functions = list(FUNCTIONS.values())
    parts = {
        "META-INF/manifest.xml": _manifest().encode(),
        "description.xml": _description().encode(),
        "types.rdb": _types(functions),
        "CalcAddIns.xcu": xcu.calc_add_ins(functions).encode(),
        "ProtocolHandler.xcu": xcu.protocol_handler().encode(),
        "Addons.xcu": xcu.addons().encode(),
        "CalcWindowState.xcu": xcu.window_state().encode(),
        "Jobs.xcu": xcu.jobs().encode(),
        "rebalancer.py": (_PACKAGE / "hosts/calc/component.py").read_bytes(),
    }
    for source in _sources():
        parts["pythonpath/rebalance_xl/" + source.relative_to(_PACKAGE).as_posix()] = source.read_bytes()
    return parts


def _sources() -> list[Path]:
    found = [*_PACKAGE.glob("*.py"), *(_PACKAGE / name for name in _MODULES)]
    for folder in _FOLDERS:
        found += [each for each in (_PACKAGE / folder).rglob("*") if each.is_file()]
    unused = {_PACKAGE / name for name in _UNUSED}
    return sorted(each for each in found if each.suffix != ".pyc" and each not in unused)


def _types(functions: list[Function]) -> bytes:
    methods = [
        Method(
            method_name(function.name),
            [_CALLER, *((parameter.name, "any") for parameter in function.parameters)],
            "[][]any" if returns_rows(function) else "any",
        )
        for function in functions
    ]
    return write_types([Interface(INTERFACE, methods), Service(SERVICE, INTERFACE)])


def _manifest() -> str:
    entries = (
        ("application/vnd.sun.star.uno-typelibrary;type=RDB", "types.rdb"),
        ("application/vnd.sun.star.uno-component;type=Python", "rebalancer.py"),
        ("application/vnd.sun.star.configuration-data", "CalcAddIns.xcu"),
        ("application/vnd.sun.star.configuration-data", "ProtocolHandler.xcu"),
        ("application/vnd.sun.star.configuration-data", "Addons.xcu"),
        ("application/vnd.sun.star.configuration-data", "CalcWindowState.xcu"),
        ("application/vnd.sun.star.configuration-data", "Jobs.xcu"),
    )
    lines = "".join(
        f' <manifest:file-entry manifest:media-type="{kind}" manifest:full-path="{name}"/>\n' for kind, name in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n'
        f"{lines}</manifest:manifest>\n"
    )


def _description() -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<description xmlns="http://openoffice.org/extensions/description/2006" '
        'xmlns:d="http://openoffice.org/extensions/description/2006" '
        'xmlns:l="http://libreoffice.org/extensions/description/2011">\n'
        f' <identifier value="{EXTENSION}"/>\n <version value="{__version__}"/>\n'
        ' <display-name><name lang="en">Rebalancer: rebalancing of a spot and futures book</name></display-name>\n'
        ' <dependencies><l:LibreOffice-minimal-version value="7.4" d:name="LibreOffice 7.4"/></dependencies>\n'
        "</description>\n"
    )
