"""What is told where a metric was not found."""

import re
import shlex
from pathlib import Path

from sweeptree.analysis.metrics.patterns import pattern_points
from sweeptree.analysis.metrics.seen import what_stood_there
from sweeptree.analysis.metrics.sources import Places, Wanted


def seen(tmp_path: Path, log: str) -> str | None:
    (tmp_path / "job_0.log").write_text(log)
    places = Places(tmp_path / "job_0.metrics.jsonl", tmp_path / "job_0.log")
    return what_stood_there(places, Wanted("val_auc"))


def test_the_line_is_told_and_the_pattern_that_finds_it(tmp_path: Path) -> None:
    log = "start\nval_auc → 0.91\n"
    told = seen(tmp_path, log)
    assert told is not None
    assert told.startswith("none found: val_auc stands at line 2 of job_0.log as 'val_auc → 0.91'")
    pattern = shlex.split(told.partition("--metric_regex ")[2])[0]
    assert [each.numbers for each in pattern_points(log.encode(), pattern, "val_auc")] == [
        {"val_auc": 0.91}
    ]


def test_a_longer_name_is_another_metric(tmp_path: Path) -> None:
    assert seen(tmp_path, "my_val_auc → 0.91\n") is None


def test_a_name_with_odd_letters_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a+b[0] at 3\n")
    told = what_stood_there(Places(tmp_path / "m", tmp_path / "log"), Wanted("a+b[0]"))
    assert told is not None
    assert re.compile(shlex.split(told.partition("--metric_regex ")[2])[0]).groups == 1


def test_nothing_to_tell_is_none(tmp_path: Path) -> None:
    assert seen(tmp_path, "hello\n") is None


def test_another_name_in_the_log_is_told(tmp_path: Path) -> None:
    told = seen(tmp_path, "[0]\tval-logloss:0.66\tval-auc:0.75\n")
    names = "val-logloss, val-auc; --metric val-auc"
    assert told == f"none found: no val_auc in job_0.log, but {names}"


def test_a_pattern_that_finds_no_number_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("hello\n")
    places = Places(tmp_path / "m", tmp_path / "log")
    told = what_stood_there(places, Wanted("val_auc", regex=r"AUC (\S+)"))
    assert told == "none found: --metric_regex finds no number in log"
