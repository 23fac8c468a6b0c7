"""`sweeptree deploy`: what it refuses before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeptree.cli.commands.deploy import deploy
from sweeptree.errors import Refused


def test_profiles_that_cannot_be_read_are_refused_and_nothing_is_started(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text("active = ")
    monkeypatch.chdir(repo)
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(profiles))
    with pytest.raises(Refused, match="cannot be used"):
        deploy()
    assert not (tmp_path / "home").exists()
    assert profiles.read_text() == "active = "
