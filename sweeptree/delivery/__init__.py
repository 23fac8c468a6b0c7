"""From a worktree to a pull request: what goes in, the push, the pull request. Each step may be repeated.

Hides: the order of the steps, what a dry run shows of them, and what of somebody else's work is left alone.
"""

from sweeptree.delivery.body import Evidence, Score, Table, render
from sweeptree.delivery.deliver import deliver, dress, publish_commit
from sweeptree.delivery.evidence import job_evidence, winner_evidence
from sweeptree.delivery.gate import Gate
from sweeptree.delivery.target import Target, find_target
from sweeptree.delivery.values import Delivered, Options, Surroundings

__all__ = [
    "Delivered",
    "Evidence",
    "Gate",
    "Options",
    "Score",
    "Surroundings",
    "Table",
    "Target",
    "deliver",
    "dress",
    "find_target",
    "job_evidence",
    "publish_commit",
    "render",
    "winner_evidence",
]
