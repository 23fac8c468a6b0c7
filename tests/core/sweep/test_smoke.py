"""A short run of one job before a sweep."""

from pathlib import Path

import pytest

from core.sweep.kit import make_spec
from sweeptree.model import JobState
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import prepare
from sweeptree.sweep.run import WithoutEngine, run_sweep
from sweeptree.sweep.smoke import Smoke, look_at, smoke_spec

EPOCHS = "for n in 1 2 3; do echo epoch $n/10 val_auc = 0.$n; done; {}"


def smoked(repo: Path, *commands: str, seconds: float = 30, **fields: object) -> Smoke:
    whole = prepare(make_spec(repo, *commands, **fields), Settings())
    short = prepare(smoke_spec(whole, seconds), Settings())
    run_sweep(short.spec, None, WithoutEngine(), before_end=lambda: None)
    return look_at(short.paths, whole)


def test_a_job_that_ends_gives_the_time_for_all(repo: Path) -> None:
    found = smoked(repo, EPOCHS.format("true"), "true", "true", parallel=1, metric="val_auc:max")
    assert (found.state, found.value, found.is_good) == (JobState.SUCCEEDED, 0.3, True)
    assert found.estimate == pytest.approx(3 * found.seconds)
    assert found.source == "job_0.log: printed numbers"


def test_a_job_that_is_stopped_has_done_well(repo: Path) -> None:
    found = smoked(repo, EPOCHS.format("sleep 60"), seconds=1, metric="val_auc:max")
    assert (found.state, found.is_good, found.steps) == (JobState.TIMED_OUT, True, 3)
    assert found.estimate == pytest.approx(found.seconds / 0.3)
    assert found.peak_rss


def test_a_metric_that_is_never_seen_is_not_good(repo: Path) -> None:
    found = smoked(repo, "echo val_acc = 0.5", metric="val_auc:max")
    assert (found.value, found.is_good) == (None, False)
    assert "val_acc" in (found.source or "")


def test_a_job_that_fails_is_not_good(repo: Path) -> None:
    found = smoked(repo, "echo broken; exit 3")
    assert (found.is_good, found.reason, "broken" in found.log_end) == (False, "exit code 3", True)


def test_it_is_one_job_that_delivers_nothing(repo: Path) -> None:
    fields = {"commit_and_pr": True, "auto_fix_before_pr": True, "seeds": "4,5", "retries": 2}
    whole = prepare(make_spec(repo, "true", only="1", timeout="5s", **fields), Settings())
    spec = smoke_spec(whole, 60)
    assert (spec.exp_name, spec.seeds, spec.timeout) == ("exp-smoke", (5,), 5.0)
    assert (spec.delivers, spec.auto_fix_before_pr, spec.retries) == (False, False, 0)
