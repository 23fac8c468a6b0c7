"""What a job changed: in its worktree, and in what all worktrees of the repository share.

Hides: the card beside each worktree (what it was made from), and why git is asked with the index
that the worktree was made with: the job may have committed, staged, or told its own index to look
away.
"""

from __future__ import annotations

from pathlib import Path

from sweeptree.model import Worktree
from sweeptree.model.values import Changes
from sweeptree.repository import plumbing
from sweeptree.worktrees.job_card import JobCard, checked_card, index_path
from sweeptree.worktrees.shared_state import changes_since


def changes(worktree: Worktree) -> Changes:
    """What the job in this worktree changed, relative to the base.

    Nothing for a job in the repository itself. One git command, two when the job staged or
    committed. Raises WorktreeGone, GitError.
    """
    if worktree.slot is None:
        return Changes()  # nobody can tell whose change is whose in a tree that all jobs share
    card = checked_card(worktree.top)
    tracked, made = _against_base(worktree.top, card)
    if ".gitmodules" in tracked or (worktree.top / ".gitmodules").is_file():
        made |= _changed_submodules(worktree.top, card)
    notes = changes_since(Path(card.common_dir), card.shared)
    return Changes(tuple(sorted(tracked)), tuple(sorted(made)), tuple(notes))


def _against_base(top: Path, card: JobCard) -> tuple[set[str], set[str]]:
    """Paths that the base holds and that differ; paths that the base lacks."""
    found = _listed(top, card)
    untracked = {path for tag, path in found if tag == "?"}
    tracked = {path for tag, path in found if tag != "?"}
    staged = {path for path in _staged(top, card) if not card.is_untouched(top, path)}
    return tracked | staged, untracked - staged


def _listed(top: Path, card: JobCard) -> list[tuple[str, str]]:
    call = plumbing.Call(env={"GIT_INDEX_FILE": str(index_path(top))})
    kinds = ("--modified", "--deleted", "--others")
    answer = plumbing.run(top, "ls-files", "-z", "-t", *kinds, call=call)
    entries = [(entry[0], entry[2:]) for entry in plumbing.names(answer)]
    return [(tag, path) for tag, path in entries if not card.is_untouched(top, path)]


def _staged(top: Path, card: JobCard) -> list[str]:
    """What the job staged or committed, new files too."""
    if not _index_differs(top, card):
        return []
    words = ("diff-index", "--cached", "--name-only", "-z", "--no-renames", card.base)
    answer = plumbing.ask(top, *words)
    if answer.code:
        return []  # an index that the job broke holds no work
    return plumbing.names(answer.out)


def _index_differs(top: Path, card: JobCard) -> bool:
    try:
        return Path(card.entry, "index").read_bytes() != index_path(top).read_bytes()
    except OSError:
        return False


def _changed_submodules(top: Path, card: JobCard) -> set[str]:
    """The populated submodules that a job wrote or committed in: git looks into none of them."""
    listing = plumbing.names(plumbing.run(top, "ls-tree", "-r", "-z", card.base))
    links = [entry.split("\t", 1) for entry in listing if entry.startswith("160000 ")]
    return {f"{path}/" for facts, path in links if _is_changed(top / path, facts.split()[2])}


def _is_changed(submodule: Path, pinned: str) -> bool:
    if not (submodule / ".git").exists():
        return False
    head = plumbing.ask(submodule, "rev-parse", "HEAD")
    if head.code or head.out.decode().strip() != pinned:
        return True
    status = plumbing.ask(submodule, "status", "--porcelain", "--ignored", "-z")
    return bool(status.code or status.out)
