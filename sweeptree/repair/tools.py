"""The repository's own tidiers on the files that changed: ruff's safe fixes and format, pre-commit.

Hides: where the tools are, that the repository's own configuration decides, and that neither may
follow a link out of the worktree. A missing tool is "not run", never an error.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree import supervise
from sweeptree.repair.supervised import Line, run_line

_PYTHON = (".py", ".pyi")
_PRE_COMMIT = ".pre-commit-config.yaml"
_OTHER_FORMATTERS = ("black", "yapf", "autopep8", "blue")
_STYLE_FILES = (".style.yapf",)
_MOST_LETTERS = 60_000  # a shell line has a limit of the system: 128 KiB
_SHORTEST = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One tool on the changed files: its name and its shell line, empty where it is missing."""

    tool: str
    command: str

    @property
    def note(self) -> str:
        """What is said of it before it has run."""
        return self.tool if self.command else f"{self.tool}: not run, it is not installed"


@dataclass(frozen=True, slots=True)
class Tidied:
    """What came of each tool, a line each; `seconds` in all."""

    notes: tuple[str, ...]
    seconds: float = 0.0


def tool_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a tool of the repository sees: the user's environment without secrets."""
    here = Path()
    nothing = supervise.JobVariables(
        exp="", job=0, attempt=0, seed=None, commit="", worktree=here, out=here, metrics=here
    )
    env = supervise.job_environment(environ, nothing)
    return {name: value for name, value in env.items() if not name.startswith("SWEEPTREE_")}


def find_tool(name: str, env: Mapping[str, str], homes: Sequence[Path]) -> str | None:
    """The program: on the user's PATH, in an environment of the repository, or beside sweeptree."""
    on_path = shutil.which(name, path=env.get("PATH", os.defpath))
    if on_path is not None:
        return on_path
    folders = [home / ".venv" / "bin" for home in homes]
    candidates = [folder / name for folder in (*folders, Path(sys.prefix) / "bin")]
    return next((str(file) for file in candidates if os.access(file, os.X_OK)), None)


def tidy_steps(top: Path, changed: Sequence[str], home: Path) -> tuple[Step, ...]:
    """The tools that would put in order what changed in a worktree, in their order.

    `home`: the repository's main work tree, whose environment may hold the tools.
    """
    env = tool_environment(os.environ)
    files = _few_enough(own_files(top, changed))
    return (*_ruff_steps(top, files, env, home), *_pre_commit_steps(top, files, env, home))


def tidy(top: Path, changed: Sequence[str], home: Path, seconds: float) -> Tidied:
    """Let the tools put in order what changed in a worktree, in so many seconds."""
    env = tool_environment(os.environ)
    notes, spent = [], 0.0
    for step in tidy_steps(top, changed, home):
        if not step.command:
            notes.append(step.note)
            continue
        limit = max(_SHORTEST, seconds - spent)
        ended = run_line(f"repair:{step.tool}", Line(step.command, top, env, limit))
        spent += ended.seconds
        notes.append(f"{step.tool}: {'ok' if ended.is_ok else ended.reason}")
    return Tidied(tuple(notes), spent)


def in_one_line(steps: Sequence[Step]) -> str:
    """All tools as one shell line, which fails when one of them failed; each is named first."""
    lines = ["status=0"]
    for step in steps:
        if step.command:
            lines.append(f"echo {shlex.quote(f'+ {step.tool}')}")
            lines.append(f"{{ {step.command}; }} || status=$?")
    return "; ".join([*lines, "exit $status"])


def own_files(top: Path, paths: Sequence[str]) -> list[str]:
    """Those that are plain files of the worktree, reached by no link."""
    root = top.resolve()
    found = []
    for path in paths:
        file = top / path
        if file.is_file() and file.resolve() == root / path:
            found.append(path)
    return found


def _few_enough(files: Sequence[str]) -> list[str]:
    """As many as one command line can name."""
    found, letters = [], 0
    for path in files:
        letters += len(shlex.quote(path)) + 1
        if letters > _MOST_LETTERS:
            break
        found.append(path)
    return found


def _ruff_steps(top: Path, files: Sequence[str], env: Mapping[str, str], home: Path) -> list[Step]:
    python = [path for path in files if path.endswith(_PYTHON)]
    if not python:
        return []
    ruff = find_tool("ruff", env, (home, top))
    if ruff is None:
        return [Step("ruff", "")]
    fix = (ruff, "check", "--fix", "--no-unsafe-fixes", "--exit-zero", "--force-exclude")
    check = shlex.join([*fix, "--no-cache", "--quiet", "--", *python])
    steps = [Step("ruff check --fix", check)]
    if not has_other_formatter(top):
        form = (ruff, "format", "--force-exclude", "--no-cache", "--quiet", "--", *python)
        steps.append(Step("ruff format", shlex.join(form)))
    return steps


def has_other_formatter(top: Path) -> bool:
    """Whether the repository is formatted by something else: its own configuration wins."""
    if any((top / name).is_file() for name in _STYLE_FILES):
        return True
    try:
        tables = tomllib.loads((top / "pyproject.toml").read_text("utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return any(name in tables for name in _OTHER_FORMATTERS) and "ruff" not in tables


def _pre_commit_steps(
    top: Path, files: Sequence[str], env: Mapping[str, str], home: Path
) -> list[Step]:
    if not files or not (top / _PRE_COMMIT).is_file():
        return []
    program = find_tool("pre-commit", env, (home, top))
    if program is None:
        return [Step("pre-commit", "")]
    # it ends with 1 when it changed something, which is what it is for
    command = shlex.join([program, "run", "--color=never", "--files", *files])
    return [Step("pre-commit", f"{command} || [ $? -eq 1 ]")]
