"""What users may write for commands, templates, grids, seeds and durations, and what comes of it."""

import contextlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeptree import plan
from sweeptree.errors import UsageError
from sweeptree.model import Job, SweepSpec
from sweeptree.plan.params import config_ids, read_command


def jobs(*commands: str, **more: object) -> tuple[Job, ...]:
    return plan.make_jobs(SweepSpec(exp_name="x", commands=commands, **more))  # type: ignore[arg-type]


def template(text: str, **more: object) -> tuple[Job, ...]:
    return plan.make_jobs(SweepSpec(exp_name="x", template=text, **more))  # type: ignore[arg-type]


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        plan.load_commands(text, None)
    return caught.value.message


def test_inline_file_and_stdin_give_the_same_commands(tmp_path: Path) -> None:
    text = '["echo hello", "echo wörld"]'
    file = tmp_path / "commands.json"
    file.write_text(text, encoding="utf-8")
    assert plan.load_commands(text, None) == ("echo hello", "echo wörld")
    assert (
        plan.load_commands(str(file), None)
        == plan.load_commands("-", io.StringIO(text))
        == ("echo hello", "echo wörld")
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "empty list"),
        ('["a", 3]', "entry 1 is a number"),
        ('["a", ["b"]]', "entry 1 is a list"),
        ('["a", null]', "entry 1 is null"),
        ('["a", "  "]', "entry 1: a command is empty"),
        ('["a\\u0000b"]', "entry 0: a command holds a NUL byte"),
        ('["\\ud800"]', "lone surrogate"),
        ('["a"', "not a JSON list"),
        ("[" * 100_000, "nested too deeply"),
        ("nowhere.json", "taken for the path of a file"),
        ("a\0b", "taken for the path of a file"),
        ("x" * 5000, "taken for the path of a file"),
        ("-", "standard input"),
        ("[" + ",".join(['"a"'] * 100_001) + "]", "100,001 jobs"),
    ],
)
def test_bad_commands_are_refused(text: str, says: str) -> None:
    assert says in refused(text)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a": 1}', "an object"),
        (b'\xff\xfe[\x00"', "byte order mark"),
        (b'\xef\xbb\xbf["true"]', "byte order mark"),
        (b'["\xff"]', "not UTF-8"),
        (b"", "not a JSON list"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, data: bytes, says: str) -> None:
    file = tmp_path / "commands.json"
    file.write_bytes(data)
    assert says in refused(str(file))


def test_a_file_beyond_64_mb_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "commands.json"
    with file.open("wb") as stream:
        stream.truncate(plan.MAX_COMMANDS_BYTES + 1)
    assert "larger than 64 MB" in refused(str(file))


@given(st.text(max_size=60))
def test_no_text_makes_anything_but_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        plan.load_commands("[" + text, None)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=5))
def test_reading_a_command_never_fails(commands: list[str]) -> None:
    names = config_ids([read_command(command) for command in commands])
    assert all(0 < len(name) <= 80 for name in names)


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
    ],
)
def test_parameters_are_read_off_the_command(
    command: str, params: dict[str, object], seed: int | None
) -> None:
    (job,) = jobs(command)
    assert (dict(job.params), job.seed, job.command) == (params, seed, command)


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


def test_template_goes_through_configs_outside_and_seeds_inside() -> None:
    made = template(
        "python t.py --lr {lr} --seed {seed}", grid=plan.parse_grid("lr=1e-3,3e-4"), seeds=(1, 2)
    )
    assert [(job.config_id, job.seed) for job in made] == [
        ("lr=1e-3", 1), ("lr=1e-3", 2), ("lr=3e-4", 1), ("lr=3e-4", 2),
    ]  # fmt: skip
    assert made[2].command == "python t.py --lr 3e-4 --seed 1"
    assert dict(made[2].params) == {"lr": 3e-4}


def test_a_value_is_one_word_of_the_shell() -> None:
    (job,) = template(
        "echo {a} '{b}' ${HOME} {{x}}", grid={"a": ("1; rm -rf ~",), "b": ("two words",)}
    )
    assert job.command == "echo '1; rm -rf ~' 'two words' ${HOME} {x}"


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("t {lr} {wd}", {"grid": {"lr": ("1",)}}, "asks for {wd}"),
        ("t {seed}", {}, "asks for {seed}"),
        ("t {lr}", {"grid": {"lr": ("1",)}, "seeds": (1,)}, "does not use {seed}"),
        ("t", {"grid": {"lr": ("1",)}}, "does not use {lr}"),
        ("t {lr.x!r}", {"grid": {"lr": ("1",)}}, "no parameter"),
        ("t {lr}", {"grid": {"lr": ("1e-3", "0.001")}}, "twice"),
        ("t {lr}", {"grid": {"lr": ()}}, "no value"),
        ("t {seed}", {"grid": {"seed": (1, 2)}}, "seed"),
        ("t {seed}", {"seeds": (1, 1)}, "twice"),
        ("t '{lr}'", {"grid": {"lr": ("it's",)}}, "inside quotes"),
        ("t {a} {b}", {"grid": {"a": tuple(range(400)), "b": tuple(range(400))}}, "160,000 jobs"),
    ],
)
def test_templates_that_do_not_fit_are_refused(
    text: str, more: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match="(?s)" + says.replace("{", r"\{").replace("}", r"\}")):
        template(text, **more)


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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400), ("45", 45), ("1d", 86400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert plan.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5s", "2x", "h", "1h2h", "inf", "nan", "9" * 400])
def test_bad_durations_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        plan.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "seeds"), [("1,2,3", (1, 2, 3)), ("5", (5,)), ("1-3,7", (1, 2, 3, 7)), ("-1", (-1,))]
)
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert plan.parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "1,,2", "3-1", "1,1", "1-999999999999", "1.5"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        plan.parse_seeds(text)


def test_grid_keeps_values_as_written() -> None:
    assert plan.parse_grid("lr=1e-3, 3e-4", 'opt="a,b",c') == {
        "lr": ("1e-3", "3e-4"),
        "opt": ("a,b", "c"),
    }


@pytest.mark.parametrize(
    "text", ["lr", "=1", "lr=", "lr=1,,2", "lr=1,1", "seed=1,2", "model.seed=1", "a b=1"]
)
def test_bad_grids_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        plan.parse_grid(text)


def test_ten_thousand_commands_keep_their_order() -> None:
    commands = [f"python t.py --lr {i // 5}e-4 --seed {i % 5}" for i in range(10_000)]
    made = jobs(*plan.load_commands(json.dumps(commands), None))
    assert [job.index for job in made] == list(range(10_000))
    assert len({job.config_id for job in made}) == 2000


def test_a_sweep_whose_commands_were_not_loaded_has_none() -> None:
    with pytest.raises(UsageError, match="no commands"):
        plan.make_jobs(SweepSpec(exp_name="x", commands_file=Path("commands.json")))
