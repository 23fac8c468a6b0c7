"""What a review is about: two commits, a worktree as it stands, or a pull request."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sweeptree import repository, worktrees
from sweeptree.errors import ForgeError, Refused, UsageError
from sweeptree.model import PullRequest, PullState
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Context, Options
from sweeptree.publish.forge import Forge
from sweeptree.publish.merging import pull_number
from sweeptree.repository import Repository, branches, guards, merges, remotes
from sweeptree.review.posting import post
from sweeptree.review.reviewing import Range, range_between, review_range
from sweeptree.review.values import Review, ReviewOptions, legible

_RANGE = re.compile(r"(?P<base>.*?[^.])\.\.\.?(?P<head>[^.].*)?")
_REFS = "refs/sweeptree/review"
_MAIN = ("main", "master")
_NO_FORGE = "there is no forge to ask about pull requests"


def review(start: Path, subject: str | None, options: ReviewOptions, context: Context) -> Review:
    """Review `BASE..HEAD`, a pull request (number or URL), a folder, or (None) where we stand.

    Raises UsageError, Refused, GitError, PushError, ForgeError.
    """
    if subject is None:
        return review_worktree(start, options)
    number = pull_number(subject)
    if number is not None:
        return review_pull(start, number, options, context)
    if (start / subject).is_dir():
        return review_worktree(start / subject, options)
    named = _RANGE.fullmatch(subject)
    if named is None:
        raise UsageError(
            f"{subject!r} is nothing to review",
            hint="name BASE..HEAD, the number of a pull request, or --worktree FOLDER",
        )
    return review_commits(start, named["base"], named["head"] or "HEAD", options)


def review_commits(start: Path, base: str, head: str, options: ReviewOptions) -> Review:
    """Review what one commit has that another lacks."""
    _only_for_pulls(options)
    repo = repository.find_repository(start)
    old, new = (repository.resolve_base(repo, name).commit for name in (base, head))
    return review_range(range_between(repo, old, new, f"{base}..{head}"), options)


def review_worktree(start: Path, options: ReviewOptions) -> Review:
    """Review a worktree with all that is not committed, against where its branch began.

    Its index, HEAD and files stay byte-identical.
    """
    _only_for_pulls(options)
    repo = repository.find_repository(start)
    contents = worktrees.read_contents(repo.start, guards.Limits(allow_workflows=True))
    head = worktrees.commit_contents(contents, message="reviewed by sweeptree")
    base = _base_of(repo, contents.head, options, is_changed=head != contents.head)
    subject = contents.branch or contents.top.name
    left_out = tuple(legible(f"not reviewed: {each}") for each in contents.examined.left_out)
    done = review_range(range_between(repo, base, head, subject), options)
    return replace(done, warnings=(*done.warnings, *left_out))


def _only_for_pulls(options: ReviewOptions) -> None:
    if options.post:
        raise UsageError("--post needs a pull request", hint="sweeptree review NUMBER --post")


def _base_of(repo: Repository, head: str, options: ReviewOptions, *, is_changed: bool) -> str:
    """The base as given, else the remote's default branch, main or master.

    On that branch itself: HEAD, when something is not committed.
    """
    if options.base is not None:
        return repository.resolve_base(repo, options.base).commit
    for name in (remotes.default_branch(repo.start, options.remote), *_MAIN):
        found = _tip(repo, name, options.remote) if name else None
        if found is not None and not branches.contains(repo.start, head, found):
            return found
    if is_changed:
        return head
    raise UsageError(
        "it is not clear what to compare with: nothing here is ahead of a main branch",
        hint="name it: --base REF, or sweeptree review BASE..HEAD",
    )


def _tip(repo: Repository, branch: str, remote: str) -> str | None:
    return remotes.tracked_tip(repo.start, branch, remote) or branches.local_branch(
        repo.start, branch
    )


def review_pull(start: Path, number: int, options: ReviewOptions, context: Context) -> Review:
    """Review a pull request; with `post` the pull request shows it afterwards."""
    repo = repository.find_repository(start)
    place = Options(remote=options.remote, repo=options.repo)
    target = delivery.find_target(repo.start, place, context)
    if target.forge is None or target.remote is None:
        raise Refused(_NO_FORGE, hint=target.hints)
    pull = target.forge.get(number)
    if pull.state is not PullState.OPEN:
        raise Refused(
            f"pull request {number} is {pull.state.value}", hint="review one that is open"
        )
    _refuse_fork(pull, options)

    with _fetched(repo, target.remote, pull) as wanted:
        done = replace(review_range(wanted, options), url=pull.url)
    return _posted(target.forge, pull, done) if options.post else done


def _posted(forge: Forge, pull: PullRequest, done: Review) -> Review:
    """The review, shown on the pull request. It stands also where the forge does not take it."""
    try:
        return replace(done, posted=post(forge, pull, done))
    except ForgeError as error:
        lines = (f"the review was not posted: {error.message}", *error.hint)
        return replace(done, warnings=(*done.warnings, *lines), is_unposted=True)


def _refuse_fork(pull: PullRequest, options: ReviewOptions) -> None:
    if pull.is_from_fork and options.run_tests and not options.allow_forks:
        raise Refused(
            f"pull request {pull.number} comes from a fork: its code is a stranger's",
            hint=("--no_tests reviews it without running it", "--allow_forks runs its tests"),
        )


@contextlib.contextmanager
def _fetched(repo: Repository, remote: remotes.Remote, pull: PullRequest) -> Iterator[Range]:
    """Its commits, under refs of ours that are gone afterwards."""
    prefix = f"{_REFS}/{pull.number}"
    head, base = f"{prefix}/head", f"{prefix}/base"
    refs = {f"refs/pull/{pull.number}/head": head, f"refs/heads/{pull.base}": base}
    with merges.temporary_refs(repo, prefix):
        remotes.fetch(repo.start, remote, refs)
        if branches.commit_of(repo.start, head) != pull.commit:
            raise Refused("its head moved just now", hint="run the same command again")
        tip = branches.commit_of(repo.start, base)
        assert tip is not None
        subject = f"pull request {pull.number}"
        wanted = range_between(repo, tip, pull.commit, subject)
        yield replace(wanted, is_strangers=pull.is_from_fork)
