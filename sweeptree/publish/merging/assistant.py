"""Decide about a merge and carry it out: look, make the result, test it, land exactly that.

The base moves only to a commit whose tests were green (the rule of bors and homu). When it moved
while the tests ran, the result is made and tested anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree import repository, worktrees
from sweeptree.errors import ForgeError, PushError, Refused, SweeptreeError, UsageError
from sweeptree.model import PullRequest
from sweeptree.publish import delivery
from sweeptree.publish.checks import run_tests
from sweeptree.publish.delivery import Context, Options, Target
from sweeptree.publish.forge import Comment, Ranking
from sweeptree.publish.merging.values import ATTEMPTS, MergeDecision, MergeOptions, State
from sweeptree.repository import Repository, branches, guards, history, merges, remotes
from sweeptree.repository.remotes import Remote

_PULL = re.compile(r"(?:#?|https?://[^\s?#]+/pull/)(?P<number>\d+)(?:/\w*)?")
_STATUS = "sweeptree/merge-result"
_REFS = "refs/sweeptree/merge"
_MARKER = "merge-assistant"


@dataclass(frozen=True, slots=True)
class _Case:
    """One merge: where it happens, what comes in, and how its result lands."""

    repo: Repository
    options: MergeOptions
    blank: MergeDecision
    message: str
    base_tip: Callable[[], str]
    land: Callable[[str, str], str]


class _NotLanded(Exception):  # noqa: N818 - says what is the case
    """The tests were green, and yet the base could not be moved: what had been decided, and why."""

    def __init__(self, decision: MergeDecision, error: SweeptreeError) -> None:
        super().__init__(error.message)
        self.decision = decision
        self.error = error


def pull_number(text: str) -> int | None:
    """The number in `12`, `#12` or the URL of a pull request; None for anything else."""
    found = _PULL.fullmatch(text)
    return int(found["number"]) if found else None


def merge_pull(start: Path, number: int, options: MergeOptions, around: Context) -> MergeDecision:
    """Merge a pull request if nothing stands in the way.

    Raises Refused, UsageError, PushError, ForgeError.
    """
    repo = repository.find_repository(start)
    target = delivery.find_target(
        repo.start, Options(remote=options.remote, repo=options.repo), around
    )
    if target.forge is None or target.remote is None:
        raise Refused("there is no forge to ask about pull requests", hint=target.hints)
    pull = target.forge.get(number)
    if pull.state != "open":
        state: State = "up-to-date" if pull.state == "merged" else "refused"
        return replace(_blank(pull), state=state, reason=f"it is {pull.state}")
    try:
        with merges.merge_lock(repo, pull.base), merges.temporary_refs(repo, f"{_REFS}/{number}"):
            decision = _decide_pull(repo, pull, target, options)
    except _NotLanded as stuck:
        _reported(target, stuck.decision)
        raise stuck.error from stuck
    if options.dry_run or (decision.run is None and decision.state != "refused"):
        return decision
    return _reported(target, decision)


def _decide_pull(
    repo: Repository, pull: PullRequest, target: Target, options: MergeOptions
) -> MergeDecision:
    assert target.forge is not None and target.remote is not None
    head = f"{_REFS}/{pull.number}/head"
    remotes.fetch(repo.start, target.remote, {f"refs/pull/{pull.number}/head": head})
    if branches.commit_of(repo.start, head) != pull.commit:
        return replace(
            _blank(pull), state="refused", reason="its head moved just now: look at it again"
        )
    standing = target.forge.standing(pull)
    reasons = tuple(_obstacles(pull, standing, options))
    return _decide(_pull_case(repo, pull, target, options, standing), reasons)


def _blank(pull: PullRequest) -> MergeDecision:
    return MergeDecision(
        "planned", f"pull request {pull.number}", pull.base, head=pull.commit, pull=pull
    )


def merge_worktree(worktree: Path, options: MergeOptions) -> MergeDecision:
    """Merge the branch of a worktree into a local base, without any forge."""
    repo = repository.find_repository(worktree)
    head = repository.resolve_base(repo, "HEAD")
    contents = worktrees.read_contents(repo.start, guards.Limits(allow_workflows=True))
    if contents.examined.paths:
        first = ", ".join(contents.examined.paths[:3])
        raise Refused(
            f"{repo.start} has changes that are not committed: {first}",
            hint="commit them, then try again",
        )
    base = options.base or remotes.default_branch(repo.start, options.remote) or _main_branch(repo)
    if base == contents.branch:
        raise UsageError(
            f"{repo.start} is on {base} itself",
            hint="name the base with --base, or another worktree",
        )
    subject = contents.branch or head.commit[:12]
    blank = MergeDecision("planned", subject, base, head=head.commit)

    def land(commit: str, old: str) -> str:
        merges.advance(repo, base, commit, old=old)
        return commit

    with merges.merge_lock(repo, base):
        case = _Case(
            repo,
            options,
            blank,
            f"Merge {subject} into {base}",
            lambda: _local_tip(repo, base),
            land,
        )
        try:
            return _decide(case, ())
        except _NotLanded as stuck:
            raise stuck.error from stuck


def _main_branch(repo: Repository) -> str:
    for name in ("main", "master"):
        if branches.local_branch(repo.start, name):
            return name
    raise UsageError("it is not clear what to merge into", hint="name the base with --base")


def _local_tip(repo: Repository, base: str) -> str:
    found = branches.local_branch(repo.start, base)
    if found is None:
        raise UsageError(f"there is no branch {base}", hint="git branch shows the branches")
    return found


def _obstacles(pull: PullRequest, standing: Ranking, options: MergeOptions) -> list[str]:
    """Why the forge's side forbids the merge, the most telling reason first."""
    found = ["it is a draft: mark it ready for review"] if pull.is_draft else []
    if pull.is_from_fork and not options.allow_forks:
        found.append(
            "it comes from a fork: its code is a stranger's (--allow_forks runs it all the same)"
        )
    if options.method == "ff" and standing.is_protected:
        found.append(
            f"{pull.base} is protected: the forge makes a commit of its own (--method merge)"
        )
    found += [f"{who} asked for changes" for who in standing.objections]
    found += [f"the check {name} is red" for name in standing.red]
    found += [f"the required check {name} is missing" for name in standing.missing]
    found += [f"the check {name} still runs" for name in standing.running]
    needed = max(options.approvals, standing.required_approvals)
    if len(standing.approvals) < needed:
        stale = f"; {', '.join(standing.stale)} approved an older commit" if standing.stale else ""
        found.append(f"it needs {needed} approval{'s' * (needed > 1)} of its newest commit{stale}")
    return found


