"""A sweep over hosts whose lanes follow a script: events as the lease server would send them, and a
carrier that has what a lane made in a folder of this machine."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.sweep.kit import make_spec
from sweeptree.hosts.lanes.came import Came, as_payload
from sweeptree.hosts.lanes.executor import Lanes
from sweeptree.hosts.lanes.following import Ground
from sweeptree.hosts.lanes.mailbox import Mailbox
from sweeptree.hosts.lanes.planning import OnHosts, Station
from sweeptree.hosts.lanes.values import Brought
from sweeptree.hosts.values import Event, EventKind, Host, Offer, Order
from sweeptree.model import Attempt, Job, JobRecord, JobState, Resume, Worktree
from sweeptree.model.record import RemoteArtifact
from sweeptree.supervise import lost_outcome
from sweeptree.sweep.attempts import LeftBehind
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.run import WithoutEngine, run_sweep
from sweeptree.sweep.running import JobContext, Sweep

GPU1 = Host("gpu1", "user@gpu1", "/home/user/.sweeptree", "/usr/bin/python3")
GPU2 = Host("gpu2", "user@gpu2", "/home/user/.sweeptree", "/usr/bin/python3")


class Server:
    """A lease server that says what the script says. `answer` is asked when a job is offered; what
    is `ahead` goes back when the lanes are to begin no more."""

    def __init__(self, answer: Callable[[Server, Offer], None]) -> None:
        self.events: list[Event] = []
        self.offers: list[Offer] = []
        self.cancelled: list[int] = []
        self.orders: list[Order] = []
        self.ahead: set[int] = set()
        self.lanes_leave = False
        self._answer = answer
        self._news = threading.Condition()

    def say(
        self, kind: EventKind, job: int | None, attempt: int | None = None, **more: Any
    ) -> None:
        host = more.pop("host", "gpu1" if attempt else None)
        with self._news:
            self.events.append(Event(len(self.events) + 1, kind, job, attempt, host, more))
            self._news.notify_all()

    def runs(self, job: int, attempt: int, host: str = "gpu1") -> None:
        self.say(EventKind.LEASED, job, attempt, host=host)
        self.say(EventKind.STARTED, job, attempt, host=host, start_time="2026-01-01T00:00:00Z")

    def leases_ahead(self, job: int) -> None:
        self.ahead.add(job)
        self.say(EventKind.LEASED, job, 1)

    def ends(self, job: int, attempt: int, *, host: str = "gpu1", **how: Any) -> None:
        self.say(EventKind.FINISHED, job, attempt, host=host, **payload(job, attempt, **how))

    def offer(self, offers: Sequence[Offer]) -> None:
        self.offers.extend(offers)
        for offer in offers:
            self._answer(self, offer)

    def cancel(self, jobs: Sequence[int]) -> None:
        self.cancelled.extend(jobs)
        for job in jobs:
            is_ahead = job in self.ahead
            self.say(EventKind.CANCELLED, job, 1 if is_ahead else None, unbegun=is_ahead)

    def order(self, order: Order) -> None:
        self.orders.append(order)
        for job in self.ahead:
            self.say(EventKind.DUE_AGAIN, job, 1, why="gpu1 gave it back", unbegun=True)
            if self.lanes_leave:
                self.say(EventKind.UNPLACEABLE, job, why="every lane has left")

    def collect(self, after: int, wait: float) -> Sequence[Event]:
        with self._news:
            if len(self.events) <= after and wait:
                self._news.wait(min(wait, 0.1))
            return self.events[after:]


def payload(
    job: int,
    attempt: int,
    state: JobState = JobState.SUCCEEDED,
    content: str | None = None,
    **record: Any,
) -> Mapping[str, Any]:
    """What a lane sends of an attempt that has ended."""
    code = 0 if state is JobState.SUCCEEDED else 3
    outcome = replace(lost_outcome(), state=state, exit_code=code, reason=None)
    ended = Attempt(number=attempt, state=state, exit_code=code)
    found = JobRecord(
        id=job, state=state, exit_code=code, attempts=(ended,), **{"host": "node", **record}
    )
    left = LeftBehind(has_work=content is not None)
    return as_payload(Came(found, outcome, content, left))


@dataclass(slots=True)
class Folder:
    """Carries from a folder: a file for each job's log, and files for its commit."""

    place: Path
    did: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    kept: Mapping[int, tuple[RemoteArtifact, ...]] = field(default_factory=dict)

    def follow(self, job: JobContext) -> None:
        self.did.append(f"follow {job.index}")

    def await_done(self, what: str, *, times: int) -> None:
        """Wait until something was asked for so often."""
        deadline = time.monotonic() + 30
        while self.did.count(what) < times:
            assert time.monotonic() < deadline, self.did
            time.sleep(0.01)

    def unfollow(self, job: JobContext) -> None:
        self.did.append(f"unfollow {job.index}")

    def bring(self, job: JobContext, attempt: int, came: Came) -> Brought:
        assert came.record is not None
        if self.trouble is not None:
            raise self.trouble
        log = self.place / f"{job.index}.{attempt}.log"
        if log.exists():
            shutil.copy(log, job.paths.log(job.index))
        self.did.append(f"bring {job.index}.{attempt}")
        kept = self.kept.get(attempt, ())
        return Brought(came.record, kept=kept, notes=("brought by hand",))

    def put_content(self, worktree: Worktree, content: str) -> None:
        (worktree.top / "train.py").write_text(content)

    def drop_content(self, job: JobContext, attempt: int) -> None:
        self.did.append(f"drop {job.index}.{attempt}")


@dataclass(slots=True)
class Fleet:
    """A sweep's hosts by script."""

    server: Server
    carriers: dict[str, Folder]

    @classmethod
    def of(cls, answer: Callable[[Server, Offer], None], place: Path) -> Fleet:
        return cls(Server(answer), {"gpu1": Folder(place), "gpu2": Folder(place)})

    @contextlib.contextmanager
    def ground(self, sweep: Sweep, due: Sequence[Job]) -> Iterator[Ground]:
        assert len(due) <= len(sweep.prepared.jobs)
        with Mailbox(self.server, lambda event: None).open() as mailbox:
            yield Ground(self.server, mailbox, self.carriers)

    def run(self, repo: Path, *commands: str, again: bool = False, **fields: object) -> SweepReport:
        """A sweep of two hosts with a slot each."""
        spec = make_spec(repo, *commands, **fields)
        executor = Lanes(OnHosts([Station(GPU1, 1), Station(GPU2, 1)]), self.ground)
        resume = Resume() if again else None
        return run_sweep(spec, resume, WithoutEngine(), executor=executor, before_end=int)
