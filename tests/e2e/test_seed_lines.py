"""Every command line of the document that the project comes from, run in a repository after `init`.

The lines are taken from the document itself; where it is absent, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import reduce
from pathlib import Path

import pytest
from conftest import BIN, Cli
from helpers import git
from sweep_kit import states_of

SEED = Path(__file__).resolve().parents[3] / "shared" / "seed.md"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.engine,
    pytest.mark.skipif(not SEED.is_file(), reason="the seed document is not beside the project"),
]
REVIEW = "scripts/agents/auto_review_agent.sh"
TRAINER = """import argparse
words = argparse.ArgumentParser()
words.add_argument("--exp")
words.add_argument("--seed", type=int)
given = words.parse_args()
print(f"val_auc = {0.8 + given.seed / 100}")
"""


def blocks() -> list[str]:
    """The fenced blocks of the document."""
    return [block.strip() for block in re.findall(r"```\n(.*?)```", SEED.read_text(), re.DOTALL)]


def block_with(*words: str) -> str:
    (found,) = [block for block in blocks() if all(word in block for word in words)]
    return found


def inline_line(*words: str) -> str:
    """The first command in backticks that holds these words."""
    lines = re.findall(r"`(scripts/[^`]+ [^`]+)`", SEED.read_text())
    return next(line for line in lines if all(word in line for word in words))


@pytest.fixture
def ready(cli: Cli) -> Cli:
    """A repository after `sweeptree init`, with the trainer and the commands of the document."""
    assert cli.call("sweeptree", "init", "--yes").returncode == 0
    (cli.folder / "run_training.py").write_text(TRAINER)
    (cli.folder / "commands.json").write_text(block_with("run_training.py", "["))
    git("add", "-A", cwd=cli.folder)
    git("commit", "-q", "-m", "ready", cwd=cli.folder)
    return cli


def typed(cli: Cli, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A line as somebody types it in the repository, with the environment activated."""
    path = f"{BIN}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cli.folder,
        env={**cli.env, "PATH": path, **env},
        capture_output=True,
        text=True,
    )


def test_the_dry_run_changes_nothing(ready: Cli) -> None:
    done = typed(ready, block_with("orchestrator.py", "--dry_run"))
    assert done.returncode == 0, done.stderr
    assert "test_run" in done.stdout and "echo world" in done.stdout
    assert not ready.paths("test_run").root.exists()


def test_the_sweep_runs(ready: Cli) -> None:
    done = typed(ready, block_with("orchestrator.py", "commands.json"))
    assert done.returncode == 0, done.stderr
    paths = ready.paths("unet_lr_sweep")
    assert [str(state) for state in states_of(paths)] == ["succeeded", "succeeded"]
    assert paths.log(0).is_file() and paths.log(1).is_file()
    assert json.loads(paths.summary.read_text())["exit_codes"] == [0, 0]


def test_a_worktree_becomes_a_branch(ready: Cli, tmp_path: Path) -> None:
    worktree = tmp_path / "background"
    git("worktree", "add", "-q", "--detach", worktree, cwd=ready.folder)
    (worktree / "train.py").write_text("print('better')\n")
    lines = (inline_line("apply_worktree", "--dry-run"), inline_line("apply_worktree", "pr_title"))
    words = {
        "<worktree_path>": str(worktree),
        "<branch_name>": "exp/better",
        "[pr_title]": "'Better training'",
    }
    for line, made in zip(lines, (False, True), strict=True):
        done = typed(ready, filled(line, words))
        assert done.returncode == 0, done.stderr
        assert bool(git("branch", "--list", "exp/better", cwd=ready.folder)) is made


def filled(line: str, words: dict[str, str]) -> str:
    return reduce(lambda text, word: text.replace(word, words[word]), words, line)


def test_pull_requests_are_only_planned_by_the_orchestrators_first_option(ready: Cli) -> None:
    line = block_with("orchestrator.py", "--dry_run").replace("test_run", "planned")
    done = typed(ready, f"{line} --commit_and_pr")
    assert "add --commit_and_pr_no_dry" in done.stderr
    assert "pull request" not in done.stdout
    done = typed(ready, f"{line} --commit_and_pr --commit_and_pr_no_dry")
    assert done.returncode == 0, done.stderr
    assert "branch" in done.stdout


def test_auto_fix_in_a_job_repairs_and_leaves_the_commit_to_the_sweep(ready: Cli) -> None:
    (ready.folder / "train.py").write_text("import os\nx = 1\n")
    done = typed(ready, "scripts/agents/auto_fix_and_pr.sh", SWEEPTREE_JOB="0")
    assert done.returncode == 0, done.stderr
    assert (ready.folder / "train.py").read_text() == "x = 1\n"
    assert git("log", "--oneline", cwd=ready.folder).count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "scripts/agents/auto_fix_and_pr.sh --dry-run",
        f"{REVIEW} --repo ada/ecg --pr 12 --label a --label b --reviewer grace --dry-run",
        f"{REVIEW} --pr-url https://github.com/ada/ecg/pull/12 --label a --dry-run",
    ],
)
def test_the_other_scripts_have_their_dry_runs(ready: Cli, line: str) -> None:
    done = typed(ready, line)
    assert done.returncode == 0, done.stderr
    assert "would" in done.stdout
    assert git("status", "--porcelain", cwd=ready.folder) == ""


def test_without_an_environment_the_noted_command_is_used(ready: Cli) -> None:
    line = block_with("orchestrator.py", "--dry_run")
    done = typed(ready, f"PATH=/usr/bin:/bin; {line}")
    assert done.returncode == 0, done.stderr
