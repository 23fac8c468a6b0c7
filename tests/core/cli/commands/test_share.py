"""`sweeptree share` and what it says."""

from pathlib import Path

import pytest
from helpers import git

from core.cli_records import call, finished_sweep
from sweeptree.records import SweepPaths


@pytest.fixture
def swept(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepPaths:
    """We stand in a repository with a remote and a finished sweep."""
    monkeypatch.chdir(repo)
    git("init", "-q", "--bare", tmp_path / "hub.git", cwd=repo)
    git("remote", "add", "origin", tmp_path / "hub.git", cwd=repo)
    return finished_sweep(repo / "results")


def test_it_makes_the_aggregates_and_says_where_they_went(swept: SweepPaths) -> None:
    done = call("share", "unet")
    assert (done.code, swept.aggregated_json.exists()) == (0, True)
    assert done.out.startswith("shared unet (")
    assert "refs/sweeptree/results/unet" in done.out
    assert "cannot reproduce them before it is pushed" in done.err


def test_the_same_again_is_nothing_new(swept: SweepPaths) -> None:
    assert call("share", "unet", "--as", "mine").out.startswith("shared mine")
    assert call("share", "unet", "--as", "mine").out.startswith("nothing new: mine")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("unet", "--as", "../x"), 2, "cannot be shared"),
        (("unet", "--remote", "no"), 3, "no remote"),
        (("other",), 2, "no sweep 'other'"),
    ],
)
def test_mistakes_are_named(
    swept: SweepPaths, words: tuple[str, ...], code: int, said: str
) -> None:
    done = call("share", *words)
    assert (done.code, said in done.err, "Traceback" in done.err) == (code, True, False)


def test_an_unreachable_remote_is_an_error_of_the_push(swept: SweepPaths, tmp_path: Path) -> None:
    (tmp_path / "hub.git").rename(tmp_path / "gone.git")
    assert call("share", "unet").code == 4
