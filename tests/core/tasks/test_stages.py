"""Each stage of a job has one task of its name; a task is one call of its stage."""

from pathlib import Path

import pytest

from core.sweep.kit import opened
from sweeptree.engine.stage_runs import StageCall
from sweeptree.sweep import adoption, stages
from sweeptree.sweep.results import SoFar, Stage
from sweeptree.tasks.stages import ALL

STAGES = [
    stages.CREATE_WORKTREE,
    stages.RUN_COMMAND,
    adoption.ADOPT_COMMAND,
    stages.AUTO_FIX,
    stages.COMMIT_AND_PR,
    stages.LABEL_AND_REVIEW,
]


def test_there_is_a_task_for_each_stage_and_none_more() -> None:
    assert set(ALL) == {stage.name for stage in STAGES}


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_task_run_is_called_by_its_job_its_config_and_its_stage(name: str) -> None:
    assert ALL[name].task_run_name == "{call.title}"


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_task_runs_the_stage_it_is_given(repo: Path, name: str) -> None:
    ran: list[int] = []
    stage: Stage[None] = Stage(name, name, lambda job, so_far: ran.append(job.index))
    with opened(repo, "true") as sweep:
        state = ALL[name].fn(0, StageCall(stage, sweep.job(0), SoFar()))
    assert (state.is_completed(), ran) == (True, [0])
