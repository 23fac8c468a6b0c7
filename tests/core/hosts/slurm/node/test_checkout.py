"""Worktrees on a node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import git

from core.hosts.slurm.node.kit import told_of
from sweeptree.hosts.slurm.node.checkout import Checkout
from sweeptree.supervise.files import SetupError

LEFT = """\
import os, signal, subprocess, sys
from sweeptree.hosts.slurm.node.checkout import Checkout
checkout = Checkout(eval(sys.argv[1]), "exp:7.1@0000")
checkout.make()
cookie = {"SWEEPTREE_COOKIE": "exp:7.1@0000#1"}
subprocess.Popen(["sleep", "4711"], env={**os.environ, **cookie})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_holds_the_commit_and_the_repository_knows_nothing_of_it(
    repo: Path, node_tmp: Path
) -> None:
    checkout = Checkout(told_of(repo), "exp:0.1@0000")
    checkout.make()
    assert (Path(checkout.top) / "ecg" / "model.py").read_text() == "WIDTH = 8\n"
    assert checkout.top.startswith(str(node_tmp))
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1
    checkout.remove()
    assert os.listdir(Path(checkout.top).parent) == []


def test_the_cache_is_filled_once(repo: Path, node_tmp: Path) -> None:
    told = told_of(repo)
    first = Checkout(told, "a")
    first.make()
    git("update-ref", "-d", told["ref"], cwd=repo)
    second = Checkout(told, "b")
    second.make()
    assert (Path(second.top) / "train.py").exists()
    first.remove()
    second.remove()


def test_links_and_copies_are_no_work_of_the_job(repo: Path, node_tmp: Path) -> None:
    (repo.parent / "data").mkdir()
    (repo.parent / "key").write_text("k")
    links = [["data", str(repo.parent / "data")]]
    copies = [["sub/key", str(repo.parent / "key")]]
    checkout = Checkout(told_of(repo, links=links, copies=copies), "a")
    checkout.make()
    assert checkout.is_untouched("data")
    assert checkout.is_untouched("sub/key")
    (Path(checkout.top) / "sub" / "key").write_text("other")
    assert not checkout.is_untouched("sub/key")
    checkout.remove()


def test_what_a_killed_keeper_left_is_cleared_by_the_next(repo: Path, node_tmp: Path) -> None:
    told = told_of(repo)
    left = subprocess.Popen([sys.executable, "-c", LEFT, repr(told)], stdout=subprocess.PIPE)
    left.wait(60)
    checkout = Checkout(told, "exp:8.1@0000")
    checkout.make()
    assert sorted(os.listdir(Path(checkout.top).parent)) == sorted(
        [Path(checkout.top).name, Path(checkout.top).name + ".lock"]
    )
    assert left.stdout is not None
    assert left.stdout.read() == b""  # the sleep that had it open is gone
    left.stdout.close()
    checkout.remove()


def test_one_that_is_left_on_purpose_stays(repo: Path, node_tmp: Path) -> None:
    told = told_of(repo)
    first = Checkout(told, "a")
    first.make()
    first.leave()
    second = Checkout(told, "b")
    second.make()
    assert Path(first.top, "train.py").exists()
    second.remove()


def test_a_folder_of_somebody_else_is_not_used(repo: Path, node_tmp: Path) -> None:
    (node_tmp / f"sweeptree-{os.getuid()}").symlink_to(repo)
    with pytest.raises(SetupError, match="belongs to somebody else"):
        Checkout(told_of(repo), "a")
