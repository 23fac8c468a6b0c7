"""On a host: writes files that come on stdin, whole or not at all.

    lacks     {"paths"} -> {"lacks": those that are not there}
    files     {"files": [[path, size, mode, sha256]]}: each to its own path, its digest checked
    folder    {"folder", "files", "links": {path: target}}: a new folder with all of them

The bytes of the files follow each other on stdin. The standard library only: it is sent to hosts as
it stands here.
"""

import errno
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

_CHUNK = 1024 * 1024
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def main(request: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """Do what is asked."""
    match request["verb"]:
        case "lacks":
            return lacking(request["paths"])
        case "files":
            put_all(Path("/"), request["files"], stream)
        case "folder":
            make_folder(request, stream)
    return {}


def lacking(paths: list[str]) -> dict[str, Any]:
    """Those of the paths that are not there."""
    missing = [path for path in paths if not Path(path).exists()]
    return {"lacks": missing}


def make_folder(request: dict[str, Any], stream: BinaryIO) -> None:
    """The folder under its name once everything is in it; one that is there is the same."""
    folder = Path(request["folder"])
    folder.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    new = tempfile.mkdtemp(prefix=".half-", dir=folder.parent)
    half = Path(new)
    try:
        put_all(half, request["files"], stream)
        for path, target in request["links"].items():
            link = half / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        if not folder.is_dir():
            half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def put_all(top: Path, files: list[list[Any]], stream: BinaryIO) -> None:
    """Write each file below a folder, whole and with its own digest."""
    for path, size, mode, digest in files:
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        name = f".{os.urandom(8).hex()}.part"
        aside = place.with_name(name)
        try:
            found = write(aside, size, stream)
            if found != digest:
                raise OSError(errno.EIO, "it came out wrong", str(place))
            aside.chmod(mode)
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)


def write(place: Path, size: int, stream: BinaryIO) -> str:
    """Write one new file, on disk before this returns; its digest."""
    handle = os.open(place, _WRITE, 0o600)
    with os.fdopen(handle, "wb") as out:
        digest = copy(stream, out, size)
        out.flush()
        os.fsync(handle)
    return digest


def copy(stream: BinaryIO, out: BinaryIO, size: int) -> str:
    """Copy so many bytes; their digest."""
    digest = hashlib.sha256()
    left = size
    while left > 0:
        data = stream.read(min(left, _CHUNK))
        if not data:
            break
        out.write(data)
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()
