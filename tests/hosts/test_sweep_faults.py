"""Sweeps over two real hosts while something dies: nothing is lost, each job is accepted once, and
nothing is shown as if it went on."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from e2e.conftest import ended
from field import (
    LONG,
    Field,
    check_complete,
    check_shown,
    keeper_of,
    kill,
    lane_of,
    lives_on,
    made_field,
    once,
    succeeded,
    untold,
)
from rig import RigHost, lacks
from sweep_kit import wait_for

from sweeptree.engine.server.token import replace_token
from sweeptree.model import JobState

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]
LEASE = 20.0  # seconds; see hosts/leases/deadlines.py
MINUTE = 60.0


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Two hosts for all tests of this module."""
    with made_field(tmp_path_factory.mktemp("field"), lacks()) as field:
        yield field


@pytest.fixture(autouse=True)
def _whole_again(field: Field) -> Iterator[None]:
    """Every host runs and is reached when the next test begins."""
    yield
    for host in field.hosts:
        if host.pid:
            host.mend()
        else:
            host.start()


def begun(field: Field, name: str, jobs: int = 4) -> None:
    """Wait until every job runs, as its first attempt."""
    field.await_running(name, jobs)


def jobs_on(field: Field, name: str, host: RigHost) -> list[int]:
    """The jobs whose record names a host."""
    return [job for job, record in field.records(name).items() if record.host == host.name]


def lost(field: Field, name: str, jobs: list[int]) -> bool:
    """Whether the first attempts of jobs are recorded as lost."""
    records = field.records(name)
    firsts = [records[job].attempts[0].state for job in jobs]
    return set(firsts) == {JobState.LOST}


def test_a_killed_lane_whose_keepers_live_is_followed_by_one_that_takes_over(field: Field) -> None:
    with field.held("lane") as driver:
        begun(field, "lane")
        victim = field.hosts[0]
        before = lane_of(victim, "lane")
        kill(before)
        wait_for(lambda: lane_of(victim, "lane") not in (0, before), LONG)
        field.let_go("lane")
        succeeded(driver)
    assert field.times("lane") == once(4)
    check_complete(field, "lane")
    check_shown(field, "lane")


def test_a_killed_keeper_costs_its_job_another_attempt(field: Field) -> None:
    with field.held("keeper", "--retries", "1") as driver:
        begun(field, "keeper")
        kill(keeper_of(field.host_of("keeper", 2), "keeper", 2))
        wait_for(lambda: field.times("keeper")[2] == 2, LONG)
        field.let_go("keeper")
        succeeded(driver)
    check_complete(field, "keeper")
    assert field.times("keeper", "ended") == once(4)


def test_a_killed_driver_is_followed_by_resume_which_repeats_nothing(field: Field) -> None:
    with field.held("driver", jobs=6) as driver:
        field.await_running("driver", 4)
        driver.kill()
        driver.wait()
        field.let_go("driver", field.hosts[0])
        ended_there = lives_on(field.hosts[0], "driver")
        wait_for(lambda: set(ended_there) <= set(field.lives("driver", "ended")), LONG)
    field.let_go("driver")
    done = field.call("resume", "driver")
    assert done.returncode == 0, done.stdout + done.stderr
    assert field.times("driver") == once(6)
    check_complete(field, "driver", jobs=6)
    check_shown(field, "driver")


def test_a_server_that_is_away_for_longer_than_a_lease(field: Field) -> None:
    with field.held("server") as driver:
        begun(field, "server")
        server = field.server().pid
        os.kill(server, signal.SIGSTOP)
        field.let_go("server")
        time.sleep(LEASE + 5)  # that long it is away
        os.kill(server, signal.SIGCONT)
        succeeded(driver)
    assert field.times("server") == once(4)
    check_complete(field, "server")
    check_shown(field, "server")


def test_a_killed_server_comes_back(field: Field) -> None:
    with field.held("dead") as driver:
        begun(field, "dead")
        before = field.server().pid
        kill(before)
        wait_for(lambda: field.server().pid != before, LONG)
        field.let_go("dead")
        succeeded(driver)
    assert field.times("dead") == once(4)
    check_complete(field, "dead")
    check_shown(field, "dead")


def test_jobs_of_a_dead_host_run_on_the_other_and_it_takes_part_again(field: Field) -> None:
    one, other = field.hosts
    with field.held("power") as driver:
        begun(field, "power")
        theirs = jobs_on(field, "power", other)
        other.kill()
        field.let_go("power", one)
        wait_for(lambda: all(field.times("power")[job] == 2 for job in theirs), LONG)
        other.start()
        succeeded(driver)
    check_complete(field, "power")
    assert Counter(job for job, _ in lives_on(one, "power", "ended")) == once(4)
    check_shown(field, "power")


def test_a_cable_that_is_cut_for_ever(field: Field) -> None:
    one, other = field.hosts
    with field.held("cut") as driver:
        begun(field, "cut")
        other.cut()
        field.let_go("cut")
        succeeded(driver)
    assert {record.host for record in field.records("cut").values()} == {one.name}
    check_complete(field, "cut")
    check_shown(field, "cut")


