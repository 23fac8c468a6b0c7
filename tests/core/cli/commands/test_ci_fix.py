"""`sweeptree ci-fix`: what a person and a script see of a repair."""

import contextlib
import json
from pathlib import Path

import pytest

from core.cli_records import Ran, call
from core.repair.kit import PYTEST, broken, is_clean

DOUBLES = "grep -q 'x + x$' program.py"
REPAIR = "sed -i 's/ + 1//' program.py"


def ci_fix(repo: Path, *words: str, command: str = DOUBLES) -> Ran:
    with contextlib.chdir(repo):
        return call("ci-fix", "--test_command", command, *words)


@pytest.mark.slow
def test_a_repair_is_shown_with_its_patch_file(repo: Path) -> None:
    broken(repo)
    done = ci_fix(repo, "--fixer_cmd", REPAIR, command=PYTEST)
    assert (done.code, done.out.splitlines()[0][:7]) == (0, "fixed: ")
    (patch,) = (repo / ".sweeptree" / "ci-fix").glob("*/fix.patch")
    assert f"patch    {patch}" in done.out and f"git apply {patch}" in done.err


def test_a_script_gets_one_document(repo: Path) -> None:
    broken(repo)
    done = ci_fix(repo, "--fixer-cmd", REPAIR, "--json")
    document = json.loads(done.out)
    assert (document["outcome"], document["exit_code"], done.code) == ("needs-person", 1, 1)
    assert "+    return x + x" in document["patch"]


def test_what_is_not_fixed_says_what_was_tried(repo: Path) -> None:
    broken(repo)
    done = ci_fix(repo, "--fixer_cmd", "echo no credit; exit 3")
    assert done.code == 1 and done.out.startswith("not fixed: ")
    assert (
        "command: refused: it changed nothing and ended badly: exit code 3; no credit" in done.out
    )


def test_nothing_to_fix_is_a_good_end(repo: Path) -> None:
    done = ci_fix(repo, command="true")
    assert (done.code, done.out.startswith("nothing to fix: ")) == (0, True)


def test_text_of_a_test_sends_no_escapes(repo: Path) -> None:
    done = ci_fix(repo, command="printf '\\033]0;title\\007'; exit 3 # \x1b[2J")
    assert "\x1b" not in done.out + done.err and done.code == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--pr", "1", "--worktree", "."), 2, "not both"),
        (("--budget", "soon"), 2, "soon"),
        (("--model", "nonsense"), 2, "cannot be used"),
        (("--pr", "1"), 3, "no forge"),
        (("--repo", "/"), 2, "not in a git repository"),
    ],
)
def test_mistakes_are_said_before_anything_runs(
    repo: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = ci_fix(repo, *words, command="touch /tmp/never")
    assert (done.code, is_clean(repo)) == (code, True)
    assert said in done.err and "Traceback" not in done.err
