"""Reading the history: the commits one side has and the other lacks."""

from pathlib import Path

from helpers import git

from sweeptree.repository.history import commits_between


def test_commits_between_are_newest_first_and_say_who(repo: Path) -> None:
    base = git("rev-parse", "HEAD", cwd=repo)
    for name in ("one", "two ü"):
        git("commit", "-q", "--allow-empty", "-m", f"{name}\n\nbody", cwd=repo)
    head = git("rev-parse", "HEAD", cwd=repo)
    first, second = commits_between(repo, base, head)
    assert first == f"{head[:12]} two ü (Ada Author)"
    assert second.endswith(" one (Ada Author)")


def test_nothing_lies_between_a_commit_and_itself(repo: Path) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    assert commits_between(repo, head, head) == ()
