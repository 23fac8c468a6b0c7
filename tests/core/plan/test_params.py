"""What a command says about itself."""

import pytest

from core.plan.plan_kit import jobs
from sweeptree.plan import is_seed_name, typed


@pytest.mark.parametrize(
    ("command", "params", "seed"),
    [
        ("python run_training.py --exp unet_lr_3e-4 --seed 1", {"exp": "unet_lr_3e-4"}, 1),
        ("python t.py --lr=3e-4 -n 5 --amp", {"lr": 3e-4, "n": 5, "amp": True}, None),
        ("python t.py lr=3e-4 +a.b=1 ++c=x trainer.seed=7", {"lr": 3e-4, "a.b": 1, "c": "x"}, 7),
        ("CUDA_VISIBLE_DEVICES=0 LR=3 SEED=4 python t.py", {"LR": 3}, 4),
        ("cd x && python t.py --lr 1 2>&1 | tee --append log", {"lr": 1}, None),
        ("python t.py --layers 64 128 --shift -1e-3", {"layers": "64 128", "shift": -1e-3}, None),
        ("accelerate launch --num_processes 2 t.py --lr 1", {"lr": 1}, None),
        ("python -u -m pkg.train --config c.py", {"config": "c.py"}, None),
        ("python t.py --name 'two words' --id 007", {"name": "two words", "id": "007"}, None),
        ("python t.py --name 'unbalanced --lr 1", {}, None),
        ("python t.py --lr 1 > log_1.txt", {"lr": 1}, None),
        ("python t.py --random-seed 3 --data_seed 0", {"data_seed": 0}, 3),
        ("python t.py --seed none", {"seed": "none"}, None),
        ("python prep.py --seed 1 && python train.py --lr 3e-4 --seed 1", {"lr": 3e-4}, 1),
        ("train --lr 1 --seed 2 && evaluate --split test", {"lr": 1, "split": "test"}, 2),
        ("python prep.py --lr 1; python t.py --lr 2", {"prep.lr": 1, "t.lr": 2}, None),
        ("python prep.py --seed 0 && python t.py --seed 3", {"prep.seed": 0}, 3),
        ("""bash -lc 'python t.py --lr 1 --note "a b" --seed 4'""", {"lr": 1, "note": "a b"}, 4),
        ("LR=2 bash -c 'python t.py --wd 1'", {"LR": 2, "wd": 1}, None),
        ("srun -n 2 sh -c 'cd x && t --lr 1'", {"lr": 1}, None),
        ("mkdir -p out && train --lr 1 | tee -a log", {"lr": 1}, None),
        ("python t.py --ckpt ck/epoch=9-step=80.ckpt", {"ckpt": "ck/epoch=9-step=80.ckpt"}, None),
        ("python t.py --ckpt epoch=9.ckpt --lr 1", {"ckpt": "epoch=9.ckpt", "lr": 1}, None),
        ('python t.py --lr 3 --note "lr=1"', {"lr": 3, "note": "lr=1"}, None),
        ("python t.py --lr 3 --note lr=1", {"lr": 3, "note": "lr=1"}, None),
        ("python t.py --note 'a=b c'", {"note": "a=b c"}, None),
        ("python t.py --amp lr=3 'layers=[1,2]'", {"amp": True, "lr": 3, "layers": "[1,2]"}, None),
        ("python t.py --multirun db=x.yaml", {"multirun": True, "db": "x.yaml"}, None),
        ("python t.py --seed_everything 5", {}, 5),
        ("python t.py --manualSeed=6", {}, 6),
        ("python t.py --random-state 7", {}, 7),
        ("python t.py --id 1234567890123456789", {"id": "1234567890123456789"}, None),
    ],
)
def test_parameters_are_read_off_the_command(
    command: str, params: dict[str, object], seed: int | None
) -> None:
    (job,) = jobs(command)
    assert (dict(job.params), job.seed, job.command) == (params, seed, command)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("3e-4", 3e-4),
        ("0.5", 0.5),
        ("007", "007"),
        ("1.10", "1.10"),
        ("1.0", 1.0),
        ("0.12345678901234567890", "0.12345678901234567890"),
        ("1234567890123456789", "1234567890123456789"),
        ("True", True),
        ("1e999", "1e999"),
        ("x", "x"),
    ],
)
def test_numbers_and_truth_values_are_known_by_their_text(text: str, value: object) -> None:
    assert typed(text) == value
    assert type(typed(text)) is type(value)


@pytest.mark.parametrize(
    ("name", "is_seed"), [("SEED", True), ("trainer.rng-seed", True), ("data_seed", False)]
)
def test_seeds_are_known_by_their_name(name: str, is_seed: bool) -> None:
    assert is_seed_name(name) is is_seed
