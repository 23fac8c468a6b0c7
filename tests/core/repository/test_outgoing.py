"""Every commit that a push would send is looked at: messages, names and contents."""

from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import TOKEN, commit
from sweeptree.errors import Refused
from sweeptree.repository.guards import Limits
from sweeptree.repository.outgoing import check_commits, examine_commits


@pytest.fixture
def base(repo: Path) -> str:
    """What the remote has."""
    return git("rev-parse", "HEAD", cwd=repo)


def examine(repo: Path, *have: str, **limits: int) -> list[str]:
    return examine_commits(repo, "HEAD", have, Limits(**limits))


def test_a_secret_in_an_earlier_commit_is_found(repo: Path, base: str) -> None:
    commit(repo, "key.py", f"'{TOKEN}'\n")
    commit(repo, "key.py", "''\n")
    assert examine(repo, base) == ["key.py:1 holds what looks like a GitHub token"]


def test_what_the_remote_has_is_not_looked_at(repo: Path) -> None:
    base = commit(repo, "key.py", f"'{TOKEN}'\n")
    commit(repo, "other.py", "1\n")
    assert examine(repo, base) == []


@pytest.mark.parametrize("have", [(), ("0" * 40,)])
def test_without_a_known_commit_everything_is_looked_at(repo: Path, have: tuple[str, ...]) -> None:
    commit(repo, "key.py", f"'{TOKEN}'\n")
    commit(repo, ".github/workflows/ci.yml", "on: push\n")
    assert [problem.split()[0] for problem in examine(repo, *have)] == [
        ".github/workflows/ci.yml",
        "key.py:1",
    ]
    with pytest.raises(Refused) as refused:
        check_commits(repo, "HEAD", have, Limits())
    assert "all of the history was looked at" in refused.value.hint[-1]


def test_large_files_and_workflows_in_any_commit_are_named(repo: Path, base: str) -> None:
    commit(repo, "big", "x" * 100)
    (repo / "big").unlink()
    commit(repo, ".github/workflows/ci.yml", "on: push\n")
    problems = examine(repo, base, "0" * 40, tracked=50)
    assert ["ci.yml" in problem or "100 B" in problem for problem in problems] == [True, True]


def test_a_secret_beside_another_problem_is_named_too(repo: Path, base: str) -> None:
    commit(repo, "big", "x" * 1000)
    commit(repo, "key.py", f"'{TOKEN}'\n")
    assert len(examine(repo, base, tracked=500)) == 2


def test_messages_are_looked_at(repo: Path, base: str) -> None:
    made = commit(repo, "a", "1\n", message=f"first\n\nwith {TOKEN}")
    assert examine(repo, base) == [
        f"the message of commit {made[:12]} holds what looks like a GitHub token"
    ]


def test_names_are_looked_at_and_shown_without_the_secret(repo: Path, base: str) -> None:
    commit(repo, f"out/{TOKEN}/log", "1\n")
    (problem,) = examine(repo, base)
    assert "the file name out/[secret]/log holds" in problem


def test_a_secret_that_only_a_merge_brings_is_found(repo: Path, base: str) -> None:
    git("checkout", "-q", "-b", "side", cwd=repo)
    commit(repo, "side", "1\n")
    git("checkout", "-q", "main", cwd=repo)
    commit(repo, "main", "1\n")
    git("merge", "-q", "--no-commit", "side", cwd=repo)
    commit(repo, "key.py", f"'{TOKEN}'\n")
    assert examine(repo, base) == ["key.py:1 holds what looks like a GitHub token"]


@pytest.mark.parametrize("setting", ["log.diffMerges=off", "log.showRoot=false"])
def test_the_user_s_way_to_show_logs_hides_no_workflow(repo: Path, setting: str) -> None:
    git("config", *setting.split("="), cwd=repo)
    git("checkout", "-q", "-b", "side", cwd=repo)
    commit(repo, "side", "1\n")
    git("checkout", "-q", "main", cwd=repo)
    git("merge", "-q", "--no-commit", "--no-ff", "side", cwd=repo)
    commit(repo, ".github/workflows/ci.yml", "on: push\n")
    assert len(examine(repo)) == 1


def test_a_name_with_a_line_break_is_listed_on_one_line(repo: Path, base: str) -> None:
    commit(repo, "key\n.py", f"'{TOKEN}'\n")
    with pytest.raises(Refused, match=r"  key\\n\.py:1 holds"):
        check_commits(repo, "HEAD", [base], Limits())
