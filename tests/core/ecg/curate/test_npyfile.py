"""A .npy file that is filled row by row."""

import numpy as np
import pytest

from sweeptree.ecg.curate.npyfile import NpyRows


def rows(count):
    return np.arange(count * 6, dtype="<i2").reshape(count, 3, 2)


def test_rows_written_in_any_order_are_what_numpy_reads(tmp_path):
    x = rows(5)
    with NpyRows(tmp_path / "x.npy", 5, (3, 2), "<i2") as file:
        for number in (3, 0, 4, 2, 1):
            file.write(number, x[number].tobytes())
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), x)


@pytest.mark.parametrize("kept", [[0, 1, 2], [1, 4, 5, 9], [9], []])
def test_only_the_kept_rows_stay_in_their_order(kept, tmp_path):
    x = rows(10)
    with NpyRows(tmp_path / "x.npy", 10, (3, 2), "<i2") as file:
        file.write(0, x.tobytes())
        file.keep(kept)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), x[kept])


def test_a_row_that_was_never_written_is_zero(tmp_path):
    with NpyRows(tmp_path / "x.npy", 2, (3, 2), "<i2") as file:
        file.write(0, rows(1).tobytes())
    assert not np.load(tmp_path / "x.npy")[1].any()


def test_an_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "x.npy").write_text("mine")
    with pytest.raises(FileExistsError):
        NpyRows(tmp_path / "x.npy", 1, (1,), "<i2")
