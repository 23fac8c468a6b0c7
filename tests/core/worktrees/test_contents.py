"""Any worktree's content as a commit, without disturbing who works in it."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused
from sweeptree.repository.guards import Limits
from sweeptree.worktrees import commit_contents, read_contents


def test_changed_and_new_files_are_read_with_their_lines(repo: Path) -> None:
    (repo / "train.py").write_text("")
    (repo / "new.py").write_text("a\nb")
    contents = read_contents(repo, Limits())
    assert contents.branch == "main"
    assert [(file.path, file.added) for file in contents.files] == [("new.py", 2), ("train.py", 0)]


def test_commit_holds_the_files_and_leaves_the_index_alone(repo: Path) -> None:
    (repo / "new.py").write_text("a\n")
    before = (repo / ".git/index").read_bytes()
    commit = commit_contents(read_contents(repo, Limits()), message="work")
    assert git("show", f"{commit}:new.py", cwd=repo) == "a"
    assert (repo / ".git/index").read_bytes() == before
    assert git("rev-parse", f"{commit}^", cwd=repo) == git("rev-parse", "HEAD", cwd=repo)


def test_an_unchanged_worktree_is_its_own_commit(repo: Path) -> None:
    contents = read_contents(repo, Limits())
    assert not contents.is_changed
    assert commit_contents(contents, message="work") == git("rev-parse", "HEAD", cwd=repo)


def test_an_earlier_delivery_is_a_parent(repo: Path) -> None:
    (repo / "new.py").write_text("a\n")
    first = commit_contents(read_contents(repo, Limits()), message="one")
    (repo / "new.py").write_text("b\n")
    second = commit_contents(read_contents(repo, Limits()), message="two", on=first)
    assert git("rev-parse", f"{second}^", cwd=repo) == first


def test_a_merge_in_conflict_is_refused(repo: Path) -> None:
    git("checkout", "-qb", "side", cwd=repo)
    (repo / "train.py").write_text("side\n")
    git("commit", "-qam", "side", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    (repo / "train.py").write_text("main\n")
    git("commit", "-qam", "main", cwd=repo)
    git("merge", "-q", "side", cwd=repo, check=False)
    with pytest.raises(Refused, match="in the middle of a merge"):
        read_contents(repo, Limits())


@pytest.fixture
def with_submodule(repo: Path, tmp_path: Path) -> Path:
    """A repository with the submodule `lib`, populated."""
    inner = tmp_path / "inner"
    git("init", "-q", "-b", "main", str(inner), cwd=tmp_path)
    (inner / "a.py").write_text("a\n")
    git("add", ".", cwd=inner)
    git("commit", "-qm", "first", cwd=inner)
    allowed = ("-c", "protocol.file.allow=always")
    git(*allowed, "submodule", "--quiet", "add", str(inner), "lib", cwd=repo)
    git("config", "-f", ".gitmodules", "submodule.lib.ignore", "all", cwd=repo)
    git("add", ".gitmodules", cwd=repo)
    git("commit", "-qm", "lib", cwd=repo)
    return repo


@pytest.mark.parametrize("name", ["a.py", "new.py"])
@pytest.mark.parametrize("commits_too", [False, True])
def test_uncommitted_changes_inside_a_submodule_are_named(
    with_submodule: Path, name: str, commits_too: bool
) -> None:
    if commits_too:
        git("commit", "-q", "--allow-empty", "-m", "more", cwd=with_submodule / "lib")
    (with_submodule / "lib" / name).write_text("b\n")
    examined = read_contents(with_submodule, Limits()).examined
    assert ("lib" in examined.paths) == commits_too
    [item] = examined.left_out
    assert (item.path, item.why.split(":")[0]) == (
        "lib",
        "uncommitted changes inside this submodule",
    )


def test_a_clean_submodule_is_not_named(with_submodule: Path) -> None:
    assert read_contents(with_submodule, Limits()).examined.left_out == ()
