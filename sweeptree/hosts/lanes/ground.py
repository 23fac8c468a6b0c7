"""The plan of a sweep on a host: its own slots, and worktrees with all that the driver sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.model import SweepSpec
from sweeptree.sweep.preflight import OnThisMachine, PreparedSweep
from sweeptree.sweep.shares import Shares
from sweeptree.worktrees.links import LinksAndCopies


class OnItsHost(OnThisMachine):
    """Plans a lane; see `preflight.Planner`."""

    def __init__(self, order: LaneOrder) -> None:
        self._order = order

    def shares(self, spec: SweepSpec, jobs: int) -> Shares:
        """No more at once than this host has slots, however many the sweep may run in all: what
        waits here could run elsewhere."""
        own = super().shares(spec.model_copy(update={"parallel": None}), jobs)
        most = min(own.parallel, spec.parallel or own.parallel)
        return replace(own, parallel=most)

    def planned(self, prepared: PreparedSweep) -> PreparedSweep:
        """With what the driver has put there; a bare repository says nothing of it."""
        beside = self._order.beside
        return replace(
            prepared,
            repo=replace(prepared.repo, subfolder=Path(self._order.subfolder)),
            beside=LinksAndCopies(beside.source, Path(), beside.links, beside.copies),
            environ=beside.environ,
        )
