"""The rows of the page."""

from pathlib import Path

from core.analysis.aggregate.aggregate_kit import put, record
from core.report.sheet_kit import sheet_of
from sweeptree.analysis.aggregate import aggregate
from sweeptree.records import SweepPaths
from sweeptree.report import tables
from sweeptree.report.sheet import read_sheet


def test_columns_without_content_are_left_out(tmp_path: Path) -> None:
    table = tables.config_table(sheet_of(tmp_path))
    assert "failed" not in table.head
    assert table.head[:2] == ("rank", "lr")
    assert [row[1].text for row in table.rows] == ["0.1", "0.01"]


def test_a_worse_config_has_a_minus(tmp_path: Path) -> None:
    table = tables.config_table(sheet_of(tmp_path))
    delta = table.rows[1][table.head.index("vs best")]
    assert delta.text.startswith("\N{MINUS SIGN}0.00")
    assert delta.key is not None
    assert delta.key < 0


def test_a_failure_comes_with_the_command_that_tries_again(tmp_path: Path) -> None:
    (failure,), more = tables.failures(sheet_of(tmp_path, failing={1: "ValueError: no lead\n"}))
    assert (failure.title, failure.line, more) == (
        "1 job: exit code 1",
        "ValueError: no lead",
        0,
    )
    assert failure.command == "sweeptree resume unet --jobs 1"


def test_the_command_is_told_only_where_a_person_gave_it() -> None:
    assert tables.sweep_command({"argv": ["x", "run", "--exp_name", "a b"]}) == (
        "sweeptree run --exp_name 'a b'"
    )
    assert tables.sweep_command({"argv": ["x", "worker"]}) == tables.sweep_command({}) == ""


def test_provenance_leaves_out_what_nobody_knows(tmp_path: Path) -> None:
    known = dict(tables.provenance(sheet_of(tmp_path)))
    assert known["commit"].endswith(' "Add schedule"')
    assert "machine" not in known


def test_the_best_run_can_be_run_anew(tmp_path: Path) -> None:
    who, line = tables.reproduce_line(sheet_of(tmp_path)) or ("", "")
    assert who == "lr=0.1, seed 1"
    assert line.startswith("git checkout 4f2c9a1 && train")


def test_what_diverged_is_marked_in_both_tables(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    put(paths, record(0, metrics={"loss": 0.5}), record(1, config="lr=1", diverged=("loss",)))
    sheet = read_sheet(aggregate(paths), {})
    configs, jobs = tables.config_table(sheet), tables.job_table(sheet)
    assert "diverged" in [cell.text for cell in configs.rows[1]]
    assert "diverged" in [cell.text for cell in jobs.rows[1]]