def _pull_case(
    repo: Repository, pull: PullRequest, target: Target, options: MergeOptions, standing: Ranking
) -> _Case:
    message = f"{pull.title or pull.branch} (#{pull.number})"
    remote = target.remote
    assert remote is not None
    by_push = options.method in ("merge", "ff") and not standing.is_protected

    def land(commit: str, old: str) -> str:
        if by_push:
            remotes.push_forward(repo.start, remote, commit, pull.base)
            return commit
        return _land_by_forge(repo, target, pull, options, old)

    return _Case(
        repo, options, _blank(pull), message, lambda: _remote_tip(repo, remote, pull), land
    )


def _remote_tip(repo: Repository, remote: Remote, pull: PullRequest) -> str:
    ref = f"{_REFS}/{pull.number}/base"
    remotes.fetch(repo.start, remote, {f"refs/heads/{pull.base}": ref})
    found = branches.commit_of(repo.start, ref)
    assert found is not None
    return found


def _land_by_forge(
    repo: Repository, target: Target, pull: PullRequest, options: MergeOptions, old: str
) -> str:
    """Where the base is protected, or the forge must know of a squash: its own merge, with the head
    we tested.

    The base is read once more just before; 'require branches to be up to date' closes the instant
    that is left.
    """
    assert target.forge is not None and target.remote is not None
    assert options.method != "ff"  # an obstacle on a protected base
    there = remotes.tips(repo.start, target.remote, [pull.base]).branches
    if there.get(pull.base) != old:
        raise PushError(f"{pull.base} moved meanwhile", kind="moved", hint="try again")
    try:
        return target.forge.merge(
            pull, method=options.method, title=f"{pull.title} (#{pull.number})"
        )
    except ForgeError as error:
        if error.kind == "base-moved":
            raise PushError(error.message, kind="moved", hint=error.hint) from error
        raise


