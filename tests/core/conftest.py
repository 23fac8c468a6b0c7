"""Every core test is sealed off from the machine's own git and environment."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _sealed(git_env: Path) -> None:
    """See git_env in tests/conftest.py."""


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same letters, width and colours on every machine that runs the tests."""
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "CI",
        "COLUMNS",
        "LINES",
        "LC_ALL",
        "LC_CTYPE",
        "PYTHONUTF8",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
