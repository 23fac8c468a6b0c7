"""Reading what a job wrote is bounded, and follows no link."""

import os
from pathlib import Path

from sweeptree.analysis.metrics.files import ending, files_below, head, tail, within


def test_only_the_end_or_the_beginning_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"0123456789")
    assert (tail(file, 3), head(file, 3).data) == (b"789", b"012")
    assert (head(file, 3).is_whole, ending(file, 10).is_whole) == (False, True)


def test_a_link_and_what_is_missing_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    assert tail(tmp_path / "link", 9) == tail(tmp_path / "none", 9) == b""


def test_a_sparse_file_of_10_gb_costs_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "huge"
    with file.open("wb") as stream:
        stream.truncate(10 * 1024**3)
    piece = ending(file, 1000)
    assert (len(piece.data), piece.is_whole) == (1000, False)


def test_files_of_earlier_attempts_and_behind_links_are_no_files_of_the_job(tmp_path: Path) -> None:
    for name in ("artifacts/logs/metrics.csv", "attempt_1/old.csv", "a.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(".")
    found = [str(path.relative_to(tmp_path)) for path in files_below(tmp_path) if path.is_file()]
    assert found == ["a.csv", "artifacts/logs/metrics.csv"]


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "metrics.csv").touch()
    (tmp_path / "job_0").symlink_to("real")
    assert list(files_below(tmp_path / "job_0")) == []


def test_many_files_in_one_folder_are_not_all_looked_at(tmp_path: Path) -> None:
    for number in range(20_005):
        os.close(os.open(tmp_path / str(number), os.O_CREAT | os.O_WRONLY))
    assert sum(1 for _ in files_below(tmp_path)) == 20_000


def test_only_so_many_files_are_read_as_have_room_together(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths:
        path.write_bytes(b"12345")
    assert within(paths, 10) == 2
