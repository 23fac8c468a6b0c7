"""Making a named worktree: from any commit, with what is not in it, a set-up, ports and a lease.

Hides the order by which a killed creation is told from a worktree that was handed out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import GitError, Refused, SweeptreeError
from sweeptree.repository import plumbing, resolve_base
from sweeptree.repository.branches import check_branch_name, checkouts, contains, local_branch
from sweeptree.repository.commit_paths import read_commit_paths
from sweeptree.repository.repository import Repository, hide_from_git
from sweeptree.system import clock
from sweeptree.worktrees import registry
from sweeptree.worktrees.job_card import JobCard, card_path, write_card
from sweeptree.worktrees.links import LinksAndCopies, plan_links_and_copies
from sweeptree.worktrees.manager.lease import end_lease, new_lease, write_lease
from sweeptree.worktrees.manager.notes import Note, end_note, name_lock, write_note
from sweeptree.worktrees.manager.places import NAMED, check_name, named_folder
from sweeptree.worktrees.manager.ports import take_ports
from sweeptree.worktrees.manager.setup import run_setup
from sweeptree.worktrees.manager.sharing import Share, put_extras
from sweeptree.worktrees.slot import delete_worktree

BRANCHES = "sweeptree/worktree/"


@dataclass(frozen=True, slots=True)
class Order:
    """A worktree that is asked for.

    `ref`: where it starts; `branch` None: sweeptree/worktree/<name>, empty: none (detached);
    `links` None: a `data/` that is not in the commit; `setup`: a command that is run in it, at most
    `setup_timeout` seconds; `lease_pid`: the process that has it, 0 for none; `ports`: whether it
    gets a block of ports.
    """

    name: str
    ref: str = "HEAD"
    branch: str | None = None
    links: tuple[str, ...] | None = None
    share: Share = Share.REFLINK
    setup: str | None = None
    setup_timeout: float = 3600.0
    lease_pid: int = 0
    ports: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A worktree that was made. `notes`: what its user should know, a sentence each."""

    name: str
    path: str
    branch: str | None
    commit: str
    port: int | None
    setup: str
    notes: tuple[str, ...] = ()


def create(
    repo: Repository, order: Order, *, environment: Mapping[str, str], ports_folder: Path
) -> Made:
    """Make a worktree. Nothing is left of one that cannot be made.

    `environment`: of the set-up command. Raises UsageError, Refused, GitError.
    """
    check_name(order.name)
    top = named_folder(repo) / order.name
    base = resolve_base(repo, order.ref)
    branch = _branch(repo, order, base.commit)
    extras = _extras(repo, order, base.commit)
    lease = new_lease(order.lease_pid) if order.lease_pid else None
    with name_lock(repo, order.name, patience=0.0, is_new=True):
        _check_place(top)
        hide_from_git(repo)
        note = Note(order.name, order.ref, clock.utc_now(), branch=branch, setup=order.setup)
        write_note(repo, note)
        try:
            if lease is not None:
                write_lease(repo, order.name, lease)
            made = _make(repo, order, base.commit, extras, note)
            return _prepare(repo, order, made, environment, ports_folder)
        except BaseException:
            _unmake(repo, top)
            raise


def _check_place(top: Path) -> None:
    for place in (top, card_path(top)):
        if place.exists() or place.is_symlink():
            raise Refused(
                f"there is a worktree {top.name} already: {top}",
                hint=("choose another name", f"sweeptree worktree remove {top.name}"),
            )


def _extras(repo: Repository, order: Order, commit: str) -> LinksAndCopies:
    committed = read_commit_paths(repo, commit)
    found = plan_links_and_copies(repo, committed, order.links, repo.start)
    return replace(found, links=tuple(dict.fromkeys(found.links)))


