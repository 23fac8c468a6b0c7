"""The folder beside data/processed where it is built, and the one step that puts it in place.

Hides: the lock, what a killed run left behind, and renameat2(RENAME_EXCHANGE), which swaps two
folders at once; where the file system cannot do that, two renames stand close together and the next
run repairs a gap.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sweeptree.ecg.manifest import Manifest
from sweeptree.errors import RecordError, Refused
from sweeptree.records import read_bytes, read_json
from sweeptree.system import locks
from sweeptree.system.files import write_bytes, write_json

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class Places:
    """Every path beside the dataset. `out` is the dataset itself."""

    out: Path

    @property
    def new(self) -> Path:
        """Where the next dataset is built."""
        return self.out.parent / f".{self.out.name}.new"

    @property
    def old(self) -> Path:
        """Where the last dataset stands for the moment between two renames."""
        return self.out.parent / f".{self.out.name}.old"

    @property
    def lock(self) -> Path:
        """Flocked while a run is at work."""
        return self.out.parent / f".{self.out.name}.lock"

    @property
    def state(self) -> Path:
        """What the last run saw of its inputs and outputs; only valid on this machine."""
        return self.out.parent / f".{self.out.name}.state.json"

    @property
    def raw(self) -> Path:
        """Where fetched files stand."""
        return self.out.parent / "raw"

    def read_state(self) -> dict[str, Any]:
        """The state, empty when there is none."""
        try:
            return read_json(self.state)
        except RecordError:
            return {}

    def save_state(self, value: dict[str, Any]) -> None:
        """Replace the state."""
        write_json(self.state, value)

    def read_manifest(self) -> Manifest | None:
        """The manifest of the standing dataset, None when there is no whole one."""
        try:
            return Manifest.model_validate_json(
                read_bytes(self.out / "manifest.json", limit=64 * 1024 * 1024)
            )
        except (RecordError, ValueError):
            return None

    def output_fingerprint(self) -> str:
        """Changes whenever an output file may have changed; no content is read."""
        digest = hashlib.sha256()
        for path in sorted(self.out.rglob("*")):
            s = path.lstat()
            if not path.is_dir():
                digest.update(
                    f"{path.relative_to(self.out)}\0{s.st_size}\0{s.st_mtime_ns}\0{s.st_ino}\n".encode()
                )
        return digest.hexdigest()

    def refused_findings(self, data: bytes) -> Path:
        """Put the findings of a run that was stopped beside the dataset, and say where."""
        path = self.out.parent / f"{self.out.name}.validation.csv"
        write_bytes(path, data)
        return path


@contextlib.contextmanager
def locked(places: Places) -> Iterator[None]:
    """Hold the dataset: a second run is refused. Repairs what a killed run left."""
    try:
        places.out.parent.mkdir(parents=True, exist_ok=True)
        lock = locks.hold(places.lock)
    except BlockingIOError:
        raise Refused(
            f"another run is curating {places.out}", hint="wait for it, or choose another --out"
        ) from None
    except OSError as error:
        raise Refused(
            f"{places.out} cannot be made: {error.strerror}", hint="choose another place with --out"
        ) from error
    with lock:
        _refuse_other_folders(places)
        _repair(places)
        yield


def _refuse_other_folders(places: Places) -> None:
    """Never replace a folder that is no dataset of ours."""
    if places.out.is_symlink():
        raise Refused(
            f"{places.out} is a link", hint="choose another place with --out, or remove the link"
        )
    if places.out.exists() and not _may_replace(places):
        raise Refused(
            f"{places.out} exists and is not a curated dataset",
            hint="move it away, or choose another place with --out",
        )


def _may_replace(places: Places) -> bool:
    if not places.out.is_dir():
        return False
    return not any(places.out.iterdir()) or places.read_manifest() is not None


def refuse_strangers(places: Places) -> None:
    """Raise Refused where the dataset's folder holds a file that no run of the curator made.

    What replaces the folder would remove it: root, for one, is kept from adding files by no mode.
    """
    strangers = _strangers(places)
    if not strangers:
        return
    named = ", ".join(strangers[:5])
    if len(strangers) > 5:
        named += f" and {len(strangers) - 5} more"
    raise Refused(
        f"{places.out} holds what curate did not make: {named}",
        hint=(
            "move it out of the dataset's folder: a new dataset replaces the whole folder",
            "or make the new dataset elsewhere: --out FOLDER",
        ),
    )


def _strangers(places: Places) -> list[str]:
    """Paths below the dataset's folder, links too, that its manifest does not name."""
    manifest = places.read_manifest()
    if manifest is None:
        return []
    made = {"manifest.json", *manifest.outputs}
    folders = {str(PurePosixPath(name).parent) for name in made}
    found = []
    for path in sorted(places.out.rglob("*")):
        name = path.relative_to(places.out).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if name not in (folders if is_folder else made):
            found.append(name)
    return found


def _repair(places: Places) -> None:
    if places.old.exists() and not places.out.exists():
        places.old.rename(places.out)
    for leftover in (places.new, places.old):
        discard(leftover)
    # the temporary names of records.write_json
    for name in (places.state.name, f"{places.out.name}.validation.csv"):
        for torn in places.out.parent.glob(f".{glob.escape(name)}.*.tmp"):
            torn.unlink(missing_ok=True)


@contextlib.contextmanager
def building(places: Places) -> Iterator[None]:
    """The temporary folder; it is gone afterwards, however the build ends."""
    try:
        places.new.mkdir()
    except OSError as error:
        raise Refused(
            f"{places.new} cannot be made: {error.strerror}",
            hint="remove it, or choose another place with --out",
        ) from error
    try:
        yield
    finally:
        discard(places.new)


def freeze(folder: Path) -> None:
    """Durable and read-only, the folders too: no job that shares it may change or add a file."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
        _sync(path)


def discard(folder: Path) -> None:
    """Remove a dataset, frozen or not. What cannot be removed stays: `building` says so then."""
    if folder.is_symlink():
        folder.unlink()
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def promote(places: Places) -> None:
    """Put the new folder in place of the old one, as one step where the system can.

    Raises Refused when somebody has put a file of their own there since the start.
    """
    refuse_strangers(places)
    _sync(places.new)
    if not places.out.exists():
        places.new.rename(places.out)
    elif not _exchange(places.new, places.out):
        places.out.rename(places.old)
        places.new.rename(places.out)
        discard(places.old)
    _sync(places.out.parent)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two paths at once. False where the system cannot."""
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    result = function(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE)
    number = ctypes.get_errno()
    if result != 0 and number not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        raise OSError(number, os.strerror(number), str(b))
    return bool(result == 0)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
