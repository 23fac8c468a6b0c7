"""From a worktree to a pull request: what goes in, the push, the pull request.

Each step may be repeated.

Hides: the order of the steps, what a dry run shows of them, and what of somebody else's work is
left alone.
"""

from sweeptree.publish.delivery.body import Evidence, Score, Table, render
from sweeptree.publish.delivery.deliver import add_labels_and_reviewers, deliver, publish_commit
from sweeptree.publish.delivery.evidence import job_evidence, winner_evidence
from sweeptree.publish.delivery.gate import Gate
from sweeptree.publish.delivery.labelling import label_pull
from sweeptree.publish.delivery.target import Target, find_target
from sweeptree.publish.delivery.values import Context, Delivered, DeliveryResult, Options

__all__ = [
    "Context",
    "Delivered",
    "DeliveryResult",
    "Evidence",
    "Gate",
    "Options",
    "Score",
    "Table",
    "Target",
    "add_labels_and_reviewers",
    "deliver",
    "find_target",
    "job_evidence",
    "label_pull",
    "publish_commit",
    "render",
    "winner_evidence",
]
