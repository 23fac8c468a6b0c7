"""`sweeptree extend` up to the start: what is asked for, and mistakes."""

from pathlib import Path

import pytest

from core.cli_records import call
from core.sweep.kit import lived, opened, paths_of


@pytest.fixture
def swept(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """We stand in a repository with a sweep of one job that has ended."""
    monkeypatch.chdir(repo)
    with opened(repo, "python train.py", seeds="1") as sweep:
        lived(sweep.job(0))
    return repo


def test_the_plan_lists_what_would_be(swept: Path) -> None:
    before = paths_of(swept).sweep.read_bytes()
    done = call("extend", "exp", "--seeds", "2-3", "--dry_run", "--json")
    assert (done.code, done.out.count('"seed"')) == (0, 3)
    assert paths_of(swept).sweep.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing was named"),
        (("--seeds", "soon"), "--seeds: 'soon' is no list of seeds"),
        (("--seeds", "1"), "has all of these jobs already"),
        (("--grid", "lr=1"), "a grid cannot be added"),
        (("--commands", "[]"), "an empty list"),
    ],
)
def test_mistakes_are_named(swept: Path, words: tuple[str, ...], said: str) -> None:
    done = call("extend", "exp", *words)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False)


def test_an_unknown_sweep_is_a_usage_error(tmp_path: Path) -> None:
    assert call("extend", "no", "--seeds", "1", "--results_dir", str(tmp_path)).code == 2
