"""Bringing back what was saved of a worktree: files, index, history, repositories inside.

Hides that it is built under another name first: nobody works in a worktree of which half is there,
and a restore that was killed is simply gone on with.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import plumbing
from sweeptree.repository.branches import checkouts, commit_of
from sweeptree.repository.repository import Repository, hide_from_git
from sweeptree.system.files import write_bytes
from sweeptree.worktrees import registry
from sweeptree.worktrees.job_card import find_card, write_card
from sweeptree.worktrees.links import STORE, LinksAndCopies
from sweeptree.worktrees.manager import exact
from sweeptree.worktrees.manager.notes import Note, name_lock, write_note
from sweeptree.worktrees.manager.places import NAMED, RETURNING, aside, usual_top
from sweeptree.worktrees.manager.removal import from_main
from sweeptree.worktrees.manager.salvage import (
    Salvage,
    Stage,
    find_salvage,
    forget_salvage,
    set_stage,
    shift,
    store_of,
)


@dataclass(frozen=True, slots=True)
class Restored:
    """A worktree that is back. `notes`: what is not as it was, a sentence each."""

    name: str
    path: str
    branch: str | None
    what: str
    notes: tuple[str, ...] = ()


def restore(repo: Repository, wanted: str) -> Restored:
    """Bring a saved worktree back to where it stood.

    Raises UsageError when nothing was saved under this name, Refused when its place is taken.
    """
    repo = from_main(repo)
    salvage = find_salvage(repo, wanted)
    with name_lock(repo, salvage.worktree.replace("/", "--")):
        salvage = find_salvage(repo, salvage.name)
        _check(salvage)
        return bring_back(repo, salvage)


def _check(salvage: Salvage) -> None:
    if salvage.stage in (Stage.MOVING, Stage.KEPT):
        raise Refused(
            f"the removal of {salvage.worktree} was cut short", hint="sweeptree worktree repair"
        )
    top = Path(salvage.top)
    if top.exists() or top.is_symlink():
        raise Refused(
            f"{top} is there already, so {salvage.name} cannot come back to it",
            hint=f"sweeptree worktree remove {salvage.worktree}   saves and removes what is there",
        )


def bring_back(repo: Repository, salvage: Salvage) -> Restored:
    """Restore, from wherever an earlier try has come to."""
    hide_from_git(repo)
    salvage = set_stage(repo, salvage, Stage.RETURNING)
    store, usual = store_of(repo, salvage), Path(salvage.top)
    top = aside(usual, RETURNING)
    notes = tuple(_notes(repo, salvage))
    entry = _put_entry(repo, salvage, top)
    _put_tracked(top, salvage, entry, is_detached=bool(notes))
    if salvage.commit:
        exact.put_files(top, salvage.head, salvage.commit)
    shift(store / "files", top)
    _put_card(salvage, store, entry, top)
    registry.move(repo, entry, top, usual)
    plumbing.ask(usual, "update-index", "-q", "--refresh")
    _put_note(repo, salvage)
    forget_salvage(repo, salvage)
    branch = None if notes else salvage.branch
    return Restored(salvage.worktree, str(usual), branch, salvage.what, notes)


def _notes(repo: Repository, salvage: Salvage) -> Iterator[str]:
    """Why the worktree cannot be on its branch again."""
    branch = salvage.branch
    if branch is None or salvage.head is None:
        return
    at = f"HEAD is detached at {salvage.head[:12]}"
    elsewhere = checkouts(repo.top).get(branch)
    here = aside(Path(salvage.top), RETURNING)
    if elsewhere is not None and elsewhere not in (here, Path(salvage.top)):
        yield f"the branch {branch} is checked out at {elsewhere}: {at}"
    elif commit_of(repo.top, f"refs/heads/{branch}") != salvage.head:
        yield f"the branch {branch} has moved or is gone: {at}"


def _put_entry(repo: Repository, salvage: Salvage, top: Path) -> Path:
    """Give git its entry back, under its old name or a free one; it leads to `top`."""
    stored = store_of(repo, salvage) / "entry"
    with plumbing.worktrees_lock(repo.common_dir):
        if not stored.is_dir():
            return _entry_of(repo, top)
        entry = _free_entry(Path(salvage.entry), repo)
        registry.point_to(stored, top)
        (stored / "commondir").write_text("../..\n")
        top.mkdir(parents=True, exist_ok=True)
        (top / ".git").write_bytes(b"gitdir: " + bytes(entry) + b"\n")
        _lead_submodules(repo, store_of(repo, salvage), entry, top)
        shift(stored, entry)
    return entry


def _entry_of(repo: Repository, top: Path) -> Path:
    entry = registry.entry_of(top)
    if entry is None or not entry.is_dir():
        raise Refused(f"git's entry of {top} is lost", hint=f"ls {repo.common_dir / 'worktrees'}")
    return entry


def _free_entry(wanted: Path, repo: Repository) -> Path:
    folder = repo.common_dir / "worktrees"
    entry, count = folder / wanted.name, 2
    while entry.exists():
        entry, count = folder / f"{wanted.name}-{count}", count + 1
    return entry


def _lead_submodules(repo: Repository, store: Path, entry: Path, top: Path) -> None:
    """Let submodules find their repositories below git's entry, which may have a new name."""
    stored, files = store / "entry", store / "files"
    for config in sorted((stored / "modules").rglob("config")):
        module = config.parent
        if not (module / "HEAD").is_file():
            continue
        # Asked from outside: inside, git would first go to the place that is wrong.
        answer = plumbing.ask(repo.top, "config", "-f", str(config), "core.worktree")
        path = _path_of_submodule(os.fsdecode(answer.out).rstrip("\n"), files)
        if path is None:
            continue
        home = entry / module.relative_to(stored)
        (files / path / ".git").write_bytes(b"gitdir: " + bytes(home) + b"\n")
        words = ("config", "-f", str(config), "core.worktree")
        plumbing.run(repo.top, *words, str(usual_top(top) / path))


