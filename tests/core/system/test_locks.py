"""Locks: taken, waited for, asked for, given back; and a file system that keeps none."""

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest
from helpers import no_file_handles

from sweeptree.errors import Refused
from sweeptree.system import locks


def test_a_lock_has_one_holder_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = locks.take(path)
    with pytest.raises(BlockingIOError):
        locks.take(path)
    os.close(first)
    os.close(locks.take(path))


def test_a_lock_is_held_for_a_block(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.hold(path) as file:
        assert locks.is_held(path)
        os.pwrite(file, b"me", 0)
    assert not locks.is_held(path)
    assert path.read_bytes() == b"me"


@pytest.mark.parametrize("patience", [20.0, None])
def test_patience_waits_for_the_holder(tmp_path: Path, patience: float | None) -> None:
    path = tmp_path / "lock"
    first = locks.take(path)
    threading.Timer(0.02, os.close, (first,)).start()
    os.close(locks.take(path, patience=patience))


@pytest.fixture
def looked_at(tmp_path: Path) -> Path:
    """A lock that somebody looks at for a moment, as `is_held` does."""
    path = tmp_path / "lock"
    path.touch()
    looker = os.open(path, os.O_RDONLY)
    assert locks.lock(looker, locks.SHARED)
    threading.Timer(0.05, os.close, (looker,)).start()
    return path


def test_who_only_looks_is_not_the_holder(looked_at: Path) -> None:
    os.close(locks.take(looked_at))


def test_who_only_looks_refuses_nobody(looked_at: Path) -> None:
    with locks.Held(os.open(looked_at, os.O_RDWR)) as file:
        assert locks.lock_or_refuse(file, looked_at)


def test_who_looks_for_ever_is_taken_for_a_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_LOOK_SECONDS", 0.05)
    (tmp_path / "lock").touch()
    with locks.Held(os.open(tmp_path / "lock", os.O_RDONLY)) as looker:
        assert locks.lock(looker, locks.SHARED)
        with pytest.raises(BlockingIOError):
            locks.take(tmp_path / "lock")


def test_who_could_not_lock_leaves_no_open_file(tmp_path: Path) -> None:
    with locks.hold(tmp_path / "lock"):
        before = os.listdir("/proc/self/fd")
        with pytest.raises(BlockingIOError):
            locks.take(tmp_path / "lock", patience=0.01)
        assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_new_file_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    os.close(locks.take(tmp_path / "lock", mode=0o600))
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic"):
        locks.take(tmp_path / "link")
    assert not (tmp_path / "victim").exists()


def test_a_file_that_is_not_there_is_held_by_nobody(tmp_path: Path) -> None:
    assert not locks.is_held(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


@pytest.fixture
def _no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that keeps no locks, as NFS mounted without them."""

    def flock(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.usefixtures("_no_locks")
def test_a_file_system_without_locks_is_named_as_the_reason(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="keeps no locks") as error:
        locks.take(tmp_path / "lock")
    assert error.value.errno == errno.ENOLCK


@pytest.mark.usefixtures("_no_locks")
def test_asking_there_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with pytest.raises(Refused, match="lock cannot be locked: its file system keeps no locks"):
        locks.is_held(tmp_path / "lock")


def test_a_note_is_read_only_while_its_writer_lives(tmp_path: Path) -> None:
    with locks.Held(locks.open_folder(str(tmp_path / "shared"))) as folder:
        with locks.Held(locks.open_file(folder, "note")) as file:
            locks.write(file, b"mine")
            assert locks.living_note(folder, "note") is None
            assert locks.lock(file)
            assert locks.living_note(folder, "note") == b"mine"
        assert locks.living_note(folder, "note") is None


def test_without_file_handles_a_lock_counts_as_held(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with no_file_handles():
        assert locks.is_held(tmp_path / "lock")
    assert not locks.is_held(tmp_path / "lock")
