"""The ladder: the rungs in their order, each proposal judged by the gate, until one is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.publish.checks import RedFlag, TestResults, Verdict
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.proposal import Budget, Proposal, Rung, RungName

Judge = Callable[[bytes], Verdict]
MakePlace = Callable[[], AbstractContextManager[Path]]
_AMBIGUOUS = "another {what} passes too: a person must choose"


class AttemptState(StrEnum):
    """What came of a rung.

    `needs-person`: it passes all tests, and something in it must be looked at; `alternative`: it
    was found beside the accepted one and not judged.
    """

    ACCEPTED = "accepted"
    NEEDS_PERSON = "needs-person"
    REFUSED = "refused"
    ALTERNATIVE = "alternative"
    NOTHING = "nothing"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One proposal and what the gate said of it, or a rung without one and why."""

    rung: RungName
    state: AttemptState
    reasons: tuple[str, ...] = ()
    note: str = ""
    patch: bytes = b""
    flags: tuple[RedFlag, ...] = ()
    seconds: float = 0.0
    cost: str | None = None
    after: TestResults | None = None

    @property
    def is_good(self) -> bool:
        """Whether nobody could do better: it was accepted, or what keeps it from that is no line of
        the patch but how little the tests tell (only an exit code)."""
        if self.state is AttemptState.NEEDS_PERSON:
            return bool(self.flags) and not any(flag.path for flag in self.flags)
        return self.state is AttemptState.ACCEPTED


def climb(
    report: FailureReport, rungs: Iterable[Rung], judge: Judge, make_place: MakePlace
) -> tuple[Attempt, ...]:
    """Try the rungs one after the other; the last attempts are those of the first rung that had a
    good one."""
    attempts: list[Attempt] = []
    for rung in rungs:
        found = _try(rung, report, judge, make_place)
        attempts.extend(found)
        if chosen(found) is not None:
            break
    return tuple(attempts)


def chosen(attempts: Iterable[Attempt]) -> Attempt | None:
    """The first good attempt, if there is one."""
    return next((each for each in attempts if each.is_good), None)


def _try(
    rung: Rung, report: FailureReport, judge: Judge, make_place: MakePlace
) -> tuple[Attempt, ...]:
    if rung.not_run:
        return (Attempt(rung.name, AttemptState.NOT_RUN, (rung.not_run,)),)
    try:
        with make_place() as top:
            proposals = rung.propose(report, top, Budget(rung.seconds))
        found = tuple(_judged(proposals, judge))
    except SweeptreeError as error:
        return (Attempt(rung.name, AttemptState.REFUSED, (error.message,)),)
    return found or (Attempt(rung.name, AttemptState.NOTHING),)


def _judged(proposals: Sequence[Proposal], judge: Judge) -> Iterator[Attempt]:
    """Alternatives of which one is meant are judged together; others until one is good."""
    is_done = False
    for exclusive, group in groupby(proposals, key=lambda each: each.exclusive):
        if is_done:
            yield from (_not_judged(each) for each in group)
            continue
        members = list(group)
        if exclusive is not None:
            found = _only_one([_attempt(each, judge) for each in members], exclusive)
        else:
            found = list(_until_good(members, judge))
        is_done = chosen(found) is not None
        yield from found


def _until_good(proposals: Iterable[Proposal], judge: Judge) -> Iterator[Attempt]:
    is_done = False
    for proposal in proposals:
        attempt = _not_judged(proposal) if is_done else _attempt(proposal, judge)
        is_done = is_done or attempt.is_good
        yield attempt


def _only_one(attempts: list[Attempt], what: str) -> list[Attempt]:
    passing = [each for each in attempts if each.is_good]
    if len(passing) < 2:
        return attempts
    return [_ambiguous(each, what) if each in passing else each for each in attempts]


def _ambiguous(attempt: Attempt, what: str) -> Attempt:
    reason = _AMBIGUOUS.format(what=what)
    return replace(attempt, state=AttemptState.NEEDS_PERSON, reasons=(reason,), flags=())


def _not_judged(proposal: Proposal) -> Attempt:
    return replace(_blank(proposal), state=AttemptState.ALTERNATIVE)


def _attempt(proposal: Proposal, judge: Judge) -> Attempt:
    if not proposal.patch:
        return _blank(proposal)
    verdict = judge(proposal.patch)
    return replace(
        _blank(proposal),
        state=_state_of(verdict),
        reasons=verdict.reasons,
        patch=verdict.patch if verdict.is_accepted else proposal.patch,
        flags=verdict.flags,
        after=verdict.after,
    )


def _state_of(verdict: Verdict) -> AttemptState:
    if not verdict.is_accepted:
        return AttemptState.REFUSED
    return AttemptState.NEEDS_PERSON if verdict.needs_person else AttemptState.ACCEPTED


def _blank(proposal: Proposal) -> Attempt:
    return Attempt(
        proposal.rung,
        AttemptState.NOTHING,
        note=proposal.note,
        patch=proposal.patch,
        seconds=proposal.seconds,
        cost=proposal.cost,
    )
