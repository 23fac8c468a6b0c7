"""What the tests of whole sweeps share: a sealed repository, a look at the engine, waiting with a
deadline."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from helpers import git
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import FlowRun, TaskRun
from server_kit import client_at

from sweeptree.model import JobRecord, JobState
from sweeptree.records import SweepPaths, read_json, read_record, record_indices
from sweeptree.sweep import adoption, stages
from sweeptree.sweep.results import Stage

T = TypeVar("T")
STAGES: tuple[Stage[Any], ...] = (
    stages.CREATE_WORKTREE,
    stages.RUN_COMMAND,
    adoption.ADOPT_COMMAND,
    stages.AUTO_FIX,
    stages.COMMIT_AND_PR,
    stages.LABEL_AND_REVIEW,
)
PATIENCE = 90.0  # seconds; a busy machine is slow, a broken product never gets there


def wait_for(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The first true value of `look`; fails when there is none before the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain; at last it was {found!r}"
        time.sleep(0.05)
    return found


def seal(patch: pytest.MonkeyPatch, home: Path) -> None:
    """The environment of the fixture git_env, for fixtures that live longer than one test."""
    for name in [
        name for name in os.environ if name.startswith(("GIT_", "SWEEPTREE_", "CUDA_", "XDG_"))
    ]:
        patch.delenv(name)
    who = {
        f"GIT_{role}_{what}": f"{what}@example.invalid"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    private = {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for name, value in {**who, **private, "SWEEPTREE_SLOT_DIR": str(home / "slots")}.items():
        patch.setenv(name, value)


def make_repository(top: Path, **files: str) -> Path:
    """A repository with one commit of these files (names with _ for .)."""
    top.mkdir(parents=True)
    for name, text in {"_gitignore": "results/\n", **files}.items():
        (top / name.replace("_", ".")).write_text(text)
    git("init", "-q", "-b", "main", cwd=top)
    git("add", ".", cwd=top)
    git("commit", "-q", "-m", "first", cwd=top)
    return top


def records_of(paths: SweepPaths) -> dict[int, JobRecord]:
    """The records that stand on disk now."""
    return {index: read_record(paths.record(index)) for index in record_indices(paths)}


def states_of(paths: SweepPaths) -> list[JobState | None]:
    """The states of the jobs that have started, in their order (the next one may have been made
    ready)."""
    found = (record.state for _, record in sorted(records_of(paths).items()))
    return [state for state in found if state is not JobState.PLANNED]


def processes_under(folder: Path) -> list[str]:
    """The living processes of jobs whose worktree lies in `folder`: pid and command line.

    Zombies do not count.
    """
    mark = f"SWEEPTREE_WORKTREE={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append(
                    f"{process.name} {(process / 'cmdline').read_bytes().decode(errors='replace')}"
                )
        except OSError:
            continue
    return found


@dataclass(frozen=True)
class Seen:
    """A sweep as the engine shows it: its flow run, its subflow runs and the task runs of its jobs,
    by name."""

    run: FlowRun
    subflows: dict[str, FlowRun]
    tasks: dict[str, TaskRun]


def see(api_url: str, paths: SweepPaths, *, tasks: Iterable[str] = ()) -> Seen:
    """Ask the engine about a sweep, as soon as it knows the end of the flow run and of the task
    runs `tasks`."""
    return see_run(api_url, UUID(read_json(paths.sweep)["flow_run_id"]), tasks=tasks)


def see_run(api_url: str, run_id: UUID, *, tasks: Iterable[str] = ()) -> Seen:
    """The same about one flow run; a sweep that was resumed has several."""
    with client_at(api_url) as client:
        return wait_for(lambda: _look(client, run_id, set(tasks)))


def task_states(api_url: str, run_id: UUID) -> dict[str, str | None]:
    """The state of each task run that the engine knows of a flow run, ended or not."""
    with client_at(api_url) as client:
        tasks = _task_runs(client, _subflows(client, run_id))
    return {stage_and_job(task.name): task.state_name for task in tasks}


def flow_task_states(api_url: str, run_id: UUID) -> dict[str, str | None]:
    """The same of the flow run's own task runs, for an agent that has no flow above it."""
    with client_at(api_url) as client:
        tasks = _task_runs(client, [client.read_flow_run(run_id)])
    return {stage_and_job(task.name): task.state_name for task in tasks}


def see_all(api_url: str, paths: SweepPaths) -> list[str]:
    """`stage number` of every task run of the sweep that has ended, as often as it was run."""
    run_id = UUID(read_json(paths.sweep)["flow_run_id"])
    with client_at(api_url) as client:
        tasks = _task_runs(client, _subflows(client, run_id))
    return [
        stage_and_job(task.name)
        for task in tasks
        if task.state is not None and task.state.is_final()
    ]


def stage_and_job(name: str) -> str:
    """`run-command 3` of a task run that people read as `job 3 lr=0.1 seed 2: run`."""
    job, _, title = name.rpartition(": ")
    stages = {each.title or each.step: each.name for each in STAGES}
    return f"{stages[title]} {job.split()[1]}"


def _subflows(client: SyncPrefectClient, run_id: UUID) -> list[FlowRun]:
    below = FlowRunFilter.model_validate({"parent_flow_run_id": {"any_": [str(run_id)]}})
    return client.read_flow_runs(flow_run_filter=below)


def _task_runs(client: SyncPrefectClient, subflows: list[FlowRun]) -> list[TaskRun]:
    of_jobs = FlowRunFilter.model_validate({"id": {"any_": [str(sub.id) for sub in subflows]}})
    return client.read_task_runs(
        flow_run_filter=of_jobs, task_run_filter=TaskRunFilter(), limit=200
    )


def _look(client: SyncPrefectClient, run_id: UUID, wanted: set[str]) -> Seen | None:
    run = client.read_flow_run(run_id)
    if run.state is None or not run.state.is_final():
        return None
    below = _subflows(client, run_id)
    names = {client.read_flow(sub.flow_id).name: sub for sub in below}
    tasks = _task_runs(client, below)
    ended = {
        stage_and_job(task.name): task
        for task in tasks
        if task.state is not None and task.state.is_final()
    }
    return Seen(run, names, ended) if wanted <= set(ended) else None


def aggregated(paths: SweepPaths) -> dict[str, object]:
    """The aggregated document of a sweep."""
    found = json.loads(paths.aggregated_json.read_text())
    assert isinstance(found, dict)
    return found
