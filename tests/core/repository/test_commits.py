"""Uncommitted changes become a commit; the user's repository stays as it was, byte by byte."""

import hashlib
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused
from sweeptree.repository import Snapshot, find_repository, resolve_base, snapshot


def take(repo: Path, **options: list[Path]) -> Snapshot:
    found = find_repository(repo)
    return snapshot(found, resolve_base(found, "HEAD"), "exp", **options)


def listing(repo: Path, commit: str) -> list[str]:
    return git("ls-tree", "-r", "-z", "--name-only", commit, cwd=repo).rstrip("\0").split("\0")


def users_state(top: Path) -> dict[str, str]:
    """All files but the new objects and our refs; with times, so that a rewrite is seen too."""
    ours = (top / ".git/objects", top / ".git/refs/sweeptree")
    files = [
        p
        for p in sorted(top.rglob("*"))
        if p.is_file() and not any(p.is_relative_to(our) for our in ours)
    ]
    return {
        str(p): f"{p.stat().st_mtime_ns} {hashlib.sha1(p.read_bytes()).hexdigest()}" for p in files
    }


def make_dirty(repo: Path) -> None:
    (repo / "train.py").write_text("changed\n")
    (repo / "staged.py").write_text("s\n")
    git("add", "staged.py", cwd=repo)
    (repo / "new\nö.py").write_text("n\n")
    (repo / "ecg/model.py").unlink()
    (repo / "x.secret").write_text("ignored\n")


def test_snapshot_holds_the_tree_as_it_stands(repo: Path) -> None:
    make_dirty(repo)
    made = take(repo)
    assert listing(repo, made.commit) == [".gitignore", "new\nö.py", "staged.py", "train.py"]
    assert git("show", f"{made.commit}:train.py", cwd=repo) == "changed"
    assert git("rev-parse", f"{made.commit}^", cwd=repo) == git("rev-parse", "HEAD", cwd=repo)


def test_snapshot_is_kept_by_a_ref(repo: Path) -> None:
    make_dirty(repo)
    assert take(repo).commit == git("rev-parse", "refs/sweeptree/exp/base", cwd=repo)


def test_users_repository_is_untouched(repo: Path) -> None:
    make_dirty(repo)
    git("stash", "-q", cwd=repo)
    make_dirty(repo)
    before = users_state(repo)
    take(repo)
    assert users_state(repo) == before


def test_large_files_results_and_nested_repositories_are_left_out(repo: Path) -> None:
    with (repo / "big.bin").open("wb") as big:
        big.truncate(51 * 1024 * 1024)
    for name in ("out", "results"):
        (repo / name).mkdir()
        (repo / name / "y.txt").write_text("")
    git("init", "-q", "sub", cwd=repo)
    (repo / "sub/f").write_text("")
    (repo / "z.py").write_text("")
    made = take(repo, ignore=[repo / "out"])
    assert listing(repo, made.commit) == [".gitignore", "ecg/model.py", "train.py", "z.py"]
    assert made.left_out == (
        "big.bin (51 MiB; the limit is 50)",
        "sub/ (a git repository of its own)",
    )


def test_clean_tree_gives_the_base_itself(repo: Path) -> None:
    assert take(repo).commit == git("rev-parse", "HEAD", cwd=repo)
    assert git("for-each-ref", "refs/sweeptree", cwd=repo) == ""


def test_earlier_snapshot_stays_reachable(repo: Path) -> None:
    make_dirty(repo)
    first = take(repo)
    (repo / "train.py").write_text("again\n")
    take(repo)
    assert git("rev-parse", f"refs/sweeptree/exp/base-{first.commit[:8]}", cwd=repo) == first.commit


def test_snapshot_from_a_linked_worktree(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "w", cwd=repo)
    (tmp_path / "w/more.py").write_text("")
    assert "more.py" in listing(repo, take(tmp_path / "w").commit)


def test_sparse_checkout_loses_nothing(repo: Path) -> None:
    git("sparse-checkout", "set", "--no-cone", "/ecg/", cwd=repo)
    (repo / "ecg/model.py").write_text("WIDTH = 9\n")
    assert "train.py" in listing(repo, take(repo).commit)


def test_author_falls_back_where_git_knows_none(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_NAME")
        monkeypatch.delenv(f"GIT_{who}_EMAIL")
    make_dirty(repo)
    assert (
        git("show", "-s", "--format=%an %ce", take(repo).commit, cwd=repo)
        == "sweeptree sweeptree@localhost"
    )


def test_bare_repository_has_nothing_to_snapshot(repo: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--bare", repo, tmp_path / "b.git", cwd=tmp_path)
    with pytest.raises(Refused, match="bare"):
        take(tmp_path / "b.git")
