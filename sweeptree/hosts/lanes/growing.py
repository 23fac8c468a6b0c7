"""A lane that goes on with a sweep which was extended since its last run there."""

from __future__ import annotations

from sweeptree.hosts.lanes.ground import OnItsHost
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.model import SweepSpec
from sweeptree.model.spec import Extension
from sweeptree.settings import Settings
from sweeptree.sweep.extend import extend
from sweeptree.sweep.recovery import spec_of


def grow(order: LaneOrder) -> None:
    """Give the lane's sweep the jobs that were added to it. Raises UsageError, Refused."""
    for extension in _added(spec_of(order.paths), order.spec):
        extend(order.paths, extension, Settings(), OnItsHost(order))


def _added(before: SweepSpec, now: SweepSpec) -> tuple[Extension, ...]:
    """The extensions since then; none where the two do not follow each other."""
    known = len(before.extensions)
    if now.extensions[:known] != before.extensions:
        return ()
    return now.extensions[known:]
