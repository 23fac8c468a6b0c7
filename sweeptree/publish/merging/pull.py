"""Merge a pull request, where its reviews and checks allow it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree import repository
from sweeptree.errors import ForgeError, PushError, Refused
from sweeptree.model import PullRequest, PullState
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Context, Options
from sweeptree.publish.forge import MERGE_RESULT, Comment, Forge, Readiness
from sweeptree.publish.merging.decide import MergeCase, NotLanded, decide
from sweeptree.publish.merging.values import MergeDecision, MergeOptions, MergeState
from sweeptree.repository import Repository, branches, merges, remotes
from sweeptree.repository.remotes import Remote

_PULL = re.compile(r"(?:#?|https?://[^\s?#]+/pull/)(?P<number>\d+)(?:/\w*)?")
_REFS = "refs/sweeptree/merge"
_MARKER = "merge-assistant"


def pull_number(text: str) -> int | None:
    """The number in `12`, `#12` or the URL of a pull request; None for anything else."""
    found = _PULL.fullmatch(text)
    return int(found["number"]) if found else None


@dataclass(frozen=True, slots=True)
class PullBase:
    """The base of a pull request, on its remote."""

    repo: Repository
    remote: Remote
    forge: Forge
    pull: PullRequest
    options: MergeOptions
    is_protected: bool

    def tip(self) -> str:
        """Its newest commit, fetched."""
        ref = f"{_REFS}/{self.pull.number}/base"
        remotes.fetch(self.repo.start, self.remote, {f"refs/heads/{self.pull.base}": ref})
        found = branches.commit_of(self.repo.start, ref)
        assert found is not None
        return found

    def check_landing(self, tip: str, tree: str) -> None:
        """Nobody's files are touched."""

    def report_tests(self, decision: MergeDecision) -> MergeDecision:
        """Set our status on the head before the merge: the base may require it.

        Where the forge takes no status, that is a warning: it says itself whether it needs one.
        """
        assert decision.run is not None
        description = f"merged onto {decision.base_commit[:12]}: {decision.run.summary}"
        try:
            self.forge.set_status(
                decision.head,
                ok=decision.run.is_green,
                context=MERGE_RESULT,
                description=description,
            )
        except ForgeError as error:
            return _with_warning(decision, error)
        return decision

    def land(self, commit: str, tip: str) -> str:
        """Push the very commit, or let the forge merge where it must know or the base is
        protected."""
        if self.is_protected or self.options.method in ("squash", "rebase"):
            return self._land_by_forge(tip)
        remotes.push_forward(self.repo.start, self.remote, commit, self.pull.base)
        return commit

    def _land_by_forge(self, tip: str) -> str:
        """The forge's own merge, with the head that we tested.

        The base is read once more just before; 'require branches to be up to date' closes the
        instant that is left.
        """
        method, pull = self.options.method, self.pull
        assert method != "ff"  # refused for a protected base
        there = remotes.tips(self.repo.start, self.remote, [pull.base]).branches
        if there.get(pull.base) != tip:
            raise PushError(f"{pull.base} moved meanwhile", kind="moved", hint="try again")
        try:
            return self.forge.merge(pull, method=method, title=f"{pull.title} (#{pull.number})")
        except ForgeError as error:
            if error.kind == "base-moved":
                raise PushError(error.message, kind="moved", hint=error.hint) from error
            raise


def merge_pull(start: Path, number: int, options: MergeOptions, context: Context) -> MergeDecision:
    """Merge a pull request if nothing stands in the way.

    Raises Refused, UsageError, PushError, ForgeError.
    """
    repo = repository.find_repository(start)
    target = delivery.find_target(
        repo.start, Options(remote=options.remote, repo=options.repo), context
    )
    if target.forge is None or target.remote is None:
        raise Refused("there is no forge to ask about pull requests", hint=target.hints)
    pull = target.forge.get(number)
    if pull.state is not PullState.OPEN:
        return _decided_already(pull)

    base = PullBase(repo, target.remote, target.forge, pull, options, is_protected=False)
    try:
        with merges.merge_lock(repo, pull.base), merges.temporary_refs(repo, f"{_REFS}/{number}"):
            decision = _decide(base)
    except NotLanded as stuck:
        _commented(target.forge, stuck.decision)
        raise stuck.error from stuck
    return _commented(target.forge, decision) if _is_news(decision, options) else decision


