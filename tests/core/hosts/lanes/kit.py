"""A lane on this machine as its host: a bare repository, a real endpoint, real commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers import git

from core.hosts.leases.http_kit import SWEEP, TOKEN, Place, wait_for
from sweeptree.hosts.lanes.came import Came, from_payload
from sweeptree.hosts.lanes.lane import run_lane
from sweeptree.hosts.lanes.leasing import Leases, leases_at
from sweeptree.hosts.lanes.order import LaneOrder, spec_for_lane
from sweeptree.hosts.lanes.report import LaneReport
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.leases.transport import Endpoint
from sweeptree.hosts.values import Event, EventKind, Offer
from sweeptree.model import SweepSpec
from sweeptree.sweep.run import WithoutEngine

HOST = "gpu1"
UNTIL_GO = 'until [ -e "$PWD/../go" ]; do sleep 0.02; done'  # see Host.go
ENDS = (EventKind.FINISHED, EventKind.CANCELLED, EventKind.GIVEN_UP)


@dataclass
class Lines(WithoutEngine):
    """An engine that only keeps what it is told."""

    said: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Host:
    """A host with the code of a repository, and the driver's end of the leases."""

    place: Place
    cache: Path
    folder: Path
    commit: str
    engine: Lines = field(default_factory=Lines)

    @cached_property
    def driver(self) -> DriverClient:
        """The driver's side; one connection for all its questions."""
        return self.place.driver()

    def order(self, *commands: str, wants_content: bool = False, **fields: Any) -> LaneOrder:
        plain = {"exp_name": "exp", "parallel": 2, "grace": 0.2, "min_free": 0}
        spec = SweepSpec.model_validate({**plain, "commands": commands, **fields})
        own = spec_for_lane(spec, cache=self.cache, commit=self.commit, folder=self.folder)
        return LaneOrder(sweep=SWEEP, host=HOST, spec=own, wants_content=wants_content)

    @property
    def worktrees(self) -> Path:
        """Where the worktrees of the jobs stand."""
        return self.cache / ".sweeptree" / "wt" / "exp"

    def go(self) -> None:
        """Let the commands UNTIL_GO end."""
        (self.worktrees / "go").touch()

    def offer(self, jobs: Iterable[int], *, before: int = 0) -> None:
        self.driver.open(1)
        self.driver.offer([Offer(job, before) for job in jobs])

    def events(self, *kinds: EventKind) -> list[Event]:
        found = self.driver.collect(0, wait=0.0)
        return [event for event in found if not kinds or event.kind in kinds]

    def came(self) -> dict[int, Came]:
        """What came of the jobs that have finished."""
        finished = self.events(EventKind.FINISHED)
        return {event.job or 0: from_payload(event.payload) for event in finished}

    def await_ends(self, count: int) -> None:
        wait_for(lambda: len(self.events(*ENDS)) >= count)

    def leases(self, order: LaneOrder) -> Leases:
        return leases_at(Endpoint(lambda: self.place.port, bearer(TOKEN)), order)

    def begin(self, order: LaneOrder) -> Running:
        return Running(lambda: run_lane(order, self.leases(order), self.engine))

    def run(self, order: LaneOrder, jobs: int) -> LaneReport:
        """Offer all jobs, run the lane, and close the sweep once they have ended."""
        self.offer(range(jobs))
        running = self.begin(order)
        self.await_ends(jobs)
        self.driver.close()
        return running.end()


class Running:
    """A lane in a thread."""

    def __init__(self, work: Callable[[], LaneReport]) -> None:
        self._reports: list[LaneReport] = []
        self._thread = threading.Thread(target=lambda: self._reports.append(work()))
        self._thread.start()

    def end(self) -> LaneReport:
        self._thread.join(60)
        assert self._reports, "the lane has not ended"
        return self._reports[0]


def make_host(place: Place, repo: Path, folder: Path) -> Host:
    """A host below a folder, with all that the repository has."""
    cache = folder / "cache" / "project.git"
    cache.parent.mkdir(parents=True)
    git("clone", "-q", "--bare", repo, cache, cwd=folder)
    return Host(place, cache, folder / "lanes" / SWEEP, git("rev-parse", "HEAD", cwd=repo))
