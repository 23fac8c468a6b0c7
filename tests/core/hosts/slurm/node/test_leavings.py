"""What a job left in its worktree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import git

from core.hosts.slurm.node.kit import told_of
from sweeptree.hosts.slurm.node.checkout import Checkout
from sweeptree.hosts.slurm.node.leavings import keep


@pytest.fixture
def told(repo: Path) -> dict[str, Any]:
    return told_of(repo)


@pytest.fixture
def checkout(told: dict[str, Any], node_tmp: Path) -> Iterator[Checkout]:
    made = Checkout(told, "exp:0.1@0000")
    made.make()
    os.makedirs(told["out"])
    yield made
    made.remove()


def test_nothing_is_left(checkout: Checkout, told: dict[str, Any], repo: Path) -> None:
    assert keep(checkout, told, 1) == {"notes": [], "artifacts": [], "left": 0}
    assert git("for-each-ref", "refs/sweeptree/quarantine", cwd=repo) == ""


def test_files_are_kept_and_changes_are_a_commit_too(
    checkout: Checkout, told: dict[str, Any], repo: Path
) -> None:
    top = Path(checkout.top)
    (top / "ecg" / "model.py").write_bytes(b"WIDTH = 9\r\n")
    (top / "train.py").unlink()
    (top / "weights.bin").write_bytes(b"\0" * 10)
    found = keep(checkout, told, 2)
    assert found["artifacts"] == ["ecg/model.py", "weights.bin"]
    assert found["ref"] == "refs/sweeptree/quarantine/exp/0/2"
    differ = git("diff", "--name-status", "main", found["ref"], cwd=repo)
    assert differ.split() == ["M", "ecg/model.py", "D", "train.py"]


def test_what_the_job_committed_itself_is_its_work_too(
    checkout: Checkout, told: dict[str, Any], repo: Path
) -> None:
    top = Path(checkout.top)
    (top / "new.py").write_text("x = 1\n")
    git("add", "new.py", cwd=top)
    git("commit", "-qm", "mine", cwd=top)
    found = keep(checkout, told, 1)
    assert git("diff", "--name-status", "main", found["ref"], cwd=repo).split() == ["A", "new.py"]


def test_modes_and_links_are_kept(checkout: Checkout, told: dict[str, Any], repo: Path) -> None:
    top = Path(checkout.top)
    (top / "train.py").chmod(0o755)
    (top / "ecg" / "model.py").unlink()
    (top / "ecg" / "model.py").symlink_to("../train.py")
    ref = keep(checkout, told, 1)["ref"]
    entries = git("ls-tree", "-r", ref, cwd=repo).splitlines()
    modes = {entry.split("\t")[1]: entry.split()[0] for entry in entries}
    assert (modes["train.py"], modes["ecg/model.py"]) == ("100755", "120000")


def test_a_repository_that_takes_no_ref_is_said(
    checkout: Checkout, told: dict[str, Any], repo: Path
) -> None:
    (Path(checkout.top) / "train.py").write_text("other\n")
    (repo / ".git").rename(repo / "gone")
    found = keep(checkout, told, 1)
    (repo / "gone").rename(repo / ".git")
    assert found["artifacts"] == ["train.py"]
    assert "only among its artifacts" in found["notes"][0]
