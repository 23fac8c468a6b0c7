"""The question before a sweep that opens pull requests: who is asked, and what an answer does."""

import contextlib
import io
from pathlib import Path
from unittest import mock

import pytest
from helpers import git

from core.cli_records import Ran, Terminal, call

ASKED = (
    "a draft pull request in ada/ecg per job that changed tracked files, at most 3. Go on? [y/N]"
)
DELIVER = ("--commit_and_pr", "--max_prs", "3")


@pytest.fixture
def forge(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose pull requests would go to GitHub."""
    git("remote", "add", "origin", "https://github.com/ada/ecg.git", cwd=repo)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_not_used")
    return repo


def run(repo: Path, *words: str, typed: str | None) -> tuple[Ran, int]:
    """`sweeptree run` up to the start of the sweep, and how often that was reached."""
    stdin = io.StringIO() if typed is None else Terminal(typed)
    with (
        contextlib.chdir(repo),
        mock.patch("sys.stdin", stdin),
        mock.patch("sweeptree.cli.commands.run.run_prepared", return_value=0) as started,
    ):
        done = call("run", "-n", "e", "--commands", '["true"]', "--use_worktree", *words)
    return done, started.call_count


@pytest.mark.parametrize(
    ("typed", "starts"), [("y\n", 1), ("yes\n", 1), ("\n", 0), ("n\n", 0), ("", 0)]
)
def test_somebody_at_a_terminal_is_asked(forge: Path, typed: str, starts: int) -> None:
    done, started = run(forge, *DELIVER, typed=typed)
    assert (ASKED in done.err, started) == (True, starts)
    assert done.code == (0 if starts else 3)
    assert starts or ("nothing was started" in done.err and not (forge / "results").exists())


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ((*DELIVER, "--yes"), ""),
        ((*DELIVER, "--json"), ""),
        (DELIVER, None),  # a script
        ((), ""),  # nothing leaves this machine
    ],
)
def test_nobody_else_is_asked(forge: Path, words: tuple[str, ...], typed: str | None) -> None:
    done, started = run(forge, *words, typed=typed)
    assert ("Go on?" in done.err, started, done.code) == (False, 1, 0)


def test_without_a_forge_there_is_no_question(repo: Path) -> None:
    done, started = run(repo, *DELIVER, "--commit_and_pr_best", typed="")
    assert ("Go on?" in done.err, started) == (False, 1)


def test_the_plan_and_the_question_name_the_best_jobs_pull_request(forge: Path) -> None:
    done, _ = run(forge, "--commit_and_pr_best", typed="n\n")
    assert "a draft pull request in ada/ecg for the best job. Go on? [y/N]" in done.err
    plan, _ = run(forge, "--commit_and_pr_best", "--dry_run", typed="")
    assert "a draft pull request in ada/ecg for the best job" in plan.out
