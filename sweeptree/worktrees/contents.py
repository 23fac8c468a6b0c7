"""What stands in any worktree (a person's or an agent's) as a commit, without disturbing who works in it.

Its index, HEAD, branch and files stay byte-identical: the commit is made through a copy of its index.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused, UsageError, WorktreeGone
from sweeptree.worktrees import _git
from sweeptree.worktrees.changes import Card, read_card
from sweeptree.worktrees.commits import _check_branch, _commit, _index, _tree, status_path
from sweeptree.worktrees.guards import Examined, Limits, examine

HELD = "refs/sweeptree/pr"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the commit to be: lines added and removed, None for a binary one."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True)
class Contents:
    """A worktree as it stands. `top`: its root; `head`: the commit it is on; `branch`: the branch, if any."""

    top: Path
    head: str
    branch: str | None
    examined: Examined
    files: tuple[FileChange, ...]

    @property
    def is_changed(self) -> bool:
        """True when there is something that HEAD lacks."""
        return bool(self.examined.paths)


def read_contents(start: Path, limits: Limits) -> Contents:
    """Look at the worktree that the folder `start` is in. Writes nothing, not even an object or git's own index."""
    top = worktree_top(start)
    head = _git.ask(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").out.decode().strip()
    if not head:
        raise Refused(f"{top} has no commit yet", hint="git add . && git commit -m 'first'")
    branch = os.fsdecode(_git.ask(top, "symbolic-ref", "--quiet", "--short", "HEAD").out).strip() or None
    tracked, made = _status(top)
    examined = examine(top, head, tracked=tracked, made=made, limits=limits)
    return Contents(top, head, branch, examined, _files(top, head, examined))


def worktree_top(start: Path) -> Path:
    """The root of the worktree that a folder is in. Raises UsageError."""
    if not start.is_dir():
        raise UsageError(f"{start} is not a folder", hint="git worktree list shows the worktrees")
    answer = _git.ask(start, "rev-parse", "--path-format=absolute", "--show-toplevel")
    if answer.code or not answer.out.strip():
        raise UsageError(f"{start} is not in a git worktree", hint="git worktree list shows the worktrees")
    return Path(os.fsdecode(answer.out).removesuffix("\n"))


def _status(top: Path) -> tuple[list[str], list[str]]:
    card = _card(top)
    found = _git.run(top, "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
    tracked: list[str] = []
    made: list[str] = []
    for entry in _git.names(found):
        if entry[0] == "u":
            raise Refused(f"{top} is in the middle of a merge: {status_path(entry)}", hint="git status")
        path = status_path(entry)
        if (card and card.provides(path.rstrip("/"))) or _is_dirty_submodule(entry):
            continue
        (made if entry[0] == "?" else tracked).append(path)
    return tracked, made if card is None or card.job is None else []  # what a job made are its artifacts


def job_of(top: Path) -> tuple[str, int] | None:
    """The sweep and the number of the job whose worktree this is; None for any other worktree."""
    card = _card(top)
    return None if card is None or card.job is None else (card.exp_name, card.job)


def _card(top: Path) -> Card | None:
    try:
        return read_card(top)
    except WorktreeGone:
        return None


def _is_dirty_submodule(entry: str) -> bool:
    """A submodule whose files changed but not its commit: nothing of that fits into this repository's commit."""
    fields = entry.split(" ", 3)
    return entry[0] == "1" and fields[2].startswith("S.") and fields[1][0] == "."


def _files(top: Path, head: str, examined: Examined) -> tuple[FileChange, ...]:
    counted = numstat(_git.run(top, "diff-index", "--numstat", "-z", "--no-renames", head))
    return tuple(counted.get(path) or _whole(top, path) for path in sorted(examined.paths))


def numstat(data: bytes) -> dict[str, FileChange]:
    """The files in the answer of `git diff --numstat -z`, by their paths."""
    found = {}
    for entry in _git.names(data):
        added, removed, path = entry.split("\t", 2)
        found[path] = FileChange(path, _number(added), _number(removed))
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _whole(top: Path, path: str) -> FileChange:
    file = top / path
    if file.is_symlink() or not file.is_file():
        return FileChange(path, 1, 0)
    data = file.read_bytes()
    if b"\0" in data[:8000]:
        return FileChange(path, None, None)
    return FileChange(path, data.count(b"\n") + (not data.endswith(b"\n") and bool(data)), 0)


def tree_of(top: Path, commit: str) -> str:
    """The tree of a commit."""
    return _git.text(top, "rev-parse", "--verify", f"{commit}^{{tree}}")


def find_tree(top: Path, commit: str) -> str | None:
    """The tree of a commit, None when this repository lacks it."""
    found = _git.ask(top, "rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    return found.out.decode().strip() or None


def commit_contents(contents: Contents, *, message: str, on: str | None = None, like: str | None = None) -> str:
    """The worktree's content as a commit on HEAD (and on `on`, an earlier delivery). Makes no ref.

    HEAD itself when nothing changed; `on`, or the commit `like`, when that holds the same files.
    """
    top = contents.top
    own = Path(_git.text(top, "rev-parse", "--path-format=absolute", "--git-path", "index"))
    with _index(own) as index:
        tree = _tree(top, index, contents.examined.paths)
    for there in (on, like, contents.head):
        if there and tree == tree_of(top, there) and contains(top, contents.head, there):
            return there
    if on is None or contains(top, on, contents.head):
        return _commit(top, tree, contents.head, message)
    parents = (on,) if contains(top, contents.head, on) else (on, contents.head)
    return _commit(top, tree, parents, message)


def contains(top: Path, commit: str, later: str) -> bool:
    """True when `later` is `commit` or came after it. False when this repository lacks one of them."""
    return not _git.ask(top, "merge-base", "--is-ancestor", commit, later).code


def held(top: Path, branch: str) -> str | None:
    """The commit that was last delivered to this branch from this repository."""
    found = _git.ask(top, "rev-parse", "--verify", "--quiet", f"{HELD}/{branch}^{{commit}}")
    return found.out.decode().strip() or None


def hold(top: Path, branch: str, commit: str) -> None:
    """Keep a commit under refs/sweeptree/pr/, and on a local branch where that only goes forward.

    A branch that a worktree has checked out is not moved: its index and files would no longer match it.
    """
    _git.run(top, *_git.DURABLE, "update-ref", f"{HELD}/{branch}", commit)
    ref = f"refs/heads/{branch}"
    now = _git.ask(top, "rev-parse", "--verify", "--quiet", ref).out.decode().strip()
    if now == commit or branch in checked_out(top) or (now and not contains(top, now, commit)):
        return
    old = now or "0" * len(commit)
    _git.ask(top, *_git.DURABLE, "update-ref", "-m", "sweeptree pr", ref, commit, old)


def checked_out(top: Path) -> set[str]:
    """The branches that worktrees of this repository are on."""
    found = _git.run(top, "worktree", "list", "--porcelain", "-z")
    return {line.removeprefix("branch refs/heads/") for line in _git.names(found) if line.startswith("branch ")}


def check_branch_name(top: Path, branch: str) -> None:
    """Raise UsageError for what cannot be the name of a branch."""
    _check_branch(top, branch)


def local_branch(top: Path, branch: str) -> str | None:
    """The commit of a local branch, or None."""
    found = _git.ask(top, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
    return found.out.decode().strip() or None


def lines_between(top: Path, old: str, new: str) -> tuple[FileChange, ...]:
    """The files that differ from one commit to another."""
    return tuple(numstat(_git.run(top, "diff-tree", "-r", "--numstat", "-z", "--no-renames", old, new)).values())


def subjects(top: Path, old: str, new: str) -> Sequence[str]:
    """First lines of the commits that `new` has and `old` lacks, oldest first."""
    words = ("log", "--reverse", "--format=%s", "--no-show-signature", "-100")
    return _git.text(top, *words, new, "--not", old).splitlines()
