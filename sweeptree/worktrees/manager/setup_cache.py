"""What a set-up command made, kept for the next worktree with the same lock files.

Hides that environments know the folder they were made in: a copy is led to its new place. What
cannot be (a program with the old path in it) is not kept, and the command simply runs again.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import RecordError
from sweeptree.records import read_json
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.system import locks
from sweeptree.system.files import write_json
from sweeptree.worktrees.manager.sharing import Share, bring_file, clone_tree
from sweeptree.worktrees.tree import remove_tree, safe_parent

LOCK_FILES = frozenset(
    (
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "Pipfile.lock",
        "conda-lock.yml",
        "pixi.lock",
        "package-lock.json",
        "pnpm-lock.yaml",
        "yarn.lock",
        "bun.lock",
        "Cargo.lock",
        "go.sum",
        "Gemfile.lock",
        "renv.lock",
        "Manifest.toml",
    )
)
_REQUIREMENTS = ("requirements", ".txt")
_CACHES = ("__pycache__",)
_KEPT = 3  # set-ups
_LARGEST_TEXT = 4 * 1024 * 1024
_PATIENCE = 600.0  # seconds that another command may need to copy


@dataclass(frozen=True, slots=True)
class Found:
    """What a set-up made: paths below the top of its worktree. `before`: git's status before it."""

    paths: tuple[str, ...]
    before: bytes = b""


def cache_key(top: Path, command: str) -> str | None:
    """What decides what the command makes: itself and the lock files; None where there are none."""
    names = plumbing.names(plumbing.run(top, "ls-files", "-z"))
    chosen = sorted(path for path in names if is_lock_file(path))
    if not chosen:
        return None
    digest = hashlib.sha256(command.encode("utf-8", "surrogateescape"))
    for path in chosen:
        data = (top / path).read_bytes() if (top / path).is_file() else b""
        digest.update(os.fsencode(path) + b"\0" + hashlib.sha256(data).digest())
    return digest.hexdigest()[:24]


def is_lock_file(path: str) -> bool:
    """Whether a file of the commit pins what a set-up command installs."""
    name = path.rpartition("/")[2]
    start, end = _REQUIREMENTS
    return name in LOCK_FILES or (name.startswith(start) and name.endswith(end))


def cache_folder(repo: Repository) -> Path:
    """Where set-ups are kept."""
    return repo.wt_dir.parent / "setup"


def use(repo: Repository, key: str, top: Path) -> Found | None:
    """Bring what the set-up made earlier into a new worktree; None when there is nothing."""
    folder = cache_folder(repo) / key
    if not folder.is_dir():
        return None
    with locks.hold(cache_folder(repo) / ".lock", patience=_PATIENCE):
        made = _made(folder)
        if made is None or any(_is_there(top / path) for path in made[1].paths):
            return None
        for path in made[1].paths:
            place = safe_parent(top, path)
            _copy(folder / "files" / path, place)
            _lead(place, made[0], str(top))
        os.utime(folder)
        return made[1]


def _made(folder: Path) -> tuple[str, Found] | None:
    try:
        value = read_json(folder / "made.json")
        return value["top"], Found(tuple(value["paths"]))
    except (RecordError, KeyError, TypeError):
        return None


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def keep(repo: Repository, key: str, top: Path, found: Found) -> str | None:
    """Keep what a set-up made. None when it was kept, else why it cannot be.

    `found`: also what git saw in the worktree before the set-up.
    """
    reason = _why_not(top, found)
    if reason is not None:
        return reason
    folder = cache_folder(repo)
    folder.mkdir(parents=True, exist_ok=True)
    with locks.hold(folder / ".lock", patience=_PATIENCE):
        half = folder / f".{key}.half"
        remove_tree(half)
        for path in found.paths:
            place = safe_parent(_made_folder(half), path)
            _copy(top / path, place)
        write_json(half / "made.json", {"top": str(top), "paths": found.paths})
        remove_tree(folder / key)
        half.rename(folder / key)
        _drop_oldest(folder)
    return None


def _made_folder(half: Path) -> Path:
    (half / "files").mkdir(parents=True, exist_ok=True)
    return half / "files"


def _drop_oldest(folder: Path) -> None:
    kept = [path for path in folder.iterdir() if path.is_dir()]
    kept.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_KEPT:]:
        remove_tree(path)


def _copy(source: Path, place: Path) -> None:
    if source.is_symlink():
        place.symlink_to(source.readlink())
    elif source.is_dir():
        clone_tree(source, place, _CACHES)
    else:
        bring_file(source, place, Share.REFLINK)


def _why_not(top: Path, found: Found) -> str | None:
    """Why a copy of what the set-up made would not work elsewhere."""
    if not found.paths:
        return "it made nothing that git ignores"
    if status(top) != found.before:
        return "it changed files that git does not ignore"
    for path in found.paths:
        for file in _files(top / path):
            if _holds_fixed_path(file, os.fsencode(top)):
                return f"{file.relative_to(top)} holds the worktree's path and is no text"
    return None


def status(top: Path) -> bytes:
    """What git sees in a worktree, without what it ignores."""
    words = ("status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=all")
    return plumbing.run(top, *words)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir() or path.is_symlink():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if name not in _CACHES]
        for name in [*files, *(name for name in names if Path(folder, name).is_symlink())]:
            yield Path(folder, name)


def _holds_fixed_path(file: Path, top: bytes) -> bool:
    if file.is_symlink() or not file.is_file() or file.suffix == ".pyc":
        return False
    size = file.stat().st_size
    if size == 0:
        return False
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(top) < 0:
            return False
        return size > _LARGEST_TEXT or data.find(b"\0") >= 0


def _lead(place: Path, old: str, new: str) -> None:
    """Let every text and link in a copy that names the old worktree name the new one."""
    for file in _files(place):
        if file.is_symlink():
            _lead_link(file, old, new)
        elif file.is_file() and file.stat().st_size <= _LARGEST_TEXT:
            _lead_text(file, os.fsencode(old), os.fsencode(new))


def _lead_link(link: Path, old: str, new: str) -> None:
    target = os.fspath(link.readlink())
    if target == old or target.startswith(f"{old}/"):
        link.unlink()
        link.symlink_to(new + target.removeprefix(old))


def _lead_text(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    if old not in data:
        return
    led = re.sub(re.escape(old) + rb"(?![\w.-])", lambda _: new, data)
    mode = file.stat().st_mode
    file.unlink()  # never write into a file that others may share
    file.write_bytes(led)
    file.chmod(mode & 0o7777)
