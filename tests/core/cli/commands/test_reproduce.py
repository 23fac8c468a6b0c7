"""`sweeptree reproduce` up to the run, and what it says after it."""

import json
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep
from core.sweep.kit import lived, opened, paths_of
from sweeptree.analysis.reproduction import judge
from sweeptree.cli.commands.reproduce import _find, _judgement, _show
from sweeptree.errors import UsageError
from sweeptree.records import SweepStore
from sweeptree.sweep.reproduce import spec_again

PULL = "https://github.com/o/r/pull/17"


@pytest.fixture
def swept(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """We stand in a repository with a sweep of one job that has ended."""
    monkeypatch.chdir(repo)
    with opened(repo, "python train.py", seeds="1") as sweep:
        lived(sweep.job(0))
    return repo


def test_a_job_is_found_by_each_of_its_names(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path)
    with SweepStore.open(paths) as store:
        store.update(2, pr_url=PULL, pr_number=17)
    names = ("unet:2", str(paths.record(2)), PULL, "17", "#17")
    assert {_find(name, tmp_path).record.id for name in names} == {2}


def test_a_name_alone_is_the_first_job_of_the_best_config(tmp_path: Path) -> None:
    finished_sweep(tmp_path, jobs=6, failed=(1,))
    found = _find("unet", tmp_path)
    assert found.record.config_id == found.document.leaderboard[0]
    assert found.record.state == "succeeded"


@pytest.mark.parametrize("name", ["unet:99", "18", "other"])
def test_what_is_not_there_is_a_usage_error(tmp_path: Path, name: str) -> None:
    finished_sweep(tmp_path)
    with pytest.raises(UsageError):
        _find(name, tmp_path)


def test_the_plan_changes_nothing(swept: Path) -> None:
    done = call("reproduce", "exp:0", "--dry_run")
    assert (done.code, "exp-0-again" in done.out) == (0, True)
    assert [path.name for path in (swept / "results").iterdir()] == ["exp"]


def test_the_end_says_what_came_of_it(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = _find("exp", None)
    judgement = _judgement(recorded, paths_of(swept))
    again = spec_again(recorded.paths, recorded.record, None)
    _show(recorded, again, judgement, as_json=False)
    assert "exp:0: reproduced: the same value" in capsys.readouterr().out
    _show(recorded, again, judgement, as_json=True)
    assert json.loads(capsys.readouterr().out)["verdict"] == "same"


def test_a_result_that_does_not_hold_is_said_plainly(
    swept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = _find("exp", None)
    other = recorded.record.model_copy(update={"metrics": {"val_auc": 0.1}})
    judgement = judge(recorded.record, other, [0.9], "val_auc")
    _show(recorded, spec_again(recorded.paths, recorded.record, None), judgement, as_json=False)
    assert "exp:0: NOT reproduced: another value" in capsys.readouterr().out
