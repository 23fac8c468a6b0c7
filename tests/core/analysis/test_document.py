"""aggregated.json as a value."""

import json
from pathlib import Path

import pytest

from core.analysis.golden_kit import golden_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import best_first, is_held_back, read_document
from sweeptree.analysis.stats import objective
from sweeptree.errors import RecordError
from sweeptree.records import SweepPaths


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    paths = golden_sweep(tmp_path)
    aggregate(paths)
    return paths


def change(paths: SweepPaths, **fields: object) -> None:
    known = json.loads(paths.aggregated_json.read_text())
    paths.aggregated_json.write_text(json.dumps({**known, **fields}))


def test_what_is_read_is_what_was_made(paths: SweepPaths) -> None:
    assert read_document(paths) == aggregate(paths)


def test_ranked_configs_stand_first_and_the_others_follow(paths: SweepPaths) -> None:
    document = read_document(paths)
    assert [group.config_id for group in document.ranked()] == list(document.leaderboard)
    ranks = [group.rank for group in document.in_order()]
    assert ranks == [1, 2, 3, None]


def test_a_metric_decides_who_is_best(paths: SweepPaths) -> None:
    groups = read_document(paths).groups
    most = best_first(groups, objective("val_auc:max"))
    least = best_first(groups, objective("val_auc:min"))
    assert [group.config_id for group in most] == [group.config_id for group in least][::-1]


def test_a_comparison_is_adjusted_and_has_a_floor(paths: SweepPaths) -> None:
    document = read_document(paths)
    first, *_ = document.comparisons
    assert (first.a, first.metric) == (document.leaderboard[0], "val_auc")
    assert first.p_holm >= first.p >= first.p_floor


def test_a_spread_says_mean_and_std(paths: SweepPaths) -> None:
    group = read_document(paths).ranked()[0]
    assert group.spread("val_auc") == "0.9258 ± 0.0219"
    assert group.spread("f1") == ""
    assert group.mean("f1") is None


def test_fields_of_a_newer_version_are_ignored(paths: SweepPaths) -> None:
    change(paths, carbon={"g": 3})
    assert read_document(paths) == aggregate(paths)


def test_a_document_of_an_older_version_is_read(paths: SweepPaths) -> None:
    known = json.loads(paths.aggregated_json.read_text())
    for name in ("comparable", "data_digests", "tool_version", "spec_hash"):
        del known[name]
    paths.aggregated_json.write_text(json.dumps(known))
    assert read_document(paths).comparable


def test_what_is_no_document_is_named_with_the_way_out(paths: SweepPaths) -> None:
    change(paths, n_jobs="many")
    with pytest.raises(RecordError, match=r"aggregated\.json cannot be used: n_jobs: ") as caught:
        read_document(paths)
    assert caught.value.hint == ("sweeptree aggregate golden",)


def test_a_torn_document_is_an_error_and_not_half_a_sweep(paths: SweepPaths) -> None:
    data = paths.aggregated_json.read_bytes()
    paths.aggregated_json.write_bytes(data[: len(data) // 2])
    with pytest.raises(RecordError, match=r"aggregated\.json cannot be used: "):
        read_document(paths)


def test_test_metrics_are_held_back() -> None:
    assert is_held_back("Test_auc")
    assert not is_held_back("val_test")
