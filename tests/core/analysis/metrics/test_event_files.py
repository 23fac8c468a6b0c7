"""TensorBoard's event files: one that tensorboardX wrote, and damaged ones."""

from pathlib import Path

import pytest

from sweeptree.analysis.metrics.event_files import read_event_file
from tests.core.analysis.metrics.metrics_kit import apart, event, golden


def test_a_file_of_tensorboardx_is_read(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    file.write_bytes(golden("tensorboardx"))
    points, remarks = apart(read_event_file(file))
    assert [each.step for each in points] == [0, 1, 2, 3, 4]
    assert [round(each.numbers["val/auc"], 4) for each in points] == [0.8, 0.81, 0.82, 0.83, 0.84]
    assert remarks == []


@pytest.mark.parametrize("cut", [3, 13, 30])
def test_a_file_that_is_cut_is_read_up_to_there(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "events.out.tfevents.1"
    first = event(1, "auc", 0.5)
    file.write_bytes(first + event(2, "auc", 0.75)[:cut])
    points, remarks = apart(read_event_file(file))
    assert ([each.numbers for each in points], remarks) == ([{"auc": 0.5}], ["cut in the middle"])


def test_a_damaged_length_ends_the_reading(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    first = event(1, "auc", 0.5)
    file.write_bytes(first + b"\xff" + event(2, "auc", 0.75)[1:])
    points, remarks = apart(read_event_file(file))
    assert (len(points), remarks) == (1, [f"damaged after {len(first)} bytes"])


def test_another_file_of_that_name_is_no_event_file(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    file.write_bytes(b"hello, this is text and no event file")
    assert apart(read_event_file(file)) == ([], ["no event file"])


def test_a_record_with_a_flipped_bit_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    first = event(1, "auc", 0.5)
    for place in range(12, len(first) - 4):
        flipped = first[:place] + bytes([first[place] ^ 4]) + first[place + 1 :]
        file.write_bytes(flipped + event(2, "auc", 0.75))
        points, remarks = apart(read_event_file(file))
        assert [each.numbers for each in points] == [{"auc": 0.75}]
        assert remarks == ["damaged records were left out"]


def test_a_tag_that_no_metric_can_have_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    file.write_bytes(event(1, "a\x1b[2J", 0.5) + event(1, "auc", 0.5))
    points, _ = apart(read_event_file(file))
    assert [each.numbers for each in points] == [{"auc": 0.5}]
