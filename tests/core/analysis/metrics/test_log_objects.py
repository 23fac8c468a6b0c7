"""JSON in a log, whatever a line holds beside it."""

import pytest

from sweeptree.analysis.metrics.log_objects import lines_with, marked_points, object_points


@pytest.mark.parametrize(
    "line",
    [
        b'{"val_auc": 0.9}',
        b'INFO:root:[rank0] {"val_auc": 0.9, "epoch": 3} done',
        b' 50%|##   | 1/2 [00:01<00:01]{"val_auc": 0.9}',
        b'\x1b[32m2026-11-29 10:00\x1b[0m | \x1b[1m{"val_auc": 0.9}\x1b[0m',
        b'{not json} {"val_auc": 0.9}',
    ],
)
def test_an_object_is_found_wherever_it_stands(line: bytes) -> None:
    (point,) = object_points(b"first\n" + line + b"\nlast\n", "val_auc")
    assert point.numbers["val_auc"] == 0.9


def test_all_objects_with_the_wanted_metric_are_steps() -> None:
    log = b'{"lr": 1}\n{"val_auc": 0.8, "epoch": 1}\n{"val_auc": 0.9, "epoch": 2}\n'
    assert [each.step for each in object_points(log, "val_auc")] == [1, 2]


def test_without_a_wanted_metric_the_last_object_counts() -> None:
    log = b'{"lr": 1}\n{"auc": 0.9}\n{"state": "done"}\n{torn}\nbye\n'
    assert [each.numbers for each in object_points(log, None)][-1] == {"auc": 0.9}


def test_a_nested_name_is_found_too() -> None:
    (point,) = object_points(b'{"val": {"auc": 0.9}}', "val.auc")
    assert point.numbers == {"val.auc": 0.9}


def test_marked_lines_begin_with_the_mark() -> None:
    log = b'SWEEPTREE {"a": 1}\nxSWEEPTREE {"a": 2}\n'
    assert [each.numbers for each in marked_points(log)] == [{"a": 1.0}]


def test_lines_are_found_by_what_they_hold() -> None:
    assert list(lines_with(b"a x\nb\rc x", [b"x"])) == [b"a x", b"c x"]


def test_a_giant_line_of_marks_without_an_end_costs_little() -> None:
    assert list(marked_points(b"SWEEPTREE {" * 800_000)) == []
    assert list(marked_points(b"SWEEPTREE {" * 800_000 + b"}")) == []
