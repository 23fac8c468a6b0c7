"""Editable installs (`pip install -e .`) that lead a job's imports into the user's checkout.

Hides: how such an install is written down: a `.pth` file with the folder, or a finder module that
maps packages to folders.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_MAPPED = re.compile(r"'[\w.]+': '(/[^']+)'")
_PROGRAM = re.compile(r"(?<![\w.-])(/[^\s'\";&|()<>]*/bin)/python[\d.]*(?![\w-])")


def editable_folders(
    top: Path, commands: Iterable[str], environ: Mapping[str, str]
) -> tuple[str, ...]:
    """The folders below `top`, as relative paths, that the Python of the jobs imports from."""
    found = [folder for place in _programs(commands, environ) for folder in _folders(place)]
    inside = [folder for folder in found if folder.is_relative_to(top)]
    return tuple(dict.fromkeys(os.path.relpath(folder, top) for folder in inside))


def import_path(top: Path, folders: Iterable[str], before: str = "") -> str:
    """PYTHONPATH with a worktree's own folders first; it goes before what is installed."""
    own = [os.path.normpath(top / folder) for folder in folders]
    return os.pathsep.join([*own, *([before] if before else [])])


def _programs(commands: Iterable[str], environ: Mapping[str, str]) -> Iterator[Path]:
    """The prefixes of the Pythons: of the first on PATH, and those that commands name."""
    first = shutil.which("python", path=environ.get("PATH"))
    if first:
        yield Path(first).parent.parent
    named = (match for command in set(commands) for match in _PROGRAM.findall(command))
    yield from (Path(folder).parent for folder in dict.fromkeys(named))


def _folders(prefix: Path) -> Iterator[Path]:
    """Where the editable installs of an environment lead to."""
    for file in sorted(prefix.glob("lib/python3*/site-packages/*.pth")):
        lines = _read(file).splitlines()
        yield from (Path(line.strip()) for line in lines if line.startswith("/"))
    for file in sorted(prefix.glob("lib/python3*/site-packages/__editable__*.py")):
        yield from (Path(folder).parent for folder in _MAPPED.findall(_read(file)))


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
