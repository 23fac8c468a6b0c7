"""A whole review, with the tests of both commits."""

import shlex
import sys
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import UsageError
from sweeptree.repository import find_repository
from sweeptree.review.reviewing import range_between, review_range
from sweeptree.review.values import Review, ReviewOptions

PYTEST = f"{shlex.quote(sys.executable)} -m pytest -q -p no:cacheprovider"
TEST = "from lib import f\n\n\ndef test_f():\n    assert f(2) == 4\n"


def commit(top: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (top / name).write_text(text)
    git("add", ".", cwd=top)
    git("commit", "-q", "-m", "change", cwd=top)
    return git("rev-parse", "HEAD", cwd=top)


@pytest.fixture
def base(repo: Path) -> str:
    return commit(repo, {"lib.py": "def f(x):\n    return x * 2\n", "test_lib.py": TEST})


def reviewed(repo: Path, base: str, head: str, command: str = PYTEST) -> Review:
    wanted = range_between(find_repository(repo), base, head, "topic")
    return review_range(wanted, ReviewOptions(test_command=command, timeout=60.0))


@pytest.mark.slow
def test_a_test_that_fails_now_blocks(repo: Path, base: str) -> None:
    head = commit(repo, {"lib.py": "def f(x):\n    return x * 3\n"})
    done = reviewed(repo, base, head)
    assert [each.rule for each in done.blockers] == ["test-fails"]


@pytest.mark.slow
def test_what_no_test_pins_or_runs(repo: Path, base: str) -> None:
    lib = "def f(x, y=0):\n    z = y or 2\n    if x < 0:\n        return -1\n    return x * z\n"
    done = reviewed(repo, base, commit(repo, {"lib.py": lib}))
    assert not done.is_blocked
    assert {each.rule for each in done.findings} == {"uncovered", "unpinned"}
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1


@pytest.mark.slow
def test_a_command_that_hangs_is_said(repo: Path, base: str) -> None:
    head = commit(repo, {"lib.py": "def f(x):\n    return 2 * x\n"})
    wanted = range_between(find_repository(repo), base, head, "topic")
    done = review_range(wanted, ReviewOptions(test_command="sleep 60", timeout=0.5))
    assert not done.is_blocked


def test_without_a_way_to_test_it_says_so(repo: Path) -> None:
    old = git("rev-parse", "HEAD", cwd=repo)
    wanted = range_between(find_repository(repo), old, commit(repo, {"a.py": "x = 1\n"}), "topic")
    done = review_range(wanted, ReviewOptions())
    notes = {each.name: each.note for each in done.checks if not each.is_run}
    assert notes["tests"] == "the repository says nowhere how it is tested"


def test_a_change_of_nothing_is_a_mistake(repo: Path) -> None:
    with pytest.raises(UsageError, match="changes nothing"):
        range_between(find_repository(repo), "HEAD", "HEAD", "topic")
