"""The temporary folder of a node."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def node_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where worktrees and caches are made."""
    folder = tmp_path / "node"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder
