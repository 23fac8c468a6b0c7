"""What stands in any worktree (a person's or an agent's) as a commit, without disturbing who works
in it.

Its index, HEAD, branch and files stay byte-identical: the commit is made through a copy of its
index.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused, WorktreeGone
from sweeptree.repository import plumbing
from sweeptree.repository.branches import contains, tree_of, worktree_top
from sweeptree.repository.commits import commit_tree, copied_index, status_path, write_tree
from sweeptree.repository.differences import FileChange, numstat
from sweeptree.repository.guards import Examined, Limits, examine
from sweeptree.worktrees.card import JobCard, read_card


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
    head = (
        plumbing.ask(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").out.decode().strip()
    )
    if not head:
        raise Refused(f"{top} has no commit yet", hint="git add . && git commit -m 'first'")
    branch = (
        os.fsdecode(plumbing.ask(top, "symbolic-ref", "--quiet", "--short", "HEAD").out).strip()
        or None
    )
    tracked, made = _status(top)
    examined = examine(top, head, tracked=tracked, made=made, limits=limits)
    return Contents(top, head, branch, examined, _files(top, head, examined))


def _status(top: Path) -> tuple[list[str], list[str]]:
    card = _card(top)
    found = plumbing.run(
        top, "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"
    )
    tracked: list[str] = []
    made: list[str] = []
    for entry in plumbing.names(found):
        if entry[0] == "u":
            raise Refused(
                f"{top} is in the middle of a merge: {status_path(entry)}", hint="git status"
            )
        path = status_path(entry)
        if (card and card.provides(path.rstrip("/"))) or _is_dirty_submodule(entry):
            continue
        (made if entry[0] == "?" else tracked).append(path)
    return (
        tracked,
        made if card is None or card.job is None else [],
    )  # what a job made are its artifacts


def job_of(top: Path) -> tuple[str, int] | None:
    """The sweep and the number of the job whose worktree this is; None for any other worktree."""
    card = _card(top)
    return None if card is None or card.job is None else (card.exp_name, card.job)


def _card(top: Path) -> JobCard | None:
    try:
        return read_card(top)
    except WorktreeGone:
        return None


def _is_dirty_submodule(entry: str) -> bool:
    """A submodule whose files changed but not its commit: nothing of that fits into this
    repository's commit."""
    fields = entry.split(" ", 3)
    return entry[0] == "1" and fields[2].startswith("S.") and fields[1][0] == "."


def _files(top: Path, head: str, examined: Examined) -> tuple[FileChange, ...]:
    counted = numstat(plumbing.run(top, "diff-index", "--numstat", "-z", "--no-renames", head))
    return tuple(counted.get(path) or _whole(top, path) for path in sorted(examined.paths))


def _whole(top: Path, path: str) -> FileChange:
    file = top / path
    if file.is_symlink() or not file.is_file():
        return FileChange(path, 1, 0)
    data = file.read_bytes()
    if b"\0" in data[:8000]:
        return FileChange(path, None, None)
    return FileChange(path, data.count(b"\n") + (not data.endswith(b"\n") and bool(data)), 0)


def commit_contents(
    contents: Contents, *, message: str, on: str | None = None, like: str | None = None
) -> str:
    """The worktree's content as a commit on HEAD (and on `on`, an earlier delivery). Makes no ref.

    HEAD itself when nothing changed; `on`, or the commit `like`, when that holds the same files.
    """
    top = contents.top
    own = Path(plumbing.text(top, "rev-parse", "--path-format=absolute", "--git-path", "index"))
    with copied_index(own) as index:
        tree = write_tree(top, index, contents.examined.paths)
    for there in (on, like, contents.head):
        if there and tree == tree_of(top, there) and contains(top, contents.head, there):
            return there
    if on is None or contains(top, on, contents.head):
        return commit_tree(top, tree, contents.head, message)
    parents = (on,) if contains(top, contents.head, on) else (on, contents.head)
    return commit_tree(top, tree, parents, message)
