"""The moments at which a driver can be told to die, as sentences; the tests use these alone.

Each sentence stands for a call of one function of the product, counted over all jobs of the sweep:
die before or after the n-th call. When a function moves, this is the one place to follow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Moment:
    """Before or after a call of `place`, which is `module:attribute.attribute`."""

    place: str
    when: Literal["before", "after"]


_ADD = "sweeptree.worktrees.registry:add"
_DURABLE = "sweeptree.worktrees.registry:_make_durable"
_REMEMBER = "sweeptree.worktrees.slot:Slot._remember"
_HAND_OUT = "sweeptree.worktrees.slot:Slot.hand_out"
_RELEASE = "sweeptree.worktrees.pool:Pool.release"
_ASK = "sweeptree.supervise.connection:Nursery.ask"
_WAIT = "sweeptree.supervise.client:Keeper.wait"
_REPLACE = "sweeptree.records.store:replace"
_LEDGER = "sweeptree.records.ledger:Ledger.note"
_START = "sweeptree.sweep.attempts:record_start"
_OUTCOME = "sweeptree.sweep.attempts:record_outcome"
_COMMIT = "sweeptree.sweep.stages:_make_branch"
_EXTEND = "sweeptree.sweep.documents:write_extended"
_RENAME = "sweeptree.system.files:os.replace"

MOMENTS = {
    "before git makes a worktree": Moment(_ADD, "before"),
    "after git has made a worktree": Moment(_ADD, "after"),
    "after a new worktree is made durable": Moment(_DURABLE, "after"),
    "before a new worktree is remembered": Moment(_REMEMBER, "before"),
    "after a new worktree is remembered": Moment(_REMEMBER, "after"),
    "before a worktree is handed out": Moment(_HAND_OUT, "before"),
    "after a worktree is handed out": Moment(_HAND_OUT, "after"),
    "after the record says running, before the command": Moment(_START, "after"),
    "before the keeper is asked for": Moment(_ASK, "before"),
    "after the keeper was asked for": Moment(_ASK, "after"),
    "before the keeper is waited for": Moment(_WAIT, "before"),
    "after the command, before its record": Moment(_WAIT, "after"),
    "before the outcome is recorded": Moment(_OUTCOME, "before"),
    "before a record is replaced": Moment(_REPLACE, "before"),
    "after a record was replaced": Moment(_REPLACE, "after"),
    "after the record, before the ledger": Moment(_LEDGER, "before"),
    "after the ledger was told": Moment(_LEDGER, "after"),
    "after the record, before the changes are committed": Moment(_COMMIT, "before"),
    "after the record, before the pool": Moment(_RELEASE, "before"),
    "after the worktree is back in the pool": Moment(_RELEASE, "after"),
    "before the longer sweep is written": Moment(_EXTEND, "before"),
    "after the longer sweep was written": Moment(_EXTEND, "after"),
    "before a file is put in its place": Moment(_RENAME, "before"),
    "after a file was put in its place": Moment(_RENAME, "after"),
}

# Those that come again and again in a sweep's life, for random crashes.
RECURRING = [
    "before git makes a worktree",
    "after git has made a worktree",
    "before a worktree is handed out",
    "after a worktree is handed out",
    "after the record, before the pool",
    "after the worktree is back in the pool",
    "before the keeper is asked for",
    "after the keeper was asked for",
    "before the keeper is waited for",
    "after the command, before its record",
    "before a record is replaced",
    "after a record was replaced",
    "after the record, before the ledger",
    "after the ledger was told",
]
