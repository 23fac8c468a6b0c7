"""What jobs print, on its way to a stream; `logs` has more tests of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sweeptree.cli.screens.log_output import LogPrinter, LogReader
from sweeptree.records import SweepPaths


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """A sweep's folder with the log of one job."""
    paths = SweepPaths(tmp_path / "exp")
    paths.root.mkdir()
    paths.log(0).write_bytes(b"one\ntwo\n")
    return paths


def test_each_read_shows_what_is_new(paths: SweepPaths) -> None:
    stream = io.BytesIO()
    reader = LogReader(paths, LogPrinter(stream, prefixed=False), None)
    reader.read([0])
    with paths.log(0).open("ab") as log:
        log.write(b"three")
    reader.done(0)
    assert stream.getvalue() == b"one\ntwo\nthree"


def test_a_log_that_began_anew_is_read_from_its_start(paths: SweepPaths) -> None:
    stream = io.BytesIO()
    reader = LogReader(paths, LogPrinter(stream, prefixed=False), None)
    reader.read([0])
    paths.log(0).rename(paths.log(0).with_name("job_0.1.log"))
    paths.log(0).write_bytes(b"a new attempt\n")
    reader.read([0])
    assert stream.getvalue() == b"one\ntwo\na new attempt\n"


def test_of_several_jobs_each_line_names_its_own(paths: SweepPaths) -> None:
    stream = io.BytesIO()
    printer = LogPrinter(stream, prefixed=True)
    printer.write(3, b"half ")
    printer.write(4, b"whole\n")
    printer.write(3, b"line")
    printer.finish()
    assert stream.getvalue() == b"4 | whole\n3 | half line\n"


def test_a_link_in_place_of_a_log_is_not_followed(paths: SweepPaths, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    paths.log(1).symlink_to(tmp_path / "secret")
    stream = io.BytesIO()
    LogReader(paths, LogPrinter(stream, prefixed=False), None).read([1])
    assert stream.getvalue() == b""
