"""A night over hosts: the spec of a deployment names them, as prefect.yaml has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from core.hosts.far_host_kit import entry_of
from core.hosts.ssh_kit import far_side
from sweep_kit import make_repository, records_of, seal

from sweeptree.engine.server import Server
from sweeptree.flows.sweep import sweep
from sweeptree.hosts.inventory import Inventory
from sweeptree.model import SweepSpec
from sweeptree.records import SweepPaths, read_sweep

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NIGHT = """
exp_name: night
commands: ["python train.py 1", "python train.py 2"]
use_worktree: true
min_free: 0
hosts: [gpu2]
"""


@pytest.fixture
def repo(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository of an account that has added a host; its server is the tests' own."""
    seal(monkeypatch, tmp_path)
    monkeypatch.setenv("SWEEPTREE_HOME", str(server.home))
    inventory = Inventory(server.home)
    inventory.put(entry_of(far_side(tmp_path / "far", monkeypatch)))
    yield make_repository(tmp_path / "repo", train_py="print('trained')\n")
    inventory.remove("gpu2")


def test_the_night_runs_on_the_hosts_that_its_spec_names(repo: Path) -> None:
    spec = SweepSpec.model_validate({**yaml.safe_load(NIGHT), "repo": repo})
    assert sweep(spec, return_state=True).is_completed()
    paths = SweepPaths(repo / "results" / "night")
    assert {record.host for record in records_of(paths).values()} == {"gpu2"}
    assert read_sweep(paths)["exit_code"] == 0
