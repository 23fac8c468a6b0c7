"""On a host: which files stand in a folder, with their digests, and their bytes.

    list    {"root", "names"} -> {"files": [[path, size, mode, sha256]], "links": [[path, target]],
            "skipped": [sentence]}; of the names, which are files or folders below the root
    send    {"root", "wanted": [[path, offset, end]]}: for each file its bytes from offset to end,
            in chunks with their length before them; an empty one ends the file

No link is followed. The standard library only: it is sent to hosts as it stands here.
"""

import hashlib
import os
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
_CHUNK = 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEPTH = 100


def main(request: dict[str, Any], _stream: BinaryIO) -> dict[str, Any] | None:
    """Do what is asked."""
    root = request["root"]
    if request["verb"] == "list":
        return listing(root, request["names"])
    send(root, request["wanted"])
    return None


def listing(root: str, names: list[str]) -> dict[str, Any]:
    """All that stands there by these names."""
    found: dict[str, Any] = {"files": [], "links": [], "skipped": []}
    for path, seen in walk(root, names, 0):
        try:
            add(found, root, path, seen)
        except OSError as error:
            found["skipped"].append(f"{path}: {error.strerror}")
    return found


def add(found: dict[str, Any], root: str, path: str, seen: os.stat_result) -> None:
    """Note what one path is."""
    if stat.S_ISREG(seen.st_mode):
        size, mode, digest = facts(f"{root}/{path}")
        found["files"].append([path, size, mode, digest])
        return
    target = inner_target(root, path, seen)
    if target:
        found["links"].append([path, target])
    else:
        found["skipped"].append(f"{path}: {kind(seen.st_mode)}")


def walk(root: str, paths: list[str], depth: int) -> Iterator[tuple[str, os.stat_result]]:
    """Each path that is no folder, and what is below those that are."""
    for path in paths:
        try:
            seen = os.lstat(f"{root}/{path}")
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(seen.st_mode) or depth == _DEPTH:
            yield path, seen
            continue
        with os.scandir(f"{root}/{path}") as entries:
            names = sorted(entry.name for entry in entries)
        below = [f"{path}/{name}" for name in names]
        yield from walk(root, below, depth + 1)


def facts(file: str) -> tuple[int, int, str]:
    """The size of a file, its mode and the digest of what it holds."""
    digest = hashlib.sha256()
    size = 0
    handle = os.open(file, _READ)
    with os.fdopen(handle, "rb") as stream:
        seen = os.fstat(handle)
        while data := stream.read(_CHUNK):
            digest.update(data)
            size += len(data)
    mode = stat.S_IMODE(seen.st_mode)
    return size, mode, digest.hexdigest()


def inner_target(root: str, path: str, seen: os.stat_result) -> str:
    """Where a link leads, if that is in the same folder of the root; else nothing."""
    if not stat.S_ISLNK(seen.st_mode):
        return ""
    link = Path(root, path)
    target = str(link.readlink())
    folder, _, _ = path.rpartition("/")
    if not folder or target.startswith("/"):
        return ""
    top, _, _ = path.partition("/")
    led = os.path.normpath(f"{folder}/{target}")
    return target if led.startswith(f"{top}/") else ""


def kind(mode: int) -> str:
    """Why something is not brought."""
    if stat.S_ISDIR(mode):
        return "nested too deeply"
    if stat.S_ISLNK(mode):
        return "a link that leads outside"
    return "not a regular file"


def send(root: str, wanted: list[list[Any]]) -> None:
    """Write the files' bytes to stdout; one that cannot be read has none."""
    out = sys.stdout.buffer
    for path, offset, end in wanted:
        try:
            send_file(f"{root}/{path}", offset, end, out)
        except BrokenPipeError:
            raise
        except OSError:
            pass
        out.write(LENGTH.pack(0))
    out.flush()


def send_file(file: str, offset: int, end: int, out: BinaryIO) -> None:
    """Write the bytes of one file in chunks."""
    handle = os.open(file, _READ)
    with os.fdopen(handle, "rb") as stream:
        stream.seek(offset)
        left = end - offset
        while left > 0:
            data = stream.read(min(left, _CHUNK))
            if not data:
                return
            head = LENGTH.pack(len(data))
            out.write(head + data)
            left -= len(data)
