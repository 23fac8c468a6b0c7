"""Temporary folders go with their command, and those of killed ones with the next."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.system.scratch import dead_folders, remove_dead, scratch_folder

HOLDER = """
import sys, tempfile
from sweeptree.system.scratch import scratch_folder
tempfile.tempdir = sys.argv[1]
with scratch_folder("test") as folder:
    (folder / "made").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has such a folder, and prints which."""
    words, pipe = [sys.executable, "-c", HOLDER, str(tmp_path)], subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.kill()


def test_it_is_there_for_a_while(tmp_path: Path) -> None:
    with scratch_folder("test") as folder:
        (folder / "made").write_text("x")
        assert folder.name.startswith("sweeptree-test-") and dead_folders() == []
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_killed_command_goes_with_the_next(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    assert holder.stdout is not None
    theirs = Path(holder.stdout.readline().strip())
    with scratch_folder("other"):
        assert theirs.exists()
    holder.kill()
    holder.wait()
    assert dead_folders() == [theirs]
    with scratch_folder("other"):
        assert not theirs.exists()


def test_what_is_not_certainly_dead_stays(tmp_path: Path) -> None:
    unlocked, link = tmp_path / "sweeptree-demo-1", tmp_path / "sweeptree-test-2"
    unlocked.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".in-use").touch()
    link.symlink_to(elsewhere)
    assert remove_dead() == []
    assert unlocked.exists() and elsewhere.exists()
