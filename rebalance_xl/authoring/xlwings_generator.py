"""xlwings' own "Import Functions", run without Excel: the wrapper module and the help texts it would make.

xlwings writes a VBA module with one wrapper per function and then tells Excel each function's help. Both go
through a workbook object; a recording one stands in for Excel's here, so the text is xlwings' to the letter.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

_WINDOWS_ONLY = ("pythoncom", "pywintypes", "win32com", "win32com.client")


@dataclass
class ImportedFunctions:
    """What Import Functions hands to Excel.

    Parameters
    ----------
    source
        The text of the module ``xlwings_udfs``.
    help
        By function: the category, the description and the arguments' descriptions.
    """

    source: str = ""
    help: dict[str, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)


def import_functions(udfs: Path, book_name: str = "Rebalancer.xlsm") -> ImportedFunctions:
    """Run xlwings' "Import Functions" on a module of worksheet functions.

    Parameters
    ----------
    udfs
        The Python file whose functions carry xlwings' decorators.
    book_name
        The workbook they are imported into; an add-in's name would change the wrappers.

    Returns
    -------
    ImportedFunctions
        The generated module and the help of each function, in xlwings' order.
    """
    imported = ImportedFunctions()
    with _decorators() as generator:
        name = udfs.stem
        generator.udf_modules[name] = {"filename": str(udfs), "filetime": None, "module": _load(udfs)}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                generator.import_udfs(name, _recording_workbook(book_name, imported))
        finally:
            del generator.udf_modules[name]
    return imported


@contextlib.contextmanager
def _decorators() -> Iterator[Any]:
    """Give xlwings its Windows decorators for a while; elsewhere they are made to do nothing."""
    import xlwings

    stubs = {name: ModuleType(name) for name in _WINDOWS_ONLY if importlib.util.find_spec("pywintypes") is None}
    for stub in stubs.values():
        vars(stub).update(CoInitialize=lambda: None, com_error=type("com_error", (Exception,), {}), Dispatch=None)
    kept = {name: sys.modules.get(name) for name in stubs}
    decorators = {name: getattr(xlwings, name) for name in ("func", "arg", "ret", "sub")}
    sys.modules.update(stubs)
    try:
        from xlwings import udfs as generator

        for name in decorators:
            setattr(xlwings, name, getattr(generator, f"xl{name}"))
        yield generator
    finally:
        for name, decorator in decorators.items():
            setattr(xlwings, name, decorator)
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _load(path: Path) -> ModuleType:
    """Import the file under a name of its own: the decorated functions are of no use to anybody else."""
    spec = importlib.util.spec_from_file_location(f"{path.stem}_with_xlwings_decorators", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _recording_workbook(name: str, imported: ImportedFunctions) -> Any:
    def take(path: str) -> None:
        imported.source = Path(path).read_text(encoding="cp1252")

    def describe(macro: str, **options: Any) -> None:
        arguments = tuple(options["ArgumentDescriptions"] or ())
        function = macro.partition("!")[2]
        imported.help[function] = (options["Category"], options["Description"], arguments)

    components = SimpleNamespace(Remove=lambda component: None, Import=take)
    application = SimpleNamespace(Version="16.0", MacroOptions=describe)

    class Components(SimpleNamespace):
        def __call__(self, _: str) -> str:
            return "xlwings_udfs"

    project = SimpleNamespace(VBComponents=Components(**vars(components)))
    return SimpleNamespace(Name=name, VBProject=project, Application=application)
