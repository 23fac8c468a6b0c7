"""More jobs for a sweep that has begun."""

from pathlib import Path

import pytest
from helpers import git

from core.sweep.kit import lived, opened, paths_of
from sweeptree.errors import Refused, UsageError
from sweeptree.model import Resume
from sweeptree.model.spec import Extension
from sweeptree.records import read_sweep, record_indices
from sweeptree.settings import Settings
from sweeptree.sweep.extend import extend, prepare_extension
from sweeptree.sweep.recovery import spec_of
from sweeptree.sweep.run import WithoutEngine, run_sweep

MORE = Extension(seeds=(2,))


@pytest.fixture
def swept(repo: Path) -> Path:
    """A repository with a sweep of one job that has ended."""
    with opened(repo, "python train.py", seeds="1") as sweep:
        lived(sweep.job(0))
    return repo


def test_the_new_jobs_stand_in_sweep_json_before_they_run(swept: Path) -> None:
    extend(paths_of(swept), MORE, Settings())
    facts = read_sweep(paths_of(swept))
    assert [job["seed"] for job in facts["jobs"]] == [1, 2]
    assert (facts["exit_code"], facts["ended_at"]) == (None, None)
    assert record_indices(paths_of(swept)) == [0]


def test_resume_runs_them_at_the_old_commit_and_nothing_again(swept: Path) -> None:
    first = paths_of(swept).record(0).read_bytes()
    git("commit", "-q", "--allow-empty", "-m", "later", cwd=swept)
    extend(paths_of(swept), MORE, Settings())
    ended = run_sweep(spec_of(paths_of(swept)), Resume(), WithoutEngine(), before_end=int)
    assert (ended.exit_code, record_indices(paths_of(swept))) == (0, [0, 1])
    assert paths_of(swept).record(0).read_bytes() == first


def test_a_plan_changes_nothing(swept: Path) -> None:
    before = paths_of(swept).sweep.read_bytes()
    assert len(prepare_extension(paths_of(swept), MORE, Settings()).jobs) == 2
    assert paths_of(swept).sweep.read_bytes() == before


def test_what_adds_nothing_is_a_usage_error(swept: Path) -> None:
    with pytest.raises(UsageError, match="has all of these jobs already"):
        extend(paths_of(swept), Extension(seeds=(1,)), Settings())


def test_a_sweep_that_runs_is_left_alone(repo: Path) -> None:
    with opened(repo, "true", seeds="1"), pytest.raises(Refused, match="is running"):
        extend(paths_of(repo), MORE, Settings())


def test_it_can_be_extended_twice(swept: Path) -> None:
    extend(paths_of(swept), MORE, Settings())
    grown = extend(paths_of(swept), Extension(seeds=(3, 2)), Settings())
    assert [job.seed for job in grown.jobs] == [1, 2, 3]
