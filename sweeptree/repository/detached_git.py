"""A git folder of its own for a worktree in which a stranger works.

What runs there can commit, stash and configure as it likes: the refs, the configuration, the hooks
and the objects of the user's repository are out of its reach, and so are the remotes. It reads the
history through an alternate. Hides: how such a folder is made, and that the worktree's own `.git`
file comes back whatever was done to it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository

_BRANCH = "refs/heads/work"


@contextlib.contextmanager
def detached_git(repo: Repository, top: Path, commit: str, folder: Path) -> Iterator[Path]:
    """Let the worktree `top` have the new git folder `folder` meanwhile. Yields that folder."""
    pointer = top / ".git"
    own = pointer.read_bytes()
    _make(repo, top, commit, folder)
    pointer.write_bytes(b"gitdir: " + bytes(folder) + b"\n")
    try:
        yield folder
    finally:
        _remove(pointer)
        pointer.write_bytes(own)


def _make(repo: Repository, top: Path, commit: str, folder: Path) -> None:
    index = plumbing.text(top, "rev-parse", "--path-format=absolute", "--git-path", "index")
    _init(repo, folder)
    alternates = folder / "objects" / "info" / "alternates"
    alternates.write_bytes(bytes(repo.common_dir / "objects") + b"\n")
    shallow = repo.common_dir / "shallow"
    if shallow.is_file():
        shutil.copyfile(shallow, folder / "shallow")
    shutil.copy2(index, folder / "index")
    git = f"--git-dir={folder}"
    plumbing.run(folder, git, "update-ref", _BRANCH, commit)
    plumbing.run(folder, git, "symbolic-ref", "HEAD", _BRANCH)
    plumbing.run(folder, git, "config", "core.bare", "false")


def _init(repo: Repository, folder: Path) -> None:
    """An empty repository, without templates and hooks, with the same kind of object names."""
    folder.mkdir(parents=True)
    kind = plumbing.text(repo.start, "rev-parse", "--show-object-format")
    words = ("init", "-q", "--bare", "--template=", f"--object-format={kind}", str(folder))
    plumbing.run(folder, *words)
    (folder / "objects" / "info").mkdir(exist_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
