"""`sweeptree review`: what a person, a script and another tool see of it."""

import contextlib
import json
from pathlib import Path

import pytest
from helpers import git

from core.cli_records import Ran, call


@pytest.fixture
def topic(repo: Path) -> Path:
    """A branch with an undefined name."""
    git("checkout", "-q", "-b", "topic", cwd=repo)
    (repo / "new.py").write_text("import os\n\nprint(missing)\n")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "topic", cwd=repo)
    return repo


def review(repo: Path, *words: object) -> Ran:
    with contextlib.chdir(repo):
        return call("review", *map(str, words), "--no_tests")


def test_a_blocker_is_exit_code_one_and_comes_first(topic: Path) -> None:
    done = review(topic)
    assert done.code == 1
    assert "topic: 1 blocker; 0 warnings, 1 note" in done.out
    assert "new.py:3: Undefined name `missing`" in done.out
    assert "not run: tests: not wanted: --no_tests" in done.err


def test_nothing_in_the_way_is_exit_code_zero(topic: Path) -> None:
    (topic / "new.py").write_text("print(1)\n")
    assert review(topic, "--worktree", topic).code == 0


def test_one_document_for_scripts(topic: Path) -> None:
    document = json.loads(review(topic, "main..topic", "--json").out)
    assert (document["verdict"], document["findings"][0]["rule"]) == ("blocked", "F821")
    assert len(document["markdown"].splitlines()) <= 60


def test_files_for_other_tools(topic: Path, tmp_path: Path) -> None:
    sarif, rdjson = tmp_path / "r.sarif", tmp_path / "r.json"
    review(topic, "--sarif", sarif, "--rdjson", rdjson)
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert json.loads(rdjson.read_text())["source"] == {"name": "sweeptree"}


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["main..topic", "--worktree", "."], 2, "not both"),
        (["main..topic", "--base", "main"], 2, "--base is for a worktree only"),
        (["--post"], 2, "--post needs a pull request"),
        (["nonsense"], 2, "is nothing to review"),
        (["main..no-such"], 2, "there is no commit named"),
        (["--sarif", "no/such/folder/x"], 2, "there is no folder"),
        (["--timeout", "soon"], 2, "soon"),
        (["--test_command", ""], 2, "the test command is empty"),
        (["12"], 3, "no forge"),
    ],
)
def test_mistakes_are_told_before_any_work(
    topic: Path, words: list[str], code: int, why: str
) -> None:
    done = review(topic, *words)
    assert done.code == code and why in done.err and done.out == ""
    assert "Traceback" not in done.err


@pytest.mark.parametrize("none", ["0s", "0"])
def test_a_budget_of_nothing_is_allowed(topic: Path, none: str) -> None:
    assert "1 blocker" in review(topic, "--budget", none).out


def test_a_name_that_is_no_utf_8_is_no_trouble(topic: Path, tmp_path: Path) -> None:
    (topic / "b\udcff.py").write_text("print(nothing)\n")
    done = review(topic, "--json", "--sarif", tmp_path / "s", "--rdjson", tmp_path / "r")
    assert "b\ufffd.py" in [each["path"] for each in json.loads(done.out)["findings"]]


def test_a_hostile_name_writes_nothing_to_the_terminal(topic: Path) -> None:
    (topic / "\x1b]0;x\x07.py").write_text("print(nothing)\n")
    assert "\x1b" not in review(topic).out
