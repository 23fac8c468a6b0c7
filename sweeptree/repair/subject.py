"""What is to be repaired: a repository's HEAD, a worktree as it stands, or a pull request's head.

All three become a commit. Hides where each comes from, and that nothing of the user's moves: a
worktree's content is committed through a copy of its index, a pull request is fetched into refs
that are gone afterwards.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree import repository, worktrees
from sweeptree.errors import Refused
from sweeptree.model import PullRequest
from sweeptree.model.values import PullState
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Context, Options
from sweeptree.repair.spec import CIFixSpec
from sweeptree.repository import Repository, branches, guards, merges, remotes, worktree_patches
from sweeptree.repository.patches import list_files

_REFS = "refs/sweeptree/fix"


@dataclass(frozen=True, slots=True)
class Subject:
    """A commit that is to be repaired.

    `changed`: its files that are new or other than where its work began; `into`: the branch that a
    pull request with the repair goes to, None: the remote's default branch.
    """

    repo: Repository
    commit: str
    name: str
    changed: tuple[str, ...]
    into: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All files of the commit."""
        return list_files(self.repo.start, self.commit)


@contextlib.contextmanager
def find_subject(spec: CIFixSpec, context: Context) -> Iterator[Subject]:
    """The subject, as long as it is needed.

    Raises UsageError, Refused, PushError, ForgeError; before any side effect, but for a fetch.
    """
    if spec.pull_request is not None:
        with _pull_request(spec, spec.pull_request, context) as subject:
            yield subject
    elif spec.worktree is not None:
        yield _worktree(spec.worktree, spec.remote)
    else:
        yield _head(spec.repo, spec.remote)


def _head(start: Path, remote: str) -> Subject:
    repo = repository.find_repository(start)
    base = repository.resolve_base(repo, "HEAD")
    name = base.branch or base.commit[:12]
    return Subject(
        repo,
        base.commit,
        name,
        _changed(repo, base.commit, base.commit, remote),
        *_destination(repo, base.branch, base.commit, remote),
    )


def _worktree(start: Path, remote: str) -> Subject:
    """What stands in a worktree. Raises Refused for what may never leave the machine."""
    repo = repository.find_repository(start)
    contents = worktrees.read_contents(repo.start, guards.Limits(allow_workflows=True))
    contents.examined.must_pass()
    name = contents.branch or contents.top.name
    message = f"What stands in {contents.top.name}"
    commit = worktrees.commit_contents(contents, message=message)
    into, warnings = _destination(repo, contents.branch, contents.head, remote)
    left_out = tuple(f"not part of what is tested: {item}" for item in contents.examined.left_out)
    changed = _changed(repo, contents.head, commit, remote)
    return Subject(repo, commit, name, changed, into, (*warnings, *left_out))


def _changed(repo: Repository, head: str, commit: str, remote: str) -> tuple[str, ...]:
    """The files that the commit changed since its line of history left the default branch; on that
    branch itself, since the commit before."""
    top = repo.start
    base = _default_tip(repo, remote)
    parted = worktree_patches.merge_base(top, base, head) if base else None
    if parted == head and commit == head:
        parted = branches.commit_of(top, f"{head}~1")
    return worktree_patches.changed_since(top, parted, commit) if parted else ()


def _default_tip(repo: Repository, remote: str) -> str | None:
    name = remotes.default_branch(repo.start, remote)
    if name is not None:
        return remotes.tracked_tip(repo.start, name, remote)
    found = (branches.local_branch(repo.start, each) for each in ("main", "master"))
    return next((tip for tip in found if tip), None)


def _destination(
    repo: Repository, branch: str | None, head: str, remote: str
) -> tuple[str | None, tuple[str, ...]]:
    """The branch that a repair goes into, and a warning where other work would go with it."""
    tip = remotes.tracked_tip(repo.start, branch, remote) if branch else None
    if branch is None or tip is None:
        return None, ()
    if branches.contains(repo.start, head, tip):
        return branch, ()
    return branch, (f"{remote}/{branch} lacks commits of yours: a pull request has them too",)


@contextlib.contextmanager
def _pull_request(spec: CIFixSpec, number: int, context: Context) -> Iterator[Subject]:
    repo = repository.find_repository(spec.repo)
    target = delivery.find_target(repo.start, Options(remote=spec.remote), context)
    if target.forge is None or target.remote is None:
        raise Refused("there is no forge to ask about pull requests", hint=target.hints)
    pull = target.forge.get(number)
    check_pull(pull, allow_forks=spec.allow_forks)

    prefix = f"{_REFS}/{uuid.uuid4().hex[:12]}"
    head, base = f"{prefix}/head", f"{prefix}/base"
    refs = {f"refs/pull/{number}/head": head, f"refs/heads/{pull.base}": base}
    with merges.temporary_refs(repo, prefix):
        remotes.fetch(repo.start, target.remote, refs)
        if branches.commit_of(repo.start, head) != pull.commit:
            raise Refused("its head moved just now", hint="run the same command again")
        parted = worktree_patches.merge_base(repo.start, base, head)
        changed = worktree_patches.changed_since(repo.start, parted, pull.commit) if parted else ()
        into = None if pull.is_from_fork else pull.branch
        yield Subject(repo, pull.commit, f"pull request {number}", changed, into)


def check_pull(pull: PullRequest, *, allow_forks: bool) -> None:
    """Raise Refused for a pull request whose tests are not to be run."""
    if pull.state is not PullState.OPEN:
        raise Refused(f"pull request {pull.number} is {pull.state.value}: nothing is repaired")
    if pull.is_from_fork and not allow_forks:
        raise Refused(
            f"pull request {pull.number} comes from a fork: its code is a stranger's",
            hint="read it, then add --allow_forks to run its tests all the same",
        )
