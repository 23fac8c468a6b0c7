"""One sweep through its flow, as the Prefect server sees it afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.artifacts import Artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterTaskRunId,
)
from prefect.client.schemas.objects import Log, State
from server_kit import client_of
from sweep_kit import Seen, make_repository, records_of, seal, see, see_all, states_of, wait_for

from sweeptree.engine.server import Server
from sweeptree.flows.sweep import sweep
from sweeptree.model import JobState, Resume, SweepSpec
from sweeptree.records import SweepPaths

pytestmark = pytest.mark.engine

STAGES = ("create-worktree", "run-command")
TRAIN = 'echo "{\\"val_auc\\": 0.$(($2 + 7))}" >> "$SWEEPTREE_METRICS"\n'
FAIL_ONE = "sh train.sh {lr} {seed}; test {lr}-{seed} != 0.2-2"


def run(
    repo: Path, *, resume: Resume | None = None, **fields: Any
) -> tuple[State[Any], SweepPaths]:
    spec = SweepSpec.model_validate(
        {"repo": repo, "use_worktree": True, "parallel": 2, "metric": "val_auc:max"} | fields
    )
    return sweep(spec, resume=resume, return_state=True), SweepPaths(
        repo / "results" / spec.exp_name
    )


@pytest.fixture(scope="module")
def repo(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("sweeps")
    with pytest.MonkeyPatch.context() as patch:
        seal(patch, folder)
        yield make_repository(
            folder / "repo", train_sh=TRAIN, fix_sh="echo fixed > fixed.txt\n", notes_md="notes\n"
        )


@pytest.fixture(scope="module")
def failing(repo: Path) -> tuple[State[Any], SweepPaths]:
    """Two configs with two seeds each; the last of the four jobs fails."""
    return run(repo, exp_name="failing", template=FAIL_ONE, grid={"lr": [0.1, 0.2]}, seeds=[1, 2])


@pytest.fixture(scope="module")
def seen(failing: tuple[State[Any], SweepPaths], server: Server) -> Seen:
    return see(
        server.api_url, failing[1], tasks=[f"{stage} {job}" for stage in STAGES for job in range(4)]
    )


@pytest.fixture(scope="module")
def artifacts(seen: Seen, server: Server) -> dict[str, Any]:
    """The artifacts of the flow run and its subflow runs, by type."""
    runs = ArtifactFilterFlowRunId(any_=[seen.run.id, *(sub.id for sub in seen.subflows.values())])
    with client_of(server) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=runs))
    return {str(artifact.type): artifact for artifact in found}


def test_a_failed_job_fails_the_run_and_the_message_counts(
    failing: tuple[State[Any], SweepPaths], seen: Seen
) -> None:
    assert (failing[0].name, failing[0].message) == ("Failed", "1 failed, 3 succeeded")
    assert seen.run.state is not None
    assert (seen.run.state.name, seen.run.state.message) == ("Failed", "1 failed, 3 succeeded")


def test_the_agents_are_subflow_runs(seen: Seen) -> None:
    assert set(seen.subflows) == {"experiment-orchestrator", "results-aggregator"}
    assert seen.run.name == "failing"


def test_only_the_stages_that_were_asked_for_are_task_runs(seen: Seen) -> None:
    assert set(seen.tasks) == {f"{stage} {job}" for stage in STAGES for job in range(4)}


def test_a_command_hangs_on_its_own_worktree_and_on_nothing_else(seen: Seen) -> None:
    for job in range(4):
        worktree, command = (seen.tasks[f"{stage} {job}"] for stage in STAGES)
        edges = {(name, edge.id) for name, found in command.task_inputs.items() for edge in found}
        assert edges == {("wait_for", worktree.id)}
        assert not any(worktree.task_inputs.values())


def test_a_stage_that_waits_for_nothing_is_never_pending(seen: Seen, server: Server) -> None:
    with client_of(server) as client:
        states = [
            state.name for state in client.read_task_run_states(seen.tasks["run-command 0"].id)
        ]
    assert sorted(name or "" for name in states) == ["Completed", "Running"]


def test_every_try_of_a_job_has_its_own_task_runs(repo: Path, server: Server) -> None:
    _, paths = run(repo, exp_name="again", commands=["false"], retries=1)
    names = [f"{stage} 0" for stage in STAGES]
    wait_for(lambda: sorted(see_all(server.api_url, paths)) == sorted(names * 2))


def test_no_two_commands_run_at_once_though_the_next_is_made_ready(
    repo: Path, tmp_path: Path
) -> None:
    alone = f"mkdir {tmp_path}/busy && sleep 0.05 && rmdir {tmp_path}/busy"
    _, paths = run(repo, exp_name="alone", commands=[alone] * 6, parallel=1)
    assert states_of(paths) == [JobState.SUCCEEDED] * 6


def test_after_a_failure_nothing_starts_that_was_made_ready(repo: Path) -> None:
    fails = f"until test -e {repo}/results/strict/job_1.meta.json; do sleep 0.01; done; false"
    _, paths = run(
        repo, exp_name="strict", commands=[fails, "true", "true"], parallel=1, on_fail="stop"
    )
    assert [bool(record.attempts) for _, record in sorted(records_of(paths).items())][:2] == [
        True,
        False,
    ]


def test_the_failed_command_says_why(seen: Seen) -> None:
    states = [seen.tasks[f"run-command {job}"].state for job in range(4)]
    assert [state.name for state in states if state] == ["Completed"] * 3 + ["Failed"]
    assert states[3] is not None
    assert states[3].message == "exit code 1"


def test_the_run_is_tagged_and_its_task_runs_pay_for_no_tag(seen: Seen) -> None:
    assert {"sweep", "sweeptree", "failing"} < set(seen.run.tags)
    assert [task.name for task in seen.tasks.values() if task.tags] == []


def test_the_leaderboard_is_one_table(artifacts: dict[str, Artifact]) -> None:
    table = str(artifacts["table"].data)
    assert ("lr=0.1" in table, "lr=0.2" in table, "val_auc" in table) == (True, True, True)


def test_the_summary_links_the_files(
    artifacts: dict[str, Artifact], failing: tuple[State[Any], SweepPaths]
) -> None:
    text = str(artifacts["markdown"].data)
    assert "4 jobs: 1 failed, 3 succeeded." in text
    for path in (failing[1].aggregated_json, failing[1].aggregated_csv, failing[1].groups_csv):
        assert f"[{path.name}]({path.as_uri()})" in text


def test_the_summary_leads_to_the_leaderboard_and_the_report(
    artifacts: dict[str, Artifact],
) -> None:
    text = str(artifacts["markdown"].data)
    assert f"[Leaderboard](/artifacts/key/{artifacts['table'].key})" in text
    assert "`sweeptree report failing --open`" in text


def test_the_log_of_a_command_is_in_its_task_runs_log_once(
    seen: Seen, failing: tuple[State[Any], SweepPaths], server: Server
) -> None:
    run = seen.tasks["run-command 3"]
    with client_of(server) as client:
        (log,) = wait_for(lambda: commands_in(client, run.id))
    assert log.level == logging.ERROR
    assert log.message.splitlines()[0] == "$ sh train.sh 0.2 2; test 0.2-2 != 0.2-2"
    assert str(failing[1].log(3)) in log.message
    assert "sweeptree logs failing:3" in log.message


def commands_in(client: SyncPrefectClient, task_run: UUID) -> list[Log]:
    """The records of a task run that show a command, beside Prefect's own."""
    wanted = LogFilter(task_run_id=LogFilterTaskRunId(any_=[task_run]))
    return [log for log in client.read_logs(log_filter=wanted) if log.message.startswith("$ ")]


