"""A folder tree by its stat data: what is there, what changed since, and deleting without following
links.

Hides: why stat data can be trusted. Every change of a file's content, mode, owner or attributes
sets its ctime, which no ordinary process can set back; a file with the same inode, mode, size and
ctime (in nanoseconds) is the same file. The clock behind ctime ticks every 1 to 10 ms, so a picture
of the tree counts only once the tick of the newest write has passed (`settle`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TICK = 20_000_000  # ns; the coarsest clock of a Linux kernel ticks every 10 ms
_TOP = "."
_NEVER = -1  # a mark's time that no file has
Mark = tuple[int, int, int, int]  # mode, inode, size, ctime in ns


@dataclass(frozen=True, slots=True)
class Picture:
    """What a tree held at one moment: a mark per file or link, the mode of each folder.

    Paths below the top.
    """

    files: dict[str, Mark]
    folders: dict[str, int]


@dataclass(slots=True)
class Difference:
    """How a tree differs from a picture: `extra` files and `new` folders (not looked into) were not
    there, `changed` files and `wrong` folders are not what they were, `missing` files and `gone`
    folders are away."""

    extra: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.extra or self.new or self.changed or self.wrong or self.missing or self.gone
        )


def picture(top: Path) -> Picture:
    """Look at every file below `top`.

    Links are looked at, not followed; locked folders are opened up.
    """
    files: dict[str, Mark] = {}
    folders = {_TOP: top.lstat().st_mode}
    todo = [""]
    while todo:
        below = todo.pop()
        for path, seen in _entries(top, below):
            if stat.S_ISDIR(seen.st_mode):
                folders[path] = seen.st_mode
                todo.append(path + "/")
            else:
                files[path] = _mark(seen)
    return Picture(files, folders)


def _mark(seen: os.stat_result) -> Mark:
    return seen.st_mode, seen.st_ino, seen.st_size, seen.st_ctime_ns


def compare(top: Path, old: Picture) -> Difference:
    """How the tree differs from an earlier picture of it. One look at each file: 4 us."""
    found = Difference()
    seen = {_TOP}
    _compare_folder(found, _TOP, top.lstat().st_mode, old.folders.get(_TOP))
    todo = [""]
    while todo:
        below = todo.pop()
        for path, now in _entries(top, below):
            if not stat.S_ISDIR(now.st_mode):
                _compare_file(found, seen, path, now, old.files.get(path))
            elif _compare_folder(found, path, now.st_mode, old.folders.get(path)):
                seen.add(path)
                todo.append(path + "/")
    if len(seen) < len(old.files) + len(old.folders):
        found.missing = [path for path in old.files if path not in seen]
        found.gone = [path for path in old.folders if path not in seen]
    return found


def _compare_file(
    found: Difference, seen: set[str], path: str, now: os.stat_result, old: Mark | None
) -> None:
    """Note a file that differs, and that it was seen when it was there before."""
    if old is None:
        found.extra.append(path)
        return
    seen.add(path)
    if old != (now.st_mode, now.st_ino, now.st_size, now.st_ctime_ns):
        found.changed.append(path)


def _compare_folder(found: Difference, path: str, mode: int, old: int | None) -> bool:
    """Note a folder that differs; True when it was there before, so that it must be looked into."""
    if old is None:
        found.new.append(path)
    elif old != mode:
        found.wrong.append(path)
    return old is not None


def renewed(top: Path, old: Picture, paths: Iterable[str]) -> Picture:
    """The picture after `paths` were written again.

    Raises OSError when one is not there, or of another mode.
    """
    marks = {path: _mark((top / path).lstat()) for path in paths}
    for path, mark in marks.items():
        if mark[0] != old.files[path][0]:
            raise OSError(f"{path} could not be put back")
        if old.files[path][3] == _NEVER:
            marks[path] = (*mark[:3], _NEVER)
    _wait_for_tick(marks.values())
    return Picture(old.files | marks, old.folders)


def settled_picture(top: Path) -> Picture:
    """A picture in which every later change will be seen, after waiting for the clock's tick (20 ms
    at most).

    Where the file system keeps whole seconds only, no mark will ever match: all files then count as
    changed.
    """
    now = picture(top)
    if _has_whole_seconds_only(now):
        unknown = {path: (*mark[:3], _NEVER) for path, mark in now.files.items()}
        return Picture(unknown, now.folders)
    _wait_for_tick(now.files.values())
    return now


def _has_whole_seconds_only(seen: Picture) -> bool:
    return bool(seen.files) and all(mark[3] % 1_000_000_000 == 0 for mark in seen.files.values())


def _wait_for_tick(marks: Iterable[Mark]) -> None:
    wait = max((mark[3] for mark in marks), default=0) + _TICK - time.time_ns()
    if 0 < wait <= _TICK:
        time.sleep(wait / 1e9)


def _entries(top: Path, below: str) -> Iterator[tuple[str, os.stat_result]]:
    """What stands in a folder.

    A file that vanishes meanwhile (a lock of somebody's `git gc`) was not there.
    """
    for entry in _listed(top, below):
        try:
            seen = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield below + entry.name, seen


def _listed(top: Path, below: str) -> list[os.DirEntry[str]]:
    folder = f"{top}/{below}"
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except PermissionError:
        os.chmod(folder, 0o700, follow_symlinks=True)  # noqa: PTH101 - a string path, 20,000 times
        with os.scandir(folder) as entries:
            return list(entries)


def discard(top: Path, path: str) -> None:
    """Delete one file, link or folder below `top`, which need not be there.

    The last part is never followed.
    """
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
    """Delete a folder with all in it, also what a job has locked by its modes.

    Links are never followed.
    """
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
    """Make the folders above `top/path`; return the path.

    Raises OSError if a link stands in the way.
    """
    folder = top
    for part in Path(path).parts[:-1]:
        folder = folder / part
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(20, "a link or file stands in the way", str(folder))
    return top / path
