"""The extension file: the same bytes each time, complete, and usable in a Python that has nothing but itself."""

from __future__ import annotations

import ast
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc import identity, oxt
from rebalance_xl.hosts.calc.identity import method_name, stored_name

COMPONENT = Path(oxt.__file__).with_name("component.py")
OOR = "{http://openoffice.org/2001/registry}"


def test_the_same_sources_give_the_same_bytes(tmp_path):
    """Two builds are equal, and a folder gets the usual file name."""
    assert oxt.build(tmp_path).name == "rebalancer.oxt"
    again = oxt.build(tmp_path / "again.oxt")
    assert again.read_bytes() == (tmp_path / "rebalancer.oxt").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["again.oxt", "rebalancer.oxt"]


def test_the_manifest_names_what_is_there(extension):
    """Every file of the manifest is in the extension, every configuration file in the manifest; all is XML."""
    with zipfile.ZipFile(extension) as archive:
        manifest = ElementTree.fromstring(archive.read("META-INF/manifest.xml"))
        space = "{http://openoffice.org/2001/manifest}"
        named = {entry.get(f"{space}full-path") for entry in manifest}
        assert named <= set(archive.namelist())
        configuration = {name for name in archive.namelist() if name.endswith(".xcu")}
        assert configuration <= named
        for name in [*configuration, "description.xml"]:
            ElementTree.fromstring(archive.read(name))


def test_the_wizard_texts_are_the_catalogues(extension):
    """CalcAddIns.xcu has each function under its worksheet name, also for Excel files, with all arguments."""
    with zipfile.ZipFile(extension) as archive:
        root = ElementTree.fromstring(archive.read("CalcAddIns.xcu"))
    service = root.find(f"./node/node[@{OOR}name='{identity.SERVICE}']/node")
    assert service is not None
    by_name = {node.get(f"{OOR}name"): node for node in service}
    assert set(by_name) == {method_name(name) for name in FUNCTIONS}
    for name, function in FUNCTIONS.items():
        node = by_name[method_name(name)]
        texts = {prop.get(f"{OOR}name"): prop.findtext("value") or "" for prop in node.findall("prop")}
        assert texts["DisplayName"] == texts["CompatibilityName"] == name
        assert texts["Description"].startswith(function.summary[:200])
        assert len(texts["Description"]) <= 255
        arguments = [each.get(f"{OOR}name") for each in node.findall("node/node")]
        assert arguments == [each.name for each in function.parameters]


def test_stored_names_are_one_to_one():
    """No two functions share the name under which .ods files store them."""
    assert len({stored_name(name) for name in FUNCTIONS}) == len(FUNCTIONS)


USE_WITHOUT_NUMPY = """
import sys
sys.path.insert(0, sys.argv[1])
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "pandas", "lxml", "openpyxl", "xlwings", "formualizer", "typer", "rich"):
            raise ImportError(name + " is not in LibreOffice's Python")
sys.meta_path.insert(0, Blocked())
import rebalance_xl
assert rebalance_xl.__file__.startswith(sys.argv[1]), rebalance_xl.__file__
from rebalance_xl.hosts.calc import addin, book, buttons, dialogs, rebind, services
from rebalance_xl.functions import FUNCTIONS
rows = [[float(n)] for n in range(1, 301)]
for name, function in FUNCTIONS.items():
    for example in function.examples:
        function.call(*example.arguments)
answer = FUNCTIONS["TRIM_AMOUNT"].call(rows, [[1 / 300]] * 300, 0.0)
assert len(answer) == 300 and abs(answer[-1][0] - 149.5) < 1e-9, answer[-1]
print("used", len(FUNCTIONS))
"""


def test_the_shipped_package_needs_nothing_else(extension, tmp_path):
    """Unpacked, it computes everything in a Python without numpy or any other package."""
    with zipfile.ZipFile(extension) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", USE_WITHOUT_NUMPY, str(tmp_path / "pythonpath")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout == f"used {len(FUNCTIONS)}\n"


def test_the_component_loads_in_an_old_python(monkeypatch):
    """Its grammar is Python 3.7's; where Python is too old, the commands say which one is needed."""
    source = COMPONENT.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    found = run_component(monkeypatch, source, version=(3, 8, 10))
    assert "3.11 or newer; this one brings Python 3.8" in found["problem"]
    assert [names[0] for _, names in found["registered"]] == [
        "org.rebalancer.calc.Commands",
        "org.rebalancer.calc.OpenedBook",
    ]


def test_the_component_says_why_it_could_not_load(monkeypatch):
    """An exception while loading is kept for the user, and nothing else is registered."""
    source = COMPONENT.read_text(encoding="utf-8")
    monkeypatch.setitem(sys.modules, "rebalance_xl.hosts.calc.services", None)
    found = run_component(monkeypatch, source, version=sys.version_info[:3])
    assert "could not be loaded" in found["problem"]


def run_component(monkeypatch: pytest.MonkeyPatch, source: str, version: tuple[int, ...]) -> dict:
    """Run the component in a stand-in for LibreOffice's Python."""
    registered: list[tuple[object, tuple]] = []

    class Helper:
        def addImplementation(self, maker, *names):  # noqa: N802
            registered.append((maker, names))

    base = type("Base", (), {})
    modules = {
        "uno": {},
        "unohelper": {"ImplementationHelper": Helper, "Base": base},
        "com.sun.star.frame": {"XDispatch": type("A", (), {}), "XDispatchProvider": type("B", (), {})},
        "com.sun.star.lang": {"XServiceInfo": type("C", (), {})},
        "com.sun.star.task": {"XJob": type("D", (), {})},
    }
    for name in ("com", "com.sun", "com.sun.star"):
        modules.setdefault(name, {})
    for name, content in modules.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "version_info", version)
    space = {"__file__": str(COMPONENT), "__name__": "uno_component"}
    exec(compile(source, str(COMPONENT), "exec"), space)
    return {"problem": space["problem"], "registered": registered}
