"""The VBA project of the committed workbook: its sources, its names, what scanners say."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rebalance_xl.functions import FUNCTIONS

#: Words that VBA reserves; an argument of such a name does not compile.
WORDS = """
    addressof and any as attribute boolean byref byte byval call case circle close const currency date debug
    decimal declare dim do doevents double each else elseif empty end endif enum eqv erase event exit false fix for
    friend function get global gosub goto if imp implements in input integer is let lib like lock long longlong loop
    lset me mod new next not nothing null object on open option optional or paramarray preserve print private public
    put raiseevent redim rem resume return rset scale seek select set single static stop string sub tab then to true
    type unlock until variant wend while with withevents write xor abs array cbool len int name error
"""
RESERVED = set(WORDS.split())


def procedures(text: str) -> list[str]:
    """Return the names of the procedures that a module declares."""
    return re.findall(r"(?mi)^\s*(?:Public |Private |Friend )?(?:Static )?(?:Sub|Function|Property \w+) (\w+)", text)


def test_the_container_is_sound(checker: ModuleType, parts: dict[str, bytes]) -> None:
    """The strict checks of [MS-CFB] and [MS-OVBA] find nothing."""
    assert checker.findings(parts["xl/vbaProject.bin"]) == []


def test_the_sources_are_the_ones_in_the_repository(sources: dict[str, str], root: Path) -> None:
    """What olevba extracts of our own modules equals the .bas files."""
    for path in sorted((root / "workbook" / "vba").glob("*.bas")):
        assert sources[path.stem] == path.read_text(encoding="cp1252"), path.name


def test_xlwings_modules_are_those_of_the_pinned_version(sources: dict[str, str]) -> None:
    """xlwings.bas comes from the installed package, whose version the module itself names."""
    import xlwings

    original = (Path(xlwings.__file__).parent / "xlwings.bas").read_text(encoding="cp1252")
    assert sources["xlwings"].rstrip("\n") == original.rstrip("\n")
    assert f'XLWINGS_VERSION As String = "{xlwings.__version__}"' in sources["xlwings"]


def test_the_wrappers_are_xlwings_own_but_for_marked_lines(sources: dict[str, str], root: Path) -> None:
    """Without the lines that say so, the module is what xlwings' Import Functions writes."""
    from rebalance_xl.authoring.wrappers import MARK
    from rebalance_xl.authoring.xlwings_generator import import_functions

    kept = [
        line
        for line in sources["xlwings_udfs"].splitlines()
        if not line.endswith(MARK) and not re.match(r"Attribute \w+\.VB_", line)
    ]
    assert "\n".join(kept).rstrip() == import_functions(root / "udfs.py").source.rstrip()


def test_every_function_has_its_wrapper(sources: dict[str, str]) -> None:
    """The catalogue and the module hold the same functions."""
    assert set(procedures(sources["xlwings_udfs"])) == set(FUNCTIONS)


def test_help_of_every_function_and_argument_reaches_excel(sources: dict[str, str]) -> None:
    """The function wizard gets a description of at most 255 characters for each function and argument."""
    text = sources["FunctionHelp"]
    assert set(re.findall(r"'!(\w+)\"", text)) == set(FUNCTIONS)
    constants = [constant.replace('""', '"') for constant in re.findall(r'"((?:[^"]|"")*)"', text)]
    assert max(map(len, constants)) <= 255
    for function in FUNCTIONS.values():
        block = text.partition(f"'!{function.name}\"")[2].partition("Application.MacroOptions")[0]
        described = block.partition("ArgumentDescriptions:=Array(")[2].count("\n            ")
        assert described == len(function.parameters), function.name


def test_arguments_are_no_keywords_and_fit_the_wizard(sources: dict[str, str]) -> None:
    """No argument is a VBA keyword; together their names stay under 250 characters."""
    for name, signature in re.findall(r"(?m)^Function (\w+)\((.*)\)$", sources["xlwings_udfs"]):
        arguments = [each.strip().removeprefix("Optional ") for each in signature.split(",")]
        assert not RESERVED & {argument.lower() for argument in arguments}, name
        assert sum(map(len, arguments)) < 250, name


def test_procedure_names_are_unique(sources: dict[str, str]) -> None:
    """No two procedures of the whole project share a name, with regard to VBA's indifference to case."""
    names = [name.lower() for module, text in sources.items() if module != "Dictionary" for name in procedures(text)]
    # xlwings declares some twice, for Windows and macOS or for other programs, under #If.
    xlwings = {name.lower() for name in procedures(sources["xlwings"])}
    ours = [name for name in names if name not in xlwings]
    assert len(ours) == len(set(ours))
    own = {name.lower() for module in sources if module != "xlwings" for name in procedures(sources[module])}
    assert not own & xlwings


def test_lines_fit_the_editor(sources: dict[str, str]) -> None:
    """VBA allows 1,023 characters in a line and 24 continuations of it."""
    for module, text in sources.items():
        run = 0
        for line in text.splitlines():
            assert len(line) <= 1023, module
            run = run + 1 if line.endswith(" _") else 0
            assert run <= 24, module


def test_commands_to_python_hold_no_double_quote(sources: dict[str, str], root: Path) -> None:
    """RunPython passes the command through a shell; the functions it names exist."""
    from rebalance_xl.hosts import excel

    text = sources["RibbonActions"]
    assert 'RunPython "from rebalance_xl.hosts import excel; excel." & ActionName & "()"' in text
    actions = re.findall(r'RunAction "(\w+)"', text)
    assert len(actions) == 9
    assert all(callable(getattr(excel, action)) for action in actions)


def test_nothing_runs_when_the_workbook_opens(sources: dict[str, str]) -> None:
    """No event procedure, not even its name in a comment."""
    everything = "\n".join(sources.values())
    assert not re.search(r"(?i)workbook_(open|activate|beforeclose)|auto_?(open|close|exec)", everything)


def test_scanners_say_macro_ok(workbook: Path) -> None:
    """The scanner mraptor finds nothing that starts by itself."""
    run = subprocess.run(
        [sys.executable, "-m", "oletools.mraptor", str(workbook)], capture_output=True, text=True, check=False
    )
    assert "Macro OK" in run.stdout
    assert "SUSPICIOUS" not in run.stdout


def test_no_stomping(workbook: Path) -> None:
    """There is no compiled code that could differ from the sources."""
    olevba = pytest.importorskip("oletools.olevba", reason="oletools is not installed")
    parser = olevba.VBA_Parser(str(workbook))
    try:
        assert parser.detect_vba_stomping() is False
        assert all(keyword != "VBA Stomping" for _, keyword, _ in parser.analyze_macros())
    finally:
        parser.close()


def test_pyopenvba_parses_every_module(workbook: Path) -> None:
    """A VBA parser reads all modules that do not depend on the platform."""
    pytest.importorskip("pyopenvba", reason="pyOpenVBA is not installed")
    from pyopenvba.excel import ExcelFile
    from pyopenvba.interpreter._parse import parse_module

    from tests.authoring.vba_host import _readable

    with ExcelFile(workbook) as file:
        modules = file.vba_project().modules
    assert len(modules) > 15
    for module in modules:
        if module.name not in ("xlwings", "Dictionary"):
            parse_module(_readable(module.source), name=module.name, kind="standard")


def test_the_checklist_names_this_vba_project(parts: dict[str, bytes], root: Path) -> None:
    """The manual session in Excel is recorded against these very bytes."""
    digest = hashlib.sha256(parts["xl/vbaProject.bin"]).hexdigest()
    assert digest in (root / "docs" / "excel-checklist.md").read_text(encoding="utf-8")
