"""The log of a single run while it is written: whole, on the right stream, and to nobody's harm."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.sweep.kit import make_spec
from sweeptree.cli.screens import live_log
from sweeptree.cli.screens.live_log import LiveLog
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, prepare
from sweeptree.system.room import Room


@pytest.fixture
def prepared(repo: Path) -> PreparedSweep:
    """A sweep of one whose results have a folder."""
    prepared = prepare(make_spec(repo, "true"), Settings())
    prepared.paths.state.mkdir(parents=True)
    return prepared


def test_all_that_is_written_is_shown(prepared: PreparedSweep, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream, LiveLog(prepared, stream):
        prepared.paths.log(0).write_bytes(b"\xffbytes\x1b[2J\nlast line")
    assert (tmp_path / "out").read_bytes() == b"\xffbytes\x1b[2J\nlast line"


def test_a_reader_who_leaves_ends_nothing(prepared: PreparedSweep) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        with LiveLog(prepared, stream):
            prepared.paths.log(0).write_bytes(b"x" * 100_000)
        stream.write("more")
        stream.flush()  # no BrokenPipeError: what is said later goes nowhere


def test_it_says_what_it_waits_for(
    prepared: PreparedSweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(live_log, "_PATIENCE", 0.0)
    full = replace(prepared, room=Room((tmp_path,), 2**33))
    with (tmp_path / "out").open("w") as stream, LiveLog(full, stream) as shown:
        shown._stop.wait(0.2)
    assert "no job starts until there is room" in capsys.readouterr().err


def test_nothing_is_said_once_the_command_runs(
    prepared: PreparedSweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(live_log, "_PATIENCE", 0.0)
    prepared.paths.attempt(0, 1, "started").touch()
    busy = replace(prepared, gpus=1)
    with (tmp_path / "out").open("w") as stream, LiveLog(busy, stream) as shown:
        shown._stop.wait(0.2)
    assert capsys.readouterr().err == ""
