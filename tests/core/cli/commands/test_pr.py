"""`sweeptree pr` and `sweeptree merge` where no forge is needed."""

import json
from pathlib import Path

import pytest
from helpers import git

from sweeptree.cli.app import run_command_line


@pytest.fixture
def worktree(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A worktree with a changed and a new file; no remote."""
    top = tmp_path / "agent"
    git("worktree", "add", "-q", "-b", "work", top, cwd=repo)
    (top / "train.py").write_text("print('tuned')\n")
    (top / "new.py").write_text("A = 1\n")
    monkeypatch.chdir(repo)
    return top


def test_dry_run_lists_steps_and_files_and_changes_nothing(
    worktree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = git("for-each-ref", cwd=worktree), git("count-objects", cwd=worktree)
    assert run_command_line(["pr", str(worktree), "feature", "My title", "--dry_run"]) == 0
    out = capsys.readouterr().out
    assert "commit 2 files" in out and "new.py  +1 -0" in out
    assert (git("for-each-ref", cwd=worktree), git("count-objects", cwd=worktree)) == before


@pytest.mark.parametrize("words", [["--no_push"], ["--no-push"], ["--no-gh", "--draft"], []])
def test_without_a_remote_the_work_is_on_a_local_branch(worktree: Path, words: list[str]) -> None:
    assert run_command_line(["pr", str(worktree), "feature", "My title", *words]) == 0
    assert git("log", "-1", "--format=%s", "feature", cwd=worktree) == "My title"
    assert git("show", "feature:new.py", cwd=worktree) == "A = 1"


def test_document_for_programs(worktree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command_line(["pr", str(worktree), "feature", "--title", "T", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["commit"]) == (
        "local",
        git("rev-parse", "feature", cwd=worktree),
    )


def test_guard_refuses_with_exit_code_3(worktree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (worktree / "new.py").write_text("KEY = 'ghp_" + "a1" * 18 + "'\n")
    assert run_command_line(["pr", str(worktree), "feature"]) == 3
    assert "new.py:1 holds what looks like a GitHub token" in capsys.readouterr().err


def test_base_branch_is_refused_as_usage(worktree: Path) -> None:
    assert run_command_line(["pr", str(worktree), "main"]) == 2


def test_local_merge_needs_a_yes(
    worktree: Path, repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("add", ".", cwd=worktree)
    git("commit", "-q", "-m", "tuned", cwd=worktree)
    words = ["merge", str(worktree), "--test_command", "test -e new.py"]
    with open("/dev/null") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert run_command_line(words) == 0
    assert "can be merged" in capsys.readouterr().out
    assert run_command_line([*words, "--yes"]) == 0
    assert (repo / "new.py").exists()


def test_red_merge_is_refused_with_exit_code_3(
    worktree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git("commit", "-q", "-am", "tuned", cwd=worktree)
    (worktree / "new.py").unlink()
    assert (
        run_command_line(["merge", str(worktree), "--yes", "--test_command", "echo why; false"])
        == 3
    )
    said = capsys.readouterr()
    assert "red: exit code 1" in said.out and "why" in said.err


def test_plan_of_a_sweep_says_where_its_changes_would_go(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    words = [
        "run",
        "--exp_name",
        "x",
        "--commands",
        '["true"]',
        "--use_worktree",
        "--commit_and_pr",
        "--dry_run",
    ]
    git("remote", "add", "origin", "https://github.com/o/r.git", cwd=repo)
    assert run_command_line(words) == 0
    assert "no pull request: export GH_TOKEN" in " ".join(capsys.readouterr().out.split())
    monkeypatch.setenv("GH_TOKEN", "t" * 20)
    run_command_line(words)
    assert "a draft pull request in o/r" in " ".join(capsys.readouterr().out.split())
