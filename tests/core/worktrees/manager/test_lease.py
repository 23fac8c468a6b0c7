"""Leases of worktrees."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sweeptree.errors import UsageError
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.lease import end_lease, new_lease, read_lease, write_lease


def ended() -> int:
    with subprocess.Popen(["true"]) as process:
        return process.pid


def test_a_lease_is_read_as_it_was_written(repo: Path) -> None:
    found, lease = find_repository(repo), new_lease(os.getpid())
    write_lease(found, "a", lease)
    assert read_lease(found, "a") == lease
    end_lease(found, "a")
    assert read_lease(found, "a") is None


def test_a_lease_is_held_while_exactly_its_process_lives() -> None:
    lease = new_lease(os.getpid())
    assert lease.is_held()
    assert not replace(lease, ticks=lease.ticks - 1).is_held()
    assert not replace(lease, pid=ended()).is_held()


def test_a_lease_ends_with_the_boot() -> None:
    assert not replace(new_lease(os.getpid()), boot="earlier").is_held()


def test_what_cannot_be_seen_from_here_counts_as_held() -> None:
    lease = new_lease(os.getpid())
    assert replace(lease, host="elsewhere", pid=ended()).is_held()
    assert replace(lease, numbers="pid:[1]", pid=ended()).is_held()


def test_a_lease_of_whoever_started_us_is_ours() -> None:
    assert new_lease(os.getppid()).is_mine()
    with subprocess.Popen(["sleep", "60"]) as child:
        assert not new_lease(child.pid).is_mine()
        child.kill()


def test_no_process_no_lease() -> None:
    with pytest.raises(UsageError, match="there is no process"):
        new_lease(ended())
