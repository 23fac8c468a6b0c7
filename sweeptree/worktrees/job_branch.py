"""What a job changed, as a commit on a branch of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sweeptree.errors import GitError, Refused
from sweeptree.model import Branch, Worktree
from sweeptree.repository import plumbing
from sweeptree.repository.branches import check_branch_name
from sweeptree.repository.commits import commit_tree, copied_index, write_tree
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
    with copied_index(index_path(worktree.top)) as index:
        tree = write_tree(worktree.top, index, wanted)
    for number in range(1, _MAX_SUFFIX):
        name = branch if number == 1 else f"{branch}-{number}"
        if found := _branch(worktree, name, tree, message):
            return found
    raise Refused(
        f"the branches {branch} to {name} exist with other content",
        hint=f"git branch --list '{branch}*'",
    )


def _branch(worktree: Worktree, name: str, tree: str, message: str) -> Branch | None:
    """Make the branch, or adopt it; None when the name is taken by something else."""
    ref, top = f"refs/heads/{name}", worktree.top
    there = plumbing.ask(top, "rev-parse", "--quiet", f"{ref}^{{commit}}", f"{ref}^{{tree}}")
    if there.code:
        commit = commit_tree(top, tree, (worktree.base_commit,), message)
        order = f"create {ref} {commit}\n".encode()
        answer = plumbing.ask(
            top, *plumbing.DURABLE, "update-ref", "--stdin", call=plumbing.Call(order)
        )
        if not answer.code:
            return Branch(name, commit)
        if "reference already exists" not in answer.err:
            raise answer.error()
        return None
    old_commit, old_tree = there.out.decode().split()
    return Branch(name, old_commit) if old_tree == tree else None
