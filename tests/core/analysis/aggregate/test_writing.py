"""The three files, and what they are made of."""

import numpy as np
import pytest

from core.analysis.aggregate.aggregate_kit import COLUMNS, VALUES, put, put_sweep, record, rows
from sweeptree.analysis.aggregate import aggregate, to_frame
from sweeptree.analysis.document import read_document
from sweeptree.records import SweepPaths


def test_csv_begins_with_the_legacy_columns(paths: SweepPaths) -> None:
    job = record(
        0,
        artifacts=("a.txt", "b.txt"),
        metrics={"val_auc": 0.5},
        cmd='echo "a, b"\nc',
        duration_seconds=1.5,
    )
    put(paths, job, record(1, seed=2, exit_code=None, state="running"))
    aggregate(paths)
    header = paths.aggregated_csv.read_text().splitlines()[0]
    assert header.startswith(COLUMNS + ",param.lr,metric.val_auc,best.metric")
    assert header.endswith("gpu_seconds,peak_vram_mb,log,pr_number,data_digest,diverged")
    first, second = rows(paths.aggregated_csv)
    assert (first["cmd"], first["artifacts"], first["exit_code"]) == (
        'echo "a, b"\nc',
        "a.txt;b.txt",
        "0",
    )
    assert (second["metric.val_auc"], second["exit_code"], second["seed"]) == ("", "", "2")


@pytest.mark.parametrize("command", ["a\rb", "a\nb", "a\r\nb", 'q"uo,te', " lead", "é\u2028x"])
def test_awkward_commands_stay_one_row_of_the_csv(paths: SweepPaths, command: str) -> None:
    put(paths, record(0, cmd=command), record(1, cmd="plain"))
    aggregate(paths)
    assert [row["cmd"] for row in rows(paths.aggregated_csv)] == [command, "plain"]


def test_groups_csv_has_one_row_per_config_the_best_first(paths: SweepPaths) -> None:
    put_sweep(paths)
    aggregate(paths)
    first, second = rows(paths.groups_csv)
    assert (first["config_id"], first["rank"], first["n"], first["seeds"]) == (
        "lr=3e-4",
        "1",
        "3",
        "1;2;3",
    )
    assert (
        float(first["val_auc.ci95_low"])
        < float(first["val_auc.mean"])
        < float(first["val_auc.ci95_high"])
    )
    assert second["config_id"] == "lr=1e-4"


def test_the_file_holds_what_is_returned(paths: SweepPaths) -> None:
    put_sweep(paths)
    document = aggregate(paths)
    assert read_document(paths) == document


def test_an_empty_folder_aggregates_to_nothing(paths: SweepPaths) -> None:
    document = aggregate(paths)
    assert (document.n_jobs, document.groups, document.warnings) == (0, (), ())
    assert paths.aggregated_csv.read_text().startswith(COLUMNS)


def test_to_frame_has_numbers_as_numbers(paths: SweepPaths) -> None:
    put_sweep(paths)
    frame = to_frame(paths)
    assert frame["metric.val_auc"].mean() == pytest.approx(
        np.mean([*VALUES["lr=3e-4"], *VALUES["lr=1e-4"]])
    )