def _path_of_submodule(old: str, files: Path) -> Path | None:
    """Where below the worktree a submodule's files stand: the folder that its old place ends
    with."""
    parts = [part for part in Path(old).parts if part not in ("..", "/")]
    for start in range(len(parts)):
        path = Path(*parts[start:])
        if (files / path / ".git").is_file():
            return path
    return None


def _put_tracked(top: Path, salvage: Salvage, entry: Path, *, is_detached: bool) -> None:
    """Write the files of HEAD, through an index of our own: the worktree's own is its user's."""
    if salvage.head is None:
        return
    if is_detached:
        write_bytes(entry / "HEAD", f"{salvage.head}\n".encode())
    with tempfile.TemporaryDirectory(prefix="sweeptree-index-") as folder:
        call = plumbing.Call(env={"GIT_INDEX_FILE": str(Path(folder, "index"))})
        plumbing.run(top, "read-tree", salvage.head, call=call)
        plumbing.run(top, *plumbing.CHECKOUT, "checkout-index", "-a", "-f", "-q", call=call)


def _put_card(salvage: Salvage, store: Path, entry: Path, top: Path) -> None:
    """Put our card back, and what the worktree had beside the commit."""
    usual = Path(salvage.top)
    shift(store / "beside", usual.parent)
    card = find_card(usual)
    if card is None:
        return
    card = replace(card, entry=str(entry))
    write_card(usual, card)
    source = Path(card.store) if card.store else usual.parent / STORE
    links = [link for link in card.links if not (top / link).exists()]
    links = [link for link in links if not (top / link).is_symlink()]
    copies = [path for path in card.copies if (source / path).is_file()]
    copies = [path for path in copies if not (top / path).exists()]
    LinksAndCopies(Path(card.source), source, tuple(links), tuple(copies)).put(top)


def _put_note(repo: Repository, salvage: Salvage) -> None:
    if Path(salvage.top).parent.name != NAMED:
        return
    made = Note(
        name=salvage.worktree,
        ref=salvage.head or "",
        made=salvage.saved,
        ready=True,
        branch=salvage.branch,
    )
    write_note(repo, made)
