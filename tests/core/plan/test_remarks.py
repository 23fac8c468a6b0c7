"""What is notable about the jobs before they run."""

import pytest

from core.plan.plan_kit import jobs, template
from sweeptree.plan import grid_remarks, remarks, scripts


def test_the_same_command_twice_is_named() -> None:
    (text,) = remarks(jobs("t --lr 1", "t --lr 2", "t --lr 1"))
    assert text.startswith("job 2 is the same command as job 0: a command counts once")


def test_one_command_with_several_seeds_is_none_twice() -> None:
    assert remarks(jobs("t --lr 1", seeds=(1, 2))) == []


def test_a_parameter_that_varies_like_a_seed_is_named() -> None:
    made = template("t --lr {lr} --trial {trial}", grid={"lr": ("1", "2"), "trial": ("1", "2")})
    (text,) = remarks(made)
    assert text.startswith("trial varies like a seed")


@pytest.mark.parametrize(
    "commands",
    [
        ["t --lr 1 --trial 1", "t --lr 2 --trial 2"],
        ["t --layers 1", "t --layers 2"],
        ["t --trial 1"],
        ["t --trial 1 --seed 1", "t --trial 2 --seed 1"],
    ],
)
def test_what_does_not_vary_like_a_seed_is_not_named(commands: list[str]) -> None:
    assert remarks(jobs(*commands)) == []


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("python scripts/t.py --lr 1 --config c.py", ["scripts/t.py"]),
        ("./t.py && torchrun --nproc 2 e.py", ["./t.py", "e.py"]),
        ("bash -lc 'python t.py'", ["t.py"]),
        ("cd x && python t.py", []),
        ("python -m pkg --config c.py", []),
        ("train --config c.py", []),
        ("python $HOME/t.py", []),
        ("'unbalanced", []),
    ],
)
def test_the_scripts_of_a_command_are_found(command: str, paths: list[str]) -> None:
    assert scripts(command) == paths


@pytest.mark.parametrize(
    ("value", "several"),
    [("1 2 3", "1,2,3"), ("1e-3;3e-4", "1e-3,3e-4"), ("0.9 | 0.99", "0.9,0.99")],
)
def test_a_value_of_a_grid_that_looks_like_several_is_named(value: str, several: str) -> None:
    (remark,) = grid_remarks({"lr": (value, "4")})
    assert remark == f"{value!r} is one value of lr; for several: lr={several}"


def test_values_that_are_one_are_not() -> None:
    assert (
        grid_remarks({"betas": ("0.9,0.99", "[64, 64]"), "name": ("a b", "3"), "n": (1, 2)}) == []
    )
