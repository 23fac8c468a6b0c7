"""A copy of a worktree for a moment: tests may write into it as they like."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.system.scratch import scratch_folder

MOST_BYTES = 1024 * 1024 * 1024
_LEFT_OUT = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".sweeptree"})


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder that is gone afterwards: `tree` is the copy, `scratch` is for everything else."""

    tree: Path
    scratch: Path


@contextlib.contextmanager
def workplace(top: Path) -> Iterator[Workplace]:
    """Copy the worktree's files, without git's and those of environments.

    Raises Refused for a worktree that is too large to copy.
    """
    size = _size(top)
    if size > MOST_BYTES:
        raise Refused(
            f"the worktree holds {size // 2**20} MB, more than the search copies",
            hint="keep large data outside of the repository, or link to it",
        )
    with scratch_folder("search") as folder:
        place = Workplace(folder / "tree", folder / "scratch")
        place.scratch.mkdir()
        _copy(top, place.tree)
        yield place


def _copy(top: Path, tree: Path) -> None:
    try:
        shutil.copytree(top, tree, symlinks=True, ignore=_left_out)
    except (OSError, shutil.Error) as error:  # no space, a pipe, a file that cannot be read
        text = str(error)[:300]
        raise Refused(f"the worktree could not be copied for the search: {text}") from error


def _left_out(_folder: str, names: list[str]) -> set[str]:
    return set(names) & _LEFT_OUT


def _size(top: Path) -> int:
    total = 0
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            total += (Path(folder) / name).lstat().st_size
    return total
