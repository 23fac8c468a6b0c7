"""A lane as a process of its own, started as on a host, and killed."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.hosts.host_kit import make_site
from core.hosts.lanes.kit import UNTIL_GO, Host, make_host
from core.hosts.leases.http_kit import TOKEN, Place, wait_for
from sweeptree.errors import HostError
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.process import main
from sweeptree.hosts.lanes.start_facts import Access, LaneStart
from sweeptree.hosts.lanes.starting import LaneProcess, await_lane, look_at_lane, start_lane
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import EventKind, Order
from sweeptree.model import JobState
from sweeptree.records import read_record
from sweeptree.system import locks


@dataclass
class Far:
    """A host with a home of its own, and the driver's end."""

    host: Host
    site: Site

    @property
    def home(self) -> Path:
        return Path(self.site.host.home)

    def start(self, order: LaneOrder) -> LaneProcess:
        port_file = self.home / "tunnel"
        port_file.touch(mode=0o600)
        port_file.write_text(f"{self.host.place.port}\n")
        access = Access(authorization=bearer(TOKEN))
        start = LaneStart(order=order, access=access, home=self.home, port_file=port_file)
        return start_lane(self.site, start)

    def log(self) -> str:
        return (self.host.folder / "lane.log").read_text()

    def is_alive(self) -> bool:
        return look_at_lane(self.site, self.host.folder.name).is_alive

    def kill(self, process: LaneProcess) -> None:
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0) if process.pid in _children() else None
        wait_for(lambda: not self.is_alive())


def _children() -> set[int]:
    text = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return {int(pid) for pid in text.split()}


@pytest.fixture
def far(tmp_path: Path, repo: Path) -> Iterator[Far]:
    site = make_site(tmp_path / "far")
    place = Place(tmp_path / "leases.db")
    with place.served():
        found = Far(make_host(place, repo, Path(site.host.home)), site)
        found.host.driver.open(1)
        yield found
        found.host.driver.order(Order.KILL)
        found.host.driver.close()
        wait_for(lambda: not found.is_alive())


def test_a_lane_starts_once_and_ends_with_the_sweep(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "the driver's own")
    order = far.host.order("true", UNTIL_GO)
    far.host.offer([0, 1])
    started = far.start(order)
    await_lane(far.site, order.sweep)
    assert stat.S_IMODE((order.folder / "start.json").stat().st_mode) == 0o600
    again = far.start(order)
    assert (started.was_running, again) == (False, LaneProcess(started.pid, None, True))
    wait_for(lambda: bool(far.host.events(EventKind.STARTED)))
    command_line = Path(f"/proc/{started.pid}/cmdline").read_bytes()
    assert TOKEN.encode() not in command_line
    environment = Path(f"/proc/{started.pid}/environ").read_bytes().split(b"\0")
    assert f"SWEEPTREE_HOME={far.home}".encode() in environment
    assert not [each for each in environment if each.startswith(b"PREFECT_")]
    wait_for(far.host.worktrees.exists)
    far.host.go()
    far.host.await_ends(2)
    far.host.driver.close()
    wait_for(lambda: not far.is_alive())
    assert "done: 2 succeeded" in (order.folder / "lane.log").read_text()


def test_the_next_lane_takes_over_what_a_killed_one_left_running(far: Far) -> None:
    order = far.host.order(UNTIL_GO, UNTIL_GO, "true", wants_content=True)
    far.host.offer(range(3))
    killed = far.start(order)
    keepers = [order.paths.attempt(job, 1, "alive") for job in (0, 1)]
    wait_for(lambda: all(map(locks.is_held, keepers)))
    far.kill(killed)
    assert all(map(locks.is_held, keepers))
    assert far.start(order).was_running is False
    await_lane(far.site, order.sweep)
    far.host.go()
    far.host.await_ends(3)
    came = far.host.came()
    states = {job: each.state for job, each in came.items()}
    assert states == dict.fromkeys(range(3), JobState.SUCCEEDED), far.log()
    assert [event.attempt for event in far.host.events(EventKind.FINISHED)] == [1, 1, 1]
    assert len(read_record(order.paths.record(0)).attempts) == 1


def test_what_ended_between_two_lanes_is_told_by_the_next(far: Far) -> None:
    order = far.host.order("echo x >> train.py; " + UNTIL_GO, wants_content=True)
    far.host.offer([0])
    killed = far.start(order)
    wait_for(lambda: locks.is_held(order.paths.attempt(0, 1, "alive")))
    far.kill(killed)
    far.host.go()
    wait_for(order.paths.attempt(0, 1, "outcome").exists)
    far.start(order)
    far.host.await_ends(1)
    came = far.host.came()[0]
    assert came.state is JobState.SUCCEEDED
    assert came.content is not None


def test_a_worktree_whose_result_a_killed_lane_could_not_tell_does_not_stay(far: Far) -> None:
    order = far.host.order("echo x >> train.py")
    far.host.offer([0])
    killed = far.start(order)
    far.host.await_ends(1)
    far.kill(killed)
    assert list(far.host.worktrees.glob("slot_*/train.py"))
    untold = order.folder / "outbox" / "job_0.1.json"
    untold.write_text("{}")  # as if it had been killed a moment earlier
    far.start(order)
    wait_for(lambda: not untold.exists())
    far.host.driver.close()
    wait_for(lambda: not far.is_alive())
    assert not list(far.host.worktrees.glob("*_*"))


def test_a_lane_that_does_not_come_up_says_why(far: Far) -> None:
    order = far.host.order("true", gpus=60)
    far.start(order)
    with pytest.raises(HostError, match="60 GPUs") as caught:
        await_lane(far.site, order.sweep)
    assert caught.value.kind == "lane"
    assert "lane.log" in caught.value.hint[-1]


def test_a_start_file_that_others_can_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "start.json").write_text("{}")
    (tmp_path / "start.json").chmod(0o644)
    assert main([str(tmp_path)]) == 1
    assert "can be read by other accounts" in capsys.readouterr().err
