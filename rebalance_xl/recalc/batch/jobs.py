"""Many books at once: which files, where their results go, and what was done already."""

from __future__ import annotations

import glob
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rebalance_xl.recalc.files.refusals import WORKBOOK_SUFFIXES

#: Bytes that the work on one book may take, where the system can limit it.
MEMORY: Final = 4 * 2**30
NOT_ENOUGH: Final = f"there is not enough memory for it (a book may take {MEMORY / 2**30:g} GB)"


@dataclass(frozen=True, slots=True)
class Job:
    """One book to work on: where its result goes (the same for in place), and what the work needs to know, picklable.

    A book with a refusal is not worked on at all.
    """

    path: Path
    output: Path
    options: Any = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one book: `value` is what the work function returned, `failure` why there is none."""

    job: Job
    value: Any = None
    failure: str = ""


#: What a book gave: its value, and why there is none.
Result = tuple[Any, str]
Work = Callable[[Job], Any]


def find_books(
    patterns: Sequence[str], out_dir: Path | None = None, reports: Sequence[Path] = ()
) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Return the books that files, folders (with subfolders) and glob patterns name, and the words that name none.

    Books are pairs of a path and the path below the folder that was searched, without repeats. Left out are lock files,
    the reports that an earlier run has written beside the books and, inside a searched folder, the results in
    `out_dir`, so that they are not the next run's books.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    misses = []
    written = {os.path.abspath(path) for path in reports}
    for pattern in patterns:
        base = Path(pattern)
        if base.is_dir():
            matches = [(path, path.relative_to(base)) for path in sorted(base.rglob("*")) if _is_book(path)]
        elif base.exists() or not glob.has_magic(pattern):
            found.setdefault(Path(os.path.abspath(base)), (base, Path(base.name)))
            continue
        else:
            base = next(each for each in Path(pattern).parents if not glob.has_magic(str(each)))
            paths = sorted(Path(each) for each in glob.glob(pattern, recursive=True))
            matches = [(path, Path(path.name)) for path in paths if _is_book(path)]
        results = None if out_dir is None or _is_below(base, out_dir) else out_dir
        matches = [
            (path, relative)
            for path, relative in matches
            if os.path.abspath(path) not in written and (results is None or not _is_below(path, results))
        ]
        if not matches:
            misses.append(pattern)
        for path, relative in matches:
            found.setdefault(Path(os.path.abspath(path)), (path, relative))
    return list(found.values()), misses


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _is_book(path: Path) -> bool:
    hidden = path.name.startswith(("~$", ".~lock", "."))
    return path.suffix.lower() in WORKBOOK_SUFFIXES and path.is_file() and not hidden


def plan_jobs(books: Sequence[tuple[Path, Path]], out_dir: Path | None, options: Any = None) -> list[Job]:
    """Return a job per book that :func:`find_books` found; without `out_dir` results are written in place.

    Books whose results would overwrite each other or leave `out_dir` are refused. In place a link is no book: the file
    it points to is.
    """
    if out_dir is None:
        return _in_place([path for path, _ in books], options)
    targets: dict[str, list[Path]] = {}
    for path, relative in books:
        targets.setdefault(_same_name(relative), []).append(path)
    inputs = {os.path.realpath(path) for path, _ in books}
    jobs = []
    root = os.path.realpath(out_dir)
    for path, relative in books:
        output = out_dir / relative
        refusal = ""
        real = os.path.realpath(output)
        if others := [each for each in targets[_same_name(relative)] if each != path]:
            refusal = f"its result would have the same name as that of {others[0]}: give them different names"
        elif os.path.commonpath([root, real]) != root:
            refusal = f"its result would leave the output folder {out_dir}"
        elif real in inputs and real != os.path.realpath(path):
            refusal = f"its result would overwrite another input, {output}"
        jobs.append(Job(path, output, options, refusal))
    return jobs


def _in_place(paths: Sequence[Path], options: Any) -> list[Job]:
    """Return a job per file; a link is left to the job of the file it points to, and refused where there is none."""
    files = {os.path.realpath(path) for path in paths if not path.is_symlink()}
    refusal = "is a link: name the file it points to"
    return [
        Job(path, path, options, refusal if path.is_symlink() else "")
        for path in paths
        if not path.is_symlink() or os.path.realpath(path) not in files
    ]


def _same_name(path: Path) -> str:
    """Return a text that is equal for paths that name the same file on this system."""
    name = os.path.normcase(os.path.normpath(path))
    return name.casefold() if sys.platform == "darwin" else name


def run_book(work: Work, job: Job) -> Result:
    """Work on one book in this process; what goes wrong becomes its failure, so that it harms no other book."""
    try:
        return work(job), ""
    except MemoryError:
        return None, NOT_ENOUGH
    except Exception as problem:
        return failed(problem)


def failed(problem: BaseException) -> Result:
    """Return what a book gives whose work ended with an exception."""
    return None, f"{type(problem).__name__}: {problem}".splitlines()[0]


def limit_memory() -> None:
    """Limit the memory of this process; a lower limit that it was started with stays."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        known = [each for each in (soft, hard, MEMORY) if each != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min(known), hard))


#: Name of the file in the folder of the results.
LEDGER_NAME = ".rebalance-xl.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished book: content hashes of what went in and came out, of the options, and what is to be reported."""

    source: str
    result: str
    options: str
    report: dict[str, Any]


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty text when it cannot be read."""
    import hashlib  # it brings a library of ciphers along, and most runs keep no ledger

    with suppress(OSError), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
    return ""


def options_hash(options: Any) -> str:
    """Return a hash of everything that has influence on a result besides the book."""
    import hashlib

    return hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode()).hexdigest()


class Ledger:
    """The finished books of one folder of results.

    Lines are only ever added, each in one write; of several lines for a book the last one counts, and a line that was
    cut short by a crash is skipped.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER_NAME
        self._entries: dict[str, Entry] = {}
        text = ""
        with suppress(OSError):
            text = self.path.read_text(encoding="utf-8", errors="replace")
        self._lead = "\n" if text and not text.endswith("\n") else ""
        for line in text.split("\n"):
            with suppress(ValueError, TypeError):
                name, *parts = json.loads(line)
                self._entries[name] = Entry(*parts)

    def finished(self, source: Path, output: Path, options: str) -> Entry | None:
        """Return the entry of a book whose input, options and result are still those of the entry."""
        entry = self._entries.get(output.name)
        if entry is None or entry.options != options or content_hash(output) != entry.result:
            return None
        in_place = os.path.realpath(source) == os.path.realpath(output)
        return entry if in_place or content_hash(source) == entry.source else None

    def add(self, output: Path, entry: Entry) -> None:
        """Add a finished book to the file; what was known about it before is forgotten."""
        self._entries.pop(output.name, None)
        line = f"{self._lead}{json.dumps([output.name, *asdict(entry).values()])}\n"
        self._lead = ""
        with self.path.open("ab", buffering=0) as stream:
            stream.write(line.encode())  # one write: several workers add to the same file
