"""MLflow's stores: the files and the table as its documentation and sources have them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sweeptree.analysis.metrics.mlflow_runs import read_database, read_metric_files
from tests.core.analysis.metrics.metrics_kit import apart

TABLE = (
    "CREATE TABLE metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT, run_uuid VARCHAR(32),"
    " step BIGINT, is_nan BOOLEAN)"
)


def test_a_file_of_lines_is_a_metric(tmp_path: Path) -> None:
    file = tmp_path / "val_auc"
    file.write_text("1795947744535 0.8 0\n1795947744539 nan 1\ntorn\n")
    points, _ = apart(read_metric_files([file]))
    assert [(each.step, each.numbers) for each in points] == [(0, {"val_auc": 0.8}), (1, {})]
    assert points[1].not_finite == {"val_auc"}


def test_a_database_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(TABLE)
        rows = [("val_auc", 0.8, 1, "r", 0, 0), ("val_auc", 0.0, 2, "r", 1, 1)]
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    points, _ = apart(read_database(file))
    assert points[0].numbers == {"val_auc": 0.8}
    assert points[1].not_finite == {"val_auc"}


def test_what_is_no_database_of_mlflow_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"text")
    assert apart(read_database(file)) == ([], ["no SQLite database"])
    file.unlink()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE other (a)")
    assert apart(read_database(file)) == ([], ["no such table: metrics"])


def database_at(file: Path, script: str) -> Path:
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(script)
    return file


def test_a_view_without_an_end_is_given_up(tmp_path: Path) -> None:
    row = "SELECT 'a' AS key, 1 AS value, 1 AS step, 0 AS is_nan, 1 AS timestamp"
    endless = f"WITH RECURSIVE r AS ({row} UNION ALL SELECT key, value+1, 1, 0, 1 FROM r)"
    view = f"CREATE VIEW metrics AS {endless} SELECT * FROM r"
    file = database_at(tmp_path / "mlflow.db", view)
    assert apart(read_database(file)) == ([], ["interrupted"])


def test_a_link_and_a_pipe_are_no_database(tmp_path: Path) -> None:
    row = "INSERT INTO metrics VALUES ('auc', 0.8, 1, 'r', 0, 0)"
    real = database_at(tmp_path / "real.db", f"{TABLE}; {row};")
    (tmp_path / "link.db").symlink_to(real)
    os.mkfifo(tmp_path / "pipe.db")
    assert apart(read_database(tmp_path / "link.db")) == ([], [])
    assert apart(read_database(tmp_path / "pipe.db")) == ([], [])


def test_a_database_in_a_folder_whose_name_is_no_text_is_read(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff?#%"))
    folder.mkdir()
    row = "INSERT INTO metrics VALUES ('auc', 0.8, 1, 'r', 0, 0)"
    made = database_at(tmp_path / "made.db", f"{TABLE}; {row};")
    points, _ = apart(read_database(made.rename(folder / "mlflow.db")))
    assert points[0].numbers == {"auc": 0.8}
