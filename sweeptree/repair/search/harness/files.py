"""The files that tests run among: whether one changed, and back to what they were."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_FEW = 300  # so many are looked at after each candidate; more only after each child
Signature = dict[str, tuple[int, int]]


class Files:
    """The files below `root`, a copy of those below `origin`."""

    def __init__(self, root: Path, origin: Path) -> None:
        self._root, self._origin = root, origin
        self._before = self._signature()
        self.are_few = len(self._before) <= _FEW

    def are_changed(self) -> bool:
        """Whether a file came, went or was written to."""
        return self._signature() != self._before

    def restore(self) -> None:
        """Take back what tests did to the files; empty folders that they made may stay."""
        now = self._signature()
        for name in now.keys() - self._before.keys():
            (self._root / name).unlink(missing_ok=True)
        for name, what in self._before.items():
            if now.get(name) != what:
                _copy(self._origin / name, self._root / name)
                self._before[name] = _mark((self._root / name).lstat())

    def _signature(self) -> Signature:
        return {path: _mark(what) for path, what in _below(str(self._root))}


def _below(root: str) -> Iterator[tuple[str, os.stat_result]]:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    name = entry.path[len(root) + 1 :]
                    yield name, entry.stat(follow_symlinks=False)


def _mark(what: os.stat_result) -> tuple[int, int]:
    return what.st_mtime_ns, what.st_size


def _copy(origin: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        target.unlink()
    shutil.copy2(origin, target, follow_symlinks=False)
