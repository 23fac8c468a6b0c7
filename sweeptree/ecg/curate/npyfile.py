"""A .npy file that is filled row by row, in any order, and cut to the rows to keep.

Hides: the .npy header and the offsets. Rows go out with pwrite, so that memory stays flat whatever
the size.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 4 * 1024 * 1024


class NpyRows:
    """A new array file of shape (rows, *shape). Thread-safe for different rows."""

    def __init__(self, path: Path, rows: int, shape: tuple[int, ...], dtype: str) -> None:
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._row_bytes = int(np.prod(shape)) * self._dtype.itemsize
        self._start = len(self._header(rows))
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        _write_at(self._file, self._header(rows), 0)
        self._rows = rows

    def _header(self, rows: int) -> bytes:
        text = io.BytesIO()
        value = {"descr": self._dtype.str, "fortran_order": False, "shape": (rows, *self._shape)}
        np.lib.format.write_array_header_1_0(text, value)
        return text.getvalue()

    def write(self, first: int, data: bytes | memoryview) -> None:
        """Put whole rows at row `first`."""
        _write_at(self._file, data, self._start + first * self._row_bytes)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these rows (rising numbers), in order, and cut the file."""
        step = max(1, BLOCK_BYTES // self._row_bytes)
        done = 0
        for first, last in _runs(rows):
            for at in range(first, last, step):
                count = min(step, last - at)
                if at != done:
                    self.write(done, self._read(at, count))
                done += count
        self._rows = len(rows)
        header = self._header(len(rows))
        if len(header) != self._start:
            raise AssertionError("numpy changed the length of a .npy header")
        _write_at(self._file, header, 0)
        os.ftruncate(self._file, self._start + self._rows * self._row_bytes)

    def row(self, number: int) -> NDArray[Any]:
        """A row as it stands in the file now."""
        return np.frombuffer(self._read(number, 1), self._dtype).reshape(self._shape)

    def _read(self, first: int, count: int) -> bytes:
        return os.pread(self._file, count * self._row_bytes, self._start + first * self._row_bytes)

    def close(self) -> None:
        """Make it durable and close it. A row that was never written reads as zeros."""
        os.ftruncate(self._file, self._start + self._rows * self._row_bytes)
        os.fsync(self._file)
        os.close(self._file)

    def __enter__(self) -> NpyRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            os.close(self._file)


def _write_at(file: int, data: bytes | memoryview, offset: int) -> None:
    rest = memoryview(data)
    while rest:  # a nearly full disk writes less than asked, without an error
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as half-open runs."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs
