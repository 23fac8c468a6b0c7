"""One managed Prefect server for all engine tests of a run, also with pytest-xdist."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.engine.server import Server, ensure, environment, stop


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The shared server.

    The test process (and its children) talk to it; the last worker stops it.
    """
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared server"
    home.mkdir(mode=0o700, exist_ok=True)
    users = os.open(home / "users", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)
    try:
        shared = ensure(home, 0)
        with _talking_to(shared):
            yield shared
    finally:
        _stop_if_last(home, users)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> str:
    """The import path of an app that starts at once."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return "plain_app:make"


class _talking_to:  # noqa: N801 - used like a function
    def __init__(self, server: Server) -> None:
        self._patch = pytest.MonkeyPatch()
        for name, value in environment(server).items():
            self._patch.setenv(name, value)

    def __enter__(self) -> None:
        from prefect.context import SettingsContext
        from prefect.settings import Profile, Settings

        self._context = SettingsContext(profile=Profile(name="tests"), settings=Settings())
        self._context.__enter__()

    def __exit__(self, *exc: object) -> None:
        self._context.__exit__(*exc)
        self._patch.undo()


def _stop_if_last(home: Path, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        stop(home)
    except BlockingIOError:
        pass
    finally:
        os.close(users)
