"""The Worktree Manager: makes, lists, cleans up and brings back worktrees, and never loses a byte.

Hides how work is found wherever it can stand in a worktree, the order by which it is saved before
anything is deleted, and how a command that was killed in between is gone on with or undone.
"""

from sweeptree.worktrees.manager.cleaning import CleanOrder, clean
from sweeptree.worktrees.manager.making import Made, Order, create
from sweeptree.worktrees.manager.mending import mend
from sweeptree.worktrees.manager.removal import Fate, Removal, remove
from sweeptree.worktrees.manager.restoring import Restored, restore
from sweeptree.worktrees.manager.salvage import Salvage, all_salvages
from sweeptree.worktrees.manager.sharing import Share
from sweeptree.worktrees.manager.survey import Row, survey

__all__ = [
    "CleanOrder",
    "Fate",
    "Made",
    "Order",
    "Removal",
    "Restored",
    "Row",
    "Salvage",
    "Share",
    "all_salvages",
    "clean",
    "create",
    "mend",
    "remove",
    "restore",
    "survey",
]
