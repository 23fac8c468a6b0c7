"""Doctor on the machine: programs, token."""

from pathlib import Path

import pytest

from core.cli_records import call


def test_doctor_never_shows_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_not_for_eyes")
    ran = call("doctor")
    assert "GITHUB_TOKEN is set" in ran.out and "ghp_not_for_eyes" not in ran.out + ran.err


def test_doctor_fails_when_git_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = call("doctor")
    assert ran.code == 1 and "fail  git" in ran.out
