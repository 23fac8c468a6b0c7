"""The options of `run`: described once, read once, and named when they are wrong."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from core.cli import options_page
from core.cli_records import call
from sweeptree.cli.options import SWEEP_OPTIONS, RunOptions, make_spec
from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec

COMMAND_ONLY = {
    "spec",
    "smoke",
    "notify",
    "resume",
    "detach",
    "dry_run",
    "yes",
    "all_jobs",
    "as_json",
}
SPELLINGS: dict[str, Any] = {
    "seeds": "1-3",
    "timeout": "2h",
    "time_limit": "90s",
    "gpu_mem": "18G",
    "min_free": "500M",
    "devices": "0,^2",
    "only": "0,1",
    "links": "data, models",
    "keep_env": "A,B",
    "pr_artifacts": "*.png",
    "post_pr_labels": "a,b",
    "post_pr_reviewers": "x",
}


def spec(**options: Any) -> SweepSpec:
    return make_spec(RunOptions(exp_name="x", commands='["true"]', **options))


def test_every_field_has_an_option_or_a_reason_why_not() -> None:
    assert set(SweepSpec.model_fields) - set(SWEEP_OPTIONS) == set(options_page.WITHOUT_OPTION)
    names = {field.name for field in fields(RunOptions)}
    assert names - set(SWEEP_OPTIONS) == COMMAND_ONLY


def test_help_says_of_each_option_what_its_field_says() -> None:
    shown = "".join(call("run", "--help").out.replace("│", " ").split())
    for name in SWEEP_OPTIONS:
        description = SweepSpec.model_fields[name].description or "missing"
        assert "".join(description.split()) in shown, name


def test_the_page_of_options_is_current() -> None:
    assert options_page.PAGE.read_text() == options_page.page(), "see its first line"


def test_the_schema_of_a_spec_file_is_current() -> None:
    assert options_page.SCHEMA.read_text() == options_page.schema()


@pytest.mark.parametrize("name", list(SPELLINGS))
def test_a_spec_file_takes_what_the_option_takes(name: str, repo: Path) -> None:
    file = repo / "sweep.yaml"
    file.write_text(yaml.safe_dump({"exp_name": "x", "commands": ["true"], name: SPELLINGS[name]}))
    by_option = spec(**{name: SPELLINGS[name]})
    assert make_spec(RunOptions(spec=file)) == by_option
    assert getattr(by_option, name) != SweepSpec.model_fields[name].default


def test_a_spec_file_takes_a_grid_as_text(repo: Path) -> None:
    file = repo / "sweep.yaml"
    file.write_text("exp_name: x\ntemplate: t {lr} {bs}\ngrid: ['lr=1e-3,3e-4', 'bs=32']\n")
    by_option = RunOptions(exp_name="x", template="t {lr} {bs}", grid=("lr=1e-3,3e-4", "bs=32"))
    assert make_spec(RunOptions(spec=file)) == make_spec(by_option)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("timeout", "soon"),
        ("gpu_mem", "18"),
        ("seeds", "3-1"),
        ("only", "a"),
        ("metric", "a:b:c"),
        ("hosts", ","),
    ],
)
def test_a_wrong_option_is_named_with_what_to_write(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"--{name}: .*{text}") as caught:
        spec(**{name: text})
    assert caught.value.hint


def test_a_grid_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match="--grid: 'lr' is not name=value,value"):
        make_spec(RunOptions(exp_name="x", template="t {lr}", grid=("lr",)))


def test_a_spec_file_s_grid_keeps_its_spelling(repo: Path) -> None:
    file = repo / "s.yaml"
    file.write_text(
        "exp_name: x\ntemplate: t {v} {k}\ntimeout: 010\ngrid: {v: [3.9, 3.10, 010], k: [no, 1e-3]}"
    )
    made = make_spec(RunOptions(spec=file))
    assert made.grid == {"v": ("3.9", "3.10", "010"), "k": ("no", "1e-3")}
    assert made.timeout == 8


def test_a_metric_with_an_unknown_goal_gets_a_plain_sentence() -> None:
    with pytest.raises(UsageError) as caught:
        spec(metric="val_auc:maximize")
    assert "--metric: write the name of a metric, or name:max or name:min" in caught.value.message
    assert "^" not in caught.value.message


def test_zero_is_given_and_a_flag_left_out_is_not(repo: Path) -> None:
    file = repo / "sweep.yaml"
    file.write_text("gpus: 2\nuse_worktree: true\n")
    made = spec(spec=file, gpus=0)
    assert (made.gpus, made.use_worktree) == (0, True)


def test_the_schema_accepts_both_forms_and_refuses_others() -> None:
    schema = SweepSpec.model_json_schema()
    for timeout in ("2h", 7200, None):
        jsonschema.validate({"exp_name": "x", "timeout": timeout}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"exp_name": "x", "timeout": [1]}, schema)
