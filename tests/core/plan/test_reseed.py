"""Another seed in a command that names its own."""

import pytest

from sweeptree.errors import UsageError
from sweeptree.plan.params import read_command
from sweeptree.plan.reseed import with_seed


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python train.py --seed 1 --lr 1", "python train.py --seed 4 --lr 1"),
        ("python train.py --lr=1 --seed=1", "python train.py --lr=1 --seed=4"),
        ("python main.py +seed=1 lr=0.1", "python main.py +seed=4 lr=0.1"),
        ("SEED=1 python train.py", "SEED=4 python train.py"),
        ("bash -lc 'train --seed 1'", "bash -lc 'train --seed 4'"),
    ],
)
def test_the_seed_is_written_anew(command: str, expected: str) -> None:
    assert with_seed(command, 4) == expected
    assert read_command(expected).seed == 4


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --lr 1",
        "python train.py --seed 1 --out runs/seed1",
        "python train.py --seed 1 --out runs/1",
        "prep --seed 1 && train --seed 1",
    ],
)
def test_what_is_not_clear_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match="no other seed can be written"):
        with_seed(command, 4)
