"""Deliver a worktree's content, or a commit, to a branch and a pull request.

Every step reads first and writes the difference. A crash between any two of them, an answer that
got lost, other processes that deliver the same: running it again comes to the same branch and the
same one pull request.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sweeptree import worktrees
from sweeptree.errors import PushError
from sweeptree.publish.delivery.order import Order
from sweeptree.publish.delivery.pull import wanted_pull, with_pull
from sweeptree.publish.delivery.pushing import Brought, bring
from sweeptree.publish.delivery.source import commit_source, worktree_source
from sweeptree.publish.delivery.target import Target, check_branch, find_target, guard_limits
from sweeptree.publish.delivery.values import Context, Delivered, DeliveryResult, Options
from sweeptree.publish.forge import Ensured
from sweeptree.repository import branches, guards, remotes
from sweeptree.worktrees import Contents


def deliver(worktree: Path, branch: str, options: Options, context: Context) -> Delivered:
    """Commit what stands in a worktree to `branch`, push it and open a pull request, where it can.

    The worktree's index, HEAD and files stay as they are. Raises UsageError, Refused (a guard),
    PushError, ForgeError.
    """
    top = branches.worktree_top(worktree)
    target = find_target(top, options, context)
    limits = guard_limits(options, target)
    check_branch(top, branch, target.base)
    guards.check_name(branch, limits)

    contents = worktrees.read_contents(top, limits)
    contents.examined.must_pass()
    if _is_in_base(contents, target, options):
        left_out = contents.examined.left_out
        return Delivered(DeliveryResult.NO_CHANGE, branch, base=target.base, left_out=left_out)
    source = worktree_source(contents, branch, options, limits.known)
    return _deliver(Order(source, branch, target, options))


def _is_in_base(contents: Contents, target: Target, options: Options) -> bool:
    """True when HEAD is part of the base already and nothing is uncommitted."""
    if contents.is_changed or target.base is None:
        return False
    base = remotes.tracked_tip(contents.top, target.base, options.remote)
    base = base or branches.local_branch(contents.top, target.base)
    return base is not None and branches.contains(contents.top, contents.head, base)


def publish_commit(
    top: Path, branch: str, commit: str, options: Options, context: Context
) -> Delivered:
    """Push a commit that exists to `branch` and open a pull request for it, where that is possible.

    Raises as `deliver` does.
    """
    target = find_target(top, options, context)
    check_branch(top, branch, target.base)
    guards.check_name(branch, guard_limits(options, target))
    return _deliver(Order(commit_source(top, commit, branch, options), branch, target, options))


def add_labels_and_reviewers(
    top: Path, done: Delivered, options: Options, context: Context
) -> tuple[str, ...]:
    """Labels and reviewers for the pull request of a delivery.

    Returns what was done; raises ForgeError.
    """
    target = find_target(top, options, context)
    if target.forge is None or done.pull is None:
        return ()
    is_new = done.state is DeliveryResult.OPENED
    ensured = target.forge.add_labels_and_reviewers(
        Ensured(done.pull), options.labels, options.reviewers, is_new=is_new
    )
    return (*ensured.did, *ensured.warnings)


def _deliver(order: Order) -> Delivered:
    """The plan in a dry run; else as much of it as is still to be done."""
    planned = order.planned()
    if order.options.dry_run:
        return replace(planned, hints=(*planned.hints, *_unknown_base(order)))
    if not order.pushes:
        return _keep(order, planned, *_push_hint(order))
    try:
        return _finish(order, planned, bring(order))
    except PushError as error:
        if error.kind != "auth":
            raise
        if order.target.token is not None:
            raise _refused_token(order, error) from error
        return replace(_keep(order, planned, error.message), steps=planned.steps[:1])


def _unknown_base(order: Order) -> tuple[str, ...]:
    """What a plan cannot know, because it asks nobody."""
    base, name = order.target.base, order.options.remote
    if not order.pushes:
        return ()
    if base is None:
        return (f"{name}'s default branch is not known here: git remote set-head {name} --auto",)
    if remotes.tracked_tip(order.top, base, name) is None:
        return (f"{name}/{base} is not known here: git fetch {name} {base}   shows if it exists",)
    return ()


def _push_hint(order: Order) -> tuple[str, ...]:
    if order.target.remote is None:
        return ()
    return (f"git push {order.target.remote.name} {order.branch}",)


def _keep(order: Order, planned: Delivered, *hints: str) -> Delivered:
    """Our content on a local branch, whatever a remote may say."""
    commit = order.source.commit(branches.last_delivery(order.top, order.branch))
    branches.remember_delivery(order.top, order.branch, commit)
    all_hints = (*planned.hints, *hints)
    return replace(planned, state=DeliveryResult.LOCAL, commit=commit, hints=all_hints)


def _refused_token(order: Order, error: PushError) -> PushError:
    """Git's words name no token; over ssh there was none."""
    token = order.target.token
    if token is None or not order.remote.access:
        return error
    why = f"the token from {token.source} is not accepted, or may not write here"
    hint = "make a new token, or: gh auth login"
    return PushError(f"{error.message} ({why})", kind="auth", stderr=error.stderr, hint=hint)


def _finish(order: Order, planned: Delivered, brought: Brought) -> Delivered:
    """The pull request of a branch that stands where it should."""
    seen = brought.seen
    done = replace(planned, commit=brought.commit, base=seen.base)
    if brought.end is DeliveryResult.NO_CHANGE:
        return replace(done, state=brought.end, commit=None, steps=())
    if brought.end is not None:
        return replace(done, state=brought.end, pull=seen.pull, steps=())
    if order.target.forge is None or not order.options.open_pr or seen.base is None:
        return _only_pushed(done, brought)
    ensured = order.target.forge.ensure(wanted_pull(order, seen.base), seen.pull)
    return with_pull(done, ensured, is_pushed=brought.is_pushed)


def _only_pushed(done: Delivered, brought: Brought) -> Delivered:
    if brought.is_pushed:
        return replace(done, state=DeliveryResult.PUSHED, steps=done.steps[:2])
    return replace(done, state=DeliveryResult.UNCHANGED, steps=())
