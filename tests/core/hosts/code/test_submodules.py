"""Submodules on a host: their commits come too, and git finds them there."""

import os
import subprocess
from pathlib import Path

import pytest
from helpers import git

from sweeptree.hosts.code.commits import SentCommit, send_commit
from sweeptree.hosts.code.submodules import ENVIRONMENT, Submodule, send_submodules, submodules
from sweeptree.hosts.remote import Site
from sweeptree.repository import find_repository


@pytest.fixture
def library(git_env: Path, tmp_path: Path) -> Path:
    top = tmp_path / "library"
    top.mkdir()
    (top / "lib.py").write_text("VALUE = 1\n")
    git("init", "-q", "-b", "main", cwd=top)
    git("add", ".", cwd=top)
    git("commit", "-qm", "library", cwd=top)
    return top


@pytest.fixture
def user(repo: Path, library: Path) -> Path:
    """A repository with a submodule that stands on a commit which only this clone has."""
    allowed = ("-c", "protocol.file.allow=always")
    git(*allowed, "submodule", "add", "-q", library, "libs/my lib", cwd=repo)
    (repo / "libs/my lib/lib.py").write_text("VALUE = 2\n")
    git("commit", "-qam", "only here", cwd=repo / "libs/my lib")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "with a submodule", cwd=repo)
    return repo


def send(top: Path, site: Site) -> tuple[SentCommit, tuple[str, ...]]:
    found = find_repository(top)
    sent = send_commit(found, git("rev-parse", "HEAD", cwd=top), site)
    return sent, send_submodules(found, sent, site)


def test_they_are_named_with_their_commits(user: Path) -> None:
    pinned = git("rev-parse", "HEAD", cwd=user / "libs/my lib")
    found = list(submodules(find_repository(user), "HEAD"))
    assert found == [Submodule("libs/my lib", "libs/my lib", pinned)]


def test_git_brings_them_from_the_host_itself(user: Path, site: Site, tmp_path: Path) -> None:
    sent, lacking = send(user, site)
    assert not lacking
    top = tmp_path / "worktree"
    git("worktree", "add", "-q", "--detach", top, sent.commit, cwd=Path(sent.cache))
    update = ["git", "submodule", "update", "-q", "--init"]
    subprocess.run(update, cwd=top, check=True, env={**os.environ, **ENVIRONMENT})
    assert (top / "libs/my lib/lib.py").read_text() == "VALUE = 2\n"


def test_one_that_is_empty_here_is_named(user: Path, site: Site) -> None:
    git("submodule", "deinit", "-q", "-f", "--all", cwd=user)
    _, lacking = send(user, site)
    assert lacking == ("the submodule libs/my lib is not here: jobs must fetch it themselves",)


def test_a_project_without_submodules_sends_none(repo: Path, site: Site) -> None:
    assert send(repo, site)[1] == ()
