"""Worktrees that an earlier process of a sweep left behind, and those that were kept.

Hides: how one is told from the folder of somebody else, whether a job still runs in it, and whether
it holds work.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.model import Worktree
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.system import locks
from sweeptree.worktrees.changes import changes
from sweeptree.worktrees.job_card import JobCard, find_card
from sweeptree.worktrees.pool_lock import LOCK_FILE

_PROCESSES = Path("/proc")


def as_worktree(repo: Repository, top: Path, card: JobCard, number: int) -> Worktree:
    """The value that jobs are given, for a worktree that was made earlier."""
    return Worktree(top, top / repo.subfolder, card.base, number)


def kept_place(folder: Path, index: int) -> Path | None:
    """Where in a sweep's folder the last kept worktree of job `index` stands; None: there is none.

    `folder` holds job_3, then job_3-2 and so on, one for each attempt that was kept.
    """
    found = [path for path in folder.glob(f"job_{index}*") if _is_of_job(path, index)]
    return max(found, key=_number_kept, default=None)


def _is_of_job(path: Path, index: int) -> bool:
    if re.fullmatch(rf"job_{index}(-\d+)?", path.name) is None:
        return False
    card = find_card(path)
    return card is not None and card.job == index


def _number_kept(path: Path) -> int:
    number = path.name.partition("-")[2]
    return int(number) if number else 1


def holds_work(repo: Repository, top: Path, card: JobCard) -> bool:
    """True when the worktree holds changes or files that a job made; also when that cannot be told.

    Ignored files are work too: checkpoints usually are ignored. Only Python's caches are not.
    """
    try:
        found = changes(as_worktree(repo, top, card, 0))
    except SweeptreeError:
        return True
    made = [path for path in found.made if not _is_cache(path)]
    return bool(found.tracked or made)


def _is_cache(path: str) -> bool:
    return path.endswith(".pyc") or "__pycache__" in path.split("/")


def leftover_slots(repo: Repository, exp_name: str) -> dict[str, int | None]:
    """The worktrees in rotation of a sweep that nobody drives, with nobody in them, and the job
    that each was handed to."""
    folder = repo.pool_dir(exp_name)
    if locks.is_held(folder / LOCK_FILE):
        return {}
    found = [top for top in sorted(folder.glob("slot_*")) if top.is_dir()]
    cards = {top: find_card(top) for top in found if not is_occupied(top)}
    return {
        top.name: card.job if card else None
        for top, card in cards.items()
        if card is not None or is_half_made(top)
    }


def is_half_made(top: Path) -> bool:
    """True when nobody runs there and each file is as in its commit: its making was cut short
    before its card."""
    try:
        found = _differences_from_head(top)
    except SweeptreeError:
        return False
    gone = {path for tag, path in found if tag == "R"}
    present = {path for _, path in found} - gone
    return not present and not is_occupied(top)


def _differences_from_head(top: Path) -> list[tuple[str, str]]:
    index = top.with_name(f".{top.name}.half-made")
    call = plumbing.Call(env={"GIT_INDEX_FILE": str(index)})
    try:
        plumbing.run(top, "read-tree", "HEAD", call=call)
        listing = plumbing.run(top, "ls-files", "-z", "-t", "-d", "-m", "-o", call=call)
    finally:
        index.unlink(missing_ok=True)
    return [(entry[0], entry[2:]) for entry in plumbing.names(listing)]


def is_occupied(top: Path) -> bool:
    """True when a process runs in the worktree; also where that cannot be found out."""
    if not (_PROCESSES / "self").exists():
        return True
    return any(_runs_in(process, os.fsencode(top)) for process in _PROCESSES.glob("[0-9]*"))


def processes_in(top: Path) -> list[Path]:
    """The folders in /proc of the processes that run in the worktree."""
    found = _PROCESSES.glob("[0-9]*")
    return [process for process in found if _runs_in(process, os.fsencode(top))]


def _runs_in(process: Path, top: bytes) -> bool:
    with contextlib.suppress(OSError):
        folder = os.fsencode((process / "cwd").readlink())
        if folder == top or folder.startswith(top + b"/"):
            return True
        return b"SWEEPTREE_WORKTREE=" + top in (process / "environ").read_bytes()
    return False
