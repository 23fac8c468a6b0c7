"""A command of somebody else's has limits, and leaves nothing."""

import os
from pathlib import Path

import pytest

from sweeptree.repair.supervised import Line, disk_use, run_line


def line(command: str, cwd: Path, timeout: float = 60.0, growth: int | None = None) -> Line:
    return Line(command, cwd, {"PATH": os.environ["PATH"]}, timeout, growth)


def test_how_it_ended_and_what_it_said(tmp_path: Path) -> None:
    assert run_line("t", line("echo fine", tmp_path)).tail == "fine\n"
    ended = run_line("t", line("echo bad; exit 3", tmp_path))
    assert (ended.is_ok, ended.reason) == (False, "exit code 3")


def test_one_that_never_ends_is_stopped(tmp_path: Path) -> None:
    ended = run_line("t", line("sleep 600 & sleep 600", tmp_path, timeout=0.3))
    assert not ended.is_ok and "timed out" in ended.reason


@pytest.mark.slow
def test_one_that_fills_the_disk_is_stopped(tmp_path: Path) -> None:
    command = "while :; do head -c 1000000 /dev/zero >> big; done"
    ended = run_line("t", line(command, tmp_path, growth=2 * 1024**2))
    assert ended.reason == "it wrote more than 2 MiB"


def test_a_folder_is_measured_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("/usr")
    assert 100_000 <= disk_use(tmp_path) < 300_000
