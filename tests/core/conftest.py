"""Every core test is sealed off from the machine's own git and environment."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _sealed(git_env: Path) -> None:
    """See git_env in tests/conftest.py."""
