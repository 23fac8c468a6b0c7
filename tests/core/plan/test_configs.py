"""The names of configs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan.plan_kit import jobs
from sweeptree.plan import config_ids, read_command


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=5))
def test_reading_a_command_never_fails(commands: list[str]) -> None:
    names = config_ids([read_command(command) for command in commands])
    assert all(0 < len(name) <= 80 for name in names)


@pytest.mark.parametrize(
    ("commands", "names"),
    [
        (
            ["python t.py --lr 3e-4 --wd 0 --seed 1", "python t.py --lr 1e-4 --wd 0 --seed 1"],
            ["lr=3e-4", "lr=1e-4"],
        ),
        (
            ["python t.py --lr 3e-4 --seed 1", "python t.py --lr 0.0003 --seed 2"],
            ["lr=3e-4", "lr=3e-4"],
        ),
        (
            ["python t.py --data_version 1.1", "python t.py --data_version 1.10"],
            ["data_version=1.1", "data_version=1.10"],
        ),
        (
            ["t --id 1234567890123456788", "t --id 1234567890123456789"],
            ["id=1234567890123456788", "id=1234567890123456789"],
        ),
        (
            [f"python p.py --seed {n} && python t.py --lr 1 --seed {n}" for n in (1, 2)],
            ["lr=1"] * 2,
        ),
        (["echo hello", "echo world"], ["echo hello", "echo world"]),
        (["python t.py --seed 1", "python t.py --amp --seed 1"], ["default", "amp"]),
        (["python t.py --a 1 --b 2", "python t.py --b 2 --a 1"], ["a=1,b=2", "a=1,b=2"]),
        (
            ["python t.py --lr 1 --out r/s1 --seed 1", "python t.py --lr 1 --out r/s2 --seed 2"],
            ["lr=1,out=r/s"] * 2,
        ),
        (["python t.py --x 1", "python t.py --x"], ["x=1", "x"]),
        (["true"], ["true"]),
    ],
)
def test_config_names_say_what_varies(commands: list[str], names: list[str]) -> None:
    assert [job.config_id for job in jobs(*commands)] == names


def test_long_config_names_are_short_distinct_and_stable() -> None:
    commands = [f"python t.py --name {'a' * 200}{i}" for i in range(3)]
    names = [job.config_id for job in jobs(*commands)]
    assert len(set(names)) == 3
    assert all(len(name) == 80 for name in names)
    assert names == [job.config_id for job in jobs(*commands)]


def test_names_that_read_alike_stay_distinct() -> None:
    made = jobs("python t.py --x 'a b'", "python t.py --x 'a  b'")
    assert made[0].config_id == "x=a b"
    assert made[1].config_id.startswith("x=a b-")
