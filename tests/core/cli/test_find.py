"""Which sweep a user means."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.cli.find import find_sweep, results_dir
from sweeptree.errors import UsageError


def test_results_are_at_the_top_of_the_repository(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "deep").mkdir()
    monkeypatch.chdir(repo / "deep")
    assert results_dir(None) == repo / "results"
    assert results_dir(Path("mine")) == repo / "deep" / "mine"


def test_a_sweep_is_found_by_its_name_and_by_its_path(tmp_path: Path) -> None:
    root = finished_sweep(tmp_path).root
    assert find_sweep("unet", tmp_path).root == root
    assert find_sweep(str(root), None).root == root


def test_a_misspelt_name_gets_suggestions(tmp_path: Path) -> None:
    finished_sweep(tmp_path)
    with pytest.raises(UsageError, match="no sweep 'unnet'") as caught:
        find_sweep("unnet", tmp_path)
    first, second = caught.value.hint
    assert first == "did you mean: unet"
    assert f"--results_dir {tmp_path}" in second


def test_where_there_is_no_sweep_the_way_to_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_sweep("unet", tmp_path)
    assert caught.value.hint == ("sweeptree run --help",)


def test_a_link_is_no_sweep(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(finished_sweep(tmp_path / "other").root)
    with pytest.raises(UsageError):
        find_sweep("link", tmp_path)