def _branch(repo: Repository, order: Order, commit: str) -> str | None:
    """The branch that the worktree will be on; None for none. Raises UsageError, Refused."""
    if order.branch == "":
        return None
    name = order.branch or f"{BRANCHES}{order.name}"
    check_branch_name(repo.start, name)
    _check_not_elsewhere(repo, name)
    there = local_branch(repo.start, name)
    if there is None or there == commit or contains(repo.start, there, commit):
        return name
    raise Refused(
        f"the branch {name} exists with commits that {order.ref} lacks",
        hint=(f"--from {name} goes on from there", "--branch OTHER makes another branch"),
    )


def _check_not_elsewhere(repo: Repository, branch: str) -> None:
    place = checkouts(repo.start).get(branch)
    if place is not None:
        raise Refused(
            f"the branch {branch} is checked out at {place}",
            hint=("--branch OTHER makes another branch", "--detach makes none"),
        )


@dataclass(frozen=True, slots=True)
class _Worktree:
    """A worktree whose files are there."""

    top: Path
    commit: str
    note: Note
    extras: LinksAndCopies


def _make(
    repo: Repository, order: Order, commit: str, extras: LinksAndCopies, note: Note
) -> _Worktree:
    top = named_folder(repo) / order.name
    entry = registry.add(repo, top, commit)
    card = JobCard(
        exp_name=NAMED,
        base=commit,
        entry=str(entry),
        common_dir=str(repo.common_dir),
        source=str(extras.source),
        store=str(extras.source),
    )
    write_card(top, card)
    if note.branch is not None:
        _put_on_branch(top, note.branch, commit)
    plumbing.run(top, *plumbing.CHECKOUT, "reset", "-q", "--hard", commit)
    put = put_extras(extras, top, order.share)
    write_card(top, replace(card, links=put.links, copies=put.copies))
    return _Worktree(top, commit, note, put)


def _put_on_branch(top: Path, branch: str, commit: str) -> None:
    """Make the branch, or move it forward, unless somebody was quicker."""
    ref = f"refs/heads/{branch}"
    old = local_branch(top, branch) or "0" * len(commit)
    words = (*plumbing.DURABLE, "update-ref", "-m", "sweeptree worktree create")
    plumbing.run(top, *words, ref, commit, old)
    plumbing.run(top, "symbolic-ref", "HEAD", ref)


def _prepare(
    repo: Repository,
    order: Order,
    made: _Worktree,
    environment: Mapping[str, str],
    ports_folder: Path,
) -> Made:
    """Ports and set-up; then the worktree is whole, and its note says so."""
    port = take_ports(ports_folder, made.top) if order.ports else None
    note = replace(made.note, port=port)
    said, notes = "", []
    if order.setup:
        own = {**environment, **variables(made.top, port)}
        result = run_setup(repo, made.top, order.setup, own, timeout=order.setup_timeout)
        note = replace(note, setup_paths=result.paths, setup_end=result.end)
        said, notes = result.how, list(result.notes)
    write_note(repo, replace(note, ready=True))
    return Made(
        order.name, str(made.top), note.branch, made.commit, port, said, _shared(made, notes)
    )


def variables(top: Path, port: int | None) -> dict[str, str]:
    """What commands in a worktree are told."""
    ports = {} if port is None else {"SWEEPTREE_PORT": str(port)}
    return {"SWEEPTREE_WORKTREE": str(top), **ports}


def _shared(made: _Worktree, notes: Sequence[str]) -> tuple[str, ...]:
    where = made.extras.source
    links = [f"{link} is a link: you share it with {where}" for link in made.extras.links]
    return (*links, *notes)


def _unmake(repo: Repository, top: Path) -> None:
    """Nobody was given the worktree yet: all in it is from the commit, the checkout or set-up."""
    with contextlib.suppress(OSError, GitError, SweeptreeError):
        entry = registry.entry_of(top)
        delete_worktree(repo, top, entry.resolve() if entry and entry.is_dir() else None)
    end_lease(repo, top.name)
    end_note(repo, top.name)
