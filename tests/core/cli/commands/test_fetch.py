"""`sweeptree fetch`, and the commands that read what it brought."""

import json
from pathlib import Path

import pytest
from helpers import git

from core.cli_records import call, finished_sweep


@pytest.fixture
def fetched(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that has shared a sweep, lost it, and fetched it."""
    monkeypatch.chdir(repo)
    git("init", "-q", "--bare", tmp_path / "hub.git", cwd=repo)
    git("remote", "add", "origin", tmp_path / "hub.git", cwd=repo)
    results = finished_sweep(repo / "results").root
    assert call("share", "unet").code == 0
    results.rename(tmp_path / "lost")
    assert call("fetch").out == "origin/unet\n"
    return repo


def test_it_is_hidden_from_git(fetched: Path) -> None:
    assert git("status", "--porcelain", cwd=fetched) == ""


def test_status_lists_it_under_the_name_that_others_take(fetched: Path) -> None:
    listed = json.loads(call("status", "--shared", "--json").out)
    assert [sweep["exp_name"] for sweep in listed["sweeps"]] == ["origin/unet"]
    assert "origin/unet" in call("status", "--shared").out
    assert "unet" not in call("status").out


@pytest.mark.parametrize(
    "words",
    [
        ("show", "origin/unet"),
        ("status", "origin/unet"),
        ("report", "origin/unet"),
        ("compare", "origin/unet:lr=3e-4", "origin/unet:lr=1e-4"),
        ("export", "origin/unet", "--to", "csv"),
    ],
)
def test_commands_that_read_take_it(fetched: Path, words: tuple[str, ...]) -> None:
    done = call(*words)
    assert (done.code, done.err.count("Traceback")) == (0, 0), done.err


@pytest.mark.parametrize("words", [("resume",), ("extend", "--seeds", "9"), ("cancel",)])
def test_commands_that_act_do_not(fetched: Path, words: tuple[str, ...]) -> None:
    done = call(words[0], "origin/unet", *words[1:])
    assert (done.code, "no sweep 'origin/unet'" in done.err) == (2, True)


def test_a_remote_that_is_not_there_is_refused(fetched: Path) -> None:
    assert call("fetch", "no").code == 3
