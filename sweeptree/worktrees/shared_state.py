"""What all worktrees of a repository share, and what a job changed there: settings, hooks,
branches, tags, the stash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_FILES = ("config", "config.worktree", "info/exclude", "info/attributes")
_REFS = ("refs/heads", "refs/tags", "refs/stash")
_OWN_BRANCHES = "refs/heads/sweeptree/"


def shared_state(common_dir: Path) -> dict[str, str]:
    """A fingerprint per thing that all worktrees share."""
    state = {name: _digest(common_dir / name) for name in _FILES}
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
        with os.scandir(folder) as found:
            active = [entry for entry in found if not entry.name.endswith(".sample")]
            facts = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in active)
    except OSError:
        return ""
    lines = [f"{name} {s.st_mode:o} {s.st_size} {s.st_mtime_ns}" for name, s in facts]
    return ";".join(lines)


def _loose_refs(common_dir: Path, root: str) -> dict[str, str]:
    top = common_dir / root
    if top.is_file():
        return {root: _commit_in(top)}
    found = {}
    for folder, _, files in os.walk(top):
        for path in (Path(folder, name) for name in files):
            ref = path.relative_to(common_dir).as_posix()
            if _is_watched(ref):
                found[ref] = _commit_in(path)
    return found


def _is_watched(ref: str) -> bool:
    return not ref.startswith(_OWN_BRANCHES) and not ref.endswith(".lock")


def _commit_in(ref: Path) -> str:
    return _read(ref).decode("ascii", "replace").strip()


def changes_since(common_dir: Path, old: dict[str, str]) -> list[str]:
    """What differs now from an earlier state, one sentence each."""
    new = shared_state(common_dir)
    return [
        *_changed_files(old, new),
        *_changed_refs(old, new),
        *_deleted_refs(common_dir, old, new),
    ]


def _changed_files(old: dict[str, str], new: dict[str, str]) -> list[str]:
    changed = [name for name in (*_FILES, "hooks") if old.get(name) != new.get(name)]
    return [
        f"the repository's {name} changed while the job ran; every worktree shares it"
        for name in changed
    ]


def _refs_in(state: dict[str, str]) -> list[str]:
    return [name for name in state if name.startswith("refs/")]


def _changed_refs(old: dict[str, str], new: dict[str, str]) -> list[str]:
    changed = [ref for ref in _refs_in(new) if old.get(ref) != new[ref]]
    return [f"{ref} was made or moved while the job ran" for ref in changed]


def _deleted_refs(common_dir: Path, old: dict[str, str], new: dict[str, str]) -> list[str]:
    packed = _read(common_dir / "packed-refs").decode("utf-8", "replace").split()
    known = {*new, *packed}
    notes = [f"{ref} was deleted while the job ran" for ref in _refs_in(old) if ref not in known]
    if int(new["packed-refs"]) < int(old.get("packed-refs", "0")):
        notes.append("packed refs were deleted while the job ran")
    return notes
