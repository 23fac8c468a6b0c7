"""New objects outlive a gc that keeps nothing, until a ref leads to them."""

import os
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import GitError
from sweeptree.repository.commits import commit_tree, copied_index, write_tree
from sweeptree.repository.kept_pack import Quarantine, forget_stale, made_whole, quarantine


def committed(repo: Path, place: Quarantine) -> str:
    """A commit with a new file, made in quarantine."""
    (repo / "new.py").write_text("new\n")
    with copied_index(repo / ".git/index") as index:
        tree = write_tree(repo, index, ["new.py"], place.env)
    (repo / "new.py").unlink()
    return commit_tree(repo, tree, (git("rev-parse", "HEAD", cwd=repo),), "work", place.env)


def collect(repo: Path) -> None:
    git("reflog", "expire", "--expire=now", "--all", cwd=repo)
    git("gc", "-q", "--prune=now", cwd=repo)


def packs(repo: Path, suffix: str) -> list[Path]:
    return sorted((repo / ".git/objects/pack").glob(f"*{suffix}"))


@pytest.mark.parametrize("awkward", ["plain", "a:b", 'quo"te', "back\\slash"])
def test_a_gc_that_began_before_the_ref_takes_nothing(repo: Path, awkward: str) -> None:
    repo = repo.rename(repo.with_name(awkward))
    with quarantine(repo) as place:
        commit = committed(repo, place)
        collect(repo)
        with place.released(commit, git("rev-parse", "HEAD", cwd=repo)):
            collect(repo)
            git("branch", "made", commit, cwd=repo)
    assert packs(repo, ".keep") == [] and not [*(repo / ".git/objects").glob("sweeptree-*")]
    collect(repo)
    assert git("show", "made:new.py", cwd=repo) == "new"
    git("fsck", "--connectivity-only", cwd=repo)


def test_objects_that_are_gone_already_are_an_error_and_nothing_stays(repo: Path) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    with pytest.raises(GitError), quarantine(repo) as place, place.released("1" * 40, head):
        pass
    assert packs(repo, ".keep") == [] and not [*(repo / ".git/objects").glob("sweeptree-*")]


def test_what_fails_is_made_again() -> None:
    left = [GitError("gone"), GitError("gone")]

    def make() -> str:
        if left:
            raise left.pop()
        return "made"

    assert made_whole(make) == "made"


def test_a_keep_that_a_killed_command_left_goes_and_others_stay(repo: Path) -> None:
    git("gc", "-q", cwd=repo)
    [idx] = packs(repo, ".idx")
    keep = idx.with_suffix(".keep")
    for text, gone in (("the user's\n", False), ("sweeptree makes a ref to these objects\n", True)):
        keep.write_text(text)
        assert forget_stale(repo / ".git") == []
        os.utime(keep, (0, 0))
        assert forget_stale(repo / ".git") == [keep.stem] * gone