def test_runs_are_called_by_what_they_are(seen: Seen) -> None:
    names = {agent: sub.name for agent, sub in seen.subflows.items()}
    assert names == {
        "experiment-orchestrator": "failing: jobs",
        "results-aggregator": "failing: aggregate",
    }
    assert seen.tasks["run-command 3"].name == "job 3 lr=0.2 seed 2: run"


def test_the_progress_stands_at_its_end(artifacts: dict[str, Artifact]) -> None:
    assert artifacts["progress"].data == 100
    assert artifacts["progress"].description == "4 of 4 jobs finished, 1 failed"


def test_the_stages_that_were_asked_for_appear_in_their_order(repo: Path, server: Server) -> None:
    stages = {
        "auto_fix_before_pr": True,
        "auto_fix_script": "fix.sh",
        "commit_and_pr": True,
        "post_pr_labels": ["x"],
    }
    state, paths = run(repo, exp_name="chain", commands=["echo more >> notes.md"], **stages)
    names = [
        "create-worktree 0",
        "run-command 0",
        "auto-fix 0",
        "commit-and-pr 0",
        "label-and-review 0",
    ]
    seen = see(server.api_url, paths, tasks=names)
    assert state.is_completed()
    assert sorted(seen.tasks) == sorted(names)
    for before, after in pairwise(names):
        assert [edge.id for edge in seen.tasks[after].task_inputs["wait_for"]] == [
            seen.tasks[before].id
        ]


def test_an_exception_in_a_stage_is_shown_and_costs_the_exit_code(
    repo: Path, server: Server
) -> None:
    out_is_a_file = 'rmdir "$SWEEPTREE_OUT"; echo x > "$SWEEPTREE_OUT"'
    fix = {"auto_fix_before_pr": True, "auto_fix_script": "fix.sh"}
    state, paths = run(repo, exp_name="raises", commands=[out_is_a_file], **fix)
    seen = see(server.api_url, paths, tasks=["auto-fix 0"])
    assert (state.name, state.message) == ("DeliveryFailed", "1 succeeded")
    assert seen.tasks["auto-fix 0"].state_name == "Failed"
    assert records_of(paths)[0].notes[0].startswith("auto-fix failed: FileExistsError")


def test_a_sweep_whose_jobs_are_ok_is_completed_and_resumes_to_nothing(
    repo: Path, server: Server
) -> None:
    state, paths = run(repo, exp_name="fine", commands=["true", "true"])
    again, _ = run(repo, exp_name="fine", commands=["true", "true"], resume=Resume())
    assert (state.name, state.message, again.message) == ("Completed", "2 succeeded", "2 succeeded")
    assert set(see(server.api_url, paths).tasks) == set()
    assert [len(record.attempts) for record in records_of(paths).values()] == [1, 1]


def test_a_refused_spec_says_why_in_one_line_and_starts_nothing(repo: Path, server: Server) -> None:
    (repo / "train.sh").write_text(TRAIN + "# not committed\n")
    try:
        state, paths = run(repo, exp_name="refused", commands=["sh train.sh 0.1 1"])
    finally:
        (repo / "train.sh").write_text(TRAIN)
    assert (state.name, state.is_failed()) == ("Refused", True)
    assert state.message is not None
    assert "train.sh" in state.message
    assert not paths.root.exists()


def test_records_and_run_agree(failing: tuple[State[Any], SweepPaths]) -> None:
    assert states_of(failing[1]) == [JobState.SUCCEEDED] * 3 + [JobState.FAILED]
