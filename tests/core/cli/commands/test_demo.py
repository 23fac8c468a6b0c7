"""`sweeptree demo` up to its sweep: the folder, the repository, the commands."""

import json
from pathlib import Path

import pytest
from helpers import git

from core.cli_records import call
from sweeptree.cli.commands import demo


@pytest.mark.parametrize("words", [("--records", "10"), ("--folder", ".")])
def test_mistakes_make_nothing(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    assert call("demo", *words).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_repository_holds_the_training_and_the_commands(tmp_path: Path, git_env: Path) -> None:
    demo._make_repository(tmp_path)
    demo._write_commands(tmp_path)
    commands = json.loads((tmp_path / "commands.json").read_text())
    assert len(commands) == len(demo.CONFIGS) * len(demo.SEEDS)
    assert commands[0] == "python run_training.py --exp linear_lr_3e-4 --seed 1"
    assert {"commands.json", "run_training.py"} <= set(git("ls-files", cwd=tmp_path).split())
    assert git("status", "--porcelain", cwd=tmp_path) == ""
