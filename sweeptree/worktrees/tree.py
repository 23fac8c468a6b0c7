"""A folder tree by its stat data: what is there, what changed since, and deleting without following links.

Hides: why stat data can be trusted. Every change of a file's content, mode, owner or attributes sets its ctime,
which no ordinary process can set back; a file with the same inode, mode, size and ctime (in nanoseconds) is the
same file. The clock behind ctime ticks every 1 to 10 ms, so a picture of the tree counts only once the tick of
the newest write has passed (`settle`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = 20_000_000  # ns; the coarsest clock of a Linux kernel ticks every 10 ms
Mark = tuple[int, int, int, int]  # mode, inode, size, ctime in ns


@dataclass(frozen=True, slots=True)
class Picture:
    """What a tree held at one moment: a mark per file or link, the mode of each folder. Paths below the top."""

    files: dict[str, Mark]
    folders: dict[str, int]

    def differing(self, old: Picture) -> Difference:
        """What changed since the picture `old`."""
        extra = [path for path in self.files if path not in old.files]
        changed = [path for path, mark in old.files.items() if self.files.get(path) != mark]
        new_folders = [path for path in self.folders if path not in old.folders]
        wrong = [path for path, mode in old.folders.items() if self.folders.get(path) != mode]
        return Difference(extra, changed, new_folders, wrong)

    def same_names(self, old: Picture) -> bool:
        """True when both hold the same paths with the same modes."""
        modes = {path: mark[0] for path, mark in self.files.items()}
        return self.folders == old.folders and modes == {path: mark[0] for path, mark in old.files.items()}


@dataclass(frozen=True, slots=True)
class Difference:
    """`extra` files and `new_folders` were not there; `changed` files and `wrong` folders are not what they were."""

    extra: list[str]
    changed: list[str]
    new_folders: list[str]
    wrong: list[str]

    def __bool__(self) -> bool:
        return bool(self.extra or self.changed or self.new_folders or self.wrong)


def picture(top: Path) -> Picture:
    """Look at every file below `top`. Links are looked at, not followed; locked folders are opened up."""
    files: dict[str, Mark] = {}
    folders: dict[str, int] = {}
    todo = [""]
    while todo:
        below = todo.pop()
        for entry in _entries(top, below):
            path = below + entry.name
            seen = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(seen.st_mode):
                folders[path] = seen.st_mode
                todo.append(path + "/")
            else:
                files[path] = (seen.st_mode, seen.st_ino, seen.st_size, seen.st_ctime_ns)
    return Picture(files, folders)


def _entries(top: Path, below: str) -> list[os.DirEntry[str]]:
    folder = f"{top}/{below}"
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except PermissionError:
        os.chmod(folder, 0o700, follow_symlinks=True)  # noqa: PTH101 - a string path, 20,000 times
        with os.scandir(folder) as entries:
            return list(entries)


def settled_picture(top: Path) -> Picture:
    """A picture in which every later change will be seen, after waiting for the clock's tick (20 ms at most).

    Where the file system keeps whole seconds only, no mark will ever match: all files then count as changed.
    """
    now = picture(top)
    newest = max((mark[3] for mark in now.files.values()), default=0)
    if newest and all(mark[3] % 1_000_000_000 == 0 for mark in now.files.values()):
        return Picture({path: (*mark[:3], -1) for path, mark in now.files.items()}, now.folders)
    wait = newest + _TICK - time.time_ns()
    if 0 < wait <= _TICK:
        time.sleep(wait / 1e9)
    return now


def discard(top: Path, path: str) -> None:
    """Delete one file, link or folder below `top`, which need not be there. The last part is never followed."""
    target = top / path
    try:
        is_folder = stat.S_ISDIR(target.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if is_folder:
        return remove_tree(target)
    try:
        target.unlink()
    except PermissionError:
        _unlock(target.parent)
        target.unlink()


def _unlock(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IRWXU)


def remove_tree(top: Path) -> None:
    """Delete a folder with all in it, also what a job has locked by its modes. Links are never followed."""
    try:
        shutil.rmtree(top)
    except FileNotFoundError:
        if top.exists():  # something vanished while it was deleted
            remove_tree(top)
    except PermissionError:
        _open_up(top)
        shutil.rmtree(top)


def _open_up(top: Path) -> None:
    _unlock(top.parent)
    _unlock(top)
    for folder, names, _ in os.walk(top):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                _unlock(path)


def safe_parent(top: Path, path: str) -> Path:
    """Make the folders above `top/path`; return the path. Raises OSError if a link stands in the way."""
    folder = top
    for part in Path(path).parts[:-1]:
        folder = folder / part
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(20, "a link or file stands in the way", str(folder))
    return top / path
