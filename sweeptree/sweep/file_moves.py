"""Puts one file of a job's into an open folder: renamed, or copied, or made as a link.

Hides: that a rename ends at the border of a file system, that holes stay holes, and that what is
half written is never seen under its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass

TEMPORARY = ".sweeptree-artifact.tmp"
_CHUNK = 1024 * 1024
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(file: int) -> Iterator[int]:
    """The handle, closed at the end."""
    try:
        yield file
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class Source:
    """An open file of the job's, and where it stands."""

    file: int
    folder: int
    name: str
    status: os.stat_result

    @property
    def is_its_own(self) -> bool:
        """False for a file that has other names, or another owner: a change would be seen there."""
        return self.status.st_nlink == 1 and self.status.st_uid == os.geteuid()


def link_into(folder: int, name: str, target: str) -> None:
    """Make a link aside and rename it, over a link or file of this name."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(TEMPORARY, dir_fd=folder)
    os.symlink(target, TEMPORARY, dir_fd=folder)
    try:
        os.replace(TEMPORARY, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(TEMPORARY, dir_fd=folder)
        raise


def moved_into(folder: int, source: Source) -> bool:
    """Rename the file to this folder; False across file systems."""
    os.fchmod(source.file, _mode(source.status))
    try:
        os.replace(source.name, source.name, src_dir_fd=source.folder, dst_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _mode(status: os.stat_result) -> int:
    return 0o644 | (status.st_mode & 0o111)


def copy_into(folder: int, name: str, file: int, status: os.stat_result) -> None:
    """Write aside and rename; at most the size the file had when it was opened."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(TEMPORARY, dir_fd=folder)
    try:
        with opened(os.open(TEMPORARY, _WRITE, 0o600, dir_fd=folder)) as out:
            _pump(file, out, status.st_size)
            os.fchmod(out, _mode(status))
        os.replace(TEMPORARY, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(TEMPORARY, dir_fd=folder)
        raise


def _pump(file: int, out: int, size: int) -> None:
    """Copy up to `size` bytes, holes as holes."""
    end = 0
    while end < size and (start := _next_data(file, end, size)) < size:
        end = _copy_range(file, out, start, os.lseek(file, start, os.SEEK_HOLE))
    os.ftruncate(out, min(size, os.fstat(file).st_size))


def _next_data(file: int, start: int, size: int) -> int:
    """Where the next bytes are that are not a hole; `size`: there are none."""
    try:
        return os.lseek(file, start, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size


def _copy_range(file: int, out: int, start: int, end: int) -> int:
    """Copy in the kernel (and as a reflink) where the file systems can; returns `end`."""
    for handle in (file, out):
        os.lseek(handle, start, os.SEEK_SET)
    left = end - start - _kernel_copy(file, out, end - start)
    while left > 0 and (data := os.read(file, min(_CHUNK, left))):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(out, rest) :]
        left -= len(data)
    return end


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
