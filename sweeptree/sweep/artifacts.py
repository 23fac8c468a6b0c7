"""Keeps the files that a job made or changed, below results/<sweep>/job_<i>/artifacts/.

Hides: that a job may plant links, devices and odd names, write while we read, or fill the disk.
Every folder on either side is opened below a handle and no link is followed.

Not kept: `.git`, links that lead elsewhere, special files, `__pycache__` and `*.pyc`, and what goes
beyond the caps.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CAP_BYTES = 512 * 1024 * 1024
CAP_FILES = 10_000
_MAX_DEPTH = 100
_MAX_NAMED = 100
_CHUNK = 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMP = ".sweeptree-artifact.tmp"


@dataclass(frozen=True, slots=True)
class Kept:
    """`names`: files kept, below the artifacts folder; `skipped`: a sentence per file left out."""

    names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def keep(
    top: Path,
    paths: Sequence[str],
    dest: Path,
    *,
    cap_bytes: int = CAP_BYTES,
    cap_files: int = CAP_FILES,
) -> Kept:
    """Copy the regular files among `paths` (and in the folders among them) from `top` to `dest`.

    `dest` is results/<sweep>/job_<i>/artifacts; only results/<sweep> is trusted to be what it
    seems. `__pycache__`, `*.pyc` and `.git` are left out silently, all else is named in `skipped`.
    At most `cap_bytes` bytes and `cap_files` files are kept. Never raises for what a job left.
    """
    if not paths:
        return Kept()
    keeper = _Keeper(os.path.realpath(top), cap_bytes, cap_files)
    try:
        with _handle(os.open(top, _FOLDER)) as source, _destination(dest) as target:
            keeper.take_all(source, target, paths)
    except OSError as error:
        keeper.skip(str(dest.name), f"nothing could be kept: {error.strerror}")
    return Kept(tuple(keeper.names), tuple(keeper.skipped))


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
def _handle(file: int) -> Iterator[int]:
    try:
        yield file
    finally:
        os.close(file)


@contextlib.contextmanager
def _destination(dest: Path) -> Iterator[int]:
    """The artifacts folder, made if need be.

    The job's own folder is the job's to write: no link is followed.
    """
    root = dest.parent.parent
    root.mkdir(parents=True, exist_ok=True)
    with (
        _handle(os.open(root, _FOLDER)) as base,
        _handle(_opened(base, [dest.parent.name, dest.name], make=True)) as folder,
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


@dataclass(slots=True)
class _Keeper:
    """Copies files until a cap is reached, then links among them, and says what it left out."""

    top: str
    bytes_left: int
    files_left: int
    names: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    unnamed: int = 0
    full: bool = False

    def skip(self, path: str, why: str) -> None:
        """Name a path that is not kept; after a hundred they are only counted."""
        if len(self.skipped) < _MAX_NAMED:
            self.skipped.append(f"{_shown(path)}: {why}")
        else:
            self.unnamed += 1

    def take_all(self, source: int, target: int, paths: Sequence[str]) -> None:
        """Copy each path that is a file or a folder with files."""
        for path in dict.fromkeys(paths):
            parts = _parts_inside(path)
            if not parts:
                self.skip(path, "not a path inside the worktree")
            elif not _is_noise(parts):
                self._take(source, target, parts)
        self._keep_links(target)
        if self.unnamed:
            self.skipped.append(f"and {self.unnamed} more files that were not kept")

    def _take(self, source: int, target: int, parts: list[str]) -> None:
        name = "/".join(parts)
        try:
            with _handle(_opened(source, parts[:-1])) as folder:
                self._take_from(source, target, parts, folder)
        except FileNotFoundError:
            self.skip(name, "gone before it could be kept")
        except OSError as error:
            self.skip(name, _reason(error))

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
            with _handle(_opened(target, parents, make=True)) as folder:
                _link_into(folder, last, words)
        except OSError as error:
            self.skip(name, f"cannot be written: {error.strerror}")
            return
        if path in self.files:
            self.names.append(_shown(name))

    def _take_folder(self, source: int, target: int, parts: list[str], folder: int) -> None:
        if len(parts) > _MAX_DEPTH:
            self.skip("/".join(parts), "nested too deeply")
            return
        with _handle(os.open(parts[-1], _FOLDER, dir_fd=folder)) as inner:
            names = sorted(os.listdir(inner))  # noqa: PTH208 - of a handle, not of a path
        for name in names:
            if not _is_noise([name]):
                self._take(source, target, [*parts, name])

    def _take_file(self, folder: int, target: int, parts: list[str]) -> None:
        name = "/".join(parts)
        with _handle(os.open(parts[-1], _READ, dir_fd=folder)) as file:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                self.skip(name, "not a regular file")
            elif why := self._refused(status.st_size):
                self.skip(name, why)
            else:
                self._copy(file, status, target, parts)

    def _refused(self, size: int) -> str | None:
        if self.full:
            return "no space left on the disk of the results"
        if self.files_left <= 0:
            return "over the cap on the number of files"
        if size > self.bytes_left:
            left = f"{self.bytes_left:,} bytes left"
            return f"{size:,} bytes, over the cap on a job's artifacts ({left})"
        return None

    def _copy(self, file: int, status: os.stat_result, target: int, parts: list[str]) -> None:
        try:
            with _handle(_opened(target, parts[:-1], make=True)) as folder:
                copied = _copy_into(folder, parts[-1], file, status)
        except OSError as error:
            self.full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self.skip("/".join(parts), f"cannot be written: {error.strerror}")
            return
        self.bytes_left -= copied
        self.files_left -= 1
        self.names.append(_shown("/".join(parts)))
        self.files.add("/".join(parts))
        self.folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _link_into(folder: int, name: str, target: str) -> None:
    """Make a link aside and rename it, over a link or file of this name."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_TEMP, dir_fd=folder)
    os.symlink(target, _TEMP, dir_fd=folder)
    try:
        os.replace(_TEMP, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(_TEMP, dir_fd=folder)
        raise


def _copy_into(folder: int, name: str, file: int, status: os.stat_result) -> int:
    """Write aside and rename.

    Returns the bytes written, at most the size the file had when it was opened.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_TEMP, dir_fd=folder)
    try:
        with _handle(os.open(_TEMP, _WRITE, 0o600, dir_fd=folder)) as out:
            copied = _pump(file, out, status.st_size)
            os.fchmod(out, 0o644 | (status.st_mode & 0o111))
        os.replace(_TEMP, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(_TEMP, dir_fd=folder)
        raise
    return copied


def _pump(file: int, out: int, size: int) -> int:
    """Copy up to `size` bytes, in the kernel (and as a reflink) where the file systems can."""
    copied = _kernel_copy(file, out, size)
    os.lseek(file, copied, os.SEEK_SET)
    os.lseek(out, copied, os.SEEK_SET)
    while copied < size and (data := os.read(file, min(_CHUNK, size - copied))):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(out, rest) :]
        copied += len(data)
    return copied


def _kernel_copy(file: int, out: int, size: int) -> int:
    copied = 0
    if hasattr(os, "copy_file_range"):
        try:
            while copied < size and (done := os.copy_file_range(file, out, size - copied)):
                copied += done
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
    return copied
