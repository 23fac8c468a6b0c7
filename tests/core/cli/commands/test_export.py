"""`sweeptree export`."""

from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep


def test_csv_goes_where_it_is_wanted(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path)
    done = call("export", str(paths.root), "--to", "csv", "--out", str(tmp_path / "out.csv"))
    assert (done.code, done.out) == (0, f"wrote {tmp_path / 'out.csv'}\n")
    assert (tmp_path / "out.csv").read_text().count("\n") == 5


def test_the_file_bears_the_name_of_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = finished_sweep(tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    assert call("export", str(paths.root), "--to", "csv").code == 0
    assert (tmp_path / "unet.csv").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ("--to", "excel"),
        ("--to", "csv", "--uri", "x"),
        ("--to", "mlflow", "--out", "x"),
        ("--to", "csv", "--out", "no/such/folder.csv"),
    ],
)
def test_mistakes_are_usage_errors(tmp_path: Path, words: tuple[str, ...]) -> None:
    paths = finished_sweep(tmp_path)
    done = call("export", str(paths.root), *words)
    assert (done.code, "Traceback" in done.err) == (2, False)