def _decided_already(pull: PullRequest) -> MergeDecision:
    is_merged = pull.state is PullState.MERGED
    state = MergeState.UP_TO_DATE if is_merged else MergeState.REFUSED
    return replace(_blank(pull), state=state, reason=f"it is {pull.state.value}")


def _is_news(decision: MergeDecision, options: MergeOptions) -> bool:
    """True for what the pull request is told: refusals, and whatever was tested."""
    if options.dry_run:
        return False
    return decision.run is not None or decision.state is MergeState.REFUSED


def _decide(base: PullBase) -> MergeDecision:
    pull, top = base.pull, base.repo.start
    head = f"{_REFS}/{pull.number}/head"
    remotes.fetch(top, base.remote, {f"refs/pull/{pull.number}/head": head})
    if branches.commit_of(top, head) != pull.commit:
        reason = "its head moved just now: look at it again"
        return replace(_blank(pull), state=MergeState.REFUSED, reason=reason)

    readiness = base.forge.readiness(pull)
    case = MergeCase(
        repo=base.repo,
        options=base.options,
        blank=_blank(pull),
        message=f"{pull.title or pull.branch} (#{pull.number})",
        base=replace(base, is_protected=readiness.is_protected),
        reasons=tuple(obstacles(pull, readiness, base.options)),
    )
    return decide(case)


def _blank(pull: PullRequest) -> MergeDecision:
    subject = f"pull request {pull.number}"
    return MergeDecision(MergeState.PLANNED, subject, pull.base, head=pull.commit, pull=pull)


def obstacles(pull: PullRequest, readiness: Readiness, options: MergeOptions) -> Iterator[str]:
    """Why the forge's side forbids the merge, the most telling reason first."""
    if pull.is_draft:
        yield "it is a draft: mark it ready for review"
    if pull.is_from_fork and not options.allow_forks:
        yield "it comes from a fork: its code is a stranger's (--allow_forks runs it all the same)"
    if options.method == "ff" and readiness.is_protected:
        yield f"{pull.base} is protected: the forge makes a commit of its own (--method merge)"
    for who in readiness.objections:
        yield f"{who} asked for changes"
    yield from _check_obstacles(readiness)
    yield from _approval_obstacles(readiness, options)


def _check_obstacles(readiness: Readiness) -> Iterator[str]:
    for name in readiness.red:
        yield f"the check {name} is red"
    for name in readiness.missing:
        yield f"the required check {name} is missing"
    for name in readiness.running:
        yield f"the check {name} still runs"


def _approval_obstacles(readiness: Readiness, options: MergeOptions) -> Iterator[str]:
    needed = max(options.approvals, readiness.required_approvals)
    if len(readiness.approvals) >= needed:
        return
    approvals = "1 approval" if needed == 1 else f"{needed} approvals"
    stale = ", ".join(readiness.stale)
    more = f"; {stale} approved an older commit" if stale else ""
    yield f"it needs {approvals} of its newest commit{more}"


def _commented(forge: Forge, decision: MergeDecision) -> MergeDecision:
    """Tell the pull request, in one comment that is kept up to date.

    What was decided stands also where the forge takes no comment: that is a warning.
    """
    assert decision.pull is not None
    try:
        forge.comment(decision.pull.number, Comment(_MARKER, decision.markdown))
    except ForgeError as error:
        return _with_warning(decision, error)
    return decision


def _with_warning(decision: MergeDecision, error: ForgeError) -> MergeDecision:
    return replace(decision, warnings=(*decision.warnings, error.message))
