"""How far worktrees are from the trunk."""

from pathlib import Path

from helpers import git

from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.history import distances, find_trunk, unpushed


def commit(repo: Path, branch: str) -> str:
    git("commit", "-q", "--allow-empty", "-m", f"on {branch}", cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo)


def test_distances_are_those_that_git_counts(repo: Path) -> None:
    heads = []
    for branch in ("a", "b"):
        git("checkout", "-qb", branch, cwd=repo)
        heads += [commit(repo, branch), commit(repo, branch)]
    git("checkout", "-q", "main", cwd=repo)
    commit(repo, "main")
    found = distances(find_repository(repo), find_trunk(find_repository(repo)), heads)
    for head, (ahead, behind) in found.items():
        counted = git("rev-list", "--left-right", "--count", f"{head}...main", cwd=repo)
        assert counted.split() == [str(ahead), str(behind)]


def test_histories_with_nothing_in_common(repo: Path) -> None:
    git("checkout", "-q", "--orphan", "other", cwd=repo)
    head = commit(repo, "other")
    git("checkout", "-q", "main", cwd=repo)
    found = find_repository(repo)
    assert distances(found, find_trunk(found), [head]) == {head: (1, 1)}


def test_the_trunk_is_the_remote_s_default_branch_where_there_is_one(
    repo: Path, tmp_path: Path
) -> None:
    assert find_trunk(find_repository(repo)).name == "main"
    git("clone", "-q", repo, tmp_path / "clone", cwd=repo)
    assert find_trunk(find_repository(tmp_path / "clone")).name == "origin/main"


def test_what_no_remote_has_is_unpushed(repo: Path, tmp_path: Path) -> None:
    assert unpushed(find_repository(repo), ["HEAD"]) is None
    clone = tmp_path / "clone"
    git("clone", "-q", repo, clone, cwd=repo)
    head = commit(clone, "main")
    assert unpushed(find_repository(clone), [head]) == {head: 1}
