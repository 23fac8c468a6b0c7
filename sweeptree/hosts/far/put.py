"""On a host: writes files that come on stdin, whole or not at all.

    lacks     {"paths"} -> {"lacks": those that are not there}
    files     {"files": [[path, size, mode, sha256]]}: each to its own path, its digest checked
    folder    {"folder", "files", "links": {path: target}}: a new folder with all of them

The bytes of the files follow each other on stdin. The standard library only: it is sent to hosts as
it stands here.
"""

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
    if request["verb"] == "lacks":
        return {"lacks": [path for path in request["paths"] if not Path(path).exists()]}
    if request["verb"] == "files":
        for each in request["files"]:
            put(Path(each[0]), each, stream)
        return {}
    return make_folder(Path(request["folder"]), request, stream)


def make_folder(folder: Path, request: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """The folder under its name once everything is in it; one that is there is the same."""
    folder.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=".half-", dir=folder.parent))
    try:
        for each in request["files"]:
            put(half / each[0], each, stream)
        for path, target in request["links"].items():
            (half / path).parent.mkdir(parents=True, exist_ok=True)
            (half / path).symlink_to(target)
        if not folder.is_dir():
            half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return {}


def put(place: Path, each: list[Any], stream: BinaryIO) -> None:
    """Write one file aside, check it, and give it its name."""
    _, size, mode, digest = each
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name[:100]}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(aside, _WRITE, 0o600), "wb") as out:
            found = copy(stream, out, size)
            out.flush()
            os.fsync(out.fileno())
        if found != digest:
            raise OSError(5, "it came out wrong", str(place))
        aside.chmod(mode)
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)


def copy(stream: BinaryIO, out: BinaryIO, size: int) -> str:
    """Copy so many bytes; their digest."""
    digest = hashlib.sha256()
    while size > 0 and (data := stream.read(min(size, _CHUNK))):
        out.write(data)
        digest.update(data)
        size -= len(data)
    return digest.hexdigest()
