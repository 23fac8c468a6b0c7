"""Every commit that a push would send is looked at."""

from pathlib import Path

from helpers import git

from sweeptree.repository.guards import Limits
from sweeptree.repository.outgoing import examine_commits

TOKEN = "ghp_" + "a1B2" * 10


def commit(repo: Path, path: str, text: str) -> str:
    (repo / path).parent.mkdir(parents=True, exist_ok=True)
    (repo / path).write_text(text)
    git("add", ".", cwd=repo)
    git("commit", "-qm", "next", cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo)


def test_a_secret_in_an_earlier_commit_is_found(repo: Path) -> None:
    base = git("rev-parse", "HEAD", cwd=repo)
    commit(repo, "key.py", f"'{TOKEN}'\n")
    last = commit(repo, "key.py", "''\n")
    (problem,) = examine_commits(repo, last, [base], Limits())
    assert problem == "key.py:1 holds what looks like a GitHub token"


def test_what_the_remote_has_is_not_looked_at(repo: Path) -> None:
    base = commit(repo, "key.py", f"'{TOKEN}'\n")
    last = commit(repo, "other.py", "1\n")
    assert examine_commits(repo, last, [base], Limits()) == []


def test_large_files_and_workflows_in_any_commit_are_named(repo: Path) -> None:
    base = git("rev-parse", "HEAD", cwd=repo)
    commit(repo, "big", "x" * 100)
    (repo / "big").unlink()
    last = commit(repo, ".github/workflows/ci.yml", "on: push\n")
    problems = examine_commits(repo, last, [base, "0" * 40], Limits(tracked=50))
    assert ["ci.yml" in problem or "100 B" in problem for problem in problems] == [True, True]
