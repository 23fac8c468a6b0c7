"""Where a delivery goes. No request is made."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import UsageError
from sweeptree.publish.delivery import Context, Options, find_target
from sweeptree.publish.delivery.target import check_branch, guard_limits


def set_url(repo: Path, url: str) -> None:
    git("remote", "add", "origin", url, cwd=repo)


def test_without_a_remote_a_hint_says_how_to_add_one(repo: Path, context: Context) -> None:
    target = find_target(repo, Options(), context)
    assert (target.remote, target.forge) == (None, None)
    assert "git remote add origin" in target.hints[0]


def test_a_folder_has_no_forge(repo: Path, bare: Path, context: Context) -> None:
    target = find_target(repo, Options(), context)
    assert target.remote is not None and target.remote.url == str(bare)
    assert (target.forge, target.base) == (None, "main")


def test_a_token_in_the_url_stays_out_of_sight(repo: Path, context: Context) -> None:
    set_url(repo, "https://x:hidden99@ghe.corp/o/r")
    target = find_target(repo, Options(), context)
    assert target.remote is not None and target.remote.url == "https://ghe.corp/o/r"
    assert "hidden99" not in repr(target) and "set-url" in target.hints[0]
    assert guard_limits(Options(), target).known == ("hidden99",)


def test_a_token_makes_a_forge(repo: Path, context: Context) -> None:
    set_url(repo, "https://github.com/o/r")
    target = find_target(repo, Options(), replace(context, environ={"GH_TOKEN": "t" * 20}))
    assert target.forge is not None and (target.forge.name, target.owner) == ("o/r", "o")


@pytest.mark.parametrize("branch", ["main", "master", "HEAD", "trunk", "-x", "a..b"])
def test_bases_and_impossible_names_are_refused(repo: Path, branch: str) -> None:
    with pytest.raises(UsageError):
        check_branch(repo, branch, "trunk")
