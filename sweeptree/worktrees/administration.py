"""Git's own book-keeping of worktrees: add, move, forget, repair; and refs for commits that would
be lost.

Hides: the layout of <git dir>/worktrees, what a killed `git worktree add` leaves behind, and that
an entry must vanish in one step, because git reads all siblings of an entry while it adds one.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import GitError, WorktreeGone
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.tree import remove_tree

_TRASH = "sweeptree-trash-"
_MOVING = "sweeptree is moving this worktree"
_INITIALIZING = "initializing"
_SHA = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_MAX_CANDIDATES = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One worktree as git knows it. `folder` is git's entry, `checkout` where the files stand."""

    folder: Path
    checkout: Path | None
    lock: str | None

    @property
    def head(self) -> bytes:
        """What HEAD holds, or nothing when it cannot be read."""
        return _read(self.folder / "HEAD") or b""

    @property
    def has_head(self) -> bool:
        """True when HEAD names a branch or a commit."""
        return self.head.startswith(b"ref: ") or bool(
            _SHA.match(self.head.strip()) and set(self.head.strip()) != {48}
        )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def pointer(checkout: Path) -> Path | None:
    """The entry that a worktree's `.git` file names; None when there is no such file."""
    file = checkout / ".git"
    data = None if file.is_symlink() else _read(file)
    if data is None or not data.startswith(b"gitdir: "):
        return None
    return Path(os.fsdecode(data[len(b"gitdir: ") :].removesuffix(b"\n")))


def entries(repo: Repository) -> Iterator[Entry]:
    """The linked worktrees of a repository, half-made ones too."""
    with contextlib.suppress(FileNotFoundError):
        for folder in sorted((repo.common_dir / "worktrees").iterdir()):
            gitdir = _read(folder / "gitdir")
            checkout = (
                Path(os.fsdecode(gitdir.removesuffix(b"\n"))).parent
                if gitdir and gitdir.strip()
                else None
            )
            lock = _read(folder / "locked")
            yield Entry(
                folder, checkout, None if lock is None else lock.decode("utf-8", "replace").strip()
            )


def ours(repo: Repository) -> list[Entry]:
    """The entries of worktrees that stand where only sweeptree puts them."""
    return [
        e
        for e in entries(repo)
        if e.checkout is not None and e.checkout.is_relative_to(repo.wt_dir)
    ]


def add(repo: Repository, checkout: Path, commit: str) -> Path:
    """Register a new worktree without its files; returns git's entry. Raises GitError."""
    with plumbing.administration(repo.common_dir) as held:
        plumbing.persist(lambda: _add(repo, checkout, commit, held))
    entry = pointer(checkout)
    if entry is None:
        raise GitError(f"git made no worktree at {checkout}", hint="sweeptree doctor --repair")
    _make_durable(entry.resolve(), checkout)
    return entry.resolve()


def _make_durable(entry: Path, checkout: Path) -> None:
    """Flush git's entry: after a power cut its files would be there and empty, and every git
    command would fail."""
    for path in (path for path in list(entry.iterdir()) if path.is_file()):
        with contextlib.suppress(
            FileNotFoundError
        ):  # a lock that another git (gc) held for a moment
            _flush(path)
    for path in (checkout / ".git", entry, checkout, entry.parent, checkout.parent):
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _add(repo: Repository, checkout: Path, commit: str, held: int) -> None:
    # git holds the lock's handle too: if we are killed, the lock lasts until git is done.
    call = plumbing.Call(holds=held)
    try:
        plumbing.run(
            repo.start,
            "worktree",
            "add",
            "-q",
            "--no-checkout",
            "--detach",
            str(checkout),
            commit,
            call=call,
        )
    except GitError:
        for entry in ours(repo):
            if entry.checkout == checkout:
                _drop(repo, entry.folder)
        remove_tree(checkout)
        raise


def move(repo: Repository, entry: Path, old: Path, new: Path) -> None:
    """Rename a worktree.

    It stays registered at every moment; a lock keeps `git worktree prune` away.
    """
    with plumbing.administration(repo.common_dir):
        _check_entry(repo, entry)
        (entry / "locked").write_text(_MOVING)
        (entry / "gitdir").write_bytes(os.fsencode(new / ".git") + b"\n")
        old.rename(new)
        (entry / "locked").unlink()
        _make_durable(entry, new)


def forget(repo: Repository, entry: Path) -> None:
    """Take a worktree out of git's books; its files are the caller's to delete."""
    with plumbing.administration(repo.common_dir):
        _drop(repo, entry)


def _drop(repo: Repository, entry: Path) -> None:
    _check_entry(repo, entry)
    trash = repo.common_dir / f"{_TRASH}{uuid.uuid4().hex}"
    with contextlib.suppress(FileNotFoundError):
        entry.rename(trash)
        remove_tree(trash)
    with contextlib.suppress(OSError):
        entry.parent.rmdir()  # as git does when the last worktree goes


def _check_entry(repo: Repository, entry: Path) -> None:
    if entry.parent != repo.common_dir / "worktrees" or entry.is_symlink():
        raise WorktreeGone(
            f"{entry} is not an entry of this repository's worktrees", hint="git worktree list"
        )


