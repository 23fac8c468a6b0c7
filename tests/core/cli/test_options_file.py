"""sweeptree.toml: its options reach the commands, and the command line wins."""

from pathlib import Path
from typing import Any

import pytest

from core.cli_records import call
from sweeptree.cli.options import RunOptions, make_spec
from sweeptree.cli.options_file import find_options_file
from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec

COMMANDS = '["echo --seed 1", "echo --seed 2"]'


@pytest.fixture(autouse=True)
def _here(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)


def spec_of(repo: Path, text: str, **options: Any) -> SweepSpec:
    (repo / "sweeptree.toml").write_text(text)
    return make_spec(RunOptions(exp_name="a", commands=COMMANDS, **options))


def test_a_sweep_takes_its_options_from_there(repo: Path) -> None:
    spec = spec_of(repo, '[sweep]\nretries = 2\ntimeout = "2h"\n')
    assert (spec.retries, spec.timeout) == (2, 7200.0)


def test_the_command_line_wins(repo: Path) -> None:
    assert spec_of(repo, "[sweep]\nretries = 2\n", retries=1).retries == 1


def test_jobs_that_are_named_replace_those_of_the_file(repo: Path) -> None:
    text = '[sweep]\ntemplate = "x {lr}"\n[sweep.grid]\nlr = [1, 2]\n'
    assert spec_of(repo, text).template is None


def test_another_command_takes_its_section(repo: Path) -> None:
    (repo / "sweeptree.toml").write_text("[commands.show]\nnonsense = 1\n")
    ran = call("show", "a")
    assert ran.code == 2 and "nonsense" in ran.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[swep]\n", "did you mean [sweep]?"),
        ("[agents.mege]\n", "did you mean [agents.merge]?"),
        ("[sweep]\nretris = 1\n", "did you mean retries?"),
        ("sweep = 1\n", "write [sweep]"),
        ("[sweep\n", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_what_was_meant(repo: Path, text: str, says: str) -> None:
    (repo / "sweeptree.toml").write_text(text)
    ran = call("run", "-n", "a", "--commands", COMMANDS, "--dry_run")
    assert ran.code == 2 and says in ran.err


def test_help_works_beside_a_faulty_file(repo: Path) -> None:
    (repo / "sweeptree.toml").write_text("[sweep\n")
    assert call("run", "--help").code == 0
    with pytest.raises(UsageError):
        find_options_file(repo)


def test_a_file_above_the_repository_is_not_read(repo: Path) -> None:
    (repo.parent / "sweeptree.toml").write_text("[sweep\n")
    assert find_options_file(repo).path is None
