"""Sweeps over two real hosts, as a user runs them: the same records, logs, files, commits, report
and exit codes as on one machine."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.conftest import Cli, ended
from field import (
    LONG,
    TRAIN,
    Field,
    check_complete,
    check_shown,
    lane_of,
    lanes_left,
    lives_on,
    made_field,
    once,
    succeeded,
)
from forge.conftest import clone as clone  # noqa: PLC0414 - a forge as the delivery tests have it
from forge.conftest import hub as hub  # noqa: PLC0414
from forge.conftest import openapi as openapi  # noqa: PLC0414
from forge.hub import Hub
from helpers import git
from rig import RigHost, lacks
from sweep_kit import wait_for

from sweeptree.model import JobState
from sweeptree.records import read_json

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Two hosts for all tests of this module."""
    with made_field(tmp_path_factory.mktemp("field"), lacks()) as field:
        yield field


def test_a_sweep_over_two_hosts_leaves_all_that_one_here_would(field: Field) -> None:
    with field.held("all", jobs=8) as driver:
        wait_for(lambda: all(lives_on(host, "all") for host in field.hosts), LONG)
        field.let_go("all")
        succeeded(driver)
    check_complete(field, "all", jobs=8)
    records, paths = field.records("all"), field.paths("all")
    assert field.times("all", "ended") == once(8)
    assert {record.host for record in records.values()} == {"gpu1", "gpu2"}
    assert all(len(record.gpus) == 1 for record in records.values())
    assert (paths.artifacts(3) / "weights.txt").read_text() == "w" * 1000
    found = read_json(paths.aggregated_json)
    assert found["summary"]["states"] == {"succeeded": 8}
    assert "gpu1" in paths.report.read_text() and "gpu2" in paths.report.read_text()
    assert "8 ok" in field.call("status", "all").stdout
    assert len(field.lane_runs("all")) == 2
    check_shown(field, "all")
    assert [lanes_left(host, "all") for host in field.hosts] == [[], []]


def test_the_plan_names_hosts_and_slots_and_starts_nothing(field: Field) -> None:
    done = field.run("planned", "--dry_run")
    assert done.returncode == 0, done.stderr
    assert "gpu1: 2 slots" in done.stdout and "gpu2: 2 slots" in done.stdout
    assert not field.paths("planned").root.exists() and field.lives("planned") == []


def test_logs_follow_a_job_on_its_host(field: Field) -> None:
    with field.held("tail", jobs=1) as driver:
        field.await_running("tail", 1)
        with field.cli.running("sweeptree", "logs", "tail:0", "--follow") as logs:
            assert logs.stdout is not None
            assert "job 0 on gpu" in logs.stdout.readline()
            field.let_go("tail")
            assert "val_auc" in logs.stdout.read()
        succeeded(driver)


def test_cancel_ends_the_jobs_there_and_resume_goes_on(field: Field) -> None:
    with field.held("stopped", jobs=6) as driver:
        field.await_running("stopped", 4)
        assert field.call("cancel", "stopped").returncode == 0
        assert ended(driver)[0] == 130
    assert field.lives("stopped", "ended") == []
    states = {job: record.state for job, record in field.records("stopped").items()}
    begun = {job for job, _ in field.lives("stopped")}
    assert {job for job, state in states.items() if state is JobState.CANCELLED} == begun
    wait_for(lambda: not any(lane_of(host, "stopped") for host in field.hosts), LONG)
    field.let_go("stopped")
    done = field.call("resume", "stopped")
    assert done.returncode == 0, done.stdout + done.stderr
    check_complete(field, "stopped", jobs=6)
    assert field.times("stopped", "ended") == once(6)
    check_shown(field, "stopped")


