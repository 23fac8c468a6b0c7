"""What stands in any worktree (a person's or an agent's) as a commit, without disturbing who works
in it.

Its index, HEAD, branch and files stay byte-identical: the commit is made through a copy of its
index.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import plumbing
from sweeptree.repository.branches import (
    commit_of,
    contains,
    current_branch,
    tree_id,
    worktree_top,
)
from sweeptree.repository.commits import commit_tree, copied_index, status_path, write_tree
from sweeptree.repository.differences import FileChange, numstat
from sweeptree.repository.guards import Examined, LeftOut, Limits, examine
from sweeptree.worktrees.job_card import JobCard, find_card

_UNCOMMITTED = "uncommitted changes inside this submodule: commit and push them there first"


@dataclass(frozen=True, slots=True)
class Contents:
    """A worktree as it stands.

    `top`: its root; `head`: the commit it is on; `branch`: the branch, if any.
    """

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
    """Look at the worktree that the folder `start` is in.

    Writes nothing, not even an object or git's own index.
    """
    top = worktree_top(start)
    head = commit_of(top, "HEAD")
    if head is None:
        raise Refused(f"{top} has no commit yet", hint="git add . && git commit -m 'first'")
    status = _status(top)
    examined = examine(top, head, tracked=status.tracked, made=status.made, limits=limits)
    inside = [LeftOut(path, 0, _UNCOMMITTED) for path in status.submodules]
    examined = replace(examined, left_out=(*examined.left_out, *inside))
    return Contents(top, head, current_branch(top), examined, _files(top, head, examined))


@dataclass(frozen=True, slots=True)
class _Status:
    """Changed files that HEAD holds, new ones, and submodules with uncommitted changes inside."""

    tracked: list[str]
    made: list[str]
    submodules: list[str]


def _status(top: Path) -> _Status:
    card = find_card(top)
    words = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
    entries = plumbing.names(plumbing.run(top, *words, "--ignore-submodules=none"))
    _refuse_conflicts(top, entries)
    wanted = [entry for entry in entries if _is_work(top, entry, card)]
    tracked = [status_path(entry) for entry in wanted if entry[0] != "?"]
    made = [status_path(entry) for entry in wanted if entry[0] == "?"]
    if card is not None and card.job is not None:
        made = []  # what a job made are its artifacts
    inside = [status_path(entry) for entry in entries if _is_uncommitted_submodule(entry)]
    return _Status(tracked, made, inside)


def _refuse_conflicts(top: Path, entries: Iterable[str]) -> None:
    for entry in entries:
        if entry[0] == "u":
            path = status_path(entry)
            raise Refused(f"{top} is in the middle of a merge: {path}", hint="git status")


def _is_work(top: Path, entry: str, card: JobCard | None) -> bool:
    path = status_path(entry).rstrip("/")
    if card is not None and card.is_untouched(top, path):
        return False
    return not _is_dirty_submodule(entry)


def job_of(top: Path) -> tuple[str, int] | None:
    """The sweep and the number of the job whose worktree this is; None for any other worktree."""
    card = find_card(top)
    if card is None or card.job is None:
        return None
    return card.exp_name, card.job


def _is_dirty_submodule(entry: str) -> bool:
    """A submodule whose files changed but not its commit: nothing of that fits into this
    repository's commit."""
    fields = entry.split(" ", 3)
    return entry[0] == "1" and fields[2].startswith("S.") and fields[1][0] == "."


def _is_uncommitted_submodule(entry: str) -> bool:
    """Files inside a submodule are changed or new, whether or not it stands on another commit."""
    fields = entry.split(" ", 3)
    if entry[0] not in "12" or not fields[2].startswith("S"):
        return False
    return fields[2][2:] != ".."


def _files(top: Path, head: str, examined: Examined) -> tuple[FileChange, ...]:
    counted = numstat(plumbing.run(top, "diff-index", "--numstat", "-z", "--no-renames", head))
    return tuple(counted.get(path) or _whole(top, path) for path in sorted(examined.paths))


def _whole(top: Path, path: str) -> FileChange:
    """All of a new file as one change."""
    file = top / path
    if file.is_symlink() or not file.is_file():
        return FileChange(path, 1, 0)
    data = file.read_bytes()
    if b"\0" in data[:8000]:
        return FileChange(path, None, None)
    lines = data.count(b"\n")
    is_unfinished = bool(data) and not data.endswith(b"\n")
    return FileChange(path, lines + is_unfinished, 0)


def commit_contents(
    contents: Contents, *, message: str, on: str | None = None, like: str | None = None
) -> str:
    """The worktree's content as a commit on HEAD (and on `on`, an earlier delivery). Makes no ref.

    HEAD itself when nothing changed; `on`, or the commit `like`, when that holds the same files.
    """
    top, head = contents.top, contents.head
    tree = _tree_of_files(contents)
    for known in (on, like, head):
        if known and tree == tree_id(top, known) and contains(top, head, known):
            return known
    return commit_tree(top, tree, _parents(top, head, on), message)


def _tree_of_files(contents: Contents) -> str:
    own = plumbing.text(contents.top, "rev-parse", "--path-format=absolute", "--git-path", "index")
    with copied_index(Path(own)) as index:
        return write_tree(contents.top, index, contents.examined.paths)


def _parents(top: Path, head: str, on: str | None) -> tuple[str, ...]:
    """HEAD and the earlier delivery, without the one that leads to the other."""
    if on is None or contains(top, on, head):
        return (head,)
    return (on,) if contains(top, head, on) else (on, head)
