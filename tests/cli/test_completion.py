"""Completion as the shells do it: bash calls its function, zsh gets a real Tab at its prompt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("rebalance-xl")

BASH = """
eval "$(_REBALANCE_XL_COMPLETE=source_bash rebalance-xl)"
COMP_WORDS=({words}); COMP_CWORD={place}
_rebalance_xl_completion rebalance-xl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
#: A terminal of its own, in which what is typed is completed as for a person.
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
tell() {{ zpty -w shell "$1" }}
until_seen() {{
  local got all=''
  while zpty -r shell got; do all+=$got; [[ $all == *$1* ]] && break; done
  REPLY=$all
}}
tell 'PS1="" PROMPT="" ; autoload -Uz compinit && compinit -u -D; setopt no_beep; unsetopt list_ambiguous'
tell 'eval "$(_REBALANCE_XL_COMPLETE=source_zsh rebalance-xl)"; print re""ady'
until_seen ready
zpty -n -w shell $'rebalance-xl {typed}\\t'
sleep {pause}
zpty -n -w shell $'\\C-a: \\C-e; print do""ne\\n'
until_seen done
print -r -- $REPLY
zpty -d shell
"""


def completed(shell: str, script: str, home: Path) -> str:
    """Return what a script of a shell prints, with the program on the path and no start-up files."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    if not PROGRAM.exists():
        pytest.skip("the program is not installed beside this Python")
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"PATH": path, "HOME": str(home), "TERM": "dumb"}
    start = [shell, "--norc", "--noprofile", "-c"] if shell == "bash" else [shell, "-f", "-c"]
    done = subprocess.run([*start, script], env=settings, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rebalance-xl", "pl"], ["plan"]),
        (["rebalance-xl", "plan", "--pri"], ["--prices"]),
        (["rebalance-xl", "functions", "TRIM"], ["TRIM_AMOUNT"]),
    ],
)
def test_bash_completes(words: list[str], expected: list[str], tmp_path: Path) -> None:
    """Commands, their options, and names of functions."""
    answer = completed("bash", BASH.format(words=" ".join(words), place=len(words) - 1), tmp_path)
    assert answer.split() == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "expected"), [("ven", "venues"), ("plan --pri", "plan --prices"), ("functions TRIM", "TRIM_AMOUNT")]
)
def test_zsh_completes_at_the_prompt(typed: str, expected: str, tmp_path: Path) -> None:
    """A Tab writes the rest of the word."""
    answer = completed("zsh", ZSH.format(typed=typed, pause=4), tmp_path)
    assert expected in answer
