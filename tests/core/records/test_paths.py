"""Where everything of a sweep stands."""

from pathlib import Path

from sweeptree.records.paths import SweepPaths


def test_a_job_s_files_stand_side_by_side(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "night")
    found = [paths.record(7).name, paths.log(7).name, paths.metrics(7).name, paths.out(7).name]
    assert found == ["job_7.meta.json", "job_7.log", "job_7.metrics.jsonl", "job_7"]
    assert paths.attempt(7, 2, "alive") == tmp_path / "night/.state/job_7.2.alive"


def test_sweeps_of_one_name_elsewhere_launch_under_other_names(tmp_path: Path) -> None:
    here, there = SweepPaths(tmp_path / "a/night"), SweepPaths(tmp_path / "b/night")
    assert here.launch_name(3, 1).startswith("night:3.1@")
    assert here.launch_name(3, 1) != there.launch_name(3, 1)


def test_the_mark_is_of_the_place_and_not_of_how_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "night").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "night")
    assert SweepPaths(tmp_path / "link").mark == SweepPaths(tmp_path / "night").mark
