"""`sweeptree auto-run` up to the start of the run, and what it says at the end."""

from __future__ import annotations

import contextlib
import json
from dataclasses import fields
from pathlib import Path

import pytest

from core.cli.commands.test_run import state_of
from core.cli_records import Ran, call
from core.sweep.test_one import ran
from sweeptree.cli.commands.auto_run import AutoRunOptions, _lines
from sweeptree.sweep.one import AutoRunSpec


def auto_run(repo: Path, *words: str) -> Ran:
    with contextlib.chdir(repo):
        return call("auto-run", *words)


def test_its_options_are_the_fields_of_its_form() -> None:
    options = {field.name for field in fields(AutoRunOptions)} - {"notify", "dry_run", "as_json"}
    assert options == set(AutoRunSpec.model_fields) - {"command", "repo"}


def test_a_dry_run_shows_the_plan_and_changes_nothing(repo: Path) -> None:
    before = state_of(repo)
    words = ("--then", "echo 'two  words'", "--gpus", "0", "--keep", "--dry_run", "--json")
    plan = json.loads(auto_run(repo, "python3 train.py", *words).out)
    assert plan["exp_name"] == "train"
    (job,) = plan["jobs"]
    assert job["cmd"].startswith("set -x; sh -c 'python3 train.py' && sh -c 'echo ")
    assert state_of(repo) == before


def test_results_may_stand_elsewhere(repo: Path, tmp_path: Path) -> None:
    done = auto_run(repo, "true", "--results_dir", str(tmp_path / "out"), "--dry_run")
    assert str(tmp_path / "out" / "true") in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("true", "--name", "../x"), "--name"),
        (("true", "--timeout", "soon"), "'soon' is no duration"),
        (("  ",), "a command is empty"),
        (("true", "--then", ""), "a command is empty"),
        (("true", "--base", "nowhere"), "nowhere"),
        (("true", "--gpus", "1.5"), "gpus"),
        (("python", "train.py"), "train.py"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_nothing(
    repo: Path, words: tuple[str, ...], said: str
) -> None:
    before = state_of(repo)
    done = auto_run(repo, *words)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False)
    assert state_of(repo) == before


def test_outside_a_repository_it_is_refused(tmp_path: Path, git_env: Path) -> None:
    done = auto_run(tmp_path, "true")
    assert (done.code in (2, 3), "Traceback" in done.err) == (True, False)
    assert list(tmp_path.iterdir()) == []


def test_the_end_names_what_changed_and_where_it_is(repo: Path) -> None:
    report = ran(repo, "echo x >> train.py; touch made; exit 7")
    text = "\n".join(_lines(report, "the server was away"))
    for words in ("train: exit code 7", "train.py  +1 -0", "made", "- the server was away"):
        assert words.replace("train:", f"{report.name}:") in text
    assert f"git -C {report.worktree} diff" in text


def test_what_was_stopped_can_go_on(repo: Path) -> None:
    report = ran(repo, "true").model_copy(update={"exit_code": 130})
    assert f"sweeptree resume {report.name}" in _lines(report, None)[-1]


def test_long_lists_are_cut(repo: Path) -> None:
    names = tuple(f"f{n}" for n in range(40))
    lines = _lines(ran(repo, "true").model_copy(update={"artifacts": names}), None)
    assert "    and 28 more" in lines
