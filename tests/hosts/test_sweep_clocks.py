"""Sweeps over two hosts whose clocks are an hour off: leases, durations and the records here do not
depend on them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from field import (
    LONG,
    Field,
    check_complete,
    check_shown,
    lives_on,
    made_field,
    once,
    succeeded,
)
from rig import RigHost, lacks
from sweep_kit import wait_for

from sweeptree.model import JobRecord
from sweeptree.records import read_json
from sweeptree.system.clock import utc_now

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]
HOUR = timedelta(hours=1)
LONGER = 25.0  # seconds: than a lease lasts
NEAR = timedelta(seconds=10)  # what a measurement of a clock may be off on a busy machine


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """gpu1 is an hour ahead, gpu2 an hour behind."""
    with made_field(tmp_path_factory.mktemp("field"), lacks()) as field:
        ahead, behind = field.hosts
        if not (ahead.set_clock(3600) and behind.set_clock(-3600)):
            pytest.skip("no C compiler")
        yield field


def moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text or "")


def began_there(field: Field, name: str) -> dict[int, datetime]:
    """When the jobs that run have begun by the clocks of their hosts, as their lanes wrote it."""
    found = {}
    for host in field.hosts:
        for job, _ in lives_on(host, name):
            found[job] = moment(written_there(host, name, job).start_time)
    return found


def written_there(host: RigHost, name: str, job: int) -> JobRecord:
    """A record as the lane wrote it."""
    (found,) = (host.home / ".sweeptree/lanes").glob(f"{name}-*/results/*/job_{job}.meta.json")
    return JobRecord.model_validate(read_json(found))


def test_the_plan_names_clocks_that_are_off(field: Field) -> None:
    done = field.run("planned", "--dry_run")
    assert done.returncode == 0, done.stderr
    assert "the clock of gpu1 is 36" in done.stdout and "s ahead of this machine's" in done.stdout
    assert "the clock of gpu2 is 3" in done.stdout and "s behind this machine's" in done.stdout


def test_a_sweep_by_clocks_that_are_an_hour_off(field: Field) -> None:
    before = moment(utc_now()) - NEAR
    with field.held("hour", jobs=8) as driver:
        wait_for(lambda: all(lives_on(host, "hour") for host in field.hosts), LONG)
        field.await_running("hour", 4)
        time.sleep(LONGER)  # that long the jobs run
        shown = json.loads(field.call("status", "hour", "--json").stdout)
        there = began_there(field, "hour")
        field.let_go("hour")
        succeeded(driver)
    after = moment(utc_now()) + NEAR
    assert field.times("hour", "ended") == once(8)
    check_complete(field, "hour", jobs=8)
    for record in field.records("hour").values():
        (attempt,) = record.attempts
        assert before < moment(record.start_time) < moment(record.end_time) < after
        assert (attempt.start_time, attempt.end_time) == (record.start_time, record.end_time)
        assert 0 < (record.duration_seconds or 0) < (after - before).total_seconds()
        assert any(f"the clock of {record.host} is" in note for note in record.notes)
    assert len(there) == 4
    for job, began in there.items():
        wanted = HOUR if field.records("hour")[job].host == "gpu1" else -HOUR
        assert abs(began - moment(field.records("hour")[job].start_time) - wanted) < NEAR
    seconds = [job["seconds"] for job in shown["jobs"] if job["state"] == "running"]
    assert len(seconds) == 4
    assert all(0 < each < (after - before).total_seconds() for each in seconds)
    check_shown(field, "hour")
