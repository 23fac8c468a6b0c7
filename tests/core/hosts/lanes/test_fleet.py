"""A whole sweep on a host that ssh leads to: code there, a lane at work, results here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.hosts.far_host_kit import host_of
from core.hosts.leases.http_kit import TOKEN, Place, wait_for
from core.hosts.ssh_kit import FarSide
from core.sweep.kit import make_spec, paths_of
from sweeptree.hosts.lanes import fleet
from sweeptree.hosts.lanes.executor import Lanes
from sweeptree.hosts.lanes.fleet import Fleet, Headquarters, close_in_time
from sweeptree.hosts.lanes.identity import known_sweep_id
from sweeptree.hosts.lanes.planning import OnHosts, Station
from sweeptree.hosts.lanes.runs import Unshown
from sweeptree.hosts.lanes.start_facts import Access
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.values import Host
from sweeptree.model import JobRecord, JobState, Resume
from sweeptree.records import read_record
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.run import WithoutEngine, run_sweep
from sweeptree.system import locks


@dataclass
class Driver:
    """This machine, with a lease server of its own."""

    far: FarSide
    place: Place
    said: list[str] = field(default_factory=list)

    def run(
        self,
        repo: Path,
        *commands: str,
        host: Host | None = None,
        resume: Resume | None = None,
    ) -> SweepReport:
        endpoint = Endpoint(lambda: self.place.port, bearer(TOKEN))
        access = Access(authorization=bearer(TOKEN))
        base = Headquarters(self.place.port, endpoint, access, Unshown())
        stations = [Station(host or host_of(self.far), 2)]
        fleet = Fleet(stations, base, self.said.append)
        executor = Lanes(OnHosts(stations), fleet.ground)
        spec = make_spec(repo, *commands, min_free=0)
        return run_sweep(spec, resume, WithoutEngine(), executor=executor, before_end=int)

    def lanes(self) -> list[Path]:
        return list((self.far.home / ".sweeptree" / "lanes").glob("*"))


@pytest.fixture
def driver(tmp_path: Path, far: FarSide) -> Iterator[Driver]:
    place = Place(tmp_path / "leases.db")
    with place.served():
        driver = Driver(far, place)
        yield driver
        for lane in driver.lanes():
            wait_for(lambda alive=lane / "alive": not locks.is_held(alive))


def record_of(repo: Path, job: int) -> JobRecord:
    return read_record(paths_of(repo).record(job))


def test_a_sweep_on_a_host_has_all_its_results_here(repo: Path, driver: Driver) -> None:
    commands = ("python train.py 0", "python train.py 1; exit 3", "echo x > made.txt")
    assert driver.run(repo, *commands).reason == "1 failed, 2 succeeded"
    records = [record_of(repo, job) for job in range(3)]
    assert [record.state for record in records] == [
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.SUCCEEDED,
    ]
    assert {record.host for record in records} == {"gpu2"}
    assert records[0].metrics == {"val_auc": 0.9}
    assert paths_of(repo).log(1).read_text() == "trained 1\n"
    assert (paths_of(repo).out(2) / "artifacts" / "made.txt").read_text() == "x\n"


def test_nothing_of_it_goes_on_when_the_sweep_has_ended(repo: Path, driver: Driver) -> None:
    driver.run(repo, "true")
    assert driver.lanes() == []
    assert not list((driver.far.home / ".sweeptree").glob("tunnel-*"))
    assert not [call for call in driver.far.calls() if TOKEN in call]


def test_what_is_there_alone_stays(repo: Path, driver: Driver) -> None:
    driver.run(repo, "echo x > made.txt; exit 3")
    (lane,) = driver.lanes()
    assert lane.name == known_sweep_id(paths_of(repo))
    assert (lane / "brought").exists()
    assert TOKEN not in (lane / "lane.log").read_text()


def test_a_host_that_cannot_be_made_ready_refuses_the_sweep(repo: Path, driver: Driver) -> None:
    driver.far.fail("ssh: connect to host gpu2 port 22: Connection refused\n")
    report = driver.run(repo, "true")
    assert "gpu2 cannot be reached" in report.reason
    assert not driver.lanes()


def test_a_server_that_is_away_for_good_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet, "CLOSE_SECONDS", 0.1)
    give_up = threading.Event()
    nobody = Endpoint(lambda: 1, bearer(TOKEN))
    with Transport(nobody, give_up) as transport:
        close_in_time(DriverClient(transport, "exp-11112222-33334444"), give_up)
    assert give_up.is_set()


def test_a_sweep_that_is_only_to_end_begins_nothing(driver: Driver, repo: Path) -> None:
    report = driver.run(repo, "touch $HOME/began", "true", resume=Resume(ends="kill"))
    assert report.reason == "2 planned"
    assert not (driver.far.home / "began").exists()
    assert driver.lanes() == []
    assert driver.run(repo, "touch $HOME/began", "true", resume=Resume()).reason == "2 succeeded"
