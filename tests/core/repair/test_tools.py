"""The repository's tidiers run on changed files only, and by its own configuration."""

import os
from pathlib import Path

import pytest

from core.repair.kit import commit
from sweeptree.repair import tools

UNTIDY = "import os\nx  =  1\n"


def tidied(repo: Path, *changed: str) -> tuple[str, ...]:
    return tools.tidy(repo, changed, repo, 60.0).notes


def test_only_the_changed_files_are_put_in_order(repo: Path) -> None:
    commit(repo, a_py=UNTIDY, b_py=UNTIDY)
    assert tidied(repo, "a.py") == ("ruff check --fix: ok", "ruff format: ok")
    assert (repo / "a.py").read_text() == "x = 1\n"
    assert (repo / "b.py").read_text() == UNTIDY


def test_the_repositorys_own_configuration_wins(repo: Path) -> None:
    commit(repo, pyproject_toml="[tool.black]\n[tool.ruff.lint]\nignore = ['F401']\n")
    assert tools.has_other_formatter(repo) is False
    commit(repo, a_py=UNTIDY, pyproject_toml="[tool.black]\n")
    assert tidied(repo, "a.py") == ("ruff check --fix: ok",)
    assert (repo / "a.py").read_text() == "x  =  1\n"


def test_nothing_to_put_in_order_runs_nothing(repo: Path) -> None:
    assert tidied(repo, ".gitignore", "gone.py") == ()


def test_no_link_is_followed(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(UNTIDY)
    (repo / "link.py").symlink_to(tmp_path / "outside.py")
    (repo / "folder").symlink_to(tmp_path)
    assert tidied(repo, "link.py", "folder/outside.py") == ()
    assert (tmp_path / "outside.py").read_text() == UNTIDY


def test_the_repositorys_pre_commit_is_run(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, _pre_commit_config_yaml="x", a_txt="a\n")
    (repo / "_pre_commit_config.yaml").rename(repo / ".pre-commit-config.yaml")
    bin_folder = repo / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "pre-commit").write_text('#!/bin/sh\necho "$@" > ran; exit 1\n')
    (bin_folder / "pre-commit").chmod(0o755)
    assert tidied(repo, "a.txt") == ("pre-commit: ok",)
    assert (repo / "ran").read_text() == "run --color=never --files a.txt\n"


def test_a_missing_tool_is_not_run(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / ".pre-commit-config.yaml").write_text("x")
    monkeypatch.setenv("PATH", "/nowhere")
    (step,) = tools.tidy_steps(repo, [".gitignore"], repo)
    assert step.note == "pre-commit: not run, it is not installed"


def test_a_tool_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "hidden")
    env = tools.tool_environment(os.environ)
    assert "GH_TOKEN" not in env and "SWEEPTREE_EXP" not in env and "PATH" in env


def test_one_line_fails_when_one_tool_failed() -> None:
    steps = (tools.Step("one", "false"), tools.Step("gone", ""), tools.Step("two", "true"))
    line = tools.in_one_line(steps)
    assert line.startswith("status=0; echo '+ one'; { false; } || status=$?")
    assert os.waitstatus_to_exitcode(os.system(line)) == 1
