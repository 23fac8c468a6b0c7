"""Tests on real hosts of one machine: sealed like the core tests; no host outlives its test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import Hosts, Rig, lacks


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process runs all of these: two rigs at once would wait for each other's cores."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("hosts"))


@pytest.fixture(autouse=True)
def _sealed(git_env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """See git_env in tests/conftest.py; the state's home is the test's own."""
    monkeypatch.setenv("SWEEPTREE_HOME", str(git_env / "state"))


@pytest.fixture(scope="session")
def _why_not() -> str:
    """Asked once in a run: why there can be no hosts here."""
    return lacks()


@pytest.fixture
def rig(
    _why_not: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """A rig without hosts; sweeptree's ssh reads its ssh_config."""
    if _why_not:
        pytest.skip(_why_not)
    with Rig(tmp_path_factory.mktemp("rig")) as rig:
        monkeypatch.setenv("SWEEPTREE_SSH_CONFIG", str(rig.ssh_config))
        yield rig


@pytest.fixture
def hosts(rig: Rig) -> Hosts:
    """hosts(3): so many running hosts, gpu1, gpu2 and gpu3, with two GPUs each."""
    return lambda many: [rig.add(f"gpu{n}", gpus=2) for n in range(1, many + 1)]
