"""A job of an earlier sweep as a sweep of one."""

from pathlib import Path

import pytest
from helpers import git

from core.sweep.kit import lived, opened, paths_of
from sweeptree.errors import Refused, UsageError
from sweeptree.model import JobRecord, JobState
from sweeptree.records import read_record
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import prepare
from sweeptree.sweep.reproduce import spec_again


def ended(repo: Path, *commands: str, **fields: object) -> JobRecord:
    with opened(repo, *commands, **fields) as sweep:
        return lived(sweep.job(0))


def test_it_runs_at_the_commit_that_it_ran_at(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "data").mkdir()
    first = ended(repo, "python train.py", setup="true", links="data", keep_env="HF_TOKEN")
    git("commit", "-q", "--allow-empty", "-m", "later", cwd=repo)
    again = spec_again(paths_of(repo), first, None)
    assert again.base == first.base_commit != git("rev-parse", "HEAD", cwd=repo).strip()
    assert (again.setup, again.links, again.keep_env) == ("true", ("data",), ("HF_TOKEN",))
    assert (again.exp_name, again.use_worktree) == ("exp-0-again", True)


def test_a_seed_of_the_environment_is_given_again(repo: Path) -> None:
    first = ended(repo, 'python train.py "$SWEEPTREE_SEED"', seeds="7")
    again = spec_again(paths_of(repo), first, None)
    assert prepare(again, Settings()).jobs[0].seed == 7
    assert again.seeds == (7,)


def test_a_seed_of_the_command_is_not_given_twice(repo: Path) -> None:
    first = ended(repo, "python train.py --seed 3")
    assert spec_again(paths_of(repo), first, None).seeds == ()


def test_nothing_is_delivered_of_it(repo: Path) -> None:
    first = ended(repo, "true", commit_and_pr=True, retries=3, auto_fix_before_pr=True)
    again = spec_again(paths_of(repo), first, None)
    assert (again.delivers, again.retries, again.auto_fix_before_pr) == (False, 0, False)


def test_what_has_no_end_cannot_be_compared(repo: Path) -> None:
    first = ended(repo, "true")
    running = first.model_copy(update={"state": JobState.RUNNING})
    with pytest.raises(Refused, match="no end to compare with"):
        spec_again(paths_of(repo), running, None)
    with pytest.raises(UsageError, match="no command or no commit"):
        spec_again(paths_of(repo), first.model_copy(update={"cmd": ""}), None)


def test_the_record_names_the_command_that_does_it(repo: Path) -> None:
    ended(repo, "true")
    line = read_record(paths_of(repo).record(0)).reproduce
    assert line == "sweeptree reproduce exp:0"
