"""A spec becomes jobs, and its hash."""

from pathlib import Path

import pytest

from core.plan.plan_kit import jobs
from sweeptree import plan
from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec


def test_seeds_repeat_commands_that_have_none() -> None:
    assert [(job.command, job.seed) for job in jobs("a", "b", seeds=(1, 2))] == [
        ("a", 1),
        ("a", 2),
        ("b", 1),
        ("b", 2),
    ]
    with pytest.raises(UsageError, match="names its own seed"):
        jobs("python t.py --seed 3", seeds=(1, 2))


def test_only_keeps_numbers_and_names() -> None:
    everything, some = (
        jobs("echo a", "echo b", "echo c"),
        jobs("echo a", "echo b", "echo c", only=(2, 0)),
    )
    assert some == (everything[0], everything[2])
    with pytest.raises(UsageError, match="names job 3"):
        jobs("echo a", only=(3,))


def test_hash_depends_on_results_and_not_on_the_spelling() -> None:
    given_ = SweepSpec(exp_name="x", commands=("t 1", "t 2"), parallel=2)
    made = SweepSpec(exp_name="y", template="t {a}", grid={"a": ("1", "2")}, timeout=5)
    assert plan.spec_hash(given_, "c0ffee") == plan.spec_hash(made, "c0ffee")
    assert plan.spec_hash(given_, "c0ffee") != plan.spec_hash(given_, "decade")
    assert plan.spec_hash(given_, "c0ffee") != plan.spec_hash(
        given_.model_copy(update={"setup": "make"}), "c0ffee"
    )


def test_a_sweep_whose_commands_were_not_loaded_has_none() -> None:
    with pytest.raises(UsageError, match="no commands"):
        plan.make_jobs(SweepSpec(exp_name="x", commands_file=Path("commands.json")))
