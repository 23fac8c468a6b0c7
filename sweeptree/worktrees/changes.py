"""What a job changed: in its worktree, and in what all worktrees of the repository share.

Hides: the card beside each worktree (what it was made from), and why git is asked with the index
that the worktree was made with: the job may have committed, staged, or told its own index to look
away.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sweeptree.model import Changes, Worktree
from sweeptree.repository import plumbing
from sweeptree.worktrees.card import JobCard, checked_card, index_path

_SHARED_FILES = ("config", "config.worktree", "info/exclude", "info/attributes")
_REFS = ("refs/heads", "refs/tags", "refs/stash")
_OWN_BRANCHES = "refs/heads/sweeptree/"


def changes(worktree: Worktree) -> Changes:
    """What the job in this worktree changed, relative to the base; nothing for a job in the
    repository itself.

    One git command, two when the job staged or committed. Raises WorktreeGone, GitError.
    """
    if worktree.slot is None:
        return Changes()  # nobody can tell whose change is whose in a tree that all jobs share
    card = checked_card(worktree.top)
    tracked, made = _against_base(worktree.top, card)
    return Changes(tuple(sorted(tracked)), tuple(sorted(made)), tuple(_notes(card)))


def _against_base(top: Path, card: JobCard) -> tuple[set[str], set[str]]:
    call = plumbing.Call(env={"GIT_INDEX_FILE": str(index_path(top))})
    found = plumbing.run(
        top, "ls-files", "-z", "-t", "--modified", "--deleted", "--others", call=call
    )
    tracked: set[str] = set()
    made: set[str] = set()
    for entry in plumbing.names(found):
        tag, path = entry[0], entry[2:]
        if not card.provides(path):
            (made if tag == "?" else tracked).add(path)
    added = {path for path in _staged(top, card) if not card.provides(path)}
    return tracked | added, made - added


def _staged(top: Path, card: JobCard) -> list[str]:
    """What the job's own index holds differently from the base: staged or committed, new files too."""
    index = Path(card.entry, "index")
    try:
        if index.read_bytes() == index_path(top).read_bytes():
            return []
    except OSError:
        return []
    answer = plumbing.ask(
        top, "diff-index", "--cached", "--name-only", "-z", "--no-renames", card.base
    )
    return (
        plumbing.names(answer.out) if not answer.code else []
    )  # an index the job broke holds no work


def shared_state(common_dir: Path) -> dict[str, str]:
    """A fingerprint per thing that all worktrees share: config, hooks, branches, tags, stash."""
    state = {name: _digest(common_dir / name) for name in _SHARED_FILES}
    state["hooks"] = _listing(common_dir / "hooks")
    packed = _read(common_dir / "packed-refs")
    state["packed-refs"] = str(packed.count(b"\n"))
    for root in _REFS:
        state.update(_loose_refs(common_dir, root))
    return state


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _digest(path: Path) -> str:
    return hashlib.sha256(_read(path)).hexdigest()[:16]


def _listing(folder: Path) -> str:
    try:
        with os.scandir(folder) as entries:
            seen = sorted(
                (e.name, e.stat(follow_symlinks=False))
                for e in entries
                if not e.name.endswith(".sample")
            )
    except OSError:
        seen = []
    return ";".join(f"{name} {s.st_mode:o} {s.st_size} {s.st_mtime_ns}" for name, s in seen)


def _loose_refs(common_dir: Path, root: str) -> dict[str, str]:
    top = common_dir / root
    if top.is_file():
        return {root: _read(top).decode("ascii", "replace").strip()}
    found = {}
    for folder, _, files in os.walk(top):
        for name in files:
            path = Path(folder, name)
            ref = path.relative_to(common_dir).as_posix()
            if not ref.startswith(_OWN_BRANCHES) and not name.endswith(".lock"):
                found[ref] = _read(path).decode("ascii", "replace").strip()
    return found


def _notes(card: JobCard) -> list[str]:
    common_dir = Path(card.common_dir)
    old, new = card.shared, shared_state(common_dir)
    notes = [
        f"the repository's {name} changed while the job ran; every worktree shares it"
        for name in (*_SHARED_FILES, "hooks")
        if old.get(name) != new.get(name)
    ]
    changed = [ref for ref in new if ref.startswith("refs/") and old.get(ref) != new[ref]]
    notes += [f"{ref} was made or moved while the job ran" for ref in changed]
    return notes + _deleted_refs(common_dir, old, new)


def _deleted_refs(common_dir: Path, old: dict[str, str], new: dict[str, str]) -> list[str]:
    packed = set(_read(common_dir / "packed-refs").decode("utf-8", "replace").split())
    gone = [ref for ref in old if ref.startswith("refs/") and ref not in new and ref not in packed]
    notes = [f"{ref} was deleted while the job ran" for ref in gone]
    if int(new["packed-refs"]) < int(old.get("packed-refs", "0")):
        notes.append("packed refs were deleted while the job ran")
    return notes
