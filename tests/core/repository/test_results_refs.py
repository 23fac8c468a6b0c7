"""Small files as a commit under a ref of ours."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.repository import results_refs
from sweeptree.repository.results_refs import read_commit, set_ref, write_commit

REF = "refs/sweeptree/results/x"


def test_what_was_written_is_read(repo: Path) -> None:
    files = {"a.json": b"{}\n", "b.csv": b"", "c": b"\0done\nblob\n"}
    commit = write_commit(repo, REF, files, "Results of x", None)
    assert dict(read_commit(repo, commit, lambda _: True)) == files
    assert git("log", "-1", "--format=%s %an", commit, cwd=repo) == "Results of x Cora Committer"


def test_files_that_are_gone_are_gone_in_the_next_commit(repo: Path) -> None:
    first = write_commit(repo, REF, {"a": b"1", "b": b"2"}, "one", None)
    second = write_commit(repo, REF, {"a": b"3"}, "two", first)
    assert dict(read_commit(repo, second, lambda _: True)) == {"a": b"3"}
    assert git("rev-parse", f"{REF}^", cwd=repo) == first


def test_nothing_but_the_ref_changes(repo: Path) -> None:
    before = git("for-each-ref", cwd=repo), git("status", "--porcelain", cwd=repo)
    write_commit(repo, REF, {"a": b"1"}, "one", None)
    set_ref(repo, REF, None)
    assert (git("for-each-ref", cwd=repo), git("status", "--porcelain", cwd=repo)) == before


def test_it_works_without_an_identity(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_COMMITTER_{part}")
    commit = write_commit(repo, REF, {"a": b"1"}, "one", None)
    assert git("log", "-1", "--format=%cn", commit, cwd=repo) == "sweeptree"


def test_links_folders_and_what_is_not_wanted_are_not_read(repo: Path) -> None:
    (repo / "link").symlink_to("/etc/passwd")
    git("add", "link", cwd=repo)
    git("commit", "-q", "-m", "link", cwd=repo)
    found = read_commit(repo, "HEAD", lambda entry: entry.name != ".gitignore")
    assert [name for name, _ in found] == ["train.py"]


def test_a_commit_is_on_a_remote_when_a_branch_there_holds_it(repo: Path) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    assert not results_refs.is_on_remote(repo, head, "origin")
    git("update-ref", "refs/remotes/origin/main", head, cwd=repo)
    assert results_refs.is_on_remote(repo, head, "origin")
