"""One host's lane, seen to as long as a sweep lasts: real processes; their runs are noted here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.hosts.host_kit import make_site
from core.hosts.lanes.kit import UNTIL_GO, Host, make_host
from core.hosts.leases.http_kit import TOKEN, Place, wait_for
from sweeptree.errors import ServerError
from sweeptree.hosts.lanes import watching
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.runs import LaneEnd
from sweeptree.hosts.lanes.start_facts import Access, LaneStart
from sweeptree.hosts.lanes.starting import LaneProcess, look_at_lane, start_lane
from sweeptree.hosts.lanes.watching import LaneWatch
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import EventKind, Order

pytestmark = pytest.mark.slow
IN_RUN = ContextVar("in_run", default="nobody's")


@dataclass
class Notes:
    """The runs of lanes: made in order, without an engine to show them."""

    ends: list[tuple[str, LaneEnd, str]] = field(default_factory=list)
    many: int = 0
    inside: list[str] = field(default_factory=list)
    trouble: ServerError | None = None

    def create(self, order: LaneOrder) -> str | None:
        assert order.host == "gpu1"
        if self.trouble is not None:
            raise self.trouble
        self.many += 1
        self.inside.append(IN_RUN.get())
        return f"run-{self.many}"

    def end(self, run: str, how: LaneEnd, message: str) -> None:
        self.ends.append((run, how, message))


@dataclass
class Far:
    """A host, the server's end of its lane, and what the watch says."""

    host: Host
    site: Site
    runs: Notes = field(default_factory=Notes)
    said: list[str] = field(default_factory=list)

    def start(self, *commands: str, **fields: object) -> LaneStart:
        home = Path(self.site.host.home)
        port_file = home / "tunnel"
        port_file.touch(mode=0o600)
        port_file.write_text(f"{self.host.place.port}\n")
        access = Access(authorization=bearer(TOKEN))
        order = self.host.order(*commands, **fields)
        return LaneStart(order=order, access=access, home=home, port_file=port_file)

    def watch(self, start: LaneStart) -> LaneWatch:
        return LaneWatch(self.site, start, self.runs, self.said.append)

    def pid(self) -> int:
        """The process that holds the lane's lock."""
        answer = start_lane(self.site, self.start("true"))
        assert answer.was_running
        return answer.pid

    def is_alive(self) -> bool:
        return look_at_lane(self.site, self.host.folder.name).is_alive


def start_by_files(site: Site, start: LaneStart) -> LaneProcess:
    """A real lane, but without the engine that its run would need."""
    process = start_lane(site, start.model_copy(update={"flow_run": None}))
    return process if process.was_running else replace(process, flow_run=start.flow_run)


@pytest.fixture
def far(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    monkeypatch.setattr(watching, "start_lane", start_by_files)
    monkeypatch.setattr(watching, "PAUSE", 0.1)
    monkeypatch.setattr(watching, "LEAVE_SECONDS", 1.0)
    site = make_site(tmp_path / "far")
    place = Place(tmp_path / "leases.db")
    with place.served():
        found = Far(make_host(place, repo, Path(site.host.home)), site)
        place.driver().open(1)
        yield found
        place.driver().order(Order.KILL)
        place.driver().close()
        wait_for(lambda: not found.is_alive())


def test_a_lane_is_started_in_a_run_that_ends_with_it(far: Far) -> None:
    far.host.offer([0])
    with far.watch(far.start("true")).watching() as watch:
        assert watch.up.wait(60)
        assert watch.is_within_reach
        far.host.await_ends(1)
        watch.let_end()
        far.host.place.driver().close()
        wait_for(lambda: not far.is_alive())
        watch.happened(EventKind.LANE_LEFT)
    done = ("run-1", LaneEnd.COMPLETED, "there was no more for it to do")
    assert (far.runs.many, far.runs.ends, far.said) == (1, [done], [])


def test_its_run_is_made_in_the_context_of_the_sweep(far: Far) -> None:
    token = IN_RUN.set("the sweep's")
    try:
        with far.watch(far.start("true")).watching() as watch:
            assert watch.up.wait(60)
    finally:
        IN_RUN.reset(token)
    assert far.runs.inside == ["the sweep's"]


def test_a_lane_that_died_is_started_anew_in_another_run(far: Far) -> None:
    far.host.offer([0])
    with far.watch(far.start(UNTIL_GO)).watching() as watch:
        wait_for(lambda: bool(far.host.events(EventKind.STARTED)))
        first = far.pid()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: not far.is_alive())
        watch.happened(EventKind.LANE_LOST)
        wait_for(far.is_alive)
        assert far.pid() != first
        wait_for(lambda: watch.is_within_reach)
        far.host.go()
        far.host.await_ends(1)
    assert far.runs.many == 2
    assert far.runs.ends[0] == ("run-1", LaneEnd.CRASHED, "the lane on gpu2 died")


