"""The Diagnostic Evaluator with a command that makes the predictions: run in a worktree first, then
judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import git
from sweep_kit import records_of, see

from sweeptree.agents.diagnostic_evaluator import diagnostic_evaluator
from sweeptree.ecg.evaluate.command import CommandFailed
from sweeptree.ecg.evaluate.evaluator import EvaluateSpec
from sweeptree.engine.server import Server
from sweeptree.errors import Refused, UsageError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, read_record

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("server")]

PREDICT = """import os, pathlib
rows = ["sample_idx,A_pred,A_true"] + [f"{n},0.{n % 10},{int(n % 10 > 4)}" for n in range(40)]
folder = pathlib.Path("out" if not os.environ.get("INTO_OUT") else os.environ["SWEEPTREE_OUT"])
folder.mkdir(exist_ok=True)
(folder / "diagnostic_preds.csv").write_text("\\n".join(rows) + "\\n")
print(os.getcwd())
"""


@pytest.fixture
def predicting(repo: Path) -> Path:
    """A repository with an evaluation script."""
    (repo / "predict.py").write_text(PREDICT)
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "predict", cwd=repo)
    return repo


def asked(repo: Path, command: str, **more: object) -> EvaluateSpec:
    fields = {
        "command": command,
        "exp_name": "judged",
        "repo": repo,
        "bootstrap": 20,
        "figures": False,
        **more,
    }
    return EvaluateSpec.model_validate(fields)


def paths_of(repo: Path) -> SweepPaths:
    return SweepPaths(repo / "results" / "judged")


@pytest.mark.parametrize("command", ["python3 predict.py", "INTO_OUT=1 python3 predict.py"])
def test_the_command_runs_in_a_worktree_and_what_it_made_is_judged(
    command: str, predicting: Path
) -> None:
    found = diagnostic_evaluator(asked(predicting, command))
    record = read_record(paths_of(predicting).record(0))
    assert (record.state, record.base_commit) == (
        JobState.SUCCEEDED,
        git("rev-parse", "HEAD", cwd=predicting),
    )
    assert (
        str(predicting / ".sweeptree" / "wt" / "judged") in paths_of(predicting).log(0).read_text()
    )
    ((name, scores),) = found.runs.items()
    assert (name, scores["auc_macro"]) == ("INTO_OUT=1" if "INTO_OUT" in command else "job_0", 1.0)
    assert (
        json.loads((paths_of(predicting).root / "evaluation" / "metrics.json").read_text())["best"]
        == name
    )
    assert not (predicting / "out").exists()


def test_its_worktree_and_its_command_are_task_runs(predicting: Path, server: Server) -> None:
    diagnostic_evaluator(asked(predicting, "python3 predict.py"))
    seen = see(server.api_url, paths_of(predicting), tasks=["create-worktree 0", "run-command 0"])
    assert set(seen.subflows) == {"experiment-orchestrator"}
    assert set(seen.tasks) == {"create-worktree 0", "run-command 0"}


def test_a_failing_command_tells_its_last_lines(predicting: Path) -> None:
    with pytest.raises(CommandFailed, match=r"exit code 7\n  \| no model\.pt") as caught:
        diagnostic_evaluator(asked(predicting, "echo no model.pt; exit 7"))
    assert caught.value.exit_code == 1
    assert not (paths_of(predicting).root / "evaluation").exists()


def test_a_command_that_made_nothing_to_judge_says_what_it_made(predicting: Path) -> None:
    with pytest.raises(CommandFailed, match=r"made no predictions; it made scores\.txt"):
        diagnostic_evaluator(asked(predicting, "echo 1 > scores.txt"))


def test_uncommitted_changes_are_refused_before_anything_starts(predicting: Path) -> None:
    (predicting / "predict.py").write_text("changed")
    with pytest.raises(Refused, match="not committed"):
        diagnostic_evaluator(asked(predicting, "python3 predict.py"))
    assert records_of(paths_of(predicting)) == {}


def test_a_dataset_that_is_not_there_is_found_before_the_command_runs(
    predicting: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"manifest\.json"):
        diagnostic_evaluator(asked(predicting, "python3 predict.py", data=tmp_path / "nothing"))
    assert not paths_of(predicting).root.exists()
