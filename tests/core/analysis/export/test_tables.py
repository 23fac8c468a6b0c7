"""One row per job, in a file."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate, look
from sweeptree.analysis.export import to_csv, to_parquet


def test_csv_is_aggregated_csv(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path)
    aggregate(paths)
    assert to_csv(look(paths), tmp_path / "out.csv") == 4
    assert (tmp_path / "out.csv").read_bytes() == paths.aggregated_csv.read_bytes()


def test_parquet_keeps_numbers(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    paths = finished_sweep(tmp_path, jobs=6, failed=(4,))
    assert to_parquet(look(paths), tmp_path / "out.parquet") == 6
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column("metric.val_auc").to_pylist()[4] is None
    assert str(table.schema.field("metric.val_auc").type) == "double"
