"""Reading files below one folder or zip, whatever their names say: nothing leaves the root.

Hides: opening every part of a path with O_NOFOLLOW below a folder handle, the size limits, and the
zip's top folder.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

from sweeptree.ecg import ptbxl
from sweeptree.errors import UsageError

_TABLES = frozenset({ptbxl.TABLE, ptbxl.STATEMENTS, ptbxl.SUMS, ptbxl.RECORDS, ptbxl.LICENSE})
# a part that is empty, `.` or `..`; what Windows splits at
_UNSAFE = re.compile(r"(?:\A|/)\.{0,2}(?:/|\Z)|[\\:]")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unreadable(Exception):  # noqa: N818 - says what is the case
    """A file of the source cannot be used. `check` names the finding, the text says why."""

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(detail)
        self.check = check


def is_safe(name: str) -> bool:
    """True for a relative path that stays below its root whatever it is joined to."""
    return 0 < len(name) <= 512 and name.isprintable() and not _UNSAFE.search(name)


class Store(Protocol):
    """Where the files of a dataset stand: a folder or a zip."""

    kind: str

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a file of at most `limit` bytes. Raises Unreadable."""
        ...

    def names(self, folders: Collection[str]) -> Iterator[str]:
        """Every file's path, sorted, in the top folder and in these folders of it."""
        ...

    def fingerprint(self, folders: Collection[str]) -> Iterator[str]:
        """One line per file that changes whenever the file may have changed; no content is read."""
        ...

    def close(self) -> None:
        """Give the handles back."""
        ...


class FolderStore:
    """A dataset unpacked in a folder. Thread-safe."""

    kind = "folder"

    def __init__(self, root: Path) -> None:
        self.root = root
        self._top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._folders: dict[str, int] = {}
        self._guard = threading.Lock()

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a file of at most `limit` bytes. Raises Unreadable."""
        folder, _, base = name.rpartition("/")
        known = self._folders.get(folder)
        if not is_safe(base if known is not None else name):
            raise Unreadable("unsafe_path", f"{name[:80]!r} does not stay below the dataset")
        try:
            file = os.open(base, _FILE, dir_fd=self._folder(folder) if known is None else known)
        except OSError as error:
            raise self._why(error, name) from error
        try:
            return _read_file(file, name, limit)
        finally:
            os.close(file)

    def _folder(self, name: str) -> int:
        if not name:
            return self._top
        with self._guard:
            if name not in self._folders:
                self._folders[name] = self._step(name)
            return self._folders[name]

    def _step(self, name: str) -> int:
        """Open a folder part by part below the top."""
        here = os.dup(self._top)
        for part in name.split("/"):
            try:
                inner = os.open(part, _FOLDER, dir_fd=here)
            finally:
                os.close(here)
            here = inner
        return here

    @staticmethod
    def _why(error: OSError, name: str) -> Unreadable:
        if isinstance(error, FileNotFoundError):
            return Unreadable("file_missing", f"{name} is listed but absent")
        return Unreadable(
            "symlink", f"{name} is a link or not below plain folders; links are not followed"
        )

    def names(self, folders: Collection[str]) -> Iterator[str]:
        """Every file's path, sorted, in the top folder and these; links are named, not followed."""
        return (f"{prefix}{name}" for prefix, name, _ in self._walk("", self._top, folders))

    def fingerprint(self, folders: Collection[str]) -> Iterator[str]:
        """Path, size, time and inode of every such file."""
        for prefix, base, folder in self._walk("", self._top, folders):
            name, s = f"{prefix}{base}", os.stat(base, dir_fd=folder, follow_symlinks=False)
            yield f"{name}\0{s.st_size}\0{s.st_mtime_ns}\0{s.st_ctime_ns}\0{s.st_ino}"

    def _walk(
        self, prefix: str, folder: int, folders: Collection[str]
    ) -> Iterator[tuple[str, str, int]]:
        """(path of its folder, name, handle of its folder) of each file."""
        with os.scandir(folder) as entries:
            here = sorted(entries, key=lambda e: e.name)
        for entry in here:
            if not prefix and entry.name not in _TABLES and entry.name not in folders:
                continue
            if entry.is_dir(follow_symlinks=False):
                inner = os.open(entry.name, _FOLDER, dir_fd=folder)
                try:
                    yield from self._walk(f"{prefix}{entry.name}/", inner, folders)
                finally:
                    os.close(inner)
            else:
                yield prefix, entry.name, folder

    def close(self) -> None:
        """Give the folder handles back."""
        with self._guard:
            for handle in {*self._folders.values(), self._top}:
                os.close(handle)
            self._folders.clear()


def _read_file(file: int, name: str, limit: int) -> bytes:
    info = os.fstat(file)
    if not stat.S_ISREG(info.st_mode):
        raise Unreadable("symlink", f"{name} is not a plain file")
    if info.st_size > limit:
        raise Unreadable(
            "file_size", f"{name} has {info.st_size} bytes, at most {limit} make sense"
        )
    data = os.read(file, info.st_size + 1)
    while len(data) < info.st_size:  # a read may return less than asked
        more = os.read(file, info.st_size + 1 - len(data))
        if not more:
            break
        data += more
    return data


class ZipStore:
    """A dataset in a zip, read member by member and never unpacked. Thread-safe."""

    kind = "zip"

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise UsageError(
                f"{path} cannot be read as a zip: {error}", hint="fetch the file anew"
            ) from error
        self._guard = threading.Lock()
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.unsafe: list[str] = []
        top = self._top_folder()
        for info in self._zip.infolist():
            name = info.filename.removeprefix(top)
            if info.is_dir():
                continue
            if is_safe(info.filename):
                self._members[name] = info
            else:
                self.unsafe.append(info.filename)

    def _top_folder(self) -> str:
        names = self._zip.namelist()
        tables = [name for name in names if name.rpartition("/")[2] == ptbxl.TABLE]
        return min(tables, key=len, default="").removesuffix(ptbxl.TABLE)

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a member of at most `limit` bytes. Raises Unreadable."""
        if not is_safe(name):
            raise Unreadable("unsafe_path", f"{name[:80]!r} does not stay below the dataset")
        info = self._members.get(name)
        if info is None:
            raise Unreadable("file_missing", f"{name} is listed but absent")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Unreadable("symlink", f"{name} is a link; links are not followed")
        if info.file_size > limit:
            raise Unreadable(
                "file_size", f"{name} has {info.file_size} bytes, at most {limit} make sense"
            )
        return self._extract(info, name, limit)

    def _extract(self, info: zipfile.ZipInfo, name: str, limit: int) -> bytes:
        try:
            with self._zip.open(info) as member:  # ZipFile locks its own file between threads
                data = member.read(limit + 1)
        except _DAMAGED as error:
            raise Unreadable("sha256", f"{name} is damaged in the zip: {error}") from error
        if len(data) > limit:
            raise Unreadable("file_size", f"{name} unpacks to more than {limit} bytes")
        return data

    def names(self, folders: Collection[str]) -> Iterator[str]:
        """Every safe member's path, sorted, in the top folder and in these folders of it."""
        return (n for n in sorted(self._members) if "/" not in n or n.partition("/")[0] in folders)

    def fingerprint(self, folders: Collection[str]) -> Iterator[str]:
        """Size, time and inode of the zip itself."""
        del folders
        s = self.path.stat()
        yield f"zip\0{s.st_size}\0{s.st_mtime_ns}\0{s.st_ctime_ns}\0{s.st_ino}"

    def close(self) -> None:
        """Close the zip."""
        self._zip.close()