@pytest.mark.parametrize("words", [(), ("--kill",)])
def test_cancel_reaches_the_jobs_there_also_without_a_driver(
    field: Field, words: tuple[str, ...]
) -> None:
    """Also a job that has begun since the driver died, of which no record here tells."""
    name = f"undriven{len(words)}"
    with field.held(name, jobs=8) as driver:
        field.await_running(name, 4)
        _let_one_end(field, name, set(range(4)))
        wait_for(lambda: len(field.records(name)) == 8, LONG)  # all are leased
        field.await_running(name, 5)
        driver.kill()
        driver.wait()
    running = {job for job, each in field.records(name).items() if each.state is JobState.RUNNING}
    _let_one_end(field, name, running)
    wait_for(lambda: len(field.lives(name)) == 6, LONG)
    done = field.call("cancel", name, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "driving it again to end what runs on its hosts" in done.stderr
    states = {job: record.state for job, record in field.records(name).items()}
    assert JobState.RUNNING not in states.values()
    assert len(field.lives(name, "ended")) == 2
    assert not any(map(_keeps_jobs, field.hosts))
    field.let_go(name)
    assert field.call("resume", name).returncode == 0
    assert field.times(name, "ended") == once(8)
    check_complete(field, name, jobs=8)


def _let_one_end(field: Field, name: str, among: set[int]) -> None:
    job = min(among & {job for job, _ in field.lives(name)})
    field.let_one_go(name, field.host_of(name, job), job)
    wait_for(lambda: job in {each for each, _ in field.lives(name, "ended")}, LONG)


def _keeps_jobs(host: RigHost) -> bool:
    """Whether a keeper lives there."""
    names = [Path(f"/proc/{pid}/comm") for pid in host.processes()]
    return "sweeptree-keep\n" in [name.read_text() for name in names if name.exists()]


def test_big_artifacts_may_stay_there(field: Field) -> None:
    big = "import os; open(os.environ['SWEEPTREE_OUT'] + '/big.bin', 'wb').write(b'b' * 20_000_000)"
    words = ("--hosts", "all", "--artifacts", "keep-remote", "--commands")
    done = field.cli.run("big", *words, json.dumps([f'python3 -c "{big}"; echo small > note.txt']))
    assert done.returncode == 0, done.stdout + done.stderr
    record, paths = field.records("big")[0], field.paths("big")
    (kept,) = record.remote_artifacts
    assert (kept.host, kept.bytes) == (record.host, 20_000_000)
    there = field.host_of("big", 0).path(kept.path).read_bytes()
    assert hashlib.sha256(there).hexdigest() == kept.sha256
    assert (paths.artifacts(0) / "note.txt").read_text() == "small\n"
    assert list(paths.root.rglob("big.bin")) == []
    checked = field.call("hosts", "check", str(record.host), "--repair")
    assert "1 file stays there by --artifacts keep-remote" in checked.stderr
    assert field.host_of("big", 0).path(kept.path).exists()


def test_a_job_that_fails_is_tried_again(field: Field) -> None:
    mark = "$HOME/flaky.$SWEEPTREE_JOB"
    flaky = f"test -e {mark} && exit 0; touch {mark}; echo sorry; exit 3"
    words = ("--hosts", "gpu1", "--retries", "1", "--commands", json.dumps([flaky, "exit 4"]))
    done = field.cli.run("flaky", *words)
    assert done.returncode == 1, done.stdout + done.stderr
    first, second = field.records("flaky").values()
    states = [attempt.state for attempt in first.attempts]
    assert states == [JobState.FAILED, JobState.SUCCEEDED]
    assert (second.state, second.exit_code, len(second.attempts)) == (JobState.FAILED, 4, 2)
    assert "sorry" in field.paths("flaky").attempt(0, 1, "log").read_text()


def test_a_dirty_tree_runs_there_from_a_folder_below_the_top(field: Field, tmp_path: Path) -> None:
    top = tmp_path / "clone"
    git("clone", "-q", field.cli.folder, top, cwd=tmp_path)
    (top / "deep").mkdir()
    (top / "deep" / "train.py").write_text(TRAIN)
    below = Field(field.rig, Cli(top / "deep", field.cli.env), field.state)
    done = below.run("dirty", "--dirty", "snapshot", "--results_dir", str(top / "results"), jobs=2)
    assert done.returncode == 0, done.stdout + done.stderr
    found = Field(field.rig, Cli(top, field.cli.env), field.state)
    check_complete(found, "dirty", jobs=2)
    assert "git" not in git("status", "--porcelain", cwd=top)


def test_jobs_that_changed_code_become_pull_requests(field: Field, hub: Hub, clone: Path) -> None:
    (clone / "train.py").write_text(TRAIN)
    git("commit", "-qam", "train", cwd=clone)
    git("push", "-q", hub.repo.path, "main:main", cwd=clone)
    forge = {"GH_HOST": hub.url.removeprefix("http://"), "GH_ENTERPRISE_TOKEN": hub.token}
    delivering = Field(field.rig, Cli(clone, {**field.cli.env, **forge}), field.state)
    done = delivering.run("night", "--commit_and_pr", "--post_pr_labels", "auto", jobs=2)
    assert done.returncode == 0, done.stdout + done.stderr
    records = delivering.records("night")
    assert {record.pr_number for record in records.values()} == {1, 2}
    assert hub.pulls[1].labels == ["auto"]
    for job in (0, 1):
        branch = records[job].git_branch
        lines = git("show", f"{branch}:train.py", cwd=clone).splitlines()
        assert lines[-1] == f"# lr {0.01 * (job + 1)}"
    held = git("for-each-ref", "refs/sweeptree/quarantine", cwd=clone)
    assert held == ""
    for host in field.hosts:
        for cache in (host.home / ".sweeptree/cache").glob("*.git"):
            assert git("for-each-ref", "refs/sweeptree/quarantine", cwd=cache) == ""
    assert hub.token not in done.stdout + done.stderr


def test_only_the_hosts_that_are_named_are_used(field: Field) -> None:
    done = field.run("one", "--hosts", "gpu2", jobs=3)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lives_on(field.hosts[0], "one") == []
    assert len(lives_on(field.hosts[1], "one")) == 3


def test_a_host_that_was_not_added_is_refused(field: Field) -> None:
    done = field.run("stranger", "--hosts", "gpu9")
    assert done.returncode == 2
    assert "gpu9" in done.stderr and "sweeptree hosts add" in done.stderr
    assert not field.paths("stranger").root.exists()


def test_no_more_begin_than_have_slots_when_the_first_fail_alike(field: Field) -> None:
    fails = "echo $SWEEPTREE_JOB $SWEEPTREE_ATTEMPT >> $HOME/same.begun; exit 3"
    words = ("--hosts", "all", "--commands", json.dumps([fails] * 10))
    done = field.cli.run("same", *words, "--stop_after_same", "3")
    assert done.returncode == 1, done.stdout + done.stderr
    begun = {job for job, _ in field.lives("same")}
    assert len(begun) <= 6  # four slots, and one more for each of the first two
    records = field.records("same")
    assert {job for job, record in records.items() if record.state is JobState.FAILED} == begun


def test_what_a_killed_driver_left_there_is_named_and_kept_until_resume_has_fetched_it(
    field: Field,
) -> None:
    with field.held("left", "--hosts", "gpu1", jobs=2) as driver:
        field.await_running("left", 2)
        driver.kill()
        driver.wait()
    field.let_go("left")
    host = field.hosts[0]
    wait_for(lambda: len(field.lives("left", "ended")) == 2, LONG)
    os.kill(lane_of(host, "left"), signal.SIGKILL)
    wait_for(lambda: not lane_of(host, "left"), LONG)
    checked = field.call("hosts", "check", "gpu1", "--repair")
    assert "of left: no driver has said that it has all results" in checked.stderr
    assert len(lanes_left(host, "left")) == 1
    assert field.call("resume", "left").returncode == 0
    check_complete(field, "left", jobs=2)
    assert lanes_left(host, "left") == []
