"""CSV as loggers write it, and as it should not be."""

from pathlib import Path

import pytest

from sweeptree.analysis.metrics.csv_files import read_csv_file
from sweeptree.analysis.metrics.points import Point, Remark

LIGHTNING = "epoch,step,train_loss,val_auc\n0,9,0.5,\n0,9,,0.81\n1,19,,0.83\n"


def read(tmp_path: Path, text: str | bytes) -> tuple[list[Point], list[str]]:
    file = tmp_path / "metrics.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = list(read_csv_file(file))
    points = [each for each in found if isinstance(each, Point)]
    return points, [each.text for each in found if isinstance(each, Remark)]


def test_empty_cells_are_no_numbers(tmp_path: Path) -> None:
    points, remarks = read(tmp_path, LIGHTNING)
    assert [each.numbers.get("val_auc") for each in points] == [None, 0.81, 0.83]
    assert [each.step for each in points] == [9, 9, 19]
    assert remarks == []


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    points, _ = read(tmp_path, f"epoch{separator}loss\n0{separator}0.5\n")
    assert points[0].numbers["loss"] == 0.5


def test_other_columns_later_are_read_and_named(tmp_path: Path) -> None:
    points, remarks = read(tmp_path, "epoch,loss\n0,1\nepoch,val_auc\n1,0.9\n1,2,3\n")
    assert points[-1].numbers["val_auc"] == 0.9
    assert remarks == ["row 3 has other columns", "row 5 has 3 fields for 2 columns"]


def test_a_torn_last_line_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    points, _ = read(tmp_path, "epoch,loss,val_auc\n0,1,0.9\n1,0.8")
    assert [each.numbers.get("val_auc") for each in points] == [0.9, None]


def test_a_value_that_is_not_finite_is_told(tmp_path: Path) -> None:
    points, _ = read(tmp_path, "epoch,loss\n0,nan\n")
    assert points[0].not_finite == {"loss"}


def test_what_is_not_text_is_named(tmp_path: Path) -> None:
    assert read(tmp_path, b"\x89PNG\0\0\0") == ([], ["not text"])


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    points, _ = read(tmp_path, "\ufeffloss\n1\n")
    assert points[0].numbers == {"loss": 1.0}


def test_a_row_whose_value_is_missing_is_no_header(tmp_path: Path) -> None:
    points, remarks = read(tmp_path, "model,val_auc\na,0.5\nb,\nc,n/a\nd,0.9\n")
    told = [each.numbers["val_auc"] for each in points if each.numbers]
    assert (told, remarks) == ([0.5, 0.9], [])


def test_a_quote_that_is_not_closed_is_named_and_costs_no_number_before_it(tmp_path: Path) -> None:
    points, remarks = read(tmp_path, 'step,auc,note\n1,0.5,"no\n2,0.6,yes\n')
    assert points[0].numbers == {"auc": 0.5}
    assert remarks == ["row 2 has a quote that is not closed, or a giant field"]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_lines_end_as_on_any_system(tmp_path: Path, end: str) -> None:
    points, _ = read(tmp_path, end.join(["step,auc", "1,0.5", "2,0.6", ""]))
    assert [each.numbers["auc"] for each in points] == [0.5, 0.6]


def test_utf_16_is_read_by_its_byte_order_mark(tmp_path: Path) -> None:
    points, _ = read(tmp_path, "step,auc\n1,0.5\n".encode("utf-16"))
    assert points[0].numbers == {"auc": 0.5}
