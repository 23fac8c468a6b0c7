"""What crashes have left: named by doctor, and put right with --repair."""

import json
import tempfile
from pathlib import Path

import pytest

from core.cli.commands.doctor.doctor_kit import checks
from core.cli_records import finished_sweep


@pytest.fixture
def lagging(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep whose ledger lacks two jobs that the records have."""
    monkeypatch.chdir(repo)
    paths = finished_sweep(repo / "results", jobs=2)
    lines = paths.ledger.read_text().splitlines(keepends=True)
    paths.ledger.write_text("".join(line for line in lines if json.loads(line)["id"] != 1))
    return paths.ledger


def test_nothing_left_is_said(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    monkeypatch.setattr(tempfile, "tempdir", str(repo.parent))
    assert checks()["remains"]["text"] == "no crash has left anything"


def test_a_ledger_that_lags_is_named_and_repaired(lagging: Path) -> None:
    found = checks()["ledger"]
    assert (found["level"], found["hint"]) == ("warn", "sweeptree doctor --repair")
    assert "unet: the ledger lacks 1 jobs" in found["text"]
    assert checks("--repair")["repaired"]["text"].endswith("; added")
    assert "ledger" not in checks()


def test_temporary_folders_of_killed_commands_are_named_and_removed(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = tmp_path / "sweeptree-agent-x"
    dead.mkdir()
    (dead / ".in-use").touch()
    assert f"1 temporary folder of killed commands ({dead})" in checks()["temporary files"]["text"]
    assert "removed 1 temporary folder" in checks("--repair")["repaired"]["text"]
    assert not dead.exists()