def test_a_result_that_comes_late_counts_no_more(field: Field) -> None:
    """Its job has begun elsewhere while the cable was cut."""
    one, other = field.hosts
    with field.held("late") as driver:
        begun(field, "late")
        ours, theirs = jobs_on(field, "late", one), jobs_on(field, "late", other)
        other.cut()
        field.let_one_go("late", one, ours[0])
        wait_for(lambda: any(job in theirs for job, _ in lives_on(one, "late")), LONG)
        field.let_go("late", other)
        wait_for(lambda: len(untold(other, "late")) == len(theirs), LONG)
        other.mend()
        wait_for(lambda: not untold(other, "late"), LONG)
        field.let_go("late")
        succeeded(driver)
    check_complete(field, "late")
    assert max(Counter(field.lives("late")).values()) == 1
    again = [job for job, _ in lives_on(one, "late") if job in theirs]
    assert all(field.records("late")[job].host == one.name for job in again)
    check_shown(field, "late")


def test_a_cable_that_is_cut_for_a_minute(field: Field) -> None:
    """One of its jobs has begun elsewhere by then, and both have ended there."""
    one, other = field.hosts
    with field.held("minute") as driver:
        begun(field, "minute")
        ours, theirs = jobs_on(field, "minute", one), jobs_on(field, "minute", other)
        other.cut()
        over = time.monotonic() + MINUTE
        field.let_one_go("minute", one, ours[0])
        field.let_go("minute", other)
        wait_for(lambda: any(job in theirs for job, _ in lives_on(one, "minute")), LONG)
        wait_for(lambda: len(untold(other, "minute")) == len(theirs), LONG)
        time.sleep(max(0.0, over - time.monotonic()))  # that long it is cut
        other.mend()
        wait_for(lambda: not untold(other, "minute"), LONG)
        field.let_go("minute")
        succeeded(driver)
    check_complete(field, "minute")
    assert max(Counter(field.lives("minute")).values()) == 1
    assert Counter(job for job, _ in lives_on(other, "minute", "ended")) >= Counter(theirs)
    for job, number in lives_on(one, "minute"):
        accepted = next(
            a for a in field.records("minute")[job].attempts if a.state is JobState.SUCCEEDED
        )
        assert (accepted.number, field.host_of("minute", job)) == (number, one)
    check_shown(field, "minute")


def test_the_only_host_comes_back_with_finished_results(field: Field) -> None:
    """The cable was cut for longer than a lease; nobody else could take the jobs."""
    host, jobs = field.hosts[1], [0, 1]
    with field.held("cable", "--hosts", host.name, jobs=2) as driver:
        begun(field, "cable", jobs=2)
        host.cut()
        wait_for(lambda: lost(field, "cable", jobs), LONG)
        field.let_go("cable")
        wait_for(lambda: len(untold(host, "cable")) == len(jobs), LONG)
        host.mend()
        succeeded(driver)
    assert field.times("cable") == once(2)
    check_complete(field, "cable", jobs=2)
    check_shown(field, "cable")


def test_a_job_that_takes_down_two_hosts_is_not_started_again(field: Field) -> None:
    with field.held("bomb", jobs=1) as driver:
        for attempt in (1, 2):
            field.await_begun("bomb", (0, attempt))
            host = field.host_of("bomb", 0)
            host.kill()
            host.start()
        code, out, err = ended(driver)
    assert code == 1, out + err
    record = field.records("bomb")[0]
    assert record.state is JobState.FAILED
    assert "it took down gpu1 and gpu2" in (record.reason or "")
    assert Counter(field.lives("bomb")) == Counter([(0, 1), (0, 2)])
    check_shown(field, "bomb")


def test_a_driver_whose_machine_was_rebooted(field: Field) -> None:
    """Driver and server are gone; the lanes have gone on meanwhile."""
    with field.held("reboot", jobs=6) as driver:
        field.await_running("reboot", 4)
        kill(field.server().pid)
        driver.kill()
        driver.wait()
        field.let_go("reboot")
        wait_for(lambda: len(field.lives("reboot", "ended")) >= 4, LONG)
    done = field.call("resume", "reboot")
    assert done.returncode == 0, done.stdout + done.stderr
    assert field.times("reboot") == once(6)
    check_complete(field, "reboot", jobs=6)
    check_shown(field, "reboot")


def test_a_server_that_came_back_with_another_token(field: Field) -> None:
    """Somebody else had its port meanwhile, and may have heard the old one."""
    with field.held("token") as driver:
        begun(field, "token")
        pids = {lane_of(host, "token") for host in field.hosts}
        driver.kill()
        driver.wait()
        kill(field.server().pid)
        replace_token(field.state)
        with field.cli.running("sweeptree", "resume", "token") as second:
            wait_for(lambda: not pids & {lane_of(host, "token") for host in field.hosts}, LONG)
            field.let_go("token")
            succeeded(second)
    assert field.times("token") == once(4)
    check_complete(field, "token")
    check_shown(field, "token")
