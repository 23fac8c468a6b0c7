"""JSON in the forms that trainers write."""

import json
from pathlib import Path

from sweeptree.analysis.metrics.json_files import objects_of, parsed, read_json_file
from sweeptree.analysis.metrics.points import Point, Remark

TRAINER_STATE = {
    "best_metric": 7,
    "global_step": 500,
    "log_history": [
        {"epoch": 1.0, "step": 250, "eval_auc": 0.8},
        {"epoch": 2.0, "step": 500, "eval_auc": 0.9},
    ],
}


def test_a_trainers_state_is_its_history_alone(tmp_path: Path) -> None:
    file = tmp_path / "trainer_state.json"
    file.write_text(json.dumps(TRAINER_STATE))
    points = [each for each in read_json_file(file) if isinstance(each, Point) and each.numbers]
    assert [each.numbers["eval_auc"] for each in points] == [0.8, 0.9]
    assert [each.step for each in points] == [250, 500]
    assert not any("best_metric" in each.numbers for each in points)


def test_lists_of_a_keras_history_are_steps(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps({"val_auc": [0.7, 0.8], "loss": [1, 0.5]}))
    points = [each for each in read_json_file(file) if isinstance(each, Point) and each.numbers]
    assert points[1].numbers == {"val_auc": 0.8, "loss": 0.5}


def test_a_half_written_object_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text('{"val_auc": [0.7, 0.')
    assert list(read_json_file(file)) == [Remark("cut in the middle")]


def test_of_lines_whose_last_is_torn_the_others_are_read(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text('{"val_auc": 0.7}\n{"val_a')
    assert list(read_json_file(file)) == [
        Remark("cut in the middle"),
        Point(None, {"val_auc": 0.7}),
    ]


def test_lines_one_object_and_an_array_are_objects() -> None:
    assert list(objects_of(b'{"a": 1}\n{"b": 2}\n')) == [{"a": 1}, {"b": 2}]
    assert list(objects_of(b'{"a":\n 1}')) == [{"a": 1}]
    assert list(objects_of(b'\xef\xbb\xbf[{"a": 1}, 3]')) == [{"a": 1}]


def test_torn_lines_and_deep_nesting_are_skipped() -> None:
    lines = [b'{"a": 1', b'{"a":' * 100_000, b'{"b": 2}']
    assert list(parsed(lines)) == [{"b": 2}]