def test_one_that_is_only_not_heard_goes_on(far: Far) -> None:
    far.host.offer([0])
    with far.watch(far.start(UNTIL_GO)).watching() as watch:
        wait_for(lambda: bool(far.host.events(EventKind.STARTED)))
        first = far.pid()
        watch.happened(EventKind.LANE_LOST)
        assert not watch.is_within_reach
        assert far.pid() == first
        far.host.go()
        far.host.await_ends(1)
    assert far.runs.many == 1


def test_the_lane_of_an_earlier_driver_keeps_its_run(far: Far) -> None:
    start = far.start(UNTIL_GO)
    far.host.offer([0])
    start_by_files(far.site, start)
    with far.watch(start).watching() as watch:
        assert watch.up.wait(60)
    assert far.runs.ends[0][:2] == ("run-1", LaneEnd.CANCELLED)


def test_a_lane_that_cannot_be_started_is_told_once_and_tried_again(far: Far) -> None:
    far.runs.trouble = ServerError("the server is away", hint="sweeptree server status")
    with far.watch(far.start("true")).watching() as watch:
        assert watch.tried.wait(60)
        assert watch.trouble is far.runs.trouble
        far.runs.trouble = None
        assert watch.up.wait(60)
        wait_for(lambda: watch.trouble is None)
    assert far.said == ["the server is away; trying again"]


def test_a_lane_that_ends_at_once_is_told_once_and_started_anew_ever_less_often(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(watching, "PAUSE", 0.01)
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.04)
    start = far.start("true", min_free=10**9)
    watch = far.watch(start)
    wait, over = watch._over.wait, watch._over
    monkeypatch.setattr(over, "wait", lambda seconds: pauses.append(seconds) or wait(seconds))
    with watch.watching():
        wait_for(lambda: len(pauses) > 3)
    assert pauses[:4] == [0.01, 0.02, 0.04, 0.04]
    (ended,) = [said for said in far.said if "ended before it could take a job" in said]
    assert "there is no room to start" in ended


def test_one_that_is_gone_when_the_sweep_ends_is_shown_as_crashed(far: Far) -> None:
    with far.watch(far.start("true")).watching() as watch:
        assert watch.up.wait(60)
        os.kill(far.pid(), signal.SIGKILL)
        wait_for(lambda: not far.is_alive())
    assert far.runs.ends == [("run-1", LaneEnd.CRASHED, "gpu2 was not heard of any more")]


def test_one_that_has_left_is_not_started_anew_once_nothing_more_begins(far: Far) -> None:
    stopping, driver = threading.Event(), far.host.place.driver()
    start = far.start("true")
    watch = LaneWatch(far.site, start, far.runs, far.said.append, stopping)
    with watch.watching():
        assert watch.up.wait(60)
        stopping.set()
        driver.order(Order.DRAIN)
        wait_for(lambda: bool(far.host.events(EventKind.LANE_LEFT)))
        watch.happened(EventKind.LANE_LEFT)
        wait_for(lambda: bool(far.runs.ends))
    assert far.runs.many == 1


def test_one_with_a_token_of_before_is_followed_by_one_that_takes_over(far: Far) -> None:
    start = far.start(UNTIL_GO)
    far.host.offer([0])
    with far.watch(start).watching():
        wait_for(lambda: bool(far.host.events(EventKind.STARTED)))
        first = far.pid()
    alive = far.host.folder / "alive"
    note = json.loads(alive.read_text())
    alive.write_text(json.dumps({**note, "access": "that of another token"}))
    with far.watch(start).watching() as watch:
        assert watch.up.wait(60)
        assert far.pid() != first
        far.host.go()
        far.host.await_ends(1)
    assert [each.kind for each in far.host.events(EventKind.STARTED, EventKind.FINISHED)] == [
        EventKind.STARTED,
        EventKind.FINISHED,
    ]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A small disk of the host's own."""
    disk = tmp_path / "far"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", disk]).returncode:
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_disk_without_room_is_told_once(
    small: Path, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.05)
    start = far.start(UNTIL_GO, min_free=20)
    far.host.offer([0])
    with far.watch(start).watching():
        wait_for(lambda: bool(far.host.events(EventKind.STARTED)))
        (small / "ballast").write_bytes(b"x" * (45 << 20))
        wait_for(lambda: bool(far.said))
        (small / "ballast").unlink()
        wait_for(lambda: len(far.said) > 1)
        far.host.go()
        far.host.await_ends(1)
    lack, again = far.said
    assert lack.startswith("no job starts on gpu2 until there is room: ")
    assert lack.endswith(far.site.remote.typed("df", "-h", far.site.host.home))
    assert again == "there is room again on gpu2: jobs start"
