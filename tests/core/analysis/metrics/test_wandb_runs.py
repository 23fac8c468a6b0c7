"""Offline runs of Weights & Biases: one that wandb wrote, and parts of it."""

import struct
import zlib
from pathlib import Path

from sweeptree.analysis.metrics.wandb_runs import read_wandb_file
from tests.core.analysis.metrics.metrics_kit import apart, golden


def read(tmp_path: Path, data: bytes) -> tuple[list[object], list[str]]:
    file = tmp_path / "run-1.wandb"
    file.write_bytes(data)
    points, remarks = apart(read_wandb_file(file))
    return [(each.step, each.numbers) for each in points], remarks


def test_a_run_of_wandb_is_read(tmp_path: Path) -> None:
    points, remarks = read(tmp_path, golden("wandb"))
    assert points[0] == (0, {"val_auc": 0.8, "loss": 1.0, "nested.a": 0.0})
    assert points[4] == (4, {"val_auc": 0.8400000000000001, "loss": 0.2, "nested.a": 4.0})
    assert points[5:] == [(None, {"best_auc": 0.9})]
    assert remarks == []


def test_a_run_that_was_killed_is_read_up_to_there(tmp_path: Path) -> None:
    points, remarks = read(tmp_path, golden("wandb")[:1100])
    assert 0 < len(points) < 6
    assert remarks == ["cut in the middle"]


def test_records_over_the_end_of_a_block_are_put_together(tmp_path: Path) -> None:
    whole = golden("wandb")
    assert read(tmp_path, whole[:7] + _padding() + whole[7:])[0][-1] == (None, {"best_auc": 0.9})


def _padding() -> bytes:
    """A block's worth of one record that holds nothing: its end is where a block ends."""
    length = 32 * 1024 - 7 - 7
    kind, part = b"\x01", b"\x12\x82\xff\x01" + bytes(length - 4)
    crc = zlib.crc32(kind + part)
    return struct.pack("<IH", crc, length) + kind + part


def test_another_file_of_that_name_is_no_run(tmp_path: Path) -> None:
    assert read(tmp_path, b"text") == ([], ["no offline run"])


def test_a_flipped_bit_ends_the_reading_and_is_named(tmp_path: Path) -> None:
    whole = golden("wandb")
    flipped = whole[:1200] + bytes([whole[1200] ^ 4]) + whole[1201:]
    points, remarks = read(tmp_path, flipped)
    assert points == read(tmp_path, whole)[0][: len(points)]
    assert "damaged after" in remarks[0]
