"""What a job changed, as a commit on a branch of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweeptree.errors import GitError, Refused
from sweeptree.model import Branch, Worktree
from sweeptree.repository import plumbing
from sweeptree.repository.branches import check_branch_name
from sweeptree.repository.commits import commit_tree, copied_index, is_whole, write_tree
from sweeptree.repository.kept_pack import Quarantine, made_whole, quarantine
from sweeptree.worktrees.changes import changes
from sweeptree.worktrees.job_card import checked_card, index_path

_MAX_SUFFIX = 20


def commit_changes(
    worktree: Worktree, *, branch: str, message: str, paths: Sequence[str] = ()
) -> Branch:
    """Commit what the job changed in tracked files (and `paths` of files it made) to a branch, on
    top of the base.

    A branch of this name with the same files is taken as it is; one with others is left alone, and
    the name gets a suffix. The job's own index, HEAD and commits stay as they are. Raises GitError
    when nothing changed.
    """
    if worktree.slot is None:
        raise Refused(
            f"{worktree.top} is the repository itself: its changes are yours",
            hint="add --use_worktree",
        )
    check_branch_name(worktree.top, branch)
    card = checked_card(worktree.top)
    made = [path for path in paths if not card.is_untouched(worktree.top, path)]
    wanted = [*changes(worktree).tracked, *made]
    if not wanted:
        raise GitError(
            f"the job in {worktree.top} changed no tracked file", hint="there is nothing to commit"
        )
    order = _Order(worktree, branch, message, tuple(wanted))
    return made_whole(lambda: _make_once(order))


@dataclass(frozen=True, slots=True)
class _Order:
    """A branch that is to be made."""

    worktree: Worktree
    name: str
    message: str
    paths: tuple[str, ...]


def _make_once(order: _Order) -> Branch:
    """Make the branch and look whether each of its new objects is there."""
    made, top = _make(order), order.worktree.top
    if is_whole(top, made.commit, order.worktree.base_commit):
        return made
    if plumbing.ask(top, "cat-file", "-e", made.commit).code:  # a branch without its commit
        plumbing.ask(top, "update-ref", "-d", f"refs/heads/{made.name}", made.commit)
    raise GitError(
        f"objects of the commit {made.commit[:12]} are deleted while it is made",
        hint="end the `git gc --prune=now` that runs in this repository",
    )


def _make(order: _Order) -> Branch:
    top = order.worktree.top
    with copied_index(index_path(top)) as index, quarantine(top) as place:
        tree = write_tree(top, index, order.paths, place.env)
        return _take_name(order, tree, place)


def _take_name(order: _Order, tree: str, place: Quarantine) -> Branch:
    for number in range(1, _MAX_SUFFIX):
        name = order.name if number == 1 else f"{order.name}-{number}"
        if found := _branch(order, name, tree, place):
            return found
    raise Refused(
        f"the branches {order.name} to {name} exist with other content",
        hint=f"git branch --list '{order.name}*'",
    )


def _branch(order: _Order, name: str, tree: str, place: Quarantine) -> Branch | None:
    """Make the branch, or adopt it; None when the name is taken by something else."""
    ref, top, base = f"refs/heads/{name}", order.worktree.top, order.worktree.base_commit
    there = plumbing.ask(top, "rev-parse", "--quiet", f"{ref}^{{commit}}", f"{ref}^{{tree}}")
    if there.code:
        commit = commit_tree(top, tree, (base,), order.message, place.env)
        with place.released(commit, base):
            call = plumbing.Call(f"create {ref} {commit}\n".encode())
            answer = plumbing.ask(top, *plumbing.DURABLE, "update-ref", "--stdin", call=call)
        if not answer.code:
            return Branch(name, commit)
        if "reference already exists" not in answer.err:
            raise answer.error()
        return None
    old_commit, old_tree = there.out.decode().split()
    return Branch(name, old_commit) if old_tree == tree else None
