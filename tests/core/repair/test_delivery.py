"""A patch becomes a branch that is named by what it changes."""

from pathlib import Path

from helpers import git

from core.repair.kit import broken
from sweeptree.publish.delivery import Context, Delivered
from sweeptree.repair.delivery import branch_of, deliver_fix, title_of
from sweeptree.repair.ladder import Attempt, AttemptState
from sweeptree.repair.proposal import RungName
from sweeptree.repair.subject import Subject
from sweeptree.repository import find_repository, worktree_patches


def attempt(patch: bytes = b"", rung: RungName = RungName.COMMAND) -> Attempt:
    return Attempt(rung, AttemptState.ACCEPTED, note="one too many", patch=patch)


def delivered(repo: Path, tmp_path: Path) -> Delivered:
    commit = git("rev-parse", "main", cwd=repo)
    (repo / "program.py").write_text("def double(x):\n    return x + x\n")
    patch = worktree_patches.patch_of_files(repo, commit)
    git("checkout", "-q", ".", cwd=repo)
    subject = Subject(find_repository(repo), commit, "main", ())
    return deliver_fix(subject, attempt(patch), "page", "origin", Context({}, tmp_path / "state"))


def test_without_a_forge_the_patch_is_on_a_local_branch(repo: Path, tmp_path: Path) -> None:
    commit = broken(repo)
    done = delivered(repo, tmp_path)
    assert (done.state, done.branch[:14]) == ("local", "sweeptree/fix-")
    log = git("log", "-1", "--format=%P %s %b", done.branch, cwd=repo)
    assert log.split("\n")[0] == f"{commit} Fix the tests of main one too many"
    assert git("diff", "--name-only", "main", done.branch, cwd=repo) == "program.py"


def test_doing_it_again_comes_to_the_same_commit(repo: Path, tmp_path: Path) -> None:
    broken(repo)
    assert delivered(repo, tmp_path).commit == delivered(repo, tmp_path).commit


def test_another_patch_is_another_branch(repo: Path) -> None:
    assert branch_of("c", b"x") != branch_of("c", b"y") != branch_of("d", b"y")


def test_a_title_says_so_when_search_found_it(repo: Path) -> None:
    subject = Subject(find_repository(repo), "c", "main", ())
    assert title_of(subject, attempt()) == "Fix the tests of main"
    assert title_of(subject, attempt(rung=RungName.SEARCH)).endswith("(found by search)")
