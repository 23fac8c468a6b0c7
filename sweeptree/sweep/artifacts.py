"""Keeps the files that a job made or changed, below results/<sweep>/job_<i>/artifacts/.

Hides: that a job may plant links, devices and odd names, write while we read, or fill the disk.
Every folder on either side is opened below a handle and no link is followed.

Not kept: `.git`, links that lead elsewhere, special files, `__pycache__` and `*.pyc`, what an
environment (`pyvenv.cfg`) installed, and what goes beyond a cap.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.sweep.file_moves import (
    TEMPORARY,
    Source,
    copy_into,
    link_into,
    moved_into,
    opened,
)

_NO_CAP = 1 << 62
_MAX_DEPTH = 100
_MAX_NAMED = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ENVIRONMENT = "pyvenv.cfg"
_INSTALLED = frozenset(
    {_ENVIRONMENT, "bin", "include", "lib", "lib64", "share", ".gitignore", ".lock", "CACHEDIR.TAG"}
)


@dataclass(frozen=True, slots=True)
class Kept:
    """`names`: files kept, below the artifacts folder; `skipped`: a sentence per file left out.

    `left`: how many stand in the worktree alone.
    """

    names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    left: int = 0


def keep(
    top: Path,
    paths: Sequence[str],
    dest: Path,
    *,
    movable: Collection[str] = (),
    cap_bytes: int = 0,
) -> Kept:
    """Copy the regular files among `paths` (and in the folders among them) from `top` to `dest`.

    Those that are `movable` are renamed where one file system holds both places, so they cost
    neither time nor disk; a copy shares its blocks where the file system can.

    `dest` is results/<sweep>/job_<i>/artifacts; only results/<sweep> is trusted to be what it
    seems. `__pycache__`, `*.pyc` and `.git` are left out silently, all else is named in `skipped`.
    At most `cap_bytes` bytes are kept (0: all). Never raises for what a job left.
    """
    if not paths:
        return Kept()
    keeper = _Keeper(os.path.realpath(top), cap_bytes or _NO_CAP, frozenset(movable))
    try:
        with opened(os.open(top, _FOLDER)) as source, _destination(dest) as target:
            keeper.take_all(source, target, paths)
    except OSError as error:
        keeper.leave(str(dest.name), f"nothing could be kept: {error.strerror}")
    return Kept(tuple(keeper.names), tuple(keeper.skipped), keeper.left)


def standing(dest: Path) -> tuple[str, ...]:
    """The files below an artifacts folder: a driver that was killed may have moved some already."""
    if dest.parent.is_symlink() or dest.is_symlink():
        return ()
    found = [path for path in sorted(dest.rglob("*")) if path.is_file() and path.name != TEMPORARY]
    return tuple(_shown(str(path.relative_to(dest))) for path in found)


def holds_all(top: Path, paths: Sequence[str], dest: Path) -> bool:
    """Whether each of these files of a worktree stands below `dest` too, byte by byte."""
    root = os.path.realpath(dest)
    return all(_holds(top / path, f"{root}/{path}") for path in paths)


def _holds(file: Path, copy: str) -> bool:
    if not os.path.lexists(file):
        return True
    is_plain = file.is_file() and not file.is_symlink()
    if not is_plain or os.path.realpath(copy) != copy or not Path(copy).is_file():
        return False
    return filecmp.cmp(file, copy, shallow=False)


def put_aside(folder: Path, attempt: int) -> None:
    """Rename the artifacts of an earlier attempt to `attempt_<n>` beside them.

    A link at their place is renamed too, never followed.
    """
    if not os.path.lexists(folder) or folder.parent.is_symlink():
        return
    folder.rename(_free_place(folder.parent / f"attempt_{attempt}"))


def _free_place(wanted: Path) -> Path:
    """This path, or with a number after it where something stands there."""
    place, count = wanted, 2
    while os.path.lexists(place):
        place, count = wanted.with_name(f"{wanted.name}-{count}"), count + 1
    return place


@contextlib.contextmanager
def _destination(dest: Path) -> Iterator[int]:
    """The artifacts folder, made if need be.

    The job's own folder is the job's to write: no link is followed.
    """
    root = dest.parent.parent
    root.mkdir(parents=True, exist_ok=True)
    with (
        opened(os.open(root, _FOLDER)) as base,
        opened(_opened(base, [dest.parent.name, dest.name], make=True)) as folder,
    ):
        yield folder


def _opened(base: int, parts: Sequence[str], *, make: bool = False) -> int:
    """A handle of the folder `parts` below `base`; no link is followed on the way.

    `make`: folders that are missing are made.
    """
    handle = os.dup(base)
    try:
        for part in parts:
            if make:
                _make_folder(handle, part)
            below = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = below
    except OSError:
        os.close(handle)
        raise
    return handle


def _make_folder(parent: int, name: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)


def _shown(path: str) -> str:
    """The path as text that every encoder takes: bytes that are no UTF-8 stand as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _parts_inside(path: str) -> list[str]:
    """The parts of a path below the worktree; none for one that leads elsewhere."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    leads_elsewhere = path.startswith("/") or ".." in parts or "\0" in path
    return [] if leads_elsewhere else parts


def _reason(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "behind a link, which is not followed"
    return str(error.strerror)


def _is_noise(parts: Sequence[str]) -> bool:
    return (
        "__pycache__" in parts
        or parts[-1].endswith(".pyc")
        or any(part.lower() == ".git" for part in parts)
    )


def _is_installed(parts: Sequence[str], environments: frozenset[str]) -> bool:
    """Whether an environment's own tools put the file there; a job's file beside them is work."""
    tops = ["/".join(parts[:depth]) for depth in range(1, len(parts))] if environments else []
    return any(
        top in environments and parts[depth] in _INSTALLED for depth, top in enumerate(tops, 1)
    )


@dataclass(slots=True)
class _Keeper:
    """Copies files until a cap is reached, then links among them, and says what it left out."""

    top: str
    bytes_left: int
    movable: frozenset[str]
    names: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    unnamed: int = 0
    full: bool = False
    left: int = 0

    def leave(self, path: str, why: str) -> None:
        """Name a file that is left in the worktree, which must stay for it."""
        self.left += 1
        self.skip(path, why)

    def skip(self, path: str, why: str) -> None:
        """Name a path that is not kept; after a hundred they are only counted."""
        if len(self.skipped) < _MAX_NAMED:
            self.skipped.append(f"{_shown(path)}: {why}")
        else:
            self.unnamed += 1

    def take_all(self, source: int, target: int, paths: Sequence[str]) -> None:
        """Copy each path that is a file or a folder with files."""
        environments = self._environments(paths)
        for path in dict.fromkeys(paths):
            parts = _parts_inside(path)
            if not parts:
                self.skip(path, "not a path inside the worktree")
            elif not _is_noise(parts) and not _is_installed(parts, environments):
                self._take(source, target, parts)
        self._keep_links(target)
        if self.unnamed:
            self.skipped.append(f"and {self.unnamed} more files that were not kept")

    def _environments(self, paths: Sequence[str]) -> frozenset[str]:
        """The folders that a job made an environment of; named, as they can be made again."""
        markers = [path for path in paths if path.endswith(f"/{_ENVIRONMENT}")]
        found = frozenset(marker.rpartition("/")[0] for marker in markers)
        for folder in sorted(found):
            self.skip(folder, "an environment, whose installed files are not kept")
        return found

    def _take(self, source: int, target: int, parts: list[str]) -> None:
        name = "/".join(parts)
        try:
            with opened(_opened(source, parts[:-1])) as folder:
                self._take_from(source, target, parts, folder)
        except FileNotFoundError:
            self.skip(name, "gone before it could be kept")
        except OSError as error:
            self.leave(name, _reason(error))

    def _take_from(self, source: int, target: int, parts: list[str], folder: int) -> None:
        kind = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISDIR(kind):
            self._take_folder(source, target, parts, folder)
        elif stat.S_ISREG(kind):
            self._take_file(folder, target, parts)
        elif stat.S_ISLNK(kind):
            self._note_link(parts)
        else:
            self.skip("/".join(parts), "not a regular file")

    def _note_link(self, parts: list[str]) -> None:
        """Links are made last: only those are kept whose target is kept too."""
        name = "/".join(parts)
        target = os.path.realpath(f"{self.top}/{name}")
        path = os.path.relpath(target, self.top)
        if path == ".." or path.startswith("../"):
            self.skip(name, "a link that leads outside")
        else:
            self.links[name] = path

    def _keep_links(self, target: int) -> None:
        for name, path in self.links.items():
            leads_up = name.startswith(f"{path}/")
            if path in self.files or (path in self.folders and not leads_up):
                self._make_link(target, name, path)
            else:
                self.skip(name, "a link to what is not kept")

    def _make_link(self, target: int, name: str, path: str) -> None:
        *parents, last = name.split("/")
        words = os.path.relpath(path, "/".join(parents) or ".")
        try:
            with opened(_opened(target, parents, make=True)) as folder:
                link_into(folder, last, words)
        except OSError as error:
            self.skip(name, f"cannot be written: {error.strerror}")
            return
        if path in self.files:
            self.names.append(_shown(name))

    def _take_folder(self, source: int, target: int, parts: list[str], folder: int) -> None:
        if len(parts) > _MAX_DEPTH:
            self.leave("/".join(parts), "nested too deeply")
            return
        with opened(os.open(parts[-1], _FOLDER, dir_fd=folder)) as inner:
            names = sorted(os.listdir(inner))  # noqa: PTH208 - of a handle, not of a path
        if ".git" in parts:  # a repository needs its empty folders too
            os.close(_opened(target, parts, make=True))
        for name in names:
            if name == ".git":
                self._take_repository(source, target, parts)
            elif not _is_noise([name]):
                self._take(source, target, [*parts, name])

    def _take_repository(self, source: int, target: int, parts: list[str]) -> None:
        """What a job committed in a repository inside its worktree; a `.git` that only points to
        a repository stays where it is."""
        if Path(self.top, *parts, ".git").is_dir():
            self._take(source, target, [*parts, ".git"])
        else:
            self.leave("/".join(parts), "its commits are in the repository that its .git names")

    def _take_file(self, folder: int, target: int, parts: list[str]) -> None:
        name = "/".join(parts)
        with opened(os.open(parts[-1], _READ, dir_fd=folder)) as file:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                self.skip(name, "not a regular file")
            elif why := self._refused(status.st_size):
                self.leave(name, why)
            else:
                self._put(Source(file, folder, parts[-1], status), target, parts)

    def _refused(self, size: int) -> str | None:
        if self.full:
            return "no space left on the disk of the results"
        if size > self.bytes_left:
            left = f"{self.bytes_left:,} bytes left"
            return f"{size:,} bytes, over the cap on a job's artifacts ({left})"
        return None

    def _put(self, source: Source, target: int, parts: list[str]) -> None:
        may_move = "/".join(parts) in self.movable and source.is_its_own
        try:
            with opened(_opened(target, parts[:-1], make=True)) as folder:
                if not (may_move and moved_into(folder, source)):
                    copy_into(folder, source.name, source.file, source.status)
        except OSError as error:
            self.full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self.leave("/".join(parts), f"cannot be written: {error.strerror}")
            return
        self.bytes_left -= source.status.st_size
        self.names.append(_shown("/".join(parts)))
        self.files.add("/".join(parts))
        self.folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
