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
    if request["verb"] == "list":
        return listing(request["root"], request["names"])
    send(request["root"], request["wanted"])
    return None


def listing(root: str, names: list[str]) -> dict[str, Any]:
    """All that stands there by these names."""
    files, links, skipped = [], [], []
    for path, seen in walk(root, names, 0):
        if stat.S_ISREG(seen.st_mode):
            try:
                files.append([path, *facts(f"{root}/{path}")])
            except OSError as error:
                skipped.append(f"{path}: {error.strerror}")
        elif target := inner_target(root, path, seen):
            links.append([path, target])
        else:
            skipped.append(f"{path}: {kind(seen.st_mode)}")
    return {"files": files, "links": links, "skipped": skipped}


def walk(root: str, paths: list[str], depth: int) -> Iterator[tuple[str, os.stat_result]]:
    """Each path that is no folder, and what is below those that are."""
    for path in paths:
        try:
            seen = os.lstat(f"{root}/{path}")
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(seen.st_mode):
            yield path, seen
        elif depth < _DEPTH:
            names = sorted(entry.name for entry in os.scandir(f"{root}/{path}"))
            below = [f"{path}/{name}" for name in names]
            yield from walk(root, below, depth + 1)


def facts(file: str) -> tuple[int, int, str]:
    """The size of a file, its mode and the digest of what it holds."""
    digest = hashlib.sha256()
    size = 0
    with os.fdopen(os.open(file, _READ), "rb") as stream:
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        while data := stream.read(_CHUNK):
            digest.update(data)
            size += len(data)
    return size, mode, digest.hexdigest()


def inner_target(root: str, path: str, seen: os.stat_result) -> str:
    """Where a link leads, if that is in the same folder of the root; else nothing."""
    if not stat.S_ISLNK(seen.st_mode):
        return ""
    target = os.fspath(Path(root, path).readlink())
    folder, _, _ = path.rpartition("/")
    top, _, _ = path.partition("/")
    led = os.path.normpath(f"{folder}/{target}")
    is_inside = not target.startswith("/") and led.startswith(f"{top}/")
    return target if folder and is_inside else ""


def kind(mode: int) -> str:
    """Why something is not brought."""
    return "a link that leads outside" if stat.S_ISLNK(mode) else "not a regular file"


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
    with os.fdopen(os.open(file, _READ), "rb") as stream:
        stream.seek(offset)
        left = end - offset
        while left > 0 and (data := stream.read(min(left, _CHUNK))):
            out.write(LENGTH.pack(len(data)))
            out.write(data)
            left -= len(data)
