"""Which places are asked, and in which order."""

from pathlib import Path

import pytest

from sweeptree.analysis.metrics.sources import Places, Wanted, sources


def names(tmp_path: Path, wanted: Wanted, **files: str) -> list[str]:
    """The sources of a job whose folder holds these files; `__` in a name stands for a slash."""
    for name, text in files.items():
        path = tmp_path / "job_0" / name.replace("__", "/").replace("_csv", ".csv")
        path = path.with_name(path.name.replace("_json", ".json"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    places = Places(tmp_path / "job_0.metrics.jsonl", tmp_path / "job_0.log", tmp_path / "job_0")
    found = [source.name for source in sources(places, wanted)]
    return [name for name in found if name.startswith(("job_0/", "2 "))]


def test_csv_comes_before_json_and_the_shallow_before_the_deep(tmp_path: Path) -> None:
    files = {
        "artifacts__a__metrics_csv": "val_auc",
        "artifacts__metrics_csv": "val_auc",
        "artifacts__history_json": "val_auc",
    }
    assert names(tmp_path, Wanted("val_auc"), **files) == [
        "job_0/artifacts/metrics.csv",
        "job_0/artifacts/a/metrics.csv",
        "job_0/artifacts/history.json",
    ]


def test_any_file_may_hold_a_metric_that_is_asked_for(tmp_path: Path) -> None:
    files = {"artifacts__mine_csv": "val_auc\n0.9", "artifacts__data_csv": "a\n1"}
    assert names(tmp_path, Wanted("val_auc"), **files) == ["job_0/artifacts/mine.csv"]


def test_without_a_wanted_metric_only_known_names_are_read(tmp_path: Path) -> None:
    files = {"artifacts__data_csv": "acc\n1", "artifacts__metrics_csv": "acc\n1"}
    assert names(tmp_path, Wanted(), **files) == ["job_0/artifacts/metrics.csv"]


@pytest.mark.parametrize("pattern", ["logs/*/out.csv", "out.csv", "logs/*"])
def test_patterns_name_files(tmp_path: Path, pattern: str) -> None:
    files = {"artifacts__logs__v0__out_csv": "a\n1", "artifacts__metrics_csv": "a\n1"}
    found = names(tmp_path, Wanted("x", (pattern,)), **files)
    assert found == ["job_0/artifacts/logs/v0/out.csv"]


def test_tags_of_several_event_folders_are_one_source(tmp_path: Path) -> None:
    from tests.core.analysis.metrics.metrics_kit import event

    for folder in ("train", "validation"):
        file = tmp_path / "job_0" / folder / "events.out.tfevents.1"
        file.parent.mkdir(parents=True)
        file.write_bytes(event(1, "epoch_auc", 0.5))
    places = Places(tmp_path / "m", tmp_path / "log", tmp_path / "job_0")
    (source,) = [each for each in sources(places, Wanted("x")) if "event" in each.name]
    found = {name for each in source.read() for name in getattr(each, "numbers", {})}
    assert found == {"train/epoch_auc", "validation/epoch_auc"}


def test_a_run_of_mlflow_is_one_source(tmp_path: Path) -> None:
    run = tmp_path / "job_0" / "mlruns" / "0" / "abc"
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").touch()
    for name in ("auc", "loss"):
        (run / "metrics" / name).write_text("1 0.5 0\n")
    assert names(tmp_path, Wanted("auc")) == ["job_0/mlruns/0/abc/metrics"]


def test_in_a_checkout_only_what_changed_and_is_asked_for_is_read(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("a\n1")
    changed = (tmp_path / "out.csv").stat().st_mtime
    for since, count in ((changed - 1, 1), (changed + 1, 0)):
        places = Places(tmp_path / "m", tmp_path / "log", checkout=tmp_path, since=since)
        found = [each for each in sources(places, Wanted("a", ("out.csv",))) if "csv" in each.name]
        assert len(found) == count
