"""The words for sbatch."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeptree.errors import UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.hosts.slurm import options
from sweeptree.model import SweepSpec
from sweeptree.settings import Settings


def spec(**fields: object) -> SweepSpec:
    told = {"exp_name": "exp", "commands": ("true",), "executor": "slurm", **fields}
    return SweepSpec.model_validate(told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("partition=gpu,gres=gpu:1", ["--partition=gpu", "--gres=gpu:1"]),
        ("nodelist=n1,n2,mem=4G", ["--nodelist=n1,n2", "--mem=4G"]),
        ("exclusive=", ["--exclusive"]),
        ("time=2h", ["--time=2:00:00"]),
        ("time=90s", ["--time=0:01:30"]),
        ("time=1-12", ["--time=1-12"]),
        ("time=1:30:00", ["--time=1:30:00"]),
        ("time=30", ["--time=30"]),
        ("time=UNLIMITED", ["--time=UNLIMITED"]),
    ],
)
def test_what_a_user_writes_is_an_option_of_sbatch(text: str, words: list[str]) -> None:
    assert options.wanted(spec(slurm=text)) == words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("signal=USR1", "the keeper needs USR2"),
        ("array=0-3", "--array_parallelism"),
        ("output=x", "job's log"),
        ("Parti tion=x", "no option of sbatch"),
        ("x=a\nb", "no option of sbatch"),
        ("xx=a\nb", "no option of sbatch"),
        ("p=gpu", "no option of sbatch"),
        ("cpus_per_task=4", "no option of sbatch"),
        ("arr=0-3", "short of array"),
        ("sig=USR1", "short of signal"),
        ("gres=", "has no value"),
        ("partition=,time=2h", "has no value"),
        ("hold=", "cannot be given"),
        ("test-only=", "--dry_run"),
        ("requeue=", "given always"),
        ("job-name=x", "found again"),
        ("open-mode=truncate", "appended"),
        ("clusters=a", "one cluster"),
    ],
)
def test_what_cannot_be_given_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        options.check(spec(slurm=text))


def test_a_name_with_underscores_is_told_as_sbatch_writes_it() -> None:
    with pytest.raises(UsageError) as refused:
        options.check(spec(slurm="cpus_per_task=4"))
    assert refused.value.hint == ("it is written cpus-per-task",)


def test_options_of_a_cluster_need_the_cluster() -> None:
    with pytest.raises(UsageError, match="on a cluster"):
        planner_for(spec(executor="local", slurm="partition=gpu"), Settings())


def test_gpus_of_this_machine_are_no_option_of_a_cluster() -> None:
    with pytest.raises(UsageError) as refused:
        options.check(spec(gpus=1))
    assert refused.value.hint == ("on a cluster: --slurm gres=gpu:1",)


def test_the_warning_comes_a_grace_before_the_end() -> None:
    words = options.of_keeper(spec(grace=7.5), Path("/results/100%"))
    assert "--signal=B:USR2@8" in words
    assert "--output=/results/100%%/%a.out" in words


def test_an_array_is_bounded_where_that_is_asked_for() -> None:
    assert options.of_array(spec(), 40, "x")[0] == "--array=0-39"
    assert options.of_array(spec(array_parallelism=8), 40, "x")[0] == "--array=0-39%8"


def test_jobs_see_the_environment_without_secrets_and_what_is_about_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {
        "TMPDIR": "/tmp/here",
        "CUDA_VISIBLE_DEVICES": "3",
        "SLURM_JOB_ID": "7",
        "SLURM_CONF": "/etc/slurm.conf",
        "GITHUB_TOKEN": "canary",
        "HF_TOKEN": "wanted",
        "WANDB_MODE": "offline",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    seen = options.environment(spec(keep_env="HF_TOKEN"))
    kept = {name for name in told if name in seen}
    assert kept == {"SLURM_CONF", "HF_TOKEN", "WANDB_MODE"}
