"""git on a node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeptree.hosts.slurm.node.git import git, run
from sweeptree.supervise.files import SetupError


def test_it_prints_reads_and_may_use_another_index(repo: Path, tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    git(str(repo), "read-tree", "HEAD", index=index)
    assert b"train.py" in git(str(repo), "ls-files", index=index)
    blob = git(str(repo), "hash-object", "--stdin", data=b"WIDTH = 8\n").decode().strip()
    assert git(str(repo), "rev-parse", "HEAD:ecg/model.py").decode().strip() == blob


def test_its_failure_is_told_in_its_own_words(repo: Path) -> None:
    with pytest.raises(SetupError, match=r"`git show` failed on .*: fatal: .*nowhere"):
        git(str(repo), "show", "nowhere")


def test_no_hook_of_the_repository_runs(repo: Path, tmp_path: Path) -> None:
    hook = repo / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(str(repo), "checkout", "-q", "--detach")
    assert not (tmp_path / "ran").exists()


def test_it_never_asks_for_the_name_of_the_host(repo: Path, monkeypatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    tree = git(str(repo), "rev-parse", "HEAD^{tree}").decode().strip()
    made = git(str(repo), "commit-tree", "-m", "x", tree).decode().strip()
    assert b"sweeptree@localhost" in git(str(repo), "cat-file", "commit", made)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(SetupError, match="there is no nowhere-at-all"):
        run(["nowhere-at-all"], dict(os.environ))
