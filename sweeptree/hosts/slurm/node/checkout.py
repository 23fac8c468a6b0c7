"""The worktree of a task: below the node's temporary folder, of a bare cache that stands there too.

Hides: that nothing of it is in the books of the user's repository, whose `git worktree prune` could
not see the folder; that the cache is filled once per node; and that a keeper which was killed
leaves a worktree behind, which the next one there clears away.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat

from sweeptree.hosts.slurm.node.git import git
from sweeptree.supervise.files import SetupError
from sweeptree.system import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_LOCK_PATIENCE = 600.0  # seconds; the first task of a node may fetch a large repository meanwhile
_LOCK = ".lock"
_CHECKOUT = ("-c", "checkout.workers=0")


class Checkout:
    """A worktree on this node. `top`: its root; `path`: where the command starts."""

    def __init__(self, told: dict[str, Any], name: str) -> None:
        home = _home()
        self._told = told
        self._name = name
        self._cache = os.path.join(home, told["cache"] + ".git")
        self._books = os.path.join(home, told["cache"] + ".lock")
        self._places = _made(os.path.join(home, "wt"))
        self.top = os.path.join(self._places, _as_file(name))
        self.path = os.path.normpath(os.path.join(self.top, told["subfolder"]))
        self._lock = -1

    def make(self) -> None:
        """Make it: the pinned commit, and what every worktree of the sweep gets beside it.

        Raises SetupError.
        """
        with self._books_held():
            self._clear_abandoned()
            self._sign()
            self._fill_cache()
            self._add()
        for path, target in self._told["links"]:
            os.symlink(target, _place(self.top, path))
        for path, source in self._told["copies"]:
            shutil.copy2(source, _place(self.top, path), follow_symlinks=False)

    def clear_abandoned(self) -> None:
        """Take away what keepers that are no more have left. Raises SetupError, OSError."""
        with self._books_held():
            self._clear_abandoned()

    def remove(self) -> None:
        """Take it away; what cannot be removed now is cleared away by the next task here."""
        with contextlib.suppress(OSError, SetupError):
            with self._books_held():
                self._forget(self.top)
            os.unlink(self.top + _LOCK)
        if self._lock >= 0:
            os.close(self._lock)

    def leave(self) -> None:
        """Let it stay, for the files that stand only there."""
        with contextlib.suppress(OSError):
            os.unlink(self.top + _LOCK)  # nobody takes it for abandoned

    def is_untouched(self, path: str) -> bool:
        """True for a link or copy that we put there, and that still is so."""
        for link, target in self._told["links"]:
            if path == link or path.startswith(link + "/"):
                return _leads_to(os.path.join(self.top, link), target)
        copies = dict(self._told["copies"])
        return path in copies and _is_same(os.path.join(self.top, path), copies[path])

    def lfs(self) -> tuple[str, ...]:
        """Where git finds the large files of the repository."""
        return ("-c", f"lfs.storage={os.path.join(self._told['repo'], 'lfs')}")

    def _sign(self) -> None:
        """Say whose the worktree is, for as long as we live. With the books held: whoever looks for
        abandoned ones sees no file that is not locked yet."""
        self._lock = self._take(self.top + _LOCK)
        os.pwrite(self._lock, self._name.encode(), 0)

    def _books_held(self) -> locks.Held:
        return locks.Held(self._take(self._books, _LOCK_PATIENCE))

    def _take(self, path: str, patience: float = 0.0) -> int:
        try:
            return locks.take(path, patience=patience)
        except OSError as error:
            raise SetupError(f"{path} cannot be locked: {error.strerror}") from error

    def _fill_cache(self) -> None:
        ref, commit = self._told["ref"], self._told["commit"]
        have = os.path.join(self._cache, "refs/sweeptree/have", commit)
        if os.path.exists(have):
            return
        if not os.path.isdir(self._cache):
            git(os.path.dirname(self._cache), "init", "-q", "--bare", self._cache)
        source = ("fetch", "-q", "--no-tags", "--update-shallow", self._told["repo"])
        git(self._cache, *source, f"+{ref}:refs/sweeptree/have/{commit}")

    def _add(self) -> None:
        words = ("worktree", "add", "-q", "--detach", "--force", self.top, self._told["commit"])
        git(self._cache, *_CHECKOUT, *self.lfs(), *words)

    def _clear_abandoned(self) -> None:
        """End what keepers that are no more have left running, and remove their worktrees."""
        for lock in self._abandoned():
            _end_orphans(lock)
            self._forget(lock[: -len(_LOCK)])
            os.unlink(lock)

    def _abandoned(self) -> Iterator[str]:
        for name in os.listdir(self._places):
            lock = os.path.join(self._places, name)
            if name.endswith(_LOCK) and not locks.is_held(lock):
                yield lock

    def _forget(self, top: str) -> None:
        if not os.path.isdir(top):
            return
        try:
            git(self._cache, "worktree", "remove", "--force", "--force", top)
        except SetupError:  # half made, or what a job locked by its modes
            _open_up(top)
            shutil.rmtree(top, ignore_errors=True)
            git(self._cache, "worktree", "prune")


def _end_orphans(lock: str) -> None:
    """End the processes of the launch that this lock is named after in its text."""
    from sweeptree.supervise.orphans import sweep_orphans  # only here: hardly any keeper needs it

    with open(lock, "rb") as file:
        launch = file.read().decode(errors="replace")
    if launch:
        sweep_orphans(launch, lambda _: False)


def _as_file(launch: str) -> str:
    return launch.replace(":", ".").replace("@", "-").replace("/", "-")


def _home() -> str:
    """Our own folder below the node's temporary one. Raises SetupError for a stranger's."""
    root = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - the node's own, with our name on it
    home = os.path.join(root, f"sweeptree-{os.getuid()}")
    return _made(home)


def _made(folder: str) -> str:
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        seen = os.lstat(folder)
    except OSError as error:
        raise SetupError(f"{folder} cannot be made: {error.strerror}") from error
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o022:
        raise SetupError(f"{folder} belongs to somebody else: set TMPDIR to a folder of your own")
    return folder


def _place(top: str, path: str) -> str:
    """The path below `top`, cleared, with the folders above it."""
    place = os.path.join(top, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    return place


def _leads_to(link: str, target: str) -> bool:
    return os.path.islink(link) and os.readlink(link) == target


def _is_same(file: str, source: str) -> bool:
    try:
        now, before = os.lstat(file), os.lstat(source)
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _open_up(top: str) -> None:
    for folder, _, _ in os.walk(top):
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)
