"""Doctor on the repository and its worktrees."""

from pathlib import Path

import pytest
from helpers import git

from core.cli.commands.doctor.doctor_kit import checks


def test_doctor_in_a_repository(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    found = checks()
    assert found["repository"]["text"] == str(repo)
    assert {
        found[name]["level"] for name in ("git", "python", "prefect", "repository", "worktrees")
    } == {"ok"}


def test_doctor_outside_a_repository_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert checks()["repository"]["level"] == "warn"


def test_doctor_finds_and_repairs_a_half_made_worktree(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    place = repo / ".sweeptree" / "wt" / "unet" / "slot_0"
    git("worktree", "add", "--detach", "--no-checkout", place, cwd=repo)
    (repo / ".git" / "worktrees" / "slot_0" / "locked").write_text("initializing")
    assert checks()["worktrees"]["level"] == "warn"
    assert "repaired" in checks("--repair")
    assert checks()["worktrees"]["level"] == "ok"
