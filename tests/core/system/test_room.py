"""Whether there is room for another job."""

from pathlib import Path

from sweeptree.system.room import Room, nearest_existing, pause_line

MORE_THAN_ANY_DISK = 10**12


def test_a_disk_with_room_lacks_nothing(tmp_path: Path) -> None:
    assert Room((tmp_path,), 1).lacking() is None


def test_too_little_room_is_said_with_the_option_that_asks_for_it(tmp_path: Path) -> None:
    lack = Room((tmp_path / "not" / "made",), MORE_THAN_ANY_DISK).lacking()
    assert lack is not None
    assert f"MB are free at {tmp_path}, and" in lack
    assert "--min_free" in lack


def test_the_first_place_that_lacks_room_is_named(tmp_path: Path) -> None:
    lack = Room((tmp_path, tmp_path.parent), MORE_THAN_ANY_DISK).lacking()
    assert lack is not None and str(tmp_path) in lack


def test_nothing_is_asked_for_with_zero(tmp_path: Path) -> None:
    assert Room((tmp_path,), 0).lacking() is None


def test_a_folder_that_is_to_be_made_has_the_room_of_its_parent(tmp_path: Path) -> None:
    assert nearest_existing(tmp_path / "a" / "b") == tmp_path
    assert nearest_existing(tmp_path) == tmp_path


def test_waiting_and_going_on_are_said() -> None:
    assert pause_line("1 MB is free") == "no job starts until there is room: 1 MB is free"
    assert pause_line(None) == "there is room again: jobs start"
