"""Whole files of a job from a host: resumable, checked, and there all at once or not at all.

    brought = bring(site, Order(source, ("job_3.log", "job_3"), dest=paths.root, staging=…))

What comes stands in the staging folder until every digest is right, then it is renamed in; a fetch
that was cut goes on there the next time, and with the part of a log that is here already. Hides the
program on the host, its digests, and that names from a host could lead elsewhere.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.far.asking import Question, ask, talk
from sweeptree.hosts.far.files import LENGTH
from sweeptree.hosts.remote import Site, Stream
from sweeptree.system.files import flush
from sweeptree.worktrees.tree import discard, remove_tree, safe_parent

_FULL = (errno.ENOSPC, errno.EDQUOT)
_MOST = 64 * 1024 * 1024  # no chunk is as long
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Order:
    """What is to come: files and folders `names` below the folder `source` of the host.

    `staging` is on the file system of `dest`, and of this order alone. Files in folders that are
    larger than `keep_above` bytes stay where they are.
    """

    source: str
    names: tuple[str, ...]
    dest: Path
    staging: Path
    keep_above: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a host. `path` is below the order's source, `size` in bytes."""

    path: str
    size: int
    mode: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of an order.

    `files` are here now; `kept` stay on the host `host` below `source`; `skipped`: a sentence each
    for what is no file, or leads elsewhere.
    """

    host: str
    source: str
    files: tuple[RemoteFile, ...]
    kept: tuple[RemoteFile, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Listing:
    files: tuple[RemoteFile, ...]
    links: Mapping[str, str]
    skipped: tuple[str, ...]


def bring(site: Site, order: Order) -> Brought:
    """Bring files to where they belong, and tell which stayed.

    Raises Refused when there is no room, SweeptreeError when the connection breaks (the next call
    goes on) or a file changes meanwhile. Nothing is renamed in then.
    """
    listing = _list(site, order)
    here, there = _parted(listing.files, order.keep_above)
    missing = [file for file in here if not _is_same(order.dest / file.path, file)]
    try:
        _check_room(order, missing)
        _seed(order, missing)
        _fill(site, order, missing)
        _accept(order, missing, listing.links)
    except OSError as error:
        raise _trouble(order, error) from error
    return Brought(site.host.name, order.source, here, there, listing.skipped)


def _list(site: Site, order: Order) -> _Listing:
    _check_all(order.names, site)
    request = {"verb": "list", "root": order.source, "names": order.names}
    answer = ask(site, Question("files", request))
    files = [RemoteFile(*each) for each in answer["files"]]
    links: dict[str, str] = dict(answer["links"])
    _check_all([file.path for file in files], site)
    _check_all(links, site)
    skipped = tuple(answer["skipped"])
    return _Listing(tuple(files), links, skipped)


def _check_all(paths: Iterable[str], site: Site) -> None:
    for path in paths:
        _check(path, site)


def _check(path: str, site: Site) -> None:
    """Raise SweeptreeError for a path that is not plainly below the folder."""
    parts = path.split("/")
    if "\0" in path or not {"", ".", ".."}.isdisjoint(parts):
        raise SweeptreeError(
            f"{site.host.name} names a file that leads elsewhere: {path!r}",
            hint=f"sweeptree hosts check {site.host.name}",
        )


def _parted(
    files: Sequence[RemoteFile], keep_above: int | None
) -> tuple[tuple[RemoteFile, ...], tuple[RemoteFile, ...]]:
    here: list[RemoteFile] = []
    kept: list[RemoteFile] = []
    for file in files:
        is_in_folder = "/" in file.path
        is_large = keep_above is not None and file.size > keep_above
        chosen = kept if is_in_folder and is_large else here
        chosen.append(file)
    return tuple(here), tuple(kept)


def _is_same(path: Path, file: RemoteFile) -> bool:
    if _size(path) != file.size:
        return False
    return _digest(path) == file.sha256


def _size(path: Path) -> int | None:
    """The size of a plain file; None when there is none."""
    try:
        seen = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return seen.st_size if stat.S_ISREG(seen.st_mode) else None


def _digest(path: Path) -> str:
    handle = os.open(path, _READ)
    with os.fdopen(handle, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return digest.hexdigest()


def _check_room(order: Order, files: Sequence[RemoteFile]) -> None:
    order.staging.mkdir(parents=True, exist_ok=True)
    needed = 0
    for file in files:
        came = _size(order.staging / file.path)
        needed += file.size - (came or 0)
    free = shutil.disk_usage(order.staging).free
    if needed > free:
        raise Refused(
            f"{order.dest} has {free:,} bytes free, and {needed:,} bytes are to come",
            hint=(f"df -h {order.dest}", "or leave large artifacts there: --artifacts keep-remote"),
        )


def _seed(order: Order, files: Sequence[RemoteFile]) -> None:
    """Begin with what is here: a log that was followed lacks its end only."""
    for file in files:
        here = order.dest / file.path
        size = _size(here)
        is_beginning = size is not None and 0 < size <= file.size
        is_new = _size(order.staging / file.path) is None
        if is_beginning and is_new:
            place = safe_parent(order.staging, file.path)
            shutil.copyfile(here, place)


def _fill(site: Site, order: Order, files: Sequence[RemoteFile]) -> None:
    """Bring what is missing of each file, and once more all of those that came out wrong."""
    staging = order.staging
    _receive(site, order, files)
    wrong = [file for file in files if not _is_same(staging / file.path, file)]
    for file in wrong:
        discard(staging, file.path)

    _receive(site, order, wrong)
    for file in wrong:
        if not _is_same(staging / file.path, file):
            raise _changed(site, file)


def _changed(site: Site, file: RemoteFile) -> SweeptreeError:
    return SweeptreeError(
        f"{file.path} changed on {site.host.name} while it was brought, or came out wrong",
        hint="run the same command again once nothing writes to it",
    )


def _receive(site: Site, order: Order, files: Sequence[RemoteFile]) -> None:
    wanted = []
    for file in files:
        offset = _offset(order, file)
        if offset < file.size or not file.size:
            wanted.append((file.path, offset, file.size))
    if not wanted:
        return

    request = {"verb": "send", "root": order.source, "wanted": wanted}
    with talk(site, Question("files", request)) as stream:
        for path, _, _ in wanted:
            chunks = _chunks(site, stream)
            _write(order.staging, path, chunks)


def _offset(order: Order, file: RemoteFile) -> int:
    """How much of a file is here; what is longer than the whole is none of it."""
    size = _size(order.staging / file.path)
    if size is None or size > file.size:
        discard(order.staging, file.path)
        return 0
    return size


def _chunks(site: Site, stream: Stream) -> Iterator[bytes]:
    while True:
        head = _exactly(site, stream, LENGTH.size)
        (length,) = LENGTH.unpack(head)
        if not length:
            return
        if length > _MOST:
            raise _broken(site, stream)
        yield _exactly(site, stream, length)


def _exactly(site: Site, stream: Stream, size: int) -> bytes:
    data = stream.stdout.read(size)
    if len(data) < size:
        raise _broken(site, stream)
    return data


def _broken(site: Site, stream: Stream) -> SweeptreeError:
    said = stream.said().strip()
    words = said[-200:] or "the connection ended"
    return SweeptreeError(
        f"files of {site.host.name} did not all come: {words}",
        hint="run the same command again: it goes on where this one ended",
    )


def _write(staging: Path, path: str, chunks: Iterator[bytes]) -> None:
    place = safe_parent(staging, path)
    handle = os.open(place, _APPEND, 0o600)
    with os.fdopen(handle, "ab") as out:
        for chunk in chunks:
            out.write(chunk)


def _accept(order: Order, files: Sequence[RemoteFile], links: Mapping[str, str]) -> None:
    """Rename all in: every digest is right."""
    for file in files:
        partial = order.staging / file.path
        partial.chmod(file.mode & 0o777)
        flush(partial)
    for file in files:
        place = safe_parent(order.dest, file.path)
        partial = order.staging / file.path
        partial.replace(place)
    for path, target in links.items():
        place = safe_parent(order.dest, path)
        discard(order.dest, path)
        place.symlink_to(target)
    remove_tree(order.staging)


def _trouble(order: Order, error: OSError) -> SweeptreeError:
    where = error.filename or order.dest
    if error.errno in _FULL:
        return Refused(f"no space left for {where}", hint=f"df -h {order.dest}")
    return SweeptreeError(f"{where}: {error.strerror}", hint=f"ls -ld {where}")
