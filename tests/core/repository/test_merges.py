"""Merges without a checkout, and a base that only goes forward."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import PushError, Refused
from sweeptree.repository import find_repository, merges


def commit(repo: Path, text: str) -> str:
    (repo / "train.py").write_text(text)
    git("commit", "-qam", "next", cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo)


@pytest.fixture
def sides(repo: Path) -> tuple[str, str]:
    """Two commits that change the same line."""
    git("checkout", "-qb", "side", cwd=repo)
    side = commit(repo, "side\n")
    git("checkout", "-q", "main", cwd=repo)
    return commit(repo, "main\n"), side


def test_conflicts_are_named(repo: Path, sides: tuple[str, str]) -> None:
    merged = merges.try_merge(repo, *sides)
    assert (merged.tree, merged.conflicts) == (None, ("train.py",))
    assert "CONFLICT" in merged.messages[0]


def test_a_second_merge_into_the_same_base_is_refused(repo: Path) -> None:
    found = find_repository(repo)
    with merges.merge_lock(found, "main"):
        with (
            pytest.raises(Refused, match="another merge into main"),
            merges.merge_lock(found, "main"),
        ):
            pass
        with merges.merge_lock(found, "other"):
            pass
    with merges.merge_lock(found, "main"):
        pass


def test_temporary_refs_are_gone_afterwards(repo: Path) -> None:
    with merges.temporary_refs(find_repository(repo), "refs/sweeptree/merge/1"):
        git("update-ref", "refs/sweeptree/merge/1/head", "HEAD", cwd=repo)
    assert git("for-each-ref", "refs/sweeptree", cwd=repo) == ""


def test_advance_moves_the_branch_and_its_files(repo: Path) -> None:
    old = git("rev-parse", "HEAD", cwd=repo)
    new = commit(repo, "new\n")
    git("reset", "-q", "--hard", old, cwd=repo)
    merges.advance(find_repository(repo), "main", new, old=old)
    assert (repo / "train.py").read_text() == "new\n"


def test_advance_spares_changes_and_sees_that_a_branch_moved(repo: Path) -> None:
    old, new = git("rev-parse", "HEAD", cwd=repo), commit(repo, "new\n")
    git("branch", "elsewhere", cwd=repo)
    with pytest.raises(PushError, match="moved meanwhile"):
        merges.advance(find_repository(repo), "elsewhere", new, old=old)
    (repo / "train.py").write_text("mine\n")
    with pytest.raises(Refused, match="has changes"):
        merges.advance(find_repository(repo), "main", old, old=new)


def test_changed_files_and_patch_are_of_one_side(repo: Path, sides: tuple[str, str]) -> None:
    assert [file.path for file in merges.changed_files(repo, *sides)] == ["train.py"]
    assert "+side" in merges.patch(repo, *sides)
    assert "-main" not in merges.patch(repo, *sides)
