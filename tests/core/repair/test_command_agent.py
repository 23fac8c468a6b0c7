"""The user's coding agent: any command, of which only the worktree's diff is read."""

from pathlib import Path

import pytest
from helpers import git

from core.repair.kit import broken, failed, is_clean, report_of
from sweeptree import worktrees
from sweeptree.errors import Refused
from sweeptree.repair.command_agent import CommandAgent
from sweeptree.repair.proposal import Budget, Proposal
from sweeptree.repository import find_repository

REPAIR = "sed -i 's/ + 1//' program.py"


def ask(top: Path, command: str, seconds: float = 60.0, keep: tuple[str, ...] = ()) -> Proposal:
    commit, repo = broken(top), find_repository(top)
    agent = CommandAgent(repo, commit, command, keep, top / "state")
    with worktrees.temporary_worktree(repo, commit) as place:
        (proposal,) = agent.propose(report_of(failed()), place, Budget(seconds))
    assert is_clean(top)
    return proposal


@pytest.mark.parametrize(
    "how", ["grep -q test_double {prompt}", 'grep -q test_double "$SWEEPTREE_PROMPT"', "grep -q d"]
)
def test_the_task_is_in_a_file_in_a_variable_and_on_stdin(repo: Path, how: str) -> None:
    proposal = ask(repo, f"{how} && {REPAIR}")
    assert b"-    return x + x + 1\n+    return x + x\n" in proposal.patch


def test_it_cannot_reach_the_users_repository(repo: Path) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    git("config", "remote.origin.url", "https://user:hidden@host/x", cwd=repo)
    evil = "git commit -qam mine; git branch evil; git stash; git config core.pager x; git remote"
    ask(repo, f"({evil}; git log --oneline) > out.txt; {REPAIR}")
    assert git("for-each-ref", "--format=%(refname)", cwd=repo) == "refs/heads/main"
    assert git("config", "core.pager", cwd=repo, check=False) == ""
    assert head in git("log", "--format=%H", cwd=repo)


def test_what_it_commits_counts_and_its_git_file_may_go(repo: Path) -> None:
    command = f"{REPAIR}; git -c user.name=a -c user.email=a commit -qam x; rm -rf .git; mkdir .git"
    assert b"+    return x + x\n" in ask(repo, command).patch


def test_it_sees_the_secrets_that_were_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "hidden1")
    monkeypatch.setenv("MODEL_API_KEY", "wanted2")
    patch = ask(repo, "env > seen.txt", keep=("MODEL_API_KEY",)).patch
    assert b"wanted2" in patch and b"hidden1" not in patch


def test_one_that_changes_nothing_is_refused_with_its_last_words(repo: Path) -> None:
    with pytest.raises(Refused, match="ended badly: exit code 3; no credit"):
        ask(repo, "echo no credit; exit 3")
    assert is_clean(repo)


def test_one_that_never_ends_is_stopped(repo: Path) -> None:
    assert "timed out" in ask(repo, f"{REPAIR}; sleep 600", seconds=2.0).note


def test_one_that_writes_too_much_is_refused(repo: Path) -> None:
    with pytest.raises(Refused, match="it changes 20 MiB of files; the limit is 8 MiB"):
        ask(repo, "head -c 21000000 /dev/zero > big")
    assert is_clean(repo)


def test_a_repository_that_it_made_is_refused(repo: Path) -> None:
    with pytest.raises(Refused, match="git repository of its own"):
        ask(repo, "git init -q inner; echo x > inner/x; git -C inner add .")
