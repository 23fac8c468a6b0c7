"""`sweeptree run` with a forge, as a user gives it: through Prefect, with tokens nowhere on the
way."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import server as server  # noqa: PLC0414 - the same managed server as the engine tests
from helpers import git

from forge.hub import Fault, Hub
from forge.spy import Spy, files_with
from sweeptree.engine.server import Server
from sweeptree.records import read_json

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.xdist_group("server")]
BIN = Path(sys.executable).parent
COMMANDS = '["echo 1 >> train.py", "true", "echo 3 >> train.py; exit 3"]'


def _run(
    clone: Path, hub: Hub, server: Server, *words: str, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    return _call(
        clone, hub, server, "run", "--exp_name", "night", "--use_worktree", *words, token=token
    )


def _call(
    clone: Path, hub: Hub, server: Server, *words: str, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "SWEEPTREE_HOME": str(server.home),
        "SWEEPTREE_SERVER_PORT": "0",
        "SWEEPTREE_SLOT_DIR": str(clone.parent / "slots"),
        "GH_HOST": hub.url.removeprefix("http://"),
        "GH_ENTERPRISE_TOKEN": hub.token if token is None else token,
    }
    return subprocess.run(
        [str(BIN / "sweeptree"), *words],
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_jobs_that_changed_code_become_pull_requests(hub: Hub, clone: Path, server: Server) -> None:
    done = _run(
        clone, hub, server, "--commands", COMMANDS, "--commit_and_pr", "--post_pr_labels", "auto"
    )
    records = [
        read_json(clone / "results" / "night" / f"job_{index}.meta.json") for index in range(3)
    ]
    assert [record["pr_number"] for record in records] == [1, None, None], done.stderr
    assert (done.returncode, hub.pulls[1].labels) == (1, ["auto"])
    assert f"{hub.url}/ada/ecg/pull/1" in done.stdout
    assert hub.token not in done.stdout + done.stderr


def test_token_is_seen_nowhere_during_a_whole_sweep(hub: Hub, clone: Path, server: Server) -> None:
    mark = clone.parent / "seen"
    wait = f"until [ -e '{mark}' ]; do sleep 0.05; done"
    command = (
        f"{wait}; cat /proc/self/environ /proc/$PPID/environ > seen.env; env; echo 1 >> train.py"
    )
    words = ("--commands", json.dumps([command]), "--commit_and_pr", "--post_pr_labels", "auto")
    with Spy(hub.token, mark) as spy:
        done = _run(clone, hub, server, *words)
    assert (done.returncode, hub.pulls[1].labels) == (0, ["auto"]), done.stderr
    assert (spy.words, spy.environments, hub.token in done.stdout + done.stderr) == ([], [], False)
    assert spy.jobs and spy.pushes and list(clone.rglob("job_0/artifacts/seen.env"))
    assert (
        list(server.home.rglob("*.db")) and files_with(hub.token, server.home, clone.parent) == []
    )


def test_forge_in_trouble_costs_the_exit_code_only(hub: Hub, clone: Path, server: Server) -> None:
    hub.faults.append(Fault("POST", "/pulls$", 404, message="Not Found"))
    done = _run(clone, hub, server, "--commands", '["echo 1 >> train.py"]', "--commit_and_pr")
    record = read_json(clone / "results" / "night" / "job_0.meta.json")
    assert (done.returncode, record["exit_code"], record["pr_url"]) == (4, 0, None), done.stderr
    assert (
        "pull request failed: looking for" not in done.stdout
        and "sweeptree resume night" in done.stdout
    )


def test_resume_delivers_what_is_missing_and_runs_no_job_again(
    hub: Hub, clone: Path, server: Server
) -> None:
    runs = clone.parent / "runs"
    commands = json.dumps(
        [f"echo {index} >> '{runs}'; echo {index} >> train.py" for index in range(3)]
    )
    hub.faults += [
        Fault("GET", "info/refs", 503, times=3),  # job 0 does not reach the remote,
        Fault("POST", "/pulls$", 503, times=3),  # job 1 gets no pull request,
        Fault("POST", "/labels$", 503, times=3),  # job 2 no labels
    ]
    words = (
        "--commands",
        commands,
        "--commit_and_pr",
        "--post_pr_labels",
        "auto",
        "--post_pr_reviewers",
        "grace",
    )
    first = _run(clone, hub, server, *words, "--parallel", "1")
    assert (first.returncode, len(hub.pulls)) == (4, 1), first.stderr
    assert [_step(clone, index) for index in range(3)] == [
        "pull request",
        "pull request",
        "labels and reviewers",
    ]
    assert (
        "sweeptree resume night" in first.stdout
        and "job 2: labels and reviewers failed" in first.stdout
    )
    second = _call(clone, hub, server, "resume", "night")
    assert second.returncode == 0, second.stderr
    assert "delivering what is missing of jobs 0, 1, 2" in second.stderr
    assert [(pull.labels, pull.reviewers) for pull in hub.pulls.values()] == [
        (["auto"], ["grace"])
    ] * 3
    assert runs.read_text().split() == ["0", "1", "2"]
    hub.log.clear()
    third = _call(clone, hub, server, "resume", "night")
    assert (third.returncode, hub.log) == (0, []), third.stderr


def _record(clone: Path, index: int) -> dict[str, Any]:
    return dict(read_json(clone / "results" / "night" / f"job_{index}.meta.json"))


def _step(clone: Path, index: int) -> str:
    return str(_record(clone, index)["delivery"]["step"])


def test_best_job_alone_becomes_a_pull_request(hub: Hub, clone: Path, server: Server) -> None:
    step = "echo '{\"val_auc\": %s}' >> $SWEEPTREE_METRICS; echo %s >> train.py"
    commands = json.dumps([step % (value, value) for value in ("0.8", "0.9")])
    words = (
        "--commands",
        commands,
        "--commit_and_pr_best",
        "--metric",
        "val_auc:max",
        "--post_pr_labels",
        "best",
    )
    done = _run(clone, hub, server, *words)
    document = read_json(clone / "results" / "night" / "aggregated.json")
    assert [job["pr_number"] for job in document["jobs"]] == [None, 1], done.stderr
    assert (done.returncode, len(hub.pulls), hub.pulls[1].labels) == (0, 1, ["best"])
    assert hub.repo.git("show", f"{hub.pulls[1].branch}:train.py").endswith("0.9")
    assert "| rank | config |" in hub.pulls[1].body


def test_resume_opens_the_best_job_s_pull_request(hub: Hub, clone: Path, server: Server) -> None:
    hub.faults.append(Fault("POST", "/pulls$", 503, times=3))
    command = "echo '{\"val_auc\": 0.9}' >> $SWEEPTREE_METRICS; echo 1 >> train.py"
    words = ("--commands", json.dumps([command]), "--commit_and_pr_best", "--metric", "val_auc:max")
    first = _run(clone, hub, server, *words)
    assert (first.returncode, _step(clone, 0)) == (4, "pull request of the best job"), first.stderr
    assert "pull request of the best job failed" in first.stdout
    second = _call(clone, hub, server, "resume", "night")
    assert (second.returncode, len(hub.pulls)) == (0, 1), second.stderr
    record = read_json(clone / "results" / "night" / "job_0.meta.json")
    assert (len(record["attempts"]), record["pr_number"]) == (1, 1)
    hub.log.clear()
    third = _call(clone, hub, server, "resume", "night")
    assert (third.returncode, hub.calls) == (0, ["GET /pulls"]), third.stderr
    assert not [request for request in hub.log if "receive-pack" in request.path + request.query]


def test_without_a_token_there_are_branches_and_a_hint(
    hub: Hub, clone: Path, server: Server
) -> None:
    done = _run(
        clone, hub, server, "--commands", '["echo 1 >> train.py"]', "--commit_and_pr", token=""
    )
    record = _record(clone, 0)
    assert (done.returncode, hub.log, record["delivery"]["state"]) == (0, [], "local"), done.stderr
    assert git("show", f"{record['git_branch']}:train.py", cwd=clone).endswith("1")
    assert "export GH_ENTERPRISE_TOKEN=<token>" in done.stdout


def test_refused_token_is_tried_once_and_resume_finishes(
    hub: Hub, clone: Path, server: Server
) -> None:
    good, hub.token = hub.token, "gho_" + "N" * 36  # the one in the environment is out of date
    commands = json.dumps([f"echo {index} >> train.py" for index in range(3)])
    words = (
        "--commands",
        commands,
        "--commit_and_pr",
        "--post_pr_labels",
        "auto",
        "--parallel",
        "3",
    )
    first = _run(clone, hub, server, *words, token=good)
    assert (first.returncode, hub.pulls) == (4, {}), first.stderr
    assert [str(request) for request in hub.log] == [
        "GET /ada/ecg.git/info/refs"
    ] * 2  # git's own two, of one job
    deliveries = [_record(clone, index)["delivery"] for index in range(3)]
    assert [(found["state"], found["step"]) for found in deliveries] == [
        ("failed", "pull request")
    ] * 3
    assert all(
        "token from GH_ENTERPRISE_TOKEN is not accepted" in found["reason"] for found in deliveries
    )
    assert all(
        git("branch", "--list", _record(clone, index)["git_branch"], cwd=clone)
        for index in range(3)
    )
    second = _call(clone, hub, server, "resume", "night")
    assert (second.returncode, [pull.labels for pull in hub.pulls.values()]) == (
        0,
        [["auto"]] * 3,
    ), second.stderr
