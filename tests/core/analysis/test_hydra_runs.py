"""Multiruns of Hydra as sweeps."""

from pathlib import Path

import pytest

from sweeptree.analysis.aggregate import look
from sweeptree.analysis.hydra_runs import import_multirun, is_multirun
from sweeptree.analysis.metrics import Wanted
from sweeptree.records import SweepPaths

WANTED = Wanted(None)


def add_run(root: Path, place: str, overrides: str, log: str = "", num: str = "") -> None:
    """A run as Hydra 1.3 leaves it."""
    hidden = root / place / ".hydra"
    hidden.mkdir(parents=True)
    (hidden / "overrides.yaml").write_text(overrides)
    job = f"\n    num: {num}" if num else ""
    (hidden / "hydra.yaml").write_text(f"hydra:\n  job:\n    name: train{job}\n")
    (root / place / "train.log").write_text(log)


@pytest.fixture
def multirun(tmp_path: Path) -> SweepPaths:
    """Two configs with two seeds; the last run left nothing."""
    for number, (lr, seed) in enumerate((("0.1", 1), ("0.1", 2), ("0.01", 1), ("0.01", 2))):
        log = "" if number == 3 else f"val_auc = 0.{9 - number}\n"
        add_run(tmp_path, str(number), f"- lr={lr}\n- seed={seed}\n", log, str(number))
    return SweepPaths(tmp_path)


def test_runs_become_jobs_with_parameters_seeds_and_metrics(multirun: SweepPaths) -> None:
    assert import_multirun(multirun, WANTED) == 4
    jobs = look(multirun).jobs
    assert [(job.config_id, job.seed) for job in jobs[:3]] == [
        ("lr=0.1", 1),
        ("lr=0.1", 2),
        ("lr=0.01", 1),
    ]
    assert jobs[1].metrics == {"val_auc": 0.8}
    assert jobs[0].cmd == "python train.py lr=0.1 seed=1"


def test_a_run_without_metrics_has_no_known_end(multirun: SweepPaths) -> None:
    import_multirun(multirun, WANTED)
    assert look(multirun).jobs[3].state is None


def test_the_configs_are_ranked(multirun: SweepPaths) -> None:
    import_multirun(multirun, WANTED)
    assert look(multirun).leaderboard == ("lr=0.1", "lr=0.01")


def test_an_import_can_be_repeated(multirun: SweepPaths) -> None:
    assert import_multirun(multirun, WANTED) == import_multirun(multirun, WANTED)


def test_folders_named_by_their_overrides_are_found(tmp_path: Path) -> None:
    add_run(tmp_path, "a/lr=1", "- lr=1\n", num="7")
    assert is_multirun(tmp_path)
    assert import_multirun(SweepPaths(tmp_path), WANTED) == 1
    assert look(SweepPaths(tmp_path)).jobs[0].id == 7


@pytest.mark.parametrize("text", ["", "{", "lr: 1\n", "- [" * 50])
def test_torn_overrides_cost_the_parameters_only(tmp_path: Path, text: str) -> None:
    add_run(tmp_path, "0", text, "val_auc = 0.9\n")
    import_multirun(SweepPaths(tmp_path), WANTED)
    assert look(SweepPaths(tmp_path)).jobs[0].metrics == {"val_auc": 0.9}


def test_a_sweep_of_ours_is_no_multirun(multirun: SweepPaths) -> None:
    multirun.sweep.write_text("{}")
    assert not is_multirun(multirun.root)


def test_a_metric_with_an_odd_name_is_found_and_ranked_by(tmp_path: Path) -> None:
    for number, value in enumerate((3, 1, 2)):
        add_run(tmp_path, str(number), f"- lr=0.{number}\n", f"regret = {value}\n", str(number))
    paths = SweepPaths(tmp_path)
    import_multirun(paths, Wanted("regret:min"))
    assert look(paths).leaderboard == ("lr=0.1", "lr=0.2", "lr=0.0")


BOMB = "- &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"- &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    "text", [BOMB, "- " + "[" * 20000, "- 2026-99-99\n", "- " + "9" * 5000, '- "lr=\\uD800\\0"\n']
)
def test_hostile_overrides_cost_no_more_than_themselves(tmp_path: Path, text: str) -> None:
    add_run(tmp_path, "0", text, "val_auc = 0.9\n")
    import_multirun(SweepPaths(tmp_path), WANTED)
    assert look(SweepPaths(tmp_path)).jobs[0].metrics == {"val_auc": 0.9}


@pytest.mark.parametrize("num", ["[1]", "true", "1" * 30, "-1", "2026-99-99"])
def test_what_is_no_number_of_a_job_is_not_used(tmp_path: Path, num: str) -> None:
    add_run(tmp_path, "0", "- lr=1\n", num=num)
    import_multirun(SweepPaths(tmp_path), WANTED)
    assert [job.id for job in look(SweepPaths(tmp_path)).jobs] == [0]


def test_the_name_of_a_script_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "outside.log").write_text("val_auc = 0.1\n")
    root = tmp_path / "multirun"
    add_run(root, "0", "- lr=1\n")
    hidden = root / "0" / ".hydra" / "hydra.yaml"
    hidden.write_text("hydra:\n  job:\n    name: ../../outside\n")
    import_multirun(SweepPaths(root), WANTED)
    assert look(SweepPaths(root)).jobs[0].metrics == {}
