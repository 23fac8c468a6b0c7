"""Bring the remote's branch to the content that is delivered, without losing anybody's work.

Hides: what is read before the push (the branch, the base, the pull request), whose commits may be
replaced, and that the guards look at every commit that the push would send.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import ForgeError, PushError, UsageError
from sweeptree.model import PullRequest
from sweeptree.publish.delivery.order import Order
from sweeptree.publish.delivery.target import check_branch
from sweeptree.publish.delivery.values import DeliveryResult
from sweeptree.repository import branches, outgoing, remotes
from sweeptree.repository.remotes import Tips

RACES = 5
_FETCHED = "refs/sweeptree/fetched"


@dataclass(frozen=True, slots=True)
class Seen:
    """What stood on the remote and on the forge before the push. `pull`: the one of this branch."""

    tips: Tips
    base: str | None
    pull: PullRequest | None

    @property
    def is_closed(self) -> bool:
        """True when people have closed or merged the pull request."""
        return self.pull is not None and self.pull.state != "open"


@dataclass(frozen=True, slots=True)
class Brought:
    """Where the branch stands now. `end`: set where the delivery ends here, without a push."""

    commit: str
    seen: Seen
    is_pushed: bool = False
    end: DeliveryResult | None = None


def bring(order: Order) -> Brought:
    """Bring the branch to our content. Raises UsageError, Refused, PushError, ForgeError.

    A branch that two processes made at the same time is looked at again.
    """
    for race in range(RACES):
        seen = _look(order)
        try:
            return _bring(order, seen)
        except PushError as error:
            is_race = error.kind == "moved" and order.branch not in seen.tips.branches
            if not is_race or race == RACES - 1:
                raise
    raise AssertionError("unreachable")


def _look(order: Order) -> Seen:
    names = [order.branch, order.target.base] if order.target.base else [order.branch]
    tips = remotes.tips(order.top, order.remote, names)
    base = order.target.base or tips.default
    check_branch(order.top, order.branch, tips.default)
    _check_base(order, tips, base)
    return Seen(tips, base, _find_pull(order, base))


def _check_base(order: Order, tips: Tips, base: str | None) -> None:
    """Raise UsageError, before anything is pushed, for a base that the remote does not have."""
    is_needed = order.options.base is not None or order.opens_pull
    if base is None or base in tips.branches or not is_needed:
        return
    if tips.default and tips.default != base:
        hint = f"its default branch is {tips.default}: --base {tips.default}"
    else:
        hint = f"git push {order.remote.name} {base}   makes it"
    raise UsageError(f"there is no branch {base} on {order.remote.name}", hint=hint)


def _find_pull(order: Order, base: str | None) -> PullRequest | None:
    if order.target.forge is None or not order.options.open_pr:
        return None
    if base is None:
        raise ForgeError(
            "the remote names no default branch", kind="invalid", hint="name the base with --base"
        )
    return order.target.forge.find(order.branch, base, order.target.owner)


def _bring(order: Order, seen: Seen) -> Brought:
    there = seen.tips.branches.get(order.branch)
    held = branches.last_delivery(order.top, order.branch)
    ours = order.source.commit(there if there == held else None)
    commit = _settle(order, ours, there, held)
    if commit == there:
        return Brought(commit, seen, end=DeliveryResult.CLOSED if seen.is_closed else None)
    if seen.is_closed and _is_content_of(order.top, commit, seen.pull):
        return Brought(commit, seen, end=DeliveryResult.CLOSED)  # people have decided about it

    base_tip = _base_tip(order, seen)
    if base_tip and branches.contains(order.top, commit, base_tip):
        return Brought(commit, seen, end=DeliveryResult.NO_CHANGE)
    _push(order, commit, there, base_tip)
    return Brought(commit, seen, is_pushed=True)


def _is_content_of(top: Path, commit: str, pull: PullRequest | None) -> bool:
    return pull is not None and _same_files(top, commit, pull.commit)


def _push(order: Order, commit: str, there: str | None, base_tip: str | None) -> None:
    """Push, after the guards have looked at every commit that would be sent."""
    known = [tip for tip in (there, base_tip) if tip]
    outgoing.check_commits(order.top, commit, known, order.limits)
    branches.remember_delivery(order.top, order.branch, commit)
    remotes.push(order.top, order.remote, commit, order.branch, expected=there)


def _base_tip(order: Order, seen: Seen) -> str | None:
    """The commit of the remote's base, fetched where this clone lacks it; None where it cannot be
    had."""
    tip = seen.tips.branches.get(seen.base) if seen.base else None
    if tip is None or branches.commit_of(order.top, tip):
        return tip
    try:
        _fetch(order, str(seen.base))
    except PushError:
        return None  # the guards look at everything then
    return branches.commit_of(order.top, tip)


def _settle(order: Order, ours: str, there: str | None, held: str | None) -> str:
    """The commit that the branch is to stand at: ours, or what is there where that has our work.

    Raises PushError when somebody else's commits would be lost.
    """
    top = order.top
    if there is None or branches.contains(top, there, ours):
        return ours
    _fetch(order, order.branch)
    if _has_our_work(order, ours, there, held):
        return there
    if there == held or remotes.was_pushed_here(top, order.remote.name, order.branch, there):
        return ours  # our own commits, made anew: amended or rebased
    raise _others_commits(order, there)


def _has_our_work(order: Order, ours: str, there: str, held: str | None) -> bool:
    """True for the same files, and where somebody went on from our work and we have nothing new."""
    if _same_files(order.top, ours, there):
        return True
    if held is None or not _same_files(order.top, ours, held):
        return False
    return branches.contains(order.top, held, there)


def _others_commits(order: Order, there: str) -> PushError:
    branch, name = order.branch, order.remote.name
    return PushError(
        f"{branch} on {name} holds commits of somebody else ({there[:12]}); they are left alone",
        kind="moved",
        hint=(
            f"git fetch {name} {branch}   shows them",
            "then deliver to a branch of another name",
        ),
    )


def _fetch(order: Order, branch: str) -> None:
    remotes.fetch(order.top, order.remote, {f"refs/heads/{branch}": f"{_FETCHED}/{branch}"})


def _same_files(top: Path, ours: str, other: str) -> bool:
    """True when the other commit holds the same tree; one that this repository lacks does not."""
    return branches.find_tree_id(top, other) == branches.tree_id(top, ours)
