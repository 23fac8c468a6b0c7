"""`sweeptree resume` up to the start: what is asked for, and mistakes."""

from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep
from sweeptree.cli.commands.resume import ResumeOptions, _numbers, _spec, _wanted
from sweeptree.errors import UsageError
from sweeptree.records import read_json
from sweeptree.system.files import write_json


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The results folder of a sweep with its spec."""
    paths = finished_sweep(tmp_path)
    document = read_json(paths.sweep)
    spec = {"exp_name": "unet", "commands": ["true"], "repo": str(tmp_path)}
    write_json(paths.sweep, {**document, "spec": spec})
    return tmp_path


def test_options_become_a_resume() -> None:
    wanted = _wanted(ResumeOptions(failed=True, jobs="3,7"))
    assert (wanted.failed, wanted.oom, wanted.jobs) == (True, False, (3, 7))


def test_job_numbers_that_are_none_are_named() -> None:
    ran = call("resume", "unet", "--jobs", "first")
    assert ran.code == 2
    assert "--jobs: 'first' is no list of job numbers" in ran.err


def test_amounts_change_the_spec(results: Path) -> None:
    spec = _spec("unet", ResumeOptions(gpu_mem="20G", min_free="0", results_dir=results))
    assert (spec.gpu_mem, spec.min_free) == (20 * 1024, 0)


def test_a_bad_amount_is_named(results: Path) -> None:
    with pytest.raises(UsageError, match="--gpu_mem: 'much'"):
        _spec("unet", ResumeOptions(gpu_mem="much", results_dir=results))


def test_an_unknown_sweep_is_a_usage_error(tmp_path: Path) -> None:
    assert call("resume", "nothing", "--results_dir", str(tmp_path)).code == 2


def test_many_jobs_are_counted() -> None:
    assert _numbers([1, 2]) == "1, 2"
    assert _numbers(range(23)).endswith("19 and 3 more")