def _decide(case: _Case, reasons: tuple[str, ...]) -> MergeDecision:
    """Make the result, test it and land it; again when the base moved meanwhile."""
    for attempt in range(ATTEMPTS):
        decision = _prepared(case, reasons)
        commit = decision.commit
        if decision.state != "ready" or commit is None:
            return _described(case, decision)
        with ThreadPoolExecutor(1) as beside:  # as quick as the checkout that the tests wait for
            described = beside.submit(_described, case, decision)
            run = run_tests(case.repo, commit, case.options.test_command, case.options.timeout)
        decision = replace(described.result(), run=run)
        if not run.is_green:
            return replace(
                decision, state="refused", reason=f"the tests of the merge's result are {run.said}"
            )
        if not case.options.confirm(decision):
            return decision
        try:
            landed = case.land(commit, decision.base_commit)
        except SweeptreeError as error:
            if not isinstance(error, PushError) or error.kind != "moved" or attempt == ATTEMPTS - 1:
                raise _NotLanded(_stuck(decision, error), error) from error
        else:
            return replace(decision, state="merged", commit=landed)
    raise AssertionError("unreachable")


def _stuck(decision: MergeDecision, error: SweeptreeError) -> MergeDecision:
    why = f"the tests of the merge's result are green, but it could not be landed: {error.message}"
    return replace(decision, state="refused", reason=why, others=error.hint)


def _prepared(case: _Case, reasons: tuple[str, ...]) -> MergeDecision:
    """What can be known before the tests: reasons against it, conflicts, the commit to be tested."""
    top, head, method = case.repo.start, case.blank.head, case.options.method
    base = case.base_tip()
    found = replace(case.blank, base_commit=base)
    if branches.contains(top, head, base):
        return replace(found, state="up-to-date", reason=f"{found.base} holds it already")
    merged = merges.try_merge(top, base, head)
    against = (*reasons, *([f"it conflicts with {found.base}"] if merged.tree is None else []))
    if method == "ff" and not branches.contains(top, base, head):
        against = (*against, f"it does not start at the tip of {found.base}: no fast-forward")
    if against:
        return replace(
            found,
            state="refused",
            reason=against[0],
            others=against[1:],
            conflicts=merged.conflicts,
        )
    if case.options.dry_run:
        return found
    commit = worktrees.merge_commit(case.repo, base, head, style=method, message=case.message)
    if commit is None:
        return replace(
            found, state="refused", reason=f"its commits cannot be put on {found.base} one by one"
        )
    return replace(found, state="ready", commit=commit)


def _described(case: _Case, decision: MergeDecision) -> MergeDecision:
    """The same with what a person wants to see of it: the files, the commits, and the diff where it
    is short."""
    top, base, head = case.repo.start, decision.base_commit, decision.head
    files, commits = merges.changed_files(top, base, head), history.commits_between(top, base, head)
    lines = sum((file.added or 0) + (file.removed or 0) for file in files)
    diff = merges.patch(top, base, head) if 0 < lines <= case.options.diff_lines else ""
    return replace(decision, files=files, diff=diff, commits=commits)


def _reported(target: Target, decision: MergeDecision) -> MergeDecision:
    """Tell the pull request: one comment that is kept up to date, and a status on its head where
    tests ran.

    What was decided stands also where the forge takes no comment: that is a warning.
    """
    assert target.forge is not None and decision.pull is not None
    try:
        if decision.run is not None:
            said = f"merged onto {decision.base_commit[:12]}: {decision.run.said}"
            target.forge.set_status(
                decision.head, ok=decision.run.is_green, context=_STATUS, description=said
            )
        target.forge.comment(decision.pull.number, Comment(_MARKER, decision.markdown))
    except ForgeError as error:
        return replace(decision, warnings=(error.message,))
    return decision
