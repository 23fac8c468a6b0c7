"""What the Worktree Manager found and did, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from sweeptree.worktrees.manager.making import Made
from sweeptree.worktrees.manager.removal import Fate, Removal
from sweeptree.worktrees.manager.restoring import Restored
from sweeptree.worktrees.manager.survey import Row


def state_words(row: Row) -> str:
    """What is in a worktree, in words."""
    parts = [row.trouble] if row.trouble else []
    if row.changed or row.made:
        parts.append(f"{row.changed} changed, {row.made} new")
    if row.ahead or row.behind:
        parts.append(f"{row.ahead} ahead, {row.behind} behind {row.base}")
    if row.unpushed:
        parts.append(f"{row.unpushed} unpushed")
    return "; ".join(parts) or "clean"


def list_sentence(rows: Sequence[Row]) -> str:
    """How many worktrees there are, and how many of them are ours."""
    ours = sum(row.is_ours for row in rows)
    return f"{len(rows)} worktrees, {ours} of them made by sweeptree"


def made_sentence(made: Made) -> str:
    """What was made, in a sentence."""
    on = f"on the branch {made.branch}" if made.branch else "with a detached HEAD"
    return f"made {made.path} {on} at {made.commit[:12]}"


def removal_sentence(removal: Removal, *, is_dry: bool = False) -> str:
    """What became of a worktree, or would, in a sentence."""
    if removal.fate is Fate.KEPT:
        return f"{removal.name} stays: {removal.why}"
    verb = "would be" if is_dry else "was"
    if removal.fate is Fate.REMOVED:
        return f"{removal.name} {verb} removed: nothing in it would be lost"
    name = f" as {removal.salvage}" if removal.salvage else ""
    return f"{removal.name} {verb} removed after its work was saved{name}: {removal.what}"


def restored_sentence(back: Restored) -> str:
    """What is back, in a sentence."""
    what = f" with {back.what}" if back.what else ""
    return "; ".join([f"{back.path} is back{what}", *back.notes])