def candidates(entry: Path) -> list[str]:
    """Commits that a worktree's own files name: HEAD, its history, and refs that only it has."""
    found: dict[str, None] = {}
    files = [
        *sorted(entry.glob("*HEAD")),
        entry / "logs" / "HEAD",
        *sorted((entry / "refs").rglob("*")),
    ]
    for file in files:
        if file.name == "FETCH_HEAD" or file.is_symlink() or not file.is_file():
            continue
        for sha in _SHA.findall(_read(file) or b""):
            found[sha.decode()] = None
    return [sha for sha in found if set(sha) != {"0"}][-_MAX_CANDIDATES:]


def keep_commits(
    repo: Repository, prefix: str, commits: Iterable[str], base: str | None
) -> list[str]:
    """Give each commit that no ref leads to a ref `prefix`-<hash8>; returns the refs made.

    `git gc` deletes what no ref leads to as soon as a worktree is gone (a reflog goes with its
    worktree).
    """
    wanted = [commit for commit in commits if commit != base]
    if not wanted:
        return []
    known = [f"^{base}"] if base else []
    lines = plumbing.run(
        repo.start,
        "rev-list",
        "--ignore-missing",
        "--parents",
        *wanted,
        *known,
        "--not",
        "--single-worktree",
        "--all",
    )
    rows = [line.decode().split() for line in lines.splitlines()]
    inner = {parent for row in rows for parent in row[1:]}
    tips = [row[0] for row in rows if row[0] not in inner]
    refs = [f"{prefix}-{tip[:8]}" for tip in tips]
    orders = "".join(f"update {ref} {tip}\n" for ref, tip in zip(refs, tips, strict=True))
    if refs:
        plumbing.run(
            repo.start,
            *plumbing.DURABLE,
            "update-ref",
            "--stdin",
            call=plumbing.Call(orders.encode()),
        )
    return refs


def repair(repo: Repository) -> list[str]:
    """Clear away what killed commands left of our own worktrees; says what was done, one sentence
    each.

    Worktrees of others, and ours that hold files somebody may want, stay as they are.
    """
    if not repo.wt_dir.is_dir():
        return []
    with plumbing.administration(repo.common_dir):
        done = [said for entry in entries(repo) if (said := _repair_empty(repo, entry))]
        done += [said for entry in ours(repo) if (said := _repair_entry(repo, entry))]
        done += [
            f"deleted {path.name}, left by a clean-up that was cut short"
            for path in _drop_trash(repo)
        ]
        return done + [said for said in map(_repair_folder, _loose_folders(repo)) if said]


def _repair_empty(repo: Repository, entry: Entry) -> str | None:
    """A power cut may leave the files of an entry empty; git then fails in the whole repository."""
    if not entry.folder.name.startswith("slot_") or entry.lock is not None:
        return None
    if entry.checkout is None:
        _drop(repo, entry.folder)
        return f"removed git's empty entry {entry.folder.name}"
    common = entry.folder / "commondir"
    if entry.checkout.is_relative_to(repo.wt_dir) and not _read(common):
        common.write_text("../..\n")
        return f"wrote the lost link of git's entry {entry.folder.name} again"
    return None


def _repair_entry(repo: Repository, entry: Entry) -> str | None:
    assert entry.checkout is not None
    if entry.lock == _MOVING:
        return _end_move(entry)
    if entry.lock == _INITIALIZING:
        remove_tree(entry.checkout)
        _drop(repo, entry.folder)
        return f"removed the half-made worktree {entry.checkout}"
    if entry.lock is not None or (entry.has_head and entry.checkout.exists()):
        return None
    if not entry.checkout.exists():
        label = f"refs/sweeptree/{entry.checkout.parent.name}/{entry.checkout.name}"
        saved = keep_commits(repo, label, candidates(entry.folder), None)
        _drop(repo, entry.folder)
        return " ".join(
            [f"forgot the worktree {entry.checkout}, whose folder is gone", *_saved(saved)]
        )
    return f"left {entry.checkout} alone: its HEAD cannot be read, but it holds files"


def _saved(refs: list[str]) -> list[str]:
    return [f"(its commits: {', '.join(refs)})"] if refs else []


def _end_move(entry: Entry) -> str:
    """A rename was cut short: the files stand under the old name or the new one; the entry names
    the new one."""
    assert entry.checkout is not None
    for folder in entry.checkout.parent.iterdir():
        if pointer(folder) == entry.folder:
            (entry.folder / "gitdir").write_bytes(os.fsencode(folder / ".git") + b"\n")
    (entry.folder / "locked").unlink()
    return f"ended the interrupted rename of {entry.checkout}"


def _drop_trash(repo: Repository) -> list[Path]:
    found = list(repo.common_dir.glob(f"{_TRASH}*"))
    for path in found:
        remove_tree(path)
    return found


def _loose_folders(repo: Repository) -> list[Path]:
    """Folders among our worktrees whose entry is gone."""
    folders = [
        path for path in repo.wt_dir.glob("*/slot_*") if path.is_dir() and not path.is_symlink()
    ]
    return [path for path in folders if (entry := pointer(path)) is None or not entry.exists()]


def _repair_folder(path: Path) -> str | None:
    if any(child.name != ".git" for child in path.iterdir()):
        return f"left {path} alone: git does not know it any more, but it holds files"
    remove_tree(path)
    return f"removed the empty folder {path}"
